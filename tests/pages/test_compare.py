"""Compare, run by Streamlit's own test runner: what is compared, what is linked, and what says why it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.pages.toy import PICTURES, TOYS, write_toy, write_toy_run
from ui import cache
from ui.compare.choose import PRESETS, parse_runs
from ui.compare.links import LINKED, moved, rows_of
from ui.components import duet, map
from vae_core.guests import Store, name_of
from vae_core.latent.dimensions import describe
from vae_core.latent.matching import match
from vae_core.runs import scores

PROJECT = Path(__file__).resolve().parents[2]
TITLE = "What do several models make of the same sample?"
VIEWS = ("sliders", "differences", "maps", "figures")


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What the duet and the maps were handed, newest last."""
    calls: list[dict] = []
    for part in (duet, map):
        monkeypatch.setattr(part, "_component", lambda **kwargs: calls.append(kwargs))
    return calls


def frame(**params: str | int) -> AppTest:
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=30)
    app.run()
    app.switch_page("pages/compare.py")
    for name, value in params.items():
        app.query_params[name] = str(value)
    return app.run()


def alone(**params: str | int) -> AppTest:
    """The page without its frame: a third of the time."""
    app = AppTest.from_file(str(PROJECT / "pages" / "compare.py"), default_timeout=30)
    for name, value in params.items():
        app.query_params[name] = str(value)
    return app.run()


def said(app: AppTest) -> str:
    parts = (*app.caption, *app.markdown, *app.info, *app.warning)
    return " ".join(cast(str, part.value) for part in parts)


# ---- what is compared


def test_alone_without_a_run_it_says_how_to_begin(no_runs: Path) -> None:
    app = AppTest.from_file(str(PROJECT / "pages" / "compare.py"), default_timeout=30).run()
    assert not app.exception and app.title[0].value == TITLE and "at least two" in app.info[0].value


def test_one_model_alone_cannot_be_compared(no_runs: Path) -> None:
    write_toy_run(no_runs)
    app = frame(run="toy")
    assert not app.exception and "at least two" in app.info[0].value


def test_through_the_frame_and_again(no_runs: Path, mounted: list[dict]) -> None:
    write_toy_run(no_runs, "one")
    write_toy_run(no_runs, "two")
    app = frame(run="two")
    for _ in range(2):
        assert not app.exception and app.title[0].value == TITLE
        app.run()
    assert [side["title"] for side in mounted[-1]["data"]["sides"]] == ["The run two", "The run one"]


@pytest.mark.parametrize("families", ["gaussian.vq.ladder.class", "m2.gan.quadrants.pca", "autoencoder.vamp"])
def test_every_family_is_compared_or_says_why_not(families: str, no_runs: Path, mounted: list[dict]) -> None:
    names = families.split(".")
    for name in names:
        write_toy(no_runs, name)
    app = alone(runs=families, at=3)
    for view in VIEWS:
        mounted.clear()
        app.query_params["view"] = view
        app.run()
        assert not app.exception and not app.error, (view, app.exception, app.error)
        if view != "figures" and "gan" in names:
            assert "only taught to draw" in said(app), view
        if view == "sliders":
            assert ("has no sliders" in said(app)) == ("vq" in names)
            assert ("decoded by the server" in said(app)) == ("ladder" in names)
        if view == "maps":
            assert len(mounted) == len(names) - ("gan" in names)


@pytest.mark.parametrize("family", ["text", "table"])
def test_sentences_and_rows_are_compared_too(family: str, no_runs: Path, mounted: list[dict]) -> None:
    train, info = TOYS[family]
    for name in ("one", "two"):
        write_toy_run(no_runs, name, train=train, info=info)
    app = alone(runs="one.two")
    sides = mounted[-1]["data"]["sides"]
    assert all(side["decoder"] is None and (side["words"] or side["picture"]) for side in sides)
    for view in VIEWS:
        app.query_params["view"] = view
        app.run()
        assert not app.exception and not app.error, (view, app.exception, app.error)


def test_models_without_a_sample_in_common_have_only_figures(no_runs: Path) -> None:
    for name in ("gan", "gan2"):
        train, info = TOYS["gan"]
        write_toy_run(no_runs, name, train=train, info=info)
    app = alone(runs="gan.gan2")
    assert not app.exception and "only their figures" in said(app) and len(app.table) == 1


def test_damaged_scores_of_one_model_leave_the_figures_of_all(no_runs: Path) -> None:
    one, two = (write_toy_run(no_runs, name) for name in ("one", "two"))
    trial = scores.Trial(perfect=1, noise=0, rotated=0.1, doubled=0.5)
    score = scores.Score(score=0.4, low=0.3, high=0.5, interval="", settings={}, self_test=trial, seconds=1)
    found = scores.Scores(weights=scores.weights_mark(one), split="test", samples=9, seed=0, factors=(), dimensions=4,
                          metrics={"sap": score})  # fmt: skip
    scores.write_scores(one, found)
    (two / scores.FILE).write_text("{")
    app = alone(runs="one.two", view="figures")
    assert not app.exception and not app.error
    assert app.table[0].value.loc["SAP"].tolist() == ["0.40", "–"]
    assert "has scores that cannot be read (scores.json is damaged): no SAP." in said(app)
    (two / scores.FILE).unlink()
    app = alone(runs="one.two", view="figures")
    assert "not measured and kept yet ([where to measure them](/factors?run=two)): no SAP." in said(app)


def test_what_codes_tell_of_known_factors_needs_no_keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """The MIG is there without scores.json, and what takes longer says where it is measured."""
    monkeypatch.setattr(cache, "get_match", lambda *_: None)
    monkeypatch.setattr(cache, "get_errors", lambda _: None)
    names = ("colour-tcvae", "colour-factor")
    assert not any((PROJECT / "checkpoints" / name / scores.FILE).exists() for name in names)
    app = alone(runs=".".join(names), view="figures")
    assert not app.exception and not app.error
    wanted = [f"{information.mig.score:.2f}" for name in names if (information := cache.get_information(name))]
    found = app.table[0].value.loc["MIG"].tolist()
    assert [cell.strip("*★ ") for cell in found] == wanted
    assert "FactorVAE score" in said(app)
    assert "measure them: [A](/factors?run=colour-tcvae), [B](/factors?run=colour-factor)." in said(app)


@pytest.mark.parametrize(
    ("runs", "wanted", "sentence"),
    [
        ("one.nosuch.two", ["one", "two"], "no finished model called nosuch"),
        ("one.wine.two", ["one", "two"], "learnt other data"),
        ("one.one.two", ["one", "two"], ""),
        ("..one..two..", ["one", "two"], "no finished model"),
        ("one.two.a.b.c.d", ["one", "two", "a", "b"], "4 models are compared at most"),
        ("a.v1.0", ["a", "v1.0"], ""),
    ],
)
def test_the_address_names_them(
    runs: str, wanted: list[str], sentence: str, no_runs: Path, mounted: list[dict]
) -> None:
    for name in ("one", "two", "a", "b", "c", "d", "v1.0"):
        write_toy_run(no_runs, name)
    write_toy_run(no_runs, "wine", train=TOYS["table"][0], info=TOYS["table"][1])
    app = alone(runs=runs)
    assert not app.exception
    assert [side["title"] for side in mounted[-1]["data"]["sides"]] == [f"The run {name}" for name in wanted]
    assert sentence in said(app) and bool(app.warning) == bool(sentence)
    assert app.session_state["latentarium.selection"].run == wanted[0], "a link takes the sidebar along"


def test_names_with_dots_are_told_from_the_dots_between() -> None:
    assert parse_runs("a.b.a.b.c", ["a", "b", "a.b", "c"]) == (["a.b", "c"], [])
    assert parse_runs("b.x.a", ["a", "b"]) == (["b", "a"], ["x"])
    assert parse_runs("", ["a"]) == ([], [])


def test_another_model_in_the_sidebar_begins_anew(no_runs: Path, mounted: list[dict]) -> None:
    for name in ("one", "two", "three"):
        write_toy_run(no_runs, name)
    app = frame(runs="one.two")
    app.sidebar.selectbox[0].set_value("three").run()
    assert not app.exception
    assert mounted[-1]["data"]["sides"][0]["title"] == "The run three"


def test_what_a_visitor_brings_goes_through_all_of_them(no_runs: Path, mounted: list[dict]) -> None:
    for name in ("gaussian", "autoencoder", "ladder"):
        write_toy(no_runs, name)
    pixels = np.random.default_rng(0).integers(0, 256, PICTURES.sample_shape, dtype=np.uint8)
    number = Store.here().add(PICTURES, pixels, -1).number
    app = alone(runs="gaussian.autoencoder.ladder", at=number)
    for view in VIEWS:
        app.query_params["view"] = view
        app.run()
        assert not app.exception and not app.error, (view, app.exception)
        assert name_of(number) in said(app)
        assert app.expander or view == "figures"


def test_a_sample_that_a_model_has_no_code_of_is_said_so(no_runs: Path, mounted: list[dict]) -> None:
    write_toy_run(no_runs, "one", codes=60)
    write_toy_run(no_runs, "two", codes=20)  # every third sample: 0 to 57
    app = alone(runs="one.two", at=90)
    assert not app.exception and "The run two has no code of sample 90" in said(app)


# ---- what is linked


def test_a_shuffled_twin_moves_with_its_model(no_runs: Path, mounted: list[dict]) -> None:
    """The same codes in another order and sense: each slider moves the very dimension, by its own deviation."""
    import dataclasses

    from vae_core.runs import load_run
    from vae_core.runs.codes import write_codes

    one, two = (load_run(write_toy_run(no_runs, name)) for name in ("one", "two"))
    order, signs, scale = [2, 0, 3, 1], np.array([1, -1, -1, 1]), np.array([1, 2, 0.5, 3])
    mean = (one.codes.mean[:, order] * signs * scale).astype(np.float32)
    write_codes(two.folder / "codes.npz", dataclasses.replace(one.codes, mean=mean))
    app = alone(runs="one.two", at=6)
    assert not app.exception
    rows = mounted[-1]["data"]["rows"]
    assert len(rows) == 4
    for row in rows:
        own, other = row["links"]
        assert order[other["dim"]] == own["dim"]
        assert np.sign(other["step"]) == signs[other["dim"]] == np.sign(other["correlation"])
        assert abs(other["step"]) == pytest.approx(scale[other["dim"]] * own["step"], rel=1e-2)
        assert abs(other["correlation"]) == pytest.approx(1, abs=1e-3) and not row["notes"]


@pytest.mark.parametrize(("noise", "weak"), [(0.5, False), (1.5, True)])
def test_a_weak_link_is_marked_as_weak(noise: float, weak: bool, no_runs: Path, mounted: list[dict]) -> None:
    """Half of the variance shared or not: r = 1 / sqrt(1 + noise^2)."""
    import dataclasses

    from vae_core.runs import load_run
    from vae_core.runs.codes import write_codes

    one, two = (load_run(write_toy_run(no_runs, name)) for name in ("one", "two"))
    codes = np.random.default_rng(0).standard_normal((2, *one.codes.mean.shape)).astype(np.float32)
    write_codes(one.folder / "codes.npz", dataclasses.replace(one.codes, mean=codes[0]))
    write_codes(two.folder / "codes.npz", dataclasses.replace(two.codes, mean=-codes[0] - np.float32(noise) * codes[1]))
    app = alone(runs="one.two", at=6)
    assert not app.exception and "most alike" in said(app) and "says the same" not in app.markdown[0].value
    links = [row["links"] for row in mounted[-1]["data"]["rows"] if len(row["links"]) > 1]
    assert links and all(own["weak"] is False and other["weak"] is weak for own, other in links)
    app.query_params["view"] = "figures"
    assert "slider" not in " ".join(part.value for part in app.run().markdown[:2])


def test_what_finds_no_partner_says_so_and_has_a_slider_of_its_own() -> None:
    random = np.random.default_rng(0)
    first = random.standard_normal((500, 2))
    second = np.stack([first[:, 1], *random.standard_normal((2, 500))], axis=1)
    models = [describe(codes, np.ones_like(codes)) for codes in (first, second)]
    rows = rows_of(models, [None, match(first, second)])
    assert [[(link.model, link.dim) for link in row.links] for row in rows if len(row.links) > 1] == [[(0, 1), (1, 0)]]
    (alone,) = [row for row in rows if row.links[0].model == 0 and len(row.links) == 1]
    assert alone.apart[0][0] == 1 and alone.apart[0][1] < LINKED
    assert {row.links[0].dim for row in rows if row.links[0].model == 1} == {1, 2}
    spread = models[1].spread
    z = moved([0, 0, 0], 1, rows, [1.0 if row.links[0].model == 0 else 0.0 for row in rows], spread)
    np.testing.assert_allclose(z, [spread[0], 0, 0], rtol=1e-5)


def test_sleeping_dimensions_have_no_slider(no_runs: Path, mounted: list[dict]) -> None:
    write_toy_run(no_runs, "one", asleep=(1, 3))
    write_toy_run(no_runs, "two", asleep=(0,))
    alone(runs="one.two")
    links = [link for row in mounted[-1]["data"]["rows"] for link in row["links"]]
    assert {link["dim"] for link in links if link["side"] == 0} == {0, 2}
    assert {link["dim"] for link in links if link["side"] == 1} == {1, 2, 3}


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"offsets": [0.5, -3], "seq": 4}, (0.5, -3.0)),
        ({"offsets": [0.5]}, None), ({"offsets": [0.5, 3.5]}, None), ({"offsets": [0.5, float("nan")]}, None),
        ({"offsets": [0, 10**400]}, None), ({"offsets": [0, True]}, None),
        ({"offsets": "ab"}, None), ({"offsets": [None, 1]}, None), ("hello", None), (None, None),
    ],
)  # fmt: skip
def test_what_the_browser_says_is_checked(
    said: object, wanted: tuple[float, ...] | None, monkeypatch: pytest.MonkeyPatch, mounted: list[dict]
) -> None:
    monkeypatch.setattr(st, "session_state", {"duet": {"view": said}})
    heard: list[tuple[float, ...]] = []
    sliders = [duet.Slider(name, (duet.Moves(0, d, 1.0, name, None),)) for d, name in enumerate("ab")]
    sides = [duet.Side("A", "one", "", (0.0, 0.0), None, None)]
    duet.duet(sides, sliders, (0.0, 0.0), None, key="duet", reach=3.0, shown=2, on_move=heard.append)
    mounted[-1]["on_view_change"]()
    assert heard == ([] if wanted is None else [wanted])


def test_where_the_sliders_stand_comes_from_the_address(no_runs: Path, mounted: list[dict]) -> None:
    for name in ("one", "two"):
        write_toy_run(no_runs, name)
    alone(runs="one.two", moved="1_0_0_-2.5")
    assert mounted[-1]["data"]["offsets"] == [1, 0, 0, -2.5]
    for wrong in ("1_0", "a_b_c_d", "9_0_0_0"):
        alone(runs="one.two", moved=wrong)
        assert mounted[-1]["data"]["offsets"] == [0, 0, 0, 0]


def test_a_selection_on_one_map_is_marked_on_the_others(no_runs: Path, mounted: list[dict]) -> None:
    for name in ("one", "two"):
        write_toy_run(no_runs, name)
    app = alone(runs="one.two", view="maps")
    app.session_state["latentarium.compare.marked"] = ("digits", np.array([3, 9, 30]))
    app.run()
    assert not app.exception and "3 samples are marked" in said(app)
    lengths = [call["data"]["chosen"]["length"] for call in mounted[-2:]]
    assert lengths == [3, 3]
    app.session_state["latentarium.compare.marked"] = ("wine", np.array([3, 9, 30]))
    app.run()
    assert [call["data"]["chosen"]["length"] for call in mounted[-2:]] == [0, 0], "of other data they mean nothing"


def test_a_sample_that_a_map_leaves_out_is_marked_where_its_code_would_lie(mounted: list[dict]) -> None:
    from ui import maps

    run = cache.get_run("colour-tcvae")
    on_map = run.codes.index[maps.ready_map(run).positions]
    out = int(np.setdiff1d(run.codes.index, on_map)[0])
    for at, marks in ((out, 1), (int(on_map[0]), 0)):
        mounted.clear()
        app = alone(runs="colour-tcvae.colour-factor", view="maps", at=at)
        assert not app.exception
        drawn = [json.dumps(trace["name"]) for trace in mounted[0]["data"]["overlays"]]
        assert sum(f"sample {at}" in name for name in drawn) == marks
        if marks:
            assert f"Sample {at} is not among those on this map" in said(app)
        assert (mounted[0]["data"]["picked"] is None) == bool(marks)


def test_runs_that_are_picked_together_lead_here(no_runs: Path) -> None:
    for name in ("one", "two"):
        write_toy_run(no_runs, name)
    write_toy_run(no_runs, "wine", train=TOYS["table"][0], info=TOYS["table"][1])
    for picked, wanted in (("one,two", ["Compare"]), ("one,wine", []), ("one,gone", [])):
        app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=30)
        app.run()
        app.switch_page("pages/runs.py")
        app.query_params["picked"] = picked
        app.run()
        assert not app.exception
        links = [link.label for link in app.main.get("page_link")]
        assert [label for label in links if label == "Compare"] == wanted, picked


def test_presets_name_runs_that_are_shipped_or_of_the_study() -> None:
    from vae_core.studies import study_runs

    known = {path.parent.name for path in (PROJECT / "checkpoints").glob("*/config.json")}
    known |= {run.name for run in study_runs()}
    for preset in PRESETS:
        assert set(preset.runs) <= known and 2 <= len(preset.runs) <= 4, preset.title


def test_a_model_has_one_gap_on_compare_and_on_disentangle() -> None:
    """Grammar keeps the codes of all its sentences; both pages count those of the test split."""
    from ui import cache

    gap, information = cache.get_gap("grammar"), cache.get_information("grammar")
    assert gap is not None and information is not None and information.of_test
    assert gap.score == pytest.approx(information.mig.score) and gap.low < gap.score < gap.high


def test_a_model_that_pays_for_a_part_alone_is_of_another_kind() -> None:
    """Its nats, its error and its dreams are of fewer pixels: none is ranked beside those of whole pictures."""
    from ui.compare.figures import condition_of
    from vae_core.config import DataInfo, TrainConfig, model_spec

    info = DataInfo(name="made up", sample_shape=(1, 8, 8), size=60)
    settings = ({}, {"unseen_only": True}, {"seen": "0010"}, {"seen": "0010", "unseen_only": True})
    words = [condition_of(model_spec(TrainConfig(condition="quadrants", **own), info)) for own in settings]
    assert len(set(words)) == 4 and words[0] == "quadrants"
    assert words[3] == "the lower left and pays for the rest alone"
