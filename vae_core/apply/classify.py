"""Small classifiers of numbers, as scikit-learn has them: numbers in, shares and marks out."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal

import numpy as np

from vae_core.apply.outcome import ApplyError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Kind = Literal["linear", "neighbours", "mlp"]
KIND_TITLES: dict[Kind, str] = {
    "linear": "logistic regression",
    "neighbours": "nearest neighbours",
    "mlp": "neural net",
}
NEIGHBOURS = 5


def classifier(kind: Kind, x: np.ndarray, y: np.ndarray, *, seed: int = 0) -> Pipeline:
    """A classifier of numbers [n, P], taught classes y [n]; each number standardised, but for neighbours.

    Neighbours are up to five, one where a class has fewer than three samples. Raises ApplyError for a single class.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    counts = np.unique(y, return_counts=True)[1]
    if len(counts) < 2:
        raise ApplyError("A classifier needs samples of at least two classes.")
    near = NEIGHBOURS if counts.min() >= 3 else 1
    scale = FunctionTransformer() if kind == "neighbours" else StandardScaler()
    model = {
        "linear": lambda: LogisticRegression(max_iter=300),
        "neighbours": lambda: KNeighborsClassifier(near),
        "mlp": lambda: MLPClassifier((256,), max_iter=150, random_state=seed),
    }[kind]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a few steps short of the optimum is no error here
        return make_pipeline(scale, model).fit(x, y)


def labelled_rows(y: np.ndarray, per_class: int, seed: int = 0) -> np.ndarray:
    """Places of `per_class` samples of each class, drawn by chance: int64. Raises ApplyError where one has too few."""
    if per_class < 1:
        raise ApplyError(f"At least one label of each class is needed, not {per_class}.")
    order = np.random.default_rng(seed).permutation(len(y))
    parts = [order[y[order] == label][:per_class] for label in np.unique(y)]
    if min(map(len, parts)) < per_class:
        raise ApplyError(f"There are no {per_class} samples of every class to take labels from; ask for fewer.")
    return np.concatenate(parts)


def interval_of_mean(values: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean of a few repeats (Student's t); the value itself where there is one."""
    from scipy.stats import t

    if len(values) < 2:
        return float(values[0]), float(values[0])
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)
