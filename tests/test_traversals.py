"""The same sample in several runs: the busiest dimensions move, everything else of the code stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.pages.toy import TOYS, write_toy, write_toy_run
from vae_core.export import decode_pictures
from vae_core.redraw import told_of
from vae_core.runs import load_run
from vae_core.traversals import traverse


def test_the_busiest_dimensions_move_and_the_rest_of_the_code_stays(no_runs: Path) -> None:
    run = load_run(write_toy_run(no_runs, latent_dim=4, asleep=(1,)))
    sample = int(run.codes.index[5])
    found = traverse(run, sample, dims=2, steps=5)
    rates = run.codes.rate.mean(0)
    assert found.dims == tuple(np.argsort(-rates)[:2]) and found.own and found.awake.all()
    assert np.allclose(found.rate, rates[list(found.dims)]) and found.pictures.shape[:2] == (2, 5)
    for row, d in enumerate(found.dims):
        z = np.repeat(run.codes.mean[5][None], 5, 0)
        z[:, d] = found.values[row]
        assert np.array_equal(found.pictures[row], decode_pictures(run.model, run.config.data, z))
        assert run.codes.mean[:, d].min() <= found.values[row][0] < found.values[row][-1] <= run.codes.mean[:, d].max()


def test_a_model_that_is_told_quadrants_sees_those_of_the_sample(no_runs: Path) -> None:
    run = load_run(write_toy(no_runs, "quadrants"))
    sample, (c, h, w) = int(run.codes.index[5]), run.config.data.sample_shape
    x = torch.full((1, c, h, w), 200, dtype=torch.uint8)
    unseen, seen = traverse(run, sample), traverse(run, sample, x=x)
    assert unseen.dims == seen.dims and not np.array_equal(unseen.pictures, seen.pictures)
    z = np.repeat(run.codes.mean[5][None], 7, 0)
    z[:, seen.dims[0]] = seen.values[0]
    told = told_of(run.model, x, None)
    assert told is not None
    again = decode_pictures(run.model, run.config.data, z, told.expand(7, -1).numpy())
    assert np.array_equal(seen.pictures[0], again)


def test_a_sample_without_a_code_is_the_middle(no_runs: Path) -> None:
    run = load_run(write_toy_run(no_runs))
    assert not traverse(run, 1).own  # every third has one
    assert traverse(run, 3).own


@pytest.mark.parametrize("family", list(TOYS))
def test_every_family_has_a_traversal_or_says_why_not(no_runs: Path, family: str) -> None:
    run = load_run(write_toy(no_runs, family))
    if run.config.model.abilities.cells:
        with pytest.raises(ValueError, match="grid"):
            traverse(run, 0)
        return
    found = traverse(run, int(run.codes.index[0]), dims=9, steps=3)
    assert found.pictures.shape[:2] == (min(9, run.latent_dim), 3) and found.pictures.dtype == np.uint8
    assert found.own == run.config.model.abilities.encodes
