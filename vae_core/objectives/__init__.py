"""What training minimises: a model's terms in, a per-sample loss out. No optimiser, loop or logger here.

`OBJECTIVES` is the dict of them, one file an idea. All are in nats, summed over pixels and latents, one number a
sample.
"""

from __future__ import annotations

from vae_core.objectives.elbo import beta_elbo, capacity, free_bits, judge_capacity, judge_elbo
from vae_core.objectives.objective import Objective, Setting
from vae_core.objectives.schedules import Progress, ramp

__all__ = ["OBJECTIVES", "Objective", "Progress", "Setting", "beta_elbo", "capacity", "free_bits", "ramp"]

OBJECTIVES: dict[str, Objective] = {
    "elbo": Objective(beta_elbo, judge_elbo),
    "capacity": Objective(capacity, judge_capacity),
}
