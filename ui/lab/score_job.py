"""The scores of a run are measured in a process of their own; the page says how far that is, and can stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui import map_jobs
from ui.widgets import fragment
from ui.words import plain

if TYPE_CHECKING:
    from pathlib import Path

    from vae_core.runs import Run

_ASKED = "latentarium.lab.asked"
ABOUT = "a minute or two"


def offer(run: Run, key: str) -> None:
    """The button that has all scores measured; while they are, how far that is.

    Args:
        key: of its own on the page.
    """
    path, asked = _path(run), run.name in _asked()
    try:
        now = _start(run) if asked else map_jobs.look_at_job(path)
    except OSError as error:
        _asked().discard(run.name)
        st.warning(f"The scores cannot be kept with this run: {error.strerror or error}.")
        return
    if now.state != "waiting":  # begun, so that it is not begun again when it ends with scores that are stale already
        _asked().discard(run.name)
    if now.state == "running" or (now.state == "waiting" and asked):
        _follow(run, key)
        return
    if now.state == "failed":
        st.warning(f"The scores could not be measured. {plain(now.text)}", icon=":material/error:")
    label = "Try again" if now.state == "failed" else "Measure all scores"
    if st.button(f"{label} ({ABOUT})", icon=":material/straighten:", key=f"{key}.measure"):
        map_jobs.forget_job(path)
        _asked().add(run.name)
        st.rerun(scope="app")


def _path(run: Run) -> Path:
    from vae_core.runs.scores import FILE

    return run.folder / FILE


def _asked() -> set[str]:
    """Runs whose scores this visitor asked for, until the measuring begins."""
    return st.session_state.setdefault(_ASKED, set())


def _start(run: Run) -> map_jobs.JobState:
    words = ["evaluate", str(run.folder.resolve()), "--metrics", "all", "--keep"]
    return map_jobs.start_job(_path(run), words)


def ended(run: Run) -> None:
    """All scores are there: nobody has to be asked for them any more."""
    _asked().discard(run.name)


def _stop(run: Run) -> None:
    _asked().discard(run.name)
    map_jobs.stop_job(_path(run))


@fragment(run_every=0.7)
def _follow(run: Run, key: str) -> None:
    now = map_jobs.look_at_job(_path(run))
    if now.state not in ("running", "waiting"):
        st.rerun(scope="app")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{key}-job"):
        st.progress(now.part, f"Measuring the scores. {plain(now.text)}", width=320)
        if now.stoppable or now.state == "waiting":
            st.button("Stop", icon=":material/stop:", key=f"{key}.stop", on_click=_stop, args=(run,))
