"""What training minimises: a model's terms in, a per-sample loss out. No optimiser, loop or logger here.

`OBJECTIVES` is the dict of them, one file an idea. All are in nats, summed over pixels and latents, one number a
sample.
"""

from __future__ import annotations

from vae_core.objectives import critic, importance, moments, total_correlation
from vae_core.objectives.elbo import beta_elbo, capacity, free_bits, judge_capacity, judge_elbo
from vae_core.objectives.objective import Objective, Setting
from vae_core.objectives.schedules import Progress, ramp

__all__ = ["OBJECTIVES", "Objective", "Progress", "Setting", "beta_elbo", "capacity", "free_bits", "ramp"]

OBJECTIVES: dict[str, Objective] = {
    "elbo": Objective(beta_elbo, judge_elbo),
    "capacity": Objective(capacity, judge_capacity),
    "tcvae": Objective(total_correlation.tcvae),
    "factor": Objective(critic.factor, critic=critic.code_critic, critic_loss=critic.factor_critic_loss),
    "dip": Objective(moments.dip, moments.judge_dip),
    "mmd": Objective(moments.info),
    "iwae": Objective(importance.iwae, importance.judge_iwae, draws=importance.importance_samples),
    "adversarial": Objective(
        critic.adversarial,
        critic.judge_adversarial,
        critic=critic.sample_critic,
        critic_loss=critic.adversarial_critic_loss,
    ),
}
