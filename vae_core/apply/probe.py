"""What a classifier can read off codes, and which groups they form, beside raw numbers and PCA of the same size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vae_core.apply.classify import Kind, classifier
from vae_core.apply.material import Part, codes_of, data_of, needs_codes, part_of
from vae_core.apply.outcome import ApplyError, Merit, Outcome, wilson

if TYPE_CHECKING:
    from vae_core.runs import Run

SPACES = {"codes": "codes", "pca": "PCA of the same size", "raw": "raw numbers"}
PROBES: dict[Kind, str] = {"linear": "Linear probe", "neighbours": "Nearest neighbours"}
METHODS = {"kmeans": "k-means", "mixture": "Gaussian mixture", "hdbscan": "HDBSCAN"}
MOST_CLUSTERED = 5_000
REPEATS = 100
"""Of the bootstrap, and of classes that are shuffled."""


@dataclass(frozen=True)
class Clusters:
    """How a method groups samples in one space.

    Attributes:
        labels: int64 [n], -1 for what HDBSCAN calls noise (which counts as a group of its own in nmi and ari).
        nmi: normalised mutual information with the classes, 0..1; small groups raise it a little by chance.
        ari: adjusted Rand index, 0 by chance, 1 for the same groups.
    """

    method: str
    space: str
    labels: np.ndarray
    found: int
    noise: float
    nmi: float
    ari: float


@dataclass(frozen=True, eq=False)
class Probed:
    """Accuracies of the probes (`outcome`), and how well groups match classes (`grouping`)."""

    outcome: Outcome
    grouping: Outcome
    clusters: tuple[Clusters, ...]
    part: Part
    codes: np.ndarray  # float32 [n, D], of the samples that were grouped


def probe(
    run: Run,
    *,
    training: int = 2_000,
    samples: int = 1_000,
    seed: int = 0,
    progress: Callable[[float, str], None] = lambda fraction, text: None,
) -> Probed:
    """Teach probes on training samples' codes and test them on held-out ones; group the held-out ones.

    A model that is told a class is not told it here. Raises ApplyError, also where the data has no classes.
    """
    needs_codes(run)
    data = data_of(run)
    seen, held_out = part_of(data, "train", training), part_of(data, "test", min(samples, MOST_CLUSTERED))
    known, asked = seen.classes, held_out.classes
    taught, tested = _spaces(run, seen, held_out, seed)
    merits = [_majority(known, asked)]
    for kind, title in PROBES.items():
        for space, name in SPACES.items():
            progress(0.5 * len(merits) / 7, f"{title}: {name}")
            right = int((classifier(kind, taught[space], known, seed=seed).predict(tested[space]) == asked).sum())
            low, high = wilson(right, len(asked))
            merits.append(Merit(f"{kind}_{space}", f"{title}, {name}", right / len(asked), low, high, space != "codes"))
    clusters = []
    for place, method in enumerate(METHODS):
        progress(0.5 + 0.5 * place / len(METHODS), METHODS[method])
        clusters += [grouped(method, tested[space], asked, space=space, seed=seed) for space in SPACES]
    outcome = Outcome("probe", run.name, "Accuracy on held-out samples", "higher", tuple(merits))
    return Probed(outcome, _grouping(run, clusters, asked, seed), tuple(clusters), held_out, tested["codes"])


def grouped(method: str, x: np.ndarray, y: np.ndarray, *, space: str = "codes", seed: int = 0) -> Clusters:
    """Group points [n, D] by k-means or a mixture (as many groups as classes) or by HDBSCAN, beside classes y [n]."""
    from sklearn.cluster import HDBSCAN, KMeans
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
    from sklearn.mixture import GaussianMixture

    if method not in METHODS:
        raise ApplyError(f"There is no way of grouping called {method}: choose {', '.join(METHODS)}.")
    count = len(np.unique(y))
    if not 1 <= count <= len(x):
        raise ApplyError("There are no samples to group.")
    if method == "kmeans":
        labels = KMeans(count, n_init=4, random_state=seed).fit_predict(x)
    elif method == "mixture":
        floor = 1e-3 * max(float(x.var(0).mean()), 1e-9)
        labels = GaussianMixture(count, reg_covar=floor, random_state=seed).fit_predict(x.astype(np.float64))
    else:
        labels = HDBSCAN(min_cluster_size=min(len(x), max(5, len(x) // 100)), copy=True).fit_predict(x)
    return Clusters(
        method,
        space,
        labels.astype(np.int64),
        found=len(np.unique(labels[labels >= 0])),
        noise=float((labels < 0).mean()),
        nmi=float(normalized_mutual_info_score(y, labels)),
        ari=float(adjusted_rand_score(y, labels)),
    )


def _spaces(run: Run, seen: Part, held_out: Part, seed: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Both parts as codes, principal components and raw numbers."""
    from sklearn.decomposition import PCA

    first, second = seen.flat, held_out.flat
    pca = PCA(min(run.latent_dim, *first.shape), random_state=seed).fit(first)
    taught = {"codes": codes_of(run.model, seen)[0], "pca": pca.transform(first), "raw": first}
    tested = {"codes": codes_of(run.model, held_out)[0], "pca": pca.transform(second), "raw": second}
    return taught, tested


def _majority(known: np.ndarray, asked: np.ndarray) -> Merit:
    right = int((asked == np.bincount(known).argmax()).sum())
    low, high = wilson(right, len(asked))
    return Merit("majority", "The most frequent class", right / len(asked), low, high, True, True)


def _grouping(run: Run, clusters: list[Clusters], y: np.ndarray, seed: int) -> Outcome:
    from sklearn.metrics import normalized_mutual_info_score

    generator = np.random.default_rng(seed)
    shuffled = [normalized_mutual_info_score(y, generator.permutation(y)) for _ in range(REPEATS)]
    low, high = np.quantile(shuffled, (0.025, 0.975)).tolist()
    merits = [Merit("chance", "Shuffled classes", float(np.mean(shuffled)), low, high, True, True)]
    for each in clusters:
        title = f"{METHODS[each.method]}, {SPACES[each.space]}"
        note = f"{each.found} groups, {each.noise:.0%} noise, ARI {each.ari:.3f}"
        name = f"{each.method}_{each.space}"
        low, high = nmi_interval(each.labels, y, seed=seed)
        merits.append(Merit(name, title, each.nmi, low, high, each.space != "codes", note=note))
    return Outcome("probe", run.name, "NMI of groups with classes", "higher", tuple(merits))


def nmi_interval(labels: np.ndarray, y: np.ndarray, repeats: int = REPEATS, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the NMI of groups with classes, both [n]; the groups themselves stay.

    Samples that are drawn twice raise the NMI of small groups, so its spread is taken around the value itself.
    """
    from sklearn.metrics import normalized_mutual_info_score

    value = float(normalized_mutual_info_score(y, labels))
    rows = np.random.default_rng(seed).integers(len(y), size=(repeats, len(y)))
    drawn = np.array([normalized_mutual_info_score(y[chosen], labels[chosen]) for chosen in rows])
    low, high = value + np.quantile(drawn - drawn.mean(), (0.025, 0.975))
    return max(0.0, float(low)), min(1.0, float(high))
