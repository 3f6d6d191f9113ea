from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from vae_core.latent import projection as p
from vae_core.latent.projection import MapSettings, Projection, ProjectionError, project


def blobs(n: int = 300, dimensions: int = 5, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(4, dimensions)) * 4
    return (centres[rng.integers(0, 4, n)] + rng.normal(size=(n, dimensions))).astype(np.float32)


@pytest.fixture(scope="module")
def codes() -> np.ndarray:
    return blobs()


@pytest.fixture(scope="module")
def umap_settings() -> MapSettings:
    return MapSettings(samples=250, epochs=40)


@pytest.fixture(scope="module")
def umap_map(codes: np.ndarray, umap_settings: MapSettings) -> Projection:
    return project(codes, umap_settings)


# ---- settings


def test_the_key_changes_with_each_setting_and_names_a_file() -> None:
    base = MapSettings()
    others = [
        dataclasses.replace(base, **change)
        for change in (
            {"method": "pca"},
            {"samples": 5001},
            {"neighbors": 16},
            {"min_dist": 0.11},
            {"epochs": 201},
            {"metric": "cosine"},
            {"seed": 1},
            {"dims": (1, 0)},
        )
    ]
    assert len(others) == len(dataclasses.fields(MapSettings))
    keys = {settings.key for settings in (base, *others)}
    assert len(keys) == len(others) + 1
    assert all(key.replace("-", "").isalnum() for key in keys)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "tsne"},
        {"metric": "taxi"},
        {"samples": 2},
        {"neighbors": 1},
        {"min_dist": 2.0},
        {"epochs": 0},
        {"dims": (-1, 0)},
    ],
)
def test_senseless_settings_are_refused(change: dict) -> None:
    with pytest.raises(ProjectionError):
        MapSettings(**change)


# ---- raw and PCA


def test_the_raw_plane_is_the_two_dimensions(codes: np.ndarray) -> None:
    made = project(codes, MapSettings("raw", samples=1000, dims=(3, 1)))
    np.testing.assert_array_equal(made.xy, codes[:, [3, 1]])
    np.testing.assert_array_equal(made.positions, np.arange(len(codes)))
    assert made.axes == ("z3", "z1")
    np.testing.assert_array_equal(made.place(codes[:7]), codes[:7, [3, 1]])


def test_a_raw_plane_of_a_two_dimensional_run_is_wholly_trustworthy() -> None:
    assert project(blobs(dimensions=2), MapSettings("raw")).trustworthiness == 1.0


def test_pca_is_an_orthogonal_view_that_keeps_the_most_variance(codes: np.ndarray) -> None:
    made = project(codes, MapSettings("pca"))
    assert made.basis is not None
    np.testing.assert_allclose(made.basis @ made.basis.T, np.eye(2), atol=1e-5)
    kept = made.xy.var(axis=0).sum()
    eigenvalues = np.sort(np.linalg.eigvalsh(np.cov(codes.T, bias=True)))[::-1]
    assert kept == pytest.approx(eigenvalues[:2].sum(), rel=1e-4)
    np.testing.assert_allclose(made.place(codes), made.xy, atol=1e-4)
    assert "% of the variance" in made.axes[0]


@pytest.mark.parametrize("method", ["raw", "pca"])
def test_posterior_covariance_on_a_linear_map_is_that_of_placed_samples(
    codes: np.ndarray, method: str
) -> None:
    made = project(codes, MapSettings(method, dims=(0, 2)))
    std = np.array([0.3, 1.5, 0.1, 0.8, 0.5])
    drawn = codes[:1] + np.random.default_rng(0).normal(size=(200_000, 5)) * std
    np.testing.assert_allclose(
        made.covariance(std[None])[0], np.cov(made.place(drawn).T), rtol=0.03, atol=0.01
    )


@pytest.mark.parametrize("method", ["raw", "pca"])
def test_one_dimension_is_a_line(method: str) -> None:
    made = project(blobs(dimensions=1), MapSettings(method))
    assert made.xy[:, 0].std() > 0 and not made.xy[:, 1].any()


@pytest.mark.parametrize("dims", [(0, 5), (2, 2)])
def test_the_raw_plane_refuses_dimensions_that_are_not_there(
    codes: np.ndarray, dims: tuple[int, int]
) -> None:
    with pytest.raises(ProjectionError, match="two different dimensions from 0 to 4"):
        project(codes, MapSettings("raw", dims=dims))


def test_codes_that_cannot_lie_on_a_map_are_refused(codes: np.ndarray) -> None:
    with pytest.raises(ProjectionError, match="at least 3"):
        project(codes[:2], MapSettings("pca"))
    with pytest.raises(ProjectionError, match="not finite"):
        project(np.where(codes > 3, np.nan, codes), MapSettings("pca"))
    with pytest.raises(ProjectionError, match="shape"):
        project(codes[:, 0], MapSettings("pca"))


def test_a_subsample_is_repeatable_sorted_and_without_repeats(codes: np.ndarray) -> None:
    settings = MapSettings("pca", samples=50, seed=4)
    first, second = project(codes, settings), project(codes, settings)
    np.testing.assert_array_equal(first.positions, second.positions)
    np.testing.assert_array_equal(first.xy, second.xy)
    assert len(np.unique(first.positions)) == 50 and (np.diff(first.positions) > 0).all()


# ---- neighbours and UMAP


@pytest.mark.parametrize(("dimensions", "metric"), [(3, "euclidean"), (20, "euclidean"), (3, "cosine")])
def test_neighbours_are_those_of_brute_force(dimensions: int, metric: str) -> None:
    codes = blobs(200, dimensions)
    index, distance = p.nearest_neighbors(codes, 6, metric)
    wide = codes.astype(np.float64)
    if metric == "cosine":
        unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
        table = 1 - unit @ unit.T
    else:
        table = np.linalg.norm(wide[:, None] - wide[None], axis=-1)
    np.testing.assert_array_equal(index[:, 0], np.arange(200))
    np.testing.assert_allclose(distance[:, 1:], np.sort(table, axis=1)[:, 1:6], atol=1e-3)


def test_equal_codes_are_their_own_first_neighbours() -> None:
    codes = np.repeat(blobs(10, 3), 8, axis=0)
    index, distance = p.nearest_neighbors(codes, 5, "euclidean")
    np.testing.assert_array_equal(index[:, 0], np.arange(80))
    assert all(len(set(row)) == 5 for row in index.tolist())
    assert (np.diff(distance, axis=1) >= 0).all()


def test_umap_is_repeatable_with_its_seed(
    codes: np.ndarray, umap_settings: MapSettings, umap_map: Projection
) -> None:
    again = project(codes, umap_settings)
    np.testing.assert_array_equal(again.xy, umap_map.xy)
    other = project(codes, dataclasses.replace(umap_settings, seed=1))
    assert not np.array_equal(other.xy, umap_map.xy)


def test_umap_keeps_neighbourhoods(umap_map: Projection) -> None:
    assert umap_map.trustworthiness > 0.85
    assert umap_map.xy.shape == (250, 2) and umap_map.xy.dtype == np.float32


def test_umap_has_no_formula_but_new_codes_find_their_neighbours(
    codes: np.ndarray, umap_map: Projection
) -> None:
    with pytest.raises(ProjectionError, match="place_near"):
        umap_map.place(codes[:1])
    with pytest.raises(ProjectionError, match="ellipse"):
        umap_map.covariance(np.ones((1, 5)))
    np.testing.assert_allclose(
        p.place_near(umap_map, codes, codes[umap_map.positions[:9]]), umap_map.xy[:9], atol=1e-3
    )


def test_umap_tells_its_epochs(codes: np.ndarray) -> None:
    heard: list[tuple[float, str]] = []
    project(codes, MapSettings(samples=100, epochs=30), lambda part, text: heard.append((part, text)))
    parts = [part for part, _ in heard]
    assert parts == sorted(parts) and parts[0] == 0.0 and parts[-1] == 1.0
    assert any("epoch 30 of 30" in text for _, text in heard)


def test_a_progress_callback_can_stop_umap(codes: np.ndarray) -> None:
    def stop(part: float, text: str) -> None:
        if "epoch" in text:
            raise p.Cancelled

    with pytest.raises(p.Cancelled):
        project(codes, MapSettings(samples=100, epochs=30), stop)


def test_importing_the_module_imports_neither_umap_nor_numba_nor_sklearn() -> None:
    code = (
        "import sys, vae_core.latent.projection as p; "
        "print([m for m in ('umap', 'numba', 'sklearn', 'torch', 'streamlit') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
