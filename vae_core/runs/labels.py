"""What visitors call a run and note of it: label.json beside its weights.

Not in config.json, which a run that trains writes anew.
"""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock
from pydantic import Field, ValidationError

from vae_core.config import Settings
from vae_core.runs.errors import RunError
from vae_core.runs.files import read_bounded, write_atomically

FILE = "label.json"
LIMIT = 1 << 14
MAX_TITLE = 100
MAX_NOTE = 1000


class Label(Settings):
    """A visitor's words on a run; empty where nothing was said."""

    title: str = Field(default="", max_length=MAX_TITLE)
    note: str = Field(default="", max_length=MAX_NOTE)


NO_LABEL = Label()


def label_of(folder: Path) -> Label:
    """What the run in this folder is called. A file that is no label counts as none: a run is shown all the same."""
    if not (folder / FILE).exists():
        return NO_LABEL
    try:
        return Label.model_validate_json(read_bounded(folder / FILE, LIMIT))
    except (RunError, ValidationError):
        return NO_LABEL


def write_label(folder: Path, *, title: str | None = None, note: str | None = None) -> Label:
    """Call a run `title`, note `note` of it, for everybody who opens it; "" takes it back, None leaves it as it is.

    Raises RunError where there is no such run or the words are too many.
    """
    if not (folder / "config.json").exists():
        raise RunError(f"{folder.name} is no run yet: it can be named once its training has begun.")
    words = {"title": title, "note": note}
    said = {field: " ".join(text.split()) for field, text in words.items() if text is not None}
    for field, most in (("title", MAX_TITLE), ("note", MAX_NOTE)):
        if len(said.get(field, "")) > most:
            raise RunError(f"A run's {field} has at most {most:,} letters, not {len(said[field]):,}.")
    with FileLock(folder / ".label.lock", timeout=10):
        label = label_of(folder).model_copy(update=said)
        if label == NO_LABEL:
            (folder / FILE).unlink(missing_ok=True)
        else:
            write_atomically(folder / FILE, label.model_dump_json(indent=2).encode() + b"\n")
    return label
