"""Results as files: samples that were made as .npz, or pictures in a folder for each class (ImageFolder), also as a
.zip; samples that were filled in as .npz.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from vae_core.apply.outcome import ApplyError
from vae_core.runs.files import packed_arrays, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vae_core.apply.augment import Made
    from vae_core.apply.doing import Found
    from vae_core.apply.impute import Imputation
    from vae_core.config import DataInfo

MOST_FILES = 20_000
"""Pictures of one folder or .zip; more belong into an .npz."""


def as_npz(made: Made) -> bytes:
    """x, y and class_names; read with allow_pickle=False."""
    return packed_arrays({"x": made.x, "y": made.y, "class_names": np.array(made.class_names, dtype=np.str_)}, effort=1)


def as_zip(made: Made) -> bytes:
    """CLASS/00000.png and so on. Raises ApplyError for other samples than pictures, and for too many."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in _pictures(made):
            entry = zipfile.ZipInfo(name)  # of no date: the same samples are the same bytes at any time
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def write(made: Made, path: Path) -> None:
    """An .npz or a .zip by the name's end; else a folder that must be empty or new. Raises ApplyError."""
    if path.suffix == ".npz":
        write_atomically(path, as_npz(made))
    elif path.suffix == ".zip":
        write_atomically(path, as_zip(made))
    elif path.suffix or (path.exists() and (not path.is_dir() or any(path.iterdir()))):
        raise ApplyError(f"{path.name} is no new folder: name one that is empty or not there yet, an .npz or a .zip.")
    else:
        for name, content in _pictures(made):
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)


def filled_npz(found: Imputation) -> bytes:
    """index, truth, holes, what each way fills in, and the draws of the model's ways."""
    arrays = {"index": found.part.index, "truth": found.truth, "holes": found.holes}
    arrays |= {f"filled_{name}": made for name, made in found.filled.items()}
    return packed_arrays(arrays | {f"draws_{name}": made for name, made in found.draws.items()}, effort=1)


def made_csv(info: DataInfo, made: Made) -> bytes:
    """Rows of a table that were made: their class and their columns in real units."""
    return _csv(info, {"class": [made.class_names[label] for label in made.y]}, made.x)


def filled_csv(info: DataInfo, found: Imputation) -> bytes:
    """Rows of a table as they were and as each way fills them in: place in the dataset, way, columns in real units."""
    ways = {"truth": found.truth, **found.filled}
    named = {"sample": np.tile(found.part.index, len(ways)), "way": np.repeat(list(ways), len(found.truth))}
    return _csv(info, named, np.concatenate(list(ways.values())))


def _csv(info: DataInfo, named: dict[str, Any], rows: np.ndarray) -> bytes:
    """Standardised rows [n, F] in real units behind columns of their own."""
    import pandas as pd

    real = pd.DataFrame(np.asarray(info.centre) + np.asarray(info.scale) * rows, columns=list(info.columns))
    return pd.concat([pd.DataFrame(named), real], axis=1).to_csv(index=False).encode()


def keep(found: Found, path: Path) -> None:
    """What was made or filled in, as a file (or a folder of pictures). Raises ApplyError where it has no such file."""
    from vae_core.apply.augment import Augmented
    from vae_core.apply.impute import Imputation

    if isinstance(found, Augmented):
        write(found.made, path)
    elif isinstance(found, Imputation) and path.suffix == ".npz":
        write_atomically(path, filled_npz(found))
    else:
        raise ApplyError(f"{path.name} is no .npz, and only that holds samples that were filled in.")


def _pictures(made: Made) -> Iterator[tuple[str, bytes]]:
    """(path inside, PNG) of each sample."""
    if made.x.ndim != 4:
        raise ApplyError("Only pictures go into folders; write an .npz.")
    if len(made.x) > MOST_FILES:
        raise ApplyError(f"{len(made.x):,} pictures are more than the {MOST_FILES:,} of a folder: write an .npz.")
    folders = _folders(made.class_names)
    for number, (pixels, label) in enumerate(zip(made.x, made.y, strict=True)):
        stream = io.BytesIO()
        image = pixels[0] if len(pixels) == 1 else np.moveaxis(pixels, 0, -1)
        Image.fromarray(image).save(stream, "PNG")
        yield f"{folders[label]}/{number:05}.png", stream.getvalue()


def _folders(names: tuple[str, ...]) -> list[str]:
    """A folder's name for each class: plain letters alone, and its number where that would not be its own."""
    plain = [re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60] for name in names]
    return [
        name if name and [other.lower() for other in plain].count(name.lower()) == 1 else f"{number}-{name}".strip("-")
        for number, name in enumerate(plain)
    ]
