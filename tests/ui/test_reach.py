"""The app opens its own datasets and files in the data folder, whatever a run's settings name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ui import cache
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
