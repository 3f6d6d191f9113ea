"""Where a traverse begins: the code in the address, the middle of the prior (or of the codes), samples of the tray."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ui import cache, samples, state
from ui.components.desk import Sample, Start

if TYPE_CHECKING:
    from vae_core.runs import Run

TRAY_SHOWN = 12


def start_of(run: Run) -> Start:
    """The prior, where it is N(0, I); else the middle of the codes, for nothing says what else could be decoded."""
    spec = run.config.model
    count = spec.latent_dim
    if spec.abilities.centred:
        return Start("Prior's mean", (0.0,) * count, (1.0,) * count)
    dimensions = cache.get_dimensions(run.name)
    return Start("Mean of the codes", tuple(dimensions.mean.tolist()), tuple(dimensions.spread.tolist()))


def tray_samples(run: Run) -> list[Sample]:
    """The tray's samples that have codes, to start from."""
    return [samples.sample_at(run, row) for row in samples.tray_rows(run)[:TRAY_SHOWN]]


def parse_code(text: str, count: int) -> tuple[float, ...]:
    """A code as in the address, e.g. "0.5_-1.25". Raises ValueError where it is no code of this model."""
    values = tuple(float(part) for part in text.split("_"))
    if len(values) != count or not all(map(math.isfinite, values)):
        raise ValueError(f"A code of this model is {count} numbers.")
    return values


def format_code(z: tuple[float, ...] | list[float]) -> str:
    """A code as it stands in an address."""
    return "_".join(f"{value:.3f}".rstrip("0").rstrip(".") for value in z)


def code_in_address(run: Run) -> tuple[float, ...]:
    """Where the address says to begin, else at the start's mean. Chance may have gone beyond the sliders."""
    reach = cache.get_dimensions(run.name).reach
    z = state.page_param("z", start_of(run).mean, lambda text: parse_code(text, len(reach)))
    return tuple(np.clip(z, -2 * reach, 2 * reach).tolist())


def keep_code(z: tuple[float, ...] | list[float]) -> None:
    """Writes a code into the address, so that a copied link reopens it."""
    state.set_page_param("z", format_code(z))
