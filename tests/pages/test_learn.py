"""The page Learn, alone and through the frame: the list, a lesson, its place in the address, lessons only."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from ui.components.lesson import UNSAID, Place, read_place
from ui.learn.only import VARIABLE
from vae_core.config import PROJECT
from vae_core.lessons.course import COURSE

LESSON = next(lesson for lesson in COURSE if lesson.key == "reparameterisation")
LAST = COURSE[-1]


@pytest.fixture(autouse=True)
def own_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTARIUM_RUNS", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)


def opened(file: str = "app.py", **params: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT / file), default_timeout=60)
    app.query_params.update(params)
    app.run()
    if file == "app.py":
        app.switch_page("pages/learn.py")
        app.query_params.update(params)
        app.run()
    assert not app.exception
    return app


def parts(app: AppTest) -> list[str]:
    """Kinds of the elements on the page, among them that of components."""
    return [element.type for element in app.main]


def titles(app: AppTest) -> str:
    return app.title[0].value


def button(app: AppTest, key: str) -> Button:
    return next(one for one in app.button if one.key == f"latentarium.learn.{key}")


@pytest.mark.parametrize("file", ["pages/learn.py", "app.py"])
def test_the_list_leads_to_a_lesson_and_on_to_the_next(file: str) -> None:
    app = opened(file)
    assert titles(app) == "How does a variational autoencoder work?"
    assert [one.label for one in app.button if (one.key or "").startswith("latentarium.learn.open.")] == [
        lesson.title for lesson in COURSE
    ]
    button(app, f"open.{LESSON.key}").click().run()
    assert titles(app) == f"{LESSON.number} · {LESSON.title}" and not app.exception
    assert app.query_params["lesson"] == LESSON.key
    assert "bidi_component" in parts(app)
    button(app, "top.all").click().run()
    assert titles(app) == "How does a variational autoencoder work?" and "lesson" not in app.query_params


def test_a_link_opens_a_lesson_as_it_was() -> None:
    at = dict(lesson=LESSON.key, at="7", said="2", done=f"why.{LESSON.key}.nonsense")
    app = opened(**at)
    assert LESSON.then in [one.value for one in app.markdown]  # it was told
    button(app, "next").click().run()
    following = COURSE[COURSE.index(LESSON) + 1]
    assert titles(app) == f"{following.number} · {following.title}" and not app.exception
    assert app.query_params["done"] == f"why.{LESSON.key}-2-7"  # in the order of the course, and without what is none
    assert "at" not in app.query_params and "said" not in app.query_params


def test_nothing_is_told_before_something_was_said() -> None:
    app = opened(lesson=LESSON.key, at="7", done=LESSON.key)
    assert LESSON.then not in [one.value for one in app.markdown]
    app = opened(lesson=LESSON.key, at="9999999999", said="17", sample="-3")
    assert titles(app) == f"{LESSON.number} · {LESSON.title}"
    assert LESSON.then not in [one.value for one in app.markdown]


def test_another_sample_leaves_the_guess() -> None:
    app = opened(lesson=LESSON.key, at="7", said="2", sample="12")
    assert any("2, sample 12" in one.value for one in app.markdown)
    button(app, f"sample.{LESSON.key}.random").click().run()
    assert not app.exception and app.query_params["said"] == "2" and app.query_params["at"] == "7"
    assert app.query_params["sample"] != "12"


def test_a_lesson_is_found_as_it_was_left() -> None:
    app = opened(lesson=LESSON.key, at="7", said="2", sample="12", done="why-0-3")
    button(app, "top.after").click().run()
    assert not {"at", "said", "sample"} & set(app.query_params)
    button(app, "top.before").click().run()
    assert (app.query_params["at"], app.query_params["said"], app.query_params["sample"]) == ("7", "2", "12")
    app = opened(done=f"why-0-3.{LESSON.key}-2-7-12.elbo-7-1-1-1")
    button(app, f"open.{LESSON.key}").click().run()
    shown = {name: app.query_params[name] for name in ("at", "said", "sample", "done")}
    assert shown == {"at": "7", "said": "2", "sample": "12", "done": f"why-0-3.{LESSON.key}-2-7-12"}
    assert LESSON.then in [one.value for one in app.markdown]


def test_whoever_is_through_is_told() -> None:
    every = ".".join(lesson.key for lesson in COURSE)
    app = opened(done=every)
    assert any("through all" in one.value for one in app.markdown) and "page_link" in parts(app)
    app = opened(lesson=LAST.key, at="1", said=UNSAID, done=every)
    assert any("through all" in one.value for one in app.markdown)
    app = opened(lesson=LAST.key, at="1", said=UNSAID, done=LAST.key)
    assert button(app, "next").label == f"Next lesson: {COURSE[0].title}"


def test_a_guest_that_is_gone_is_told() -> None:
    app = opened(lesson=LESSON.key, sample="512345678")
    assert "not kept here any more" in app.info[0].value


def test_a_lesson_whose_runs_are_missing_says_so(no_runs: Path) -> None:
    app = opened(lesson=LAST.key)
    assert app.error and LAST.runs[0] in app.error[0].value
    app = opened(lesson=LAST.key, only="lessons")  # no home page to lead to
    assert app.error and LAST.runs[0] in app.error[0].value and "page_link" not in parts(app)


@pytest.mark.parametrize("way", ["address", "environment"])
def test_lessons_only(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    params = {"lesson": LESSON.key, "said": UNSAID, "done": LESSON.key}
    if way == "environment":
        monkeypatch.setenv(VARIABLE, "lessons")
    else:
        params["only"] = "lessons"
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    app.query_params.update(params)
    app.run()
    assert not app.exception and titles(app) == f"{LESSON.number} · {LESSON.title}"
    assert not app.sidebar.selectbox and "Tray" not in "".join(one.value for one in app.sidebar.markdown)
    listed = [one.label for one in app.sidebar.button]
    assert len(listed) == len(COURSE)
    assert [number for number, label in enumerate(listed) if "check_circle" in label] == [COURSE.index(LESSON)]
    assert "page_link" not in parts(app)
    app.query_params.clear()
    app.run()  # the parameter is gone, as after a change of pages; the visit stays what it is
    assert not app.sidebar.selectbox and not app.exception
    app.sidebar.button[0].click().run()
    assert titles(app) == f"1 · {COURSE[0].title}"


def test_links_onward_stand_in_the_whole_app_alone() -> None:
    app = opened(lesson=LESSON.key, said=UNSAID, done=LESSON.key)
    assert not app.sidebar.selectbox and "page_link" in parts(app)  # lessons choose their models themselves


def test_what_a_browser_sends_is_read_with_care() -> None:
    good = {"serial": "x", "at": 3, "said": "1", "told": True}
    assert read_place(good, 3, 5) == Place(3, "1", True)
    assert read_place({**good, "said": UNSAID}, 3, 5) == Place(3, UNSAID, True)
    for wrong in (
        {"at": 5},
        {"at": -1},
        {"at": 2.0},
        {"at": True},
        {"said": "3"},
        {"said": 1},
        {"said": ""},
        {"told": 1},
    ):
        assert read_place({**good, **wrong}, 3, 5) is None
    assert read_place(None, 3, 5) is None and read_place({}, 3, 5) is None
