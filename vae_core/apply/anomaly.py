"""Which samples are not like the others: scores of a model and of plain baselines, each with its ROC curve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from vae_core.apply.material import Part, class_number, codes_of, data_of, flat_of, needs_codes, part_of
from vae_core.apply.outcome import ApplyError, Merit, Outcome
from vae_core.apply.roc import Roc, area_interval, roc_of, threshold_for
from vae_core.data import load_dataset
from vae_core.latent.mixture import fit
from vae_core.metrics.likelihood import held_out_terms
from vae_core.redraw import told_of

if TYPE_CHECKING:
    from vae_core.data import Dataset
    from vae_core.models import Model
    from vae_core.runs import Run

TITLES = {
    "distortion": "Distortion",
    "elbo": "Minus the ELBO",
    "density": "Density of the code",
    "posterior": "Density of the posterior",
    "regret": "Likelihood regret",
    "mean": "Distance to the mean",
    "neighbour": "Nearest neighbour",
    "forest": "Isolation forest",
}
USUAL = ("density", "distortion")
"""The score that is looked at where nobody says which, or the next: the best on the very samples would be luck."""
BASELINES = ("mean", "neighbour", "forest")
TRAINING = 5_000
"""Normal training samples that densities and baselines are fitted to, at most."""
DRAWS = 4
"""Posterior samples that distortion and ELBO are averaged over."""
COMPONENTS = 10


@dataclass(frozen=True)
class Score:
    """One way of telling odd samples, higher: odder.

    Attributes:
        values: of the samples that are looked at, float64 [n]; nats, or the baseline's own unit.
        quiet: of the normal validation samples, float64 [m]: a threshold is set on these.
    """

    name: str
    values: np.ndarray
    quiet: np.ndarray
    roc: Roc

    def threshold(self, false_alarms: float = 0.05) -> float:
        """The threshold that calls this share of normal validation samples odd."""
        return threshold_for(self.quiet, false_alarms)


@dataclass(frozen=True, eq=False)
class Detection:
    """Held-out samples, which of them are odd, and what each score makes of them."""

    outcome: Outcome
    normal: str
    odd_are: str
    part: Part  # [n]: normal samples first
    odd: np.ndarray  # bool [n]
    scores: tuple[Score, ...]
    model: Model
    seen: Part  # normal training samples
    steps: int
    seed: int

    @property
    def usual(self) -> str:
        """The score that was settled on before any was computed."""
        names = [score.name for score in self.scores]
        return next(name for name in (*USUAL, *names) if name in names)

    def score(self, name: str) -> Score:
        """Raises ApplyError where it was not asked for."""
        for score in self.scores:
            if score.name == name:
                return score
        raise ApplyError(f"There is no score {name}: choose one of {', '.join(each.name for each in self.scores)}.")


@dataclass(frozen=True)
class Worst:
    """The oddest samples by a score, and where each differs from what the model makes of it."""

    places: np.ndarray  # int64 [k], in the samples that were looked at
    values: np.ndarray  # float64 [k]
    samples: np.ndarray  # float32 [k, P]
    redrawn: np.ndarray  # float32 [k, P]

    @property
    def error(self) -> np.ndarray:
        """Squared error of each number: float32 [k, P]."""
        return np.square(self.samples - self.redrawn)


def detect(
    run: Run,
    *,
    normal: str = "",
    odd: str = "",
    scores: tuple[str, ...] = tuple(TITLES),
    samples: int = 300,
    anew: bool = False,
    steps: int = 40,
    seed: int = 0,
    progress: Callable[[float, str], None] = lambda fraction, text: None,
) -> Detection:
    """Rank held-out samples of a run's data by how odd they are. Raises ApplyError.

    Args:
        normal: the class that counts as normal (its name or number); "" for all classes, or, where there are just two
            and `odd` is empty, the more frequent one.
        odd: a dataset whose samples are the odd ones (pictures of another size are shrunk or stretched); "" takes the
            other classes.
        scores: names of TITLES; those that the model cannot have are left out with a remark.
        samples: normal ones, and odd ones, of the test split at most.
        anew: train the run's settings again on the normal class alone, in memory; a model that has seen the odd
            classes reconstructs them too.
        steps: of the search for each sample's own posterior (regret).
    """
    unknown = [name for name in scores if name not in TITLES]
    if unknown or not scores:
        raise ApplyError(f"There is no score {', '.join(unknown) or '()'}: choose among {', '.join(TITLES)}.")
    needs_codes(run)
    data = data_of(run)
    number = _normal_class(data, normal, odd)
    if anew and number is None:
        raise ApplyError("Training anew needs a class that counts as normal: the run itself has seen all of them.")
    title = "all classes" if number is None else data.class_names[number]
    seen = _some(part_of(data, "train", TRAINING, only=number))
    quiet = _some(part_of(data, "validation", samples, only=number))
    looked_at, marks = _held_out(data, number, odd, samples)
    model = run.model if not anew or number is None else _trained(run, data, number, progress)
    remarks: list[str] = []
    made: list[Score] = []
    together = Part(torch.cat([quiet.x, looked_at.x]), None, np.r_[quiet.index, looked_at.index])
    for place, name in enumerate(scores):
        progress(0.2 + 0.8 * place / len(scores), TITLES[name])
        try:
            values = _values(name, run, model, seen, together, steps, seed)
            before, after = values[: len(quiet)], values[len(quiet) :]
            made.append(Score(name, after, before, roc_of(after, marks)))
        except ApplyError as error:
            remarks.append(f"{TITLES[name]} is left out: {error}")
    if not made:
        raise ApplyError(" ".join(remarks))
    merits = tuple(_merit(score, marks, seed) for score in made)
    if number is not None and not anew:
        remarks.append(
            "The run has seen all classes, so only what is fitted to the normal one (the codes' density, the "
            "baselines) can know what is odd. One that is trained on the normal class alone has not seen the others."
        )
    outcome = Outcome("anomaly", run.name, "AUROC", "higher", merits, tuple(remarks))
    return Detection(
        outcome, title, odd or _others(data, number), looked_at, marks, tuple(made), model, seen, steps, seed
    )


def worst_of(found: Detection, name: str, count: int = 8) -> Worst:
    """The samples that a score calls oddest, redrawn by the model."""
    values = found.score(name).values
    places = np.argsort(-values, kind="stable")[:count]
    x = found.part.x[torch.from_numpy(places)]
    with torch.no_grad():
        told = told_of(found.model, x, None)
        redrawn = found.model.decode(found.model.encode(x, told).mean, told).flatten(1).float().numpy()
    return Worst(places, values[places], flat_of(x), redrawn)


def values_of(run: Run, found: Detection, name: str, x: torch.Tensor) -> np.ndarray:
    """The score's values of other samples [n, *shape] than those that were looked at, float64 [n]; higher: odder.

    Raises ApplyError where the model cannot have this score.
    """
    part = Part(x, None, np.arange(len(x)))
    return _values(name, run, found.model, found.seen, part, found.steps, found.seed)


def _values(name: str, run: Run, model: Model, seen: Part, part: Part, steps: int, seed: int) -> np.ndarray:
    """The score's values of a part, float64 [n]."""
    if name in BASELINES:
        return _baseline(name, seen.flat, part.flat, seed)
    if name in ("distortion", "elbo"):
        if name == "elbo" and not run.config.model.abilities.rated:
            raise ApplyError(f"{run.name} has codes without a price, so there is no ELBO.")
        rows = torch.arange(len(part))
        terms = [held_out_terms(model, part.x, rows, seed + draw) for draw in range(DRAWS)]
        parts = [term.distortion if name == "distortion" else -term.elbo for term in terms]
        return torch.stack(parts).mean(0).double().numpy()
    components = min(COMPONENTS, max(1, len(seen) // 50))
    if name == "density":
        if run.config.model.abilities.cells is not None:
            raise ApplyError(f"{run.name} has a grid of discrete codes, to which no mixture is fitted.")
        mixture = fit(*codes_of(model, seen), components=components, seed=seed)
        return -mixture.log_density(codes_of(model, part)[0])
    if name == "posterior":
        if not run.config.model.abilities.spreads:
            raise ApplyError(f"{run.name} has codes without a spread: the density of the code says it all.")
        known = _mean_and_width(model, seen)
        mixture = fit(known, np.zeros_like(known), components=components, seed=seed)
        return -mixture.log_density(_mean_and_width(model, part))
    from vae_core.apply.density import needs_density
    from vae_core.apply.regret import regret

    needs_density(run)
    return regret(model, part.x, steps=steps, seed=seed).double().numpy()


def _mean_and_width(model: Model, part: Part) -> np.ndarray:
    """Mean and log standard deviation of each posterior, float64 [n, 2 D]: how sure the encoder is counts too."""
    mean, std = codes_of(model, part)
    return np.hstack([mean, np.log(std)]).astype(np.float64)


def _baseline(name: str, seen: np.ndarray, flat: np.ndarray, seed: int) -> np.ndarray:
    """What needs no model of ours, in the space of samples [., P]."""
    if name == "mean":
        return np.linalg.norm(flat - seen.mean(0), axis=1).astype(np.float64)
    if name == "neighbour":
        from sklearn.neighbors import NearestNeighbors

        return NearestNeighbors(n_neighbors=1).fit(seen).kneighbors(flat)[0][:, 0].astype(np.float64)
    from sklearn.ensemble import IsolationForest

    return -IsolationForest(random_state=seed).fit(seen).score_samples(flat)


def _merit(score: Score, marks: np.ndarray, seed: int) -> Merit:
    low, high = area_interval(score.values, marks, seed=seed)
    name = score.name
    return Merit(name, TITLES[name], score.roc.area, low, high, name in BASELINES, name == "mean")


def _normal_class(data: Dataset, normal: str, odd: str) -> int | None:
    if normal:
        return class_number(data.class_names, normal)
    if odd:
        return None
    if data.y is not None and len(data.class_names) == 2:
        return int(torch.bincount(data.y, minlength=2).argmax())
    raise ApplyError("Say which class is normal (--normal), or which dataset's samples are odd (--odd).")


def _others(data: Dataset, number: int | None) -> str:
    """What the classes that are not normal are called: the one that is left by its name."""
    left = [name for place, name in enumerate(data.class_names) if place != number]
    return left[0] if len(left) == 1 else "the other classes"


def _some(part: Part) -> Part:
    if len(part) < 2:
        raise ApplyError("There are fewer than two normal samples to learn from: choose a larger class.")
    return part


def _held_out(data: Dataset, number: int | None, odd: str, samples: int) -> tuple[Part, np.ndarray]:
    """Normal samples of the test split, then odd ones, and which is which: bool [n]."""
    normal = _some(part_of(data, "test", samples, only=number))
    if odd:
        strangers = load_dataset(odd)
        if strangers.kind != data.kind or (data.kind != "image" and strangers.sample_shape != data.sample_shape):
            raise ApplyError(f"Samples of {odd} cannot be read as those of {data.name}: choose data of its kind.")
        other = part_of(strangers, "test", samples)
        x = _resized(other.x, data.sample_shape)
    else:
        other = part_of(data, "test", samples, without=number)
        x = other.x
    if not len(x):
        raise ApplyError("There are no odd samples among those held out: choose another class or --odd DATA.")
    marks = np.arange(len(normal) + len(x)) >= len(normal)
    return Part(torch.cat([normal.x, x]), None, np.r_[normal.index, other.index]), marks


def _resized(x: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Pictures [n, C, H, W] as uint8 of another shape, by areas; colours become their mean or three of the grey."""
    if len(shape) != 3 or tuple(x.shape[1:]) == shape:
        return x
    numbers = torch.nn.functional.adaptive_avg_pool2d(x.float(), shape[1:])
    if numbers.shape[1] != shape[0]:
        numbers = numbers.mean(1, keepdim=True).expand(-1, shape[0], -1, -1)
    return numbers.round().to(x.dtype).contiguous()


def _trained(run: Run, data: Dataset, number: int, progress: Callable[[float, str], None]) -> Model:
    """The run's settings trained on one class, in memory; the last weights."""
    from vae_core.training import TrainingError, train

    y = data.y
    assert y is not None  # one of its classes is normal
    splits = {name: rows[y[rows] == number] for name, rows in data.splits.items()}
    changes = {"out": None, "batch_size": min(run.config.train.batch_size, len(splits["train"])), "evaluations": 10}
    model = None
    try:
        for step in train(run.config.train.model_copy(update=changes), data=replace(data, splits=splits)):
            model = step.model
            done = step.step / max(1, step.total)  # a model in closed form has no steps
            progress(0.2 * done, f"training on the normal class: step {step.step:,}")
    except TrainingError as error:
        raise ApplyError(f"{run.name} cannot be trained on this class: {error}") from None
    if model is None:
        raise ApplyError(f"{run.name} has settings that train nothing: choose another run.")
    return model.cpu().eval().requires_grad_(False)
