"""Which dimension carries which factor: scores of a code against known factors. Plain arrays in, no model needed."""

from vae_core.metrics.disentanglement.cards import METRICS, MetricCard
from vae_core.metrics.disentanglement.importance import DciResult, Regressor, dci
from vae_core.metrics.disentanglement.information import (
    MigResult,
    ModularityResult,
    equal_width_bins,
    mig,
    modularity,
)
from vae_core.metrics.disentanglement.measured import Measured, measure
from vae_core.metrics.disentanglement.predictability import ExplicitnessResult, SapResult, explicitness, sap
from vae_core.metrics.disentanglement.rows import varying
from vae_core.metrics.disentanglement.trial import SelfTest, known_codes, self_test
from vae_core.metrics.disentanglement.unlabelled import Relation, UdrResult, udr
from vae_core.metrics.disentanglement.votes import BetaVaeResult, Sampler, VoteResult, beta_vae_score, factor_vae_score

__all__ = [
    "METRICS",
    "BetaVaeResult",
    "DciResult",
    "ExplicitnessResult",
    "Measured",
    "MetricCard",
    "MigResult",
    "ModularityResult",
    "Regressor",
    "Relation",
    "Sampler",
    "SapResult",
    "SelfTest",
    "UdrResult",
    "VoteResult",
    "beta_vae_score",
    "dci",
    "equal_width_bins",
    "explicitness",
    "factor_vae_score",
    "known_codes",
    "measure",
    "mig",
    "modularity",
    "sap",
    "self_test",
    "udr",
    "varying",
]
