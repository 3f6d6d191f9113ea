"""Runs as they lie on disk: the list of them, one read whole, their codes, curves and previews."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    import pandas as pd

    from vae_core.runs import Codes, Run, RunCard


PREVIEW_BYTES = 8 << 20


PREVIEW_SIDE = 4096  # pixels; a small file can declare a picture that fills the memory


def changed_at(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:  # not there yet, or taken away while we looked
        return 0


def stamp_of(folder: Path) -> tuple[int, ...]:
    """Changes when what is loaded of a run does; names and maps are read anew each time, so they don't count."""
    return tuple(changed_at(folder / name) for name in ("config.json", "model.safetensors", "codes.npz"))


def _roots() -> tuple[Path, ...]:
    from vae_core.config import checkpoints_folder, runs_folder

    return (checkpoints_folder(), runs_folder())


def list_runs() -> list[RunCard]:
    """The cards of all runs, shipped ones first; a card is read again only when its run's folder has changed."""
    return list(_list_runs(_stamps()))


def _stamps() -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The folders in both roots, with what changes when the card of a run does."""
    return tuple(
        (str(folder), (*stamp_of(folder), changed_at(folder / "label.json")))
        for root in _roots()
        if root.is_dir()
        for folder in sorted(root.iterdir())
        if folder.is_dir()
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _list_runs(stamps: tuple[tuple[str, tuple[int, ...]], ...]) -> list[RunCard]:
    from vae_core.runs import list_runs as read
    from vae_core.runs import read_card

    known = dict(stamps)

    def remembered(folder: Path, shipped: bool) -> RunCard:
        stamp = known.get(str(folder), ())
        before = _cards().get(str(folder))
        if before is None or before[0] != stamp or not stamp:
            before = _cards()[str(folder)] = stamp, read_card(folder, shipped)
        return before[1]

    return read(remembered)


@st.cache_resource(show_spinner=False)
def _cards() -> dict[str, tuple[tuple[int, ...], RunCard]]:
    """The card of each folder as it was read last, and the folder's stamp then."""
    return {}


ACTIVITY_ROWS = 10_000
"""Samples that the table of runs counts active units over, at most: it looks at many runs."""


def get_active_units() -> dict[str, int]:
    """How many active units each run has that can be looked at, by its folder."""
    return _get_active_units(_stamps())


@st.cache_resource(max_entries=4, show_spinner="Reading the runs")
def _get_active_units(stamps: tuple[tuple[str, tuple[int, ...]], ...]) -> dict[str, int]:
    from vae_core.metrics.activity import active_units
    from vae_core.runs import RunError
    from vae_core.runs.codes import first_means

    found = {}
    for card in list_runs():
        file = card.folder / "codes.npz"
        if not card.ready:
            continue
        before = _activity().get(str(file))
        if before is None or before[0] != changed_at(file):
            try:
                count = int(active_units(first_means(file, ACTIVITY_ROWS)).sum())
            except RunError:  # the page that opens the run says what is wrong
                count = None
            before = _activity()[str(file)] = changed_at(file), count
        if before[1] is not None:
            found[str(card.folder)] = before[1]
    return found


@st.cache_resource(show_spinner=False)
def _activity() -> dict[str, tuple[int, int | None]]:
    """How many active units there were in each codes.npz, None in a damaged one, and the file's time then."""
    return {}


def get_history(folder: Path) -> pd.DataFrame:
    """The curves of the run in this folder, as saved last; empty where there are none or they are damaged."""
    return _get_history(str(folder), changed_at(folder / "history.csv"))


@st.cache_resource(max_entries=256, show_spinner=False)
def _get_history(folder: str, changed: int) -> pd.DataFrame:
    import pandas as pd

    from vae_core.runs import RunError, RunFolder

    try:
        return pd.DataFrame(RunFolder(Path(folder)).read_history())
    except RunError:
        return pd.DataFrame()


def get_card(name: str) -> RunCard | None:
    """The card of the run called `name`, None where there is no such run."""
    return next((card for card in list_runs() if card.name == name), None)


def data_of(name: str | None) -> str | None:
    """The dataset of the run called `name`, None where there is no such run or it cannot be read."""
    card = get_card(name) if name else None
    return card.config.data.name if card and card.config else None


def get_run(name: str) -> Run:
    """The run called `name`, with its model and codes loaded at most once for all visitors.

    Raises:
        RunError: there is no such run, or its folder cannot be read; one sentence, shown as it is.
    """
    from vae_core.runs import find_run

    folder = find_run(name)  # by name: an address never opens a folder outside the run roots
    return _get_run(folder, stamp_of(folder))


@st.cache_resource(max_entries=8, show_spinner=False)
def _get_run(folder: Path, stamp: tuple[int, ...]) -> Run:
    from vae_core.runs import load_run

    return load_run(folder)


def run_stamp(name: str) -> tuple[int, ...]:
    """Changes when what is loaded of a run does."""
    return stamp_of(get_run(name).folder)


def get_codes(name: str) -> Codes:
    """The codes of the run called `name`. Raises RunError as `get_run` does."""
    return get_run(name).codes


@st.cache_data(max_entries=64, show_spinner=False)
def _read_preview(path: str, changed: int) -> bytes | None:
    from PIL import Image

    from vae_core.runs import RunError
    from vae_core.runs.files import read_bounded

    try:
        data = read_bounded(Path(path), PREVIEW_BYTES)
        with Image.open(BytesIO(data)) as picture:
            fits = picture.format == "PNG" and max(picture.size) <= PREVIEW_SIDE
    except (RunError, OSError, SyntaxError, Image.DecompressionBombError):  # the latter are all that Pillow raises
        return None
    return data if fits else None


def get_preview(folder: Path) -> bytes | None:
    """A run's preview.png as it is on disk, None where there is none or it is no picture of a sane size."""
    file = folder / "preview.png"
    return _read_preview(str(file), file.stat().st_mtime_ns) if file.is_file() else None
