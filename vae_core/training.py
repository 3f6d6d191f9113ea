"""One training loop: a generator that yields a Step. Nothing else in the project owns an optimiser."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from vae_core.config import Account, Figures, ModelSpec, RunConfig, TrainConfig, Turn, model_spec
from vae_core.metrics.likelihood import held_out_terms, told_classes
from vae_core.models import Model, build
from vae_core.objectives import OBJECTIVES, Setting
from vae_core.products import quick_products
from vae_core.runs.finish import write_results
from vae_core.runs.folder import RunFolder, TrainingState
from vae_core.team import team_of

if TYPE_CHECKING:
    from vae_core.data import Dataset

HISTORY_ROWS = 400
"""A run's curves have about so many training rows, whatever its length."""
REPORT_STEPS = 25
REPORT_SECONDS = 1.0
"""A Step is yielded at least this often, whichever comes first."""
VALIDATION_SAMPLES = 5_000
TEST_SAMPLES = 10_000
FIRST_SAMPLES = 10_000
"""Training samples that a model may look at before the first step."""
FOLLOWER = 1_000_003
"""Apart from each other are the seeds of the noise of processes that train together."""
CRITIC_BETAS = (0.5, 0.9)
"""Adam's, for a critic (Kim and Mnih 2018, appendix A)."""


Order = Turn | Literal["single"]
"""What a training takes while it goes on: a setting to change, or that the next batch is to be looked at alone."""


class LeftError(Exception):
    """The leader has left, and so do those that follow it."""


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
    total_rate: float
    """Sum of the rate over dimensions, and what belongs to none of them."""
    validation: Figures | None
    """Figures of the validation split, where this step looked at it."""
    samples_per_second: float
    seconds_left: float
    model: Model
    """The model as it is now (still training: don't change it)."""
    config: TrainConfig
    """The settings, with all turns so far."""
    account: Account | None = None
    """What the last batch did, where that was to be a single one."""


def train(
    config: TrainConfig, *, data: Dataset | None = None, resume: bool = False
) -> Generator[Step, Order | None, None]:
    """Train a model; yields a Step every few batches and at each look at the validation split.

    With `config.out` the run folder is written as training goes on: the weights that are best on validation
    (`model.safetensors`), the state to resume from (`state.safetensors`), the curves. Leaving the loop early
    (`break`, or closing the generator) stops the run: the best weights stay, and codes, figures and preview are
    made from them. `resume=True` goes on from the folder's last state; on a CPU the weights are then bit-equal
    to those of a run that was never interrupted.

    Whoever walks it may `send` an order. A Turn changes a setting from the next batch on and is answered with the
    same Step, its config (and config.json) with that turn at this step: a run with the same turns repeats them. After
    "single" comes a Step for the very next batch, with an account of it. Neither orders nor waiting between two Steps
    change what is drawn, so the weights are those of a run with the same turns that nobody looked at. Where a turn
    changes the objective's price, the best weights so far were measured in another coin: the next look begins anew.

    Raises DatasetError where the data is not there, ValueError where net and data don't fit, RunError where the
    folder is taken or its state unreadable, TrainingError where the loss is no longer a number. A Turn that
    `config.turned` refuses ends the training with its ValueError: ask that first.
    """
    if data is None:
        from vae_core.data import load_dataset

        data = load_dataset(config.data)
    device = pick_device(config.device)
    with quick_products(device):
        yield from _train(config, data, device, resume=resume)


def _train(
    config: TrainConfig, data: Dataset, device: torch.device, *, resume: bool
) -> Generator[Step, Order | None, None]:
    team = team_of(config, device)
    if team.fabric is not None:
        device = team.fabric.device
    run = RunConfig(train=config, model=model_spec(config, data.info), data=data.info)
    spec, objective = run.model, OBJECTIVES[config.objective]
    fused = device.type in ("cpu", "cuda")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = build(spec)
        critic = objective.critic(spec, config).to(device) if objective.critic else None
    model = model.to(device)
    if spec.net == "conv":
        model = model.to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=fused)
    critic_optimiser = (
        torch.optim.Adam(critic.parameters(), lr=config.critic_learning_rate, betas=CRITIC_BETAS, fused=fused)
        if critic
        else None
    )
    noise = torch.Generator(device=device).manual_seed(config.seed + FOLLOWER * team.rank)

    x = data.x.to(device)
    positions = {name: data.splits[name].to(device) for name in ("train", "validation", "test")}
    y = _training_classes(data, config, spec)
    held_out_y = told_classes(spec, data.y)
    y, held_out_y = (None if classes is None else classes.to(device) for classes in (y, held_out_y))
    batch_size = min(config.batch_size, len(positions["train"]))
    steps_per_epoch = len(positions["train"]) // batch_size
    total = config.steps or config.epochs * steps_per_epoch
    if model.closed_form:
        total = 0
    if not resume:
        model.begin(x[positions["train"][:FIRST_SAMPLES]])
    look_every = max(1, total // config.evaluations)
    report_every = max(1, min(REPORT_STEPS, total // HISTORY_ROWS))
    history_every = max(report_every, total // HISTORY_ROWS // report_every * report_every)

    folder = RunFolder(config.out) if config.out and team.leads else None
    done, best, best_weights, history = 0, None, _copy(model), list[dict[str, float]]()
    if config.out and resume:
        state = RunFolder(config.out).read_state(model, critic, noise.get_state())
        model.load_state_dict(state.weights)
        done, best, best_weights = state.step, state.best, state.best_weights
        _load_moments(optimiser, state.moments)
        if critic is not None and critic_optimiser is not None:
            critic.load_state_dict(state.critic)
            _load_moments(critic_optimiser, state.critic_moments)
        if team.leads:
            noise.set_state(state.noise)
        else:  # only the leader's stream is kept
            noise.manual_seed(config.seed + FOLLOWER * team.rank + done)
        if folder:
            history = folder.read_history(until=done)
            folder.write_config(run.model_copy(update={"best": best}))
    elif folder:
        folder.create(run)

    now, repriced = config.at(done), False  # the settings in force; whether `best` was measured at another price

    def measure(where: Tensor, step: int) -> Figures:
        model.eval()
        terms = held_out_terms(model, x, where, y=held_out_y)
        model.train()
        return Figures(
            step=step,
            distortion=float(terms.distortion.mean()),
            rate=float(terms.total_rate.mean()),
            objective=float((objective.judge(terms, now) if objective.judge else -terms.elbo).mean()),
        )

    def look() -> Figures:
        figures = measure(positions["validation"][:VALIDATION_SAMPLES], done)
        if not np.isfinite(figures.objective):
            raise TrainingError(_cause(done, now, best))
        return figures

    def keep(figures: Figures | None) -> None:
        """After a look at the validation split: the best so far, and all that resuming needs."""
        nonlocal best, best_weights, repriced
        if figures is None:
            return
        if best is None or repriced or objective.judge is None or figures.objective < best.objective:
            best, best_weights, repriced = figures, _copy(model), False
        if folder:
            state = TrainingState(
                done,
                _copy(model),
                best_weights,
                best,
                _moments(optimiser),
                noise.get_state(),
                _copy(critic) if critic else {},
                _moments(critic_optimiser) if critic_optimiser else {},
            )
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

    def attended(step: Step) -> Generator[Step, Order | None, bool]:
        """Yield a Step and take the turns that come back. Returns whether the next batch is to be a single one."""
        nonlocal config, run
        order = team.heard((yield step))
        while isinstance(order, Turn) and done < total:
            config = config.turned(order.model_copy(update={"step": done}))
            run = run.model_copy(update={"train": config})
            if folder:
                folder.write_config(run.model_copy(update={"best": best}))
            step = replace(step, config=config)
            order = team.heard((yield step))
        if order == "leave":
            raise LeftError
        return order == "single"

    plan = Setting(now, 0.0, total, len(positions["train"]), critic, noise)
    forward = _loss_function(model, plan, device, done)
    dims = spec.latent_dim
    meter = _Meter(dims, device, batch_size)
    parameters = list(model.parameters())
    single = False
    try:
        model.train()
        if model.closed_form and not resume:
            found = look()
            values = [found.objective, found.distortion, found.rate]
            history.append(_history_row(0, 0.0, [*values, *[0.0] * dims], found))
            keep(found)
            yield Step(0, 0, 0.0, values[0], values[1], np.zeros(dims), values[2], found, 0.0, 0.0, model, config)
        for whole in _batches(positions["train"], batch_size, config.seed, range(done, total)):
            rows = team.share(whole)
            batch = x[rows]
            if spec.net == "conv":
                batch = batch.contiguous(memory_format=torch.channels_last)
            if done and done == config.pretrain_steps:
                _begin_decoder_anew(model, optimiser, config.seed)
                best = None
            if turned := {turn.setting for turn in config.turns if turn.step == done}:
                now = config.at(done)
                if turned != {"learning_rate"}:
                    repriced, forward = True, _loss_function(model, replace(plan, config=now), device, done)
            for group in optimiser.param_groups:
                group["lr"] = now.learning_rate * cosine_tail(done, total, config.decay)
            told = None if y is None else y[rows]
            streams = _streams(noise, device) if single else []
            losses = forward(batch, told, done)
            optimiser.zero_grad(set_to_none=True)
            losses.model.backward(inputs=parameters)
            if losses.critic is not None and critic is not None and critic_optimiser is not None:
                critic_optimiser.zero_grad(set_to_none=True)
                losses.critic.backward(inputs=list(critic.parameters()))
                team.average(_gradients(list(critic.parameters())))
                critic_optimiser.step()
            team.average([*_gradients(parameters), *(part for part in model.buffers() if part.is_floating_point())])
            norm = float(torch.nn.utils.get_total_norm(_gradients(parameters))) if single else 0.0
            before = _figures(losses) if single else ()  # a captured graph writes over them when it runs again
            optimiser.step()
            done += 1
            meter.add(done, losses)

            looking = done % look_every == 0 or done == total
            due = looking or done % report_every == 0
            # a team reports in step: each has a clock of its own
            if not (due or single or (team.size == 1 and meter.seconds() > REPORT_SECONDS)):
                continue
            team.average([meter.sums])
            meter.pause()
            if (bad := meter.bad_step(done)) is not None:
                raise TrainingError(_cause(bad, now, best))
            account = None
            if single:
                with _rehearsed(model, noise, device, streams):
                    account = _account(done, before, _figures(forward(batch, told, done - 1)), norm)
            values, speed = meter.means(), meter.speed
            figures = look() if looking else None
            if looking or done % history_every == 0:
                history.append(_history_row(done, done / steps_per_epoch, values, figures))
            keep(figures)
            report = Step(
                step=done,
                total=total,
                epoch=done / steps_per_epoch,
                loss=values[0],
                distortion=values[1],
                rate=np.array(values[3:]),
                total_rate=values[2],
                validation=figures,
                samples_per_second=speed,
                seconds_left=(total - done) * batch_size / max(speed, 1e-9),
                model=model,
                config=config,
                account=account,
            )
            if due:  # nothing else begins the means anew, so that the curves are those of a run left alone
                meter.clear()
            single = yield from attended(report)
            meter.go_on()
        finish("finished")
    except LeftError:
        return
    except (GeneratorExit, KeyboardInterrupt):
        if team.leads:
            with contextlib.suppress(RuntimeError):  # the others may have been interrupted too
                team.heard("leave")
        if (best is None or repriced) and done:  # stopped before the first look: what was learnt until now is kept
            with contextlib.suppress(TrainingError):
                keep(look())
        finish("stopped")
        raise
    except TrainingError:
        finish("failed")
        raise


def _training_classes(data: Dataset, config: TrainConfig, spec: ModelSpec) -> Tensor | None:
    """The classes that the model is told in training, int64 [N]: all of a conditional one's, a few of a
    semi-supervised one's (-1 for the others), none of any other's.

    Raises ValueError where the data has no classes for a model that needs them.
    """
    able = spec.abilities
    if not able.classes:
        return None
    if data.y is None:
        raise ValueError(f"{data.name} has no classes, and this model learns from them: choose other data.")
    if not able.infers_class:
        return data.y
    told = torch.full_like(data.y, -1)
    rows = data.splits["train"][np.random.RandomState(config.seed).permutation(len(data.splits["train"]))]
    for label in range(able.classes):
        chosen = rows[data.y[rows] == label][: config.labels]
        told[chosen] = label
    return told


def _begin_decoder_anew(model: Model, optimiser: torch.optim.Optimizer, seed: int) -> None:
    """Fresh weights for the decoder, beside an encoder that knows something by now (Li et al. 2019, section 3.2)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 1)
        fresh = build(model.spec).get_submodule("decoder")
    decoder = model.get_submodule("decoder")
    decoder.load_state_dict(fresh.state_dict())
    for parameter in decoder.parameters():
        optimiser.state.pop(parameter, None)


class Losses(NamedTuple):
    """Of one batch. All but the rate are scalars; means over the batch, nats."""

    model: Tensor
    critic: Tensor | None
    distortion: Tensor
    total_rate: Tensor
    rate: Tensor  # [D]


def _loss_function(
    model: Model, plan: Setting, device: torch.device, done: int
) -> Callable[[Tensor, Tensor | None, int], Losses]:
    """(batch, classes, step) -> losses, compiled into captured graphs where the config asks for it."""
    config = plan.config
    objective = OBJECTIVES[config.objective]
    draws = objective.draws(config)
    autocast = _autocast(config.precision, device)
    # a critic's penalty differentiates twice, importance weights hook into gradients, an LSTM is a kernel already
    plain = objective.critic is None and draws == 1 and model.spec.net != "lstm"
    compiled = config.compile == "on" or (config.compile == "auto" and device.type == "cuda" and plain)
    # captured graphs draw their noise from CUDA's own generator alone
    captured = compiled and device.type == "cuda"
    plan = replace(plan, generator=None if captured else plan.generator)
    if captured:
        torch.cuda.manual_seed(config.seed + done)

    def losses(batch: Tensor, y: Tensor | None, step: Tensor | float) -> Losses:
        with autocast:
            terms = model.terms(batch, y, plan.generator, draws)
        now = replace(plan, step=step)
        loss = objective.loss(terms, now).mean()
        second = objective.critic_loss(terms, now).mean() if objective.critic_loss else None
        return Losses(loss, second, terms.distortion.mean(), terms.total_rate.mean(), terms.rate.mean(0))

    if not compiled:
        return losses
    torch.compiler.reset()  # of graphs with other weights of the objective, of which only so many are kept
    graph = torch.compile(losses, mode="reduce-overhead" if captured else "default")
    # the step goes in as a tensor: as a number it would be compiled anew each time
    return lambda batch, y, step: graph(batch, y, torch.tensor(float(step), device=device))


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


def _streams(noise: torch.Generator, device: torch.device) -> list[Tensor]:
    """The states of all random streams that a batch may draw from."""
    states = [noise.get_state(), torch.get_rng_state()]
    return [*states, torch.cuda.get_rng_state(device)] if device.type == "cuda" else states


def _set_streams(noise: torch.Generator, device: torch.device, states: list[Tensor]) -> None:
    noise.set_state(states[0])
    torch.set_rng_state(states[1])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[2], device)


@contextlib.contextmanager
def _rehearsed(
    model: Model, noise: torch.Generator, device: torch.device, streams: list[Tensor]
) -> Generator[None, None, None]:
    """Draws here are those that these `streams` gave; afterwards streams and running buffers are as they were."""
    kept = _streams(noise, device)
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    _set_streams(noise, device, streams)
    try:
        yield
    finally:
        _set_streams(noise, device, kept)
        with torch.no_grad():
            for buffer, value in buffers:
                buffer.copy_(value)


def _figures(losses: Losses) -> tuple[float, float, float]:
    """Loss, distortion, total rate."""
    return float(losses.model.detach()), float(losses.distortion.detach()), float(losses.total_rate.detach())


def _gradients(parameters: list[torch.nn.Parameter]) -> list[Tensor]:
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def _account(step: int, before: tuple[float, ...], after: tuple[float, ...], norm: float) -> Account:
    names = ("loss", "distortion", "rate")
    return Account(
        step=step,
        gradient_norm=norm,
        **{f"{name}_before": value for name, value in zip(names, before, strict=True)},
        **{f"{name}_after": value for name, value in zip(names, after, strict=True)},
    )


class _Meter:
    """Means of the loss and its terms since they were cleared, kept on the device: reading alone waits for it.

    Its clock runs while batches are trained; looks at held-out samples, pauses and whoever takes a Step stop it.
    """

    def __init__(self, latent_dim: int, device: torch.device, batch_size: int) -> None:
        self.sums = torch.zeros(3 + latent_dim, device=device)  # loss, distortion, total rate, rate [D]
        self.first_bad = torch.full((), -1, dtype=torch.int64, device=device)
        self.batch_size = batch_size
        self.counted = self.seen = 0
        self.spent, self.started = 0.0, time.perf_counter()

    @torch.no_grad()
    def add(self, step: int, losses: Losses) -> None:
        bad = (self.first_bad < 0) & ~torch.isfinite(losses.model)
        self.first_bad = torch.where(bad, step, self.first_bad)
        self.sums += torch.cat([torch.stack([losses.model, losses.distortion, losses.total_rate]), losses.rate])
        self.counted += 1
        self.seen += self.batch_size

    def means(self) -> list[float]:
        """Loss, distortion, total rate, rate of each dimension."""
        means: list[float] = (self.sums / self.counted).tolist()
        return means

    def clear(self) -> None:
        self.sums.zero_()
        self.counted = 0

    def seconds(self) -> float:
        """Since the clock went on."""
        return time.perf_counter() - self.started

    def pause(self) -> None:
        if self.sums.device.type != "cpu":  # what was queued is training too
            self.sums[0].item()
        self.spent += self.seconds()

    def go_on(self) -> None:
        self.started = time.perf_counter()

    @property
    def speed(self) -> float:
        """Samples per second since the training began."""
        return self.seen / max(self.spent, 1e-9)

    def bad_step(self, now: int) -> int | None:
        """The first step whose loss was no number; `now` where it was so in another process of the team."""
        step = int(self.first_bad)
        return step if step >= 0 else None if bool(torch.isfinite(self.sums[0])) else now


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


def _copy(model: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def _moments(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Adam's moments and step counts as a flat dict of tensors, '<parameter number>.<what>'."""
    states = optimiser.state_dict()["state"]
    return {f"{i}.{what}": value for i, state in states.items() for what, value in state.items()}


def _load_moments(optimiser: torch.optim.Optimizer, moments: dict[str, Tensor]) -> None:
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in moments.items():
        number, what = name.split(".", 1)
        parameter = parameters[int(number)]
        if value.shape == parameter.shape:  # in the parameter's order of memory, as Adam made them
            value = torch.empty_like(parameter).copy_(value)
        state.setdefault(int(number), {})[what] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _history_row(step: int, epoch: float, values: list[float], figures: Figures | None) -> dict[str, float]:
    row = {
        "step": float(step),
        "epoch": epoch,
        "loss": values[0],
        "distortion": values[1],
        "rate": values[2],
        "validation_distortion": figures.distortion if figures else float("nan"),
        "validation_rate": figures.rate if figures else float("nan"),
    }
    return row | {f"rate_{d}": value for d, value in enumerate(values[3:])}


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
