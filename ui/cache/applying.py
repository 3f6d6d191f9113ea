"""Applications under way and done: each runs in a thread of its own, and all visitors see it.

One after the other; trainings among themselves, so that nobody's brush stroke waits for minutes.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, fields, is_dataclass, replace
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, TypeAlias

import streamlit as st

from ui.cache.data import data_stamp
from ui.cache.progress import Progress
from ui.cache.runs import get_run, list_runs, run_stamp
from vae_core.apply.asked import Anomaly, Application, Impute, Semi
from vae_core.apply.holes import as_text, half, of_columns

if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Sequence

    import numpy as np

    from vae_core.apply.doing import Found
    from vae_core.runs import Run

KEPT = 12
"""Results that are kept, the newest ones."""
MOST_BYTES = 512 << 20
"""What their arrays may fill together; the newest is kept whatever its size (vae_core/apply bounds each)."""
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
            with _turn(trains=isinstance(asked, Anomaly) and asked.anew):
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
def _turn(*, trains: bool) -> LockType:
    """Held by the one that computes; trainings have a turn of their own."""
    return Lock()


@dataclass(frozen=True)
class _Kept:
    """Jobs by what was asked, the newest last; `lock` is held around each use, for visitors' threads come and go."""

    jobs: OrderedDict[Key, Job] = field(default_factory=OrderedDict)
    lock: LockType = field(default_factory=Lock)

    def join(self, key: Key, job: Job) -> Job:
        """The job that is asked this already, else this one, for which old ones that have ended make room."""
        with self.lock:
            before = self.jobs.setdefault(key, job)
            self.jobs.move_to_end(key)
            sizes = {old: _bytes(other.found) for old, other in self.jobs.items() if other.ended and old != key}
            for old in list(sizes):
                if len(self.jobs) <= KEPT and sum(sizes.values()) <= MOST_BYTES:
                    break
                del sizes[old], self.jobs[old]
            return before

    def drop(self, job: Job) -> None:
        with self.lock:
            for key in [key for key, other in self.jobs.items() if other is job]:
                del self.jobs[key]


@st.cache_resource(show_spinner=False)
def _kept() -> _Kept:
    return _Kept()


def _bytes(found: object) -> int:
    """About how much memory a result's arrays fill; models, which are small beside them, count nothing."""
    if is_dataclass(found) and not isinstance(found, type):
        return sum(_bytes(getattr(found, each.name)) for each in fields(found))
    if isinstance(found, dict):
        return sum(map(_bytes, found.values()))
    if isinstance(found, tuple | list):
        return sum(map(_bytes, found))
    size = getattr(found, "nbytes", 0)
    return size if isinstance(size, int) else 0


def _key(asked: Application) -> Key:
    """What a result depends on: settings that only say how it is looked at are left out."""
    run = get_run(asked.run)
    if isinstance(asked, Anomaly):
        asked = replace(asked, false_alarms=Anomaly.false_alarms, worst=Anomaly.worst)
    if isinstance(asked, Impute) and (asked.half or asked.columns):  # the same holes by other words
        asked = replace(asked, half="", columns=(), holes=as_text(_hole(asked, run)))
    others = tuple(run_stamp(other.name) for other in _others(asked, run))
    return replace(asked, json=False), (run_stamp(asked.run), data_stamp(run.config.data.name), others)


def _hole(asked: Impute, run: Run) -> np.ndarray:
    info = run.config.data
    return half(1, info.sample_shape, asked.half) if asked.half else of_columns(1, info.columns, asked.columns)


def _others(asked: Application, run: Run) -> list[Run]:
    from vae_core.apply.doing import joins

    if not isinstance(asked, Semi) or asked.alone:
        return []
    return [get_run(card.name) for card in list_runs() if joins(card, run)]


def get_application(asked: Application) -> Job | None:
    """The newest job that was asked this, None where nobody did or it is not kept any more.

    Raises RunError as `get_run` does.
    """
    kept, key = _kept(), _key(asked)
    with kept.lock:
        return kept.jobs.get(key)


def start_application(asked: Application) -> Job:
    """Begins what was asked, in a thread; where it is under way or done already, that is it. Raises as `get_run`."""
    job, key = Job(), _key(asked)
    run = get_run(asked.run)
    others = _others(asked, run)
    found = _kept().join(key, job)
    if found is job:
        Thread(target=job.run, args=(asked, run, others), name=f"applying {asked.run}", daemon=True).start()
    return found


def stop_application(job: Job) -> None:
    """Asks the job to end, and forgets it."""
    job.stopping.set()
    _kept().drop(job)
