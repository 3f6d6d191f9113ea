"""The matching game in a real browser: one round by keyboard, one by mouse; the result in the database and as CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import create_engine

from tests.browser.harness import PHONE, PROJECT, AppServer, check, settle, visit
from ui.lab.game_models import plan_of
from vae_core.game import Plan, Play
from vae_core.runs.plays import PlayStore

RUN, SEED = "sprites-beta4", 3
MODELS = ((RUN, True), (RUN, False))
STEPS = 120  # of a slider, by arrow keys

pytestmark = pytest.mark.skipif(
    not (PROJECT / "checkpoints" / RUN / "codes.npz").exists(), reason=f"the run {RUN} is not shipped yet"
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The game of this seed, as the server makes it: a test knows where the targets are."""
    return plan_of(MODELS, 1, SEED, 0.9)


def open_class(server: AppServer) -> str:
    """The code of a new class on these models, one round on each."""
    row, _ = store(server).begin_class(MODELS, 1, SEED, 0.9)
    return row.code


def store(server: AppServer) -> PlayStore:
    return PlayStore(create_engine(f"sqlite:///{server.runs / 'runs.db'}"))


def join(page: Page, server: AppServer, code: str, player: str = "Ada") -> Locator:
    visit(page, server.url("factors", view="game", **{"class": code}))
    page.get_by_role("textbox", name="Your nickname").fill(player)
    page.get_by_role("button", name="Play 2 rounds").click()
    board = page.locator(".game")
    expect(board).to_have_attribute("data-phase", "ready", timeout=30_000)  # the first game loads torch
    return board


def by_keys(page: Page, board: Locator, plan: Plan, number: int) -> None:
    """Moves every slider to its target with Tab and arrows."""
    reaches = plan.boards[plan.rounds[number].place].reach
    for reach, value in zip(reaches, plan.rounds[number].target, strict=True):
        if board.get_attribute("data-phase") != "playing":
            return
        presses = round(value / (2 * reach / STEPS))
        keys = ["PageUp" if presses > 0 else "PageDown"] * (abs(presses) // 10)
        for key in keys + ["ArrowRight" if presses > 0 else "ArrowLeft"] * (abs(presses) % 10):
            page.keyboard.press(key)
        page.keyboard.press("Tab")


def by_mouse(page: Page, board: Locator, plan: Plan, number: int) -> None:
    """Drags every slider's thumb to its target."""
    reaches = plan.boards[plan.rounds[number].place].reach
    for i, (reach, value) in enumerate(zip(reaches, plan.rounds[number].target, strict=True)):
        if board.get_attribute("data-phase") != "playing":
            return
        box = board.locator(".slider input").nth(i).bounding_box()
        assert box is not None
        middle, thumb = box["x"] + box["width"] / 2, 16
        page.mouse.move(middle, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(middle + (box["width"] - thumb) / 2 * value / reach, box["y"] + box["height"] / 2, steps=6)
        page.mouse.up()


def test_a_game_by_keyboard_and_by_mouse(page: Page, server: AppServer, plan: Plan, tmp_path: Path) -> None:
    code = open_class(server)
    board = join(page, server, code, "Ada <i>")
    main = board.locator("button.main")
    expect(main).to_be_focused()
    page.keyboard.press("Enter")
    expect(board).to_have_attribute("data-phase", "playing")
    expect(board.locator(".slider input").first).to_be_focused()
    start = float(board.get_attribute("data-agreement") or 1)
    by_keys(page, board, plan, 0)
    expect(board).to_have_attribute("data-phase", "over")
    expect(board.locator(".verdict")).to_contain_text(re.compile(r"Solved in [\d.]+ s with \d+ moves?\."))
    assert start < 0.9 <= float(board.get_attribute("data-agreement") or 0)
    seen = float(board.get_attribute("data-agreement") or 0)

    expect(main).to_have_text("Next round")
    main.click()
    expect(board).to_have_attribute("data-phase", "playing")
    by_mouse(page, board, plan, 1)
    expect(page.get_by_text("How it went")).to_be_visible()
    settle(page)
    check(page)

    plays = store(server).of_class(code)
    assert [(play.number, play.player, play.solved) for play in plays] == [(0, "Ada <i>", True), (1, "Ada <i>", True)]
    assert [play.rotated for play in plays] == [plan.boards[one.place].rotated for one in plan.rounds]
    assert 1 - plays[0].distance == pytest.approx(seen, abs=0.005)  # as the browser saw it
    assert all(0 < play.active <= play.seconds < 60 and play.moves >= 1 for play in plays)
    assert plays[1].moves <= plays[1].sliders  # a drag is one move

    with page.expect_download() as download:
        page.get_by_role("button", name="Download the rounds").click()
    file = tmp_path / "rounds.csv"
    download.value.save_as(file)
    rows = list(csv.DictReader(file.open(encoding="utf-8-sig")))
    assert [(row["class"], row["player"], row["solved"]) for row in rows] == [(code, "Ada <i>", "1")] * 2
    store(server).delete_class(code)


def test_a_round_can_be_skipped_after_some_trying_and_played_on_a_phone(
    new_page: Callable[..., Page], server: AppServer, plan: Plan
) -> None:
    code = open_class(server)
    page = new_page(size=PHONE)
    page.clock.install()
    board = join(page, server, code)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.keyboard.press("Enter")
    expect(board).to_have_attribute("data-phase", "playing")
    skip = board.locator(".skip")
    expect(skip).to_be_disabled()
    slider = board.locator(".slider input").first
    for turn in range(24):  # 36 seconds in which somebody tries
        slider.press("ArrowRight" if turn % 2 else "ArrowLeft")
        page.clock.run_for(1500)
    expect(skip).to_be_enabled()
    expect(skip).to_have_text("Skip this round")
    skip.click()
    expect(board).to_have_attribute("data-phase", "over")
    expect(board.locator(".main")).to_have_text("Next round")
    found: list[Play] = store(server).of_class(code)
    assert [(play.solved, play.moves >= 20, play.active >= 30) for play in found] == [(False, True, True)]
    store(server).delete_class(code)
