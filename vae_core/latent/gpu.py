"""UMAP on a GPU, where one is there and a library that can use it: cuML or TorchDR, neither of which we ask for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEWEST = 5_000
"""Below so many codes the CPU is done before a GPU's libraries are loaded."""

Layout = Callable[[NDArray[np.float32], Any], NDArray[np.float32]]


def layout_on_gpu(n: int) -> Layout | None:
    """The way to lay n codes [n, D] out on a GPU, given them and their MapSettings; None: the CPU is the place.

    No torch is imported where neither library is installed. The layout is seeded; another library or the CPU makes
    another map of the same codes, so compare maps by their trustworthiness.
    """
    if n < FEWEST:
        return None
    ways = {"cuml": _cuml, "torchdr": _torchdr}
    way = next((way for library, way in ways.items() if find_spec(library) is not None), None)
    if way is None:
        return None
    import torch

    return way if torch.cuda.is_available() else None


def _cuml(codes: NDArray[np.float32], settings: Any) -> NDArray[np.float32]:
    """RAPIDS cuML (Nolet et al. 2021, "Bringing UMAP closer to the speed of light with GPU acceleration")."""
    umap = import_module("cuml.manifold").UMAP(
        n_neighbors=settings.neighbors, min_dist=settings.min_dist, n_epochs=settings.epochs, metric=settings.metric,
        random_state=settings.seed, init="spectral",
    )  # fmt: skip
    return np.asarray(umap.fit_transform(codes), dtype=np.float32)


def _torchdr(codes: NDArray[np.float32], settings: Any, device: str = "cuda") -> NDArray[np.float32]:
    """TorchDR (Van Assel et al. 2024); its own search of neighbours, so that faiss is not needed."""
    if settings.metric == "cosine":  # on the sphere the nearest by angle are the nearest
        codes = codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-12)
    umap = import_module("torchdr").UMAP(
        n_neighbors=settings.neighbors, min_dist=settings.min_dist, max_iter=settings.epochs, metric="sqeuclidean",
        random_state=settings.seed, init="pca", device=device, backend=None,
    )  # fmt: skip
    return np.asarray(umap.fit_transform(codes), dtype=np.float32)
