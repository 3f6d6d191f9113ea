"""Applications under way and done: each runs in a thread of its own, one after the other, and all visitors see it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, TypeAlias

import streamlit as st

from ui.cache.data import data_stamp
from ui.cache.progress import Progress
from ui.cache.runs import get_run, list_runs, run_stamp
from vae_core.apply.asked import Anomaly, Application, Semi

if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Sequence

    from vae_core.apply.doing import Found
    from vae_core.runs import Run

KEPT = 12
"""Results that are kept, the newest ones."""
Key: TypeAlias = tuple[Application, object]


class Stopped(Exception):
    """Somebody asked for it to end."""


@dataclass
class Job(Progress):
    """An application that was asked for.

    found: what came of it. refused: whether `problem` is no accident but what cannot be done. stopped: by a visitor.
    """

    text: str = "Waiting for its turn"
    found: Found | None = None
    refused: bool = False
    stopped: bool = False
    done: Event = field(default_factory=Event)
    stopping: Event = field(default_factory=Event)

    def say(self, fraction: float, text: str) -> None:
        """How far it is. Raises Stopped where that was asked for: every application tells often enough."""
        if self.stopping.is_set():
            raise Stopped
        self.tell(fraction, text)

    def run(self, asked: Application, run: Run, others: Sequence[Run]) -> None:
        from vae_core.apply.doing import do
        from vae_core.apply.outcome import ApplyError
        from vae_core.data import DatasetError
        from vae_core.runs import RunError

        try:
            with _turn():
                self.say(0.0, "Beginning")
                self.found = do(asked, run, others, self.say)
        except Stopped:
            self.stopped = True
        except ApplyError as error:
            self.problem, self.refused = str(error), True
        except (DatasetError, RunError) as error:
            self.problem = str(error)
        except Exception:
            self.problem = "This could not be computed; the server's log says why."
            raise
        finally:
            self.ended = True
            self.done.set()


@st.cache_resource(show_spinner=False)
def _turn() -> LockType:
    return Lock()


@st.cache_resource(show_spinner=False)
def _jobs() -> OrderedDict[Key, Job]:
    return OrderedDict()


def _key(asked: Application) -> Key:
    """What a result depends on: settings that only say how it is looked at are left out."""
    run = get_run(asked.run)
    if isinstance(asked, Anomaly):
        asked = replace(asked, false_alarms=Anomaly.false_alarms, worst=Anomaly.worst)
    others = tuple(run_stamp(other.name) for other in _others(asked, run))
    return replace(asked, json=False), (run_stamp(asked.run), data_stamp(run.config.data.name), others)


def _others(asked: Application, run: Run) -> list[Run]:
    from vae_core.apply.doing import joins

    if not isinstance(asked, Semi) or asked.alone:
        return []
    return [get_run(card.name) for card in list_runs() if joins(card, run)]


def get_application(asked: Application) -> Job | None:
    """The newest job that was asked this, None where nobody did or it is not kept any more.

    Raises RunError as `get_run` does.
    """
    return _jobs().get(_key(asked))


def start_application(asked: Application) -> Job:
    """Begins what was asked, in a thread; where it is under way or done already, that is it. Raises as `get_run`."""
    jobs, key = _jobs(), _key(asked)
    job = Job()
    if (before := jobs.setdefault(key, job)) is not job:  # one step: two may ask at once
        jobs.move_to_end(key)
        return before
    run = get_run(asked.run)
    for old in [old for old, other in jobs.items() if other.ended][: max(0, len(jobs) - KEPT)]:
        jobs.pop(old, None)
    Thread(target=job.run, args=(asked, run, _others(asked, run)), name=f"applying {asked.run}", daemon=True).start()
    return job


def stop_application(asked: Application) -> None:
    """Asks the job to end, and forgets it."""
    job = _jobs().pop(_key(asked), None)
    if job is not None:
        job.stopping.set()
