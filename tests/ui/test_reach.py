"""The app opens its own datasets and files in the data folder, whatever a run's settings name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.toy import write_toy_run
from ui import cache, state, training
from vae_core import launch
from vae_core.data import DatasetError
from vae_core.data.cards import in_reach

LINES = "\n".join(f"line {number} of many" for number in range(40))


def test_a_file_outside_the_data_folder_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, outside = tmp_path / "data", tmp_path / "elsewhere"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "lines.txt").write_text(LINES)
    (inside / "link.txt").symlink_to(outside / "lines.txt")
    monkeypatch.setenv("LATENTARIUM_DATA", str(inside))
    assert in_reach("digits") and in_reach(str(inside / "lines.txt"))
    assert len(cache.get_dataset(str(inside / "lines.txt"))) == 40
    for name in (str(outside / "lines.txt"), f"letters:{outside / 'lines.txt'}", str(inside / "link.txt"),
                 str(inside / ".." / "elsewhere" / "lines.txt")):  # fmt: skip
        assert not cache.is_here(name) and cache.data_stamp(name) == ()
        assert "no file in the data folder" in cache.why_no_originals(name)
        with pytest.raises(DatasetError, match="no file in the data folder"):
            cache.get_dataset(name)


def test_a_run_that_was_sent_does_not_train_on_any_file(
    no_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its settings name a file elsewhere, and its state asks to be resumed."""
    (tmp_path / "data").mkdir()
    (tmp_path / "secrets.txt").write_text(LINES)
    monkeypatch.setenv("LATENTARIUM_DATA", str(tmp_path / "data"))
    write_toy_run(no_runs, "sent", data=str(tmp_path / "secrets.txt"))
    started: list[str] = []
    told: list[str] = []
    monkeypatch.setattr(launch, "resume", started.append)
    monkeypatch.setattr(state, "tell", told.append)
    training.resume("sent")
    assert not started and "no file in the data folder" in told[0]
    write_toy_run(no_runs, "sound", data="digits")
    training.resume("sound")
    assert started == ["sound"] and len(told) == 1
