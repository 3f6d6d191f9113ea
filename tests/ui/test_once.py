"""What a click begins is begun once, whichever of several clicks gets there, and however they are ended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from ui import once as module
from ui.once import Once, click, offer


class EndedError(BaseException):
    """What Streamlit raises in a script or callback that is to end."""


def test_a_second_click_shows_what_the_first_began() -> None:
    once: Once[str] = Once()
    assert once.made is None
    assert once(lambda: "a", str.upper) == "A" == once.made
    assert once(lambda: "b", str.upper) == "A"


def test_a_click_that_ends_before_it_begins_anything_leaves_it_to_the_next() -> None:
    once: Once[str] = Once()

    def ended() -> str:
        raise EndedError

    with pytest.raises(EndedError):
        once(ended, str.upper)
    assert once.made is None and once(lambda: "b", str.upper) == "B"


def test_what_is_refused_can_be_tried_again() -> None:
    once: Once[int] = Once()
    with pytest.raises(ValueError):
        once(lambda: "x", int)
    assert once(lambda: "3", int) == 3


def test_clicks_in_many_threads_begin_one_and_all_show_it() -> None:
    once: Once[int] = Once()
    together, begun = Barrier(8), []

    def begin(wish: int) -> int:
        begun.append(wish)
        return wish

    def read(number: int) -> int:
        together.wait(10)  # all have seen that nothing is begun yet
        return number

    with ThreadPoolExecutor(8) as threads:
        shown = list(threads.map(lambda number: once(lambda: read(number), begin), range(8)))
    assert len(begun) == 1 and set(shown) == set(begun)


def test_a_click_waits_for_one_that_is_beginning() -> None:
    once: Once[str] = Once()
    beginning, go_on = Event(), Event()

    def slowly(wish: str) -> str:
        beginning.set()
        assert go_on.wait(10)
        return wish

    def read() -> str:
        go_on.set()
        return "second"

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(once, lambda: "first", slowly)
        assert beginning.wait(10)
        second = threads.submit(once, read, slowly)
        assert (first.result(10), second.result(10)) == ("first", "first")


class Page:
    """What `once` knows of Streamlit: a session, and that a drawing can begin anew."""

    def __init__(self) -> None:
        self.session_state: dict[str, Once[str]] = {}

    def rerun(self) -> None:
        raise EndedError


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    made = Page()
    monkeypatch.setattr(module, "st", made)
    return made


def test_a_page_offers_the_same_until_it_is_begun_and_another_once_it_was_shown(page: Page) -> None:
    shown: list[str] = []
    offer("a", shown.append)
    first = page.session_state["a"]
    offer("a", shown.append)
    assert page.session_state["a"] is first, "a click that is at work on it would be forgotten"
    click("a", lambda: "x", str.upper, shown.append)
    click("a", lambda: "y", str.upper, shown.append)
    assert shown == ["X", "X"]
    offer("a", shown.append)
    assert page.session_state["a"] is not first
    click("a", lambda: "y", str.upper, shown.append)
    assert shown == ["X", "X", "Y"]


def test_what_was_begun_and_never_shown_is_shown_by_the_next_drawing(page: Page) -> None:
    shown: list[str] = []

    def ended(name: str) -> None:
        raise EndedError

    offer("a", shown.append)
    with pytest.raises(EndedError):
        click("a", lambda: "x", str.upper, ended)
    with pytest.raises(EndedError):  # it draws the page anew, with what was begun
        offer("a", shown.append)
    assert shown == ["X"]
    offer("a", shown.append)
    assert shown == ["X"] and page.session_state["a"].made is None
