"""Every lesson is complete: what it says, what stands beside it, and a scene whose arrays fit and are quickly made."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pytest
import torch

from vae_core import load_run
from vae_core.lessons.card import Lesson, Material
from vae_core.lessons.course import COURSE, by_key
from vae_core.lessons.formula import mathml, terms_in
from vae_core.lessons.scene import Bars, Curves, Panel, Pictures, Plane, Scene, Trail, Words
from vae_core.lessons.source import names_in, source_of

LESSONS = pytest.mark.parametrize("lesson", COURSE, ids=lambda lesson: lesson.key)
SECONDS = 10.0  # of the processor's time, once all is loaded: for slips; lesson 7 takes 2 on a free core
_loaded = cache(load_run)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """On a busy machine more of them wait for each other, and waiting counts as the processor's time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@cache
def made(key: str) -> Scene:
    lesson = by_key(key)
    assert lesson is not None
    return lesson.scene(Material(_loaded, lesson.sample))


def test_titles_come_without_torch_and_in_order() -> None:
    script = "from vae_core.lessons.course import COURSE; import sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    assert [lesson.number for lesson in COURSE] == sorted({lesson.number for lesson in COURSE})
    assert len({lesson.key for lesson in COURSE}) == len(COURSE)
    assert by_key(COURSE[-1].key) is COURSE[-1] and by_key("none such") is None


@LESSONS
def test_what_it_says_is_there(lesson: Lesson) -> None:
    assert re.fullmatch(r"[a-z][a-z_]*", lesson.key)  # stands in addresses, between dots
    assert lesson.question.endswith("?") and 2 <= len(lesson.options) <= 5 and len(set(lesson.options)) > 1
    assert lesson.papers and all(paper.url.startswith("https://") and paper.label for paper in lesson.papers)
    assert lesson.idea and lesson.drag and lesson.then and lesson.runs
    assert lesson.sample is not None or not lesson.draws
    assert all(path.startswith("pages/") for path, _ in lesson.onward)


@LESSONS
def test_each_term_stands_in_the_formula_and_each_name_in_the_code(lesson: Lesson) -> None:
    assert set(terms_in(lesson.formula)) == set(lesson.terms)
    shown = "".join(mathml(lesson.formula, tuple(lesson.terms)))
    for key, term in lesson.terms.items():
        assert f'data-term="{key}"' in shown and term.says.endswith(".")
    assert "\\" not in shown  # nothing is left that the converter does not know
    code = "\n".join(source_of(place).text for place in lesson.code)
    missing = [name for term in lesson.terms.values() for name in term.names if not names_in(code, (name,))]
    assert not missing, f"names that are not in the code beside: {missing}"


@LESSONS
def test_its_scene_fits(lesson: Lesson) -> None:
    scene = made(lesson.key)
    stops = len(scene.drag.stops)
    assert stops >= 2 and 0 <= scene.drag.start < stops
    assert 0 <= scene.answer < len(lesson.options)
    assert scene.because and scene.made_of
    assert set(scene.see) <= set(range(stops)) - {scene.drag.start}
    assert scene.panels
    for panel in scene.panels:
        assert panel.title and panel.says
        for name, array, allowed in arrays_of(panel, stops):
            assert array.shape[0] in allowed, f"{panel.title}, {name}: {array.shape} with {stops} stops"
            assert array.dtype == np.uint8 or np.isfinite(array).all() or isinstance(panel, Curves | Trail | Bars), name
    for number in scene.numbers:
        assert number.values.shape == (stops,) and np.isfinite(number.values).any(), number.label
    told = {number.term for number in scene.numbers}
    used = {term for panel in scene.panels for term in terms_of(panel)} | {scene.drag.term}
    assert used - {""} <= set(lesson.terms), "a panel names a term that the lesson has not"
    assert len((used | told) & set(lesson.terms)) >= 2, "hardly a thing in the picture belongs to the formula"
    assert set(scene.hidden) <= set(lesson.terms)
    summed = {key for line in scene.sums for key in re.findall(r"\{(\w+)\}", line)}
    assert summed <= told, "a sum asks for a number that is not there"
    assert told <= summed | set(lesson.terms), "a number is nowhere shown"


def test_the_right_option_is_not_always_at_the_same_place() -> None:
    places = [made(lesson.key).answer for lesson in COURSE]
    assert max(map(places.count, places)) <= len(COURSE) / 2 and len(set(places)) >= 4


@LESSONS
def test_its_scene_is_quickly_made(lesson: Lesson) -> None:
    made(lesson.key)  # loads what is loaded once

    def taken() -> float:
        start = time.process_time()
        lesson.scene(Material(_loaded, lesson.sample))
        return time.process_time() - start

    assert any(taken() < SECONDS for _ in range(3))  # others on this machine can slow one down


def arrays_of(panel: Panel, stops: int) -> Iterator[tuple[str, np.ndarray, tuple[int, ...]]]:
    """(name, array, lengths that its first axis may have) of all arrays of a panel."""
    both = (1, stops)
    if isinstance(panel, Plane):
        for cloud in panel.clouds:
            yield "cloud", cloud.xy.reshape(-1, 2), (cloud.xy.size // 2,)
        for path in panel.paths:
            yield "path", path.xy, (len(path.xy),)
        for ellipse in panel.ellipses:
            yield from (("ellipse", ellipse.centre, both), ("ellipse", ellipse.radii, both))
        for arrow in panel.arrows:
            yield from (("arrow", arrow.start, both), ("arrow", arrow.end, both))
        for spot in panel.spots:
            yield "spot", spot.xy, both
    elif isinstance(panel, Pictures):
        assert panel.pixels.dtype == np.uint8 and panel.pixels.shape[1] == len(panel.labels)
        assert not panel.terms or len(panel.terms) == len(panel.labels)
        assert all(len(notes) == len(panel.labels) for notes in panel.notes) and len(panel.notes) in (0, *both)
        yield "pixels", panel.pixels, both
    elif isinstance(panel, Curves):
        yield "x", panel.x, (stops,)
        for line in panel.lines:
            yield line.label, line.y, (stops if line.x is None else len(line.x),)
    elif isinstance(panel, Trail):
        assert panel.xy.shape[1] == 2 and len(panel.points) in (0, stops)
        yield "trail", panel.xy, (stops,)
    elif isinstance(panel, Bars):
        assert panel.values.shape[1] == len(panel.names) and len(panel.terms) in (0, len(panel.names))
        yield "bars", panel.values, both
    else:
        assert isinstance(panel, Words) and len(panel.lines) in both


def terms_of(panel: Panel) -> set[str]:
    """The terms that things in a panel belong to."""
    parts: dict[type, Callable[[], set[str]]] = {
        Plane: lambda: {
            part.term
            for part in (*panel.clouds, *panel.paths, *panel.ellipses, *panel.arrows, *panel.spots)  # type: ignore[union-attr]
        },
        Curves: lambda: {line.term for line in panel.lines},  # type: ignore[union-attr]
        Trail: lambda: {panel.term, *(spot.term for spot in panel.others)},  # type: ignore[union-attr]
    }
    return parts.get(type(panel), lambda: set(panel.terms))()  # type: ignore[union-attr]
