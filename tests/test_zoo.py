"""One test for the whole zoo: shapes, gradients, over-fitting, extremes, saving, resuming."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_core.config import DataInfo, ModelSpec, TrainConfig, model_spec
from vae_core.data.dataset import Dataset, shuffled_splits
from vae_core.models import Model, build
from vae_core.objectives import OBJECTIVES, Setting
from vae_core.runs import load_run
from vae_core.runs.folder import RunFolder
from vae_core.runs.weights import load_model, write_tensors
from vae_core.training import train

CLASSES = ("round", "straight", "crooked")
IMAGES = {shape: DataInfo(name="made up", sample_shape=shape, size=60, class_names=CLASSES)
          for shape in [(1, 8, 8), (3, 5, 9), (1, 28, 28), (3, 32, 32), (1, 64, 64)]}  # fmt: skip
SMALL = IMAGES[1, 8, 8]
WORDS = ("<pad>", "<begin>", "<end>", "<unknown>", "the", "cat", "dog", "sleeps", "sees", "a")
TEXT = DataInfo(name="made up", kind="text", sample_shape=(6,), size=60, vocabulary=WORDS, joiner=" ")
TABLE = DataInfo(
    name="made up", kind="table", sample_shape=(5,), size=60, class_names=CLASSES, columns=tuple("abcde"),
    centre=(0.0,) * 5, scale=(1.0,) * 5,
)  # fmt: skip
TINY = TrainConfig(latent_dim=3, hidden=(32,), label_weight=1.0, prior_width=16, first_dim=4)


def _with(**settings: object) -> TrainConfig:
    return TINY.model_copy(update=settings)


ZOO: dict[str, tuple[TrainConfig, DataInfo]] = {
    **{
        f"{net}-{'x'.join(map(str, shape))}-{likelihood}": (_with(net=net, likelihood=likelihood), IMAGES[shape])
        for net, shapes in {
            "mlp": [(1, 8, 8), (3, 5, 9)],
            "conv": [(1, 8, 8), (1, 28, 28), (3, 32, 32), (1, 64, 64)],
        }.items()
        for shape in shapes
        for likelihood in ("bernoulli", "gaussian")
    },
    "table": (TINY, TABLE),
    "autoencoder": (_with(bottleneck="point"), SMALL),
    "denoising": (_with(bottleneck="point", noise=0.3), SMALL),
    "autoencoder-table": (_with(bottleneck="point"), TABLE),
    "vamp": (_with(prior="vamp", pseudo_inputs=4), SMALL),
    "vamp-table": (_with(prior="vamp", pseudo_inputs=4), TABLE),
    "class": (_with(condition="class"), SMALL),
    "class-conv": (_with(condition="class", net="conv"), SMALL),
    "quadrants": (_with(condition="quadrants"), SMALL),
    "text": (_with(word_dropout=0.3, free_bits=0.5, cycles=2, pretrain_steps=3), TEXT),
    "text-class": (_with(condition="class"), TEXT.model_copy(update={"class_names": CLASSES})),
    "text-autoencoder": (_with(bottleneck="point", noise=0.3), TEXT),
    "m2": (_with(bottleneck="class"), SMALL),
    "m2-conv": (_with(bottleneck="class", net="conv"), SMALL),
    "m1m2": (_with(bottleneck="stacked"), SMALL),
    "m1m2-gaussian": (_with(bottleneck="stacked", likelihood="gaussian", net="conv"), SMALL),
    "pca": (_with(bottleneck="linear"), SMALL),
    "pca-table": (_with(bottleneck="linear"), TABLE),
    "gan": (_with(bottleneck="none", objective="adversarial"), SMALL),
    "gan-conv": (_with(bottleneck="none", objective="adversarial", net="conv"), IMAGES[1, 28, 28]),
    "ladder": (_with(bottleneck="ladder", levels=(1, 2)), SMALL),
    "ladder-iwae": (_with(bottleneck="ladder", levels=(1, 1, 2), objective="iwae"), SMALL),
    "ladder-oblong": (_with(bottleneck="ladder", levels=(1, 1, 1, 2), likelihood="gaussian"), IMAGES[3, 5, 9]),
    **{
        f"ladder-conv-{side}": (_with(bottleneck="ladder", levels=levels, net="conv"), IMAGES[channels, side, side])
        for channels, side, levels in [(1, 8, (1, 2)), (1, 28, (1, 2, 2)), (3, 32, (2, 1)), (1, 64, (1, 2, 3, 4))]
    },
    "vq": (_with(bottleneck="vq"), SMALL),
    "vq-28-gaussian": (_with(bottleneck="vq", likelihood="gaussian", code_dim=3), IMAGES[1, 28, 28]),
    "fsq": (_with(bottleneck="fsq", fsq_levels=(4, 3)), SMALL),
    "fsq-32": (_with(bottleneck="fsq", prior_width=12), IMAGES[3, 32, 32]),
}
"""Each way of putting a model together, by its settings and the data it is for."""


def _spec(name: str) -> ModelSpec:
    config, info = ZOO[name]
    return model_spec(config, info)


@pytest.fixture(params=ZOO)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(name: str) -> Model:
    torch.manual_seed(0)
    made = build(_spec(name))
    made.begin(_batch(made, 60))
    return made


def _batch(model: Model, n: int = 4, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    shape, kind = model.sample_shape, model.spec.kind
    if kind == "image":
        return torch.randint(0, 256, (n, *shape), generator=generator, dtype=torch.uint8)
    if kind == "table":
        return torch.randn(n, *shape, generator=generator)
    return _sentences(n, shape[0], model.spec.vocabulary, generator)


def _sentences(n: int, length: int, words: int, generator: torch.Generator) -> torch.Tensor:
    """Random tokens, an end somewhere, padding behind it."""
    x = torch.randint(4, words, (n, length), generator=generator)
    ends = torch.randint(1, length, (n, 1), generator=generator)
    place = torch.arange(length)
    return torch.where(place < ends, x, torch.where(place == ends, 2, 0))


def _classes(model: Model, n: int = 4) -> torch.Tensor | None:
    return torch.arange(n) % model.spec.classes if model.spec.classes else None


def _setting(name: str) -> Setting:
    return Setting(ZOO[name][0], 0.0, 100, 50, generator=torch.Generator().manual_seed(0))


def test_shapes(name: str, model: Model) -> None:
    x, y = _batch(model), _classes(model)
    dims, able = model.latent_dim, model.spec.abilities
    if able.encodes:
        posterior = model.encode(x, None if able.quadrants else y)
        assert posterior.mean.shape == posterior.std.shape == posterior.sample().shape == (4, dims)
        assert (posterior.std > 0).all() if able.spreads else (posterior.std == 0).all()
    codes = model.sample_prior(4)
    assert codes.shape == (4, dims)
    for told in [None] if able.quadrants or y is None else [None, y]:
        decoded = model.decode(codes, told)
        assert decoded.shape == x.shape
        if able.kind == "text":
            assert decoded.dtype == torch.int64 and decoded.min() >= 0 and decoded.max() < len(WORDS)
        elif model.spec.likelihood in ("bernoulli", "gaussian"):
            assert decoded.min() >= 0 and decoded.max() <= 1
    terms = model.terms(x, y)
    assert terms.distortion.shape == (4,) and terms.rate.shape == (4, dims) and terms.z.shape == (4, dims)
    if able.closed_rate:
        assert (terms.rate >= 0).all()
    if not able.spreads and not able.cells:
        assert (terms.rate == 0).all()


def test_bytes_and_floats_are_the_same_pictures(model: Model) -> None:
    if model.spec.kind != "image" or not model.spec.abilities.encodes:
        pytest.skip("no pictures are encoded here")
    x = _batch(model)
    torch.testing.assert_close(model.encode(x).mean, model.encode(x.float() / 255).mean)


def test_every_parameter_gets_a_gradient(name: str, model: Model) -> None:
    if model.closed_form:
        pytest.skip("its weights have a closed form")
    setting = _setting(name)
    objective = OBJECTIVES[setting.config.objective]
    critic = objective.critic(model.spec, setting.config) if objective.critic else None
    setting = replace(setting, critic=critic)
    terms = model.terms(_batch(model, 8), _classes(model, 8), setting.generator, objective.draws(setting.config))
    objective.loss(terms, setting).mean().backward(inputs=list(model.parameters()))
    for parameter_name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, parameter_name


def test_over_fits_one_batch(name: str, model: Model) -> None:
    if model.closed_form or not model.spec.abilities.encodes:
        pytest.skip("nothing is fitted step by step to given samples")
    x = _batch(model, seed=2)
    if model.spec.kind == "image":
        x = (x > 127).float()
    before = float(model.train().terms(x, _classes(model)).distortion.mean())
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(80):
        terms = model.terms(x, _classes(model))
        loss = (terms.distortion if terms.penalty is None else terms.distortion + terms.penalty).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    after = float(model.eval().terms(x, _classes(model)).distortion.mean())
    assert after < before - 0.1 * abs(before)


def test_saved_and_loaded_it_is_the_same(model: Model, tmp_path: Path) -> None:
    model.train().terms(_batch(model), _classes(model))  # moves running statistics, where there are any
    write_tensors(tmp_path / "model.safetensors", model.state_dict())
    again = load_model(tmp_path / "model.safetensors", model.spec)
    z = model.sample_prior(2)
    torch.testing.assert_close(again.decode(z), model.eval().decode(z), rtol=0, atol=0)
    for key, value in model.state_dict().items():
        torch.testing.assert_close(again.state_dict()[key], value, rtol=0, atol=0)


@settings(max_examples=8, deadline=None)
@given(
    n=st.integers(1, 3),
    fill=st.sampled_from(["black", "white", "noise", "same"]),
    scale=st.floats(0, 10),
    train=st.booleans(),
    seed=st.integers(0, 1000),
)
@pytest.mark.parametrize("name", [key for key in ZOO if "64" not in key and "28" not in key and "32" not in key])
def test_the_loss_is_finite_on_extremes(
    name: str, n: int, fill: str, scale: float, train: bool, seed: int
) -> None:
    """All-black, all-white, one sample, a batch of one, a single latent dimension, weights of any size."""
    config, info = ZOO[name]
    config = config.model_copy(update={"latent_dim": 1})
    model = build(model_spec(config, info)).train(train)
    x = _batch(model, n, seed)
    if model.spec.kind == "image":
        x = {"black": torch.zeros_like(x), "white": torch.full_like(x, 255)}.get(fill, x)
    if fill == "same":
        x = x[:1].repeat(n, *[1] * (x.ndim - 1))
    model.begin(x)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)
        setting = replace(_setting(name), config=config)
        objective = OBJECTIVES[config.objective]
        if objective.critic:
            setting = replace(setting, critic=objective.critic(model.spec, config))
        terms = model.terms(x, _classes(model, n), generator, objective.draws(config))
        loss = objective.loss(terms, setting)
    assert torch.isfinite(terms.distortion).all() and torch.isfinite(terms.rate).all()
    assert loss.shape == (n,) and torch.isfinite(loss).all()


def _data(info: DataInfo) -> Dataset:
    """60 made-up samples of this kind."""
    config = TrainConfig(latent_dim=1, hidden=(4,))
    x = _batch(build(model_spec(config, info)), 60) if info.kind != "text" else _sentences(
        60, info.sample_shape[0], len(WORDS), torch.Generator().manual_seed(0)
    )  # fmt: skip
    y = torch.arange(60) % 3 if info.class_names else None
    return Dataset(
        name=info.name, x=x, y=y, class_names=info.class_names, factors=None, factor_names=(), factor_sizes=(),
        splits=shuffled_splits(60, 0), index=torch.arange(60), kind=info.kind, vocabulary=info.vocabulary,
        joiner=info.joiner, columns=info.columns, centre=info.centre, scale=info.scale,
    )  # fmt: skip


class _Killed(Exception):
    pass


def _trained(config: TrainConfig, data: Dataset, *, resume: bool = False, until: int | None = None) -> Iterator[int]:
    steps = train(config, data=data, resume=resume)
    for step in steps:
        yield step.step
        if until is not None and step.step >= until:
            with pytest.raises(_Killed):
                steps.throw(_Killed)
            return


@pytest.mark.parametrize("name", [key for key in ZOO if "64" not in key and "28" not in key and "32" not in key])
def test_a_killed_run_resumes_to_the_same_bits(name: str, tmp_path: Path) -> None:
    config, info = ZOO[name]
    config = config.model_copy(update={"steps": 8, "batch_size": 16, "evaluations": 4, "labels": 4})
    data = _data(info)
    list(_trained(config.model_copy(update={"out": tmp_path / "whole"}), data))
    cut = config.model_copy(update={"out": tmp_path / "cut"})
    list(_trained(cut, data, until=5))
    list(_trained(cut, data, resume=True))
    whole, resumed = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "cut")
    assert whole.state.read_bytes() == resumed.state.read_bytes()
    assert whole.weights.read_bytes() == resumed.weights.read_bytes()
    run = load_run(tmp_path / "cut")
    assert run.config.state == "finished" and run.preview.exists()
    assert run.codes.mean.shape[1] == run.latent_dim and run.codes.rate.shape == run.codes.mean.shape


@pytest.mark.parametrize("shape", [(1, 10, 12), (1, 31, 31), (1, 6, 6)])
def test_a_conv_net_says_which_pictures_it_takes(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="convolutional net takes square pictures"):
        model_spec(TrainConfig(net="conv"), DataInfo(name="made up", sample_shape=shape, size=1))


def test_auto_takes_the_net_that_fits() -> None:
    def chosen(info: DataInfo) -> str:
        return model_spec(TrainConfig(), info).net

    shapes = [(1, 8, 8), (1, 28, 28), (1, 64, 64), (1, 20, 30)]
    pictures = [DataInfo(name="made up", sample_shape=shape, size=1) for shape in shapes]
    assert [chosen(info) for info in (*pictures, TEXT, TABLE)] == ["mlp", "conv", "conv", "mlp", "lstm", "mlp"]


@pytest.mark.parametrize(
    ("settings", "info", "words"),
    [
        ({"net": "conv"}, TABLE, "takes pictures"),
        ({"net": "mlp"}, TEXT, "lstm reads text"),
        ({"condition": "quadrants"}, TABLE, "only pictures have quadrants"),
        ({"condition": "class"}, TEXT, "at least two"),
        ({"bottleneck": "vq", "net": "mlp"}, SMALL, "convolutional"),
        ({"bottleneck": "ladder", "prior": "vamp"}, SMALL, "prior of its own"),
        ({"likelihood": "bernoulli"}, TABLE, "any numbers"),
    ],
)
def test_what_does_not_fit_is_said(settings: dict[str, object], info: DataInfo, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        model_spec(_with(**settings), info)
