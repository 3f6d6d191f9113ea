"""The sample that a lesson is about: one of a run's dataset, or a guest that a visitor drew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vae_core.lessons.card import Material

if TYPE_CHECKING:
    from torch import Tensor

    from vae_core.runs import Run


@dataclass(frozen=True)
class Sample:
    """x: [1, *sample_shape] as the dataset has it (uint8 pixels). y: its class, None where none is known.

    label: what it is called in a sentence, e.g. "sample 24, a 4" or "your drawing".
    """

    x: Tensor
    y: int | None
    label: str


def sample_of(material: Material, run: Run) -> Sample:
    """The sample of `material`, as the run has its samples.

    Raises:
        DatasetError: the run's data is not here, or has no such sample.
        GuestError: the guest is not kept any more.
    """
    import torch

    from vae_core.data import DatasetError, load_dataset
    from vae_core.guests import GuestError, Store, is_guest, name_of

    place, info = material.sample or 0, run.config.data
    if is_guest(place):
        guest = Store.here().get(info, place)
        if guest is None:
            raise GuestError(f"{name_of(place)} is not kept here any more: draw it again.".capitalize())
        return Sample(torch.from_numpy(guest.x[None]), guest.y if guest.y >= 0 else None, "your drawing")
    data = load_dataset(info.name)
    if not 0 <= place < len(data):
        raise DatasetError(f"{info.name} has samples 0 to {len(data) - 1}, and none with the number {place}.")
    y = None if data.y is None else int(data.y[place])
    named = f", a {data.class_names[y]}" if y is not None and y < len(data.class_names) else ""
    return Sample(data.x[place : place + 1], y, f"sample {place}{named}")


def as_pictures(x: Tensor) -> np.ndarray:
    """Samples as panels take them: uint8 [..., H, W] or [..., H, W, 3] of [..., C, H, W], uint8 or in [0, 1]."""
    import torch

    from vae_core.export import upright

    grey = x if x.dtype == torch.uint8 else (x.detach().clamp(0, 1) * 255).round().byte()
    return upright(grey.cpu().numpy())
