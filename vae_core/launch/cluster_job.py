"""A run, or a sweep, as a job of a Ray cluster: the job API starts `python -m vae_core.launch.cluster_job JOB`.

The job hands each of its runs to Ray as a task: a core, and a GPU where the cluster has any. Ray does the queueing,
and sees it where a worker process or its whole machine dies; the job then hands that run in again, and it goes on
from its last saved state. Runs that wait cost no process: the job keeps their rows fresh and hears of stops.
"""

from __future__ import annotations

import contextlib
import platform
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vae_core.launch.look import LIVE_STATES
from vae_core.launch.notes import Notes
from vae_core.launch.sentences import LOST, QUEUED, log, one_sentence
from vae_core.launch.worker import work
from vae_core.runs.database import DatabaseError, RunRow, RunStore, open_store
from vae_core.runs.errors import RunError

if TYPE_CHECKING:
    from ray import ObjectRef

LOSSES = 5
"""How often a run's worker may be lost before the run is given up, e.g. since its memory does not suffice."""
LOOK = 2.0
"""Seconds between two looks at the rows, and so before a stop in the queue is heard."""
LINGER = 20.0
"""Seconds for which a job without runs waits for others of its sweep."""


@dataclass
class Steward:
    """Sees the runs of one job to their ends."""

    job: str
    store: RunStore
    hand_in: Callable[[RunRow], ObjectRef[None]]
    working: dict[str, ObjectRef[None]] = field(default_factory=dict)
    """Runs that Ray has, with the task of each."""
    losses: Counter[str] = field(default_factory=Counter)

    def serve(self) -> None:
        """Until no run of this job is left."""
        import ray

        busy = time.monotonic()
        while self.working or time.monotonic() - busy < LINGER:
            try:
                rows = {row.name: row for row in self.store.all() if row.job == self.job and row.state in LIVE_STATES}
                self._look(rows)
            except DatabaseError as error:  # it may have been restarted
                log(str(error))
            if not self.working:
                time.sleep(LOOK)
                continue
            busy = time.monotonic()
            done, _ = ray.wait(list(self.working.values()), num_returns=1, timeout=LOOK)
            for name in [name for name, task in self.working.items() if task in done]:
                self._conclude(name, self.working.pop(name))

    def _look(self, rows: Mapping[str, RunRow]) -> None:
        """Hand in what is new, keep fresh what waits, take back what was stopped or deleted before it began."""
        import ray

        for row in sorted(rows.values(), key=lambda row: row.created):
            if row.state != "queued":
                continue
            if row.request != "stop":
                Notes(row.name, self.store).tell(message=row.message or QUEUED)
                if row.name not in self.working:
                    self.working[row.name] = self.hand_in(row)
            elif row.name in self.working:
                ray.cancel(self.working[row.name])
            else:
                self._end(row.name, "stopped", "Stopped before it began.")
        for name in self.working.keys() - rows.keys():
            if self.store.get(name) is None:
                ray.cancel(self.working[name])

    def _conclude(self, name: str, task: ObjectRef[None]) -> None:
        """A task has ended. A run that came to an end of its own has noted it itself."""
        import ray
        from ray.exceptions import RayError, RayTaskError, TaskCancelledError

        try:
            ray.get(task)
        except TaskCancelledError:
            self._end(name, "stopped", "Stopped before it began.")
        except RayTaskError as error:
            log(f"{name}: {error}")
            self._end(name, "failed", one_sentence(error.cause if isinstance(error.cause, Exception) else error))
        except RayError as error:
            self.losses[name] += 1
            log(f"{name} lost its worker: {error}")
            if self.losses[name] > LOSSES:
                sentence = f"Its worker was lost {self.losses[name]} times: its machine may have too little memory."
                self._end(name, "failed", sentence)
            else:
                Notes(name, self.store).tell(
                    state="queued", message=LOST, pid=None, host="", samples_per_second=0.0, seconds_left=None
                )

    def _end(self, name: str, state: str, message: str) -> None:
        """Note an end, where the run has not noted one itself."""
        try:
            row = self.store.get(name)
            if row is not None and row.job == self.job and row.state in LIVE_STATES:
                Notes(name, self.store).end(state, message)
        except DatabaseError as error:
            log(str(error))


def resources(config: Mapping[str, Any], gpus: float) -> tuple[int, int]:
    """What Ray is asked for, (cores, GPUs), where the cluster has so many `gpus`.

    A run that may use a GPU takes one where there are any; one that must waits until the cluster has it.
    """
    device = config.get("device", "auto")
    return 1, int(device == "cuda" or (device == "auto" and gpus > 0))


def train(name: str) -> None:
    """The worker: on whichever machine Ray has chosen, in a process of its own.

    It resumes where there is something to go on from, since Ray may have started it before.
    """
    store = open_store()
    row = store.get(name)
    if row is None:
        raise RunError(f"The database knows no run called {name}.")
    folder = Path(row.folder)
    if not folder.is_dir():
        raise RunError(
            f"The run's folder {folder} is not to be seen on {platform.node()}: the shared folder must be there at "
            "the same path on every machine of the cluster."
        )
    with (folder / "worker.log").open("a", encoding="utf-8") as stream, contextlib.redirect_stderr(stream):
        try:
            work(name, resume=True, placed=True)
        except Exception:
            traceback.print_exc()
            raise


def main(job: str) -> None:
    """The life of a job on the cluster; `job` is what stands in its runs' rows."""
    import ray

    ray.init(log_to_driver=False)  # a worker writes to its run's worker.log
    worker = ray.remote(max_retries=0)(train)

    def hand_in(row: RunRow) -> ObjectRef[None]:
        cpus, gpus = resources(row.config, ray.cluster_resources().get("GPU", 0))
        return worker.options(num_cpus=cpus, num_gpus=gpus, name=row.name).remote(row.name)

    Steward(job, open_store(), hand_in).serve()


if __name__ == "__main__":
    from vae_core.launch import cluster_job  # by its name, so that Ray's workers import it and are sent no copy

    cluster_job.main(sys.argv[1])
