"""The film in a real browser: taken by a real worker, watched while it grows, scrubbed by keys, played in time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.harness import DESKTOP, PHONE, AppServer, check, crowd, serve, still, visit

PATIENCE = 120_000  # milliseconds; a worker loads torch first, and the machine may be shared
PARTS = ("map", "pictures", "walk", "distortion", "rate", "bars")

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with serve(tmp_path_factory.mktemp("film"), shipped=False) as running:
        yield running


def film_of(page: Page) -> Locator:
    return page.locator(".film")


def train(page: Page, server: AppServer, name: str, **settings: str | int) -> None:
    visit(page, server.url("studio", **settings))
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible(timeout=PATIENCE)


def painted(page: Page) -> dict[str, str]:
    """What each canvas shows."""
    shown = film_of(page).evaluate(
        "film => [...film.querySelectorAll('canvas')].map(c => [c.dataset.part, c.toDataURL()])"
    )
    return dict(shown)


def settled(page: Page) -> None:
    expect(film_of(page)).to_have_attribute("data-settled", "true", timeout=PATIENCE)


@pytest.mark.parametrize("dims", [2, 10])
def test_a_run_is_filmed_and_its_film_scrubbed_by_keys_and_played(page: Page, studio: AppServer, dims: int) -> None:
    train(page, studio, f"film-{dims}", dims=dims, length="steps", steps=600)
    expect(page.get_by_text(re.compile("^Finished;"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="The film")).to_be_visible()
    film = film_of(page)
    expect(film).to_have_attribute("data-step", "600", timeout=PATIENCE)
    frames = int(film.get_attribute("data-frames") or 0)
    assert 20 < frames <= 96
    settled(page)

    # the keys go through time, and everything changes together
    scrubber = page.get_by_role("slider", name="Place in the film")
    end = painted(page)
    scrubber.focus()
    page.keyboard.press("Home")
    expect(film).to_have_attribute("data-step", "0")
    settled(page)
    start = painted(page)
    assert set(start) == set(PARTS)
    assert [part for part in PARTS if start[part] == end[part]] == []
    assert scrubber.get_attribute("aria-valuetext") == "epoch 0.00, step 0"
    page.keyboard.press("ArrowRight")
    expect(film).not_to_have_attribute("data-step", "0")
    page.keyboard.press("ArrowLeft")
    expect(film).to_have_attribute("data-step", "0")
    settled(page)
    assert painted(page) == start, "the same place in time looks the same"

    # it plays at the screen's pace, from the beginning when it was at its end, and nothing is fetched for it
    page.keyboard.press("Home")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.keyboard.press(" ")
    expect(film).to_have_attribute("data-playing", "true")
    before = int(film.get_attribute("data-draws") or 0)
    page.wait_for_timeout(2000)  # a rate needs a span of time
    drawn = int(film.get_attribute("data-draws") or 0) - before
    page.keyboard.press(" ")
    expect(film).to_have_attribute("data-playing", "false")
    print(f"{dims} dimensions: {drawn / 2:.0f} draws a second")
    assert drawn / 2 >= 15 / crowd(), "a floor far under the usual rate: the machine may be shared"
    assert not requests
    assert 0 < float(film.get_attribute("data-at") or 0) < frames - 1
    check(page)


def test_a_visitor_who_wants_no_motion_gets_none(page: Page, studio: AppServer) -> None:
    """Frames come one after the other, none in between."""
    page.emulate_media(reduced_motion="reduce")
    train(page, studio, "calm", length="steps", steps=100)
    expect(film_of(page)).to_have_attribute("data-step", "100", timeout=PATIENCE)
    page.get_by_role("button", name="Play").click()
    places = film_of(page).evaluate(
        """film => new Promise(done => {
            const places = []
            const look = () => places.push(film.dataset.at) < 40 ? requestAnimationFrame(look) : done(places)
            look()
        })"""
    )
    assert len(set(places)) > 1 and all(place.endswith(".00") for place in places)


def test_a_growing_film_costs_its_new_frames_and_nothing_jumps(page: Page, studio: AppServer) -> None:
    train(page, studio, "growing", length="steps", steps=5_000_000)
    film = film_of(page)
    expect(film).to_have_attribute("data-ready", "true", timeout=PATIENCE)
    height = film.evaluate("film => film.getBoundingClientRect().height")
    fetched: list[int] = []
    page.on("response", lambda answer: fetched.append(len(answer.body())) if "/arrays/" in answer.url else None)
    frames, step = int(film.get_attribute("data-frames") or 0), film.get_attribute("data-step")
    for _ in range(3):
        expect(film).not_to_have_attribute("data-step", step or "", timeout=PATIENCE)
        step = film.get_attribute("data-step")
    grown = int(film.get_attribute("data-frames") or 0) - frames
    assert len(fetched) <= grown + 6, "frames that are here already are fetched no more"
    assert film.evaluate("film => film.getBoundingClientRect().height") == height
    page.get_by_test_id("stMainBlockContainer").get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("Stopped at step")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="The film")).to_be_visible()


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_a_point_tells_its_class_and_the_page_fits(
    new_page: Callable[..., Page], studio: AppServer, size: tuple[int, int], scheme: str
) -> None:
    page = new_page(size=size, scheme=scheme)
    names = [folder.name for folder in Path(studio.runs).iterdir() if (folder / "film.npz").exists()]
    if not names:
        train(page, studio, "fits", length="steps", steps=100)
        names = ["fits"]
    visit(page, studio.url("studio", watch=names[0]))
    expect(film_of(page)).to_have_attribute("data-ready", "true", timeout=PATIENCE)
    settled(page)
    plane = page.locator(".film canvas[data-part=map]")
    box = still(plane)
    for x, y in product(range(2, 19), repeat=2):  # from place to place until some point is near
        page.mouse.move(box["x"] + x / 20 * box["width"], box["y"] + y / 20 * box["height"])
        if page.locator(".film .tip").is_visible():
            break
    expect(page.locator(".film .tip")).to_have_text(re.compile(r"class \d, sample \d+"))
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
