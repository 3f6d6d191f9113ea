"""Guests take part: a sample of the data that comes as a guest gets its own code and its own place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.pages.toy import TOYS, write_toy
from vae_core.data import load_dataset
from vae_core.guests import FIRST, UNTOLD, Guest
from vae_core.guests.codes import encode, seated
from vae_core.latent.projection import MapSettings, place_near, project
from vae_core.runs import load_run

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = (
    "digits-10d",
    "digits-autoencoder",
    "digits-class",
    "digits-ladder",
    "digits-m2",
    "digits-vq",
    "digits-quadrants",
)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_sample_of_the_data_gets_its_own_code(name: str) -> None:
    run = load_run(PROJECT / "checkpoints" / name)
    data = load_dataset("digits")
    for row in (0, 700):
        place = int(run.codes.index[row])
        guest = Guest(FIRST, np.asarray(data.take(np.array([place])).x[:])[0], int(run.codes.y[row]))
        made = encode(run.model, guest)
        # exactly, as far as sums of another batch size are exact
        assert np.allclose(made.mean[0], run.codes.mean[row], rtol=2e-3, atol=2e-3)
        assert np.allclose(made.std[0], run.codes.std[row], rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("method", ["raw", "pca"])
def test_and_lies_at_its_own_place(method: str) -> None:
    run = load_run(PROJECT / "checkpoints" / "digits-10d")
    projection = project(run.codes.mean, MapSettings(method=method, samples=1797))
    x = load_dataset("digits").take(np.arange(40)).x[:]
    made = np.concatenate([encode(run.model, Guest(FIRST, np.asarray(one))).mean for one in x])
    assert np.allclose(place_near(projection, run.codes.mean, made), projection.xy[:40], atol=3e-3)


def test_the_same_guest_has_the_same_figures_in_any_company(no_runs: Path) -> None:
    write_toy(no_runs, "gaussian")
    run = load_run(no_runs / "gaussian")
    guest = Guest(FIRST + 1, np.full((1, 8, 8), 90, np.uint8))
    one, again = encode(run.model, guest), encode(run.model, guest)
    assert one.distortion == again.distortion and (one.rate == again.rate).all()


@pytest.mark.parametrize("family", [name for name in TOYS if name != "gan"])
def test_guests_of_every_family_sit_behind_the_codes(family: str, no_runs: Path) -> None:
    write_toy(no_runs, family)
    run = load_run(no_runs / family)
    info = run.config.data
    kinds = {"image": np.uint8, "text": np.int64, "table": np.float32}
    x = np.full(info.sample_shape, 4, kinds[info.kind])
    if info.kind == "text":
        x[-3:] = (2, 0, 0)
    codes = seated(run.codes, [encode(run.model, Guest(number, x, UNTOLD)) for number in (FIRST + 7, FIRST + 3)])
    n = len(run.codes)
    assert len(codes) == n and codes.guests == 2
    assert codes.rows([FIRST + 3, 3, FIRST + 7, FIRST]).tolist() == [n + 1, 1, n, -1]
    assert codes.mean.shape == (n + 2, run.latent_dim) and codes.rate.shape == codes.mean.shape
    assert np.isfinite(codes.rate[n:]).all() and np.isfinite(codes.distortion).all()
    assert (codes.mean[:n] == run.codes.mean).all() and (codes.mean[n] == codes.mean[n + 1]).all()
