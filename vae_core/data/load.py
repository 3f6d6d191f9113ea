"""Loading a dataset by its name."""

from __future__ import annotations

import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from vae_core.data import cards, grammar
from vae_core.data import download as fetching
from vae_core.data.cards import CARDS, DatasetCard, DatasetError, Progress
from vae_core.data.dataset import Dataset, from_card, shuffled_splits
from vae_core.data.idx import read_idx
from vae_core.data.sprites import SpriteImages, all_factors
from vae_core.data.tables import SKLEARN_SEEDS, sklearn_table
from vae_core.data.text import tokenise_all

DIGITS_SEED, SPRITES_SEED, DSPRITES_SEED, GRAMMAR_SEED = 1797, 737280, 46080, 27648  # fixed for ever, with the splits


@dataclass(frozen=True)
class IdxSizes:
    """How many samples the two files of an MNIST-like dataset hold, and how many of the first validate."""

    train: int = 60_000
    validation: int = 5_000  # the last ones of the training file
    test: int = 10_000


IDX_SIZES = {"mnist": IdxSizes(), "fashion-mnist": IdxSizes()}


def load_dataset(name: str, *, download: bool = False, progress: Progress | None = None) -> Dataset:
    """The dataset called `name` (a key of CARDS), on the CPU.

    Data is looked for in `search_folders()` and read where it lies; nothing is written unless it is absent or
    damaged and `download` is true, and then only in `data_folder()`. `progress(fraction, text)` hears of the download
    and of the reading.

    Raises DatasetError, one sentence, where the name is unknown, the data is absent or damaged, or a download
    fails.
    """
    if name not in CARDS:
        raise DatasetError(f"There is no dataset called {name!r}; there are {', '.join(CARDS)}.")
    card = CARDS[name]
    tell = progress or (lambda fraction, text: None)
    if name == "digits":
        return _digits(card)
    if name == "sprites":
        return _sprites(card)
    if name == "dsprites-subset":
        return _dsprites_subset(card)
    if name == "grammar":
        return _grammar(card)
    if name in SKLEARN_SEEDS:
        return sklearn_table(card)
    if not download:
        return _idx_dataset(card, tell)
    try:
        found = _idx_dataset(card, lambda fraction, text: None)  # silent: a download may begin at 0 after it
    except DatasetError:  # absent or damaged
        fetching.fetch(name, lambda fraction, text: tell(0.9 * fraction, text))
        return _idx_dataset(card, tell)
    tell(1.0, f"{card.title} is here")
    return found


def _digits(card: DatasetCard) -> Dataset:
    from sklearn.datasets import load_digits  # here, so that only this dataset pays for the import

    bunch = load_digits()
    grey = np.rint(bunch.images * (255 / 16)).astype(np.uint8)  # 0..16 -> 0..255, [N, 8, 8]
    y = torch.from_numpy(bunch.target.astype(np.int64))
    return from_card(card, torch.from_numpy(grey[:, None]), y, shuffled_splits(len(y), DIGITS_SEED))


def _sprites(card: DatasetCard) -> Dataset:
    factors = all_factors()
    splits = shuffled_splits(len(factors), SPRITES_SEED)
    return from_card(card, SpriteImages(), factors[:, 0].clone(), splits, factors=factors)


def _grammar(card: DatasetCard) -> Dataset:
    rows, vocabulary = grammar.all_factors(), grammar.vocabulary()
    x = tokenise_all(map(grammar.sentence, rows), vocabulary, " ", grammar.LENGTH)
    factors = torch.tensor(rows)
    y = factors[:, card.factor_names.index("tense")].clone()
    splits = shuffled_splits(len(rows), GRAMMAR_SEED)
    return from_card(card, x, y, splits, factors=factors, vocabulary=vocabulary, joiner=" ")


def _idx_dataset(card: DatasetCard, tell: Progress) -> Dataset:
    """MNIST or Fashion-MNIST out of the first whole and sound set of files."""
    first: DatasetError | None = None
    for files in cards.idx_choices(card.name):
        try:
            return _idx_files(card, files, tell)
        except DatasetError as error:
            first = first or error
    raise first or _absent(card)


def _idx_files(card: DatasetCard, files: dict[str, Path], tell: Progress) -> Dataset:
    """The training files first, then the test files."""
    sizes = IDX_SIZES[card.name]
    _, height, width = card.sample_shape
    n = sizes.train + sizes.test
    images = np.empty((n, height, width), dtype=np.uint8)
    labels = np.empty(n, dtype=np.uint8)
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        tell(0.9 + 0.1 * done / (images.size + labels.size), f"Reading {card.title}")

    for stem, out in zip(
        cards.IDX_FILES,
        (images[: sizes.train], labels[: sizes.train], images[sizes.train :], labels[sizes.train :]),
        strict=True,
    ):
        read_idx(files[stem], out, advance)
        if out.ndim == 1 and out.max(initial=0) >= len(card.class_names):
            raise DatasetError(f"{files[stem]} holds the label {out.max()}, where 0 to 9 are right.")
    boundary = sizes.train - sizes.validation
    splits = {
        "train": torch.arange(boundary),
        "validation": torch.arange(boundary, sizes.train),
        "test": torch.arange(sizes.train, n),
    }
    return from_card(card, torch.from_numpy(images[:, None]), torch.from_numpy(labels).long(), splits)


def _absent(card: DatasetCard) -> DatasetError:
    """Where the files were looked for, and which of them one folder lacks."""
    missing = ""
    for folder in cards.idx_folders(card.name):
        absent = [stem for stem in cards.IDX_FILES if cards.idx_file(folder, stem) is None]
        if len(absent) < len(cards.IDX_FILES) and not missing:
            missing = f" ({folder} lacks {', '.join(f'{stem}.gz' for stem in absent)})"
    looked = " or ".join(str(folder) for folder in cards.idx_folders(card.name))
    return DatasetError(
        f"{card.title} is not in {looked}{missing}: put its four idx files there, or download it "
        f"({card.download_mb:.0f} MB) with python -m vae_core download {card.name}."
    )


def _dsprites_subset(card: DatasetCard) -> Dataset:
    paths = [root / cards.DSPRITES_FILE for root in cards.search_folders()]
    path = next((path for path in paths if os.path.isfile(path)), None)
    if path is None:
        looked = " or ".join(str(path) for path in paths)
        raise DatasetError(f"{card.title} is not at {looked}: put its file there, it cannot be downloaded.")
    n, size = card.n, card.sample_shape[1]
    images = _npz_array(path, "imgs", (n, size, size), np.uint8)
    classes = _npz_array(path, "latents_classes", (n, 5), np.uint8)
    if images.max() > 1 or (classes.max(axis=0) >= card.factor_sizes).any():
        raise DatasetError(f"{path} holds values outside dSprites' ranges: another file belongs here.")
    factors = torch.from_numpy(classes.astype(np.int64))
    x = torch.from_numpy(images[:, None]).mul_(255)  # 0 or 1 -> 0 or 255
    return from_card(card, x, factors[:, 0].clone(), shuffled_splits(n, DSPRITES_SEED), factors=factors)


def _npz_array(path: Path, key: str, shape: tuple[int, ...], dtype: type[np.generic]) -> np.ndarray:
    """One array out of an npz, its header compared with what belongs there before anything is allocated."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as member:
            if np.lib.format.read_magic(member) != (1, 0):  # later versions allow headers of gigabytes
                raise DatasetError(f"{path}: {key} is not stored as plain numbers; put a whole copy in its place.")
            found_shape, fortran, found_dtype = np.lib.format.read_array_header_1_0(member)
            if found_shape != shape or fortran or found_dtype != np.dtype(dtype):
                raise DatasetError(
                    f"{path}: {key} is {found_dtype} {found_shape}, where {np.dtype(dtype)} {shape} is right."
                )
            out = np.empty(shape, dtype)
            flat = out.reshape(-1).data
            filled = 0
            while filled < len(flat):
                piece = member.read(min(1 << 20, len(flat) - filled))
                if not piece:
                    raise DatasetError(f"{path} is cut short in {key}; put a whole copy in its place.")
                flat[filled : filled + len(piece)] = piece
                filled += len(piece)
            member.read(1)  # the end of the member is where its checksum is compared
            return out
    except DatasetError:
        raise
    except (OSError, EOFError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        # a RuntimeError: the archive is encrypted, or compressed in a way this Python does not know
        raise DatasetError(f"{path} cannot be read ({error}); put a whole copy in its place.") from error
