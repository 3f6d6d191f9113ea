"""Gradient-boosted trees by LightGBM, as scikit-learn's classifier would grow and weigh them, many times faster."""

from __future__ import annotations

import numpy as np

ROUNDS, RATE, DEPTH = 100, 0.1, 3
"""scikit-learn's defaults, which disentanglement_lib takes as they are."""
LEAST = (5, 20, 80)
"""Samples of a leaf: the first with which LightGBM gets through. scikit-learn has 1; LightGBM estimates the number from
Hessians and gives up where it finds a leaf empty after all."""


def boosted(
    x: np.ndarray, y: np.ndarray, test_x: np.ndarray, test_y: np.ndarray, seed: int
) -> tuple[np.ndarray, float]:
    """Importances [D] of x [N, D] for telling the classes y [N], which sum to 1 (or are 0), and the test accuracy.

    Friedman 2001. An importance is what scikit-learn's is: how much a split lowers the squared residuals, summed over
    all splits. LightGBM's own gain divides by Hessians, which gives late rounds more weight.
    """
    from lightgbm import Dataset, train
    from lightgbm.basic import LightGBMError

    classes, labels = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        return np.zeros(x.shape[1]), float(np.mean(test_y == y[0]))
    objective = {"objective": "multiclass", "num_class": len(classes)} if len(classes) > 2 else {"objective": "binary"}
    for least in LEAST:
        settings = {
            **objective,
            "learning_rate": RATE,
            "max_depth": DEPTH,
            "num_leaves": 2**DEPTH,
            "min_data_in_leaf": least,
            "seed": seed,
            "deterministic": True,
            "force_col_wise": True,  # no time is lost on finding out which way is quicker
            "num_threads": 1,
            "verbose": -1,
        }
        try:
            booster = train(settings, Dataset(x, labels), ROUNDS)
            break
        except LightGBMError:
            if least == LEAST[-1]:
                raise
    chances = booster.predict(test_x)  # [n, classes], or [n] of the second of two
    guessed = np.argmax(chances, 1) if len(classes) > 2 else np.greater(chances, 0.5).astype(int)
    lowered = _lowered_residuals(booster.model_to_string(), x.shape[1], booster.num_model_per_iteration())
    right = float(np.mean(classes[guessed] == test_y))
    return _shared_by_twins(lowered, x) / max(lowered.sum(), 1e-300), right


def _shared_by_twins(importance: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Importances [D], equal among dimensions that order the samples x [N, D] alike, or just the other way round.

    Trees cannot tell such twins apart: LightGBM always splits on the first, scikit-learn on any, so that they share.
    """
    places: dict[bytes, list[int]] = {}
    for d, column in enumerate(x.T):
        order = np.unique(column, return_inverse=True)[1]
        if order[0] > order.max() - order[0]:
            order = order.max() - order
        places.setdefault(order.tobytes(), []).append(d)
    shared = importance.copy()
    for twins in places.values():
        shared[twins] = importance[twins].mean()
    return shared


def _lowered_residuals(text: str, dims: int, first: int) -> np.ndarray:
    """By how much the splits on each dimension lower the squared residuals, summed over trees: [dims].

    A node of n samples whose residuals sum to G explains G^2 / n of them. A leaf's value is -RATE G / H, and its
    `leaf_weight` is H, so G can be read off the leaves, and a node's is the sum of its children's. The first trees,
    one a class, carry the classes' frequencies beside it: there all residuals sum to 0.
    """
    inner, leaves = 2**DEPTH - 1, 2**DEPTH
    trees = [tree for tree in map(_fields, text.split("\nTree=")[1:]) if tree["split_feature"]]
    if not trees:
        return np.zeros(dims)

    def column(name: str, width: int) -> np.ndarray:
        found = np.zeros((len(trees), width))
        for row, tree in enumerate(trees):
            values = tree[name].split()
            found[row, : len(values)] = values
        return found  # [T, width]

    weight = column("leaf_weight", leaves)
    value = column("leaf_value", leaves)
    early = np.array([int(tree["number"]) < first for tree in trees])
    value[early] -= ((value * weight).sum(1) / weight.sum(1))[early, None]
    # a child is an inner node i >= 0, or a leaf written as ~leaf: in one table, inner nodes first
    residuals = np.concatenate([np.zeros((len(trees), inner)), value * weight], 1)  # sums, up to a factor
    counts = np.concatenate([np.zeros((len(trees), inner)), column("leaf_count", leaves)], 1)
    sides = [column(name, inner).astype(int) for name in ("left_child", "right_child")]
    sides = [np.where(side < 0, inner + ~side, side) for side in sides]
    splits = np.array([len(tree["split_feature"].split()) for tree in trees])
    features = column("split_feature", inner).astype(int)
    lowered = np.zeros(dims)
    for node in range(inner - 1, -1, -1):  # children have larger numbers than their parents
        rows = np.flatnonzero(splits > node)
        left, right = (side[rows, node] for side in sides)
        residuals[rows, node] = residuals[rows, left] + residuals[rows, right]
        counts[rows, node] = counts[rows, left] + counts[rows, right]
        explained = residuals[rows] ** 2 / np.maximum(counts[rows], 1.0)
        at = np.arange(len(rows))
        np.add.at(lowered, features[rows, node], explained[at, left] + explained[at, right] - explained[:, node])
    return np.maximum(lowered, 0.0)


def _fields(block: str) -> dict[str, str]:
    """The lines `name=values` of one tree, whose number stands first."""
    number, _, lines = block.partition("\n")
    return {"number": number, **dict(line.split("=", 1) for line in lines.split("\n\n", 1)[0].splitlines())}
