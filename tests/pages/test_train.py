"""The training page through the frame: its form, and what it says of runs in every state. No worker is started."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.pages.toy import write_toy_run
from ui import cache, steering, train_form, training
from vae_core import launch
from vae_core.config import PROJECT, TrainConfig, check_name
from vae_core.data import CARDS, DatasetError, is_available, load_dataset
from vae_core.launch import Spawned, begin, look
from vae_core.objective_cards import OBJECTIVE_CARDS
from vae_core.runs.database import open_store
from vae_core.zoo import ZOO


@pytest.fixture
def app(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setattr(begin, "spawn", lambda folder, words: Spawned(os.getpid()))
    st.cache_data.clear()
    page = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    page.switch_page("pages/train.py")
    yield page
    st.cache_data.clear()


def texts(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.error, app.warning, app.info, app.success, app.subheader)
    return "\n".join(element.value for kind in kinds for element in kind)


def button(app: AppTest, label: str) -> object:
    return next(element for element in app.button if element.label == label)


def labels(app: AppTest) -> set[str]:
    return {element.label for element in app.button}


def param(app: AppTest, name: str) -> str:
    value = app.query_params[name]
    return value if isinstance(value, str) else value[-1]


def name_input(app: AppTest) -> object:
    return next(element for element in app.text_input if element.label == "Name")


def number(app: AppTest, label: str) -> object:
    return next(element for element in app.number_input if element.label == label)


def test_the_form_suggests_a_name_and_starts(app: AppTest, no_runs: Path) -> None:
    app.run()
    assert not app.exception
    assert app.title[0].value == "How does a latent space form?"
    assert name_input(app).value == "digits-2d-beta1"
    number(app, "Latent dimensions").set_value(7).run()
    assert name_input(app).value == "digits-7d-beta1"
    assert param(app, "latent_dim") == "7"
    button(app, "Start training").click().run()
    assert not app.exception
    row = open_store().get("digits-7d-beta1")
    assert row is not None and row.train_config.latent_dim == 7 and row.train_config.out == no_runs / row.name
    assert param(app, "watch") == "digits-7d-beta1" and "latent_dim" not in app.query_params
    assert {"Stop", "New training"} <= labels(app)
    button(app, "Stop").click().run()
    assert open_store().get("digits-7d-beta1").request == "stop"
    assert button(app, "Stopping").disabled
    button(app, "New training").click().run()
    assert name_input(app).value == "digits-7d-beta1-2", "the suggested name is a free one"
    assert "digits-7d-beta1" in app.main.get("page_link")[0].proto.label


@pytest.mark.parametrize(
    ("label", "value"), [("Latent dimensions", 9999), ("Batch size", 0), ("Epochs", 0), ("β", -1.0)]
)
def test_a_number_out_of_range_is_said_and_never_started(app: AppTest, label: str, value: float) -> None:
    app.run()
    good = number(app, label).value
    number(app, label).set_value(value).run()
    assert not app.exception
    assert f":red[{label}: at least" in texts(app) and "out of its range" in texts(app)
    assert button(app, "Start training").disabled
    number(app, label).set_value(good).run()
    assert not button(app, "Start training").disabled and "out of its range" not in texts(app)
    assert open_store().all() == []


def test_two_clicks_are_one_start(app: AppTest) -> None:
    app.run()
    start, name = button(app, "Start training"), name_input(app)
    start.click().run()
    assert len(open_store().all()) == 1
    app.query_params["watch"] = "-"  # the second click comes from the form as it still stood
    name.set_value("digits-2d-beta1")
    start.click().run()
    assert not app.exception and not app.error
    assert param(app, "watch") == "digits-2d-beta1" and len(open_store().all()) == 1


def test_what_comes_with_the_click_counts(app: AppTest) -> None:
    app.run()
    number(app, "Latent dimensions").set_value(7)
    name_input(app).set_value("mine")
    button(app, "Start training").click().run()
    assert not app.exception and [row.name for row in open_store().all()] == ["mine"]
    assert open_store().get("mine").train_config.latent_dim == 7


def test_another_visitors_run_is_not_touched(app: AppTest, no_runs: Path) -> None:
    app.run()
    name_input(app).set_value("ours").run()
    launch.start(TrainConfig(seed=5, out=no_runs / "ours"))  # somebody else's click comes first
    button(app, "Start training").click().run()
    assert "ours is being trained already: watch it, stop it, or choose another name." in texts(app)
    assert open_store().get("ours").config["seed"] == 5


@pytest.mark.parametrize("name", ["../x", "a b", ".hidden", "ä"])
def test_a_name_that_is_none_cannot_start(app: AppTest, name: str) -> None:
    app.run()
    name_input(app).set_value(name).run()
    assert button(app, "Start training").disabled
    assert "cannot name a run" in texts(app)


def test_a_name_that_is_taken_cannot_start(app: AppTest, no_runs: Path) -> None:
    (no_runs / "taken").mkdir()
    (no_runs / "taken" / "config.json").write_text("{}")
    app.run()
    name_input(app).set_value("taken").run()
    assert button(app, "Start training").disabled
    assert "There is a run called taken already: choose another name." in texts(app)


def test_presets_fill_the_form(app: AppTest) -> None:
    app.run()
    for preset in train_form.PRESETS:
        button(app, preset.label).click().run()
        assert not app.exception
        for field, value in {**train_form.begun_with(preset.settings["family"]), **preset.settings}.items():
            assert app.session_state[f"latentarium.train.{field}"] == train_form.written(field, value)
    assert name_input(app).value == "sprites-10d-beta4"


def test_a_link_fills_the_form(app: AppTest) -> None:
    app.query_params.update({"data": "sprites", "beta": "4", "latent_dim": "many", "net": "conv", "seed": "-1"})
    app.run()
    assert not app.exception
    assert (number(app, "β").value, number(app, "Latent dimensions").value) == (4.0, 2)
    assert name_input(app).value == "sprites-2d-beta4"
    assert app.session_state["latentarium.train.length"] == "steps", "200 epochs of sprites would take a day"


def test_the_capacity_objective_has_its_own_settings(app: AppTest) -> None:
    app.query_params["objective"] = "capacity"
    app.run()
    shown = {element.label for element in app.number_input}
    assert {"C (nats)", "γ", "Climb of C (steps)"} <= shown and not {"β", "Free bits (nats)"} & shown
    button(app, "Start training").click().run()
    assert open_store().get("digits-2d-c25").train_config.objective == "capacity"


@pytest.mark.parametrize("name", list(OBJECTIVE_CARDS))
def test_the_form_draws_what_an_objective_has(app: AppTest, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """From TrainConfig alone; a card with other settings gives another form, name and formula."""
    app.query_params["objective"] = name
    app.run()
    own = {field for card in OBJECTIVE_CARDS.values() for field in card.settings}
    drawn = [*app.number_input, *app.get("button_group")]
    shown = {element.key.removeprefix("latentarium.train.") for element in drawn if element.key}
    assert shown & own == set(OBJECTIVE_CARDS[name].settings)
    assert all(element.help for element in app.number_input)
    odd = replace(OBJECTIVE_CARDS[name], settings=("warmup_from", "precision", "gamma"), fact="w", tag="w", unit="")
    monkeypatch.setitem(OBJECTIVE_CARDS, name, odd)
    monkeypatch.setitem(train_form.DEFAULTS, "precision", "auto")
    app.run()
    assert not app.exception and name_input(app).value == "digits-2d-w0"
    assert {"Warm-up from", "γ"} <= {element.label for element in app.number_input}
    assert "Precision" in {element.label for element in app.get("button_group")}


def test_an_objective_that_is_made_for_another_model_is_not_started(app: AppTest) -> None:
    app.query_params["objective"] = "adversarial"
    app.run()
    assert not app.exception and button(app, "Start training").disabled
    assert "The adversarial objective takes the bottleneck none, not gaussian." in texts(app)


def test_a_warm_up_that_comes_down_goes_into_the_run(app: AppTest) -> None:
    app.run()
    number(app, "Warm-up (steps)").set_value(500).run()
    number(app, "Warm-up from").set_value(20.0).run()
    assert param(app, "warmup_from") == "20.0"
    button(app, "Start training").click().run()
    config = open_store().get("digits-2d-beta1").train_config
    assert (config.warmup_steps, config.warmup_from) == (500, 20.0)
    assert "Nats per sample; here β = 1, Warm-up (steps) = 500, Warm-up from = 20." in texts(app)


def test_data_that_is_not_here_is_offered(app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTARIUM_DATA", str(tmp_path))
    begun: list[str] = []
    monkeypatch.setattr(cache, "start_download", begun.append)
    app.query_params["data"] = "mnist"
    app.run()
    assert button(app, "Start training").disabled and "Download the data first." in texts(app)
    assert not any("dSprites" in option for option in app.main.selectbox[0].options)
    button(app, "Download MNIST (12 MB)").click().run()
    assert begun == ["mnist"]


def test_a_download_that_fails_says_why(app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTARIUM_DATA", str(tmp_path))
    failed = cache.Download(problem="MNIST could not be downloaded.", ended=True)
    monkeypatch.setattr(cache, "get_download", lambda name: failed)
    app.query_params["data"] = "mnist"
    app.run()
    assert "MNIST could not be downloaded." in texts(app) and "Download MNIST (12 MB)" in labels(app)


def test_a_download_shows_how_far_it_is(app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTARIUM_DATA", str(tmp_path))
    under_way = cache.Download(fraction=0.4, text="Downloading MNIST: 4.6 of 11.6 MB")
    monkeypatch.setattr(cache, "get_download", lambda name: under_way)
    app.query_params["data"] = "mnist"
    app.run()
    assert not app.exception
    bar = app.main.get("progress")[0].proto
    assert (bar.value, bar.text) == (40, "Downloading MNIST: 4.6 of 11.6 MB")


def test_a_download_ends_with_its_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import vae_core.data

    def refuse(name: str, *, download: bool, progress: Callable[[float, str], None]) -> None:
        progress(0.5, f"half of {name}")
        raise DatasetError("No mirror answers.")

    monkeypatch.setattr(vae_core.data, "load_dataset", refuse, raising=False)
    download = cache.Download()
    download.fetch("mnist")
    assert download == cache.Download(fraction=0.5, text="half of mnist", problem="No mirror answers.", ended=True)


def enter(no_runs: Path, name: str, **values: object) -> None:
    store = open_store()
    config = TrainConfig(
        latent_dim=3, beta=2.5, batch_size=32, hidden=(64, 32), weights="fp16", title="Wild", out=no_runs / name
    )
    store.enter(no_runs / name, config, seen=store.get(name))
    (no_runs / name).mkdir(exist_ok=True)
    store.note(name, **values)


def test_a_failed_run_says_why_and_lends_its_settings(app: AppTest, no_runs: Path) -> None:
    enter(no_runs, "wild", state="failed", message="The loss was no longer a number at step 3.")
    app.query_params["watch"] = "wild"
    app.run()
    assert app.error[0].value == "The loss was no longer a number at step 3."
    assert not {"Stop", "Resume"} & labels(app)
    button(app, "Use these settings").click().run()
    assert not app.exception
    assert (number(app, "β").value, number(app, "Latent dimensions").value) == (2.5, 3)
    assert "Taken over as well: weights fp16." in texts(app), "settings without a field go along"
    button(app, "Start training").click().run()
    again = open_store().get("digits-3d-beta2.5").train_config
    assert (again.hidden, again.batch_size, again.weights, again.title) == ((64, 32), 32, "fp16", "")


@pytest.mark.parametrize(("rate", "dear"), [(0.04, True), (0.04, False), (3.0, True)])
def test_a_code_that_collapsed_gets_no_tick_and_a_sentence(
    app: AppTest, no_runs: Path, rate: float, dear: bool
) -> None:
    folder = write_toy_run(no_runs)
    said = json.loads((folder / "config.json").read_text())
    said["test"] = {"step": 9, "distortion": 50.0, "rate": rate, "objective": 60.0}
    said["train"]["turns"] = [{"step": 1, "setting": "beta", "value": 100.0}] if dear else []
    (folder / "config.json").write_text(json.dumps(said))
    app.query_params["watch"] = folder.name
    app.run()
    assert not app.exception and len(app.success) == (rate > 1)
    assert ("tells nothing of a sample (rate 0.0 nats)" in texts(app)) == (rate < 1)
    assert ("train again with a smaller beta" in texts(app)) == (dear and rate < 1)
    pages = {link.proto.label for link in app.main.get("page_link")}
    assert {"Open in the Atlas", "Compare"} <= pages and "Disentangle" not in pages, "digits have no known factors"


def test_training_once_more_repeats_what_was_changed_meanwhile(app: AppTest, no_runs: Path) -> None:
    enter(no_runs, "steered", state="failed", message="The loss was no longer a number at step 3.")
    turn = {"step": 31, "setting": "beta", "value": 4.0}
    open_store().note("steered", config={**open_store().get("steered").config, "turns": [turn]})
    app.query_params["watch"] = "steered"
    app.run()
    button(app, "Use these settings").click().run()
    assert "Taken over as well: weights fp16, β 4 from step 31." in texts(app)
    button(app, "Start training").click().run()
    again = open_store().get("digits-3d-beta2.5").train_config
    assert [turn.model_dump() for turn in again.turns] == [turn]


def test_an_interrupted_run_offers_to_resume(app: AppTest, no_runs: Path) -> None:
    enter(no_runs, "cut", state="running", step=30, total=60)
    app.query_params["watch"] = "cut"
    app.run()
    assert not app.exception
    assert "ended without a word" in app.warning[0].value
    button(app, "Resume").click().run()
    assert not app.exception and open_store().get("cut").state == "queued"
    assert "Stop" in labels(app)


ACCOUNT = {
    "step": 31,
    "loss_before": 30.0,
    "loss_after": 29.5,
    "distortion_before": 28.0,
    "distortion_after": 27.75,
    "rate_before": 2.0,
    "rate_after": 1.75,
    "gradient_norm": 3.5,
}


def orders(name: str) -> list[tuple[str, str, float | None]]:
    return [(order.what, order.setting, order.value) for order in open_store().take_orders(name)]


def test_a_training_is_paused_stepped_and_steered(app: AppTest, no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "PATIENCE", 0.0)  # there is no worker to wait for
    monkeypatch.setattr(look, "FRESH", 60.0)
    enter(no_runs, "ours", state="running", step=30, total=60, pid=os.getpid())
    app.query_params["watch"] = "ours"
    app.run()
    assert button(app, "Step").disabled and "Resume" not in labels(app)
    button(app, "Pause").click().run()
    assert orders("ours") == [("pause", "", None)]

    open_store().note("ours", state="paused")
    app.run()
    assert "Pause" not in labels(app) and app.info[0].value.startswith("Paused: nothing changes")
    button(app, "Step").click().run()
    button(app, "Resume").click().run()
    assert orders("ours") == [("step", "", None), ("go on", "", None)]
    open_store().note("ours", step=31, account=ACCOUNT)
    app.run()
    assert app.info[0].value == (
        "**Step 31** on its own batch: **loss 30.00 → 29.50** (−0.500) · gradient norm 3.5 · "
        "distortion 28.00 → 27.75 · rate 2.00 → 1.75"
    )

    number(app, "β").set_value(4.0)
    button(app, "Apply").click().run()
    assert orders("ours") == [("steer", "beta", 4.0)], "what was not changed is not sent"
    number(app, "Learning rate").set_value(-1.0)
    button(app, "Apply").click().run()
    assert app.error[0].value == "Learning rate cannot be -1: it should be greater than 0." and not app.exception
    turn = {"step": 31, "setting": "beta", "value": 4.0}
    open_store().note("ours", config={**open_store().get("ours").config, "turns": [turn]})
    app.run()
    assert "Steered: β 2.5 → 4 at step 31." in texts(app)
    assert number(app, "β").value == 4.0, "the field shows what is in force"
    stopped = button(app, "Stop").click().run()
    assert open_store().get("ours").request == "stop" and not stopped.exception


@pytest.mark.parametrize("name", ["../../etc", "nobody", "%00"])
def test_a_run_that_is_not_there_is_one_sentence(app: AppTest, name: str) -> None:
    app.query_params["watch"] = name
    app.run()
    assert not app.exception and len(app.error) == 1


def test_a_damaged_database_is_one_sentence(app: AppTest, no_runs: Path) -> None:
    (no_runs / "runs.db").write_bytes(b"not a database" * 99)
    app.run()
    assert not app.exception
    assert any("move it away" in error.value for error in app.error)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "a moment"), (4.4, "about 4 seconds"), (33, "about 35 seconds"), (200, "about 3 minutes"),
     (3 * 3600, "about 3 hours")],
)  # fmt: skip
def test_time_in_words(seconds: float, words: str) -> None:
    assert training.in_words(seconds) == words


@pytest.mark.parametrize("name", list(CARDS))
def test_sizes_of_training_splits_are_the_true_ones(name: str) -> None:
    if not is_available(name):
        pytest.skip(f"{name} is not on this machine")
    assert CARDS[name].train_size == len(load_dataset(name).splits["train"])


def test_a_rerun_of_the_live_view_is_quick(app: AppTest, no_runs: Path) -> None:
    enter(no_runs, "a", state="running", step=30, total=60)
    app.query_params["watch"] = "a"
    app.run()
    begun = time.process_time()  # of this process alone: others may want the cores
    app.run()
    assert time.process_time() - begun < 3


@pytest.mark.parametrize("family", list(ZOO))
def test_a_family_fills_the_form_and_starts_as_the_zoo_has_it(app: AppTest, family: str) -> None:
    """One click chooses it; what is started is what makes its shipped run, but for how its weights are kept."""
    entry = ZOO[family]
    app.query_params["family"] = family
    app.run()
    assert not app.exception
    assert entry.teaches.split(",")[0].split(":")[0][:30] in texts(app).replace("\\", "")
    shown = {element.key.removeprefix("latentarium.train.") for element in app.number_input if element.key}
    config = entry.config()
    assert ("codebook" in shown) == (config.bottleneck == "vq")
    assert ("latent_dim" in shown) == (config.bottleneck not in ("vq", "fsq", "ladder"))
    assert ("labels" in shown) == (config.bottleneck in ("class", "stacked"))
    assert ("word_dropout" in shown) == (CARDS[config.data].kind == "text")
    assert ("learning_rate" in shown) == (config.bottleneck != "linear")
    assert not button(app, "Start training").disabled, texts(app)
    button(app, "Start training").click().run()
    assert not app.exception
    (row,) = open_store().all()
    for field, value in entry.settings.items():
        assert getattr(row.train_config, field) == value, field
    assert row.name == check_name(row.name)


def test_data_that_does_not_fit_a_family_is_one_sentence(app: AppTest) -> None:
    app.query_params.update({"family": "digits-vq", "data": "wine"})
    app.run()
    assert not app.exception and button(app, "Start training").disabled
    assert len(app.error) == 1 and app.error[0].value.endswith(".")


def test_levels_are_written_and_what_is_none_is_said(app: AppTest) -> None:
    app.query_params.update({"family": "digits-ladder", "levels": "3.5"})
    app.run()
    levels = next(element for element in app.text_input if element.label == "Levels")
    assert levels.value == "3, 5"
    levels.set_value("2, 4, 6").run()
    assert param(app, "levels") == "2.4.6" and "levels2-4-6" in name_input(app).value.replace("ladder", "levels")
    for wrong in ("two", "4", "2, 99"):
        next(element for element in app.text_input if element.label == "Levels").set_value(wrong).run()
        assert not app.exception and button(app, "Start training").disabled and ":red[Levels" in texts(app)


def test_a_family_of_ones_own_is_found_again(app: AppTest) -> None:
    assert train_form.family_of(ZOO["digits-fsq"].config()) == "digits-fsq"
    assert train_form.family_of(TrainConfig(data="sprites", beta=3)) == "sprites-beta4"
    assert train_form.family_of(TrainConfig(bottleneck="point", objective="mmd")) == ""
