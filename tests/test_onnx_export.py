"""Our own models as ONNX: what comes back as a foreign pair makes the same codes and pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.pages.toy import write_toy
from vae_core import load_dataset, load_run
from vae_core.__main__ import main
from vae_core.config import PROJECT
from vae_core.export import ExportError
from vae_core.foreign.process import Pair
from vae_core.models.foreign import Foreign
from vae_core.onnx_export import export_onnx, why_not
from vae_core.runs.pairs import advice, look_at, stage_pair, take_pair

CLOSE = 1e-4


def test_digits_2d_goes_out_and_comes_back(tmp_path: Path, no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LATENTARIUM_CHECKPOINTS")
    run, data = load_run("digits-2d"), load_dataset("digits")
    written = export_onnx(run.model, tmp_path / "out")
    folder = stage_pair([(path.name, path.open("rb")) for path in written])
    pair, found = look_at(folder)
    told = advice(pair, found.wiring, data)
    assert told is not None and not told.clear  # the guess is right without a look at the data
    encoder, decoder = found.wiring.encoder, found.wiring.decoder
    assert encoder is not None and (encoder.mean, encoder.spread, encoder.spread_is) == ("mean", "std", "std")
    assert (encoder.pixels, decoder.pixels, encoder.batch, decoder.batch) == ("unit", "unit", 0, 0)
    back = load_run(take_pair(folder, found.wiring, (1, 8, 8), "back", data))
    own, theirs = run.model.encode(data.x[:200]), back.model.encode(data.x[:200])
    assert float((own.mean - theirs.mean).abs().max()) < CLOSE
    assert float((own.std - theirs.std).abs().max()) < CLOSE
    z = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
    assert float((run.model.decode(z) - back.model.decode(z)).abs().max()) < CLOSE
    np.testing.assert_allclose(back.codes.mean, run.codes.mean, atol=5e-3)  # half precision, both
    assert back.config.test is not None and run.config.test is not None
    assert back.config.test.rate == pytest.approx(run.config.test.rate, rel=0.01)
    assert isinstance(back.model, Foreign)
    with pytest.raises(ExportError, match="came as ONNX"):
        export_onnx(back.model, tmp_path / "again")


@pytest.mark.parametrize("family", ["autoencoder", "ladder", "gan", "table"])
def test_other_families_go_out(tmp_path: Path, family: str) -> None:
    run = load_run(write_toy(tmp_path, family))
    pair = Pair({path.stem: path for path in export_onnx(run.model, tmp_path / "out")})
    z = torch.randn(7, run.latent_dim, generator=torch.Generator().manual_seed(0))
    made = pair.run("decoder", z.numpy(), ["picture"])[0]
    np.testing.assert_allclose(made, run.model.decode(z).numpy(), atol=CLOSE)
    assert ("encoder" in pair.nets) == run.config.model.abilities.encodes
    if "encoder" in pair.nets:
        x = torch.rand(7, *run.config.model.sample_shape, generator=torch.Generator().manual_seed(1))
        mean = pair.run("encoder", x.numpy(), ["mean"])[0]
        np.testing.assert_allclose(mean, run.model.encode(x).mean.numpy(), atol=CLOSE)


@pytest.mark.parametrize("family", ["class", "quadrants", "m2", "m1m2", "vq", "fsq", "text"])
def test_what_is_no_plain_pair_says_so(tmp_path: Path, family: str) -> None:
    run = load_run(write_toy(tmp_path, family))
    assert why_not(run.config.model).endswith(".")
    with pytest.raises(ExportError):
        export_onnx(run.model, tmp_path / "out")
    assert not (tmp_path / "out").exists()


# -- the command line --------------------------------------------------------------------------------------


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Says words to the command line: its exit status, and what it printed of errors. Four processes would each load
    torch and the exporter."""
    monkeypatch.setenv("LATENTARIUM_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("LATENTARIUM_CHECKPOINTS", raising=False)
    monkeypatch.chdir(PROJECT)

    def say(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["python -m vae_core", *words])
        return main(), capsys.readouterr().err

    return say


def test_out_and_in_from_the_command_line(tmp_path: Path, call: Callable[..., tuple[int, str]]) -> None:
    runs, pair = tmp_path / "runs", tmp_path / "pair"
    assert call("export", "digits-2d", "--zip", str(tmp_path / "d.zip"), "--onnx", str(pair)) == (0, "")
    assert (tmp_path / "d.zip").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert call("import", str(tmp_path / "d.zip"), "--name", "back")[0] == 0
    assert call("import", str(pair / "encoder.onnx"), str(pair / "decoder.onnx"), "--data", "digits")[0] == 0
    assert {path.name for path in runs.iterdir() if path.is_dir()} == {".incoming", "back", "digits-onnx"}
    assert not list((runs / ".incoming").iterdir())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("import", "vae.pt"), "vae.pt is refused"),
        (("import", "nothing.zip"), "nothing.zip is not there"),
        (("export", "digits-2d"), "Say what to write"),
        (("train", "--bottleneck", "onnx"), "trained elsewhere"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    words: tuple[str, ...], sentence: str, call: Callable[..., tuple[int, str]]
) -> None:
    status, error = call(*words)
    assert status == 1 and sentence in error and error.count("\n") == 1
