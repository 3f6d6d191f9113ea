"""What lies between a map's figure and the browser: arrays by address, sheets of pictures, selections, jobs."""

from __future__ import annotations

import base64
import shutil
import time
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ui import blobs, cache, map_jobs, maps, tiles
from ui.components.map import overlay_data, prepare, unpack_picks, unpack_rows
from vae_core.figures.maps import Colouring, Ellipse, map_figure
from vae_core.latent.projection import MapSettings
from vae_core.runs.making import being_made
from vae_core.runs.maps import map_path

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=[*blobs.ROUTES, *tiles.ROUTES]))


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped digits runs, to write to."""
    folder = tmp_path / "checkpoints"
    for name in ("digits-2d", "digits-10d"):
        shutil.copytree(PROJECT / "checkpoints" / name, folder / name, ignore=shutil.ignore_patterns("maps"))
    monkeypatch.setenv("LATENTARIUM_CHECKPOINTS", str(folder))
    monkeypatch.setenv("LATENTARIUM_RUNS", str(tmp_path / "runs"))
    return folder


# ---- arrays by address


def test_arrays_come_back_as_they_were_packed(client: TestClient) -> None:
    arrays = [np.arange(5, dtype=np.float32), np.arange(3, dtype=np.int64) - 1, np.array([7], dtype=np.uint8)]
    packed = blobs.pack(arrays)
    blobs.keep(packed)
    for array, where in zip(arrays, packed.references, strict=True):
        content = client.get(str(where["array"])).content
        got = np.frombuffer(content, where["dtype"], count=int(where["length"]), offset=int(where["offset"]))
        np.testing.assert_array_equal(got, array)
        assert int(where["offset"]) % got.itemsize == 0


def test_the_address_is_the_content() -> None:
    first, same, other = (blobs.pack([np.full(3, v)]).references[0]["array"] for v in (1, 1, 2))
    assert first == same != other


def test_the_oldest_arrays_go_first_and_can_be_kept_anew(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "LIMIT", 100)
    packs = [blobs.pack([np.full(5, v)]) for v in range(10)]
    for packed in packs:
        blobs.keep(packed)
    address = str(packs[0].references[0]["array"])
    assert client.get(address).status_code == 404
    blobs.keep(packs[0])
    assert client.get(address).status_code == 200


def test_an_unknown_array_is_not_found_and_not_remembered(client: TestClient) -> None:
    answer = client.get(f"{blobs.PREFIX}0123.bin")
    assert answer.status_code == 404 and answer.headers["cache-control"] == "no-store"


def test_whole_numbers_beyond_32_bits_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bits"):
        blobs.pack([np.array([2**40])])


def test_what_is_drawn_over_the_points_is_no_part_of_them() -> None:
    xy = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    colours, rows = Colouring("distortion", np.arange(300)), np.arange(300)
    ellipse = Ellipse(xy[3], np.eye(2))
    plain = map_figure(xy, colours, ("a", "b"))
    drawn = map_figure(xy, colours, ("a", "b"), tray=range(100), picked=4, ellipses=[ellipse])
    first, second = (prepare(figure, positions=rows, index=rows) for figure in (plain, drawn))
    assert first == second
    points = first.data["figure"]["data"][0]
    assert all(isinstance(points[name], dict) for name in ("x", "y", "customdata"))
    over = overlay_data([trace for trace in drawn.data if trace.meta["role"] == "overlay"])
    assert len(over) == 3 and all(isinstance(trace["x"], list) for trace in over)


# ---- selections


@given(st.sets(st.integers(0, 99)), st.booleans())
def test_a_bitset_comes_back_as_its_rows(rows: set[int], deflated: bool) -> None:
    bits = np.zeros(100, dtype=np.uint8)
    bits[list(rows)] = 1
    content = np.packbits(bits, bitorder="little").tobytes()
    content = zlib.compress(content) if deflated else content
    packed = {"bits": base64.b64encode(content).decode(), "deflated": deflated, "n": 100}
    assert unpack_rows(packed, 100).tolist() == sorted(rows)


@pytest.mark.parametrize(
    "packed",
    [
        {},
        {"bits": "?", "n": 100},
        {"bits": base64.b64encode(bytes(13)).decode(), "n": 99},
        {"bits": base64.b64encode(bytes(12)).decode(), "n": 100},
        {"bits": base64.b64encode(b"junk").decode(), "n": 100, "deflated": True},
        {"bits": base64.b64encode(zlib.compress(bytes(10**7))).decode(), "n": 100, "deflated": True},
    ],
)
def test_what_is_no_bitset_of_this_map_is_refused(packed: dict) -> None:
    with pytest.raises(ValueError, match="selection"):
        unpack_rows(packed, 100)


def test_an_empty_bitset_is_a_cleared_selection() -> None:
    assert len(unpack_rows({"bits": "", "n": 100}, 100)) == 0


def test_clicks_are_taken_in_order_and_nonsense_left_out() -> None:
    said = {"picks": [[3, 7], [2, 5], [4, 100], [5, -1], ["6", 1], [7], None, [8, 1.5], [9, True]]}
    assert unpack_picks(said, 100) == [(2, 5), (3, 7)]
    assert unpack_picks({"picks": "x"}, 100) == [] == unpack_picks({}, 100)


# ---- sheets of pictures


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 3)])
def test_a_sheet_holds_each_picture_in_its_place(shape: tuple[int, ...]) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (200, *shape), dtype=np.uint8)
    whole = tiles.sheet(pictures)
    for i in (0, 15, 16, 199):
        row, column = divmod(i, tiles.COLUMNS)
        np.testing.assert_array_equal(whole[row * 3 : row * 3 + 3, column * 4 : column * 4 + 4], pictures[i])
    assert not whole[13 * 3 :].any()
    with pytest.raises(ValueError, match="256"):
        tiles.sheet(np.zeros((257, 2, 2), dtype=np.uint8))


def test_the_sheets_of_a_run_are_its_samples_in_the_order_of_its_codes(client: TestClient, shipped: Path) -> None:
    url = tiles.tiles_url("digits-2d")
    answer = client.get(f"{url['url']}1.png", params={"v": url["version"]})
    assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
    whole = np.asarray(Image.open(BytesIO(answer.content)))
    codes = cache.get_codes("digits-2d")
    expected = cache.get_pictures("digits-2d", tuple(codes.index[256:512].tolist())).pixels
    np.testing.assert_array_equal(whole, tiles.sheet(expected))


@pytest.mark.parametrize("path", ["no-such-run/0.png", "digits-2d/999.png", "..%2fdigits-2d/0.png", "digits-2d/-1.png"])
def test_only_sheets_of_known_runs_are_served(client: TestClient, shipped: Path, path: str) -> None:
    assert client.get(tiles.PREFIX + path).status_code == 404


# ---- which map, coloured by what


def test_a_plane_is_its_own_map_and_more_dimensions_begin_with_pca(shipped: Path) -> None:
    assert maps.ready_map(cache.get_run("digits-2d")).settings.method == "raw"
    assert maps.ready_map(cache.get_run("digits-10d")).settings.method == "pca"


def test_samples_are_found_on_the_map(shipped: Path) -> None:
    run = cache.get_run("digits-10d")
    some = cache.get_map(run.name, maps.settings_for(run, "pca", samples=100))
    assert some is not None
    index = run.codes.index[some.positions]
    rows = maps.rows_of(run, some, [int(index[7]), int(index[99]), 10**6])
    assert rows == {int(index[7]): 7, int(index[99]): 99}


@pytest.mark.parametrize("name", ["class", "distortion", "rate"])
def test_every_colour_has_a_value_a_sample(shipped: Path, name: str) -> None:
    run = cache.get_run("digits-2d")
    assert name in maps.colour_names(run)
    positions = np.array([5, 3, 900])
    made = maps.colouring(run, name, positions)
    expected = {
        "class": run.codes.y,
        "distortion": run.codes.distortion,
        "rate": run.codes.rate.sum(axis=1),
    }[name]
    np.testing.assert_array_equal(made.values, expected[positions])


# ---- jobs


def wait_for(state: str, folder: Path, settings: MapSettings, seconds: float = 60) -> map_jobs.JobState:
    until = time.monotonic() + seconds
    while (now := map_jobs.look(folder, settings)).state != state:
        assert time.monotonic() < until, now
        time.sleep(0.02)  # another process: there is no event of it to await
    return now


def test_two_visitors_asking_for_one_map_start_one_job(shipped: Path) -> None:
    folder, settings = shipped / "digits-10d", MapSettings("pca", samples=500)
    map_jobs.start(folder, settings)
    first = map_jobs._jobs[map_path(folder, settings)]
    map_jobs.start(folder, settings)
    assert map_jobs._jobs[map_path(folder, settings)] is first
    wait_for("none", folder, settings)
    assert map_path(folder, settings).exists()
    assert [file.name for file in (folder / "maps").iterdir() if file.suffix == ".progress"] == []


def test_a_job_of_another_process_is_seen_and_not_doubled(shipped: Path) -> None:
    folder, settings = shipped / "digits-10d", MapSettings("umap", samples=500)
    with being_made(map_path(folder, settings)):
        now = map_jobs.look(folder, settings)
        assert now.state == "running" and not now.stoppable
        map_jobs.start(folder, settings)
        assert map_path(folder, settings) not in map_jobs._jobs
    assert map_jobs.look(folder, settings).state == "none"


def test_a_stopped_job_leaves_nothing(shipped: Path) -> None:
    folder, settings = shipped / "digits-10d", MapSettings("umap", samples=500)
    map_jobs.start(folder, settings)
    assert map_jobs.look(folder, settings).state == "running"
    map_jobs.stop(folder, settings)
    assert map_jobs.look(folder, settings) == map_jobs.JobState("none")
    assert not map_path(folder, settings).exists()


def test_a_job_that_fails_says_why(shipped: Path) -> None:
    folder, settings = shipped / "digits-10d", MapSettings("pca", samples=500)
    (folder / "codes.npz").write_bytes(b"broken")
    map_jobs.start(folder, settings)
    assert "codes.npz" in wait_for("failed", folder, settings).text


def test_one_map_is_made_at_a_time(shipped: Path) -> None:
    folder, first, second = shipped / "digits-10d", MapSettings("umap", samples=500), MapSettings("pca", samples=500)
    map_jobs.start(folder, first)
    assert map_jobs.start(folder, second).state == "waiting"
    assert map_path(folder, second) not in map_jobs._jobs
    map_jobs.stop(folder, first)
    assert map_jobs.start(folder, second).state == "running"
    wait_for("none", folder, second)


def test_a_job_that_the_system_ended_has_failed_and_is_not_started_again_unasked(shipped: Path) -> None:
    folder, settings = shipped / "digits-10d", MapSettings("umap", samples=500)
    map_jobs.start(folder, settings)
    job = map_jobs._jobs[map_path(folder, settings)]
    job.kill()  # as the kernel does where memory runs out
    job.wait()
    assert "memory" in map_jobs.look(folder, settings).text
    assert map_jobs.start(folder, settings).state == "failed"
    assert map_jobs._jobs[map_path(folder, settings)] is job
    map_jobs.forget(folder, settings)
    assert map_jobs.start(folder, settings).state == "running"
    map_jobs.stop(folder, settings)
