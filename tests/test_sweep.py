"""Sweeps: their runs are the product of the values, all of them can be trained, and all or none are queued."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_core import launch, sweep
from vae_core.config import DataInfo, TrainConfig
from vae_core.runs.database import open_store
from vae_core.runs.errors import RunError
from vae_core.sweep import Axis, SweepError, differing, expand, parse_axis, settings_to_vary

DIGITS = DataInfo(name="digits", sample_shape=(1, 8, 8), size=1797, class_names=tuple("0123456789"))
SPRITES = DataInfo(name="sprites", sample_shape=(1, 64, 64), size=737_280)
betas = st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.0, 4.0, 1e4]), min_size=1, max_size=7, unique=True)
dims = st.lists(st.integers(1, 512), min_size=2, max_size=9, unique=True)


@settings(max_examples=30, deadline=None)
@given(betas, dims)
def test_a_sweep_is_the_product_of_its_values(betas: list[float], dims: list[int]) -> None:
    base = TrainConfig(steps=7, seed=3, title="A title", about="about", out=Path("somewhere"))
    axes = [Axis("beta", tuple(betas)), Axis("latent_dim", tuple(dims))]
    planned = expand(base, axes, "s", DIGITS)
    assert [(plan.config.beta, plan.config.latent_dim) for plan in planned] == [(b, d) for b in betas for d in dims]
    assert len({plan.name for plan in planned}) == len(planned) == len({plan.config.out for plan in planned})
    for plan in planned:
        assert plan.config.out is not None and plan.config.out.name == plan.name
        same = {"beta": 1.0, "latent_dim": 10, "out": base.out, "title": base.title, "about": base.about}
        assert plan.config.model_copy(update=same) == base


def test_names_say_what_a_run_has() -> None:
    axes = [parse_axis("beta", "1, 0.5"), parse_axis("latent-dim", "2 10")]
    assert [plan.name for plan in expand(TrainConfig(), axes, "my-sweep", DIGITS)] == [
        "my-sweep-beta1-d2", "my-sweep-beta1-d10", "my-sweep-beta0.5-d2", "my-sweep-beta0.5-d10",
    ]  # fmt: skip
    axes = [parse_axis("learning_rate", "1e-5, 1e-3"), parse_axis("lambda_od", "1e6,1")]
    names = [plan.name for plan in expand(TrainConfig(objective="dip"), axes, "s", DIGITS)]
    assert names[0] == "s-lr1e-05-lambdaod1e06"


@pytest.mark.parametrize(
    ("setting", "text", "said"),
    [
        ("beta", "1, two", "'two' is no value for β"),
        ("beta", "-1", "'-1' is no value for β (input should be greater than or equal to 0)"),
        ("beta", "nan", "'nan' is no value for β"),
        ("latent_dim", "2.5", "'2.5' is no value for Latent dimensions"),
        ("hidden", "400", "hidden cannot be swept over"),
        ("out", "here, there", "out cannot be swept over"),
        ("bogus", "1, 2", "bogus cannot be swept over"),
        ("", "1, 2", "Nothing cannot be swept over"),
    ],
)
def test_values_that_are_none_are_said(setting: str, text: str, said: str) -> None:
    with pytest.raises(SweepError) as error:
        parse_axis(setting, text)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("base", "axes", "name", "said"),
    [
        ({}, [], "s", "one setting, or two"),
        ({}, [("beta", "1,2"), ("beta", "3,4")], "s", "two different ones"),
        ({}, [("beta", "1,2"), ("seed", "1,2"), ("decay", "0,1")], "s", "one setting, or two"),
        ({}, [("beta", "")], "s", "no values yet"),
        ({}, [("beta", "4")], "s", "at least two"),
        ({}, [("beta", "4, 4")], "s", "at least two"),
        ({}, [("latent_dim", " ".join(map(str, range(1, 66))))], "s", "65 runs"),
        ({}, [("gamma", "1, 2")], "s", "γ changes nothing in this training"),
        ({"bottleneck": "point"}, [("beta", "1,2")], "s", "changes nothing"),
        ({"bottleneck": "linear", "likelihood": "real"}, [("learning_rate", "0.1,0.2")], "s", "changes nothing"),
        ({"steps": 100}, [("epochs", "1,2")], "s", "changes nothing"),
        ({}, [("beta", "1,2")], "a/b", "cannot name a run"),
        ({}, [("beta", "1,2")], "x" * 80, "cannot name a run"),
        ({"objective": "factor", "bottleneck": "ladder"}, [("factor_gamma", "1,2")], "s", "takes the bottleneck"),
        ({"bottleneck": "vq", "net": "mlp"}, [("codebook", "8,16")], "s", "convolutional net"),
    ],
)
def test_one_run_that_cannot_be_is_said_before_any_is_made(
    base: dict, axes: list[tuple[str, str]], name: str, said: str
) -> None:
    with pytest.raises(SweepError) as error:
        expand(TrainConfig(**base), [parse_axis(*axis) for axis in axes], name, DIGITS)
    assert said in str(error.value) and str(error.value).count(". ") <= 1


@pytest.mark.parametrize("bottleneck", ["gaussian", "point", "linear", "vq", "fsq", "ladder", "class", "none"])
def test_what_can_be_varied_can_be_swept(bottleneck: str) -> None:
    base = TrainConfig(bottleneck=bottleneck, objective="adversarial" if bottleneck == "none" else "elbo")
    fields = settings_to_vary(base, "image")
    assert fields
    info = SPRITES.model_copy(update={"class_names": DIGITS.class_names})
    for field in fields:
        now = getattr(base, field)
        other = now + 1 if isinstance(now, int) else now / 2 or 0.5
        assert len(expand(base, [parse_axis(field, f"{now}, {other}")], "s", info)) == 2


def test_the_axes_of_some_runs_are_what_differs() -> None:
    configs = [TrainConfig(beta=b, latent_dim=d, title=f"{b} {d}") for b in (4.0, 1.0) for d in (10, 2)]
    assert differing(configs) == (Axis("latent_dim", (2, 10)), Axis("beta", (1.0, 4.0)))
    assert differing(configs[:1]) == ()
    assert differing([TrainConfig(steps=100), TrainConfig()]) == (Axis("steps", (100, None)),)


def planned(name: str = "s") -> list[sweep.Planned]:
    return expand(TrainConfig(steps=5), [Axis("beta", (1.0, 2.0)), Axis("latent_dim", (2, 3))], name, DIGITS)


@pytest.fixture
def started(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the runs that were started, in order; no process is. The fourth start fails where `failing` says."""
    names: list[str] = []

    def start(config: TrainConfig, *, resume: bool = False, sweep: str = "") -> None:
        assert config.out is not None
        if config.out.name.startswith("bad") and len(names) == 3:
            raise RunError("The worker could not be started.")
        open_store().enter(config.out, config, seen=None, sweep=sweep)
        names.append(config.out.name)

    monkeypatch.setattr(launch, "start", start)
    return names


def test_a_sweep_is_queued_in_order_and_found_again(started: list[str]) -> None:
    sweep.start(planned(), "s")
    assert started == [plan.name for plan in planned()] == [row.name for row in sweep.runs_of("s")]
    with pytest.raises(SweepError, match="another name"):
        sweep.start(planned(), "s")
    assert len(started) == 4


def test_a_name_that_is_taken_keeps_all_from_being_queued(started: list[str], no_runs: Path) -> None:
    (no_runs / "s-beta2-d3").mkdir()
    (no_runs / "s-beta2-d3" / "config.json").touch()
    with pytest.raises(SweepError, match="s-beta2-d3 already"):
        sweep.start(planned(), "s")
    assert started == []


def test_a_start_that_fails_takes_the_others_back(started: list[str]) -> None:
    with pytest.raises(RunError, match="could not be started"):
        sweep.start(planned("bad"), "bad")
    assert len(started) == 3 and {row.request for row in sweep.runs_of("bad")} == {"stop"}


def test_to_stop_a_sweep_is_to_stop_what_has_not_ended(started: list[str]) -> None:
    sweep.start(planned(), "s")
    sweep.start(planned("other"), "other")
    open_store().note(started[0], state="finished")
    assert sweep.stop("s") == 3
    asked = {row.name for row in open_store().all() if row.request == "stop"}
    assert asked == set(started[1:4])


def test_of_two_who_start_sweeps_of_one_name_at_once_one_does(started: list[str]) -> None:
    others = expand(TrainConfig(steps=5), [Axis("seed", (1, 2))], "s", DIGITS)
    refused: list[str] = []

    def start(plans: list[sweep.Planned]) -> None:
        try:
            sweep.start(plans, "s")
        except SweepError as error:
            refused.append(str(error))

    visitors = [Thread(target=start, args=(plans,)) for plans in (planned(), others)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert len(refused) == 1 and "another name" in refused[0]
    assert started in ([plan.name for plan in planned()], [plan.name for plan in others])


def test_a_setting_without_effect_is_not_offered() -> None:
    idle = {"warmup_from", "cycle_rise"}
    assert not idle & set(settings_to_vary(TrainConfig(), "image"))
    assert idle <= set(settings_to_vary(TrainConfig(warmup_steps=10, cycles=2), "image"))
