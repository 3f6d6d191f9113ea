"""Maps of a run on disk: they come back as they were kept, broken ones are one sentence, one is made at a time."""

from __future__ import annotations

import io
import pickle
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from tests.pages.toy import write_toy_run
from vae_core.latent.projection import MapSettings, Projection, project
from vae_core.runs import Run, RunError, load_run, making
from vae_core.runs import maps as m


@pytest.fixture
def run(no_runs: Path) -> Run:
    return load_run(write_toy_run(no_runs))


@pytest.fixture
def codes(run: Run) -> np.ndarray:
    return run.codes.mean


def same(a: Projection, b: Projection) -> None:
    assert (a.settings, a.axes, a.trust, a.codes_mark) == (b.settings, b.axes, b.trust, b.codes_mark)
    for name in ("xy", "positions", "basis", "origin"):
        left, right = getattr(a, name), getattr(b, name)
        assert (left is None) == (right is None)
        if left is not None:
            np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("settings", [MapSettings("pca", samples=40), MapSettings("raw"), MapSettings(epochs=5)])
def test_maps_come_back_as_they_were_kept(tmp_path: Path, codes: np.ndarray, settings: MapSettings) -> None:
    made, path = project(codes, settings), m.map_path(tmp_path, settings)
    m.write_map(path, made)
    same(m.read_map(path, codes), made)
    assert list(path.parent.iterdir()) == [path]


def header_only(shape: tuple[int, ...]) -> bytes:
    """An .npz whose `xy` announces a shape and holds nothing."""
    member, archive = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "<f4", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("xy.npy", member.getvalue())
    return archive.getvalue()


def broken_files(good: Projection, folder: Path) -> dict[str, Path]:
    """One file for each way in which a map can be wrong."""
    path = folder / "good.npz"
    m.write_map(path, good)
    arrays = dict(np.load(path))
    whole = path.read_bytes()
    files = {
        "truncated": whole[: len(whole) // 2],
        "empty": b"",
        "text": b"not a map",
        "flipped": whole[:60] + b"??" + whole[62:],
        "pickle": pickle.dumps({"xy": [1, 2]}),
        "bomb": header_only((1 << 44, 2)),
    }
    paths = {}
    for name, content in files.items():
        paths[name] = folder / f"{name}.npz"
        paths[name].write_bytes(content)
    head = arrays["head"].tobytes()
    changes = {
        "objects": {"xy": np.array([{"a": 1}], dtype=object)},
        "one axis": {"xy": arrays["xy"][:, :1]},
        "fewer places": {"xy": arrays["xy"][:-1]},
        "not finite": {"xy": np.full_like(arrays["xy"], np.nan)},
        "doubles": {"xy": arrays["xy"].astype(np.float64)},
        "negative": {"positions": arrays["positions"] - 5},
        "no basis": {"basis": None},
        "misshapen basis": {"basis": arrays["basis"][:, :-1]},
        "other dimensions": {"basis": arrays["basis"][:, :-1], "origin": arrays["origin"][:-1]},
        "no head": {"head": None},
        "broken head": {"head": arrays["head"][:-3]},
        "deep head": {"head": np.frombuffer(b"[" * 100_000, np.uint8)},
        "another schema": {"head": np.frombuffer(head.replace(b'"schema": 1', b'"schema": 9'), np.uint8)},
        "unknown method": {"head": np.frombuffer(head.replace(b'"pca"', b'"abc"'), np.uint8)},
    }
    for name, change in changes.items():
        paths[name] = folder / f"{name}.npz"
        kept = {key: value for key, value in (arrays | change).items() if value is not None}
        np.savez(paths[name], **kept)
    return paths


def test_broken_and_hostile_maps_are_refused_with_a_sentence(tmp_path: Path, codes: np.ndarray) -> None:
    for name, path in broken_files(project(codes, MapSettings("pca")), tmp_path).items():
        with pytest.raises(RunError) as refusal:
            m.read_map(path, codes)
        assert path.name in str(refusal.value), name


def test_a_map_of_other_codes_is_refused(tmp_path: Path, codes: np.ndarray) -> None:
    path = tmp_path / "map.npz"
    m.write_map(path, project(codes, MapSettings("pca")))
    with pytest.raises(RunError, match="other codes"):
        m.read_map(path, codes + 1)


# ---- the making of one


def test_a_run_keeps_its_map_and_makes_it_once(run: Run) -> None:
    settings = MapSettings("pca", samples=50)
    expected = project(run.codes.mean, settings)
    same(m.project_run(run, settings), expected)
    path = m.map_path(run.folder, settings)
    stamp = path.stat().st_mtime_ns
    m.project_run(run, settings)
    assert path.stat().st_mtime_ns == stamp
    path.write_bytes(header_only((1 << 44, 2)))
    m.project_run(run, settings)
    same(m.read_map(path, run.codes.mean), expected)


def test_asking_for_more_samples_than_there_are_is_asking_for_all(run: Run) -> None:
    assert m.project_run(run, MapSettings("pca", samples=10_000)).settings.samples == len(run.codes)
    assert m.map_path(run.folder, MapSettings("pca", samples=len(run.codes))).exists()


def test_one_map_is_made_at_a_time_and_others_say_that_they_wait(run: Run) -> None:
    settings, said, waits = MapSettings("pca", samples=50), [], threading.Event()

    def tell(part: float, text: str) -> None:
        said.append(text)
        waits.set()

    place = making._place_file()
    place.parent.mkdir(parents=True)
    worker = threading.Thread(target=m.project_run, args=(run, settings, tell))
    with FileLock(place):
        assert making.is_any_being_made()
        worker.start()
        assert waits.wait(10) and said == [making.WAITING]
        assert making.is_being_made(m.map_path(run.folder, settings))
    worker.join(20)
    assert m.map_path(run.folder, settings).exists() and not making.is_any_being_made()


@pytest.mark.parametrize("content", [None, pickle.dumps([1]), header_only((1 << 44, 2))])
def test_a_run_without_readable_codes_says_so(run: Run, content: bytes | None) -> None:
    (run.folder / "codes.npz").unlink()
    if content is not None:
        (run.folder / "codes.npz").write_bytes(content)
    with pytest.raises(RunError, match=r"codes\.npz"):
        m.project_run(run, MapSettings("pca"))


def test_a_run_folder_that_cannot_be_written_says_so(run: Run) -> None:
    (run.folder / "maps").write_text("a file where the folder should be")
    with pytest.raises(RunError, match="could not be kept"):
        m.project_run(run, MapSettings("pca"))
