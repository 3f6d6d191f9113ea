"""The one training loop."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor

from vae_core.config import Account, Figures, RunConfig, TrainConfig, Turn, model_spec
from vae_core.metrics.likelihood import held_out_terms, told_classes
from vae_core.models import Model, build
from vae_core.objectives import OBJECTIVES, Setting
from vae_core.products import quick_products
from vae_core.runs.finish import write_results
from vae_core.runs.folder import RunFolder, TrainingState
from vae_core.team import team_of
from vae_core.training.batches import batches, cosine_tail, training_classes, with_labels
from vae_core.training.descent import descend
from vae_core.training.losses import loss_function, pick_device
from vae_core.training.meter import Meter, cause_of, history_row
from vae_core.training.rehearsal import account_of, figures_of, gradients, rehearsed, streams_of
from vae_core.training.start import begin, begin_decoder_anew
from vae_core.training.state import copy_of, load_moments, moments_of

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


Order = Turn | Literal["single", "wait"]
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
    y = training_classes(data, config, spec)
    held_out_y = told_classes(spec, data.y)
    y, held_out_y = (None if classes is None else classes.to(device) for classes in (y, held_out_y))
    labelled = None if y is None or not config.label_share else torch.nonzero(y >= 0).squeeze(1)
    batch_size = min(config.batch_size, len(positions["train"]))
    steps_per_epoch = len(positions["train"]) // batch_size
    total = config.steps or config.epochs * steps_per_epoch
    if model.closed_form:
        total = 0
    first = positions["train"][:FIRST_SAMPLES]
    if not resume:
        begin(model, x[first], config)
    look_every = max(1, total // config.evaluations)
    report_every = max(1, min(REPORT_STEPS, total // HISTORY_ROWS))
    history_every = max(report_every, total // HISTORY_ROWS // report_every * report_every)

    folder = RunFolder(config.out) if config.out and team.leads else None
    done, best, best_weights, history = 0, None, copy_of(model), list[dict[str, float]]()
    if config.out and resume:
        state = RunFolder(config.out).read_state(model, critic, noise.get_state())
        model.load_state_dict(state.weights)
        done, best, best_weights = state.step, state.best, state.best_weights
        load_moments(optimiser, state.moments)
        if critic is not None and critic_optimiser is not None:
            critic.load_state_dict(state.critic)
            load_moments(critic_optimiser, state.critic_moments)
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
            raise TrainingError(cause_of(done, now, best))
        return figures

    def keep(figures: Figures | None) -> None:
        """After a look at the validation split: the best so far, and all that resuming needs."""
        nonlocal best, best_weights, repriced
        if figures is None:
            return
        if best is None or repriced or objective.judge is None or figures.objective < best.objective:
            best, best_weights, repriced = figures, copy_of(model), False
        if folder:
            state = TrainingState(
                done,
                copy_of(model),
                best_weights,
                best,
                moments_of(optimiser),
                noise.get_state(),
                copy_of(critic) if critic else {},
                moments_of(critic_optimiser) if critic_optimiser else {},
            )
            folder.write_progress(run.model_copy(update={"best": best}), state, history)

    def finish(outcome: str) -> None:
        half = config.weights == "fp16"
        model.load_state_dict({k: v.half().float() for k, v in best_weights.items()} if half else best_weights)
        if folder is None:
            return
        test = None
        if best:
            folder.write_weights(copy_of(model), half=half)
            test = measure(positions["test"][:TEST_SAMPLES], best.step)
        reached = {"best": best, "test": test if test and np.isfinite(test.objective) else None, "state": outcome}
        write_results(folder, run.model_copy(update=reached), model, data)

    def attended(step: Step) -> Generator[Step, Order | None, bool]:
        """Yield a Step and take the turns that come back. Returns whether the next batch is to be a single one."""
        nonlocal config, run
        order = team.heard((yield step))
        while order == "wait" or (isinstance(order, Turn) and done < total):
            if not isinstance(order, Turn):  # a paused leader tells its team that it is still there
                order = team.heard((yield step))
                continue
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
    forward = loss_function(model, plan, device, done)
    dims = spec.latent_dim
    meter = Meter(dims, device, batch_size)
    parameters = list(model.parameters())
    single = False
    try:
        model.train()
        if model.closed_form and not resume:
            found = look()
            values = [found.objective, found.distortion, found.rate]
            history.append(history_row(0, 0.0, [*values, *[0.0] * dims], found))
            keep(found)
            yield Step(0, 0, 0.0, values[0], values[1], np.zeros(dims), values[2], found, 0.0, 0.0, model, config)
        for whole in batches(positions["train"], batch_size, config.seed, range(done, total)):
            if labelled is not None:
                whole = with_labels(whole, labelled, config.label_share, config.seed, done)
            rows = team.share(whole)
            batch = x[rows]
            if spec.net == "conv":
                batch = batch.contiguous(memory_format=torch.channels_last)
            if done and done == config.pretrain_steps:
                begin_decoder_anew(model, optimiser, x[first], config)
                best = None
            if turned := {turn.setting for turn in config.turns if turn.step == done}:
                now = config.at(done)
                if turned != {"learning_rate"}:
                    repriced, forward = True, loss_function(model, replace(plan, config=now), device, done)
            for group in optimiser.param_groups:
                group["lr"] = now.learning_rate * cosine_tail(done, total, config.decay)
            told = None if y is None else y[rows]
            streams = streams_of(noise, device) if single else []
            losses = forward(batch, told, done)
            before = figures_of(losses) if single else ()  # a captured graph writes over them when it runs again
            buffers = [part for part in model.buffers() if part.is_floating_point()]
            descend(losses.model, parameters, optimiser, team, buffers)
            # a critic looks at tensors detached from the model, so the step just taken changes nothing for it
            if losses.critic is not None and critic is not None and critic_optimiser is not None:
                descend(losses.critic, list(critic.parameters()), critic_optimiser, team)
            norm = float(torch.nn.utils.get_total_norm(gradients(parameters))) if single else 0.0
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
                raise TrainingError(cause_of(bad, now, best))
            account = None
            if single:
                with rehearsed(model, noise, device, streams):
                    account = account_of(done, before, figures_of(forward(batch, told, done - 1)), norm)
            values, speed = meter.means(), meter.speed
            figures = look() if looking else None
            if looking or done % history_every == 0:
                history.append(history_row(done, done / steps_per_epoch, values, figures))
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
