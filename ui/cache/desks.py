"""Decoders for the browser, decoded codes, how far codes lie from those that were seen."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui.cache.runs import get_card, get_codes, get_run, stamp_of

if TYPE_CHECKING:
    from vae_core.latent.dimensions import Dimensions
    from vae_core.latent.geometry import Typical


CODES_COMPARED = 2000  # codes sent to the browser for the distance cue; it looks at each of them in every frame


@dataclass(frozen=True)
class Desk:
    """A run's decoder for the browser.

    Attributes:
        program: the decoder and a sample of the codes, as vae_core.export writes them for the browser.
        version: changes when the program does.
    """

    program: bytes
    version: str


def get_desk(name: str, given: str = "") -> Desk:
    """The decoder of the run called `name` as a program for the browser, told what `given` (a Given.key) stands for.

    Raises:
        RunError: the run cannot be read. ExportError: its decoder has a layer that the browser cannot run.
        ValueError: `given` means nothing to this model.
    """
    card = get_card(name)
    return _get_desk(name, given, stamp_of(card.folder) if card else ())


@st.cache_resource(max_entries=32, show_spinner=False)
def _get_desk(name: str, given: str, stamp: tuple[int, ...]) -> Desk:
    from vae_core.export import decoder_program

    seen = get_seen(name)
    program = decoder_program(get_run(name).model, told_by(name, given, 1)).to_bytes(seen.codes if seen else None)
    return Desk(program, hashlib.sha256(program).hexdigest()[:16])


def get_dimensions(name: str) -> Dimensions:
    """Rate, mean, spread of each dimension of the run called `name`. Raises RunError as `get_run` does."""
    card = get_card(name)
    return _get_dimensions(name, stamp_of(card.folder) if card else ())


@st.cache_resource(max_entries=32, show_spinner=False)
def _get_dimensions(name: str, stamp: tuple[int, ...]) -> Dimensions:
    from vae_core.latent.dimensions import describe

    codes = get_codes(name)
    return describe(codes.mean, codes.rate)


def get_decoded(name: str, codes: np.ndarray, given: str = "") -> np.ndarray:
    """The expected samples of codes [n, D], as vae_core.export.decode_samples returns them; not kept."""
    from vae_core.export import decode_samples

    run = get_run(name)
    return decode_samples(run.model, run.config.data, codes, told_by(name, given, len(codes)))


def get_grids(name: str) -> np.ndarray:
    """Which code each cell of the run's samples has: int64 [n, cells]. Only where codes are discrete."""
    card = get_card(name)
    return _get_grids(name, stamp_of(card.folder) if card else ())


@st.cache_resource(max_entries=16, show_spinner=False)
def _get_grids(name: str, stamp: tuple[int, ...]) -> np.ndarray:
    import torch

    run = get_run(name)
    nearest = run.model.nearest  # type: ignore[operator]
    with torch.inference_mode():
        parts = [nearest(part.to(run.model.device)).cpu() for part in torch.from_numpy(run.codes.mean).split(1024)]
    return torch.cat(parts).flatten(1).numpy()


def get_grid_of(name: str, code: np.ndarray) -> np.ndarray:
    """Which code each cell of a code [D] has: int64 [cells]. Only where codes are discrete; not kept."""
    import torch

    run = get_run(name)
    with torch.inference_mode():
        found: torch.Tensor = run.model.nearest(torch.from_numpy(code[None]).to(run.model.device))  # type: ignore[operator]
    return found.cpu().flatten().numpy()


def get_decoded_grids(name: str, grids: np.ndarray) -> np.ndarray:
    """Grids of discrete codes, int64 [n, cells], decoded: uint8 [n, H, W] or [n, H, W, 3]; not kept."""
    import torch

    from vae_core.export import decode_pictures, upright

    run = get_run(name)
    with torch.inference_mode():
        codes = run.model.codes_at(torch.from_numpy(grids).to(run.model.device))  # type: ignore[operator]
    return upright(decode_pictures(run.model, run.config.data, codes.cpu().numpy()))


def told_by(name: str, given: str, count: int) -> np.ndarray | None:
    from ui.given import of_key

    return of_key(get_run(name), given).told(count)


@dataclass(frozen=True)
class Seen:
    """Codes of some samples, float [m, K], in the K dimensions `dims` that are awake, and how far apart they are."""

    codes: np.ndarray
    dims: np.ndarray
    typical: Typical


def get_seen(name: str) -> Seen | None:
    """What new codes of the run called `name` are compared with; None where all its samples have one code."""
    card = get_card(name)
    return _get_seen(name, stamp_of(card.folder) if card else ())


@st.cache_resource(max_entries=16, show_spinner=False)
def _get_seen(name: str, stamp: tuple[int, ...]) -> Seen | None:
    from vae_core.metrics.activity import active_units

    codes = get_codes(name).mean
    return _among(codes, np.flatnonzero(active_units(codes)))


def get_taught(name: str) -> Seen | None:
    """What dreams of the run called `name` are compared with: codes that its decoder was taught on, a draw of each of
    some samples' posteriors.

    Not the posteriors' means: of a dimension that says little these crowd round 0, and what a prior draws would seem
    far from them all.
    """
    card = get_card(name)
    return _get_taught(name, stamp_of(card.folder) if card else ())


@st.cache_resource(max_entries=16, show_spinner=False)
def _get_taught(name: str, stamp: tuple[int, ...]) -> Seen | None:
    from vae_core.metrics.activity import active_units

    codes = get_codes(name)
    noise = np.random.default_rng(0).standard_normal(codes.mean.shape, dtype=np.float32)
    spread = codes.std if get_run(name).config.model.abilities.spreads else 0.0
    return _among(codes.mean + spread * noise, np.flatnonzero(active_units(codes.mean)))


def _among(codes: np.ndarray, dims: np.ndarray) -> Seen | None:
    """Some of these codes [n, D] in these dimensions, and how far apart they are."""
    from vae_core.latent.geometry import typical_distance

    chosen = np.random.default_rng(0).permutation(len(codes))[:CODES_COMPARED]
    sample = np.unique(codes[np.sort(chosen)][:, dims], axis=0)  # many samples share a discrete code
    if not len(dims) or len(sample) < 2:
        return None
    return Seen(sample, dims, typical_distance(sample))
