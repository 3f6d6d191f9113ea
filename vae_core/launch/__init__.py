"""Trainings as processes of their own, and the queue they stand in.

A worker outlives the page, the tab and the app that started it. Two file locks do all the scheduling: a run's
own lock (nobody trains the same run twice) and the machine's places (as many as there are GPUs, at least one).
The kernel lets go of both when a worker dies, however it dies.

```
begin.py    start and resume: a row in the database and a worker       spawn.py    how a worker is born, and where
orders.py   what a visitor asks of a run: pause, step, steer, stop     look.py     where a run stands, for people
worker.py   a worker's life                                            notes.py    what it tells and hears
attend.py   how it carries out orders, and waits while paused          locks.py    who trains a run
places.py   the queue for the machine's places                 cluster.py  runs handed to a Ray cluster
                                                               cluster_job.py  what becomes of them there
```
No torch before a worker has its place: many may wait.
"""

from __future__ import annotations

from vae_core.launch.begin import resume, start
from vae_core.launch.locks import is_alive, run_lock
from vae_core.launch.look import (
    LIVE_STATES,
    Standing,
    current_state,
    folder_state,
    known_speed,
    standing,
    standings,
)
from vae_core.launch.names import is_taken
from vae_core.launch.notes import Notes
from vae_core.launch.orders import go_on, pause, steer, step, stop
from vae_core.launch.places import a_place, at_once
from vae_core.launch.sentences import one_sentence
from vae_core.launch.spawn import Spawned, worker_threads
from vae_core.launch.worker import train_here, work
from vae_core.runs.database import RunRow, open_store

__all__ = [
    "LIVE_STATES",
    "Notes",
    "RunRow",
    "Spawned",
    "Standing",
    "a_place",
    "at_once",
    "current_state",
    "folder_state",
    "go_on",
    "is_alive",
    "is_taken",
    "known_speed",
    "one_sentence",
    "open_store",
    "pause",
    "resume",
    "run_lock",
    "standing",
    "standings",
    "start",
    "steer",
    "step",
    "stop",
    "train_here",
    "work",
    "worker_threads",
]
