"""What visitors call the dimensions of a run: names.json beside its weights."""

from __future__ import annotations

import json
from pathlib import Path

from filelock import FileLock

from vae_core.runs.errors import RunError
from vae_core.runs.files import read_bounded, write_atomically
from vae_core.runs.folder import RunFolder

MAX_LENGTH = 40
LIMIT = 1 << 16


def dimension_names(folder: Path, latent_dim: int) -> dict[int, str]:
    """{dimension: name}; empty where nothing was named. Raises RunError where the file is not such a table."""
    path = folder / "names.json"
    if not path.exists():
        return {}
    try:
        raw = json.loads(read_bounded(path, LIMIT))
        names = {int(dimension): str(name)[:MAX_LENGTH] for dimension, name in raw.items()}
    except (ValueError, AttributeError, RecursionError) as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f'{folder.name}/names.json is not a table such as {{"0": "tilt"}}.') from None
    return {dimension: name for dimension, name in names.items() if 0 <= dimension < latent_dim}


def rename_dimension(folder: Path, dimension: int, name: str) -> None:
    """Call a dimension `name`, for everybody who opens this run; an empty name takes it back.

    Raises RunError where the dimension is not one of the run's or the name too long.
    """
    name = " ".join(name.split())
    latent_dim = RunFolder(folder).read_config().model.latent_dim
    if not 0 <= dimension < latent_dim:
        raise RunError(f"{folder.name} has dimensions 0 to {latent_dim - 1}, not {dimension}.")
    if len(name) > MAX_LENGTH:
        raise RunError(f"A dimension's name has at most {MAX_LENGTH} letters, not {len(name)}.")
    with FileLock(folder / ".names.lock", timeout=10):
        try:
            names = dimension_names(folder, latent_dim)
        except RunError:  # kept beside, for whoever wants to mend it; the run has names again
            (folder / "names.json").replace(folder / "names.broken.json")
            names = {}
        names.pop(dimension, None)
        if name:
            names[dimension] = name
        content = json.dumps({str(key): names[key] for key in sorted(names)}, ensure_ascii=False, indent=2)
        write_atomically(folder / "names.json", content.encode() + b"\n")
