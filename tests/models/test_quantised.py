"""Codes of a book: nearest neighbours, gradients that pass, running means, restarts, mixed radix, the bound."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vae_core.config import DataInfo, TrainConfig, model_spec
from vae_core.metrics.codebook import part_used, perplexity
from vae_core.models.quantised import COMMITMENT, DEAD, DECAY, FiniteScalars, LearntCodes, Quantised, straight_through

INFO = DataInfo(name="made up", sample_shape=(1, 8, 8), size=60)
SETTINGS = {
    "vq": TrainConfig(bottleneck="vq", codebook=7, code_dim=3, prior_width=16, prior_layers=1),
    "fsq": TrainConfig(bottleneck="fsq", fsq_levels=(4, 3), prior_width=16, prior_layers=1),
}


def _pictures(n: int = 5, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, 1, 8, 8), generator=generator, dtype=torch.uint8)


@pytest.fixture(params=SETTINGS)
def model(request: pytest.FixtureRequest) -> Quantised:
    torch.manual_seed(0)
    made = Quantised(model_spec(SETTINGS[request.param], INFO))
    made.begin(_pictures(60))
    return made.eval()


# -- the nearest code --------------------------------------------------------------------------------------


def _brute_force(z: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    return (z[..., None, :] - codes).square().sum(-1).argmin(-1)


def test_codes_are_nearest_neighbours(model: Quantised) -> None:
    z = torch.randn(6, model.latent_dim, generator=torch.Generator().manual_seed(1)) * 2
    found = model.nearest(z)
    assert found.shape == (6, 4, 4)
    cells = z.view(6, 4, 4, model.code)
    assert (found == _brute_force(cells, model.codebook())).all()
    assert len(found.unique()) > 3


def test_a_code_is_its_own_nearest_far_from_the_origin() -> None:
    book = LearntCodes(3, 2)
    book.codes.copy_(torch.tensor([[1e4, 1e4], [1e4 + 0.01, 1e4], [0.0, 0.0]]))
    assert book.nearest(book.codes).tolist() == [0, 1, 2]


def test_codes_and_indices_go_round(model: Quantised) -> None:
    indices = model.indices(_pictures())
    assert indices.shape == (5, 4, 4) and indices.dtype == torch.int64
    codes = model.codes_at(indices)
    torch.testing.assert_close(codes, model.encode(_pictures()).mean, rtol=0, atol=0)
    assert (model.nearest(codes) == indices).all()
    assert (model.codes_at(indices.flatten(1)) == codes).all()


def test_only_codes_are_shown(model: Quantised) -> None:
    z = model.encode(_pictures()).mean
    torch.testing.assert_close(model.decode(z + 1e-3), model.decode(z), rtol=0, atol=0)


def test_the_index_runs_row_by_row(model: Quantised) -> None:
    """Another code in one cell changes that cell's numbers, and the picture around that cell alone."""
    indices = model.indices(_pictures(1))
    changed = indices.clone()
    changed[0, 1, 2] = (changed[0, 1, 2] + 1) % model.book.size
    place = 1 * 4 + 2
    numbers = (model.codes_at(indices) != model.codes_at(changed)).view(16, model.code).any(1)
    assert numbers.nonzero().flatten().tolist() == [place]
    moved = (model.decode(model.codes_at(indices)) != model.decode(model.codes_at(changed)))[0, 0]  # [8, 8]
    assert moved[2:4, 4:6].any()
    assert not moved[:, 0].any() and not moved[7].any()  # further off than the residual block can see


# -- gradients ---------------------------------------------------------------------------------------------


def test_the_gradient_passes_straight_through() -> None:
    z = torch.randn(4, 3, requires_grad=True)
    codes = torch.randn(4, 3)
    weights = torch.randn(4, 3)
    out = straight_through(z, codes)
    assert (out == codes).all()
    (out * weights).sum().backward()
    assert z.grad is not None
    torch.testing.assert_close(z.grad, weights, rtol=0, atol=0)


def test_the_prior_pulls_at_nothing_but_itself(model: Quantised) -> None:
    model.train().terms(_pictures()).total_rate.sum().backward()
    touched = {name.split(".")[0] for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert touched == {"prior"}


def test_commitment_is_the_formula(model: Quantised) -> None:
    terms = model.terms(_pictures())
    if model.spec.bottleneck == "fsq":
        assert terms.penalty is None
        return
    vectors = model.encoder(_pictures() / 255).permute(0, 2, 3, 1)  # [B, rows, columns, code]
    gap = vectors - model.codebook()[model.indices(_pictures())]
    assert terms.penalty is not None
    torch.testing.assert_close(terms.penalty, COMMITMENT * gap.square().sum((1, 2, 3)))


# -- the learnt codebook -----------------------------------------------------------------------------------


def test_codes_are_running_means() -> None:
    """e = m / N with N, m decaying sums of counts and vectors (van den Oord et al. 2017, eq. 6-8)."""
    generator = torch.Generator().manual_seed(0)
    book = LearntCodes(3, 2)
    book.codes.copy_(torch.tensor([[0.0, 0.0], [5.0, 5.0], [-5.0, 5.0]]))
    counts = book.share.clone().double()
    sums = counts[:, None] * book.codes
    for _ in range(20):
        z = torch.randn(12, 2, generator=generator) * 4
        indices = book.nearest(z)
        book.learn(z, indices, generator)
        for code in range(3):
            chosen = z[indices == code].double()
            counts[code] = DECAY * counts[code] + (1 - DECAY) * len(chosen) / 12
            sums[code] = DECAY * sums[code] + (1 - DECAY) * chosen.sum(0) / 12
        torch.testing.assert_close(book.codes.double(), sums / counts[:, None], rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(book.share.double(), counts, rtol=1e-4, atol=1e-5)


def test_a_code_that_nobody_chose_stays() -> None:
    book = LearntCodes(2, 2)
    before = book.codes.clone()
    book.learn(torch.randn(8, 2), torch.zeros(8, dtype=torch.int64), None)
    assert (book.codes[1] == before[1]).all() and (book.codes[0] != before[0]).all()


def test_a_dead_code_moves_to_a_vector_of_the_batch() -> None:
    book = LearntCodes(3, 2)
    book.share.copy_(torch.tensor([0.5, 0.5, 0.9 * DEAD / 3]))
    z = torch.randn(8, 2)
    before = book.codes.clone()
    book.learn(z, torch.tensor([0, 1] * 4), torch.Generator().manual_seed(0))
    assert (book.codes[2] == z).all(1).any()
    assert book.share[2] == pytest.approx(1 / 3)
    assert (book.codes[:2] - before[:2]).abs().max() < 0.1
    again = LearntCodes(3, 2)
    again.codes.copy_(before)
    again.share.copy_(torch.tensor([0.5, 0.5, 0.9 * DEAD / 3]))
    again.learn(z, torch.tensor([0, 1] * 4), torch.Generator().manual_seed(0))
    assert (again.codes == book.codes).all()  # the generator alone decides


def test_without_restarts_codes_are_running_means_from_a_random_start_alone() -> None:
    book, same = LearntCodes(3, 2, restarts=False), LearntCodes(3, 2)
    before = book.codes.clone()
    book.begin(torch.randn(40, 2) + 50)
    assert (book.codes == before).all()
    same.codes.copy_(before)
    z = torch.randn(8, 2)
    for _ in range(600):  # long enough for a code that nobody chose to be dead
        book.learn(z, torch.tensor([0, 1] * 4), None)
    assert book.share[2] < DEAD / 3 and (book.codes[2] == before[2]).all()
    same.learn(z, torch.tensor([0, 1] * 4), None)
    other = LearntCodes(3, 2, restarts=False)
    other.codes.copy_(before)
    other.learn(z, torch.tensor([0, 1] * 4), None)
    assert (other.codes == same.codes).all(), "where none is dead, both take the same step"


def test_the_setting_reaches_the_codebook() -> None:
    for restarts in (True, False):
        spec = model_spec(SETTINGS["vq"].model_copy(update={"restarts": restarts}), INFO)
        assert Quantised(spec).book.restarts is restarts


def test_the_codebook_learns_in_training_alone() -> None:
    torch.manual_seed(0)
    model = Quantised(model_spec(SETTINGS["vq"], INFO))
    before = model.codebook().clone()
    model.eval().terms(_pictures())
    assert (model.codebook() == before).all()
    model.train().terms(_pictures())
    assert (model.codebook() != before).any()


def test_the_codebook_begins_at_the_means_of_clusters() -> None:
    generator = torch.Generator().manual_seed(0)
    middles = torch.tensor([[10.0, 0.0], [-10.0, 0.0], [0.0, 10.0]])
    clusters = [
        middle + torch.randn(n, 2, generator=generator) for middle, n in zip(middles, (10, 20, 30), strict=True)
    ]
    book = LearntCodes(3, 2)
    book.begin(torch.cat(clusters))
    for cluster in clusters:
        place = int(book.nearest(cluster.mean(0)))
        torch.testing.assert_close(book.codes[place], cluster.mean(0), rtol=1e-4, atol=1e-4)
        assert float(book.share[place]) == pytest.approx(len(cluster) / 60)


def test_fewer_vectors_than_codes_are_a_beginning_too() -> None:
    book = LearntCodes(5, 2)
    z = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).repeat(10, 1)
    book.begin(z)
    assert (book.codes[book.nearest(z)] == z).all()
    assert sorted(book.share.tolist()) == pytest.approx([0, 0, 0, 0.5, 0.5])


# -- finite scalars ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("levels", [(2,), (3, 2), (4, 4, 3), (8, 6, 5), (2, 2, 2, 2)])
def test_all_codes_go_round(levels: tuple[int, ...]) -> None:
    book = FiniteScalars(levels)
    assert book.size == math.prod(levels)
    indices = torch.arange(book.size)
    codes = book.at(indices)
    assert len(codes.unique(dim=0)) == book.size
    assert (book.nearest(codes) == indices).all()
    each = [[2 * j / (count - 1) - 1 for j in range(count)] for count in levels]
    expected = torch.tensor([tuple(reversed(code)) for code in product(*reversed(each))])
    torch.testing.assert_close(codes, expected)  # the first number counts fastest


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2))
def test_whatever_is_said_becomes_the_nearest_of_the_scalars(numbers: list[float]) -> None:
    book = FiniteScalars((4, 3))
    z = torch.tensor(numbers)
    codes = book.at(torch.arange(12))
    far = (z - codes).abs()  # the nearest in each number
    assert ((far[book.nearest(z)] - far.amin(0)).abs() <= 1e-6 * z.abs() + 1e-6).all()


def test_scalars_stay_between_the_outermost_levels_and_reach_them() -> None:
    book = FiniteScalars((4,))
    out = torch.linspace(-6, 6, 400)[:, None]
    assert (book.bound(out).abs() <= 1).all()
    assert book.nearest(book.bound(out)).unique().tolist() == [0, 1, 2, 3]


# -- the model ---------------------------------------------------------------------------------------------


def test_terms_are_a_code_length(model: Quantised) -> None:
    """distortion = -log p(x|z), rate = -log p(z), each against the parts it is made of."""
    x = _pictures()
    terms, indices = model.terms(x), model.indices(x)
    expected = model.decode(model.codes_at(indices))
    pixels = x / 255
    nats = -(pixels * expected.log() + (1 - pixels) * (1 - expected).log()).sum((1, 2, 3))
    torch.testing.assert_close(terms.distortion, nats, rtol=1e-4, atol=1e-4)
    log_p = model.prior_logits(indices).log_softmax(-1)  # [B, cells, K]
    cells = -log_p.gather(2, indices.flatten(1)[..., None])[..., 0]
    torch.testing.assert_close(terms.total_rate, cells.sum(1))
    torch.testing.assert_close(terms.rate.view(5, 16, model.code).sum(2), cells)
    assert terms.draws is None and (terms.posterior.std == 0).all()
    torch.testing.assert_close(terms.z, model.encode(x).mean, rtol=0, atol=0)


def test_dreams_are_grids_of_codes(model: Quantised) -> None:
    z = model.sample_prior(3, generator=torch.Generator().manual_seed(0))
    again = model.sample_prior(3, generator=torch.Generator().manual_seed(0))
    assert z.shape == (3, model.latent_dim) and (z == again).all()
    assert (model.codes_at(model.nearest(z)) == z).all()


def test_usage_counts_codes(model: Quantised) -> None:
    indices = model.indices(_pictures())
    counts = model.usage(indices)
    assert counts.shape == (model.book.size,) == (model.spec.abilities.codebook,)
    assert counts.sum() == 5 * 16
    assert all(counts[code] == (indices == code).sum() for code in range(model.book.size))


def test_the_part_of_codes_that_is_used() -> None:
    assert part_used(np.array([0, 5, 1, 0])) == 0.5
    assert part_used(np.ones(3)) == 1


def test_perplexity() -> None:
    assert perplexity(np.full(7, 3)) == pytest.approx(7)
    assert perplexity(np.array([0, 5, 0])) == pytest.approx(1)
    assert perplexity(np.array([1, 1, 2])) == pytest.approx(2**1.5)  # entropy 1.5 bits
    with pytest.raises(ValueError, match="Nobody chose a code"):
        perplexity(np.zeros(4))
