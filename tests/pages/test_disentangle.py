"""The page Disentangle through the frame: its views, a cell in the address, scores, seeds, names, what is missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.pages.toy import TOYS, write_toy, write_toy_run
from ui import cache, map_jobs
from ui.lab import study
from vae_core.config import PROJECT
from vae_core.data import load_dataset
from vae_core.metrics.disentanglement import METRICS, mig
from vae_core.runs import load_run, scores
from vae_core.runs.codes import write_codes
from vae_core.studies import METHODS

TITLE = "Which dimension carries which factor?"
COLOUR = "colour-tcvae"


@pytest.fixture
def app(no_runs: Path) -> Iterator[AppTest]:
    st.cache_data.clear()
    unscored = shutil.ignore_patterns(scores.FILE)
    shutil.copytree(PROJECT / "checkpoints" / COLOUR, no_runs.parent / "checkpoints" / COLOUR, ignore=unscored)
    page = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    page.switch_page("pages/disentangle.py")
    yield page
    st.cache_data.clear()


def opened(app: AppTest, **params: str) -> AppTest:
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def texts(app: AppTest) -> str:
    kinds = (app.main.markdown, app.main.caption, app.main.error, app.main.warning, app.main.info, app.main.subheader)
    return "\n".join(element.value for kind in kinds for element in kind)


def charts(app: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.main.get("plotly_chart")]


def box(app: AppTest, label: str):
    return next(one for one in app.main.selectbox if one.label == label)


def values(chart: dict) -> np.ndarray:
    """The matrix in a chart's heat map."""
    z = chart["data"][0]["z"]
    if isinstance(z, dict):
        return np.frombuffer(__import__("base64").b64decode(z["bdata"]), z["dtype"]).reshape(
            [int(part) for part in z["shape"].split(",")]
        )
    return np.array(z, dtype=float)


# -- factors -----------------------------------------------------------------------------------------------


def test_the_matrix_is_there_at_once_and_opens_its_brightest_cell(app: AppTest) -> None:
    opened(app, run=COLOUR)
    assert app.title[0].value == TITLE and not app.error
    matrix, curve, *_ = charts(app)
    shown = values(matrix)
    assert shown.shape == (6, 8) and shown.min() >= 0 and shown.max() <= 1
    best = np.unravel_index(shown.argmax(), shown.shape)
    frame = matrix["layout"]["shapes"][0]
    assert (frame["y0"] + 0.5, frame["x0"] + 0.5) == best
    factor, dimension = box(app, "Factor").value, box(app, "Dimension").value
    assert (
        curve["layout"]["xaxis"]["title"]["text"]
        == factor
        == load_run(PROJECT / "checkpoints" / COLOUR).config.data.factor_names[best[0]]
    )
    assert curve["layout"]["yaxis"]["title"]["text"] == f"code of z{dimension}"
    assert "Measure all scores (a minute or two)" in {button.label for button in app.main.button}


def test_menus_and_the_address_open_the_same_cell(app: AppTest) -> None:
    opened(app, run=COLOUR, factor="scale", dim="0")
    assert (box(app, "Factor").value, box(app, "Dimension").value) == ("scale", "0")
    assert "**scale** moved in the data" in texts(app) and "**z0** moved in the code" in texts(app)
    assert "sleeps" not in texts(app)
    box(app, "Dimension").select("3").run()
    assert "**z3 sleeps: what moves here is noise.**" in texts(app) and "Shown downwards" not in texts(app)
    assert app.query_params["dim"] in ("3", ["3"]) and "**z3** moved in the code" in texts(app)
    box(app, "Factor").select("hue").run()
    assert "**hue** moved in the data" in texts(app) and "**z3** moved in the code" in texts(app)


def test_a_senseless_address_opens_the_usual(app: AppTest) -> None:
    opened(app, run=COLOUR, factor="colour", dim="8", show="x", at="x", view="x")
    assert values(charts(app)[0]).shape == (6, 8) and (box(app, "Factor").value, box(app, "Dimension").value)
    opened(app, dim="-1", at="9" * 30)
    assert values(charts(app)[0]).shape == (6, 8)


def test_another_sample_is_in_the_address(app: AppTest) -> None:
    opened(app, run=COLOUR)
    before = next(part for part in texts(app).splitlines() if part.startswith("**Sample**"))
    next(button for button in app.main.button if button.help == "A random sample for Sample").click().run()
    assert not app.exception and "at" in app.query_params
    after = next(part for part in texts(app).splitlines() if part.startswith("**Sample**"))
    assert before != after and str(app.query_params["at"]).strip("[']") in after


def test_a_name_that_a_visitor_gives_is_kept_and_shown(app: AppTest, no_runs: Path) -> None:
    opened(app, run=COLOUR, factor="x", dim="0")
    field = next(one for one in app.main.text_input if one.label == "What do you call z0?")
    field.set_value("across <b>").run()
    assert load_run(no_runs.parent / "checkpoints" / COLOUR).names == {0: "across <b>"}
    assert r"**across \<b\>** moved in the code" in texts(app)
    assert "across &lt;b&gt;" in json.dumps(charts(app)[0])


def test_data_without_factors_leads_to_the_other_view(app: AppTest, no_runs: Path) -> None:
    write_toy_run(no_runs)
    opened(app, run="toy")
    assert "No factors" in texts(app) and not charts(app)
    links = [link.proto.label for link in app.main.get("page_link")]
    assert len(links) == 1, "to the one model whose factors are known"


def test_factors_that_do_not_vary_and_codes_that_are_no_numbers_are_told_apart(app: AppTest, no_runs: Path) -> None:
    file = no_runs.parent / "checkpoints" / COLOUR / "codes.npz"
    codes = load_run(file.parent).codes
    assert codes.factors is not None
    write_codes(file, replace(codes, factors=np.zeros_like(codes.factors)))
    opened(app, run=COLOUR)
    assert "no factor varies" in texts(app) and "Nobody wrote down" not in texts(app) and not app.error
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vae_core.metrics.disentanglement.mig", refused)
        write_codes(file, codes)
        opened(app)
        assert "cannot be counted: codes are odd." in texts(app) and "No factors" not in texts(app)


def refused(*_: object) -> None:
    raise ValueError("codes are odd")


def test_what_the_model_redraws_stands_beside_the_sample_and_a_bad_one_is_said(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = load_run(PROJECT / "checkpoints" / COLOUR)
    decoded, sweep = cache.get_decoded, cache.get_sweep(COLOUR, int(run.codes.index[0]), 3)
    monkeypatch.setattr(cache, "get_decoded", lambda name, codes, told="": (
        sweep.samples if len(codes) == len(sweep.codes) else decoded(name, codes, told)
    ))  # fmt: skip
    opened(app, run=COLOUR, factor=run.config.data.factor_names[3], dim="0")
    assert "as the model redraws it from its codes" in texts(app) and "is another one" not in texts(app)
    dark = np.zeros_like(sweep.samples)
    monkeypatch.setattr(cache, "get_decoded", lambda name, codes, told="": dark[: len(codes)])
    opened(app)
    assert "**Redrawn, this sample is another one.**" in texts(app)


def test_what_sleeps_but_tells_of_a_factor_is_not_called_noise(app: AppTest, no_runs: Path) -> None:
    shutil.copytree(PROJECT / "checkpoints" / "grammar-collapsed", no_runs.parent / "checkpoints" / "grammar-collapsed")
    opened(app, run="grammar-collapsed", factor="form", dim="8")
    assert "**z8 sleeps:**" in texts(app) and "does tell of form (100%" in texts(app) and "noise" not in texts(app)
    opened(app, factor="verb")
    assert "**z8 sleeps: what moves here is noise.**" in texts(app)


# -- scores ------------------------------------------------------------------------------------------------


def write_some_scores(folder: Path, weights: str = "", names: tuple[str, ...] = ("mig", "dci", "sap")) -> None:
    """Scores as the command line keeps them, of made-up numbers."""
    run = load_run(folder)
    factors, dims = run.config.data.factor_names[:5], run.latent_dim  # as if the last factor never varied
    trial = scores.Trial(perfect=0.99, noise=0.01, rotated=0.2, doubled=0.5)
    matrix = tuple(tuple((k + d) % 5 / 5 for d in range(dims)) for k in range(len(factors)))
    parts = {"dci": {"importance": matrix}, "sap": {"accuracy": matrix}}
    made = {
        name: scores.Score(
            score=0.4, low=0.3, high=0.5, interval="made up", settings={"samples": 1000, "bins": 20}, self_test=trial,
            parts=parts.get(name, {}), figures={"completeness": 0.25} if name == "dci" else {}, seconds=1.0,
        )
        for name in names
    }  # fmt: skip
    scores.write_scores(
        folder,
        scores.Scores(
            weights=weights or scores.weights_mark(folder), split="test", samples=1000, seed=0, factors=factors,
            dimensions=dims, metrics=made,
        ),
    )  # fmt: skip


def test_scores_stand_beside_their_self_test_with_settings_in_words(app: AppTest, no_runs: Path) -> None:
    write_some_scores(no_runs.parent / "checkpoints" / COLOUR)
    opened(app, run=COLOUR)
    cards = "".join(part.proto.body for part in app.main.get("html"))
    assert cards.count("<article") == 3 and "perfect 0.99 · noise 0.01 · rotated 0.20 · doubled 0.50" in cards
    assert "0.30 to 0.50" in cards and "completeness 0.25" in cards
    assert "1,000 samples, 20 equal bins a dimension" in cards and "Eastwood and Williams 2018" in cards
    board = charts(app)[-1]
    assert [trace["name"] for trace in board["data"]] == ["perfect", "noise", "rotated", "doubled", "this model"]
    assert "**Not measured yet:** FactorVAE score, beta-VAE score, Modularity, Explicitness." in texts(app)
    assert len([button for button in app.main.button if "Measure" in button.label]) == 1
    write_some_scores(no_runs.parent / "checkpoints" / COLOUR, names=tuple(METRICS))
    app.run()
    assert "Not measured yet" not in texts(app) and not [b for b in app.main.button if "Measure" in b.label]


def test_the_switch_shows_matrices_of_the_scores(app: AppTest, no_runs: Path) -> None:
    write_some_scores(no_runs.parent / "checkpoints" / COLOUR)
    opened(app, run=COLOUR, show="importance", factor="hue")
    shown = values(charts(app)[0])
    assert (
        shown.shape == (6, 8) and np.isnan(shown[5].astype(float)).all() and not np.isnan(shown[:5].astype(float)).any()
    )


def test_scores_are_measured_by_a_job_that_can_be_stopped(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    words: list[list[str]] = []
    now = {"state": map_jobs.JobState("none")}

    def start(path: Path, asked: list[str]) -> map_jobs.JobState:
        words.append(asked)
        now["state"] = map_jobs.JobState("running", 0.4, "DCI: 3 of 20", stoppable=True)
        return now["state"]

    def stop(path: Path) -> None:
        now["state"] = map_jobs.JobState("none")

    monkeypatch.setattr(map_jobs, "start_job", start)
    monkeypatch.setattr(map_jobs, "stop_job", stop)
    monkeypatch.setattr(map_jobs, "look_at_job", lambda path: now["state"])
    opened(app, run=COLOUR)
    next(button for button in app.main.button if button.label.startswith("Measure")).click().run()
    assert not app.exception and words[0][0] == "evaluate" and words[0][2:] == ["--metrics", "all", "--keep"]
    assert words[0][1].endswith(COLOUR)
    bar = app.main.get("progress")[0].proto
    assert bar.value == 40 and bar.text == "Measuring the scores. DCI: 3 of 20"
    next(button for button in app.main.button if button.label == "Stop").click().run()
    assert not app.main.get("progress") and [b for b in app.main.button if b.label.startswith("Measure")]


def test_a_job_that_failed_says_why_and_can_be_tried_again(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = map_jobs.JobState("failed", text="sprites-colour has no known factors.")
    monkeypatch.setattr(map_jobs, "look_at_job", lambda path: failed)
    opened(app, run=COLOUR)
    assert "no known factors" in texts(app) and any(button.label.startswith("Try again") for button in app.main.button)


def test_a_job_that_ends_with_scores_of_earlier_weights_is_not_begun_again(
    app: AppTest, no_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = no_runs.parent / "checkpoints" / COLOUR
    waiting, running = map_jobs.JobState("waiting"), map_jobs.JobState("running", 0.9, "Modularity")
    now, begun = {"state": waiting}, []

    def start(path: Path, asked: list[str]) -> map_jobs.JobState:
        if now["state"].state == "none":
            begun.append(path)
            now["state"] = running
        return now["state"]

    monkeypatch.setattr(map_jobs, "start_job", start)
    monkeypatch.setattr(map_jobs, "look_at_job", lambda path: now["state"])
    opened(app, run=COLOUR)
    next(button for button in app.main.button if button.label.startswith("Measure")).click().run()
    now["state"] = map_jobs.JobState("none")  # what it waited for is over
    app.run()
    assert len(begun) == 1 and app.main.get("progress"), "what waits for its turn is begun when that comes"
    write_some_scores(folder, weights="0" * 64)
    now["state"] = map_jobs.JobState("none")
    app.run()
    assert not app.exception and len(begun) == 1 and "of other weights" in texts(app)
    assert [button for button in app.main.button if button.label.startswith("Measure")]


def test_broken_scores_are_one_sentence_and_can_be_measured_anew(app: AppTest, no_runs: Path) -> None:
    (no_runs.parent / "checkpoints" / COLOUR / scores.FILE).write_text('{"schema_version": 9}')
    opened(app, run=COLOUR, show="importance")
    assert len(app.main.warning) == 1 and f"{scores.FILE} holds no scores" in app.main.warning[0].value
    assert not app.main.error and [one for one in app.main.button if "Measure" in one.label]
    assert "hue" in box(app, "Factor").options


def test_measures_say_what_a_dimension_that_knows_nothing_gets(app: AppTest, no_runs: Path) -> None:
    folder = no_runs.parent / "checkpoints" / COLOUR
    write_some_scores(folder)
    opened(app, run=COLOUR, show="accuracy")
    factors = load_run(folder).codes.factors
    assert factors is not None
    hovers = charts(app)[0]["data"][1]["hovertext"]
    for row, column in enumerate(factors.T):  # guessing names the value that comes most often
        most = max((column == value).mean() for value in np.unique(column))
        assert f"Guessing gets {most:.1%}" in hovers[8 * row]
    assert "cannot order 32 values" in texts(app)
    opened(app, show="importance")
    assert "here 12%" in texts(app) and "An even share is 12.5%" in charts(app)[0]["data"][1]["hovertext"][0]


def test_the_gap_is_that_of_the_test_samples_as_evaluate_prints_it(app: AppTest, no_runs: Path) -> None:
    shutil.copytree(PROJECT / "checkpoints" / "grammar", no_runs.parent / "checkpoints" / "grammar")
    opened(app, run="grammar")
    codes, test = load_run(PROJECT / "checkpoints" / "grammar").codes, load_dataset("grammar").splits["test"].numpy()
    rows = np.flatnonzero(np.isin(codes.index, test))
    assert codes.factors is not None and 0 < len(rows) < len(codes)
    gap = mig(codes.mean[rows], codes.factors[rows])
    assert f"**MIG {gap.score:.2f}**" in texts(app) and f"({len(rows):,} test samples" in texts(app)


# -- without labels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["gaussian", "autoencoder", "gan", "ladder", "vq", "text-class"])
def test_every_family_opens_without_labels(family: str, app: AppTest, no_runs: Path) -> None:
    write_toy(no_runs, family)
    opened(app, run=family, view="unlabelled")
    assert not app.error, app.error
    able = load_run(no_runs / family).config.model.abilities
    metrics = {metric.label for metric in app.main.metric}
    assert "Active units" in metrics and ("Total correlation" in metrics) == able.closed_rate
    named = [field for field in app.main.text_input if field.label.startswith("What do you call")]
    assert bool(named) == (able.cells is None)


def test_where_a_part_of_the_codes_is_kept_the_total_correlation_is_said_to_be_that_parts(app: AppTest) -> None:
    opened(app, run=COLOUR, view="unlabelled")
    assert "**10,000 samples whose codes are kept**" in texts(app) and "of the 147,456 in the data" in texts(app)
    assert not [metric for metric in app.main.metric if "≥" in metric.value]


def test_other_seeds_are_found_and_compared(app: AppTest, no_runs: Path) -> None:
    train, info = TOYS["gaussian"]
    for seed in range(3):
        write_toy_run(no_runs, f"seed{seed}", train=train.model_copy(update={"seed": seed}), info=info)
    other = train.model_copy(update={"seed": 4, "beta": 2.0})
    write_toy_run(no_runs, "another", train=other, info=info)
    opened(app, run="seed1", view="unlabelled")
    (udr,) = [metric for metric in app.main.metric if metric.label.startswith("UDR")]
    assert udr.label == "UDR, 3 seeds" and float(udr.value) > 0.85, "all three have the same codes"
    assert sorted(app.main.dataframe[0].value["run"]) == ["seed0", "seed1", "seed2"]
    assert app.main.dataframe[0].value["run"][0] == "seed1"


def test_without_other_seeds_the_way_to_some_is_a_sweep_of_them(app: AppTest, no_runs: Path) -> None:
    write_toy_run(no_runs)
    opened(app, run="toy", view="unlabelled")
    assert "no other run of these settings" in texts(app)
    next(button for button in app.main.button if button.label == "Train it from other seeds").click().run()
    assert not app.exception and app.title[0].value == "Which run is worth keeping?"
    assert box(app, "Vary").value == "seed" and box(app, "and").value == ""
    assert next(field for field in app.main.text_input if field.label == "Values").value == "1, 2, 3"


def test_a_decoded_sample_is_said_to_be_one_and_its_download_is_a_click_away(
    app: AppTest, no_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENTARIUM_DATA", str(tmp_path / "none"))
    shutil.copytree(PROJECT / "checkpoints" / "mnist-16d", no_runs.parent / "checkpoints" / "mnist-16d")
    opened(app, run="mnist-16d", view="unlabelled")
    assert "decoded by the model" in texts(app)
    assert any(button.label.startswith("Download MNIST") for button in app.main.button)
    next(button for button in app.main.button if button.label == "Train it from other seeds").click().run()
    (link,) = [one for one in app.main.get("page_link") if one.proto.label == "Download it on the Train page"]
    assert not app.exception and "data=mnist" in link.proto.query_string


# -- a study -----------------------------------------------------------------------------------------------


def results() -> pd.DataFrame:
    rows = [
        {"protocol": "laptop", "objective": key, "weight": float(weight), "seed": seed, "steps": 8000,
         "scored_on": "sprites", "mig": 0.1 * seed + 0.01 * weight, "distortion": 30.0 + weight, "rate": 20.0 - weight,
         "active": 5}
        for key in ("beta", "tcvae") for weight in METHODS[key].weights for seed in range(3)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_study_without_results_says_plainly_what_is_missing(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "study_results", lambda: results().iloc[:0])
    opened(app, view="study")
    (box,) = [info.value for info in app.main.info if "benchmarks.disentanglement" in info.value]
    assert "Models and figures: none of 15 are here" in box and "5 minutes" in box
    assert not charts(app) and not app.error


def test_a_study_has_medians_over_seeds_and_says_how_many(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "study_results", results)
    opened(app, view="study")
    measured, plane = charts(app)
    lines = [trace for trace in measured["data"] if trace["mode"] == "lines+markers"]
    assert [line["name"] for line in lines] == ["β-VAE", "β-TCVAE"]
    assert np.allclose(lines[0]["y"], [0.1 + 0.01 * weight for weight in (1, 2, 4, 8, 16)]), "the median seed is 1"
    assert "3 seeds: each a point" in texts(app)
    named = [trace["name"] for trace in plane["data"] if trace.get("name")]
    assert named == ["β-VAE", "β-TCVAE"]


def test_a_part_of_a_study_is_shown_and_what_lacks_is_named(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = results()
    part = rows[(rows.seed == 0) & ((rows.objective == "beta") | (rows.weight == 4))]
    monkeypatch.setattr(study, "study_results", lambda: part)
    opened(app, view="study")
    assert "Figures: 6 of 15 are here" in texts(app) and "One seed each" in texts(app)
    assert "β-VAE: β = 1, 2, 4, 8, 16\n" in texts(app) and "β-TCVAE: β = 4; not yet β = 1, 2, 8, 16" in texts(app)
    assert "FactorVAE: none yet" in texts(app) and len(charts(app)) == 2


def test_runs_of_the_study_are_traversed_side_by_side(
    app: AppTest, no_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "study_results", lambda: results().iloc[:0])
    for weight in (1, 4):
        write_toy_run(no_runs.parent / "checkpoints", f"study-beta-{weight}")
    opened(app, view="study")
    body = "".join(part.proto.body for part in app.main.get("html"))
    assert body.count("<figure") == 2 and "β = 1" in body and "β = 4" in body
    assert "Models: 2 of 15 are here" in texts(app) and "- β-VAE: β = 1, 4; not yet β = 2, 8, 16" in texts(app)
