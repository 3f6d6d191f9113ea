"""The film of a run: bounded, whole or absent, the same training with and without it, every family filmed."""

from __future__ import annotations

import shutil
from collections import namedtuple
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_zoo import SMALL, TABLE, TEXT, TINY, ZOO, _data
from vae_core.config import DataInfo, TrainConfig
from vae_core.data.dataset import Dataset
from vae_core.models import build
from vae_core.runs import film as f
from vae_core.runs.errors import RunError
from vae_core.runs.files import write_arrays
from vae_core.runs.live import Recorder
from vae_core.training import train

FAMILIES = (
    "mlp-1x8x8-bernoulli", "autoencoder", "pca", "vamp", "class", "quadrants", "m2", "m1m2", "gan", "ladder",
    "fsq", "text", "text-class", "table",
)  # fmt: skip


def made_up(info: DataInfo) -> Dataset:
    """60 made-up samples of this kind, always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return _data(info)


class Killed(Exception):
    pass


def filmed(folder: Path, config: TrainConfig, data: Dataset, *, until: int = 10**9, resume: bool = False) -> None:
    config = config.model_copy(update={"out": folder})
    recorder = Recorder(folder, data, config, go_on=resume)
    steps = train(config, data=data, resume=resume)
    for step in steps:
        recorder.add(step)
        if step.step >= until:
            recorder.write(step.model)
            with pytest.raises(Killed):
                steps.throw(Killed)
            return
        model = step.model
    recorder.write(model)
    assert recorder.camera is not None, "the film broke off"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_its_film(tmp_path: Path, family: str) -> None:
    config, info = ZOO[family]
    data = made_up(info)
    config = config.model_copy(update={"steps": 6, "batch_size": 16, "labels": 4, "data": info.name})
    filmed(tmp_path / "run", config, data)
    film = f.read_film(tmp_path / "run")
    assert film is not None
    assert film.steps[-1] == (0 if family == "pca" else 6)
    able = build(f.model_spec(config, info)).spec.abilities
    if able.encodes:
        assert film.xy.shape[1] == len(film.originals) + 52 == 60, "all sixty samples have a place"
        assert len(film.originals) == f.PAIRS
    else:
        assert film.xy.shape[1] == len(film.originals) == 0, "no sample has a place without an encoder"
        assert np.ptp(film.reconstructions[-1].astype(float)) > 0
    assert (film.traversal.shape[1] == 0) == (able.cells is not None), "only discrete codes have no walks"


@pytest.mark.parametrize("family", ["mlp-1x8x8-bernoulli", "fsq", "text"])
def test_a_filmed_training_ends_with_the_same_weights(tmp_path: Path, family: str) -> None:
    config, info = ZOO[family]
    config = config.model_copy(update={"steps": 8, "batch_size": 16, "labels": 4, "data": info.name})
    filmed(tmp_path / "filmed", config, made_up(info))
    for _ in train(config.model_copy(update={"out": tmp_path / "unseen"}), data=made_up(info)):
        pass
    files = [(tmp_path / name / "state.safetensors").read_bytes() for name in ("filmed", "unseen")]
    assert files[0] == files[1]


def test_a_resumed_film_is_that_of_an_unbroken_training(tmp_path: Path) -> None:
    data = made_up(SMALL)
    config = TINY.model_copy(update={"steps": 40, "batch_size": 16, "labels": 4, "evaluations": 8, "data": SMALL.name})
    filmed(tmp_path / "whole", config, data)
    filmed(tmp_path / "broken", config, data, until=23)  # its last state is of step 20
    broken = f.read_film(tmp_path / "broken")
    assert broken is not None and broken.steps[-1] == 23
    recorder = Recorder(tmp_path / "broken", data, config, go_on=True)
    assert recorder.camera is not None
    assert recorder.camera.frames[-1].steps <= 20, "what lies beyond the state goes"
    filmed(tmp_path / "broken", config, data, resume=True)
    whole, mended = f.read_film(tmp_path / "whole"), f.read_film(tmp_path / "broken")
    assert whole is not None and mended is not None
    shared = np.intersect1d(whole.steps, mended.steps)
    assert len(shared) > len(whole) / 2 and shared[-1] == 40
    for step in shared:
        left, right = (film.reconstructions[film.steps.tolist().index(step)] for film in (whole, mended))
        np.testing.assert_array_equal(left, right)


def test_a_full_disk_or_a_broken_camera_ends_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, config = (
        made_up(SMALL),
        TINY.model_copy(update={"steps": 4, "batch_size": 16, "labels": 4, "out": tmp_path / "run"}),
    )
    recorder = Recorder(tmp_path / "run", data, config)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1, 1, f.ROOM))
    for step in train(config, data=data):
        recorder.add(step)
    recorder.write(step.model)
    assert not (tmp_path / "run" / f.FILE).exists(), "what is left is for the weights"
    monkeypatch.undo()
    recorder.write(step.model)
    assert (tmp_path / "run" / f.FILE).exists(), "there is room again"
    monkeypatch.setattr(f.Camera, "_frame", lambda *parts: 1 / 0)
    recorder.add(replace(step, step=5))
    recorder.write(step.model)
    assert recorder.camera is None


def test_a_camera_that_has_spent_its_time_waits(tmp_path: Path) -> None:
    data, config = (
        made_up(SMALL),
        TINY.model_copy(update={"steps": 30, "batch_size": 16, "labels": 4, "data": SMALL.name}),
    )
    recorder = Recorder(tmp_path, data, config)
    camera = recorder.camera
    assert camera is not None
    for step in train(config, data=data):
        camera.spent = 1e6
        camera.see(step)
        camera.write()
        assert len(camera.frames) == (2 if step.step == 30 else 1), "only the last frame is worth any time"
    assert (tmp_path / f.FILE).exists()


# -- which frames and rows ---------------------------------------------------------------------------------


def frame(step: int) -> f.Frame:
    nothing = np.zeros(0)
    return f.Frame(step, step / 10, 0.0, 0.0, *[nothing] * 6)


@settings(deadline=None, max_examples=30)
@given(total=st.integers(1, 3_000_000), every=st.integers(1, 200_000))
def test_frames_are_bounded_dense_at_first_and_the_newest_stays(total: int, every: int) -> None:
    frames = [frame(0)]
    for step in range(every, min(total, 3000 * every), every):
        if step - frames[-1].steps >= f.spacing(step, total):
            frames = f.placed(frames, frame(step), total)
        assert len(frames) <= f.MOST_FRAMES
    frames = f.placed(frames, frame(total), total)
    steps = [one.steps for one in frames]
    assert steps == sorted(set(steps)) and steps[-1] == total
    for before, after in pairwise(steps[:-1]):  # to the last one the loop may have leapt
        assert after - before <= 3 * max(every, f.spacing(after, total)), "dense at first, and nothing is left out"


def test_a_newest_frame_makes_way_unless_it_is_far_from_the_one_before() -> None:
    total = 480  # ten steps between even frames
    frames = [frame(100), frame(110)]
    for step in (113, 116, 119):
        frames = f.placed(frames, frame(step), total)
        assert [one.steps for one in frames] == [100, 110, step]
    frames = f.placed(f.placed(frames, frame(120), total), frame(121), total)
    assert [one.steps for one in frames] == [100, 110, 120, 121]
    assert [one.steps for one in f.placed(frames, frame(105), total)] == [100, 105], "of before a resume"


def test_beyond_96_every_other_frame_goes() -> None:
    frames = [frame(step) for step in range(96)]
    steps = [one.steps for one in f.placed(frames, frame(96), 1)]
    assert steps == list(range(0, 97, 2))


@settings(deadline=None)
@given(st.lists(st.floats(0, 5), min_size=3, max_size=20), st.integers(1, 8))
def test_rows_are_those_that_tell_most_and_do_not_wander(weight: list[float], count: int) -> None:
    rate, count = np.array(weight), min(count, len(weight))
    rows = f.chosen_rows(np.zeros(0), rate, count)
    assert len(set(rows.tolist())) == count
    np.testing.assert_array_equal(f.chosen_rows(rows, rate, count), rows)
    left_out = np.setdiff1d(np.arange(len(rate)), rows)
    if len(left_out):
        assert rate[left_out].max() <= max(f.AWAKE, 2 * rate[rows].min())


def test_a_waking_dimension_takes_a_sleepers_row() -> None:
    rows = f.chosen_rows(np.array([0, 1]), np.array([3.0, 0.0, 0.0, 0.0]), 2)
    assert rows.tolist() == [0, 1]
    assert f.chosen_rows(rows, np.array([3.0, 0.0, 0.0, 2.0]), 2).tolist() == [0, 3]


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 128, 128), (3, 64, 64), (3, 128, 96), (1, 1000, 3)])
def test_pictures_are_bounded(shape: tuple[int, ...]) -> None:
    small = f.shrunk(np.full((2, *shape), 200, np.uint8))
    assert small[0].nbytes <= f.PICTURE_BYTES and small.dtype == np.uint8 and (small == 200).all()
    assert (small.shape[1:] == shape) == (np.prod(shape) <= f.PICTURE_BYTES)


# -- the file ----------------------------------------------------------------------------------------------


@pytest.fixture
def film(tmp_path: Path) -> f.Film:
    filmed(
        tmp_path / "run",
        TINY.model_copy(update={"steps": 3, "batch_size": 16, "labels": 4, "data": SMALL.name}),
        made_up(SMALL),
    )
    found = f.read_film(tmp_path / "run")
    assert found is not None
    return found


def test_frames_come_apart_and_together(film: f.Film) -> None:
    again = f.joined(f.frames_of(film), film.positions, film.y, film.originals)
    for name in f.KINDS:
        np.testing.assert_array_equal(getattr(again, name), getattr(film, name))
        assert getattr(again, name).dtype == f.KINDS[name][0]


def test_no_film_is_none(tmp_path: Path) -> None:
    assert f.read_film(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("xy", lambda a: a[:, :-1]),
        ("xy", lambda a: a * np.nan),
        ("xy", lambda a: a.astype(np.float64)),
        ("steps", lambda a: a[::-1]),
        ("steps", lambda a: a[:0]),
        ("dims", lambda a: a + 99),
        ("dims", lambda a: a[:, 0]),
        ("traversal", lambda a: a[:, :, :3]),
        ("reconstructions", lambda a: a[..., :-1]),
        ("originals", lambda a: np.repeat(a, 2, 1)),
        ("y", lambda a: a[:2]),
        ("codes", lambda a: a[:, :4]),
        ("rate", None),
    ],
)
def test_a_damaged_film_is_one_sentence(film: f.Film, tmp_path: Path, name: str, change: object) -> None:
    arrays = {part: getattr(film, part) for part in f.KINDS}
    arrays.pop(name) if change is None else arrays.update({name: change(arrays[name])})  # type: ignore[operator]
    write_arrays(tmp_path / "run" / f.FILE, arrays)
    with pytest.raises(RunError, match=r"run/film.npz is not a film.*: delete it\.$"):
        f.read_film(tmp_path / "run")
    f.Camera(tmp_path / "run", made_up(SMALL), TINY, go_on=True)  # it begins later, and bars no resume


@pytest.mark.parametrize("info", [SMALL, TEXT, TABLE])
def test_a_large_film_fits_its_limit(info: DataInfo) -> None:
    """The most that a frame can take, 96 times."""
    picture = f.shrunk(f.rendered(info, made_up(info).x[:1].numpy())).nbytes
    rows = min(f.MOST_ROWS, (f.FRAME_BYTES // picture - f.PAIRS) // len(f.WALK))
    assert rows >= 1
    most = f.FRAME_BYTES + f.SAMPLES * (2 * f.MOST_DIMENSIONS + 8)
    assert most * f.MOST_FRAMES < f.LIMIT
