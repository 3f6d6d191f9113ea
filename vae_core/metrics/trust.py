"""How far a map can be believed: trustworthiness of a projection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SUBSAMPLE = 2000


@dataclass(frozen=True)
class Trust:
    """Trustworthiness of a map and the settings of its estimate.

    value: 1 where every neighbour on the map is a neighbour in latent space too, about 0.5 for a random map.
    neighbors: k, how many neighbours on the map are looked at around each sample.
    samples: on how many samples it was computed.
    of: out of how many samples on the map.
    """

    value: float
    neighbors: int
    samples: int
    of: int


def trustworthiness(
    high: NDArray[np.floating],
    low: NDArray[np.floating],
    k: int = 15,
    *,
    subsample: int = SUBSAMPLE,
    seed: int = 0,
) -> Trust:
    """Trustworthiness of the map `low` of the codes `high`, by scikit-learn.

    The estimate ranks all pairs, so it is quadratic in the number of samples: above `subsample` samples it is
    computed on that many of them, drawn without replacement from `seed`.

    Args:
        high: codes, [n, D].
        low: their places on the map, [n, 2].
        k: neighbours on the map; lowered where the map has too few samples for it (k < n / 2).

    Raises:
        ValueError: where the two do not have the same number of rows, or fewer than three.

    Source: Venna and Kaski, "Neighborhood preservation in nonlinear projection methods", ICANN 2001.
    """
    from sklearn.manifold import trustworthiness as sklearn_trustworthiness

    n = len(high)
    if len(low) != n:
        raise ValueError(f"{n} codes but {len(low)} places on the map: there must be one place for each code.")
    if n < 3:
        raise ValueError(f"Trustworthiness needs at least 3 samples, and got {n}.")
    if n > subsample:
        chosen = np.sort(np.random.default_rng(seed).choice(n, subsample, replace=False))
        high, low = high[chosen], low[chosen]
    m = len(high)
    k = max(1, min(k, (m - 1) // 2))
    return Trust(float(sklearn_trustworthiness(high, low, n_neighbors=k)), k, m, n)
