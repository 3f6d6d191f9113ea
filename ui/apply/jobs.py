"""What was asked for, if it is there; else how far it is, or the button that begins it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache
from ui.widgets import fragment
from ui.words import plain

if TYPE_CHECKING:
    from ui.cache import Job
    from vae_core.apply.asked import Application
    from vae_core.apply.doing import Found
    from vae_core.runs import Run

AT_ONCE = 1.5  # seconds that a page waits for a result before it shows how far that is
SMALL = 2_000_000  # numbers of a whole dataset: what is done with fewer takes a few seconds
_MINE = "latentarium.apply.asked"
_WISHED = "latentarium.apply.wished"


def small(run: Run) -> bool:
    """Whether the run's data is so small that everything is computed unasked."""
    info = run.config.data
    return info.size * int(np.prod(info.sample_shape)) <= SMALL


def result(asked: Application, *, what: str, unasked: bool, key: str) -> Found | None:
    """What was found; None where it is not there yet, which the page shows.

    Args:
        what: what is computed, as "the scores".
        unasked: begin without a button.
        key: of its own on the page.
    """
    job = cache.get_application(asked)
    idle = job is None or job.stopping.is_set() or bool(job.problem)
    wished = st.session_state.pop(f"{_WISHED}.{key}", None) == asked.run
    if (job is None and unasked and not _was_stopped(asked, key)) or (idle and wished):
        job = _begin(asked, key, job)
    if job is not None and not job.done.wait(AT_ONCE) and not job.stopping.is_set():
        _follow(job, what, key)
        return None
    if job is None or job.stopping.is_set():  # or somebody stopped it while we waited
        go = f"Compute {what}"
        st.button(go, icon=":material/play_arrow:", key=f"{key}.go", on_click=_wish, args=(key, asked.run))
        return None
    if job.problem:
        st.warning(plain(job.problem), icon=":material/info:" if job.refused else ":material/error:")
        if not job.refused:
            st.button("Try again", key=f"{key}.again", on_click=_wish, args=(key, asked.run))
        return None
    return job.found


def _mine() -> dict[str, tuple[Application, Job]]:
    """What this visitor asked for last in each place."""
    return st.session_state.setdefault(_MINE, {})


def _wish(key: str, run: str) -> None:
    """The button of a place was clicked, for a run: what is asked there is read by the page that comes next."""
    st.session_state[f"{_WISHED}.{key}"] = run


def _was_stopped(asked: Application, key: str) -> bool:
    """Whether this was asked here and then stopped: it does not begin again unasked."""
    before = _mine().get(key)
    return before is not None and before[0] == asked and before[1].stopping.is_set()


def _begin(asked: Application, key: str, ended: Job | None) -> Job:
    """Starts it; what this visitor had asked for in the same place before, and is not done, is not wanted any more.

    ended: what came of the same question before, and found nothing.
    """
    if ended is not None:
        cache.stop_application(ended)
    job = cache.start_application(asked)
    before = _mine().get(key)
    if before is not None and before[1] is not job and not before[1].ended:
        cache.stop_application(before[1])
    _mine()[key] = asked, job
    return job


@fragment(run_every=0.5)
def _follow(job: Job, what: str, key: str) -> None:
    if job.done.is_set() or job.stopping.is_set():
        st.rerun(scope="app")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{key}-job"):
        text = f"Computing {what}. {plain(job.text)}"
        st.progress(min(1.0, max(0.0, job.fraction)), text, width=360)
        st.button("Stop", icon=":material/stop:", key=f"{key}.stop", on_click=cache.stop_application, args=(job,))
