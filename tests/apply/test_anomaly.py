"""Laws of ROC curves and of regret; on shipped runs, that a model's scores beat the distance to the mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae_core.apply.anomaly import detect, worst_of
from vae_core.apply.outcome import ApplyError
from vae_core.apply.regret import regret
from vae_core.apply.roc import area_interval, area_of, confusion_of, roc_of, threshold_for
from vae_core.data import is_available, load_dataset
from vae_core.data.cards import DatasetError
from vae_core.runs import load_run

ODD = np.arange(200) >= 120


def test_areas_of_perfect_useless_and_upside_down_scores() -> None:
    assert area_of(ODD.astype(float), ODD) == 1
    assert area_of(-ODD.astype(float), ODD) == 0
    assert area_of(np.zeros(200), ODD) == 0.5  # ties count half
    noise = np.random.default_rng(0).standard_normal(4000)
    assert area_of(noise, np.arange(4000) % 2 == 0) == pytest.approx(0.5, abs=0.03)


def test_the_area_is_that_under_the_curve_and_changes_with_no_scale() -> None:
    values = np.random.default_rng(1).standard_normal(200) + ODD
    roc = roc_of(values, ODD)
    assert np.trapezoid(roc.hits, roc.false_alarms) == pytest.approx(roc.area)
    assert area_of(np.exp(values), ODD) == pytest.approx(roc.area)
    assert (np.diff(roc.hits) >= 0).all() and (np.diff(roc.false_alarms) >= 0).all()
    low, high = area_interval(values, ODD)
    assert low < roc.area < high


def test_counts_add_up_and_follow_the_threshold() -> None:
    values = np.random.default_rng(2).standard_normal(200) + 2 * ODD
    counts = confusion_of(values, ODD, 1.0)
    assert counts.hits + counts.misses == 80 and counts.false_alarms + counts.passes == 120
    assert counts.hits == (values[ODD] >= 1).sum()
    assert confusion_of(values, ODD, np.inf).hits == 0 and confusion_of(values, ODD, -np.inf).passes == 0
    quiet = np.random.default_rng(3).standard_normal(20_000)
    assert (quiet >= threshold_for(quiet, 0.05)).mean() == pytest.approx(0.05, abs=1e-3)
    assert (quiet >= threshold_for(quiet, 0)).mean() == 0 and (quiet >= threshold_for(quiet, 1)).all()


@pytest.mark.parametrize("odd", [np.zeros(5, bool), np.ones(5, bool), np.ones(4, bool)])
def test_a_curve_needs_both_kinds(odd: np.ndarray) -> None:
    with pytest.raises(ApplyError, match=r"both normal and odd|needs a score"):
        roc_of(np.arange(5.0), odd)


def test_nothing_is_to_be_regretted_where_the_encoder_is_exact() -> None:
    """PCA's posterior is p(z|x) itself; an encoder that was taught on digits has something to learn of noise."""
    x = load_dataset("digits").split("test").x[:40]
    assert float(regret(load_run("digits-pca").model, x, steps=20).max()) < 0.2
    strange = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (40, 1, 8, 8)).astype(np.uint8))
    model = load_run("digits-10d").model
    known, unknown = (regret(model, each, steps=20) for each in (x, strange))
    assert (known >= 0).all() and unknown.mean() > 2 * known.mean()


def test_tumours_stand_out_by_the_density_of_their_codes() -> None:
    found = detect(load_run("breast-cancer"), scores=("distortion", "density", "mean"))
    assert found.normal == "benign" and found.odd.sum() == 17
    assert found.outcome["density"].value > found.outcome["mean"].value  # the trivial baseline
    assert any("seen all classes" in remark for remark in found.outcome.remarks)
    worst = worst_of(found, "density", 5)
    assert worst.error.shape == (5, 30) and (np.diff(worst.values) <= 0).all()
    assert found.odd[worst.places].all()


def test_a_model_of_the_normal_class_alone_beats_the_distance_to_the_mean() -> None:
    run = load_run("breast-cancer")
    quick = run.config.model_copy(update={"train": run.config.train.model_copy(update={"steps": 1000})})
    found = detect(type(run)(run.folder, quick), anew=True, scores=("elbo", "regret", "mean"))
    assert found.outcome["elbo"].value > found.outcome["mean"].value
    assert found.outcome["regret"].value > found.outcome["mean"].value


def test_a_model_in_closed_form_is_trained_anew_without_a_step() -> None:
    said: list[float] = []
    found = detect(
        load_run("digits-pca"), normal="3", anew=True, scores=("distortion", "mean"),
        progress=lambda done, text: said.append(done),
    )  # fmt: skip
    assert found.outcome["distortion"].value > found.outcome["mean"].value
    assert all(0 <= done <= 1 for done in said)


def test_fashion_is_found_among_digits_of_eight_pixels(data_root: object) -> None:
    try:
        found = detect(load_run("digits-10d"), odd="fashion-mnist", samples=100, steps=20)
    except DatasetError as error:
        pytest.skip(str(error))
    for name in ("distortion", "elbo", "density", "regret"):
        assert found.outcome[name].value > found.outcome["mean"].value, name


def test_regret_tells_digits_from_fashion_where_the_likelihood_does_not(data_root: object) -> None:
    """Nalisnick et al. 2019: a model of clothes finds digits likelier than clothes."""
    try:
        found = detect(load_run("fashion-16d"), odd="mnist", samples=50, steps=10, scores=("elbo", "regret", "mean"))
    except DatasetError as error:
        pytest.skip(str(error))
    reached = {merit.name: merit.value for merit in found.outcome.merits}
    assert reached["elbo"] < reached["mean"] < reached["regret"]


@pytest.mark.parametrize(
    ("run", "settings", "sentence"),
    [
        ("digits-10d", {}, "Say which class is normal"),
        ("digits-10d", {"normal": "eleven"}, "no class called eleven"),
        ("digits-10d", {"odd": "digits", "anew": True}, "needs a class"),
        ("digits-10d", {"odd": "wine"}, "cannot be read as those of digits"),
        ("digits-gan", {"normal": "3"}, "no encoder"),
        ("grammar", {"normal": "past"}, "model of sentences"),
        ("digits-10d", {"normal": "3", "scores": ("luck",)}, "no score luck"),
        ("digits-vq", {"normal": "3", "scores": ("density",)}, "grid of discrete codes"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(run: str, settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(ApplyError, match=sentence):
        detect(load_run(run), **settings)  # type: ignore[arg-type]


def test_a_score_that_a_model_lacks_is_left_out_with_a_remark() -> None:
    found = detect(load_run("digits-autoencoder"), normal="3", scores=("distortion", "elbo", "regret"), samples=20)
    assert [score.name for score in found.scores] == ["distortion"]
    assert len([remark for remark in found.outcome.remarks if "is left out" in remark]) == 2


def test_how_sure_the_encoder_is_tells_digits_from_clothes_apart() -> None:
    if not (is_available("mnist") and is_available("fashion-mnist")):
        pytest.skip("needs MNIST and Fashion-MNIST")
    found = detect(load_run("fashion-16d"), odd="mnist", scores=("density", "posterior", "mean"), samples=300)
    assert found.outcome["posterior"].value > found.outcome["density"].value > found.outcome["mean"].value
    assert found.outcome["posterior"].value > 0.97


def test_a_code_without_a_spread_has_no_density_of_a_posterior() -> None:
    found = detect(load_run("digits-autoencoder"), normal="3", scores=("posterior", "mean"))
    assert [merit.name for merit in found.outcome.merits] == ["mean"]
    assert "codes without a spread" in " ".join(found.outcome.remarks)
