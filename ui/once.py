"""What a click begins is begun once, and shown, whatever clicks come after it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

import streamlit as st

W = TypeVar("W")
T = TypeVar("T")


class Once(Generic[T]):
    """Something that clicks may begin: a training, a sweep, a class.

    Another click may reach the server before the browser shows what the first one led to, or while that is still at
    work. Streamlit then ends the first one's callback where it next touches the session or the address, and runs the
    other one's, in another thread. So a click has three parts: `read` asks the session what is wanted, `begin` begins
    it, and what that made is written into session and address. The first and the last may end half-way and are done
    by whatever comes next; the middle one, which touches no session, is done once.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: list[T] = []
        self.shown = False
        """Whether the page has been told of it."""

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


def offer(key: str, show: Callable[[T], None]) -> None:
    """What a page says where it is about to draw the button. Of what was begun and never shown, it is shown now.

    Args:
        key: in the session.
        show: writes what was begun into session and address.
    """
    once: Once[T] | None = st.session_state.get(key)
    if once is None or once.shown:
        st.session_state[key] = Once()
    elif once.made is not None:
        show(once.made)
        once.shown = True
        st.rerun()


def click(key: str, read: Callable[[], W], begin: Callable[[W], T], show: Callable[[T], None]) -> None:
    """What the button does. Raises what `read` and `begin` raise."""
    once: Once[T] = st.session_state[key]
    show(once(read, begin))
    once.shown = True
