"""Data of one's own: previews of what would be taken, and the taking."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING

import streamlit as st

from ui.cache.progress import Progress
from vae_core.data import DatasetError

if TYPE_CHECKING:
    from _thread import LockType

    from vae_core.data.own.choices import Choices, Preview


PREVIEWS_KEPT = 16


@st.cache_resource(show_spinner=False)
def _own_previews() -> dict[tuple[str, tuple[int, int], Choices], Preview | str]:
    """Or the sentence that says why there is none, for that may have taken long to find out."""
    return {}


def get_own_preview(path: Path, choices: Choices) -> Preview:
    """What would be taken from `path` with these choices. Raises DatasetError, one sentence, where nothing would."""
    from vae_core.data.own.reading import inspect

    try:
        facts = path.stat()
    except OSError:
        raise DatasetError(f"{path.name} is no longer there: upload or choose it again.") from None
    stamp, kept = (facts.st_mtime_ns, facts.st_size), _own_previews()
    found = kept.get((str(path), stamp, choices))
    if isinstance(found, str):
        raise DatasetError(found)
    if found is not None:
        return found
    for key in list(kept)[: max(0, len(kept) + 2 - PREVIEWS_KEPT)]:
        kept.pop(key, None)
    try:
        preview = inspect(path, choices)
    except DatasetError as error:
        if path.is_file():  # what is deep in a folder may change, and the folder's time does not
            kept[str(path), stamp, choices] = str(error)
        raise
    # choices that were left to be seen are the same choices once they are settled
    kept[str(path), stamp, choices] = kept[str(path), stamp, preview.choices] = preview
    return preview


@dataclass
class Taking(Progress):
    """Data being taken over. title: what it will be called. keep: what must stay meanwhile (an upload)."""

    title: str = ""
    keep: object = None
    text: str = "Waiting for its turn"

    def run(self, path: Path, choices: Choices, name: str, source: str) -> None:
        from vae_core.data.own.taking import take

        try:
            with _one_at_a_time():
                take(path, choices, name, title=self.title, source=source, progress=self.tell)
        except DatasetError as error:
            self.problem = str(error)
        except Exception:
            self.problem = f"{self.title} could not be taken; the server's log says why."
            raise
        finally:
            self.ended, self.keep = True, None


@st.cache_resource(show_spinner=False)
def _one_at_a_time() -> LockType:
    return Lock()


@st.cache_resource(show_spinner=False)
def _takings() -> dict[str, Taking]:
    return {}


def get_taking(name: str) -> Taking | None:
    """The taking of a dataset called `name`, begun since the server started; None where there was none."""
    return _takings().get(name)


def start_taking(path: Path, choices: Choices, name: str, title: str, source: str, keep: object) -> bool:
    """Begins to take data over under `name`, one dataset after the other; `ui/library_data.py` shows how far it is.

    False where another visitor has just begun to take other data under this name.
    """
    taking = Taking(title=title, keep=keep)
    while (before := _takings().setdefault(name, taking)) is not taking:  # one step: two may press at once
        if not before.ended:
            return False
        _takings().pop(name, None)
    Thread(target=taking.run, args=(path, choices, name, source), name=f"taking of {name}", daemon=True).start()
    return True
