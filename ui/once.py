"""What a click begins is begun once, and shown, whatever clicks come after it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

W = TypeVar("W")
T = TypeVar("T")


class Once(Generic[T]):
    """Something that a page offers to begin: a training, a sweep, a class. Where it offers another, it makes a new one.

    A second click may reach the server before the browser shows what the first one led to, or while that is still at
    work. Streamlit then ends the first one's callback where it next touches the session or the address, and runs the
    second one's, in another thread. So a click has three parts: `read` asks the session what is wanted; `begin` begins
    it, and touches no session; and what that made is written into session and address by the caller. The first and
    the last part may end half-way and are done by the next click; the middle one is done once.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: list[T] = []

    @property
    def made(self) -> T | None:
        """What a click has begun here; None before."""
        return self._made[0] if self._made else None

    def __call__(self, read: Callable[[], W], begin: Callable[[W], T]) -> T:
        """What was begun, by this click or by one before. What `read` or `begin` raises leaves it to the next click."""
        if not self._made:
            wish = read()
            with self._lock:
                if not self._made:
                    self._made.append(begin(wish))
        return self._made[0]
