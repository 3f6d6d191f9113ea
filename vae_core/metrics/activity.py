"""Which latent dimensions are used at all."""

from __future__ import annotations

import numpy as np

ACTIVE_VARIANCE = 0.01


def active_units(means: np.ndarray) -> np.ndarray:
    """True where a dimension's code varies over the data: Var_x(E[z_d | x]) > 0.01.  [n, D] -> bool [D].

    Burda, Grosse, Salakhutdinov 2016 (IWAE), section 5.2.
    """
    return means.var(axis=0) > ACTIVE_VARIANCE
