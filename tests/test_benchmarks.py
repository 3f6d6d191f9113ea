"""The benchmark's arithmetic and its tables; nothing is timed here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import feel, fixtures
from benchmarks.drags import latencies, pictures_a_second
from benchmarks.table import Row, from_csv, summed_up, tally, to_csv, to_markdown, to_text
from benchmarks.wire import Traffic, Wire
from vae_core.runs import load_run

ROWS = [
    summed_up("Drags", "28x28: input to picture", "ms", [1.0, 2.0, 9.0], target=3.0, target_p95=5.0),
    summed_up("Drags", "28x28: pictures a second", "frames/s", [60.0] * 30, target=55.0, at_least=True, note='a, "b"'),
    summed_up("Clicks", "20,000 points", "ms", [40.0], target=60.0),
    summed_up("Drags", "64x64: bytes on the wire", "bytes", [0], target=0.0),
    Row("Clicks", "no target", "MB", 1, 3.25),
]


def test_a_median_within_its_target_does_not_hide_a_tail_beyond_its_own() -> None:
    assert [row.met for row in ROWS] == [False, True, True, True, None]
    assert ROWS[0].median == 2.0
    assert ROWS[0].p95 == 9.0, "of few measurements the worst one stands for the tail"


def test_the_bad_end_of_a_rate_is_its_low_one() -> None:
    row = summed_up("Drags", "pictures", "frames/s", [10.0, *[60.0] * 9] * 10, target=55.0, at_least=True)
    assert row.p95 == 10.0
    assert row.met


def test_targets_are_held_against_what_was_measured_and_not_against_what_is_printed() -> None:
    assert summed_up("Drags", "a", "ms", [3.001], target=3.0).met is False
    assert summed_up("Drags", "a", "ms", [3.0], target=3.0).met is True


@pytest.mark.parametrize("values", [[], [1.0, float("nan")]])
def test_nothing_measured_is_no_row(values: list[float]) -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        summed_up("Drags", "a", "ms", values, target=3.0)


def test_the_table_comes_back_from_csv() -> None:
    text = to_csv(ROWS)
    assert from_csv(text) == ROWS
    assert [line.rsplit(",", 1)[1] for line in text.splitlines()] == ["met", "MISSED", "met", "met", "met", ""]


def test_a_missed_target_is_shouted_everywhere() -> None:
    for text in (to_text(ROWS), to_markdown(ROWS, {"Processor": "one"}, "Intro.")):
        assert text.count("MISSED") == 1
        assert "≤ 3 / 5" in text and "≥ 55" in text
    assert tally(ROWS) == "3 of 4 targets met. Missed: Drags: 28x28: input to picture."


def test_rows_of_a_group_stand_together() -> None:
    text = to_markdown(ROWS, {"Processor": "one"}, "Intro.")
    assert text.count("## Drags") == text.count("## Clicks") == 1
    assert text.index("64x64") < text.index("## Clicks")
    assert all(line.count("|") == 9 for line in text.splitlines() if line.startswith("| 28x28"))


def test_an_input_is_answered_by_the_first_drawing_after_it() -> None:
    inputs = [{"at": 10.0, "pointer": 8.0}, {"at": 11.0, "pointer": 9.0}, {"at": 30.0, "pointer": 29.0}]
    draws = [{"at": 12.0, "changed": True}, {"at": 31.0, "changed": False}]
    assert latencies(inputs, draws) == (2.0, 1.0), "a drawing that changed nothing answers nobody"
    assert latencies(inputs, draws, "pointer") == (4.0, 3.0)
    assert latencies([{"at": 40.0, "pointer": 40.0}], draws) == ()


def test_a_frame_counts_once_however_often_it_is_drawn() -> None:
    frames = [0.0, 16.0, 32.0, 48.0]
    draws = [{"at": at, "changed": True} for at in (1.0, 2.0, 17.0, 33.0)]
    assert pictures_a_second(frames, draws) == pytest.approx(2 / 32 * 1000)
    assert pictures_a_second(frames, [*draws, {"at": 49.0, "changed": False}]) == pytest.approx(2 / 32 * 1000)
    assert pictures_a_second(frames, draws[:1]) == 0.0


class FakeSession:
    def __init__(self) -> None:
        self.heard: dict = {}

    def on(self, name: str, listener: object) -> None:
        self.heard[name] = listener


def test_the_wire_counts_bytes_as_they_were_before_base64() -> None:
    session = FakeSession()
    wire = Wire(session)
    say = session.heard
    say["Network.webSocketFrameSent"]({"response": {"opcode": 2, "payloadData": "AAECAw=="}})
    say["Network.webSocketFrameReceived"]({"response": {"opcode": 1, "payloadData": "ö"}})
    say["Network.requestWillBeSent"]({"request": {"url": "http://host/a", "postData": "abc"}})
    say["Network.requestWillBeSent"]({"request": {"url": "data:image/png;base64,AA"}})
    say["Network.loadingFinished"]({"encodedDataLength": 100.0})
    assert wire.now == Traffic(sent=4 + 3, received=2 + 100, messages=2, requests=1)
    assert (wire.now - Traffic(sent=7)).total == 102


def test_made_up_runs_read_as_real_ones_and_are_the_same_each_time(tmp_path: Path) -> None:
    first = fixtures.write_run(tmp_path / "a", "made-up", side=28, latent_dim=2, samples=50)
    fixtures.write_run(tmp_path / "b", "made-up", side=28, latent_dim=2, samples=50)
    run = load_run(tmp_path / "a" / first.name)
    assert run.codes.mean.shape == (50, 2)
    assert run.model.sample_shape == (1, 28, 28)
    for file in ("model.safetensors", "config.json"):
        assert (tmp_path / "a/made-up" / file).read_bytes() == (tmp_path / "b/made-up" / file).read_bytes()


def test_the_page_is_made_from_the_kept_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feel, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(feel, "PAGE", tmp_path / "docs" / "feel.md")
    feel.write(ROWS, {"Processor": "one"})
    page = (tmp_path / "docs" / "feel.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "results" / "machine.json").read_text(encoding="utf-8")) == {"Processor": "one"}
    assert feel.main(["--render"]) == 0
    assert (tmp_path / "docs" / "feel.md").read_text(encoding="utf-8") == page
