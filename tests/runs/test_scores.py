"""Scores beside a run: measured, kept, refused where they are damaged, forgotten where the weights have changed."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pages.toy import write_toy_run
from ui import map_jobs
from vae_core import __main__ as command_line
from vae_core import load_run
from vae_core.config import checkpoints_folder
from vae_core.metrics.disentanglement import METRICS
from vae_core.runs import RunError
from vae_core.runs.bundle import import_run, write_bundle
from vae_core.runs.making import is_any_being_made, is_being_made
from vae_core.runs.scores import FILE, Scores, read_scores, score_run, with_kept, write_scores

RUN = "sprites-beta4"
NAMES = ("mig", "sap", "factor_vae")


@pytest.fixture(scope="module")
def scores() -> Scores:
    said: list[float] = []
    found = score_run(load_run(RUN), NAMES, lambda part, text: said.append(part), samples=600, repeats=2)
    assert said == sorted(said) and said[0] == 0 and said[-1] == 1
    return found


@pytest.fixture
def copy(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped run as one of one's own."""
    monkeypatch.delenv("LATENTARIUM_CHECKPOINTS")
    folder = no_runs / "mine"
    leave = shutil.ignore_patterns("maps", "film*", FILE, ".*")
    shutil.copytree(checkpoints_folder() / RUN, folder, ignore=leave)
    return folder


def test_a_run_is_scored_on_its_split(scores: Scores) -> None:
    assert tuple(scores.metrics) == NAMES and scores.samples == 600 and scores.split == "test"
    assert scores.factors == ("shape", "scale", "orientation", "x", "y") and scores.dimensions == 10
    for one in scores.metrics.values():
        assert one.low <= one.score <= one.high
        assert one.self_test.noise < one.score < one.self_test.perfect  # a trained model is neither
    share = scores.metrics["mig"].parts["share"]
    assert len(share) == 5 and {len(row) for row in share if isinstance(row, tuple)} == {10}


def test_scores_come_back_as_they_were_and_go_with_the_weights(scores: Scores, copy: Path) -> None:
    assert read_scores(copy) is None
    write_scores(copy, scores)
    assert read_scores(copy) == scores
    weights = copy / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert read_scores(copy) is None


def test_scores_join_those_that_were_measured_alike(scores: Scores, copy: Path) -> None:
    few = scores.model_copy(update={"metrics": {"mig": scores.metrics["mig"]}})
    assert with_kept(copy, few) == few
    write_scores(copy, scores)
    assert with_kept(copy, few) == scores  # as was asked for last, the others as they were
    other = few.model_copy(update={"seed": 1})
    assert with_kept(copy, other) == other
    (copy / FILE).write_text("{")
    assert with_kept(copy, few) == few


def test_scores_are_of_the_weights_that_were_read(copy: Path) -> None:
    def go_on(part: float, text: str) -> None:
        if text == "Done":  # a training writes its next weights while the run is scored
            content = (copy / "model.safetensors").read_bytes()
            (copy / "model.safetensors").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    write_scores(copy, score_run(load_run(copy), ["mig"], go_on, samples=300, repeats=2))
    assert read_scores(copy) is None


def test_all_scores_of_a_code_of_one_number_are_those_that_it_can_have(
    monkeypatch: pytest.MonkeyPatch, copy: Path
) -> None:
    asked: list[str] = []

    def stop(codes: object, factors: object, names: tuple[str, ...], **_: object) -> None:
        asked.extend(names)
        raise InterruptedError

    monkeypatch.setattr("vae_core.runs.scores.measure", stop)
    for latent, more in ((10, {"dci"}), (1, set())):
        monkeypatch.setattr("vae_core.runs.Run.latent_dim", latent)
        asked.clear()
        with pytest.raises(InterruptedError):
            score_run(load_run(copy), samples=20)
        assert set(asked) == (set(METRICS) - {"dci"}) | more


def _without(key: str) -> Callable[[dict[str, object]], object]:
    return lambda held: held.pop(key)


def _narrow(held: dict) -> None:  # type: ignore[type-arg]
    held["metrics"]["mig"]["parts"]["share"][0].pop()


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (_without("samples"), "samples"),
        (lambda held: held.update(schema_version=2), "schema_version"),
        (lambda held: held.update(more=1), "more"),
        (lambda held: held["metrics"]["mig"].update(score=1.5), "score"),
        (lambda held: held["metrics"].update(mog=held["metrics"]["mig"]), "no score called mog"),
        (_narrow, "share of mig does not fit"),
    ],
)
def test_damaged_scores_are_refused_in_a_sentence(
    scores: Scores, copy: Path, damage: Callable[[dict[str, object]], object], word: str
) -> None:
    held = json.loads(scores.model_dump_json())
    damage(held)
    (copy / FILE).write_text(json.dumps(held))
    with pytest.raises(RunError, match=word) as caught:
        read_scores(copy)
    assert "\n" not in str(caught.value) and str(caught.value).startswith(f"mine/{FILE} holds no scores")


@pytest.mark.parametrize("content", [b"", b"[" * 50_000, b'{"a":NaN}', b" " * (2 << 20)])
def test_what_is_no_json_or_too_much_is_refused(copy: Path, content: bytes) -> None:
    (copy / FILE).write_bytes(content)
    with pytest.raises(RunError):
        read_scores(copy)


def test_scores_travel_in_a_bundle_and_those_of_other_weights_stay_behind(
    scores: Scores, copy: Path, no_runs: Path
) -> None:
    write_scores(copy, scores)
    packed = io.BytesIO()
    write_bundle(copy, packed)
    taken = import_run(packed, "mine.zip", "again")
    assert read_scores(taken.folder) == scores and not taken.left_out
    write_scores(copy, scores.model_copy(update={"weights": "0" * 64}))
    packed = io.BytesIO()
    write_bundle(copy, packed)
    taken = import_run(packed, "mine.zip", "third")
    assert taken.left_out == (f"{FILE}: scores of other weights than these",) and read_scores(taken.folder) is None


def test_what_cannot_be_scored_is_said(no_runs: Path) -> None:
    toy = load_run(write_toy_run(no_runs, "toy"))
    with pytest.raises(RunError, match="digits has no known factors"):
        score_run(toy, NAMES)
    with pytest.raises(ValueError, match="no score called mog"):
        score_run(toy, ["mog"])
    for samples in (0, -5):
        with pytest.raises(ValueError, match=f"one sample at least, not on {samples}"):
            score_run(toy, NAMES, samples=samples)
    for repeats in (0, {"mig": 20, "sap": 0}):
        with pytest.raises(ValueError, match="kept with its interval, which takes two repeats at least, not 0"):
            score_run(toy, NAMES, repeats=repeats)


def test_the_command_line_prints_json_alone_and_keeps_it(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "mine", "--metrics", "mig, modularity", "--samples", "500", "--json", "--keep"]
    monkeypatch.setattr(sys, "argv", ["vae_core", *words])
    assert command_line.main() == 0
    said = capsys.readouterr()
    assert Scores.model_validate_json(said.out) == read_scores(copy) and not is_being_made(copy / FILE)
    told = said.err.splitlines()
    assert told[-1] == "100% Done" and "MIG" in said.err
    assert len(told) == len(set(told)) < 100, "400 estimates are told of in whole per cent"
    monkeypatch.setattr(sys, "argv", ["vae_core", "evaluate", "mine", "--metrics", "mog"])
    assert command_line.main() == 1
    assert "no score called mog" in capsys.readouterr().err


def test_scores_that_are_kept_are_measured_by_one_process_at_a_time(
    scores: Scores, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its locks the app knows of a job that an earlier server began."""
    seen: list[tuple[bool, bool, str]] = []

    def measured(*_: object, **__: object) -> Scores:
        path = load_run(copy).folder / FILE
        seen.append((is_being_made(path), is_any_being_made(), map_jobs.start_job(path, ["evaluate"]).state))
        return scores

    monkeypatch.setattr("vae_core.runs.scores.score_run", measured)
    for keep in (["--keep"], []):
        monkeypatch.setattr(sys, "argv", ["vae_core", "evaluate", str(copy), "--metrics", "mig", *keep])
        if not keep:
            monkeypatch.setattr(map_jobs, "start_job", lambda *_: map_jobs.JobState("none"))
        assert command_line.main() == 0
    assert seen == [(True, True, "running"), (False, False, "none")]
