"""Each lesson in a real Chromium: the question comes first, the drag changes the picture, then the answer is told; what
is pointed at lights up everywhere; the address opens a lesson as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.harness import DESKTOP, PHONE, AppServer, check, settle, visit
from vae_core.lessons.card import Lesson
from vae_core.lessons.course import COURSE, by_key

SLIDER = ".lesson .dock input"
PHASE = ".lesson[data-ready=true][data-phase={}]"
# Whatever a panel shows: pixels of its canvases, shapes and texts of its drawing, widths of its bars, words.
SEEN = """panel => JSON.stringify([
  [...panel.querySelectorAll('.tile canvas')].map(one => one.toDataURL()),
  [...panel.querySelectorAll('svg :is(circle, ellipse, path, rect, line):not(.axes *)')].map(one => one.outerHTML),
  [...panel.querySelectorAll('.bar i')].map(one => one.style.cssText),
  [...panel.querySelectorAll('.steady > span:last-child')].map(one => one.textContent),
])"""


@pytest.fixture(scope="module")
def shared(browser: Browser) -> Iterator[Page]:
    """One page for all lessons: each is opened by its address."""
    context = browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    context.close()
    assert not wrong, "\n".join(wrong)


def open_lesson(page: Page, server: AppServer, lesson: Lesson, **params: str | int) -> None:
    visit(page, server.url("course", lesson=lesson.key, **params), timeout=60_000)
    page.locator(".lesson[data-ready=true]").wait_for(timeout=30_000)


def panels(page: Page) -> list[str]:
    return [panel.evaluate(SEEN) for panel in page.locator(".lesson .panel").all()]


def drag_until_told(page: Page) -> None:
    """By keyboard, as anybody can: one way to the end, then the other."""
    slider = page.locator(SLIDER)
    slider.focus()
    for key in ("End", "Home"):
        if not page.locator(PHASE.format("told")).count():
            slider.press(key)
    if not page.locator(PHASE.format("told")).count():  # what is to be seen lies between
        for _ in range(int(slider.get_attribute("max") or 0)):
            slider.press("ArrowRight")
            if page.locator(PHASE.format("told")).count():
                break


@pytest.mark.parametrize("lesson", COURSE, ids=lambda lesson: lesson.key)
def test_question_drag_answer(shared: Page, server: AppServer, lesson: Lesson) -> None:
    open_lesson(shared, server, lesson)
    expect(shared.locator(PHASE.format("asked"))).to_be_visible()
    slider = shared.locator(SLIDER)
    expect(slider).to_be_disabled()
    assert shared.locator(".lesson legend").inner_text() == lesson.question
    expect(shared.locator(".lesson .answer:not(.ghost)")).to_be_empty()
    sizes = shared.locator(".lesson .panel").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")

    shared.get_by_label(lesson.options[0], exact=True).check()
    shared.get_by_role("button", name="That is my guess").click()
    expect(slider).to_be_enabled()
    at_first = panels(shared)
    drag_until_told(shared)
    expect(shared.locator(PHASE.format("told"))).to_be_visible()
    after = panels(shared)
    assert after != at_first and any(one != other for one, other in zip(after, at_first, strict=True))
    assert lesson.options[0] in shared.locator(".lesson .said").inner_text()
    answer = shared.locator(".lesson .answer:not(.ghost)").inner_text()
    right = shared.locator(".lesson").get_attribute("data-right") == "true"
    assert answer.startswith("Just so." if right else "It is otherwise: ")
    grown = shared.locator(".lesson .panel").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert grown == pytest.approx(sizes, abs=1)  # nothing jumps

    term = next(iter(lesson.terms))
    symbol = shared.locator(f".lesson .formula [data-term={term}]").first
    symbol.hover()
    expect(shared.locator(f".lesson .terms [data-term={term}]").first).to_contain_class("lit")
    tip = shared.locator(".lesson .tip")
    expect(tip).to_have_text(lesson.terms[term].says)
    boxes = [one.bounding_box() for one in (shared.locator(".lesson .formula"), tip)]
    assert all(boxes) and (
        boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"] or boxes[1]["y"] + boxes[1]["height"] <= boxes[0]["y"]
    )  # it covers no line of the formula
    expect(shared.locator(".st-key-learn-then")).to_be_visible()  # the server has heard, too
    assert f"done={lesson.key}" in shared.url or f".{lesson.key}" in shared.url


def lit(page: Page, where: str) -> int:
    return page.locator(f".lesson {where} .lit, .lesson {where}.lit").count()


def test_pointing_lights_formula_code_and_picture(shared: Page, server: AppServer) -> None:
    lesson = by_key("reparameterisation")
    assert lesson is not None
    open_lesson(shared, server, lesson)
    for start in (".formula [data-term=sigma]", "pre [data-term=sigma]", ".plane ellipse[data-term=sigma]"):
        one: Locator = shared.locator(f".lesson {start}").first
        one.scroll_into_view_if_needed()
        box = one.bounding_box()
        assert box
        # at the left: in the middle of the ellipse lies the code
        shared.mouse.move(box["x"] + min(0.08 * box["width"], 4) + 1, box["y"] + box["height"] / 2)
        expect(shared.locator(".lesson")).to_have_attribute("data-lit", "sigma")
        assert lit(shared, ".formula") and lit(shared, "pre") and lit(shared, ".plane")
        shared.mouse.move(2, 2)
        expect(shared.locator(".lesson .lit")).to_have_count(0)
    shared.locator(".lesson .terms li").nth(2).focus()
    shared.keyboard.press("Tab")  # the keyboard lights what it reaches
    expect(shared.locator(".lesson")).to_have_attribute("data-lit", list(lesson.terms)[3])


def test_the_address_opens_it_as_it_was_and_a_phone_has_all_of_it(
    new_page: Callable[..., Page], server: AppServer
) -> None:
    lesson = by_key("reparameterisation")
    assert lesson is not None
    page = new_page(size=PHONE)
    open_lesson(page, server, lesson, at=58, said=0, done=lesson.key)
    expect(page.locator(PHASE.format("told"))).to_be_visible()
    expect(page.locator(".lesson")).to_have_attribute("data-at", "58")
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    page.locator(".lesson .panel").first.scroll_into_view_if_needed()
    box = page.locator(SLIDER).bounding_box()
    assert box and box["y"] + box["height"] <= PHONE[1] and box["height"] >= 40  # in reach of a thumb
    page.locator(SLIDER).press("ArrowLeft")
    page.wait_for_url("**at=57**")
    page.go_back()
    expect(page.locator(".lesson")).to_have_attribute("data-at", "58")
    page.get_by_role("button", name="Next lesson").click()
    settle(page)
    check(page)
    expect(page.locator(PHASE.format("asked"))).to_be_visible(timeout=30_000)
