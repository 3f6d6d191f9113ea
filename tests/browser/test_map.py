"""The map in a real Chromium: pictures under the pointer, clicks, boxes, lassos, keys, what goes over the wire."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import torch
from filelock import FileLock
from playwright.sync_api import Page, expect

from tests.browser.harness import PHONE, AppServer, settle, still, visit
from vae_core.data import load_dataset
from vae_core.runs import Codes, load_run
from vae_core.runs.codes import write_codes

READY = ".lt-map[data-ready]"
PROJECT = Path(__file__).resolve().parents[2]

# Where each point of the map is on the screen: [row, x, y, data x, data y].
PLACES = """() => {
  const gd = document.querySelector(".lt-plot"), { xaxis, yaxis } = gd._fullLayout
  const stage = document.querySelector(".lt-stage"), box = stage.getBoundingClientRect()
  return gd.data.flatMap((trace) => Array.from(trace.x, (x, i) => [
    trace.customdata[i],
    box.left + stage.clientLeft + xaxis._offset + xaxis.c2p(x),
    box.top + stage.clientTop + yaxis._offset + yaxis.c2p(trace.y[i]),
    x, trace.y[i],
  ]))
}"""


@pytest.fixture(scope="session")
def codes() -> Codes:
    return load_run(PROJECT / "checkpoints" / "digits-2d").codes


def open_map(page: Page, server: AppServer, **params: str | int) -> np.ndarray:
    """Opens the atlas; returns where the points are on the screen, by row: [n, (x, y)]."""
    visit(page, server.url("map", **({"run": "digits-2d"} | params)))
    page.wait_for_selector(READY)
    page.locator(".lt-stage").scroll_into_view_if_needed()
    return places(page)


def places(page: Page) -> np.ndarray:
    found = np.array(page.evaluate(PLACES))
    return found[np.argsort(found[:, 0])][:, 1:3]


def lonely(at: np.ndarray, away: float = 14.0) -> int:
    """A row whose neighbours on the screen are far enough for a click to mean it alone."""
    distance = np.linalg.norm(at[:, None] - at[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    alone = np.flatnonzero(distance.min(axis=1) > away)
    middle = np.median(at, axis=0)
    return int(alone[np.argmin(np.linalg.norm(at[alone] - middle, axis=1))])


def tray(page: Page) -> set[int]:
    text = parse_qs(urlsplit(page.url).query).get("tray", [""])[0]
    return {int(part) for part in text.split(".") if part}


def card_picture(page: Page, card: str) -> np.ndarray:
    """The picture that a card shows, made 8 x 8 again, 0..255."""
    values = page.evaluate(
        """(card) => {
          const canvas = document.querySelector(`${card} canvas`)
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
          return [canvas.width, Array.from(data.filter((_, i) => i % 4 === 0))]
        }""",
        card,
    )
    side, pixels = values
    cell = side // 8
    return np.array(pixels, dtype=float).reshape(8, cell, 8, cell).mean(axis=(1, 3))


def drag(page: Page, corners: np.ndarray) -> None:
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner)
    page.mouse.up()


def inside(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Brute force: a point is inside where the corners, seen from it, turn once around."""
    seen = corners[None] - points[:, None]
    angle = np.arctan2(seen[..., 1], seen[..., 0])
    turn = np.diff(np.concatenate([angle, angle[:, :1]], axis=1), axis=1)
    turn = (turn + np.pi) % (2 * np.pi) - np.pi
    return np.flatnonzero(np.abs(turn.sum(axis=1)) > np.pi)


def sizes_sent(page: Page) -> list[int]:
    sent: list[int] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(len(frame))))
    return sent


# ---- hover and click


def test_pointing_at_a_sample_shows_its_picture(page: Page, server: AppServer, codes: Codes) -> None:
    at = open_map(page, server)
    row = lonely(at)
    page.mouse.move(*at[row])
    card = page.locator(f'.lt-hover[data-drawn="{row}"]')
    expect(card).to_be_visible()
    index = int(codes.index[row])
    expect(card).to_contain_text(f"sample {index}")
    expect(card).to_contain_text(f"class {codes.y[row]}")
    original = np.asarray(load_dataset("digits").x[index, 0], dtype=float)
    shown = card_picture(page, ".lt-hover")
    assert np.corrcoef(original.ravel(), shown.ravel())[0, 1] > 0.97
    page.mouse.move(5, 5)
    expect(page.locator(".lt-hover")).to_be_hidden()


def test_a_click_puts_the_sample_in_the_tray_and_the_address(page: Page, server: AppServer, codes: Codes) -> None:
    at = open_map(page, server)
    row = lonely(at)
    index = int(codes.index[row])
    page.mouse.click(*at[row])
    expect(page.locator(f'.lt-picked[data-drawn="{row}"]')).to_be_visible()
    page.wait_for_url(re.compile(rf"at={index}\b"))
    settle(page)
    assert tray(page) == {index}
    expect(page.get_by_text("reconstruction", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stSidebar").get_by_text("1 sample")).to_be_visible()


def test_clicks_faster_than_the_server_are_all_heard(page: Page, server: AppServer, codes: Codes) -> None:
    at = open_map(page, server)
    clicked = set()
    for row in np.random.default_rng(0).choice(len(at), 12, replace=False):
        page.mouse.click(*at[row])
        clicked.add(int(page.locator(".lt-picked").get_attribute("data-row") or -1))
    page.wait_for_function(
        "(n) => (new URL(location).searchParams.get('tray') ?? '').split('.').length === n", arg=len(clicked)
    )
    assert tray(page) == set(codes.index[list(clicked)].tolist())


def test_the_back_button_takes_back_a_click_of_a_moment_ago(page: Page, server: AppServer) -> None:
    at = open_map(page, server, tray=5)
    for _ in range(2):
        page.mouse.click(*at[lonely(at)])
        page.wait_for_url(re.compile(r"tray=5\.\d+"))
        settle(page)
        page.go_back()
        expect(page).to_have_url(re.compile(r"tray=5(&|$)"))
        settle(page)
        expect(page.get_by_test_id("stSidebar").get_by_text("1 sample")).to_be_visible()
        expect(page).to_have_url(re.compile(r"tray=5(&|$)"))


def test_the_link_reopens_what_was_seen(page: Page, server: AppServer, codes: Codes) -> None:
    open_map(page, server, map="pca", colour="distortion", at=5, tray="5.9")
    expect(page.locator(".lt-picked")).to_contain_text("sample 5")
    expect(page.get_by_text("Bright is a high distortion")).to_be_visible()
    expect(page.locator(".lt-plot .xtitle")).to_contain_text("PC 1")


def test_a_click_keeps_the_zoom_and_draws_no_point_anew(page: Page, server: AppServer) -> None:
    open_map(page, server)
    page.get_by_role("button", name="Zoom in").click()
    before = page.evaluate("document.querySelector('.lt-plot')._fullLayout.xaxis.range")
    draws = page.locator(READY).get_attribute("data-draws")
    at = places(page)
    box = page.locator(".lt-plot .nsewdrag").bounding_box()
    assert box is not None
    middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    row = int(np.argmin(np.linalg.norm(at - middle, axis=1)))
    page.mouse.click(*at[row])
    page.wait_for_url(re.compile(r"at=\d+"))
    settle(page)
    assert page.evaluate("document.querySelector('.lt-plot')._fullLayout.xaxis.range") == before
    assert page.locator(READY).get_attribute("data-draws") == draws


# ---- box and lasso


def test_a_box_selects_the_points_in_it(page: Page, server: AppServer, codes: Codes) -> None:
    at = open_map(page, server)
    page.get_by_role("button", name="Box").click()
    low, high = np.quantile(at, 0.45, axis=0), np.quantile(at, 0.58, axis=0)
    drag(page, np.array([low, (low + high) / 2, high]))
    expected = np.flatnonzero(((at > low) & (at < high)).all(axis=1))
    assert 3 < len(expected) <= 60
    expect(page.get_by_text(f"{len(expected)} samples selected")).to_be_visible()
    settle(page)
    assert tray(page) == set(codes.index[expected].tolist())


def test_a_lasso_selects_the_points_in_it_in_one_small_message(page: Page, server: AppServer, codes: Codes) -> None:
    sent = sizes_sent(page)
    at = open_map(page, server)
    page.get_by_role("button", name="Lasso").click()
    settle(page)
    angle = np.linspace(0, 2 * math.pi, 60, endpoint=False)
    crowd = (np.linalg.norm(at[:, None] - at[None], axis=-1) < 30).sum(axis=1)
    centre = at[np.argmin(np.abs(crowd - 30))]
    star = 22 + 12 * np.cos(3 * angle)  # not convex, so that a bounding box or hull would not do
    corners = centre + np.stack([np.cos(angle), np.sin(angle)], axis=1) * star[:, None]
    sent.clear()
    drag(page, corners)
    page.wait_for_selector(".lt-map[data-selected]")
    picked = inside(at, corners)
    count = int(page.locator(".lt-map").get_attribute("data-selected") or 0)
    assert abs(count - len(picked)) <= 1  # corners closer than three pixels are left out
    expect(page.get_by_text(f"{count} samples selected")).to_be_visible()
    settle(page)
    assert len(tray(page) ^ set(codes.index[picked].tolist())) <= 1
    assert len(sent) == 1 and sent[0] < 2000, sent


def test_a_lasso_of_everything_is_a_small_message_and_fills_the_tray_with_some(page: Page, server: AppServer) -> None:
    sent = sizes_sent(page)
    at = open_map(page, server)
    page.get_by_role("button", name="Box").click()
    sent.clear()
    drag(page, np.array([at.min(0) - 4, at.mean(0), at.max(0) + 4]))
    expect(page.get_by_text(f"{len(at):,} samples selected")).to_be_visible()
    settle(page)
    assert len(sent) == 1 and sent[0] < 1500, sent
    assert len(tray(page)) == 60
    page.get_by_role("button", name="Clear the selection").click()
    expect(page.get_by_text("samples selected")).to_have_count(0)


# ---- keys, phone, legend


def test_the_keyboard_walks_to_neighbours_and_picks(page: Page, server: AppServer, codes: Codes) -> None:
    at = open_map(page, server, at=5)
    start = int(np.flatnonzero(codes.index == 5)[0])
    page.locator(".lt-stage").focus()
    page.keyboard.press("ArrowRight")
    hover = page.locator(".lt-hover")
    expect(hover).to_be_visible()
    row = int(hover.get_attribute("data-row") or -1)
    assert row != start and at[row, 0] > at[start, 0]
    step = at[row] - at[start]
    assert abs(step[1]) <= step[0]
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"at={codes.index[row]}\b"))
    expect(page.locator(".lt-map [aria-live]")).to_contain_text(f"sample {codes.index[row]}")


def test_the_map_says_what_it_is_to_a_screen_reader(page: Page, server: AppServer) -> None:
    open_map(page, server)
    stage = page.get_by_role("application")
    assert "1,797 samples" in (stage.get_attribute("aria-label") or "")
    assert all(button.get_attribute("aria-label") for button in page.locator(".lt-tools button").all())


def test_on_a_phone_a_tap_picks_and_nothing_is_wider_than_the_screen(
    new_page: Callable[..., Page], server: AppServer, codes: Codes
) -> None:
    page = new_page(size=PHONE)
    at = open_map(page, server)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    row = lonely(at, away=6)
    page.mouse.click(*at[row])
    expect(page.locator(".lt-picked")).to_contain_text(f"sample {codes.index[row]}")


def test_a_finger_on_the_map_scrolls_the_page_until_a_tool_is_chosen(
    new_page: Callable[..., Page], server: AppServer
) -> None:
    """Chromium under test scrolls for no made-up finger; that nobody holds the touch back is what lets it scroll."""
    page = new_page(size=PHONE)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    visit(page, server.url("map", run="digits-2d"))
    page.wait_for_selector(READY)
    page.evaluate(
        """() => {
          window.held = []
          for (const name of ["touchstart", "touchmove"])
            window.addEventListener(name, (event) => window.held.push(event.defaultPrevented))
        }"""
    )
    page.locator('[data-tool="pick"]').evaluate("(button) => { button.hidden = false }")

    def swipe(tool: str) -> list[bool]:
        page.locator(f'[data-tool="{tool}"]').click()
        page.evaluate("window.held.length = 0")
        box = page.locator(".lt-stage").bounding_box()
        assert box is not None
        x, y = 200, box["y"] + 150
        session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y - 40}]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        return list(page.evaluate("window.held"))

    assert any(swipe("pan"))
    free = swipe("pick")
    assert free and not any(free)


def test_the_page_keeps_its_shape_while_the_map_loads(page: Page, server: AppServer) -> None:
    held: list = []
    page.route("**/plotly.min.js*", lambda route: held.append(route))
    with page.expect_request("**/plotly.min.js*"):
        page.goto(server.url("map", run="digits-2d"))
    trust = page.get_by_text("Trustworthiness")
    expect(trust).to_be_visible()
    expect(page.locator(".lt-tools")).to_be_visible()
    settle(page)
    before = still(trust)
    for route in held:
        route.continue_()
    page.unroute("**/plotly.min.js*")
    page.wait_for_selector(READY)
    assert trust.bounding_box() == before


def test_a_fetch_that_fails_is_said_and_can_be_tried_again(page: Page, server: AppServer) -> None:
    open_map(page, server)
    draws = int(page.locator(READY).get_attribute("data-draws") or 0)
    page.route("**/latentarium/arrays/*", lambda route: route.abort())
    colour = page.get_by_role("combobox", name="Colour by")
    colour.click()
    page.get_by_role("option", name="rate").click()
    expect(page.get_by_role("alert").filter(has_text="could not be drawn")).to_be_visible()
    assert len(places(page)) == 1797, "what was drawn before is still there"
    page.unroute("**/latentarium/arrays/*")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector(f'{READY}[data-draws="{draws + 1}"]')
    expect(page.locator(".lt-wrong")).to_have_count(0)
    expect(page.locator(".lt-plot .colorbar")).to_be_visible()


# ---- maps that are made, data that is not here


def test_a_umap_that_is_missing_is_made_while_pca_is_shown(page: Page, start_server: Callable[..., AppServer]) -> None:
    server = start_server()
    place = server.runs / ".places" / "map.lock"
    place.parent.mkdir(parents=True)
    with FileLock(place):  # the machine's one place for maps is taken: this one waits until it was looked at
        visit(page, server.url("map", run="digits-10d", n=1000))
        page.wait_for_selector(READY)
        expect(page.get_by_text("Making UMAP; PCA meanwhile")).to_be_visible()
        expect(page.locator(".lt-plot .xtitle")).to_contain_text("PC 1")
    expect(page.locator(".lt-plot .xtitle")).to_contain_text("UMAP 1", timeout=90_000)
    expect(page.get_by_text("Making UMAP")).to_have_count(0)
    assert list(server.checkpoints.glob("digits-10d/maps/umap-n1000-*.npz"))
    expect(page.get_by_text("on all 1,000 samples")).to_be_visible()


def test_making_a_umap_can_be_stopped(page: Page, start_server: Callable[..., AppServer]) -> None:
    server = start_server()
    few = load_run(server.checkpoints / "digits-10d").codes
    many = {name: np.repeat(getattr(few, name), 12, axis=0) for name in ("index", "mean", "std", "distortion", "y")}
    many["mean"] = many["mean"] + np.random.default_rng(0).normal(size=many["mean"].shape) * 0.1
    write_codes(server.checkpoints / "digits-10d" / "codes.npz", Codes(**many, factors=None))
    visit(page, server.url("map", run="digits-10d", n=20_000))
    expect(page.get_by_text("Making UMAP")).to_have_count(0)  # so many are made only when asked for
    page.get_by_role("button", name="Make the UMAP map (about 20 seconds)").click()
    page.locator(".st-key-atlas-stop button").first.click(timeout=30_000)
    expect(page.get_by_role("button", name="Make the UMAP map")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Making UMAP")).to_have_count(0)
    assert not list(server.checkpoints.glob("digits-10d/maps/umap-n20000-*.npz"))


def test_without_the_data_pictures_are_decoded_and_the_download_is_offered(
    page: Page, start_server: Callable[..., AppServer], tmp_path: Path
) -> None:
    empty = tmp_path / "no-data"
    empty.mkdir()
    server = start_server(env={"LATENTARIUM_DATA": str(empty)})
    config = server.checkpoints / "digits-2d" / "config.json"
    content = json.loads(config.read_text())
    content["data"]["name"] = content["train"]["data"] = "mnist"  # as if its samples were of a downloaded set
    config.write_text(json.dumps(content))
    at = open_map(page, server, at=5)
    expect(page.get_by_text("is not on this machine")).to_be_visible()
    expect(page.get_by_role("button", name="Download")).to_be_visible()
    expect(page.get_by_text("decoded from its code")).to_be_visible()
    row = lonely(at)
    page.mouse.move(*at[row])
    page.wait_for_selector(f'.lt-hover[data-drawn="{row}"]')
    run = load_run(PROJECT / "checkpoints" / "digits-2d")
    with torch.inference_mode():
        decoded = run.model.decode(torch.from_numpy(run.codes.mean[[row]]))[0, 0].numpy()
    assert np.corrcoef(decoded.ravel(), card_picture(page, ".lt-hover").ravel())[0, 1] > 0.97
