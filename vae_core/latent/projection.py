"""Maps of latent space: from codes [n, D] to places [n, 2], by UMAP, by PCA or by looking at two dimensions.

Nothing heavy is imported before it is needed: umap (and numba below it) costs seconds, so it is imported
inside the one function that uses it, and the app runs that in a process of its own.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae_core.latent.gpu import layout_on_gpu
from vae_core.metrics.trust import Trust, trustworthiness

Progress = Callable[[float, str], None]

METHODS = ("umap", "pca", "raw")
METRICS = ("euclidean", "cosine")
MAX_SAMPLES = 2_000_000
# scipy's exact tree beats comparing all pairs up to about here; above it most branches are visited anyway.
TREE_DIMENSIONS = 16


class ProjectionError(ValueError):
    """One clear sentence about a map that cannot be made; shown to the visitor as it is."""


class Cancelled(Exception):
    """Raised out of `project` by a progress callback that was asked to stop."""


@dataclass(frozen=True)
class MapSettings:
    """What a map depends on; two maps with the same settings of the same run are the same map.

    samples: how many of the run's codes are on it (the whole run where it has fewer).
    neighbors, min_dist, epochs, metric: UMAP's.
    seed: of the choice of samples and of UMAP.
    dims: the two dimensions of the raw plane.
    """

    method: str = "umap"
    samples: int = 5000
    neighbors: int = 15
    min_dist: float = 0.1
    epochs: int = 200
    metric: str = "euclidean"
    seed: int = 0
    dims: tuple[int, int] = (0, 1)

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ProjectionError(f"There is no map method {self.method!r}: use one of {', '.join(METHODS)}.")
        if self.metric not in METRICS:
            raise ProjectionError(f"There is no metric {self.metric!r}: use one of {', '.join(METRICS)}.")
        if not 3 <= self.samples <= MAX_SAMPLES:
            raise ProjectionError(f"A map needs between 3 and {MAX_SAMPLES:,} samples, not {self.samples}.")
        if not 2 <= self.neighbors <= 500:
            raise ProjectionError(f"UMAP needs between 2 and 500 neighbours, not {self.neighbors}.")
        if not 0.0 <= self.min_dist <= 1.0:
            raise ProjectionError(f"UMAP's min_dist lies between 0 and 1, not at {self.min_dist}.")
        if not 1 <= self.epochs <= 10_000:
            raise ProjectionError(f"UMAP needs between 1 and 10,000 epochs, not {self.epochs}.")
        if len(self.dims) != 2 or min(self.dims) < 0:
            raise ProjectionError(f"The raw plane needs two dimensions counted from 0, not {self.dims}.")

    @property
    def key(self) -> str:
        """A name for a file, different for any two different settings."""
        readable = f"{self.method}-n{self.samples}-k{self.neighbors}-e{self.epochs}-s{self.seed}"
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:10]
        return f"{readable}-{digest}"


@dataclass(frozen=True)
class Projection:
    """A map.

    xy: float32 [n, 2], the place of each sample.
    positions: int64 [n], which of the run's codes each is.
    axes: what the two axes are.
    trust: trustworthiness with its settings.
    basis: float32 [2, D] where the map is linear (PCA, raw), else None.
    origin: float32 [D], the code at (0, 0) of a linear map.
    codes_mark: of which codes this is the map (see `codes_mark`).
    """

    xy: NDArray[np.float32]
    positions: NDArray[np.int64]
    settings: MapSettings
    axes: tuple[str, str]
    trust: Trust
    basis: NDArray[np.float32] | None = None
    origin: NDArray[np.float32] | None = None
    codes_mark: str = field(default="", compare=False)

    @property
    def trustworthiness(self) -> float:
        return self.trust.value

    @property
    def is_linear(self) -> bool:
        return self.basis is not None

    def place(self, codes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Where codes [m, D] lie on the map, [m, 2]: exact on a linear map.

        Raises:
            ProjectionError: on a UMAP map, which has no formula for a new code (see `place_near`).
        """
        if self.basis is None or self.origin is None:
            raise ProjectionError("UMAP has no formula that places a new code; use place_near.")
        return ((np.asarray(codes) - self.origin) @ self.basis.T).astype(np.float32)

    def covariance(self, std: NDArray[np.floating]) -> NDArray[np.float64]:
        """Covariance on the map, [m, 2, 2], of Gaussian posteriors with standard deviations std [m, D].

        With a linear map B the posterior's diagonal covariance becomes B diag(std^2) B^T.
        """
        if self.basis is None:
            raise ProjectionError("UMAP bends space, so a posterior has no ellipse on it.")
        basis = self.basis.astype(np.float64)
        return np.einsum("id,md,jd->mij", basis, np.asarray(std, dtype=np.float64) ** 2, basis)


def place_near(
    projection: Projection, codes: NDArray[np.floating], new: NDArray[np.floating], neighbors: int = 5
) -> NDArray[np.float32]:
    """Where new codes [m, D] lie on any map, [m, 2].

    On a linear map by its formula. On UMAP at the weighted mean of their nearest mapped codes, which keeps
    the neighbourhoods and costs nothing, where umap's own transform compiles for half a minute.

    Args:
        codes: all the run's codes, [N, D], which projection.positions point into.
    """
    if projection.is_linear:
        return projection.place(new)
    from scipy.spatial import cKDTree

    mapped = np.ascontiguousarray(codes[projection.positions], dtype=np.float64)
    k = min(neighbors, len(mapped))
    distance, index = cKDTree(mapped).query(np.asarray(new, dtype=np.float64), k=k)
    distance, index = distance.reshape(-1, k), index.reshape(-1, k)  # [m, k]
    weight = 1.0 / (distance + 1e-9)
    weight /= weight.sum(axis=1, keepdims=True)
    return np.einsum("mk,mki->mi", weight, projection.xy[index]).astype(np.float32)


def codes_mark(codes: NDArray[np.floating]) -> str:
    """A short mark of the codes themselves, so that a map of older codes is not taken for theirs."""
    contiguous = np.ascontiguousarray(codes, dtype=np.float32)
    return hashlib.sha256(contiguous.tobytes() + str(contiguous.shape).encode()).hexdigest()[:16]


def fitted(settings: MapSettings, n: int) -> MapSettings:
    """The settings as they come out on n codes: "up to 5,000 samples" of 1,797 is the map of 1,797."""
    return replace(settings, samples=max(3, min(settings.samples, n)))


def choose_positions(n: int, settings: MapSettings) -> NDArray[np.int64]:
    """Which of n codes are on the map: all, or settings.samples of them, drawn from the seed, in order."""
    if settings.samples >= n:
        return np.arange(n, dtype=np.int64)
    chosen = np.random.default_rng(settings.seed).choice(n, settings.samples, replace=False)
    return np.sort(chosen).astype(np.int64)


def project(codes: NDArray[np.floating], settings: MapSettings, progress: Progress | None = None) -> Projection:
    """The map of codes [n, D] (posterior means).

    Args:
        progress: told the part done (0..1) and what is being done; it may raise to stop the work.

    Raises:
        ProjectionError: where the codes are too few, not finite, or lack the dimensions asked for.
    """
    tell: Progress = progress or (lambda part, text: None)
    codes = np.asarray(codes, dtype=np.float32)
    if codes.ndim != 2 or codes.shape[1] < 1:
        raise ProjectionError(f"Codes must have the shape [samples, dimensions], not {codes.shape}.")
    if len(codes) < 3:
        raise ProjectionError(f"A map needs at least 3 samples, and this run has {len(codes)}.")
    if not np.isfinite(codes).all():
        raise ProjectionError("Some codes are not finite numbers, so they have no place on a map.")
    tell(0.0, "Choosing samples")
    positions = choose_positions(len(codes), settings)
    chosen = np.ascontiguousarray(codes[positions])  # [m, D]

    basis: NDArray[np.float32] | None = None
    origin: NDArray[np.float32] | None = None
    if settings.method == "raw":
        xy, axes, basis, origin = _raw(chosen, settings)
    elif settings.method == "pca":
        tell(0.1, "Finding the directions of largest variance")
        xy, axes, basis, origin = _pca(chosen)
    else:
        xy = umap_layout(chosen, settings, tell)
        axes = ("UMAP 1", "UMAP 2")
    tell(0.95, "Measuring how far the map can be trusted")
    trust = trustworthiness(chosen, xy, seed=settings.seed)
    tell(1.0, "Done")
    return Projection(xy, positions, settings, axes, trust, basis, origin, codes_mark(codes))


_Linear = tuple[NDArray[np.float32], tuple[str, str], NDArray[np.float32], NDArray[np.float32]]


def _raw(codes: NDArray[np.float32], settings: MapSettings) -> _Linear:
    dimensions = codes.shape[1]
    first, second = settings.dims
    if dimensions == 1:
        # One dimension is a line: it lies along the first axis, and the second has nothing to say.
        basis = np.array([[1.0], [0.0]], dtype=np.float32)
        return codes @ basis.T, ("z0", ""), basis, np.zeros(1, dtype=np.float32)
    if max(first, second) >= dimensions or first == second:
        raise ProjectionError(
            f"The raw plane needs two different dimensions from 0 to {dimensions - 1}, not {first} and {second}."
        )
    basis = np.zeros((2, dimensions), dtype=np.float32)
    basis[0, first] = basis[1, second] = 1.0
    return (
        codes[:, [first, second]].copy(),
        (f"z{first}", f"z{second}"),
        basis,
        np.zeros(dimensions, dtype=np.float32),
    )


def _pca(codes: NDArray[np.float32]) -> _Linear:
    from sklearn.decomposition import PCA

    dimensions = codes.shape[1]
    count = min(2, dimensions)
    fitted = PCA(count, svd_solver="full").fit(codes.astype(np.float64))
    basis = np.zeros((2, dimensions), dtype=np.float32)
    basis[:count] = fitted.components_
    origin = fitted.mean_.astype(np.float32)
    parts = [float(part) if np.isfinite(part) else 0.0 for part in fitted.explained_variance_ratio_]
    names = [f"PC {i + 1} ({100 * part:.0f} % of the variance)" for i, part in enumerate(parts)]
    return (codes - origin) @ basis.T, (names[0], names[1] if count == 2 else ""), basis, origin


def nearest_neighbors(
    codes: NDArray[np.float32], k: int, metric: str, progress: Progress | None = None
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Exact k nearest neighbours, each sample being its own first: (index [n, k], distance [n, k])."""
    n, dimensions = codes.shape
    rows = 2000
    index = np.empty((n, k), dtype=np.int32)
    distance = np.empty((n, k), dtype=np.float32)
    if metric == "euclidean" and dimensions <= TREE_DIMENSIONS:
        from scipy.spatial import cKDTree

        tree = cKDTree(codes)

        def ask(part: NDArray[np.float32]) -> tuple[Any, Any]:
            return tree.query(part, k=k)
    else:
        from sklearn.neighbors import NearestNeighbors

        flat = NearestNeighbors(n_neighbors=k, algorithm="brute", metric=metric).fit(codes)

        def ask(part: NDArray[np.float32]) -> tuple[Any, Any]:
            return flat.kneighbors(part)

    for start in range(0, n, rows):
        end = min(start + rows, n)
        distance[start:end], index[start:end] = ask(codes[start:end])
        if progress:
            progress(end / n, f"Finding the nearest neighbours: {end:,} of {n:,}")
    _self_first(index, distance)
    return index, distance


def _self_first(index: NDArray[np.int32], distance: NDArray[np.float32]) -> None:
    """Among equal codes any may come first; UMAP's graph wants each sample to be its own first neighbour."""
    own = np.arange(len(index), dtype=index.dtype)
    for row in np.flatnonzero(index[:, 0] != own):
        found = np.flatnonzero(index[row] == row)
        column = int(found[0]) if len(found) else index.shape[1] - 1
        index[row, 1 : column + 1] = index[row, :column].copy()
        distance[row, 1 : column + 1] = distance[row, :column].copy()
        index[row, 0], distance[row, 0] = row, 0.0


class _EpochReader(io.TextIOBase):
    """Stands where umap's progress bar would print, and turns what it prints into calls of `progress`."""

    def __init__(self, epochs: int, progress: Progress) -> None:
        super().__init__()
        self._epochs, self._progress = epochs, progress

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        numbers = re.findall(r"\d+", text)
        if numbers:
            epoch = min(int(numbers[-1]), self._epochs)
            self._progress(epoch / self._epochs, f"Arranging the map: epoch {epoch} of {self._epochs}")
        return len(text)


def _cache_compiled_functions() -> None:
    """Let numba keep what it compiles for UMAP: seconds the first time, nothing the next.

    numba offers this as a switch on each compiled function, and umap-learn sets it on only some of its own.
    """
    import umap.layouts
    import umap.umap_
    from numba.core.dispatcher import Dispatcher

    for module in (umap.umap_, umap.layouts):
        for value in vars(module).values():
            if isinstance(value, Dispatcher) and not value.signatures:
                value.enable_caching()


def umap_layout(
    codes: NDArray[np.float32],
    settings: MapSettings,
    tell: Progress,
    start_from: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Places of codes [n, D] by UMAP, [n, 2]: on a GPU where `layout_on_gpu` finds a way, else by umap-learn.

    start_from: places [n, 2] that the layout begins at, such as those of a film's frame before; then never on a GPU.

    McInnes, Healy, Melville 2018. Exact neighbours and a start from PCA instead of umap-learn's approximate ones and
    spectral start: quicker, and as trustworthy (docs/speed.md).
    """
    n, dimensions = codes.shape
    k = min(settings.neighbors, n - 1)
    on_gpu = layout_on_gpu(n) if start_from is None else None
    if on_gpu is not None:
        tell(0.1, "Arranging the map on the GPU")
        try:
            return on_gpu(codes, settings)
        except Exception as error:  # of whichever version of an optional library is there, or a GPU's full memory
            print(f"No map on the GPU ({type(error).__name__}: {error}); the CPU makes it.", file=sys.stderr)
    tell(0.02, "Finding the nearest neighbours")
    neighbours = nearest_neighbors(codes, k, settings.metric, lambda part, text: tell(0.02 + 0.28 * part, text))
    tell(0.31, "Starting UMAP (a few seconds)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says at each import that TensorFlow is absent
        import umap
    _cache_compiled_functions()
    tell(0.4, "Building the graph of neighbours")
    start: str | NDArray[np.float32] = "pca"
    if dimensions == 1 or n < 4:
        line = codes[:, :1] - codes[:, :1].mean()
        noise = np.random.default_rng(settings.seed).normal(size=line.shape) * (line.std() + 1e-3) * 0.1
        start = np.hstack([line, noise]).astype(np.float32)
    if start_from is not None:
        start = start_from
    reader = _EpochReader(settings.epochs, lambda part, text: tell(0.45 + 0.5 * part, text))
    model = umap.UMAP(
        n_neighbors=k,
        min_dist=settings.min_dist,
        n_epochs=settings.epochs,
        metric=settings.metric,
        random_state=settings.seed,
        n_jobs=1,
        init=start,
        precomputed_knn=(*neighbours, None),
        tqdm_kwds={"disable": False, "file": reader, "bar_format": "{n}", "ascii": True, "mininterval": 0.2},
    )
    with warnings.catch_warnings():
        # No search index is given because new codes are placed by `place_near`, never by umap's transform.
        warnings.filterwarnings("ignore", message=r"precomputed_knn\[2\]")
        return np.asarray(model.fit_transform(codes), dtype=np.float32)
