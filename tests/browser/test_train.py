"""Training in a real browser with real workers: watched, reloaded, left alone by a killed app, stopped."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as NotInTime
from sqlalchemy import create_engine

from tests.browser.harness import DESKTOP, PHONE, AppServer, check, click_twice, follow, serve, settle, visit
from vae_core.runs.database import RunStore

PATIENCE = 120_000  # milliseconds; a worker loads torch first, and machine and disk may be shared
SPEED = re.compile("samples a second")

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def bench(start_server: Callable[..., AppServer]) -> Iterator[AppServer]:
    server = start_server(shipped=False)
    yield server
    end_workers(server.runs)


def end_workers(runs: Path) -> None:
    """A worker outlives its app: a test that failed half-way must not leave one training for ever."""
    database = runs / "runs.db"
    if database.exists():
        for row in RunStore(create_engine(f"sqlite:///{database}")).all():
            if row.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(row.pid, signal.SIGKILL)


def type_name(page: Page, name: str) -> None:
    page.get_by_role("textbox", name="Name").fill(name)


def start(page: Page, server: AppServer, name: str, **settings: str | int) -> None:
    visit(page, server.url("studio", **settings))
    type_name(page, name)  # no Enter and no wait: the click has to take what was typed
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible(timeout=PATIENCE)


def stop_button(page: Page) -> Locator:
    """The page's own; Streamlit has one of the same name in its header while a script runs."""
    return page.get_by_test_id("stMainBlockContainer").get_by_role("button", name="Stop", exact=True)


def test_a_training_from_the_first_click_to_the_atlas(page: Page, bench: AppServer) -> None:
    start(page, bench, "first", epochs=30, latent_dim=3)
    expect(page).to_have_url(re.compile("watch=first"))
    expect(page).not_to_have_url(re.compile("latent_dim"))
    expect(page.get_by_text("Finished; the weights kept are")).to_be_visible(timeout=PATIENCE)
    check(page)
    # the latent space was seen forming
    expect(page.locator(".film")).to_have_attribute("data-frames", re.compile(r"^([2-9]|\d{2})$"), timeout=PATIENCE)
    expect(page.locator(".js-plotly-plot:visible")).to_have_count(0)  # the film shows its own
    settle(page)  # the page is drawn anew when a training has ended, and what was opened before would close
    page.get_by_text("The curves in full").click()
    expect(page.locator(".js-plotly-plot:visible")).to_have_count(3, timeout=PATIENCE)
    picker = page.get_by_test_id("stSidebar").get_by_role("combobox", name="Model")
    expect(picker).to_have_value("first: digits, 3 dimensions, beta 1")
    assert (bench.runs / "first" / "codes.npz").exists()
    page.get_by_role("button", name="New training").click()
    expect(page.get_by_role("button", name="Start training")).to_be_visible(timeout=PATIENCE)
    visit(page, bench.url("studio", watch="first"))
    page.get_by_role("link", name="Open in the Atlas").click()
    page.wait_for_url("**/map?*run=first*")


def wait_for_other_words(page: Page, words: str) -> None:
    """Until the page says another speed than these words."""
    page.wait_for_function(
        "words => { const now = [...document.querySelectorAll('p')].find(p => /samples a second/.test(p.innerText));"
        " return now && now.innerText !== words }",
        arg=words,
        timeout=PATIENCE,
    )


def test_a_double_click_starts_one_training(page: Page, bench: AppServer) -> None:
    visit(page, bench.url("studio", epochs=1))
    click_twice(page.get_by_role("button", name="Start training"))  # under a suggested name: there is always another
    expect(page.get_by_role("heading", name="digits-2d-beta1", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Finished; the weights kept are")).to_be_visible(timeout=PATIENCE)
    database = RunStore(create_engine(f"sqlite:///{bench.runs / 'runs.db'}"))
    assert [row.name for row in database.all()] == ["digits-2d-beta1"]


def test_the_page_keeps_its_place_while_it_trains(page: Page, bench: AppServer) -> None:
    """A reload doesn't end it, nothing jumps, and a stop keeps the best weights."""
    start(page, bench, "long", length="steps", steps=5_000_000)
    charts = page.locator(".js-plotly-plot:visible")  # one that is replaced stays, unseen, until a renewal has ended
    expect(page.get_by_text(SPEED)).to_be_visible(timeout=PATIENCE)
    expect(charts).to_have_count(3)
    wait_for_other_words(page, page.get_by_text(SPEED).inner_text())  # by now all that is to stand there does
    tops = """() => [...document.querySelectorAll('.js-plotly-plot, [data-testid=stImage]')]
        .filter(e => e.getClientRects().length) // one that is being replaced has no place
        .map(e => Math.round(e.getBoundingClientRect().top))"""
    before, words = page.evaluate(tops), page.get_by_text(SPEED).inner_text()
    wait_for_other_words(page, words)
    assert page.evaluate(tops) == before
    page.reload()
    expect(page.get_by_text(SPEED)).to_be_visible(timeout=PATIENCE)
    stop_button(page).click()
    expect(page.get_by_text("Stopped at step")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    check(page)
    assert (bench.runs / "long" / "model.safetensors").exists()


def test_a_killed_app_finds_its_training_again(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    with serve(folder, shipped=False) as server:
        start(page, server, "survivor", length="steps", steps=5_000_000)
        expect(page.get_by_text(SPEED)).to_be_visible(timeout=PATIENCE)
        said = page.get_by_text(SPEED).inner_text()
        server.process.kill()
        server.process.wait(10)
    with serve(folder, shipped=False) as server:
        visit(page, server.url("studio", watch="-"))
        page.get_by_role("link", name="survivor").click()
        expect(page.get_by_text(SPEED)).to_be_visible(timeout=PATIENCE)
        expect(page).to_have_url(re.compile(r"\?watch=survivor$"))  # else the next run would show the form again
        step = re.compile(r"Step ([\d,]+) of")
        then, now = (
            int(step.search(words).group(1).replace(",", "")) for words in (said, page.get_by_text(SPEED).inner_text())
        )
        assert now > then, "it went on while there was no app"
        stop_button(page).click()
        expect(page.get_by_text("Stopped at step")).to_be_visible(timeout=PATIENCE)
        follow(page, "Home")
        expect(page.get_by_text("digits, 2 dimensions, beta 1").first).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_paused_training_outlives_reload_and_app(
    new_page: Callable[..., Page], tmp_path: Path, request: pytest.FixtureRequest, size: tuple[int, int]
) -> None:
    """Paused, stepped, reloaded, the app killed, steered, resumed: by keyboard where that is quicker."""
    page, folder = new_page(size=size), tmp_path / "app"
    folder.mkdir()
    request.addfinalizer(lambda: end_workers(folder / "runs"))
    with serve(folder, shipped=False) as server:
        start(page, server, "held", length="steps", steps=5_000_000)
        expect(page.get_by_text(SPEED)).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_role("button", name="Step", exact=True)).to_be_disabled()
        page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop === 0")  # Start lies far down
        page.get_by_role("button", name="Pause").click()
        paused = page.get_by_text(re.compile(r"Paused at step [\d,]+ of"))
        expect(paused).to_be_visible(timeout=PATIENCE)
        before = paused.inner_text()
        page.get_by_role("button", name="Step", exact=True).focus()
        page.keyboard.press("Enter")
        did = page.get_by_text(re.compile(r"Step [\d,]+ on its own batch: loss [\d.,]+ → [\d.,]+ .* gradient norm"))
        expect(did).to_be_visible(timeout=PATIENCE)
        expect(paused).not_to_have_text(before)
        after = paused.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        page.reload()
        expect(did).to_be_visible(timeout=PATIENCE)
        expect(paused).to_have_text(after)
        page.goto(f"{server.origin}/_stcore/health")  # a page left open would call for its app
        server.process.kill()
        server.process.wait(10)
    with serve(folder, shipped=False) as server:
        visit(page, server.url("studio", watch="held"))
        expect(paused).to_have_text(after, timeout=PATIENCE)  # its worker waited on
        page.get_by_role("button", name="Steer").click()
        price = page.get_by_role("spinbutton", name="β")
        price.fill("4")
        page.keyboard.press("Enter")
        expect(page.get_by_text(re.compile("Steered: β 1 → 4 at step"))).to_be_visible(timeout=PATIENCE)
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_text(SPEED)).to_be_visible(timeout=PATIENCE)
        expect(page.locator(".js-plotly-plot:visible").get_by_text("β = 4").first).to_be_visible(timeout=PATIENCE)
        page.get_by_role("button", name="Pause").click()
        expect(paused).to_be_visible(timeout=PATIENCE)
        stop_button(page).click()  # at once, while the paused view is still being drawn
        expect(page.get_by_text("Stopped at step")).to_be_visible(timeout=PATIENCE)
        check(page)


def test_of_two_visitors_one_starts(new_page: Callable[..., Page], bench: AppServer) -> None:
    visitors = [new_page(), new_page()]
    for visitor in visitors:
        visit(visitor, bench.url("studio", length="steps", steps=5_000_000))
        type_name(visitor, "ours")
        visitor.keyboard.press("Enter")
        visitor.wait_for_timeout(300)
        settle(visitor)
    for visitor in visitors:
        visitor.get_by_role("button", name="Start training").click()
    said = re.compile("ours is being trained already: watch it|Somebody started ours a moment ago: watch it")
    refused = [visitor.get_by_text(said) for visitor in visitors]
    for visitor, told in zip(visitors, refused, strict=True):
        expect(stop_button(visitor).or_(told)).to_be_visible(timeout=PATIENCE)
    assert sum(told.count() for told in refused) == 1
    winner = visitors[refused[0].count()]
    expect(winner.get_by_text(SPEED)).to_be_visible(timeout=PATIENCE)
    stop_button(winner).click()
    expect(winner.get_by_text("Stopped at step")).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize(
    ("connection", "run", "drawn", "settled"),
    [
        ("CONNECTED", "notRunning", 1, True),
        ("CONNECTED", "notRunning", 0, False),  # before its first run
        ("CONNECTING", "notRunning", 1, False),  # drawn by a server that is gone
        ("CONNECTED", "running", 1, False),
    ],
)
def test_a_page_is_settled_after_its_first_run(
    page: Page, connection: str, run: str, drawn: int, settled: bool
) -> None:
    page.set_content(
        f"<div data-testid=stApp data-test-connection-state={connection} data-test-script-state={run}>"
        f"<main data-testid=stMain>{'<p data-testid=stElementContainer>' * drawn}</main></div>"
    )
    with contextlib.nullcontext() if settled else pytest.raises(NotInTime):
        settle(page, timeout=30_000 if settled else 200)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_form_fits_a_phone(new_page: Callable[..., Page], server: AppServer, scheme: str) -> None:
    page = new_page(size=PHONE, scheme=scheme)
    visit(page, server.url("studio", watch="-"))
    expect(page.get_by_role("button", name="Start training")).to_be_attached()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
