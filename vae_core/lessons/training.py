"""Lesson 7: the first batches of a training, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vae_core.lessons.card import Lesson, Material, Paper, Term
from vae_core.lessons.samples import as_pictures, sample_of
from vae_core.lessons.scene import Cloud, Curves, Drag, Line, Number, Pictures, Plane, Scene, Spot

if TYPE_CHECKING:
    from torch import Tensor

    from vae_core.config import TrainConfig
    from vae_core.data import Dataset
    from vae_core.models import Model

RUN = "digits-2d"
BATCHES, EVERY = 360, 9  # how many are trained, and how far apart the slider's places are
SLOW = 0.1  # nats: a step that changes the validation loss by less belongs to the slow part
MANY = 0.4  # of the steps


class Steps(NamedTuple):
    """The first N steps of a training, nats per sample. The others but the first are told at S places: before the first
    step, where nan stands for what only a step has, and after every N / (S - 1)-th.
    """

    validation: np.ndarray  # [1 + N], distortion + rate of the validation split, after so many steps
    before: np.ndarray  # [S], the loss of the step's batch, before it
    after: np.ndarray  # [S], of the same batch with the same noise, after it
    gradient: np.ndarray  # [S], its length
    codes: np.ndarray  # float32 [S, n, D], of the samples that were watched
    redrawn: Tensor  # [S, *sample_shape], the first of them


def begun(config: TrainConfig, data: Dataset) -> Model:
    """The model before its first step, with the random weights that the training's seed gives it."""
    import torch

    from vae_core.config import model_spec
    from vae_core.models import build

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = build(model_spec(config, data.info))
    model.begin(data.x[data.splits["train"]])
    return model.eval()


def followed(config: TrainConfig, data: Dataset, watched: Tensor, count: int, every: int) -> Steps:
    """The first `count` steps of a training, in memory; `watched` samples [n, *sample_shape] are encoded as it goes on.

    The run's own settings, cut short: so short a training reports each step, and the learning rate is still constant.
    """
    import torch

    from vae_core.metrics.likelihood import held_out_terms
    from vae_core.training import train

    def watch(model: Model) -> None:
        with torch.no_grad():
            means = model.encode(watched).mean
            redrawn.append(model.decode(means[:1])[0])
        codes.append(means.numpy())

    untrained = begun(config, data)
    validation = [-float(held_out_terms(untrained, data.x, data.splits["validation"]).elbo.mean())]
    accounts, codes, redrawn = [(np.nan, np.nan, np.nan)], list[np.ndarray](), list[torch.Tensor]()
    watch(untrained)
    short = {"out": None, "steps": 400, "evaluations": 400, "decay": 0.0, "device": "cpu", "devices": 1, "nodes": 1}
    steps = train(config.model_copy(update=short), data=data)
    step = next(steps)
    while True:
        held_out = step.validation
        validation.append(np.nan if held_out is None else held_out.distortion + held_out.rate)
        if step.account is not None:
            did = step.account
            accounts.append((did.loss_before, did.loss_after, did.gradient_norm))
            watch(step.model)
        if step.step == count:
            break
        step = steps.send("single") if (step.step + 1) % every == 0 else next(steps)
    steps.close()
    before, after, gradient = np.array(accounts).T
    return Steps(np.array(validation), before, after, gradient, np.stack(codes), torch.stack(redrawn))


def scene(material: Material) -> Scene:
    """The map of the held-out codes, one sample and the losses, before and after every ninth of the first batches."""
    import torch

    from vae_core.data import load_dataset

    run = material.run(RUN)
    config, sample = run.config.train, sample_of(material, run)
    data = load_dataset(run.config.data.name)
    rows = data.splits["validation"]
    found = followed(config, data, torch.cat([sample.x, data.x[rows]]), BATCHES, EVERY)
    shown = np.arange(0, BATCHES + 1, EVERY)  # [S], steps so far
    at = shown.astype(float)
    changes = np.diff(found.validation)  # [N], of the validation loss, by each step
    change = np.append(np.nan, changes[shown[1:] - 1])  # [S]
    own = found.after - found.before  # [S]
    share = float((changes > 0).mean())
    slow = shown > 1 + (np.abs(changes) >= SLOW).nonzero()[0].max(initial=-1)
    pixels = torch.stack([sample.x[0].float().div(255).expand_as(found.redrawn), found.redrawn], 1)
    numbers = {
        "before": (found.before, "this batch, before its step", "nats"),
        "after": (found.after, "this batch, after it", "nats"),
        "own": (own, "change", "nats"),
        "held_out": (found.validation[shown], "validation split, after it", "nats"),
        "change": (change, "change by this step", "nats"),
        "slope": (found.gradient, "length of the gradient", ""),
    }
    return Scene(
        drag=Drag("batches so far", tuple(f"{step:.0f}" for step in at), 0, "weights", "untrained", "later"),
        panels=(
            Plane(
                "Where the validation samples live",
                "The codes of the validation samples, coloured by class, after so many batches.",
                clouds=(Cloud(found.codes[:, 1:, :2], _classes(data.y, rows), "codes of the validation split"),),
                spots=(Spot(found.codes[:, 0, :2], "the sample", "distortion"),),
                class_names=run.config.data.class_names,
            ),
            Pictures(
                "One sample, redrawn",
                f"{sample.label}, and what the model makes of it after so many batches.",
                as_pictures(pixels), ("the sample", "redrawn"), ("", "distortion"),
            ),
            Curves(
                "The loss, batch by batch",
                "Two curves over the batches: the loss of each batch before its step, and that of the validation "
                "split.",
                at,
                (
                    Line("this batch, before its step", found.before, "loss"),
                    Line("validation split", found.validation[shown], "held_out"),
                ),
                "batches", "nats per sample", digits=3,
            ),
            Curves(
                "What one step changes, in the slow part",
                "Two curves: by how much single steps change the loss of their own batch and of the validation split; "
                "what lies below zero is a gain.",
                at,
                (
                    Line("its own batch", np.where(slow, own, np.nan), "loss"),
                    Line("validation split", np.where(slow, change, np.nan), "held_out"),
                    Line("no change", np.where(slow, 0.0, np.nan), dashed=True),
                ),
                "batches", "nats per sample", digits=3,
            ),
        ),
        numbers=tuple(
            Number(key, label, values, unit, 2 if key == "slope" else 3)
            for key, (values, label, unit) in numbers.items()
        ),
        sums=(
            "its own batch: {before} → {after}, a change of {own}",
            "validation split: {held_out}, a change of {change}",
        ),
        answer=0 if share == 0 else 1 if share < MANY else 2,
        because=(
            f"{int((changes > 0).sum())} of {len(changes)} steps, {share:.0%}, raised the loss of the validation "
            f"split. The slider stops at {len(own) - 1} of these steps, and {int((own > 0).sum())} of them raised the "
            f"loss of their own batch. A step follows the slope of its own {config.batch_size} samples. For all other "
            "samples the slope is a little different."
        ),
        see=tuple(place for place in range(len(shown)) if slow[place]),
        made_of=(
            f"Trained just now: the first {BATCHES} batches of “{config.title}”, with its settings, on "
            f"{len(data.splits['train']):,} digits; {len(rows)} others are the validation split."
        ),
    )  # fmt: skip


def _classes(y: Tensor | None, rows: Tensor) -> np.ndarray | None:
    return None if y is None else y[rows].numpy()


LESSON = Lesson(
    number=7,
    key="training",
    title="What does one step of training do?",
    idea=(
        "Training begins with random weights $\\theta$. Take a *batch* of a few dozen samples, compute the mean of "
        "minus their ELBO, ask how it would change with each weight, and move all weights a little against that "
        "slope. Then take the next batch, with other samples and other noise. Nothing else happens. What counts in the "
        "end is the loss of the *validation split*: held-out samples that no step is made from."
    ),
    question="Does every step lower the loss on the validation split?",
    options=(
        "Yes, every step lowers it",
        "No, but fewer than two steps in five raise it",
        "No: two steps in five or more raise it",
    ),
    drag="Drag from no batch at all to the right, slowly at first. Then look at single steps.",
    formula=(
        r"\term{weights}{\theta} \leftarrow \term{weights}{\theta} - \term{adam}{\eta\,\mathrm{Adam}}"
        r"\left(\term{slope}{\nabla_{\theta}}\,\term{loss}{L}\right) \\ "
        r"\term{loss}{L} = \frac{1}{B}\sum_{x \in \mathrm{batch}} "
        r"\left[ \term{distortion}{D(x)} + \term{rate}{R(x)} \right] \\ "
        r"\term{held_out}{L_{\mathrm{val}}} = \frac{1}{N}\sum_{x \in \mathrm{validation}} "
        r"\left[ \term{distortion}{D(x)} + \term{rate}{R(x)} \right]"
    ),
    terms={
        "weights": Term("All weights of encoder and decoder: what a step changes.", ("parameters",)),
        "adam": Term(
            "How far to go, η times Adam: a common rule that divides each weight's slope by how large it usually is.",
            ("optimiser",),
        ),
        "slope": Term("How the loss would change with each weight; computed backwards.", ("gradients", "backward")),
        "loss": Term("Mean of minus the ELBO over this batch, in nats per sample.", ("loss",)),
        "distortion": Term("How badly a sample is redrawn, in nats.", ("distortion",)),
        "rate": Term("What its code costs, in nats.", ("rate",)),
        "held_out": Term("The same mean over held-out samples: no step is made from them.", ()),
    },
    code=(
        "vae_core.training.descent:descend",
        "vae_core.objectives.elbo:_weighed",
    ),
    runs=(RUN,),
    scene=scene,
    papers=(
        Paper("Kingma and Ba 2015 (Adam), algorithm 1", "https://arxiv.org/abs/1412.6980"),
        Paper("Bottou, Curtis and Nocedal 2018, on noisy gradients", "https://arxiv.org/abs/1606.04838"),
        Paper("Kingma and Welling 2014, algorithm 1", "https://arxiv.org/abs/1312.6114"),
    ),
    then=(
        "At first nearly every step helps: the decoder learns the average digit. All codes stay in the middle, since a "
        "code costs nats and saves none yet. Then the codes leave the middle, along a line first, and over the plane "
        "once a second dimension saves more nats than it costs. Late steps are guesses from a few samples: so curves "
        "are noisy, the weights that did best on the validation split are kept, and the learning rate falls at the end "
        "of a training. You cannot draw a digit for this lesson: another sample means training anew."
    ),
    onward=(
        ("pages/train.py", "Train: pause, and go on batch by batch"),
        ("pages/atlas.py", "Atlas: the film of a training"),
    ),
    sample=24,
)  # fmt: skip
