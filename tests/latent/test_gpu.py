"""UMAP on a GPU: chosen where library and GPU are there, never loaded where they are not."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
import torch

from vae_core.latent import gpu, projection
from vae_core.latent.projection import MapSettings, umap_layout

CODES = np.random.default_rng(0).normal(size=(gpu.FEWEST, 3)).astype(np.float32)


class FakeUMAP:
    """Stands where a library's UMAP would: remembers what it was asked for."""

    asked: ClassVar[dict] = {}

    def __init__(self, **settings: object) -> None:
        FakeUMAP.asked = settings

    def fit_transform(self, codes: np.ndarray) -> np.ndarray:
        return codes[:, :2] * 2


def install(monkeypatch: pytest.MonkeyPatch, library: str | None, *, cuda: bool) -> None:
    monkeypatch.setattr(gpu, "find_spec", lambda name: object() if name == library else None)
    modules = {"cuml.manifold": SimpleNamespace(UMAP=FakeUMAP), "torchdr": SimpleNamespace(UMAP=FakeUMAP)}
    monkeypatch.setattr(gpu, "import_module", modules.__getitem__)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)


@pytest.mark.parametrize("library", ["cuml", "torchdr"])
def test_a_gpu_and_its_library_make_the_map(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    install(monkeypatch, library, cuda=True)
    monkeypatch.setattr(projection, "nearest_neighbors", None)  # the CPU's way would call it
    settings = MapSettings(neighbors=7, min_dist=0.3, epochs=50, seed=5)
    xy = umap_layout(CODES, settings, lambda part, text: None)
    np.testing.assert_array_equal(xy, CODES[:, :2] * 2)
    assert (FakeUMAP.asked["n_neighbors"], FakeUMAP.asked["min_dist"], FakeUMAP.asked["random_state"]) == (7, 0.3, 5)


def test_where_the_gpu_fails_the_cpu_makes_the_map(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(codes: np.ndarray, settings: MapSettings) -> np.ndarray:
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(projection, "layout_on_gpu", lambda n: full)
    xy = umap_layout(CODES[:60], MapSettings(neighbors=5, epochs=5), lambda part, text: None)
    assert xy.shape == (60, 2) and np.isfinite(xy).all()
    assert "CUDA out of memory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("library", "cuda", "n"), [("torchdr", False, gpu.FEWEST), (None, True, gpu.FEWEST), ("cuml", True, 100)]
)
def test_without_one_of_the_two_or_with_few_codes_it_is_the_cpu(
    monkeypatch: pytest.MonkeyPatch, library: str | None, cuda: bool, n: int
) -> None:
    install(monkeypatch, library, cuda=cuda)
    assert gpu.layout_on_gpu(n) is None


def test_no_torch_is_loaded_where_no_library_could_use_it() -> None:
    code = (
        "import sys, vae_core.latent.gpu as g; g.find_spec = lambda name: None; "
        "g.layout_on_gpu(10**6); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_torchdr_itself_keeps_neighbours_together_and_repeats_itself() -> None:
    pytest.importorskip("torchdr", reason="torchdr is not installed; it is optional")
    from vae_core.metrics.trust import trustworthiness

    rng = np.random.default_rng(0)
    codes = np.concatenate([rng.normal(4 * i, 0.3, (100, 5)) for i in range(4)]).astype(np.float32)
    settings = MapSettings(epochs=100)
    first, second = (gpu._torchdr(codes, settings, device="cpu") for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert trustworthiness(codes, first).value > 0.9
