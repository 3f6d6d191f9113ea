"""Run folders that are cut short, strange or hostile: one clear sentence each, and the app's list goes on."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from vae_core.config import TrainConfig
from vae_core.runs import Run, RunError, find_run, list_runs, load_run, rename_dimension
from vae_core.training import train


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good") / "good"
    list(train(TrainConfig(latent_dim=2, hidden=(8,), steps=4, evaluations=1, out=folder)))
    return folder


@pytest.fixture
def run(good: Path, tmp_path: Path) -> Path:
    shutil.copytree(good, tmp_path / "run")
    return tmp_path / "run"


def _refused(use: Callable[[], object], *words: str) -> str:
    with pytest.raises(RunError) as caught:
        use()
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith("."), sentence
    for word in words:
        assert word in sentence, sentence
    return sentence


def _everything(folder: Path) -> tuple[object, ...]:
    run: Run = load_run(folder)
    return run.model, run.codes, run.history, run.names


def test_the_good_one_is_good(run: Path) -> None:
    assert all(part is not None for part in _everything(run))


@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.7, 0.999])
@pytest.mark.parametrize("name", ["model.safetensors", "codes.npz", "config.json"])
def test_truncated(run: Path, name: str, part: float) -> None:
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[: int(len(content) * part)])
    _refused(lambda: _everything(run), name)


@pytest.mark.parametrize("name", ["model.safetensors", "codes.npz", "config.json"])
def test_missing(run: Path, name: str) -> None:
    (run / name).unlink()
    _refused(lambda: _everything(run), name)


def test_an_extra_tensor(run: Path) -> None:
    tensors = load_file(run / "model.safetensors")
    save_file({**tensors, "backdoor": torch.zeros(3)}, run / "model.safetensors")
    _refused(lambda: load_run(run).model, "backdoor")


def test_a_missing_tensor(run: Path) -> None:
    tensors = load_file(run / "model.safetensors")
    gone = sorted(tensors)[0]
    del tensors[gone]
    save_file(tensors, run / "model.safetensors")
    _refused(lambda: load_run(run).model, "lacks", gone)


def test_a_misshapen_tensor(run: Path) -> None:
    tensors = load_file(run / "model.safetensors")
    name = next(n for n, t in tensors.items() if t.ndim == 2)
    tensors[name] = tensors[name].T.contiguous()
    save_file(tensors, run / "model.safetensors")
    _refused(lambda: load_run(run).model, name)


def test_another_number_type(run: Path) -> None:
    save_file({n: t.double() for n, t in load_file(run / "model.safetensors").items()}, run / "model.safetensors")
    _refused(lambda: load_run(run).model, "F64")


def test_weights_that_are_not_numbers(run: Path) -> None:
    tensors = load_file(run / "model.safetensors")
    name = sorted(tensors)[0]
    tensors[name].view(-1)[0] = float("nan")
    save_file(tensors, run / "model.safetensors")
    _refused(lambda: load_run(run).model, "not finite")


class _Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("unpickled"),))


@pytest.mark.parametrize("name", ["model.safetensors", "codes.npz"])
def test_a_pickle_under_another_name_is_never_unpickled(
    run: Path, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (run / name).write_bytes(pickle.dumps(_Bomb()))
    _refused(lambda: _everything(run), name)
    torch.save({"x": torch.zeros(3), "b": _Bomb()}, run / name)
    _refused(lambda: _everything(run), name)
    np.savez(run / "codes.npz", index=np.array([_Bomb()], dtype=object))
    _refused(lambda: load_run(run).codes, "pickled objects")
    assert not (tmp_path / "unpickled").exists()


def test_a_zip_bomb_is_refused_by_its_header(run: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)})
    with zipfile.ZipFile(run / "codes.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mean.npy", header.getvalue())
    _refused(lambda: load_run(run).codes, "would unpack to")


def test_a_giant_weights_file_is_refused_by_its_size(run: Path) -> None:
    with (run / "model.safetensors").open("r+b") as stream:
        stream.truncate(1 << 40)  # sparse: takes no room on the disk
    _refused(lambda: load_run(run).model, "larger than")


def _edit(run: Path, **changes: object) -> None:
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps({**config, **changes}))


@pytest.mark.parametrize("version", [0, 2, "1; drop", None, [1] * 5])
def test_an_unknown_version(run: Path, version: object) -> None:
    _edit(run, schema_version=version)
    _refused(lambda: load_run(run), "version")


@pytest.mark.parametrize(
    "model",
    [
        {"latent_dim": 10**9},
        {"hidden": [10**9]},
        {"sample_shape": [1, 4000, 4000]},
        {"hidden": [4096] * 100},
        {"net": "__import__"},
        {"extra": 1},
        {"sample_shape": [1, -8, 8]},
        {"hidden": [0]},
        {"bottleneck": "vq"},
        {"bottleneck": "ladder", "levels": [1, 1], "hidden": []},
        {"fsq_levels": [32] * 8},
        {"net": "lstm", "sample_shape": [8], "likelihood": "categorical", "vocabulary": 9, "hidden": []},
        {"net": "lstm", "sample_shape": [8], "likelihood": "categorical", "vocabulary": 1, "hidden": [8]},
    ],
)
def test_a_hostile_architecture(run: Path, model: dict[str, object]) -> None:
    raw = json.loads((run / "config.json").read_text())
    _edit(run, model={**raw["model"], **model})
    _refused(lambda: load_run(run), "does not fit")


def test_json_that_is_too_deep_or_no_table(run: Path) -> None:
    for content in ("[" * 100_000, "3", "null", "{", "\x00"):
        (run / "config.json").write_text(content)
        _refused(lambda: load_run(run), "config.json")


def test_an_endless_config(run: Path) -> None:
    with (run / "config.json").open("wb") as stream:
        stream.truncate(1 << 34)
    _refused(lambda: load_run(run), "bytes")


def test_codes_of_another_model(run: Path) -> None:
    with np.load(run / "codes.npz") as arrays:
        parts = dict(arrays)
    np.savez(run / "codes.npz", **{**parts, "mean": parts["mean"][:, :1]})
    _refused(lambda: load_run(run).codes, "mean")
    np.savez(run / "codes.npz", **{**parts, "std": parts["std"] * np.nan})
    _refused(lambda: load_run(run).codes, "not finite")


@pytest.mark.parametrize("name", ["../secrets", "/etc", "..", ".hidden", "a/b", "a\\b", "", "x" * 300, "nul\0"])
def test_names_never_leave_the_run_roots(name: str) -> None:
    _refused(lambda: find_run(name))


def test_a_broken_run_is_listed_with_its_sentence(run: Path, no_runs: Path, good: Path) -> None:
    shutil.copytree(good, no_runs / "fine")
    shutil.copytree(run, no_runs / "broken")
    (no_runs / "broken" / "config.json").write_text("{")
    cards = {card.name: card for card in list_runs() if not card.shipped}
    assert cards["fine"].ready and not cards["fine"].problem
    assert "cut short" in cards["broken"].problem and not cards["broken"].ready


@pytest.mark.parametrize(
    ("name", "value"), [("y", 99), ("index", 10**6), ("index", -1), ("distortion", np.inf), ("y", -3)]
)
def test_codes_with_values_that_the_run_cannot_have(run: Path, name: str, value: float) -> None:
    with np.load(run / "codes.npz") as arrays:
        parts = dict(arrays)
    parts[name] = parts[name].astype(np.float64 if name == "distortion" else np.int32)
    parts[name][7] = value
    np.savez(run / "codes.npz", **parts)
    _refused(lambda: load_run(run).codes, name)


def test_a_config_that_contradicts_itself(run: Path) -> None:
    raw = json.loads((run / "config.json").read_text())
    _edit(run, data={**raw["data"], "factor_names": ["a", "b"]})
    _refused(lambda: load_run(run), "factor names")
    _edit(run, data={**raw["data"], "sample_shape": [1, 99, 99]})
    _refused(lambda: load_run(run), "don't fit")


def test_a_history_of_other_columns(run: Path) -> None:
    (run / "history.csv").write_text("a,b\n1,2\n")
    _refused(lambda: load_run(run).history, "history.csv")


def test_broken_names_are_set_aside_by_the_next_renaming(run: Path) -> None:
    (run / "names.json").write_text("[" * 60_000)
    _refused(lambda: load_run(run).names, "names.json")
    rename_dimension(run, 0, "tilt")
    assert load_run(run).names == {0: "tilt"} and (run / "names.broken.json").exists()


def test_renaming_stays_with_the_run(run: Path) -> None:
    rename_dimension(run, 1, "  tilt  of it ")
    assert load_run(run).names == {1: "tilt of it"}
    rename_dimension(run, 1, "")
    assert load_run(run).names == {}
    _refused(lambda: rename_dimension(run, 2, "x"), "dimensions 0 to 1")
    _refused(lambda: rename_dimension(run, 0, "x" * 41), "40 letters")
    (run / "names.json").write_text("[1]")
    _refused(lambda: load_run(run).names, "names.json")
