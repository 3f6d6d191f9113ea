"""The page of runs through the frame: the table, what is picked, names and notes, deleting with undo, sweeps."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.pages.toy import TOYS, write_toy_run
from ui import run_lines, runs_table
from ui.train_form import info_of
from vae_core import runs, sweep
from vae_core.config import PROJECT, TrainConfig
from vae_core.data import card_of, find_card, is_available
from vae_core.data.cards import all_names
from vae_core.launch import begin
from vae_core.runs import codes, label_of, write_label
from vae_core.runs.database import open_store
from vae_core.runs.trash import delete_run, trash

HISTORY = "step,epoch,loss,distortion,rate,validation_distortion,validation_rate\n" + "".join(
    f"{step},{step / 10},30,{30 - step / 10},{step / 10},{31 - step / 10},{step / 10}\n" for step in (0, 10, 20)
)


def add_run(root: Path, name: str, *, sweep: str = "", state: str = "finished", **settings: object) -> None:
    """A toy with curves and a row."""
    train, info = TOYS["gaussian"]
    train = train.model_copy(update=settings)
    folder = write_toy_run(root, name, train=train, info=info)
    (folder / "history.csv").write_text(HISTORY)
    open_store().enter(folder, train, seen=None, sweep=sweep)
    open_store().note(name, state=state, step=20, total=20, samples_per_second=640.0)


@pytest.fixture
def app(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    spawned = SimpleNamespace(pid=os.getpid(), job="")
    monkeypatch.setattr(begin, "spawn", lambda folder, words: spawned)
    st.cache_data.clear()
    page = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    page.switch_page("pages/runs.py")
    yield page
    st.cache_data.clear()


def texts(app: AppTest) -> str:
    kinds = (app.main.markdown, app.main.caption, app.main.error, app.main.warning, app.main.info, app.main.subheader)
    return "\n".join(element.value for kind in kinds for element in kind)


def button(app: AppTest, label: str):
    return next(element for element in app.main.button if element.label == label)


def labels(app: AppTest) -> set[str]:
    return {element.label for element in app.main.button}


def rows(app: AppTest) -> list[str]:
    return app.main.dataframe[0].value["run"].tolist()


def charts(app: AppTest) -> list[dict]:
    import json

    return [json.loads(chart.proto.spec) for chart in app.main.get("plotly_chart")]


def test_without_runs_the_page_says_how_to_begin(app: AppTest) -> None:
    app.run()
    assert not app.exception and app.title[0].value == "Which run is worth keeping?"
    assert runs_table.EMPTY in texts(app)


def test_the_table_has_what_each_run_reached_and_can_be_searched(app: AppTest, no_runs: Path) -> None:
    add_run(no_runs, "first", beta=4.0)
    add_run(no_runs, "second", objective="tcvae")
    write_toy_run(no_runs.parent / "checkpoints", "shipped")
    app.run()
    assert not app.exception
    frame = app.main.dataframe[0].value
    assert set(frame["run"]) == {"The run first", "The run second"}
    line = frame[frame["run"] == "The run first"].iloc[0]
    assert (line["state"], line["data"], line["objective"], line["size"]) == ("finished", "digits", "β = 4", "4")
    assert (line["distortion"], line["rate"], line["elbo"], line["active"]) == (20.0, 3.0, -23.0, 4)
    assert line["took"] == pytest.approx(20 * 128 / 640)
    app.text_input(runs_table._SEARCH).set_value("tcvae").run()
    assert rows(app) == ["The run second"]
    app.text_input(runs_table._SEARCH).set_value("nothing at all").run()
    assert "No run is like that" in texts(app)
    app.text_input(runs_table._SEARCH).set_value("")
    app.toggle(runs_table._SHIPPED).set_value(True).run()
    assert "The run shipped" in rows(app)
    app.selectbox(runs_table._STATE).select("finished").run()
    assert not app.exception and len(rows(app)) == 3


def test_picked_runs_are_laid_over_each_other_with_what_differs(app: AppTest, no_runs: Path) -> None:
    for beta in (1.0, 2.0, 4.0):
        add_run(no_runs, f"beta{beta:g}", beta=beta)
    app.query_params["picked"] = "beta1,beta4,gone"
    app.run()
    assert not app.exception
    (chart,) = charts(app)
    assert [trace["name"] for trace in chart["data"]] == ["The run beta1", "The run beta4"]
    colours = [trace["line"]["color"] for trace in chart["data"]]
    assert len(set(colours)) == 2
    differences = app.main.dataframe[1].value
    assert differences["β"].tolist() == ["1", "4"]
    assert "cannot be compared" not in texts(app)
    button(app, "Unpick").click().run()
    assert not charts(app) and "picked" not in app.query_params


def test_nats_that_cannot_be_compared_are_said(app: AppTest, no_runs: Path) -> None:
    add_run(no_runs, "black")
    add_run(no_runs, "grey", likelihood="gaussian")
    write_toy_run(no_runs.parent / "checkpoints", "shipped")
    app.query_params["picked"] = "black,grey,~shipped"
    app.run()
    assert not app.exception and "different data or likelihoods" in texts(app)
    assert "Delete 2 runs of your own" in labels(app)


def test_a_name_and_a_note_are_kept_beside_the_run_and_shown(app: AppTest, no_runs: Path) -> None:
    add_run(no_runs, "mine")
    app.query_params["picked"] = "mine"
    app.run()
    app.text_input("latentarium.logbook.title.mine").set_value("Tilt <b>and</b> width").run()
    app.text_input("latentarium.logbook.note.mine").set_value("keep this one").run()
    assert not app.exception
    label = label_of(no_runs / "mine")
    assert (label.title, label.note) == ("Tilt <b>and</b> width", "keep this one")
    frame = app.main.dataframe[0].value
    assert frame["run"].tolist() == ["Tilt <b>and</b> width"] and frame["note"].tolist() == ["keep this one"]
    assert "Tilt <b>and</b> width" in app.sidebar.selectbox[0].options


def test_deleted_runs_come_back(app: AppTest, no_runs: Path) -> None:
    for name in ("a", "b", "c"):
        add_run(no_runs, name)
    app.query_params["picked"] = "a,b"
    app.run()
    button(app, "Delete 2 runs").click().run()
    assert not app.exception and rows(app) == ["The run c"] and len(trash()) == 2
    assert "**2 runs** are deleted" in texts(app)
    button(app, "Undo").click().run()
    assert sorted(rows(app)) == ["The run a", "The run b", "The run c"] and not trash()
    assert app.query_params["picked"] == "a,b", "what was picked is picked again"
    assert "deleted" not in texts(app)


def test_an_undo_that_cannot_be_says_so(app: AppTest, no_runs: Path) -> None:
    add_run(no_runs, "a")
    app.query_params["picked"] = "a"
    app.run()
    button(app, "Delete").click().run()
    open_store().delete("a")
    add_run(no_runs, "a")
    button(app, "Undo").click().run()
    assert not app.exception and "another run called a by now" in texts(app)


def test_a_live_run_cannot_be_deleted(app: AppTest, no_runs: Path) -> None:
    add_run(no_runs, "mine")
    open_store().note("mine", state="running", pid=os.getpid(), step=5)
    app.query_params["picked"] = "mine"
    app.run()
    assert button(app, "Delete").disabled
    assert app.main.dataframe[0].value["state"].tolist() == ["running 25%"]


def test_a_duplicate_fills_the_form(app: AppTest, no_runs: Path) -> None:
    add_run(no_runs, "mine", beta=3.0, latent_dim=4)
    app.query_params["picked"] = "mine"
    app.run()
    button(app, "Duplicate").click().run()
    assert not app.exception
    assert app.title[0].value == "How does a latent space form?"
    assert next(element for element in app.number_input if element.label == "β").value == 3.0


def test_a_run_that_cannot_be_read_is_listed_with_its_problem(app: AppTest, no_runs: Path) -> None:
    add_run(no_runs, "good")
    add_run(no_runs, "broken")
    (no_runs / "broken" / "config.json").write_text("{")
    open_store().delete("broken")
    app.run()
    assert not app.exception
    frame = app.main.dataframe[0].value
    assert "cut short" in frame[frame["run"] == "broken"].iloc[0]["note"]
    app.query_params["picked"] = "broken"


# -- sweeps ------------------------------------------------------------------------------------------------


def add_sweep(root: Path) -> None:
    for beta in (1.0, 4.0):
        for dims in (2, 3):
            add_run(root, f"s-beta{beta:g}-d{dims}", sweep="s", beta=beta, latent_dim=dims)


def test_a_suggested_name_is_sent_once_so_that_it_overwrites_nothing_typed(app: AppTest, no_runs: Path) -> None:
    app.query_params["view"] = "sweeps"
    app.run()
    name = app.text_input("latentarium.sweep.name")
    assert name.proto.set_value and name.value == "sweep-digits"
    app.text_input("latentarium.sweep.values.0.beta").set_value("1, 4").run()
    again = app.text_input("latentarium.sweep.name")
    assert not again.proto.set_value and again.value == "sweep-digits"


def test_a_sweep_is_started_from_the_form(app: AppTest, no_runs: Path) -> None:
    app.query_params["view"] = "sweeps"
    app.run()
    assert not app.exception and "Start 12 runs" in labels(app)
    app.text_input("latentarium.sweep.values.0.beta").set_value("1, x").run()
    assert "'x' is no value for β" in texts(app) and button(app, "Start").disabled
    app.text_input("latentarium.sweep.values.0.beta").set_value("1, 4").run()
    app.text_input("latentarium.sweep.values.1.latent_dim").set_value("2 3").run()
    app.text_input("latentarium.sweep.name").set_value("mine").run()
    next(element for element in app.number_input if element.label == "Epochs of each run").set_value(7).run()
    button(app, "Start 4 runs").click().run()
    assert not app.exception, app.exception
    assert {row.train_config.epochs for row in sweep.runs_of("mine")} == {7}
    assert [row.name for row in sweep.runs_of("mine")] == [
        "mine-beta1-d2", "mine-beta1-d3", "mine-beta4-d2", "mine-beta4-d3",
    ]  # fmt: skip
    assert "0 of 4 runs have ended" in app.main.get("progress")[0].proto.text
    button(app, "Stop all").click().run()
    assert {row.request for row in sweep.runs_of("mine")} == {"stop"}


def test_what_comes_with_the_click_counts(app: AppTest, no_runs: Path) -> None:
    app.query_params["view"] = "sweeps"
    app.run()
    app.text_input("latentarium.sweep.values.0.beta").set_value("1, 4")
    app.text_input("latentarium.sweep.values.1.latent_dim").set_value("3")
    app.text_input("latentarium.sweep.name").set_value("mine")
    next(element for element in app.number_input if element.label == "Epochs of each run").set_value(7)
    button(app, "Start 12 runs").click().run()
    assert not app.exception
    assert {row.name: row.train_config.epochs for row in open_store().all()} == {"mine-beta1-d3": 7, "mine-beta4-d3": 7}


def test_a_sweep_that_was_started_by_a_click_before_is_shown(app: AppTest, no_runs: Path) -> None:
    app.query_params["view"] = "sweeps"
    app.run()
    once = app.session_state["latentarium.sweep.once"]
    base = TrainConfig(data="digits", epochs=1)
    planned = sweep.expand(base, [sweep.parse_axis("seed", "0 1")], "before", info_of(card_of("digits")))
    sweep.start(planned, "before")
    once(str, lambda _: "before")  # its callback ended before it said so
    button(app, "Start 12 runs").click().run()
    assert not app.exception and {row.sweep for row in open_store().all()} == {"before"}
    assert "0 of 2 runs have ended" in app.main.get("progress")[0].proto.text


def test_values_that_come_with_the_click_and_are_none_start_nothing(app: AppTest, no_runs: Path) -> None:
    app.query_params["view"] = "sweeps"
    app.run()
    app.text_input("latentarium.sweep.values.0.beta").set_value("1, x")
    button(app, "Start 12 runs").click().run()
    assert not app.exception and "'x' is no value for β" in texts(app) and not open_store().all()
    app.text_input("latentarium.sweep.values.0.beta").set_value("1, 4").run()
    assert "is no value" not in texts(app) and not button(app, "Start 6 runs").disabled


def test_data_that_is_not_here_starts_nothing_and_is_said_once(app: AppTest, no_runs: Path) -> None:
    cards = [find_card(name) for name in all_names() if not is_available(name)]
    lacking = [card.name for card in cards if card is not None and card.download_mb]
    if not lacking:
        pytest.skip("all data is on this machine")
    add_run(no_runs, "far", data=lacking[0])
    add_run(no_runs, "near")
    app.query_params["view"] = "sweeps"
    app.run()
    app.selectbox("latentarium.sweep.base").set_value("far")
    button(app, "Start 12 runs").click().run()
    assert not app.exception and "is not on this machine" in texts(app)
    assert not [row for row in open_store().all() if row.sweep]
    app.selectbox("latentarium.sweep.base").set_value("near").run()
    assert not app.exception and "is not on this machine" not in texts(app)


def test_settings_that_went_before_the_click_start_nothing(app: AppTest, no_runs: Path) -> None:
    add_run(no_runs, "first")
    app.query_params["view"] = "sweeps"
    app.run()
    app.selectbox("latentarium.sweep.base").set_value("first").run()
    delete_run("first")
    button(app, "Start 12 runs").click().run()
    assert not app.exception and "The run whose settings were chosen is gone" in texts(app)
    assert not [row for row in open_store().all() if row.sweep]


def test_the_results_of_a_sweep(app: AppTest, no_runs: Path) -> None:
    add_sweep(no_runs)
    app.query_params["view"], app.query_params["sweep"] = "sweeps", "s"
    app.run()
    assert not app.exception
    plane, heat = charts(app)
    lines = [trace for trace in plane["data"] if not trace.get("meta")]
    assert [trace["name"] for trace in lines] == ["β 1", "β 4"]
    assert heat["data"][0]["type"] == "heatmap"
    html = "\n".join(element.proto.body for element in app.main.get("html"))
    assert html.count("<figure>") == 4 and html.count('src="data:image/png') == 2 * (2 + 3)
    button(app, "Lay curves over each other").click().run()
    assert not app.exception and len(charts(app)[0]["data"]) == 4
    assert app.query_params["picked"] == "s-beta1-d2,s-beta1-d3,s-beta4-d2,s-beta4-d3"


def test_a_sweep_with_a_run_that_cannot_be_read_is_shown_with_the_others(app: AppTest, no_runs: Path) -> None:
    add_sweep(no_runs)
    (no_runs / "s-beta4-d2" / "config.json").write_text("{")
    app.query_params["view"], app.query_params["sweep"] = "sweeps", "s"
    app.run()
    assert not app.exception
    assert sum(len(trace["x"]) for trace in charts(app)[0]["data"] if not trace.get("meta")) == 3


def test_a_sweep_whose_folders_were_taken_away_says_so(app: AppTest, no_runs: Path) -> None:
    add_sweep(no_runs)
    for row in sweep.runs_of("s"):
        shutil.rmtree(row.folder)
    app.query_params["view"], app.query_params["sweep"] = "sweeps", "s"
    app.run()
    assert not app.exception and "are gone" in texts(app)


def test_a_sweep_is_deleted_and_comes_back(app: AppTest, no_runs: Path) -> None:
    add_sweep(no_runs)
    app.query_params["view"], app.query_params["sweep"] = "sweeps", "s"
    app.run()
    button(app, "Delete").click().run()
    assert not app.exception and sweep.runs_of("s") == [] and len(trash()) == 4
    button(app, "Undo").click().run()
    assert not app.exception and len(sweep.runs_of("s")) == 4 and not trash()


@pytest.mark.parametrize("family", [family for family in TOYS if family != "gaussian"])
def test_every_family_has_a_line_and_results(app: AppTest, no_runs: Path, family: str) -> None:
    train, info = TOYS[family]
    for seed in (0, 1):
        config = train.model_copy(update={"seed": seed})
        folder = write_toy_run(no_runs, f"{family}{seed}", train=config, info=info)
        open_store().enter(folder, config, seen=None, sweep="s")
        open_store().note(folder.name, state="finished")
    app.query_params["view"], app.query_params["sweep"] = "sweeps", "s"
    app.run()
    assert not app.exception
    assert len(app.main.dataframe[0].value) == 2


def test_a_second_look_reads_only_what_has_changed(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        add_run(no_runs, f"run{number}")
    run_lines.lines()
    read: list[str] = []
    for module, function in ((runs, "read_card"), (codes, "first_means")):
        before = getattr(module, function)

        def noted(path: Path, *rest: object, before: Callable = before) -> object:
            read.append(path.name)
            return before(path, *rest)

        monkeypatch.setattr(module, function, noted)
    assert len(run_lines.lines()) == 20 and read == []
    write_label(no_runs / "run7", note="a word")
    assert len(run_lines.lines()) == 20 and read == ["run7"]
    os.utime(no_runs / "run3" / "codes.npz")
    run_lines.lines()
    assert sorted(read) == ["codes.npz", "run3", "run7"]
