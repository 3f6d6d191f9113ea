"""An ONNX pair on its way to a run: taken in whole or not at all, and a run like any other afterwards."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import helper
from sklearn.datasets import load_digits

from tests.foreign.onnx_files import linear_decoder, linear_encoder, save
from vae_core import list_runs, load_run
from vae_core.config import DataInfo, TrainConfig, model_spec
from vae_core.data import Dataset, load_dataset
from vae_core.metrics.likelihood import importance_bound
from vae_core.models import build
from vae_core.runs import RunError
from vae_core.runs.pairs import advice, look_at, stage_pair, take_pair
from vae_core.wiring import NO_DATA, Wiring


def named(*paths: Path) -> list[tuple[str, io.BytesIO]]:
    return [(path.name, io.BytesIO(path.read_bytes())) for path in paths]


@pytest.fixture
def pair(tmp_path: Path) -> list[Path]:
    """A linear pair on the digits' ten strongest directions: means and widths, no framework behind it."""
    x = load_digits().images.reshape(-1, 64) / 16
    directions = np.linalg.svd(x, full_matrices=False)[2][:10].T.astype(np.float32)  # [64, 10]
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("MatMul", ["flat", "W"], ["z_mean"]),
        helper.make_node("Mul", ["z_mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "width"], ["z_log_var"]),
    ]
    weights = {"W": directions, "zero": np.float32(0), "width": np.float32(-4)}
    outputs = {"z_mean": ["n", 10], "z_log_var": ["n", 10]}
    encoder = save(tmp_path / "encoder.onnx", nodes, {"x": ["n", 1, 8, 8]}, outputs, weights)
    decoder = save(
        tmp_path / "decoder.onnx", [helper.make_node("MatMul", ["z", "V"], ["x"])], {"z": ["n", 10]},
        {"x": ["n", 64]}, {"V": directions.T.copy()},
    )  # fmt: skip
    return [encoder, decoder]


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


def _waiting(runs: Path) -> list[Path]:
    return list((runs / ".incoming").iterdir()) if (runs / ".incoming").is_dir() else []


def _wired(folder: Path, data: Dataset | None) -> Wiring:
    opened, found = look_at(folder)
    wiring = found.wiring
    if data is not None and wiring.encoder is not None:
        best = advice(opened, wiring, data)
        assert best is not None
        wiring = Wiring(
            encoder=wiring.encoder.model_copy(update={"pixels": best.encoder}),
            decoder=wiring.decoder.model_copy(update={"pixels": best.decoder}),
        )
    opened.close()
    return wiring


def test_a_pair_becomes_a_run_like_any_other(no_runs: Path, pair: list[Path], digits: Dataset) -> None:
    folder = stage_pair(named(*pair))
    wiring = _wired(folder, digits)
    told: list[float] = []
    made = take_pair(
        folder, wiring, (1, 8, 8), "linear", digits, title="A linear pair",
        progress=lambda fraction, text: told.append(fraction),
    )  # fmt: skip
    assert made == no_runs / "linear" and not _waiting(no_runs)
    assert told == sorted(told) and told[0] > 0 and told[-1] <= 1
    (card,) = list_runs()
    assert card.ready and card.title == "A linear pair"
    run = load_run("linear")
    able = run.config.model.abilities
    assert able.encodes and able.spreads and able.closed_rate and able.samples and not able.in_browser
    assert len(run.codes) == 1797 and run.codes.y is not None
    x = digits.x[:5].float() / 255
    posterior = run.model.encode(digits.x[:5])
    codes = x.flatten(1).numpy() @ np.linalg.svd(load_digits().images.reshape(-1, 64) / 16)[2][:10].T
    np.testing.assert_allclose(posterior.mean, codes, atol=1e-4)
    np.testing.assert_allclose(posterior.std, np.exp(-2), rtol=1e-5)
    np.testing.assert_allclose(run.codes.mean[:5], codes, atol=2e-3)  # kept in half precision
    made_again = run.model.decode(posterior.mean)
    assert float((made_again - x).square().mean()) < 0.03
    assert (run.folder / "preview.png").is_file() and "written by by hand" in (run.folder / "card.md").read_text()
    assert run.config.test is not None and run.config.test.rate == pytest.approx(
        float(posterior_rate(run.model.encode(digits.x[digits.splits["test"]]))), rel=1e-2
    )


def posterior_rate(posterior: object) -> torch.Tensor:
    return posterior.rate().sum(1).mean()  # type: ignore[attr-defined]


def test_its_importance_bound_is_above_its_elbo(no_runs: Path, pair: list[Path], digits: Dataset) -> None:
    folder = stage_pair(named(*pair))
    made = take_pair(folder, _wired(folder, digits), (1, 8, 8), "linear", digits)
    model, rows = load_run(made).model, digits.splits["test"][:50]
    bounds = [float(importance_bound(model, digits.x, rows, samples).mean()) for samples in (1, 20)]
    assert bounds[1] > bounds[0]


def test_the_two_in_a_zip(no_runs: Path, pair: list[Path]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in pair:
            archive.write(path, f"export/my_{path.name}")
        archive.writestr("export/readme.txt", "hello")
    folder = stage_pair([("both.zip", packed)])
    assert sorted(path.name for path in folder.iterdir()) == ["decoder.onnx", "encoder.onnx"]


def test_a_decoder_alone_dreams(no_runs: Path, pair: list[Path]) -> None:
    folder = stage_pair([("generator.onnx", io.BytesIO(pair[1].read_bytes()))])
    run = load_run(take_pair(folder, _wired(folder, None), (1, 8, 8), "alone"))
    able = run.config.model.abilities
    assert not able.encodes and not able.rated and able.samples
    assert run.config.data.name == NO_DATA and (run.codes.index >= run.config.data.size).all()
    assert list_runs()[0].ready
    with pytest.raises(ValueError, match="no encoder"):
        run.model.encode(torch.zeros(1, 1, 8, 8))


def test_without_data_the_encoder_is_left_out(no_runs: Path, pair: list[Path]) -> None:
    folder = stage_pair(named(*pair))
    made = take_pair(folder, _wired(folder, None), (1, 8, 8), "alone")
    assert not (made / "encoder.onnx").exists() and not load_run(made).config.model.abilities.encodes


def test_a_decoder_alone_beside_data_says_how_far_its_dreams_are(
    no_runs: Path, pair: list[Path], digits: Dataset
) -> None:
    folder = stage_pair(named(pair[1]))
    run = load_run(take_pair(folder, _wired(folder, None), (1, 8, 8), "alone", digits))
    assert run.config.test is not None and run.config.test.distortion > 0
    assert (run.codes.index >= len(digits)).all()


def test_an_autoencoder_has_points_and_no_prior(no_runs: Path, tmp_path: Path, digits: Dataset) -> None:
    files = [linear_encoder(tmp_path / "encoder.onnx", names=("z",)), linear_decoder(tmp_path / "decoder.onnx")]
    folder = stage_pair(named(*files))
    run = load_run(take_pair(folder, _wired(folder, digits), (1, 8, 8), "points", digits))
    able = run.config.model.abilities
    assert able.encodes and not able.spreads and not able.rated and not able.samples
    assert (run.codes.rate == 0).all()


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["model.pt"], ["model.pt is refused", "ONNX"]),
        (["weights.ckpt"], ["ckpt"]),
        (["encoder.pkl", "decoder.onnx"], ["encoder.pkl is refused"]),
        (["a.onnx", "b.onnx"], ["Which file is which"]),
        (["encoder.onnx"], ["An encoder alone"]),
        (["encoder.onnx", "my_encoder.onnx"], ["Both files"]),
        (["encoder.onnx", "decoder.onnx", "more.onnx"], ["one too many"]),
        (["picture.png"], ["no .onnx"]),
    ],
)
def test_other_files_are_refused(no_runs: Path, names: list[str], words: list[str]) -> None:
    with pytest.raises(RunError) as caught:
        stage_pair([(name, io.BytesIO(b"x")) for name in names])
    assert all(word in str(caught.value) for word in words), caught.value
    assert not _waiting(no_runs)


def test_nothing_is_half_taken(no_runs: Path, pair: list[Path], digits: Dataset) -> None:
    folder = stage_pair(named(*pair))
    wiring = _wired(folder, digits)

    def gone(fraction: float, text: str) -> None:
        raise KeyboardInterrupt  # as a visitor who leaves the page

    with pytest.raises(KeyboardInterrupt):
        take_pair(folder, wiring, (1, 8, 8), "linear", digits, progress=gone)
    assert [path.name for path in no_runs.iterdir() if path.is_dir()] == [".incoming"] and not list_runs()
    assert sorted(path.name for path in folder.iterdir()) == ["decoder.onnx", "encoder.onnx"]
    take_pair(folder, wiring, (1, 8, 8), "linear", digits)  # the pair waited
    again = stage_pair(named(*pair))
    with pytest.raises(RunError, match="linear-2 is free"):
        take_pair(again, wiring, (1, 8, 8), "linear", digits)
    with pytest.raises(RunError, match="samples of 1 × 8 × 8 and the pair pictures of 1 × 4 × 16"):
        take_pair(again, wiring, (1, 4, 16), "other", digits)


def test_codes_that_are_no_numbers(no_runs: Path, tmp_path: Path, digits: Dataset) -> None:
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("ReduceSum", ["flat", "one"], ["sum"], keepdims=1),
        helper.make_node("Sub", ["sum", "sum"], ["nought"]),
        helper.make_node("Div", ["nought", "nought"], ["z"]),
    ]
    weights = {"one": np.array([1], dtype=np.int64)}
    encoder = save(tmp_path / "encoder.onnx", nodes, {"x": ["n", 1, 8, 8]}, {"z": ["n", 1]}, weights)
    folder = stage_pair(named(encoder, linear_decoder(tmp_path / "decoder.onnx", dims=1)))
    opened, found = look_at(folder)
    opened.close()
    with pytest.raises(RunError, match="not finite"):
        take_pair(folder, found.wiring, (1, 8, 8), "nan", digits)
    assert not list_runs()


def test_it_is_never_trained_here() -> None:
    info = DataInfo(name="digits", sample_shape=(1, 8, 8), size=1797)
    with pytest.raises(ValueError, match="trained elsewhere"):
        model_spec(TrainConfig(bottleneck="onnx"), info)


def test_it_is_not_built_from_settings(no_runs: Path, pair: list[Path]) -> None:
    folder = stage_pair([("decoder.onnx", io.BytesIO(pair[1].read_bytes()))])
    run = load_run(take_pair(folder, _wired(folder, None), (1, 8, 8), "alone"))
    with pytest.raises(ValueError, match="opened from its files"):
        build(run.config.model)


def test_a_pair_whose_file_is_damaged_afterwards(no_runs: Path, pair: list[Path]) -> None:
    folder = stage_pair(named(pair[1]))
    made = take_pair(folder, _wired(folder, None), (1, 8, 8), "alone")
    (made / "decoder.onnx").write_bytes(b"\0\1")
    with pytest.raises(RunError, match=r"alone/decoder\.onnx"):
        _ = load_run("alone").model
