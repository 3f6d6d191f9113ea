"""The one loop: repeatable, resumable to the bit, keeps the best, says what went wrong."""

from __future__ import annotations

import math
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import torch

from vae_core.config import TrainConfig, Turn, model_spec
from vae_core.data import load_dataset
from vae_core.metrics.likelihood import held_out_terms
from vae_core.models import build
from vae_core.runs import RunError, load_run
from vae_core.runs.folder import RunFolder
from vae_core.training import Order, Step, TrainingError, cosine_tail, loop, pick_device, train
from vae_core.training.batches import training_classes, with_labels
from vae_core.training.start import begin

SMALL = TrainConfig(data="digits", latent_dim=2, hidden=(16,), steps=40, batch_size=32, evaluations=4, seed=3)


def _run(config: TrainConfig, **kwargs: bool) -> list[Step]:
    return list(train(config, **kwargs))


def _cut_and_resumed(config: TrainConfig, out: Path) -> None:
    """Run into `out`, killed in mid-epoch and taken up again."""
    config = config.model_copy(update={"out": out})
    steps = train(config)
    next(step for step in steps if step.step >= 25)  # five steps past the last saved state
    _abandon(steps)  # as after a kill: what the generator holds is lost, what is on disk is not
    _run(config, resume=True)


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_run(folder).model.state_dict()


def _same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_the_same_seed_gives_the_same_weights_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        _run(SMALL.model_copy(update={"out": tmp_path / name, "seed": seed}))
    assert _same(_weights(tmp_path / "a"), _weights(tmp_path / "b"))
    assert not _same(_weights(tmp_path / "a"), _weights(tmp_path / "c"))


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_a_run_that_was_cut_off_resumes_to_the_same_bits(tmp_path: Path, likelihood: str) -> None:
    config = SMALL.model_copy(update={"likelihood": likelihood, "decay": 0.5, "warmup_steps": 20})
    _run(config.model_copy(update={"out": tmp_path / "whole"}))
    _cut_and_resumed(config, tmp_path / "cut")
    whole, resumed = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "cut")
    assert whole.state.read_bytes() == resumed.state.read_bytes()
    assert whole.weights.read_bytes() == resumed.weights.read_bytes()
    assert [r["step"] for r in whole.read_history()] == [r["step"] for r in resumed.read_history()]


@pytest.mark.parametrize("bottleneck", ["gaussian", "point", "class", "stacked"])
def test_pixels_begin_at_their_mean_where_that_is_asked(bottleneck: str) -> None:
    data = load_dataset("digits")
    config = TrainConfig.model_validate(SMALL.model_dump() | {"bottleneck": bottleneck, "mean_start": True})
    model = build(model_spec(config, data.info))
    begin(model, data.x, config)
    *_, last = (layer for layer in model.decoder.modules() if isinstance(layer, torch.nn.Linear))
    torch.nn.init.zeros_(last.weight)
    mean = data.x.float().mean(0) / 255
    assert torch.allclose(model.decode(torch.randn(3, 2)), mean.clamp(1e-3, 1 - 1e-3), atol=1e-5)


def test_a_run_that_begins_at_the_mean_pays_less_for_its_first_step() -> None:
    plain, mean = (_run(SMALL.model_copy(update={"mean_start": begun})) for begun in (False, True))
    assert mean[0].distortion < 0.9 * plain[0].distortion


def test_a_decoder_that_begins_anew_begins_at_the_mean_too_resumed_or_not(tmp_path: Path) -> None:
    config = SMALL.model_copy(update={"mean_start": True, "pretrain_steps": 28})  # after the last saved state
    whole = _run(config.model_copy(update={"out": tmp_path / "whole"}))
    _cut_and_resumed(config, tmp_path / "cut")
    assert _same(_weights(tmp_path / "whole"), _weights(tmp_path / "cut"))
    from_half = _run(config.model_copy(update={"mean_start": False}))
    anew, plain = (next(step for step in run if step.step == 29) for run in (whole, from_half))
    assert anew.distortion < 0.9 * plain.distortion


@pytest.mark.parametrize(
    "wrong", [{"net": "conv"}, {"likelihood": "gaussian"}, {"bottleneck": "ladder"}, {"bottleneck": "none"}]
)
def test_only_an_mlp_of_bernoulli_pixels_begins_at_their_mean(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="pixels begin at their mean in an MLP"):
        _run(TrainConfig.model_validate(SMALL.model_dump() | {"mean_start": True} | wrong))


def test_a_share_of_each_batch_is_labelled_by_seed_and_step_alone() -> None:
    rows, labelled = torch.arange(1000, 1050), torch.arange(7)
    batch = with_labels(rows, labelled, 0.2, 3, 11)
    assert batch.shape == (50,) and (batch[:10] < 7).all() and torch.equal(batch[10:], rows[10:])
    assert torch.equal(batch, with_labels(rows, labelled, 0.2, 3, 11))
    others = [with_labels(rows, labelled, 0.2, seed, step) for seed, step in ((3, 12), (4, 11))]
    assert not any(torch.equal(batch, other) for other in others)
    assert (with_labels(rows, labelled, 0.001, 3, 11) < 7).sum() == 1, "one at least"


def test_the_seed_chooses_which_samples_are_labelled_and_each_class_has_as_many() -> None:
    data = load_dataset("digits")
    few = SMALL.model_copy(update={"bottleneck": "class", "labels": 4})
    spec = model_spec(few, data.info)
    told = [training_classes(data, few.model_copy(update={"seed": seed}), spec) for seed in (0, 0, 1)]
    assert all(one is not None and one[one >= 0].bincount().tolist() == [4] * 10 for one in told)
    assert torch.equal(told[0], told[1]) and not torch.equal(told[0] >= 0, told[2] >= 0)  # type: ignore[arg-type, operator]


@pytest.mark.parametrize("other", [{}, {"condition": "class"}])
def test_a_share_of_labels_is_for_models_that_infer_the_class(other: dict[str, Any]) -> None:
    """A model that is told all classes would be shown the other splits."""
    with pytest.raises(ValueError, match="for models that infer the class"):
        TrainConfig(label_share=0.5, **other)


def test_a_run_with_a_share_of_labels_resumes_to_the_same_bits(tmp_path: Path) -> None:
    config = SMALL.model_copy(update={"bottleneck": "class", "labels": 4, "label_share": 0.25})
    _run(config.model_copy(update={"out": tmp_path / "whole"}))
    _cut_and_resumed(config, tmp_path / "cut")
    assert _same(_weights(tmp_path / "whole"), _weights(tmp_path / "cut"))
    _run(config.model_copy(update={"out": tmp_path / "none", "label_share": 0.0}))
    assert not _same(_weights(tmp_path / "whole"), _weights(tmp_path / "none"))


class _Killed(Exception):
    pass


def _abandon(steps: object) -> None:
    with pytest.raises(_Killed):
        steps.throw(_Killed)  # type: ignore[attr-defined]


def test_the_best_weights_are_kept_not_the_last(tmp_path: Path) -> None:
    # a learning rate that soon makes things worse
    config = SMALL.model_copy(update={"out": tmp_path / "run", "steps": 400, "evaluations": 20, "learning_rate": 0.05})
    looks = [s.validation for s in train(config) if s.validation]
    best = min(looks, key=lambda figures: figures.objective)
    run = load_run(tmp_path / "run")
    assert best.step < 400, "this run was meant to get worse"
    assert run.config.best == best
    state = RunFolder(tmp_path / "run").read_state(build(run.config.model), None, torch.Generator().get_state())
    assert _same(state.best_weights, run.model.state_dict())
    assert not _same(state.weights, run.model.state_dict())


def test_training_learns(tmp_path: Path) -> None:
    looks = [s.validation for s in train(SMALL.model_copy(update={"steps": 300})) if s.validation]
    assert looks[-1].elbo > looks[0].elbo + 5


def test_breaking_off_keeps_the_best_and_makes_codes(tmp_path: Path) -> None:
    steps = train(SMALL.model_copy(update={"out": tmp_path / "run"}))
    for step in steps:
        if step.validation:
            break
    steps.close()
    run = load_run(tmp_path / "run")
    assert run.config.state == "stopped" and run.config.best is not None
    assert run.codes.mean.shape == (1797, 2) and run.preview.exists()


def test_a_loss_that_is_no_number_names_the_step_and_the_cause(tmp_path: Path) -> None:
    config = SMALL.model_copy(
        update={"out": tmp_path / "run", "learning_rate": 10.0, "hidden": (256,) * 8, "steps": 2000}
    )
    with pytest.raises(TrainingError, match=r"at step \d+: the learning rate of 10 is most likely too high"):
        _run(config)
    assert load_run(tmp_path / "run").config.state == "failed"


def test_a_taken_folder_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    config = SMALL.model_copy(update={"out": tmp_path / "run"})
    _run(config)
    before = (tmp_path / "run" / "model.safetensors").read_bytes()
    with pytest.raises(RunError, match="There is a run in run already"):
        _run(config)
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == before


def test_resuming_what_is_finished_changes_nothing(tmp_path: Path) -> None:
    config = SMALL.model_copy(update={"out": tmp_path / "run"})
    _run(config)
    before = _weights(tmp_path / "run")
    assert _run(config, resume=True) == []
    assert _same(before, _weights(tmp_path / "run"))


def test_the_run_says_what_it_reached(tmp_path: Path) -> None:
    _run(SMALL.model_copy(update={"out": tmp_path / "run"}))
    run = load_run(tmp_path / "run")
    assert run.config.state == "finished" and run.config.test is not None
    assert {"step", "loss", "distortion", "rate", "rate_0", "rate_1", "validation_rate"} <= set(run.history.columns)
    assert run.history["validation_distortion"].notna().sum() == 4
    assert len(run.codes) == 1797 and (run.codes.y is not None)


def test_training_without_a_folder_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert _run(SMALL)[-1].step == 40
    assert list(tmp_path.iterdir()) == []


def test_bf16_on_the_cpu_trains(tmp_path: Path) -> None:
    last = _run(SMALL.model_copy(update={"precision": "bf16"}))[-1]
    assert math.isfinite(last.loss)


def test_cosine_tail() -> None:
    assert cosine_tail(99, 100, 0.0) == 1.0
    assert cosine_tail(50, 100, 0.5) == 1.0
    assert cosine_tail(75, 100, 0.5) == pytest.approx(0.505)
    assert cosine_tail(100, 100, 0.5) == pytest.approx(0.01)


def test_a_device_that_is_not_there_is_named() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(ValueError, match="no cuda device; choose one of: cpu"):
        pick_device("cuda")


def test_half_precision_halves_the_weights(tmp_path: Path) -> None:
    _run(SMALL.model_copy(update={"out": tmp_path / "half", "weights": "fp16"}))
    _run(SMALL.model_copy(update={"out": tmp_path / "single"}))
    half, single = (RunFolder(tmp_path / name).weights for name in ("half", "single"))
    assert half.stat().st_size < 0.6 * single.stat().st_size


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("weights", ["fp32", "fp16"])
def test_the_figures_are_those_of_the_weights_that_are_kept(tmp_path: Path, weights: str, likelihood: str) -> None:
    _run(SMALL.model_copy(update={"out": tmp_path / "run", "weights": weights, "likelihood": likelihood}))
    run = load_run(tmp_path / "run")
    data = load_dataset("digits")
    terms = held_out_terms(run.model, data.x, data.splits["test"])
    assert run.config.test is not None
    assert float(terms.distortion.mean()) == pytest.approx(run.config.test.distortion, rel=1e-6)


# -- steering ----------------------------------------------------------------------------------------------

Steps = Generator[Step, Order | None, None]


def _until(steps: Steps, done: int) -> Step:
    return next(step for step in steps if step.step >= done)


def _same_files(one: Path, other: Path) -> None:
    a, b = RunFolder(one), RunFolder(other)
    assert a.state.read_bytes() == b.state.read_bytes()
    assert a.weights.read_bytes() == b.weights.read_bytes()
    for left, right in zip(a.read_history(), b.read_history(), strict=True):
        assert left == pytest.approx(right, nan_ok=True)


FAMILIES = {
    "a running sigma": {"likelihood": "gaussian"},
    "several draws": {"objective": "iwae"},
    "a critic": {"objective": "factor", "critic_hidden": (16,)},
    "a critic of samples": {"bottleneck": "none", "objective": "adversarial"},
    "a codebook": {"bottleneck": "vq", "net": "conv", "codebook": 8, "code_dim": 2},
    "masked words": {"data": "names", "word_dropout": 0.5},
}


@pytest.mark.parametrize("family", FAMILIES)
def test_single_steps_leave_no_trace(tmp_path: Path, family: str) -> None:
    config = TrainConfig.model_validate(SMALL.model_dump() | FAMILIES[family])
    _run(config.model_copy(update={"out": tmp_path / "alone"}))
    watched = train(config.model_copy(update={"out": tmp_path / "watched"}))
    before = _until(watched, 5)
    torch.rand(7)  # whoever watches may draw what they like
    assert watched.send("wait").step == before.step, "a pause is no step"
    steps = [watched.send("single") for _ in range(4)]
    assert [step.step for step in steps] == [before.step + i for i in (1, 2, 3, 4)]
    assert [step.account and step.account.step for step in steps] == [step.step for step in steps]
    assert all(step.account is None for step in watched)
    _same_files(tmp_path / "alone", tmp_path / "watched")


def test_an_account_is_that_of_the_batch(tmp_path: Path) -> None:
    """A tiny plain step along the gradient lowers the loss of its batch by the step's size times the norm's square."""
    steps = train(SMALL.model_copy(update={"learning_rate": 1e-5, "hidden": (8,)}))
    _until(steps, 30)
    accounts = [steps.send("single").account for _ in range(5)]
    for account in accounts:
        assert account is not None
        assert account.loss_after < account.loss_before, "the same batch with the same noise, one small step further"
        assert account.loss_before - account.loss_after < 0.1
        assert account.gradient_norm > 0
        for when in ("before", "after"):
            parts = getattr(account, f"distortion_{when}") + getattr(account, f"rate_{when}")
            assert getattr(account, f"loss_{when}") == pytest.approx(parts, rel=1e-5)


def test_a_run_with_the_same_turns_ends_with_the_same_bits(tmp_path: Path) -> None:
    settings = SMALL.model_copy(update={"likelihood": "gaussian", "decay": 0.5, "warmup_steps": 20})
    steps = train(settings.model_copy(update={"out": tmp_path / "steered"}))
    at = _until(steps, 13).step
    answer = steps.send(Turn(step=0, setting="beta", value=4.0))
    assert (answer.step, answer.config.turns) == (at, (Turn(step=at, setting="beta", value=4.0),))
    assert RunFolder(tmp_path / "steered").read_config().train.turns == answer.config.turns, "recorded at once"
    steps.send(Turn(step=0, setting="learning_rate", value=0.1))
    steps.send(Turn(step=0, setting="learning_rate", value=0.01))
    last = list(steps)[-1]
    assert [(turn.setting, turn.value) for turn in last.config.turns] == [("beta", 4.0), ("learning_rate", 0.01)]
    _run(last.config.model_copy(update={"out": tmp_path / "repeated"}))
    _same_files(tmp_path / "steered", tmp_path / "repeated")
    _run(settings.model_copy(update={"out": tmp_path / "straight"}))
    assert not _same(_weights(tmp_path / "straight"), _weights(tmp_path / "steered"))


@pytest.mark.parametrize("at", [20, 23])  # at the very step of a saved state, and after it
def test_a_steered_run_that_was_cut_off_resumes_to_the_same_bits(tmp_path: Path, at: int) -> None:
    turns = (Turn(step=at, setting="beta", value=0.1), Turn(step=at, setting="learning_rate", value=0.003))
    _run(SMALL.model_copy(update={"turns": turns, "out": tmp_path / "whole"}))
    cut = train(SMALL.model_copy(update={"out": tmp_path / "cut"}))
    _until(cut, at)
    for turn in turns:
        cut.send(turn)
    assert next(cut).step > at
    _abandon(cut)
    folder = RunFolder(tmp_path / "cut")
    _run(folder.read_config().train.model_copy(update={"out": folder.path}), resume=True)
    _same_files(tmp_path / "whole", tmp_path / "cut")
    assert folder.read_config().best == RunFolder(tmp_path / "whole").read_config().best


def test_the_best_begins_anew_where_the_price_changes(tmp_path: Path) -> None:
    """With a price far higher, no later figure could beat those of before."""
    steps = train(SMALL.model_copy(update={"out": tmp_path / "run", "steps": 400, "evaluations": 4}))
    _until(steps, 300)
    steps.send(Turn(step=0, setting="beta", value=1000.0))
    looks = [step.validation for step in steps if step.validation]
    best = RunFolder(tmp_path / "run").read_config().best
    assert best == looks[0] and best.step == 400 and best.objective > 0
    assert best.objective == pytest.approx(best.distortion + 1000 * best.rate, rel=1e-5)


def test_a_run_stopped_right_after_a_change_of_price_keeps_what_it_is_now(tmp_path: Path) -> None:
    steps = train(SMALL.model_copy(update={"out": tmp_path / "run", "steps": 400, "evaluations": 4}))
    at = _until(steps, 250).step
    steps.send(Turn(step=0, setting="beta", value=1000.0))
    after = steps.send("single").step
    steps.close()
    best = RunFolder(tmp_path / "run").read_config().best
    assert best is not None and best.step == after == at + 1


def test_a_turn_that_makes_no_sense_is_refused_with_a_sentence() -> None:
    for setting, value, said in (
        ("seed", 3.0, "seed cannot be changed while the elbo objective is trained: choose one of learning_rate, beta"),
        ("beta", -1.0, "β cannot be -1: it should be greater than or equal to 0"),
        ("learning_rate", 0.0, "Learning rate cannot be 0: it should be greater than 0"),
    ):
        with pytest.raises(ValueError, match=said):
            SMALL.turned(Turn(step=3, setting=setting, value=value))
    with pytest.raises(ValueError, match="finite"):
        Turn(step=3, setting="beta", value=float("nan"))


def test_settings_in_force_are_those_of_the_last_turn_before() -> None:
    config = SMALL.turned(Turn(step=7, setting="beta", value=4)).turned(Turn(step=3, setting="beta", value=2))
    assert [config.at(step).beta for step in (0, 2, 3, 6, 7, 99)] == [1, 1, 2, 2, 4, 4]
    assert TrainConfig.model_validate_json(config.model_dump_json()) == config


def test_a_slow_training_is_heard_of_without_changing_its_curves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SMALL.model_copy(update={"steps": 800, "evaluations": 2})
    _run(slow.model_copy(update={"out": tmp_path / "a"}))
    monkeypatch.setattr(loop, "REPORT_SECONDS", 0.0)
    steps = _run(slow.model_copy(update={"out": tmp_path / "b"}))
    assert [step.step for step in steps] == list(range(1, 801))
    _same_files(tmp_path / "a", tmp_path / "b")
