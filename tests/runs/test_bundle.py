"""A run as a .zip: the same bytes each time, the same run when it comes back, and nothing of a hostile one."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.foreign.onnx_files import linear_decoder, linear_encoder
from tests.pages.toy import write_toy, write_toy_run
from vae_core import list_runs, load_dataset, load_run
from vae_core.latent.projection import MapSettings
from vae_core.runs import RunError
from vae_core.runs.archive import MOST_ENTRIES
from vae_core.runs.bundle import import_run, write_bundle
from vae_core.runs.incoming import free_name
from vae_core.runs.maps import map_path, project_run
from vae_core.runs.pairs import look_at, stage_pair, take_pair


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    folder = write_toy_run(tmp_path / "elsewhere", "toy")
    (folder / "names.json").write_text('{"0": "tilt"}')
    project_run(load_run(folder), MapSettings(method="pca", samples=50))
    (folder / "state.safetensors").write_bytes(b"")
    (folder / ".lock").touch()
    (folder / "notes.txt").write_text("mine")
    return folder


def zipped(folder: Path, **what: bool) -> bytes:
    to = io.BytesIO()
    write_bundle(folder, to, **what)
    return to.getvalue()


def names(content: bytes) -> set[str]:
    return set(zipfile.ZipFile(io.BytesIO(content)).namelist())


def changed(content: bytes, put: dict[str, bytes], gone: tuple[str, ...] = ()) -> io.BytesIO:
    """The archive with other files in it."""
    to = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in put and name not in gone:
                new.writestr(name, old.read(name))
        for name, data in put.items():
            new.writestr(name, data)
    return to


def refused(runs: Path, use: Callable[[], object], *words: str) -> None:
    with pytest.raises(RunError) as caught:
        use()
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith("."), sentence
    assert all(word in sentence for word in words), sentence
    assert not list_runs() and not list((runs / ".incoming").glob("*")), "half of it was taken"


# -- out and in --------------------------------------------------------------------------------------------


def test_the_same_run_is_the_same_bytes(toy: Path, tmp_path: Path) -> None:
    first = zipped(toy)
    shutil.copytree(toy, tmp_path / "copy" / "toy")
    for path in (tmp_path / "copy" / "toy").rglob("*"):
        os.utime(path, (1, 1))
    assert zipped(tmp_path / "copy" / "toy") == first


def test_what_is_in_it(toy: Path) -> None:
    (toy / "film.npz").write_bytes(b"")
    whole = names(zipped(toy, state=True))
    assert {"toy/config.json", "toy/model.safetensors", "toy/codes.npz", "toy/names.json"} <= whole
    assert any(name.startswith("toy/maps/") for name in whole)
    assert not {"toy/.lock", "toy/notes.txt"} & whole
    assert whole - names(zipped(toy)) == {"toy/state.safetensors"}
    less = names(zipped(toy, film=False, maps=False))
    assert "toy/film.npz" not in less and not any("maps/" in name for name in less)


def test_a_link_in_the_folder_is_not_followed(toy: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (toy / "card.md").unlink(missing_ok=True)
    (toy / "card.md").symlink_to(tmp_path / "secret")
    assert "toy/card.md" not in names(zipped(toy))


def test_it_comes_back(toy: Path, no_runs: Path) -> None:
    taken = import_run(io.BytesIO(zipped(toy)), "toy.zip")
    assert taken.name == "toy" and taken.folder == no_runs / "toy" and not taken.left_out
    back, before = load_run("toy"), load_run(toy)
    assert back.config == before.config and back.names == {0: "tilt"}
    np.testing.assert_array_equal(back.codes.mean, before.codes.mean)
    for key, value in before.model.state_dict().items():
        assert (back.model.state_dict()[key] == value).all()
    assert map_path(back.folder, MapSettings(method="pca", samples=50)).exists()
    assert zipped(back.folder) == zipped(toy)


def test_a_second_one_gets_a_free_name_and_a_taken_one_is_refused(toy: Path, no_runs: Path) -> None:
    assert [import_run(io.BytesIO(zipped(toy)), "toy.zip").name for _ in range(3)] == ["toy", "toy-2", "toy-3"]
    with pytest.raises(RunError, match="toy-4 is free"):
        import_run(io.BytesIO(zipped(toy)), "toy.zip", name="toy")
    with pytest.raises(RunError, match=r"cannot name a run.*my-run would do"):
        import_run(io.BytesIO(zipped(toy)), "toy.zip", name="../my run")
    assert free_name("../../etc") == "etc" and free_name("é") == "model"


def test_a_folder_comes_in_too(toy: Path, no_runs: Path) -> None:
    (toy / "card.md").symlink_to("/etc/passwd")
    (toy / "state.safetensors").unlink()
    taken = import_run(toy, name="mine")
    assert taken.name == "mine" and (no_runs / "mine" / "config.json").is_file()
    assert sorted(taken.left_out) == ["card.md: a link", "notes.txt: no file of a run"]
    assert not (no_runs / "mine" / "card.md").exists()


def test_flat_archives_and_litter(toy: Path, no_runs: Path) -> None:
    to = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(zipped(toy))) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            new.writestr(name.removeprefix("toy/"), old.read(name))
        new.writestr("__MACOSX/._config.json", b"x")
        new.writestr("run.exe", b"MZ")
    taken = import_run(to, "my digits.zip")
    assert taken.name == "my-digits" and taken.left_out == ("run.exe: no file of a run",)


def test_what_a_run_can_do_without_is_left_out_and_named(toy: Path, no_runs: Path) -> None:
    put = {
        "toy/preview.png": b"no png", "toy/names.json": b"[]", "toy/maps/evil.npz": b"PK", "toy/film.npz": b"x",
        "toy/history.csv": b"a,b\n1,2,3", "toy/state.safetensors": b"\x80\x04", "toy/card.md": b"\xff\xfe",
    }  # fmt: skip
    taken = import_run(changed(zipped(toy), put), "toy.zip")
    named = {entry.split(":")[0] for entry in taken.left_out}
    assert named == {name.removeprefix("toy/") for name in put}
    assert load_run("toy").names == {}


def test_a_foreign_pair_travels_like_any_run(tmp_path: Path, no_runs: Path) -> None:
    files = [linear_encoder(tmp_path / "encoder.onnx"), linear_decoder(tmp_path / "decoder.onnx")]
    folder = stage_pair([(path.name, path.open("rb")) for path in files])
    pair, found = look_at(folder)
    pair.close()
    made = take_pair(folder, found.wiring, (1, 8, 8), "pair", load_dataset("digits"))
    content = zipped(made)
    assert {"pair/encoder.onnx", "pair/decoder.onnx"} <= names(content)
    assert import_run(io.BytesIO(content), "pair.zip").name == "pair-2"
    shutil.rmtree(made)
    shutil.rmtree(no_runs / "pair-2")
    broken = changed(content, {"pair/decoder.onnx": files[0].read_bytes()})
    refused(no_runs, lambda: import_run(broken, "pair.zip"), "decoder.onnx")
    refused(no_runs, lambda: import_run(changed(content, {}, ("pair/encoder.onnx",)), "pair.zip"), "encoder.onnx")


# -- hostile -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["../../evil", "/etc/evil", "toy/../../evil", "C:\\evil", "toy\\..\\..\\evil", "toy/maps/../../../x.npz"],
)
def test_names_that_lead_out(toy: Path, no_runs: Path, name: str) -> None:
    refused(no_runs, lambda: import_run(changed(zipped(toy), {name: b"x"}), "toy.zip"), "leads out")


def test_links(toy: Path, no_runs: Path) -> None:
    content = changed(zipped(toy), {})
    with zipfile.ZipFile(content, "a") as archive:
        info = zipfile.ZipInfo("toy/maps/link.npz")
        info.create_system = 3
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    refused(no_runs, lambda: import_run(content, "toy.zip"), "link")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_doubles(toy: Path, no_runs: Path) -> None:
    for double in ("toy/config.json", "toy/CONFIG.json"):
        content = changed(zipped(toy), {})
        with zipfile.ZipFile(content, "a") as archive:
            archive.writestr(double, b"{}")
        refused(no_runs, lambda content=content: import_run(content, "toy.zip"), "twice")


def test_bombs(toy: Path, no_runs: Path) -> None:
    bomb = changed(zipped(toy), {"toy/names.json": b"\0" * (3 << 20)})
    refused(no_runs, lambda: import_run(bomb, "toy.zip"), "names.json", "3,145,728 bytes")
    lying = bytearray(bomb.getvalue())  # says that it is small
    at = lying.rfind(b"toy/names.json") - 46
    assert lying[at : at + 4] == b"PK\1\2"
    lying[at + 24 : at + 28] = struct.pack("<I", 1000)
    refused(no_runs, lambda: import_run(io.BytesIO(bytes(lying)), "toy.zip"), "toy.zip")
    large = changed(zipped(toy), {})
    with zipfile.ZipFile(large, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("toy/state.safetensors", bytes(120 << 20))  # no file by itself too large
    refused(no_runs, lambda: import_run(large, "toy.zip"), "no model does that")
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)})
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("mean.npy", header.getvalue())
    refused(
        no_runs, lambda: import_run(changed(zipped(toy), {"toy/codes.npz": inner.getvalue()}), "toy.zip"), "unpack"
    )  # fmt: skip


def test_crowds(toy: Path, no_runs: Path) -> None:
    many = changed(zipped(toy), {f"toy/maps/{at}.npz": b"" for at in range(200)})
    refused(no_runs, lambda: import_run(many, "toy.zip"), "maps")
    more = changed(zipped(toy), {f"x{at}": b"" for at in range(MOST_ENTRIES)})
    refused(no_runs, lambda: import_run(more, "toy.zip"), "lists")


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"\x80\x04.", b"PK\5\6" + b"\0" * 18])
def test_no_zip(no_runs: Path, content: bytes) -> None:
    refused(no_runs, lambda: import_run(io.BytesIO(content), "toy.zip"), "toy.zip")


@pytest.mark.parametrize("part", [0.3, 0.9, 0.999])
def test_cut_short(toy: Path, no_runs: Path, part: float) -> None:
    content = zipped(toy)
    refused(no_runs, lambda: import_run(io.BytesIO(content[: int(part * len(content))]), "toy.zip"), "toy.zip")


@pytest.mark.parametrize("name", ["model.pt", "model.pth", "vae.pkl", "last.ckpt"])
def test_pickles(toy: Path, no_runs: Path, name: str) -> None:
    refused(no_runs, lambda: import_run(io.BytesIO(b"x"), name), name, "ONNX", "safetensors")
    to = io.BytesIO()
    with zipfile.ZipFile(to, "w") as archive:
        archive.writestr(f"export/{name}", b"x")
    refused(no_runs, lambda: import_run(to, "export.zip"), name, "ONNX")


class _Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("unpickled"),))


def test_a_pickle_under_another_name(toy: Path, no_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("model.safetensors", "codes.npz", "config.json"):
        put = changed(zipped(toy), {f"toy/{name}": pickle.dumps(_Bomb())})
        refused(no_runs, lambda put=put: import_run(put, "toy.zip"), name)
    assert not (tmp_path / "unpickled").exists()


def test_settings_that_do_not_fit(toy: Path, no_runs: Path) -> None:
    config = json.loads((toy / "config.json").read_text())
    for change in ({"model": {**config["model"], "hidden": [10**9]}}, {"schema_version": 99}, {"extra": 1}):
        put = {"toy/config.json": json.dumps({**config, **change}).encode()}
        refused(no_runs, lambda put=put: import_run(changed(zipped(toy), put), "toy.zip"), "config.json")
    other = {"toy/config.json": json.dumps({**config, "model": {**config["model"], "hidden": [17]}}).encode()}
    refused(no_runs, lambda: import_run(changed(zipped(toy), other), "toy.zip"), "model.safetensors")


def test_no_run_and_several(toy: Path, no_runs: Path) -> None:
    refused(no_runs, lambda: import_run(changed(zipped(toy), {}, ("toy/config.json",)), "toy.zip"), "config.json")
    two = changed(zipped(toy), {"other/config.json": b"{}"})
    refused(no_runs, lambda: import_run(two, "toy.zip"), "2 runs")
    refused(no_runs, lambda: import_run(changed(zipped(toy), {}, ("toy/codes.npz",)), "toy.zip"), "codes.npz")
    refused(no_runs, lambda: import_run(toy / "nothing.zip"), "nothing.zip")


def test_nothing_is_half_taken_when_somebody_leaves(toy: Path, no_runs: Path) -> None:
    def gone(fraction: float, text: str) -> None:
        if fraction >= 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_run(io.BytesIO(zipped(toy)), "toy.zip", progress=gone)
    assert not list_runs() and not list((no_runs / ".incoming").glob("*"))


@pytest.mark.parametrize("family", ["gan", "ladder", "vq", "text", "table"])
def test_every_kind_of_run_travels(tmp_path: Path, no_runs: Path, family: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    taken = import_run(io.BytesIO(zipped(write_toy(tmp_path / "elsewhere", family))), f"{family}.zip")
    assert taken.name == family and not taken.left_out
