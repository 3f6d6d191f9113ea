"""Laws of what a conditional model is told: a hidden class is no class, a hidden quadrant is not seen."""

from __future__ import annotations

import pytest
import torch

from vae_core.config import DataInfo, TrainConfig, model_spec
from vae_core.models import VAE, build
from vae_core.models.conditions import (
    FORGOTTEN,
    ClassCondition,
    QuadrantCondition,
    Unconditional,
    condition_of,
)

CLASSES = ("round", "straight", "crooked")
INFO = DataInfo(name="made up", sample_shape=(1, 8, 8), size=60, class_names=CLASSES)
TINY = TrainConfig(latent_dim=3, hidden=(16,))
CPU = torch.device("cpu")


def _model(condition: str, **settings: object) -> VAE:
    torch.manual_seed(0)
    model = build(model_spec(TINY.model_copy(update={"condition": condition, **settings}), INFO))
    assert isinstance(model, VAE)
    return model.eval()


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def _pictures(n: int = 4, shape: tuple[int, int, int] = (1, 8, 8)) -> torch.Tensor:
    return torch.randint(1, 256, (n, *shape), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


# -- classes -----------------------------------------------------------------------------------------------


@torch.no_grad()
def test_with_its_class_masked_it_is_a_vae() -> None:
    """The plain VAE whose first layers are the conditional one's without the columns of the class."""
    conditional, plain = _model("class"), _model("none")
    kept = {"encoder.1.weight": 64, "decoder.0.weight": 3}
    weights = {
        name: value[:, : kept[name]] if name in kept else value for name, value in conditional.state_dict().items()
    }
    plain.load_state_dict(weights)
    x, unknown = _pictures(), torch.full((4,), -1)
    for told in (None, unknown):
        ours, theirs = conditional.terms(x, told, _seeded()), plain.terms(x, None, _seeded())
        torch.testing.assert_close(ours.distortion, theirs.distortion)
        torch.testing.assert_close(ours.rate, theirs.rate)
        assert ours.rate.shape == theirs.rate.shape == (4, 3)
        torch.testing.assert_close(conditional.decode(ours.z, told), plain.decode(theirs.z))


@torch.no_grad()
@pytest.mark.parametrize("net", ["mlp", "conv"])
def test_both_halves_are_told_the_class(net: str) -> None:
    model, x = _model("class", net=net), _pictures()
    z = model.sample_prior(4, generator=_seeded())
    codes = [model.encode(x, torch.full((4,), k)).mean for k in (-1, 0, 1, 2)]
    made = [model.decode(z, torch.full((4,), k)) for k in (-1, 0, 1, 2)]
    for i in range(4):
        for j in range(i):
            assert not torch.allclose(codes[i], codes[j]) and not torch.allclose(made[i], made[j])


def test_classes_are_one_hot_and_nothing_where_unknown() -> None:
    given = ClassCondition(3).given(None, torch.tensor([2, -1, 0]), 3, CPU)
    assert given.tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert ClassCondition(3).given(None, None, 2, CPU).tolist() == [[0, 0, 0]] * 2


def test_some_classes_are_hidden_in_training_and_none_afterwards() -> None:
    x, y = torch.zeros(4000, 1, 8, 8), torch.arange(4000) % 3
    condition = ClassCondition(3)
    drawn = condition.drawn(x, y, _seeded())
    told = drawn.sum(1) > 0
    assert abs(1 - float(told.float().mean()) - FORGOTTEN) < 0.02
    torch.testing.assert_close(drawn[told], condition.given(x, y, 4000, CPU)[told])
    torch.testing.assert_close(drawn, condition.drawn(x, y, _seeded()))
    assert (condition.given(x, y, 4000, CPU).sum(1) == 1).all()


# -- quadrants ---------------------------------------------------------------------------------------------

SHAPES = [(1, 8, 8), (3, 5, 9)]


@pytest.mark.parametrize("shape", SHAPES)
def test_all_four_quadrants_are_the_whole_picture_and_none_is_nothing(shape: tuple[int, int, int]) -> None:
    x = _pictures(2, shape)
    condition = QuadrantCondition(shape)
    whole = condition.see(x, torch.ones(2, 4, dtype=torch.bool))
    assert whole.shape == (2, condition.width)
    torch.testing.assert_close(whole[:, :-4].view(x.shape), x.float() / 255)
    assert (whole[:, -4:] == 1).all()
    assert (condition.see(x, torch.zeros(2, 4, dtype=torch.bool)) == 0).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_quadrant_is_the_part_that_it_is_called_after(shape: tuple[int, int, int]) -> None:
    x = _pictures(4, shape)
    _, height, width = shape
    seen = QuadrantCondition(shape).see(x, torch.eye(4, dtype=torch.bool))[:, :-4].view(4, *shape)
    # an odd middle belongs to the upper and to the left half
    upper, left = slice((height + 1) // 2), slice((width + 1) // 2)
    lower, right = slice((height + 1) // 2, height), slice((width + 1) // 2, width)
    for picture, (rows, columns) in enumerate([(upper, left), (upper, right), (lower, left), (lower, right)]):
        there = torch.zeros(shape, dtype=torch.bool)
        there[:, rows, columns] = True
        assert torch.equal(seen[picture] > 0, there)  # all pixels are brighter than 0
        torch.testing.assert_close(seen[picture][there], x[picture][there].float() / 255)


@torch.no_grad()
def test_what_is_hidden_does_not_matter_to_the_decoder() -> None:
    model, x = _model("quadrants"), _pictures()
    condition = model.condition
    assert isinstance(condition, QuadrantCondition)
    other = x.clone()
    other[:, :, :4, :] = 255 - other[:, :, :4, :]  # the upper half
    other[:, :, 4:, 4:] = 0  # lower right
    z = model.sample_prior(4, generator=_seeded())
    made, same = (model.decode(z, condition.given(samples, None, 4, CPU)) for samples in (x, other))
    torch.testing.assert_close(made, same)  # the lower left alone is seen where nobody says
    other[:, :, 4:, :4] = 255 - other[:, :, 4:, :4]
    assert not torch.allclose(made, model.decode(z, condition.given(other, None, 4, CPU)))
    told = condition.given(x, None, 4, CPU)
    torch.testing.assert_close(condition.given(x, told, 4, CPU), told)
    assert (condition.given(None, None, 4, CPU) == 0).all()


def test_each_quadrant_is_shown_half_of_the_time_in_training() -> None:
    drawn = QuadrantCondition((1, 8, 8)).drawn(torch.ones(4000, 1, 8, 8), None, _seeded())
    shown = drawn[:, -4:]
    assert ((shown.mean(0) - 0.5).abs() < 0.03).all()
    # independently of each other: 16 cases, equally often
    cases = (shown @ torch.tensor([1.0, 2, 4, 8])).long().bincount(minlength=16)
    assert (cases > 180).all() and (cases < 330).all()
    # and what is seen is what is said to be seen: 16 pixels a quadrant
    torch.testing.assert_close(drawn[:, :-4].sum(1), 16 * shown.sum(1))


@torch.no_grad()
@pytest.mark.parametrize("seen", ["0010", "1110", "0000", "1111"])
def test_where_only_the_unseen_is_paid_for_distortion_and_picture_are_those_of_the_hidden_pixels(seen: str) -> None:
    """The decoder's word counts where nothing was told, pixel by pixel; elsewhere the picture is what was told."""
    model, x = _model("quadrants", unseen_only=True), _pictures()
    condition = model.condition
    assert isinstance(condition, QuadrantCondition)
    told = condition.see(x, torch.tensor([[letter == "1" for letter in seen]]).expand(4, -1))
    hidden = ~condition.mask(told)[0, 0]  # [H, W]
    assert int(hidden.sum()) == 16 * seen.count("0")
    terms, many = model.terms(x, told, _seeded()), model.terms(x, told, _seeded(), draws=3)
    pixels = x.float() / 255
    chance = torch.sigmoid(model.decoder(torch.cat([terms.z, told], 1)))  # type: ignore[operator]
    cost = torch.nn.functional.binary_cross_entropy(chance, pixels, reduction="none")[:, 0, hidden].sum(1)
    torch.testing.assert_close(terms.distortion, cost)
    assert many.draws is not None and many.draws.distortion.shape == (3, 4)
    if "0" not in seen:
        assert (many.draws.distortion == 0).all()
    made = model.decode(terms.z, told)
    torch.testing.assert_close(made[:, 0, hidden], chance[:, 0, hidden])
    assert torch.equal(made[:, 0, ~hidden], pixels[:, 0, ~hidden])


def test_what_is_seen_teaches_the_decoder_nothing_where_only_the_unseen_is_paid_for() -> None:
    model, x = _model("quadrants", unseen_only=True, seen="0010").train(), _pictures()
    model.terms(x, None, _seeded()).distortion.sum().backward()
    slope = model.decoder[-2].bias.grad.view(8, 8)  # type: ignore[index, union-attr]
    seen = torch.zeros(8, 8, dtype=torch.bool)
    seen[4:, :4] = True
    assert (slope[seen] == 0).all() and (slope[~seen] != 0).all()


def test_a_model_that_is_always_told_the_same_quadrants_is_told_no_others() -> None:
    condition, x = QuadrantCondition((1, 8, 8), "1010"), _pictures()
    wanted = condition.see(x, torch.tensor([[True, False, True, False]]).expand(4, -1))
    torch.testing.assert_close(condition.drawn(x, None, _seeded()), wanted)
    torch.testing.assert_close(condition.given(x, None, 4, CPU), wanted)
    nothing = condition.given(None, None, 2, CPU)  # black, where there is no picture
    assert (nothing[:, :-4] == 0).all() and nothing[:, -4:].tolist() == [[1, 0, 1, 0]] * 2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"condition": "none", "unseen_only": True}, "quadrants"),
        ({"condition": "class", "seen": "0010"}, "quadrants"),
        ({"condition": "quadrants", "unseen_only": True, "likelihood": "gaussian"}, "best sigma"),
        ({"condition": "quadrants", "unseen_only": True, "net": "conv"}, "needs an MLP"),
        ({"condition": "quadrants", "unseen_only": True, "seen": "1111"}, "nothing left to pay for"),
    ],
)
def test_what_is_seen_belongs_to_quadrants_and_black_or_white_pixels(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        model_spec(TINY.model_copy(update=settings), INFO)


def test_a_spec_names_its_condition() -> None:
    kinds = {condition: type(condition_of(_model(condition).spec)) for condition in ("none", "class", "quadrants")}
    assert kinds == {"none": Unconditional, "class": ClassCondition, "quadrants": QuadrantCondition}
