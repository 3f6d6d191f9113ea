"""The maps of a run on disk, and the making of one: `<run>/maps/<settings key>.npz`."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vae_core.latent.projection import (
    MAX_SAMPLES,
    MapSettings,
    Progress,
    Projection,
    ProjectionError,
    codes_mark,
    fitted,
    project,
)
from vae_core.metrics.trust import Trust
from vae_core.runs.errors import RunError
from vae_core.runs.files import read_arrays, write_arrays
from vae_core.runs.making import being_made, the_place

if TYPE_CHECKING:
    from vae_core.runs import Run

SCHEMA = 1
LIMIT = 32 * MAX_SAMPLES  # bytes: a sample has two float32 and one int64; the rest is head and axes


# -- files -------------------------------------------------------------------------------------------------


def map_path(run_folder: Path, settings: MapSettings) -> Path:
    return run_folder / "maps" / f"{settings.key}.npz"


def write_map(path: Path, projection: Projection) -> None:
    """Write the map whole or not at all. Raises RunError where the folder cannot be written."""
    head = {
        "schema": SCHEMA,
        "settings": asdict(projection.settings),
        "axes": projection.axes,
        "trust": asdict(projection.trust),
        "codes_mark": projection.codes_mark,
    }
    arrays: dict[str, NDArray[Any]] = {
        "xy": projection.xy.astype(np.float32),
        "positions": projection.positions.astype(np.int64),
        "head": np.frombuffer(json.dumps(head).encode(), dtype=np.uint8),
    }
    if projection.basis is not None and projection.origin is not None:
        arrays |= {"basis": projection.basis, "origin": projection.origin}
    try:
        write_arrays(path, arrays)
    except OSError as error:
        raise _not_kept(path, error) from error


def read_map(path: Path, codes: NDArray[np.floating]) -> Projection:
    """The map in a file, all of it checked against the run's codes [n, D].

    Raises RunError where the file is absent, broken, misshapen, of another schema, or of other codes.
    """
    arrays = read_arrays(path, LIMIT)

    def refuse(why: str) -> RunError:
        return RunError(f"maps/{path.name} is not a map this version can use ({why}); delete it to have it made anew.")

    if not {"xy", "positions", "head"} <= set(arrays):
        raise refuse("a part is missing")
    try:
        head = json.loads(arrays["head"].astype(np.uint8).tobytes())
        if head["schema"] != SCHEMA:
            raise ProjectionError(f"its schema is {str(head['schema'])[:20]}, not {SCHEMA}")
        values = dict(head["settings"])
        settings = replace(MapSettings(**values), dims=(int(values["dims"][0]), int(values["dims"][1])))
        trust = Trust(**head["trust"])
        axes = (str(head["axes"][0]), str(head["axes"][1]))
        mark = str(head["codes_mark"])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise refuse(str(error) if isinstance(error, ProjectionError) else "its head does not read") from error

    xy, positions = arrays["xy"], arrays["positions"]
    if xy.dtype != np.float32 or xy.ndim != 2 or xy.shape[1] != 2 or not np.isfinite(xy).all():
        raise refuse("its places are not two finite numbers a sample")
    if positions.dtype != np.int64 or positions.shape != (len(xy),) or (len(xy) and positions.min() < 0):
        raise refuse("its samples and its places differ in number")
    if mark != codes_mark(codes) or (len(positions) and positions.max() >= len(codes)):
        raise RunError(f"maps/{path.name} is the map of other codes than this run's; it will be made anew.")
    basis, origin = arrays.get("basis"), arrays.get("origin")
    if settings.method == "umap":
        basis = origin = None
    else:
        shapes = (2, codes.shape[1]), (codes.shape[1],)
        if basis is None or origin is None or (basis.shape, origin.shape) != shapes:
            raise refuse("its axes are missing, or have another number of dimensions than the codes")
    return Projection(xy, positions, settings, axes, trust, basis, origin, mark)


def _not_kept(path: Path, error: OSError) -> RunError:
    return RunError(f"The map could not be kept in {path.parent}: {error.strerror or error}.")


# -- the making of one -------------------------------------------------------------------------------------


def project_run(run: Run, settings: MapSettings, progress: Progress | None = None) -> Projection:
    """Make a map of a run and keep it with the run; a whole one that is there is only read.

    One map is made at a time on this machine; others wait, and say so through `progress`.

    Raises:
        RunError: the run has no codes, or its folder cannot be written. ProjectionError: the codes do not fit.
    """
    tell: Progress = progress or (lambda part, text: None)
    codes = run.codes.mean
    settings = fitted(settings, len(codes))
    path = map_path(run.folder, settings)
    found = _read_whole(path, codes)
    if found is not None:
        return found
    with being_made(path), the_place(tell):
        found = _read_whole(path, codes)  # somebody else may have made it while we waited
        if found is None:
            found = project(codes, settings, progress)
            write_map(path, found)
    return found


def _read_whole(path: Path, codes: NDArray[np.floating]) -> Projection | None:
    """The map in the file; None where there is none, or it is broken or outdated and is to be made anew."""
    try:
        return read_map(path, codes) if path.exists() else None
    except RunError:
        return None
