"""Which names a run may have, which are taken, and where a run of one's own lies."""

from __future__ import annotations

from pathlib import Path

from vae_core.config import TrainConfig, check_name, checkpoints_folder, runs_folder
from vae_core.runs.errors import RunError


def is_taken(name: str) -> bool:
    """Whether a run of this name is there, shipped or one's own. A start that failed before it began leaves none."""
    own = runs_folder() / name
    if own.exists() and not own.is_dir():
        return True  # such as the database itself
    return any((root / name / "config.json").exists() for root in (checkpoints_folder(), runs_folder()))


def own_folder(config: TrainConfig) -> Path:
    if config.out is None:
        raise RunError("A training started here needs a run folder: give it a name.")
    name = checked(config.out.name)
    if not is_own(config.out):
        root = runs_folder().resolve()
        raise RunError(f"A training started here writes into {root}, not into {config.out}: give it a plain name.")
    return runs_folder().resolve() / name


def is_own(path: Path) -> bool:
    """Whether this is a folder of the runs folder itself."""
    root = runs_folder().resolve()
    return path.parent.resolve() == root and not (root / path.name).is_symlink()


def checked(name: str) -> str:
    try:
        return check_name(name)
    except ValueError as error:
        raise RunError(f"{error}.") from None
