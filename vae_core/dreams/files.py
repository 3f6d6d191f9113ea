"""A sheet of dreams to take home: PNG, NPZ, CSV. The app's downloads and the command line write the same bytes."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from vae_core.dreams.asked import Asked, DreamError
from vae_core.export import png_sheet
from vae_core.render import pictures, sentences

if TYPE_CHECKING:
    from vae_core.config import DataInfo

MIMES = {"png": "image/png", "npz": "application/octet-stream", "csv": "text/csv"}
COLUMNS = 8
MOST_IN_A_SHEET = 1024


@dataclass(frozen=True, eq=False)
class Sheet:
    """Dreams with all that makes them again.

    Attributes:
        run: its name. sampler: the name in SAMPLERS. given: what the model was told, as `told_by` reads it.
        codes: float32 [n, D]. samples: as vae_core.export.decode_samples returns them.
    """

    run: str
    info: DataInfo
    asked: Asked
    sampler: str
    given: str
    codes: np.ndarray = field(repr=False)
    samples: np.ndarray = field(repr=False)


def endings(kind: str) -> tuple[str, ...]:
    """What files a sheet of this kind of sample can become."""
    return ("png", "npz") if kind == "image" else ("csv", "npz", "png")


def check_file(kind: str, count: int, ending: str) -> None:
    """Raises DreamError where this kind of sample, or so many, have no such file: known before any is drawn."""
    known = endings(kind)
    if ending not in known:
        other = f".{ending}" if ending else "a file without an ending"
        raise DreamError(f"These dreams can be kept as {', '.join(f'.{name}' for name in known)}, not {other}.")
    if ending == "png" and count > MOST_IN_A_SHEET:
        raise DreamError(f"A .png shows {MOST_IN_A_SHEET:,} samples at most, not {count:,}; a .npz keeps all of them.")


def as_bytes(sheet: Sheet, ending: str) -> bytes:
    """The file. Raises DreamError as `check_file` does."""
    check_file(sheet.info.kind, len(sheet.samples), ending)
    return {"png": _png, "npz": _npz, "csv": _csv}[ending](sheet)


def file_name(run: str, asked: Asked, sampler: str, given: str, ending: str) -> str:
    """What such a file is called: sheets that were asked for differently lie beside each other in a folder.

    Args:
        sampler: its name in SAMPLERS. given: what the model was told, as `told_by` reads it.
    """
    parts = [run, sampler]
    if sampler == "mixture":
        parts.append(f"k{asked.components}" + (f"-of{asked.label}" if asked.label >= 0 else ""))
    if given:
        parts.append(given)
    if asked.way != "greedy":
        parts.append(asked.way + (f"{asked.warmth:g}" if asked.way == "sample" else ""))
    return "-".join([*parts, f"t{asked.temperature:g}", f"seed{asked.seed}", f"n{asked.count}"]) + f".{ending}"


def real_rows(info: DataInfo, samples: np.ndarray) -> np.ndarray:
    """A table's rows [n, F] in the units of its columns: float64."""
    return np.asarray(info.centre) + np.asarray(info.scale) * samples


def _csv(sheet: Sheet) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if sheet.info.kind == "text":
        writer.writerow(["sentence"])
        writer.writerows([line] for line in sentences(sheet.info, sheet.samples))
    else:
        writer.writerow(sheet.info.columns)
        writer.writerows([f"{value:.6g}" for value in row] for row in real_rows(sheet.info, sheet.samples).tolist())
    return text.getvalue().encode()


def _png(sheet: Sheet) -> bytes:
    """Rows of eight; the last is filled up with black."""
    made = pictures(sheet.info, sheet.samples)  # [n, C, H, W]
    columns = min(COLUMNS, len(made))
    empty = np.zeros((-len(made) % columns, *made.shape[1:]), made.dtype)
    return png_sheet(np.concatenate([made, empty]).reshape(-1, columns, *made.shape[1:]))


def _npz(sheet: Sheet) -> bytes:
    """Arrays that numpy reads without unpickling; a table's rows are standardised, `rows` are in their real units."""
    asked = sheet.asked
    arrays = {
        "samples": sheet.samples,
        "codes": sheet.codes,
        "run": np.array(sheet.run),
        "sampler": np.array(sheet.sampler),
        "temperature": np.array(asked.temperature),
        "seed": np.array(asked.seed),
        "given": np.array(sheet.given),
    }
    if sheet.sampler == "mixture":
        arrays |= {"components": np.array(asked.components), "label": np.array(asked.label)}
    if sheet.sampler == "tray":
        arrays["tray"] = np.array(asked.tray, dtype=np.int64)
    if sheet.info.kind == "text":
        arrays["sentences"] = np.array(sentences(sheet.info, sheet.samples))
    if sheet.info.kind == "table":
        arrays |= {"rows": real_rows(sheet.info, sheet.samples), "columns": np.array(sheet.info.columns)}
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()
