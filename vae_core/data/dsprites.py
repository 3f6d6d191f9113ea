"""The subset of dSprites, read out of its npz."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch

from vae_core.data.cards import DSPRITES_FILE, DatasetCard, DatasetError, Progress
from vae_core.data.dataset import Dataset, from_card, shuffled_splits

DSPRITES_SEED = 46080  # fixed for ever, with the splits


def read_dsprites(card: DatasetCard, files: dict[str, Path], tell: Progress) -> Dataset:
    """46,080 pictures and their factors. Raises DatasetError where the file is damaged or another one."""
    path = files[DSPRITES_FILE]
    n, size = card.n, card.sample_shape[1]
    images = _npz_array(path, "imgs", (n, size, size), np.uint8)
    classes = _npz_array(path, "latents_classes", (n, 5), np.uint8)
    if images.max() > 1 or (classes.max(axis=0) >= card.factor_sizes).any():
        raise DatasetError(f"{path} holds values outside dSprites' ranges: another file belongs here.")
    factors = torch.from_numpy(classes.astype(np.int64))
    x = torch.from_numpy(images[:, None]).mul_(255)  # 0 or 1 -> 0 or 255
    return from_card(card, x, factors[:, 0].clone(), shuffled_splits(n, DSPRITES_SEED), factors=factors)


def _npz_array(path: Path, key: str, shape: tuple[int, ...], dtype: type[np.generic]) -> np.ndarray:
    """One array out of an npz, its header compared with what belongs there before anything is allocated."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as member:
            if np.lib.format.read_magic(member) != (1, 0):  # later versions allow headers of gigabytes
                raise DatasetError(f"{path}: {key} is not stored as plain numbers; put a whole copy in its place.")
            found_shape, fortran, found_dtype = np.lib.format.read_array_header_1_0(member)
            if found_shape != shape or fortran or found_dtype != np.dtype(dtype):
                raise DatasetError(
                    f"{path}: {key} is {found_dtype} {found_shape}, where {np.dtype(dtype)} {shape} is right."
                )
            out = np.empty(shape, dtype)
            flat = out.reshape(-1).data
            filled = 0
            while filled < len(flat):
                piece = member.read(min(1 << 20, len(flat) - filled))
                if not piece:
                    raise DatasetError(f"{path} is cut short in {key}; put a whole copy in its place.")
                flat[filled : filled + len(piece)] = piece
                filled += len(piece)
            member.read(1)  # the end of the member is where its checksum is compared
            return out
    except DatasetError:
        raise
    except (OSError, EOFError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        # a RuntimeError: the archive is encrypted, or compressed in a way this Python does not know
        raise DatasetError(f"{path} cannot be read ({error}); put a whole copy in its place.") from error
