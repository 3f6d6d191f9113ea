"""Taking data over: it is read once more and kept whole under a name, so that nothing depends on where it came from.

A dataset appears in one step: it is written to .NAME.part beside its place and renamed at the end. Whoever writes
holds .NAME.lock; a .part whose lock is free was left behind by a process that died, and is thrown away.
"""

from __future__ import annotations

import io
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import numpy as np
from filelock import FileLock, Timeout
from PIL import Image

from vae_core.data.cards import DatasetCard, DatasetError, Kind, Progress
from vae_core.data.dataset import Dataset
from vae_core.data.own import shelf
from vae_core.data.own.choices import Choices, Skips, shown
from vae_core.data.own.files import MAX_BYTES, check_count
from vae_core.data.own.picture_files import PictureFiles, check_size, shape_of
from vae_core.data.own.picture_stack import PictureStack
from vae_core.data.own.reading import open_path, pictures_dataset
from vae_core.data.own.shelf import OwnCard
from vae_core.data.own.table import Rows, Table, rows_dataset
from vae_core.data.own.text import Lines, lines_dataset, text_length

ON_SHEET = 32  # pictures


@dataclass(frozen=True)
class Taken:
    """A dataset that was taken: own:NAME, and what of the source was left out."""

    name: str
    card: OwnCard


def take(
    path: Path, choices: Choices, name: str, *, title: str = "", source: str = "", progress: Progress | None = None
) -> Taken:
    """Keep the data at `path` as own:`name`. title: what it is called, its name if empty; source: where it came from.

    Raises DatasetError, one sentence, where it cannot be read, is taken already, or is being taken just now; then
    nothing is kept. What `progress` raises ends it as well.
    """
    tell = progress or (lambda fraction, text: None)
    folder = shelf.folder_of(name)
    with _alone(name) as part:
        if folder.exists():
            raise DatasetError(f"There is a dataset called {folder.name} already: choose another name, or delete it.")
        found = open_path(path, choices)
        settled = found.settle(choices)
        skips = Skips()
        card = OwnCard(
            title=shown(title.strip() or folder.name),
            source=shown(source or path.name),
            taken=datetime.now(UTC).isoformat(timespec="seconds"),
            kind="text",
            n=1,
            sample_shape=(1,),
            choices=in_words(settled),
        )
        card = _keep(part, path, found, settled, skips, card, tell)
        left = skips.so_far()
        card = card.model_copy(update={"skipped": left.total, "reasons": left.reasons[:100]})
        _write(part / shelf.CARD, OwnCard.model_validate(card.model_dump()).model_dump_json(indent=1).encode())
        _sync(part)
        os.rename(part, folder)
    tell(1.0, f"{card.title} is here")
    return Taken(f"{shelf.PREFIX}{folder.name}", card)


def _keep(
    part: Path,
    path: Path,
    found: PictureFiles | PictureStack | Lines | Table,
    settled: Choices,
    skips: Skips,
    card: OwnCard,
    tell: Progress,
) -> OwnCard:
    if isinstance(found, Table) and not settled.text:
        rows = found.rows(settled, skips)
        _keep_array(part / shelf.SAMPLES, rows.values)
        facts = _classes(part, rows.y, rows.class_names)
        shape = (len(rows.columns),)
        _write(part / shelf.PICTURE, _sheet_of(rows_dataset(_bare("table", shape), rows)))
        return card.model_copy(
            update={"kind": "table", "n": len(rows.values), "sample_shape": shape, "columns": rows.columns} | facts
        )
    if isinstance(found, Table):
        found = found.lines(settled)
        for reason, count in found.skipped.reasons:
            skips.counts[reason] += count
    if isinstance(found, Lines):
        content = "\n".join(found.lines).encode()
        if len(content) > MAX_BYTES:  # that it was read from may have had shorter letters
            raise DatasetError(f"{path} holds more than {MAX_BYTES >> 20} MB of text, which is not taken.")
        _write(part / shelf.LINES, content)
        facts = _classes(part, found.y if settled.classes else None, found.class_names)
        shape = (text_length(found.lines, settled.joiner),)
        _write(part / shelf.PICTURE, _sheet_of(lines_dataset(_bare("text", shape), found.lines, settled.joiner, None)))
        return card.model_copy(update={"n": len(found.lines), "sample_shape": shape, "joiner": settled.joiner} | facts)
    return _keep_pictures(part, path, found, settled, skips, card, tell)


def _keep_pictures(
    part: Path,
    path: Path,
    found: PictureFiles | PictureStack,
    settled: Choices,
    skips: Skips,
    card: OwnCard,
    tell: Progress,
) -> OwnCard:
    """Picture by picture straight to the disk: memory doesn't grow with the dataset."""
    shape, n = shape_of(settled), 0
    labels: list[int] = []
    first: list[np.ndarray] = []
    expected = len(found.pictures) if isinstance(found, PictureFiles) else found.stack.shape[0]
    with (part / shelf.SAMPLES).open("wb") as stream:
        header = _header(stream, (0, *shape), np.dtype(np.uint8))
        for picture, label in found.decoded(settled, skips):
            stream.write(picture.tobytes())
            labels.append(label)
            n += 1
            if n * ON_SHEET > len(first) * expected:  # evenly over all, so over all classes
                first.append(picture)
            if n % 200 == 0:
                check_size(path, n, settled)
                tell(min(0.99, n / expected), f"{n:,} of {expected:,} pictures")
        check_count(path, n, "pictures that can be read")
        stream.seek(0)
        if _header(stream, (n, *shape), np.dtype(np.uint8)) != header:
            raise RuntimeError("The header of an array grew; numpy leaves room for its first axis.")
        _flush(stream)
    _write(part / shelf.PICTURE, sheet(np.stack(first)))
    y = np.array(labels, dtype=np.int64) if settled.classes else None
    facts = _classes(part, y, found.class_names)
    return card.model_copy(update={"kind": "image", "n": n, "sample_shape": shape} | facts)


def _classes(part: Path, y: np.ndarray | None, names: tuple[str, ...]) -> dict[str, object]:
    """Writes labels int64 [N], where there are any; the card's word on them."""
    if y is None:
        return {}
    _keep_array(part / shelf.LABELS, y.astype(np.int16))
    return {"class_names": names, "counts": tuple(np.bincount(y, minlength=len(names)).tolist())}


def in_words(settled: Choices) -> str:
    """How data was read, for its card."""
    if settled.text:
        return f"by {settled.pieces}" + (f", the column {settled.column}" if settled.column else "")
    if settled.columns:
        return f"{len(settled.columns)} columns" + (f", classes by {settled.label}" if settled.label else "")
    fit = "the middle of each" if settled.fit == "crop" else "the whole of each"
    return f"{fit}, {'grey' if settled.colour == 'grey' else 'in colour'}"


def sheet(pictures: np.ndarray) -> bytes:
    """Pictures, uint8 [k, C, H, W], side by side as PNG."""
    count, channels, height, width = pictures.shape
    across = min(max(1, round(math.sqrt(2 * count * height / width))), count)  # the sheet is twice as wide as high
    page = np.zeros((-(-count // across), across, channels, height, width), np.uint8)
    page.reshape(-1, channels, height, width)[:count] = pictures
    flat = page.transpose(0, 3, 1, 4, 2).reshape(len(page) * height, across * width, channels)
    buffer = io.BytesIO()
    Image.fromarray(flat[..., 0] if channels == 1 else flat).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _bare(kind: Kind, shape: tuple[int, ...]) -> DatasetCard:
    return DatasetCard("own", "", "", 1, shape, (), (), (), "", "", 0.0, kind)


def _sheet_of(data: Dataset) -> bytes:
    """A few sentences as they are written out, or rows as bars."""
    from vae_core.render import pictures

    count = 4 if data.kind == "text" else 8
    return sheet(pictures(data.info, data.x[:count].numpy()))


# -- what was taken ----------------------------------------------------------------------------------------


def load(name: str) -> Dataset:
    """own:NAME in memory. Raises DatasetError, one sentence, where it is not here or its files don't fit its card."""
    own, card, folder = shelf.read_card(name), shelf.card_of(name), shelf.folder_of(name)
    y = _read_array(folder / shelf.LABELS, (own.n,), "int16").astype(np.int64) if own.class_names else None
    if y is not None and (y.min() < 0 or y.max() >= len(own.class_names)):
        raise DatasetError(f"{folder / shelf.LABELS} holds classes that its card doesn't name; take the data again.")
    if own.kind == "image":
        return pictures_dataset(card, _read_array(folder / shelf.SAMPLES, (own.n, *own.sample_shape), "uint8"), y)
    if own.kind == "table":
        values = _read_array(folder / shelf.SAMPLES, (own.n, *own.sample_shape), "float64")
        if not np.isfinite(values).all():
            raise DatasetError(f"{folder / shelf.SAMPLES} holds numbers that are none; take the data again.")
        return rows_dataset(card, Rows(values, own.columns, y, own.class_names))
    lines = Lines.at(folder / shelf.LINES).lines
    if len(lines) != own.n or text_length(lines, own.joiner) != own.sample_shape[0]:
        raise DatasetError(f"{folder / shelf.LINES} holds other lines than its card says; take the data again.")
    return lines_dataset(card, lines, own.joiner, y)


def delete(name: str) -> None:
    """Throw own:NAME away, in one step. Raises DatasetError where it is not here or cannot be deleted."""
    folder = shelf.folder_of(name)
    with _alone(name) as part:
        try:
            os.rmdir(part)
            os.rename(folder, part)  # from here on it is gone; what follows may be cut short
        except FileNotFoundError:
            raise DatasetError(f"There is no dataset {name} here to be deleted.") from None


def tidy() -> None:
    """Throws away what processes that died have left half-written."""
    try:
        parts = [path for path in shelf.own_folder().iterdir() if path.name.startswith(".") and path.suffix == ".part"]
    except OSError:
        return
    for part in parts:
        try:
            with _alone(part.stem.removeprefix(".")):
                pass
        except DatasetError:  # somebody is at it
            continue


@contextmanager
def _alone(name: str) -> Iterator[Path]:
    """An empty folder .NAME.part, for as long as nobody else has one; thrown away at the end, if it is still there."""
    folder = shelf.folder_of(name)
    part = folder.with_name(f".{folder.name}.part")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock"), timeout=0):
            try:
                shutil.rmtree(part, ignore_errors=True)
                part.mkdir()
                yield part
            finally:
                shutil.rmtree(part, ignore_errors=True)
    except Timeout:
        raise DatasetError(
            f"A dataset called {folder.name} is being taken or deleted just now: wait a moment."
        ) from None
    except OSError as error:
        raise DatasetError(f"{folder} cannot be written: {error.strerror or error}.") from error


# -- files -------------------------------------------------------------------------------------------------


def _header(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype) -> int:
    """Writes a .npy header; where it ends."""
    facts = {"shape": shape, "fortran_order": False, "descr": np.lib.format.dtype_to_descr(dtype)}
    np.lib.format.write_array_header_1_0(stream, facts)
    return stream.tell()


def _keep_array(path: Path, values: np.ndarray) -> None:
    with path.open("wb") as stream:
        np.save(stream, np.ascontiguousarray(values), allow_pickle=False)
        _flush(stream)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        _flush(stream)


def _flush(stream: IO[bytes]) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    """The folder's list of files reaches the disk too, where the system has such a thing."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _read_array(path: Path, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """An array whose shape and type are known beforehand. Raises DatasetError where the file is another."""
    damaged = DatasetError(f"{path} is damaged or not what its card says; take the data again.")
    try:
        with path.open("rb") as stream:
            if np.lib.format.read_magic(stream) != (1, 0):
                raise damaged
            found, by_columns, kind = np.lib.format.read_array_header_1_0(stream)
            size = int(np.prod(shape)) * np.dtype(dtype).itemsize
            left = os.fstat(stream.fileno()).st_size - stream.tell()
            if found != shape or by_columns or kind != np.dtype(dtype) or left != size:
                raise damaged
            values = np.empty(shape, dtype)
            if stream.readinto(values.reshape(-1).view(np.uint8).data) != size:
                raise damaged
    except (OSError, ValueError, SyntaxError) as error:
        if isinstance(error, DatasetError):
            raise
        raise damaged from error
    return values
