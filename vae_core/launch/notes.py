"""The worker's side of the database: what it tells the pages, and what it hears from them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from vae_core.launch.sentences import log
from vae_core.runs.database import DatabaseError, OrderRow, RunStore

HEARTBEAT = 0.5
"""Seconds between two notes of progress in the database."""
LAST_WORD = 120.0
"""Seconds a worker goes on trying to write how it ended into a database that is busy."""


@dataclass(frozen=True)
class Notes:
    """What a training tells the pages, through its row, and what it hears from there. Without a store: nothing."""

    name: str
    store: RunStore | None = None

    def tell(self, **values: object) -> None:
        """Progress. A database that is busy must not end a training: the next note comes soon."""
        if self.store is not None:
            try:
                self.store.note(self.name, **values)
            except DatabaseError as error:
                log(str(error))

    def asked(self) -> str:
        """What was asked of the run: 'stop', or nothing."""
        try:
            return "" if self.store is None else self.store.request_of(self.name)
        except DatabaseError as error:
            log(str(error))
            return ""

    def orders(self) -> list[OrderRow]:
        """What else was asked, oldest first; each is heard once."""
        try:
            return [] if self.store is None else self.store.take_orders(self.name)
        except DatabaseError as error:
            log(str(error))
            return []

    def end(self, state: str, message: str = "") -> None:
        """How the run ended; patient, since no later note will make it good. Raises DatabaseError in the end."""
        deadline = time.monotonic() + LAST_WORD
        while self.store is not None:
            try:
                self.store.note(self.name, state=state, message=message, pid=None, seconds_left=None, request="")
                return
            except DatabaseError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(HEARTBEAT)
