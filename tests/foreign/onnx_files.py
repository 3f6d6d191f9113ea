"""ONNX files made by hand, with no framework behind them: linear nets, and hostile ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


def save(
    path: Path,
    nodes: list[Any],
    inputs: dict[str, list[Any]],
    outputs: dict[str, list[Any]],
    weights: dict[str, np.ndarray] | None = None,
    *,
    opset: int = OPSET,
    domains: tuple[str, ...] = (),
    functions: list[Any] | None = None,
    kind: int = TensorProto.FLOAT,
) -> Path:
    """A model of float inputs and outputs, each {name: shape}; a word or None in a shape leaves its size open."""
    graph = helper.make_graph(
        nodes,
        "by_hand",
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()],
    )
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    model = helper.make_model(graph, opset_imports=imports, functions=functions or [], producer_name="by hand")
    model.ir_version = 9
    path.write_bytes(model.SerializeToString())
    return path


def basis(pixels: int, dims: int) -> np.ndarray:
    """Orthonormal columns, float32 [pixels, dims]: the pseudo-inverse is the transpose."""
    columns, _ = np.linalg.qr(np.random.default_rng(7).standard_normal((pixels, dims)))
    return columns.astype(np.float32)


def linear_encoder(
    path: Path, dims: int = 3, side: int = 8, *, scale: float = 1.0, names: tuple[str, ...] = ("mu", "logvar"),
    batch: Any = "n", log_variance: float = -2.0,
) -> Path:  # fmt: skip
    """mean = scale * x W and a constant log-variance, of grey pictures [n, 1, side, side]."""
    pixels = side * side
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("MatMul", ["flat", "W"], [names[0]]),
    ]
    weights = {"W": scale * basis(pixels, dims)}
    outputs: dict[str, list[Any]] = {names[0]: [batch, dims]}
    if len(names) > 1:
        nodes += [
            helper.make_node("Mul", [names[0], "zero"], ["nothing"]),
            helper.make_node("Add", ["nothing", "width"], [names[1]]),
        ]
        weights |= {"zero": np.float32(0), "width": np.float32(log_variance)}
        outputs[names[1]] = [batch, dims]
    return save(path, nodes, {"x": [batch, 1, side, side]}, outputs, weights)


def linear_decoder(path: Path, dims: int = 3, side: int = 8, *, flat: bool = True, batch: Any = "n") -> Path:
    """x = z W^T, as a flat row or a picture."""
    nodes = [helper.make_node("MatMul", ["z", "W"], ["flat"])]
    weights: dict[str, np.ndarray] = {"W": basis(side * side, dims).T.copy()}
    outputs: dict[str, list[Any]] = {"flat": [batch, side * side]}
    if not flat:
        nodes.append(helper.make_node("Reshape", ["flat", "shape"], ["picture"]))
        weights["shape"] = np.array([-1, 1, side, side], dtype=np.int64)
        outputs = {"picture": [batch, 1, side, side]}
    return save(path, nodes, {"z": [batch, dims]}, outputs, weights)


def load(path: Path) -> Any:
    return onnx.load(path, load_external_data=False)
