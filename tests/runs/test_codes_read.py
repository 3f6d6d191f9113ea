"""Looking at the first codes of many runs: what is read is what is there, and damage is one sentence."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.pages.toy import write_toy_run
from vae_core.runs import RunError, load_run
from vae_core.runs.codes import first_means


def test_the_first_codes_are_those_of_the_run(no_runs: Path) -> None:
    folder = write_toy_run(no_runs, codes=60)
    whole = load_run(folder).codes.mean
    assert np.array_equal(first_means(folder / "codes.npz", 7), whole[:7])
    assert np.array_equal(first_means(folder / "codes.npz", 10_000), whole)


@pytest.mark.parametrize(
    "array",
    [None, np.zeros(3), np.zeros((3, 2), np.int64), np.zeros((2, 1 << 17), np.float16), np.array([[{}]], dtype=object)],
)
def test_what_is_no_table_of_codes_is_refused(tmp_path: Path, array: np.ndarray | None) -> None:
    file = tmp_path / "codes.npz"
    with pytest.raises(RunError, match="missing"):
        first_means(file, 5)
    np.savez(file, **({} if array is None else {"mean": array}))
    with pytest.raises(RunError, match="cut short or no codes"):
        first_means(file, 5)
    file.write_bytes(b"PK broken")
    with pytest.raises(RunError, match="cut short or no codes"):
        first_means(file, 5)


def test_a_file_that_promises_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "codes.npz"
    np.savez(file, mean=np.zeros((4, 3), np.float16))
    with zipfile.ZipFile(file) as archive:
        content = archive.read("mean.npy")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mean.npy", content[:-5])
    with pytest.raises(RunError, match="cut short or no codes"):
        first_means(file, 10)
