"""How a training hears what visitors want of it: between two batches, and for as long as it is paused."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from vae_core.config import Turn
from vae_core.launch.notes import HEARTBEAT, Notes
from vae_core.launch.orders import GO_ON, PAUSE, STEP
from vae_core.launch.sentences import log, one_sentence
from vae_core.runs.database import OrderRow

if TYPE_CHECKING:
    from vae_core.training import Order, Step

POLL = 0.1
"""Seconds between two looks for orders while paused: a visitor waits for the answer."""
STILL_THERE = 60.0
"""Seconds after which a paused training is told to wait on: those that follow give up on a leader that is silent."""
Wish = Literal["go on", "single", "stop"]


@dataclass
class Attendant:
    """Carries out orders, and says how the training is to go on."""

    notes: Notes
    paused: bool = False
    _waiting: deque[OrderRow] = field(default_factory=deque)

    def hear(self, steps: Generator[Step, Order | None, None], step: Step, on_pause: Callable[[], None]) -> Wish:
        """What is wanted after this Step. Returns at once, unless the training is paused: then when it no longer is.

        `on_pause` is called when a pause begins.
        """
        told = waited = time.monotonic()
        while True:
            if self.notes.asked() == "stop":
                return "stop"
            self._waiting.extend(self.notes.orders())
            while self._waiting:
                order = self._waiting.popleft()
                if order.what == STEP:
                    self.paused = True
                    return "single"
                if order.what == PAUSE and not self.paused:
                    self.paused = True
                    self.notes.tell(state="paused", message="")
                    on_pause()
                elif order.what == GO_ON:
                    self.paused = False
                    self.notes.tell(state="running", account=None)
                elif order.what not in (PAUSE, GO_ON):
                    step = self._turn(steps, step, order)
            if not self.paused:
                return "go on"
            if time.monotonic() - told >= HEARTBEAT:
                self.notes.tell(state="paused")
                told = time.monotonic()
            if time.monotonic() - waited >= STILL_THERE:
                step = steps.send("wait")
                waited = time.monotonic()
            time.sleep(POLL)  # another process's order gives no event to await

    def _turn(self, steps: Generator[Step, Order | None, None], step: Step, order: OrderRow) -> Step:
        """Change a setting from the next batch on, where that is a change at all."""
        try:
            turn = Turn.model_validate({"step": step.step, "setting": order.setting, "value": order.value})
            step.config.turned(turn)
        except ValidationError as error:  # the page asked before; another version's page may not have
            log(one_sentence(error))
            return step
        if getattr(step.config.at(step.step), turn.setting) == turn.value:
            return step
        step = steps.send(turn)
        self.notes.tell(config=step.config.model_dump(mode="json", exclude={"out"}))
        return step
