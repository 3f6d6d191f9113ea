"""The page Apply through the frame: each view on shipped models, its verdict, its command, and what cannot be."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import streamlit as st
import tyro
from streamlit.testing.v1 import AppTest

from ui import cache
from ui.apply import few, made, missing, odd, reading, views
from ui.cache import applying
from vae_core.apply.asked import PROGRAM, Apply, line_of
from vae_core.config import PROJECT
from vae_core.guests import Store

RUNS = ("digits-10d", "breast-cancer", "digits-class", "digits-m2", "digits-gan")
TITLE = "What is it good for?"


@pytest.fixture(scope="module")
def runs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("apply")
    (root / "runs").mkdir()
    for name in RUNS:
        shutil.copytree(PROJECT / "checkpoints" / name, root / "checkpoints" / name)
    return root


@pytest.fixture
def app(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("LATENTARIUM_RUNS", str(runs_folder / "runs"))
    monkeypatch.setenv("LATENTARIUM_CHECKPOINTS", str(runs_folder / "checkpoints"))
    page = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    page.switch_page("pages/apply.py")
    yield page
    for job in list(applying._kept().jobs.values()):
        job.stopping.set()
        job.done.wait(30)
    st.cache_resource.clear()


def opened(app: AppTest, run: str, view: str, **params: str) -> AppTest:
    """The view once everything that it computes unasked is there."""
    for name, value in {"run": run, "view": view, **params}.items():
        app.query_params[name] = value
    return settled(app.run())


def settled(app: AppTest) -> AppTest:
    while any(button.label == "Stop" for button in app.main.button):
        for job in list(applying._kept().jobs.values()):
            assert job.done.wait(60), job.text
        app.run()
    assert not app.exception, app.exception
    assert app.title[0].value == TITLE and not app.main.error
    return app


def texts(app: AppTest) -> str:
    kinds = (app.main.markdown, app.main.caption, app.main.success, app.main.info, app.main.warning, app.main.subheader)
    return "\n".join(element.value for kind in kinds for element in kind)


def charts(app: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.main.get("plotly_chart")]


def lines(app: AppTest) -> list[str]:
    return [code.value for code in app.main.code]


VERDICT = ("is better than every baseline", "A baseline wins", "No clear difference", "No fair comparison",
           "fewer errors", "more errors", "no clear difference")  # fmt: skip


@pytest.mark.parametrize(
    ("run", "view"),
    [*((run, view) for run in ("digits-10d", "breast-cancer") for view in views.VIEWS),
     *(("digits-class", view) for view in (views.MADE, views.WAYS, views.FEW))],
)  # fmt: skip
def test_a_first_look_shows_a_verdict_beside_baselines_and_a_command_that_parses(
    app: AppTest, run: str, view: str
) -> None:
    opened(app, run, view)
    if (run, view) == ("digits-class", views.FEW):
        assert "is told the class and infers none" in texts(app) and "Models that can:" in texts(app)
        links = [link.proto.label for link in app.main.get("page_link")]
        assert links and len(set(links)) == len(links)
        return
    assert any(words in texts(app) for words in VERDICT)
    assert charts(app)
    for line in lines(app):
        words = shlex.split(line)[len(PROGRAM.split()) :]
        asked = tyro.cli(Apply, args=words).application
        assert asked.run == run and line_of(asked) == line
    assert lines(app) and app.main.get("download_button")


SETTINGS = {
    "normal=8 alone": (views.ODD, "digits-10d", {"normal": "8", "trained": "one", "alarms": "0.1"}),
    "holes": (views.MISSING, "digits-10d", {"holes": "0-15,20"}),
    "columns": (views.MISSING, "breast-cancer", {"holes": "0-3"}),
    "made": (views.MADE, "digits-10d", {"k": "30", "labels": "5", "t": "0.7"}),
    "probe": (views.READ, "digits-10d", {}),
    "few": (views.FEW, "digits-m2", {}),
}
ASKED = {
    views.ODD: odd.asked_of,
    views.MISSING: missing.asked_of,
    views.MADE: made.asked_of,
    views.READ: reading.asked_of,
    views.FEW: few.asked_of,
}


@pytest.mark.parametrize("which", SETTINGS)
def test_the_command_on_the_page_asks_what_the_address_asks(
    which: str, app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, run, params = SETTINGS[which]
    monkeypatch.setattr("ui.apply.jobs.SMALL", 0)  # nothing has to be computed for this
    opened(app, run, view, **params)
    asked = [tyro.cli(Apply, args=shlex.split(line)[len(PROGRAM.split()) :]).application for line in lines(app)]
    with monkeypatch.context() as patch:
        patch.setattr("ui.state.page_param", _from(params))
        expected = ASKED[view](cache.get_run(run))
    assert expected in asked
    if view == views.ODD:
        assert (expected.normal, expected.anew, expected.false_alarms) == ("8", True, 0.1)
        assert any(button.label.startswith("Compute") for button in app.main.button)


def _from(params: dict[str, str]):
    def page_param(name, default, parse):
        return parse(params[name]) if name in params else default

    return page_param


def test_another_score_and_the_oddest_samples_follow(app: AppTest) -> None:
    opened(app, "digits-10d", views.ODD, score="mean")
    assert "The oddest by distance to the mean" in texts(app)
    assert sum("as the model makes it" in picture.proto.imgs[0].alt for picture in app.main.get("image")) == 8
    opened(app, "breast-cancer", views.ODD, score="density", normal="benign")
    table = next(one.value for one in app.main.dataframe if "redrawn worst" in one.value)
    assert list(table["sample"].str.startswith("odd")) == [True] * 8  # as docs/apply.md has it
    assert set(table["redrawn worst"]) <= set(cache.get_run("breast-cancer").config.data.columns)


def test_brushing_more_away_changes_what_is_filled_in(app: AppTest) -> None:
    opened(app, "digits-10d", views.MISSING, holes="0-7", at="12")
    first = [line for line in lines(app) if "--at 12" in line]
    assert first and "--holes 0-7" in first[0]
    opened(app, "digits-10d", views.MISSING, holes="0-31", at="12")
    assert any("--holes 0-31 --at 12" in line for line in lines(app))
    opened(app, "digits-10d", views.MISSING, holes="none")
    assert "Nothing is missing yet" in texts(app) and not lines(app)


def test_two_groups_of_the_tray_have_a_vector_with_its_effect(app: AppTest) -> None:
    run = cache.get_run("digits-10d")
    zeros, ones = (run.codes.index[np.flatnonzero(run.codes.y == label)[:8]].tolist() for label in (0, 1))
    tray = ".".join(map(str, [*zeros, *ones]))
    opened(app, "digits-10d", views.WAYS, tray=tray, groups="tray")
    assert "more than chance" in texts(app)
    assert any("--first" in line and "--second" in line for line in lines(app))
    mixed = ".".join(map(str, [*zeros[::2], *ones[::2]])), ".".join(map(str, [*zeros[1::2], *ones[1::2]]))
    opened(app, "digits-10d", views.WAYS, tray=tray, groups="tray", in_a=mixed[0], in_b=mixed[1])
    assert "no more than chance" in texts(app)
    opened(app, "digits-10d", views.WAYS, tray=".".join(map(str, zeros[:2])), groups="tray")
    assert "put four or more into the tray" in texts(app)


def test_a_guest_is_filled_in_and_can_be_in_a_group(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.apply.jobs.SMALL", 0)  # the guest alone
    run = cache.get_run("digits-10d")
    pictures = cache.get_pictures("digits-10d", tuple(run.codes.index[:2].tolist())).pixels
    guests = [Store.here().add(run.config.data, picture[None].copy()).number for picture in pictures]
    others = run.codes.index[2:4].tolist()
    tray = ".".join(map(str, [*guests, *others]))
    opened(app, "digits-10d", views.MISSING, tray=tray)
    assert any(f"--at {guests[0]}" in line for line in lines(app))
    opened(app, "digits-10d", views.WAYS, tray=tray, groups="tray")
    assert any(f"--first {others[0]} {others[1]} --second {guests[0]} {guests[1]}" in line for line in lines(app))
    assert "Effect size" in texts(app)


def test_a_long_search_is_left_out_until_it_is_asked_for(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.apply.jobs.SMALL", 0)
    opened(app, "digits-10d", views.ODD)
    assert "--scores" in lines(app)[0] and "regret" not in lines(app)[0]
    opened(app, "digits-10d", views.ODD, search="yes")
    assert "--scores" not in lines(app)[0]


def test_the_address_of_a_strength_moves_a_row_of_a_table(app: AppTest) -> None:
    opened(app, "breast-cancer", views.WAYS, strength="0")
    before = charts(app)[0]["data"][0]
    opened(app, "breast-cancer", views.WAYS, strength="1.5")
    assert charts(app)[0]["data"][0] != before


def test_a_model_that_cannot_is_told_why_and_others_are_named(app: AppTest) -> None:
    for view in views.VIEWS:
        opened(app, "digits-gan", view)
        assert "Not with this model." in texts(app) and "no encoder" in texts(app)
        labels = [link.proto.label for link in app.main.get("page_link")]
        assert any("Sigma-VAE" in label for label in labels)


def test_a_senseless_address_opens_the_usual(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.apply.jobs.SMALL", 0)
    opened(app, "digits-10d", views.ODD, normal="x", odd="y", alarms="7", score="z", trained="?")
    assert lines(app)[0].startswith("python -m vae_core apply anomaly digits-10d --normal 3 --scores distortion elbo")
    opened(app, "digits-10d", views.MISSING, holes="0-63", at="-1")
    assert any("--half lower" in line for line in lines(app))
    opened(app, "digits-10d", "x")
    assert "Some samples count as **normal**" in texts(app)


def test_a_job_that_is_stopped_ends_and_can_be_asked_for_again(app: AppTest) -> None:
    opened(app, "breast-cancer", views.ODD, trained="one")
    go = next(button for button in app.main.button if button.label.startswith("Compute"))
    go.click().run()
    stop = next(button for button in app.main.button if button.label == "Stop")
    (job,) = [job for job in applying._kept().jobs.values() if not job.ended]
    stop.click().run()
    assert job.done.wait(30) and job.stopped and job.found is None
    app.run()
    assert any(button.label.startswith("Compute") for button in app.main.button) and not app.exception


def test_what_is_chosen_with_the_click_is_what_is_computed(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.apply.jobs.SMALL", 0)
    opened(app, "digits-10d", views.MISSING)
    go = next(button for button in app.main.button if button.label == "Compute the errors")
    choice = next(part for part in app.main.segmented_control if part.label == "Missing")
    assert choice.value != "upper"
    choice.set_value("upper")
    settled(go.click().run())
    begun = [asked for asked, _ in applying._kept().jobs if asked.at < 0]
    assert [asked.holes for asked in begun] == ["0-31"]  # the upper half of 8 x 8
    assert not any(button.label == "Compute the errors" for button in app.main.button)


def test_what_begins_unasked_does_not_begin_again_once_it_is_stopped(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(asked, run, others, progress):
        while True:
            progress(0.1, "on and on")
            Event().wait(0.01)

    with monkeypatch.context() as patch:
        patch.setattr("vae_core.apply.doing.do", endless)
        patch.setattr("ui.apply.jobs.AT_ONCE", 0.01)
        app.query_params["run"], app.query_params["view"] = "breast-cancer", views.READ
        app.run()
        next(button for button in app.main.button if button.label == "Stop").click().run()
    assert not applying._kept().jobs and not app.exception
    go = next(button for button in app.main.button if button.label == "Compute probes and groups")
    assert any(words in texts(settled(go.click().run())) for words in VERDICT)
