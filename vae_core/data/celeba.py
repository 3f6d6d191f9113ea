"""CelebA (Liu et al. 2015), shrunk once to 64 x 64 pixels and kept as one array that is mapped into memory.

The original is 1.4 GB of JPEG that its authors share through Google Drive, which refuses programs more often than
not; so its files are put into the data folder by hand.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from vae_core.data import cards
from vae_core.data.cards import CELEBA_FILES, DatasetCard, DatasetError, Progress
from vae_core.data.dataset import Dataset, from_card

ARCHIVE, ATTRIBUTES, PARTITION = "img_align_celeba.zip", "list_attr_celeba.txt", "list_eval_partition.txt"
_ORIGINAL = (178, 218)  # pixels, width and height
_MIDDLE = (15, 35, 163, 183)  # the middle 148 x 148: face and hair
_NAME = re.compile(r"\d{6}\.jpg")
_MAX_JPEG = 1 << 20  # bytes; the largest has about 30 kB


def read_celeba(card: DatasetCard, files: dict[str, Path], tell: Progress) -> Dataset:
    """What `prepare` made: pictures stay on disk until they are indexed. y says who smiles.

    Raises DatasetError naming the file that is damaged.
    """
    pictures = _map(files[CELEBA_FILES[0]], (card.n, *card.sample_shape))
    facts = _map(files[CELEBA_FILES[1]], (card.n, 2))
    smiles, part = (torch.from_numpy(column.astype(np.int64)) for column in facts.T)
    counts = tuple(torch.bincount(part, minlength=3).tolist())
    if counts != card.splits or smiles.max() > 1:
        raise DatasetError(f"{files[CELEBA_FILES[1]]} holds other splits than CelebA's; delete it and prepare it anew.")
    splits = {name: (part == k).nonzero().reshape(-1) for k, name in enumerate(("train", "validation", "test"))}
    tell(1.0, f"Reading {card.title}")
    return from_card(card, torch.from_numpy(pictures), smiles, splits)


def _map(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="c", allow_pickle=False)  # "c": torch wants memory it might write to
    except (OSError, ValueError, EOFError) as error:
        raise DatasetError(f"{path} cannot be read ({error}); delete it and prepare it anew.") from error
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != np.uint8:
        raise DatasetError(f"{path} holds something else than CelebA; delete it and prepare it anew.")
    return array


def prepare(card: DatasetCard, progress: Progress) -> None:
    """Make the two arrays in data_folder() out of the original files, wherever these are found: minutes, once.

    Raises DatasetError where files are absent, damaged, or the folder cannot be written.
    """
    source = next((folder for folder in cards.folders_of(card.name) if _is_whole(folder)), None)
    if source is None:
        raise cards.absent(card.name)
    names, facts = _facts(source, card.n)
    target = cards.data_folder() / cards.LAYOUTS[card.name].folders[0]
    finals = [target / name for name in CELEBA_FILES]
    parts = [path.with_suffix(".part") for path in finals]
    try:
        target.mkdir(parents=True, exist_ok=True)
        out = np.lib.format.open_memmap(parts[0], "w+", np.uint8, (card.n, *card.sample_shape))
        for number, (name, picture) in enumerate(zip(names, _pictures(source, names), strict=True)):
            out[number] = _shrunk(source, name, picture, card.sample_shape[1])
            if number % 500 == 0:
                progress(0.9 * number / card.n, f"Shrinking {card.title}: {number:,} of {card.n:,} pictures")
        out.flush()
        del out
        with parts[1].open("wb") as stream:
            np.save(stream, facts)
        for part, final in zip(parts, finals, strict=True):
            os.replace(part, final)
    except OSError as error:
        raise DatasetError(f"{target} cannot be written ({error.strerror or error}).") from error
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _is_whole(folder: Path) -> bool:
    pictures = os.path.isfile(folder / ARCHIVE) or os.path.isdir(folder / Path(ARCHIVE).stem)
    return pictures and all(os.path.isfile(folder / name) for name in (ATTRIBUTES, PARTITION))


def _facts(source: Path, n: int) -> tuple[list[str], np.ndarray]:
    """The pictures' names in order, and uint8 [n, 2]: smiling or not; 0, 1, 2 for training, validation, test."""
    attributes, partition = source / ATTRIBUTES, source / PARTITION
    names: list[str] = []
    facts = np.zeros((n, 2), dtype=np.uint8)
    try:
        with attributes.open(encoding="ascii") as stream:
            next(stream)  # how many there are
            column = next(stream).split().index("Smiling")
            for row, line in zip(facts, stream, strict=True):
                cells = line.split()
                row[0] = {"-1": 0, "1": 1}[cells[1 + column]]
                names.append(cells[0])
                if not _NAME.fullmatch(cells[0]):
                    raise ValueError
        with partition.open(encoding="ascii") as stream:
            for row, name, line in zip(facts, names, stream, strict=True):
                found, part = line.split()
                row[1] = {"0": 0, "1": 1, "2": 2}[part]
                if found != name:
                    raise ValueError
    except (ValueError, KeyError, IndexError, StopIteration) as error:
        raise DatasetError(
            f"{attributes} and {partition.name} are not CelebA's, with one line for each of {n:,} pictures."
        ) from error
    except OSError as error:
        raise DatasetError(f"{error.filename} cannot be read: {error.strerror or error}.") from error
    return names, facts


def _pictures(source: Path, names: list[str]) -> Iterator[bytes]:
    """The JPEG files in this order, out of the archive or the folder it was unpacked into."""
    folder, archive = source / Path(ARCHIVE).stem, source / ARCHIVE
    if os.path.isdir(folder):
        for name in names:
            try:
                with (folder / name).open("rb") as stream:
                    content = stream.read(_MAX_JPEG)
            except OSError as error:
                raise DatasetError(f"{folder / name} cannot be read: {error.strerror or error}.") from error
            yield content
        return
    try:
        with zipfile.ZipFile(archive) as whole:
            for name in names:
                with whole.open(f"{folder.name}/{name}") as member:
                    yield member.read(_MAX_JPEG)
    except (OSError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{archive} cannot be read ({error}); put a whole copy in its place.") from error


def _shrunk(source: Path, name: str, picture: bytes, size: int) -> np.ndarray:
    """The middle of a photograph, uint8 [3, size, size]."""
    try:
        with Image.open(BytesIO(picture), formats=("JPEG",)) as image:
            if image.size != _ORIGINAL:
                raise ValueError(f"{image.size[0]} x {image.size[1]} pixels, where 178 x 218 are right")
            small = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR, box=_MIDDLE)
    except (OSError, ValueError, SyntaxError) as error:
        raise DatasetError(f"{name} in {source} is no picture of CelebA ({error}).") from error
    return np.asarray(small).transpose(2, 0, 1)
