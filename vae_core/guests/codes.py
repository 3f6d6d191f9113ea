"""Guests take part: their codes, made as the run's own are, behind these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from vae_core.guests.guest import Guest, GuestError
from vae_core.metrics.likelihood import encoded, held_out_terms, told_classes
from vae_core.runs import Run
from vae_core.runs.codes import Codes, as_kept

if TYPE_CHECKING:
    from vae_core.models import Model


def encode(model: Model, guest: Guest) -> Codes:
    """The code of a guest as the run's own codes are made and kept: Codes of one row.

    Alone in its batch, so that its figures are the same in any company. A conditional model is told its class.
    """
    able = model.spec.abilities
    x, first = torch.from_numpy(guest.x[None]), torch.zeros(1, dtype=torch.int64)
    told = told_classes(model.spec, torch.tensor([guest.y]))
    terms = held_out_terms(model, x, first, y=told)
    posterior = encoded(model, x, first, told) if able.levels else terms.posterior  # as runs/finish.py does
    if not all(part.isfinite().all() for part in (posterior.mean, posterior.std, terms.distortion)):
        raise GuestError("What the model makes of this sample is no finite number, so it has no place.")
    made = Codes(
        index=np.array([guest.number]),
        mean=posterior.mean.numpy(),
        std=posterior.std.numpy(),
        distortion=terms.distortion.numpy(),
        y=np.array([guest.y]),
        factors=None,
        rates=None if able.closed_rate else terms.rate.numpy(),
    )
    return as_kept(made)


def seated(codes: Codes, guests: Iterable[Codes]) -> Codes:
    """A run's codes with guests behind them: `rows` finds these too, len() counts the run's own samples as before."""
    more = [codes, *guests]
    return replace(
        codes,
        index=np.concatenate([part.index for part in more]),
        mean=np.concatenate([part.mean for part in more]),
        std=np.concatenate([part.std for part in more]),
        distortion=np.concatenate([part.distortion for part in more]),
        y=None if codes.y is None else np.concatenate([part.y for part in more if part.y is not None]),
        rates=None if codes.rates is None else np.concatenate([part.rates for part in more if part.rates is not None]),
        guests=codes.guests + len(more) - 1,
    )


@dataclass(frozen=True)
class Host(Run):
    """A run with guests behind its codes; its model is the run's own, loaded once."""

    own: Run
    guests: tuple[Codes, ...]

    @cached_property
    def model(self) -> Model:
        return self.own.model

    @cached_property
    def codes(self) -> Codes:
        return seated(self.own.codes, self.guests)
