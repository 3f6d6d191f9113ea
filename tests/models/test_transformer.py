"""The prior over grids of codes: causal, normalised, and sampled as it says."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from vae_core.models.transformer import CausalAttention, Transformer


def _transformer(codes: int = 5, places: int = 6, width: int = 32, layers: int = 2) -> Transformer:
    """One with weights large enough that every code matters to all later ones."""
    torch.manual_seed(0)
    made = Transformer(codes, places, width, layers).eval().requires_grad_(False)
    for table in (made.tokens, made.positions):
        table.weight.normal_()
    return made


@pytest.mark.parametrize("changed", range(6))
def test_changing_a_later_code_moves_no_earlier_logit(changed: int) -> None:
    transformer = _transformer()
    before = torch.randint(5, (3, 6), generator=torch.Generator().manual_seed(1))
    after = before.clone()
    after[:, changed] = (after[:, changed] + 1) % 5
    one, other = transformer(before[:, :-1]), transformer(after[:, :-1])
    moved = (one - other).abs().amax((0, 2)) > 1e-5  # [places]
    assert moved.tolist() == [place > changed for place in range(6)]


def test_a_prefix_has_the_logits_of_the_whole() -> None:
    transformer = _transformer()
    whole = torch.randint(5, (2, 5), generator=torch.Generator().manual_seed(2))
    for length in range(6):
        torch.testing.assert_close(transformer(whole[:, :length]), transformer(whole)[:, : length + 1])


def test_attention_is_the_formula() -> None:
    """softmax(q k / sqrt(d)) v over this place and those before it, written out for each head."""
    torch.manual_seed(0)
    attention = CausalAttention(32).requires_grad_(False)
    assert attention.heads == 2
    x = torch.randn(1, 4, 32)
    query, key, value = attention.inward(x)[0].split(32, 1)
    places = []
    for t in range(4):
        heads = []
        for h in range(2):
            part = slice(16 * h, 16 * h + 16)
            weights = torch.softmax(key[: t + 1, part] @ query[t, part] / math.sqrt(16), 0)
            heads.append(weights @ value[: t + 1, part])
        places.append(torch.cat(heads))
    torch.testing.assert_close(attention(x)[0], attention.outward(torch.stack(places)))


@pytest.mark.parametrize(("width", "heads"), [(1, 1), (16, 1), (32, 2), (49, 1), (50, 2), (64, 4), (256, 4)])
def test_a_narrow_transformer_has_fewer_heads(width: int, heads: int) -> None:
    attention = CausalAttention(width)
    assert attention.heads == heads
    assert attention(torch.zeros(2, 3, width)).shape == (2, 3, width)


def test_the_probabilities_of_all_grids_sum_to_one() -> None:
    transformer = _transformer(codes=3, places=4)
    grids = torch.tensor(list(product(range(3), repeat=4)))  # [81, 4]
    probabilities = (-transformer.nll(grids).double().sum(1)).exp()
    assert float(probabilities.sum()) == pytest.approx(1, abs=1e-5)
    assert float(probabilities.max()) > 2 / 81  # far from uniform, so that the law says something


def test_samples_follow_the_distribution() -> None:
    transformer = _transformer(codes=3, places=2)
    grids = torch.tensor(list(product(range(3), repeat=2)))
    expected = (-transformer.nll(grids).sum(1)).exp()
    n = 20_000
    drawn = transformer.sample(n, generator=torch.Generator().manual_seed(0))
    seen = torch.bincount(drawn[:, 0] * 3 + drawn[:, 1], minlength=9) / n
    deviation = (seen - expected).abs() / (expected * (1 - expected) / n).sqrt()
    assert deviation.max() < 4.5


def test_what_goes_on_from_a_beginning_follows_it() -> None:
    transformer = _transformer(codes=3, places=2)
    n, first = 20_000, torch.tensor([[2]])
    drawn = transformer.sample(n, generator=torch.Generator().manual_seed(0), beginning=first.expand(n, -1))
    assert (drawn[:, 0] == 2).all()
    expected = transformer(first)[0, -1].softmax(-1)
    seen = torch.bincount(drawn[:, 1], minlength=3) / n
    assert ((seen - expected).abs() / (expected * (1 - expected) / n).sqrt()).max() < 4.5
    whole = torch.tensor([[0, 1], [2, 2]])
    assert torch.equal(transformer.sample(2, beginning=whole), whole)  # nothing is left to draw
    for wrong in (first, torch.zeros(2, 3, dtype=torch.int64)):
        with pytest.raises(ValueError, match=r"\[2, up to 2\] codes, not"):
            transformer.sample(2, beginning=wrong)


def test_temperature_sharpens_and_zero_takes_the_likeliest() -> None:
    transformer = _transformer()

    def drawn(temperature: float) -> torch.Tensor:
        return transformer.sample(500, temperature, torch.Generator().manual_seed(3))

    costs = [float(transformer.nll(drawn(t)).sum(1).mean()) for t in (0.5, 1.0, 2.0)]
    assert costs == sorted(costs)
    greedy = torch.zeros(1, 0, dtype=torch.int64)
    for _ in range(6):
        greedy = torch.cat([greedy, transformer(greedy)[:, -1:].argmax(-1)], 1)
    assert (drawn(0.0) == greedy).all()


def test_it_learns_which_codes_go_together() -> None:
    """Two equally likely grids cost log 2 nats when they are known."""
    torch.manual_seed(0)
    transformer = Transformer(4, 4, 16, 1)
    grids = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0]])
    optimiser = torch.optim.Adam(transformer.parameters(), lr=1e-2)
    for _ in range(150):
        optimiser.zero_grad()
        transformer.nll(grids).sum(1).mean().backward()
        optimiser.step()
    assert float(transformer.nll(grids).detach().sum(1).mean()) == pytest.approx(math.log(2), abs=0.05)
