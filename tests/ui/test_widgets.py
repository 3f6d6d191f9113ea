"""What pages share: a button that makes something makes it once."""

from __future__ import annotations

from typing import Any

import pytest

from ui import widgets


def test_a_second_click_on_what_was_drawn_once_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    session: dict[str, Any] = {}
    monkeypatch.setattr(widgets.st, "session_state", session)
    made: list[str] = []
    click = widgets.once("a", lambda: made.append("a"))
    other = widgets.once("b", lambda: made.append("b"))
    click()
    click()
    other()
    assert made == ["a", "b"]
    click()
    assert made == ["a", "b"], "another button's click is no drawing of this one"
    widgets.once("a", lambda: made.append("a again"))()
    assert made == ["a", "b", "a again"]
