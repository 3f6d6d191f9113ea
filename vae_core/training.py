"""One training loop: a generator that yields a Step. Nothing else in the project owns an optimiser."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from vae_core.config import DataInfo, Figures, RunConfig, TrainConfig, model_spec
from vae_core.metrics.likelihood import held_out_terms
from vae_core.models import GaussianVAE, build
from vae_core.objectives import OBJECTIVES, Setting
from vae_core.runs.finish import write_results
from vae_core.runs.folder import RunFolder, TrainingState

if TYPE_CHECKING:
    from vae_core.data import Dataset

HISTORY_ROWS = 400
"""A run's curves have about so many training rows, whatever its length."""
REPORT_STEPS = 25
"""A Step is yielded at least this often."""
VALIDATION_SAMPLES = 5_000
TEST_SAMPLES = 10_000


class TrainingError(RuntimeError):
    """Training cannot go on; the message says at which step and why."""


@dataclass(frozen=True)
class Step:
    """Where a training stands. Terms are means over the batches since the Step before, in nats per sample."""

    step: int
    total: int
    epoch: float
    loss: float
    distortion: float
    rate: np.ndarray  # [D]
    validation: Figures | None
    """Figures of the validation split, where this step looked at it."""
    samples_per_second: float
    seconds_left: float
    model: GaussianVAE
    """The model as it is now (still training: don't change it)."""


def train(config: TrainConfig, *, data: Dataset | None = None, resume: bool = False) -> Generator[Step, None, None]:
    """Train a model; yields a Step every few batches and at each look at the validation split.

    With `config.out` the run folder is written as training goes on: the weights that are best on validation
    (`model.safetensors`), the state to resume from (`state.safetensors`), the curves. Leaving the loop early
    (`break`, or closing the generator) stops the run: the best weights stay, and codes, figures and preview are
    made from them. `resume=True` goes on from the folder's last state; on a CPU the weights are then bit-equal
    to those of a run that was never interrupted.

    Raises DatasetError where the data is not there, ValueError where net and data don't fit, RunError where the
    folder is taken or its state unreadable, TrainingError where the loss is no longer a number.
    """
    if data is None:
        from vae_core.data import load_dataset

        data = load_dataset(config.data)
    device = pick_device(config.device)
    run = _run_config(config, data)
    spec = run.model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = build(spec)
    model = model.to(device)
    if spec.net == "conv":
        model = model.to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=device.type in ("cpu", "cuda"))
    noise = torch.Generator(device=device).manual_seed(config.seed)

    x = data.x.to(device)
    positions = {name: data.splits[name].to(device) for name in ("train", "validation", "test")}
    batch_size = min(config.batch_size, len(positions["train"]))
    steps_per_epoch = len(positions["train"]) // batch_size
    total = config.steps or config.epochs * steps_per_epoch
    look_every = max(1, total // config.evaluations)
    report_every = max(1, min(REPORT_STEPS, total // HISTORY_ROWS))
    history_every = max(report_every, total // HISTORY_ROWS // report_every * report_every)

    folder = RunFolder(config.out) if config.out else None
    done, best, best_weights, history = 0, None, _copy(model), list[dict[str, float]]()
    if folder and resume:
        state = folder.read_state(model.state_dict(), spec, noise.get_state())
        model.load_state_dict(state.weights)
        done, best, best_weights = state.step, state.best, state.best_weights
        _load_moments(optimiser, state.moments)
        noise.set_state(state.noise)
        history = folder.read_history(until=done)
        folder.write_config(run.model_copy(update={"best": best}))
    elif folder:
        folder.create(run)

    def measure(where: Tensor, step: int) -> Figures:
        model.eval()
        terms = held_out_terms(model, x, where)
        model.train()
        judge = OBJECTIVES[config.objective].judge
        assert judge is not None
        return Figures(
            step=step,
            distortion=float(terms.distortion.mean()),
            rate=float(terms.rate.sum(1).mean()),
            objective=float(judge(terms, config).mean()),
        )

    def look() -> Figures:
        figures = measure(positions["validation"][:VALIDATION_SAMPLES], done)
        if not np.isfinite(figures.objective):
            raise TrainingError(_cause(done, config, best))
        return figures

    def keep(figures: Figures | None) -> None:
        """After a look at the validation split: the best so far, and all that resuming needs."""
        nonlocal best, best_weights
        if figures is None:
            return
        if best is None or figures.objective < best.objective:
            best, best_weights = figures, _copy(model)
        if folder:
            state = TrainingState(done, _copy(model), best_weights, best, _moments(optimiser), noise.get_state())
            folder.write_progress(run.model_copy(update={"best": best}), state, history)

    def finish(outcome: str) -> None:
        half = config.weights == "fp16"
        model.load_state_dict({k: v.half().float() for k, v in best_weights.items()} if half else best_weights)
        if folder is None:
            return
        test = None
        if best:
            folder.write_weights(_copy(model), half=half)
            test = measure(positions["test"][:TEST_SAMPLES], best.step)
        reached = {"best": best, "test": test if test and np.isfinite(test.objective) else None, "state": outcome}
        write_results(folder, run.model_copy(update=reached), model, data)

    plan = Setting(config, 0.0, total, len(positions["train"]), generator=noise)
    forward = _loss_function(model, plan, device, done)
    meter = _Meter(spec.latent_dim, device, batch_size)
    try:
        model.train()
        for rows in _batches(positions["train"], batch_size, config.seed, range(done, total)):
            batch = x[rows]
            if spec.net == "conv":
                batch = batch.contiguous(memory_format=torch.channels_last)
            for group in optimiser.param_groups:
                group["lr"] = config.learning_rate * cosine_tail(done, total, config.decay)
            loss, distortion, rate = forward(batch, done)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            done += 1
            meter.add(done, loss, distortion, rate)

            looking = done % look_every == 0 or done == total
            if not (looking or done % report_every == 0):
                continue
            values, speed = meter.read()
            if meter.bad_step is not None:
                raise TrainingError(_cause(meter.bad_step, config, best))
            figures = look() if looking else None
            if looking or done % history_every == 0:
                history.append(_history_row(done, done / steps_per_epoch, values, figures))
            keep(figures)
            yield Step(
                step=done,
                total=total,
                epoch=done / steps_per_epoch,
                loss=values[0],
                distortion=values[1],
                rate=np.array(values[2:]),
                validation=figures,
                samples_per_second=speed,
                seconds_left=(total - done) * batch_size / max(speed, 1e-9),
                model=model,
            )
            meter.restart()
        finish("finished")
    except (GeneratorExit, KeyboardInterrupt):
        if best is None and done:  # stopped before the first look: what was learnt until now is kept
            with contextlib.suppress(TrainingError):
                keep(look())
        finish("stopped")
        raise
    except TrainingError:
        finish("failed")
        raise


def _run_config(config: TrainConfig, data: Dataset) -> RunConfig:
    info = DataInfo(
        name=data.name,
        sample_shape=data.sample_shape,
        size=len(data),
        class_names=data.class_names,
        factor_names=data.factor_names,
        factor_sizes=data.factor_sizes,
    )
    return RunConfig(train=config, model=model_spec(config, data.sample_shape), data=info)


Losses = tuple[Tensor, Tensor, Tensor]
"""The loss and the mean distortion, scalars, and the mean rate [D]."""


def _loss_function(
    model: GaussianVAE, plan: Setting, device: torch.device, done: int
) -> Callable[[Tensor, int], Losses]:
    """(batch, step) -> losses, compiled into captured graphs where the config asks for it."""
    config = plan.config
    objective = OBJECTIVES[config.objective]
    autocast = _autocast(config.precision, device)
    compiled = config.compile == "on" or (config.compile == "auto" and device.type == "cuda")
    # captured graphs draw their noise from CUDA's own generator alone
    captured = compiled and device.type == "cuda"
    plan = replace(plan, generator=None if captured else plan.generator)
    if captured:
        torch.cuda.manual_seed(config.seed + done)

    def losses(batch: Tensor, step: Tensor | float) -> Losses:
        with autocast:
            terms = model.terms(batch, generator=plan.generator)
        return objective.loss(terms, replace(plan, step=step)).mean(), terms.distortion.mean(), terms.rate.mean(0)

    if not compiled:
        return losses
    graph = torch.compile(losses, mode="reduce-overhead" if captured else "default")
    # the step goes in as a tensor: as a number it would be compiled anew each time
    return lambda batch, step: graph(batch, torch.tensor(float(step), device=device))


def _batches(positions: Tensor, batch_size: int, seed: int, steps: range) -> Iterator[Tensor]:
    """Rows of the batch of each of these steps, [batch_size]; each epoch's order depends on seed and epoch alone."""
    per_epoch = len(positions) // batch_size
    order, order_epoch = positions, -1
    for step in steps:
        epoch, within = divmod(step, per_epoch)
        if epoch != order_epoch:
            shuffle = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
            order = positions[torch.randperm(len(positions), generator=shuffle).to(positions.device)]
            order_epoch = epoch
        yield order[within * batch_size : (within + 1) * batch_size]


class _Meter:
    """Means of the loss and its terms since the last reading, kept on the device: reading alone waits for it."""

    def __init__(self, latent_dim: int, device: torch.device, batch_size: int) -> None:
        self.sums = torch.zeros(2 + latent_dim, device=device)  # loss, distortion, rate [D]
        self.first_bad = torch.full((), -1, dtype=torch.int64, device=device)
        self.batch_size = batch_size
        self.counted = self.seen = 0
        self.spent, self.started = 0.0, time.perf_counter()

    @torch.no_grad()
    def add(self, step: int, loss: Tensor, distortion: Tensor, rate: Tensor) -> None:
        bad = (self.first_bad < 0) & ~torch.isfinite(loss)
        self.first_bad = torch.where(bad, step, self.first_bad)
        self.sums += torch.cat([torch.stack([loss, distortion]), rate])
        self.counted += 1

    def read(self) -> tuple[list[float], float]:
        """The means, and samples per second since the training began (looks and pauses left out)."""
        values = (self.sums / self.counted).tolist()
        self.spent += time.perf_counter() - self.started
        self.seen += self.counted * self.batch_size
        self.sums.zero_()
        self.counted = 0
        return values, self.seen / self.spent

    def restart(self) -> None:
        """The clock goes on: what happened since the last reading was not training."""
        self.started = time.perf_counter()

    @property
    def bad_step(self) -> int | None:
        """The first step whose loss was no number."""
        step = int(self.first_bad)
        return step if step >= 0 else None


def pick_device(wish: str) -> torch.device:
    """auto: CUDA, else MPS, else the CPU. Raises ValueError where a wished device is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wish == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if there[name]))
    if not there[wish]:
        raise ValueError(f"this machine has no {wish} device; choose one of: {', '.join(d for d in there if there[d])}")
    return torch.device(wish)


def cosine_tail(step: int, total: int, tail: float) -> float:
    """Learning-rate factor: 1 until the last `tail` of the steps, then a half cosine down to 0.01."""
    begin = total * (1 - tail)
    if tail == 0 or step <= begin:
        return 1.0
    return 0.01 + 0.99 * 0.5 * (1 + float(np.cos(np.pi * (step - begin) / (total - begin))))


def _autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    half = precision == "bf16" or (precision == "auto" and device.type == "cuda" and torch.cuda.is_bf16_supported())
    return torch.autocast(device.type, dtype=torch.bfloat16) if half else nullcontext()


def _copy(model: GaussianVAE) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def _moments(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Adam's moments and step counts as a flat dict of tensors, '<parameter number>.<what>'."""
    states = optimiser.state_dict()["state"]
    return {f"{i}.{what}": value for i, state in states.items() for what, value in state.items()}


def _load_moments(optimiser: torch.optim.Optimizer, moments: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in moments.items():
        number, what = name.split(".", 1)
        state.setdefault(int(number), {})[what] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _history_row(step: int, epoch: float, values: list[float], figures: Figures | None) -> dict[str, float]:
    row = {
        "step": float(step),
        "epoch": epoch,
        "loss": values[0],
        "distortion": values[1],
        "rate": sum(values[2:]),
        "validation_distortion": figures.distortion if figures else float("nan"),
        "validation_rate": figures.rate if figures else float("nan"),
    }
    return row | {f"rate_{d}": value for d, value in enumerate(values[2:])}


def _cause(step: int, config: TrainConfig, best: Figures | None) -> str:
    if config.learning_rate > 3e-3:
        cause = f"the learning rate of {config.learning_rate:g} is most likely too high; try 0.001"
    elif config.beta > 100 or (config.objective == "capacity" and config.gamma > 1000):
        cause = "the rate weighs too much for this learning rate, most likely; try less, or a warm-up"
    elif config.precision == "bf16":
        cause = "bf16 most likely overflowed; try precision fp32"
    else:
        cause = "the learning rate is most likely too high for this net; try a third of it"
    kept = f"the best weights, of step {best.step}, are kept" if best else "no weights had been kept yet"
    return f"The loss was no longer a number at step {step}: {cause}. Training stopped; {kept}."
