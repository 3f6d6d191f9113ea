"""The codes of a run: where each of its samples lives."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from vae_core.config import RunConfig
from vae_core.runs.errors import RunError
from vae_core.runs.files import missing, place, read_arrays, write_arrays

LIMIT = 1 << 31
"""Bytes that codes.npz may unpack to."""

MOST_DIMENSIONS = 1 << 16

HALF = 65_000.0
"""Codes are clipped to what half precision holds; no useful code is anywhere near."""


@dataclass(frozen=True)
class Codes:
    """Posteriors of n samples, saved with the run, so that maps need neither data nor encoder.

    A place 0..n-1 in these arrays is what maps call a position; `index` leads from it to the dataset.
    """

    index: np.ndarray  # int64 [n], places in the full dataset
    mean: np.ndarray  # float32 [n, D]
    std: np.ndarray  # float32 [n, D]
    distortion: np.ndarray  # float32 [n], nats
    y: np.ndarray | None  # int64 [n]
    factors: np.ndarray | None  # int64 [n, K]
    rates: np.ndarray | None = None  # float32 [n, D], nats, where they don't follow from mean and std
    guests: int = 0  # rows behind the n that a visitor brought (vae_core/guests); factors have none of them

    def __len__(self) -> int:
        """The run's own samples; guests are not counted."""
        return len(self.index) - self.guests

    @cached_property
    def _order(self) -> np.ndarray:
        return np.argsort(self.index, kind="stable")

    def rows(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Where samples at `indices` of the dataset are in these arrays: int64 [m], -1 where one has no code."""
        wanted = np.asarray(indices, dtype=np.int64)
        if not len(self):
            return np.full(len(wanted), -1, dtype=np.int64)
        last = len(self.index) - 1
        found = self._order[np.searchsorted(self.index, wanted, sorter=self._order).clip(max=last)]
        return np.where(self.index[found] == wanted, found, -1)

    @property
    def rate(self) -> np.ndarray:
        """KL(q(z_d|x) || p(z_d)) of each sample and dimension, nats: float32 [n, D]; p is N(0, 1) if none is kept."""
        return self.rate_at(slice(None))

    def rate_at(self, rows: np.ndarray | slice) -> np.ndarray:
        """The same of some rows of these arrays alone: float32 [m, D]."""
        if self.rates is not None:
            return self.rates[rows]
        mean, std = self.mean[rows], self.std[rows]
        return (0.5 * (mean**2 + std**2 - 1) - np.log(std)).astype(np.float32)


def _halves(codes: Codes) -> tuple[np.ndarray, np.ndarray]:
    """mean and std as float16; a point's code has no spread, yet it is never quite 0 here."""
    mean, std = np.clip(codes.mean, -HALF, HALF), np.clip(codes.std, 1e-4, HALF)
    return mean.astype(np.float16), std.astype(np.float16)


def as_kept(codes: Codes) -> Codes:
    """The codes as they come back from codes.npz, for comparing new ones with those that were kept."""
    mean, std = (half.astype(np.float32) for half in _halves(codes))
    rates = None if codes.rates is None else np.clip(codes.rates, -HALF, HALF).astype(np.float16).astype(np.float32)
    return replace(codes, mean=mean, std=std, rates=rates)


def write_codes(path: Path, codes: Codes) -> None:
    """Half precision is plenty for places on a map, and halves the files we ship."""
    mean, std = _halves(codes)
    arrays = {
        "index": codes.index.astype(np.int32),
        "mean": mean,
        "std": std,
        "distortion": codes.distortion.astype(np.float32),
    }
    if codes.y is not None:
        arrays["y"] = codes.y.astype(np.int16)
    if codes.factors is not None:
        arrays["factors"] = codes.factors.astype(np.int16)
    if codes.rates is not None:
        arrays["rates"] = np.clip(codes.rates, -HALF, HALF).astype(np.float16)
    write_arrays(path, arrays)


def read_codes(path: Path, config: RunConfig) -> Codes:
    """Raises RunError where the file is damaged, or its shapes and values don't fit the run."""
    latent_dim, sizes = config.model.latent_dim, config.data.factor_sizes
    arrays = read_arrays(path, LIMIT)
    missing = {"index", "mean", "std", "distortion"} - arrays.keys()
    if missing:
        raise RunError(f"{place(path)} lacks {', '.join(sorted(missing))}.")
    n = len(arrays["index"])
    expected = {
        "index": (n,),
        "mean": (n, latent_dim),
        "std": (n, latent_dim),
        "distortion": (n,),
        "y": (n,),
        "factors": (n, len(sizes)),
        "rates": (n, latent_dim),
    }
    for name, shape in expected.items():
        if name in arrays and (arrays[name].shape != shape or arrays[name].dtype.kind not in "fiu"):
            raise RunError(f"{place(path)} has {name} of shape {arrays[name].shape} where {shape} would fit.")
    mean, std = arrays["mean"].astype(np.float32), arrays["std"].astype(np.float32)
    if not (np.isfinite(mean).all() and np.isfinite(std).all() and (std > 0).all()):
        raise RunError(f"{place(path)} holds codes that are not finite numbers.")
    # what a model without an encoder dreams is numbered behind the dataset's samples
    most = config.data.size + (0 if config.model.abilities.encodes else n)
    limits = {"index": most, "distortion": np.inf, "rates": np.inf, "factors": np.array(sizes)}
    if config.data.class_names:
        limits["y"] = len(config.data.class_names)
    for name, limit in limits.items():
        values = arrays.get(name)
        if values is not None and not ((np.isfinite(values) & (values < limit)).all()):
            raise RunError(f"{place(path)} has values of {name} that its run cannot have.")
        if values is not None and name not in ("distortion", "rates") and (values < 0).any():
            raise RunError(f"{place(path)} has values of {name} below 0.")
    return Codes(
        index=arrays["index"].astype(np.int64),
        mean=mean,
        std=std,
        distortion=arrays["distortion"].astype(np.float32),
        y=arrays["y"].astype(np.int64) if "y" in arrays else None,
        factors=arrays["factors"].astype(np.int64) if "factors" in arrays else None,
        rates=arrays["rates"].astype(np.float32) if "rates" in arrays else None,
    )


def first_means(path: Path, most: int) -> np.ndarray:
    """The codes of the first `most` samples at most, float32 [n, D]; the rest of the file is not unpacked.

    For looks at many runs. Raises RunError where the file is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open("mean.npy") as stream:
            if np.lib.format.read_magic(stream) != (1, 0):
                raise ValueError("its array is of an unknown format")
            shape, by_column, dtype = np.lib.format.read_array_header_1_0(stream)
            if len(shape) != 2 or by_column or dtype.kind != "f" or not 0 < shape[1] <= MOST_DIMENSIONS:
                raise ValueError(f"its codes are {dtype} {shape}")
            count = min(shape[0], most)
            content = stream.read(count * shape[1] * dtype.itemsize)
        return np.frombuffer(content, dtype).reshape(count, shape[1]).astype(np.float32)
    except FileNotFoundError:
        raise missing(path) from None
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, KeyError, NotImplementedError) as error:
        raise RunError(f"{place(path)} is cut short or no codes of a run ({error}).") from None
