"""ONNX files that are hostile, broken or of another kind: one sentence each, bounded in memory and time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.foreign.onnx_files import linear_decoder, linear_encoder, save
from vae_core.foreign.process import ForeignError, Pair


def _refused(make: Callable[[], object], *words: str) -> None:
    with pytest.raises(ForeignError) as caught:
        make()
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith("."), sentence
    for word in words:
        assert word in sentence, sentence


def _opened(path: Path, **bounds: float) -> Pair:
    return Pair({"decoder": path}, **bounds)  # type: ignore[arg-type]


def _pid(pair: Pair) -> int:
    assert pair._end is not None
    found = pair._end.peek()
    assert found is not None
    return int(found[2][1].pid)


def test_a_pair_is_run_in_another_process_and_is_what_numpy_says(tmp_path: Path) -> None:
    pair = Pair({"encoder": linear_encoder(tmp_path / "e.onnx"), "decoder": linear_decoder(tmp_path / "d.onnx")})
    weights = numpy_helper.to_array(onnx.load(tmp_path / "d.onnx").graph.initializer[0])
    z = np.random.default_rng(0).standard_normal((1000, 3)).astype(np.float32)
    (made,) = pair.run("decoder", z, ["flat"])
    np.testing.assert_allclose(made, z @ weights, atol=1e-5)
    assert _pid(pair) != os.getpid()
    x = np.random.default_rng(1).random((5, 1, 8, 8), dtype=np.float32)
    mean, width = pair.run("encoder", x, ["mu", "logvar"])
    np.testing.assert_allclose(mean, x.reshape(5, 64) @ weights.T, atol=1e-5)
    assert (width == -2).all()


def test_closing_ends_the_process_and_a_later_call_starts_another(tmp_path: Path) -> None:
    pair = _opened(linear_decoder(tmp_path / "d.onnx"))
    first = _pid(pair)
    pair.close()
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert pair.run("decoder", np.zeros((2, 3), np.float32), ["flat"])[0].shape == (2, 64)
    second = _pid(pair)
    del pair
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


def test_a_process_that_was_killed_is_told_of_and_comes_back(tmp_path: Path) -> None:
    pair = _opened(linear_decoder(tmp_path / "d.onnx"))
    os.kill(_pid(pair), 9)
    z = np.zeros((2, 3), np.float32)
    _refused(lambda: pair.run("decoder", z, ["flat"]), "broke the process")
    assert pair.run("decoder", z, ["flat"])[0].shape == (2, 64)


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"PK\x03\x04", b"\x80\x04\x95", os.urandom(4096)])
def test_garbage(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "d.onnx").write_bytes(content)
    _refused(lambda: _opened(tmp_path / "d.onnx"), "d.onnx")


@pytest.mark.parametrize("part", [0.2, 0.6, 0.99])
def test_cut_short(tmp_path: Path, part: float) -> None:
    path = linear_decoder(tmp_path / "d.onnx")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    _refused(lambda: _opened(path), "d.onnx")


def test_a_file_that_is_not_there_or_too_large(tmp_path: Path) -> None:
    _refused(lambda: _opened(tmp_path / "none.onnx"), "none.onnx", "cannot be read")
    with (tmp_path / "d.onnx").open("wb") as stream:
        stream.truncate(1 << 34)  # sparse
    _refused(lambda: _opened(tmp_path / "d.onnx"), "MB")


def test_weights_in_another_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"\x00" * 64 * 3 * 4)
    path = linear_decoder(tmp_path / "d.onnx")
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret")
    path.write_bytes(model.SerializeToString())
    _refused(lambda: _opened(path), "another file", "external_data=False")


def test_weights_in_another_file_deep_inside(tmp_path: Path) -> None:
    hidden = TensorProto(data_type=TensorProto.FLOAT, dims=[1], name="hidden", data_location=TensorProto.EXTERNAL)
    hidden.external_data.add(key="location", value="/etc/passwd")
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["inner"], value=hidden)],
        "branch", [], [helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1])],
    )  # fmt: skip
    nodes = [
        helper.make_node("Constant", [], ["yes"], value=numpy_helper.from_array(np.array(True))),
        helper.make_node("If", ["yes"], ["either"], then_branch=branch, else_branch=branch),
        helper.make_node("Add", ["z", "either"], ["out"]),
    ]
    path = save(tmp_path / "d.onnx", nodes, {"z": ["n", 4]}, {"out": ["n", 4]})
    _refused(lambda: _opened(path), "another file")


def test_custom_operators(tmp_path: Path) -> None:
    node = helper.make_node("Evil", ["z"], ["out"], domain="com.example")
    path = save(tmp_path / "d.onnx", [node], {"z": ["n", 4]}, {"out": ["n", 4]}, domains=("com.example",))
    _refused(lambda: _opened(path), "custom operator", "com.example.Evil")


def test_an_opset_of_the_future(tmp_path: Path) -> None:
    path = save(tmp_path / "d.onnx", [helper.make_node("Relu", ["z"], ["out"])], {"z": ["n", 4]}, {"out": ["n", 4]})
    model = onnx.load(path)
    model.opset_import[0].version = 999
    path.write_bytes(model.SerializeToString())
    _refused(lambda: _opened(path), "opset 999")


def test_loops(tmp_path: Path) -> None:
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["on_out"])], "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []),
         helper.make_tensor_value_info("on", TensorProto.BOOL, [])],
        [helper.make_tensor_value_info("on_out", TensorProto.BOOL, [])],
    )  # fmt: skip
    nodes = [
        helper.make_node("Loop", ["many", "yes"], [], body=body),
        helper.make_node("Identity", ["z"], ["out"]),
    ]
    weights = {"many": np.array(2**62), "yes": np.array(True)}
    path = save(tmp_path / "d.onnx", nodes, {"z": ["n", 4]}, {"out": ["n", 4]}, weights)
    _refused(lambda: _opened(path), "Loop")


def _functions(count: int, *, circle: bool = False) -> list[onnx.FunctionProto]:
    """f0 changes the sign twice, each further one calls the one before twice; in a circle the first calls the last."""
    made = []
    for at in range(count):
        before = (at - 1) % count
        operator, domain = (f"f{before}", "own") if at or circle else ("Neg", "")
        nodes = [helper.make_node(operator, [a], [b], domain=domain) for a, b in (("a", "b"), ("b", "c"))]
        imports = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
        made.append(helper.make_function("own", f"f{at}", ["a"], ["c"], nodes, imports))
    return made


@pytest.mark.parametrize(("count", "circle", "word"), [(60, False, "operators"), (3, True, "calls itself")])
def test_functions_that_unfold_without_end(tmp_path: Path, count: int, circle: bool, word: str) -> None:
    node = helper.make_node(f"f{count - 1}", ["z"], ["out"], domain="own")
    path = save(
        tmp_path / "d.onnx", [node], {"z": ["n", 4]}, {"out": ["n", 4]}, domains=("own",),
        functions=_functions(count, circle=circle),
    )  # fmt: skip
    _refused(lambda: _opened(path), word)


def test_functions_that_end_are_run(tmp_path: Path) -> None:
    node = helper.make_node("f1", ["z"], ["out"], domain="own")
    path = save(
        tmp_path / "d.onnx", [node], {"z": ["n", 4]}, {"out": ["n", 4]}, domains=("own",), functions=_functions(2)
    )
    z = np.ones((2, 4), np.float32)
    np.testing.assert_array_equal(_opened(path).run("decoder", z, ["out"])[0], z)


def _giant(path: Path, size: int, *, folded: bool) -> Path:
    """A decoder whose output is the code plus the sum of a tensor of `size` numbers."""
    nodes = [
        helper.make_node("ConstantOfShape", ["size"], ["giant"]),
        helper.make_node("ReduceSum", ["giant"], ["sum"], keepdims=0),
        helper.make_node("Add", ["z", "sum"], ["out"]),
    ]
    weights: dict[str, np.ndarray] = {"size": np.array([size], dtype=np.int64)}
    if not folded:  # only known once there is a code
        nodes = [
            helper.make_node("Shape", ["z"], ["shape"]),
            helper.make_node("ReduceProd", ["shape"], ["count"], keepdims=1),
            helper.make_node("Mul", ["count", "times"], ["size"]),
            *nodes,
        ]
        weights = {"times": np.array([size], dtype=np.int64)}
    return save(path, nodes, {"z": ["n", 4]}, {"out": ["n", 4]}, weights)


@pytest.mark.parametrize("folded", [True, False])
def test_a_giant_constant_is_refused_and_costs_us_no_memory(tmp_path: Path, folded: bool) -> None:
    path = _giant(tmp_path / "d.onnx", 1 << 32, folded=folded)  # 16 GiB

    def use() -> None:
        _opened(path, memory=1500).run("decoder", np.zeros((1, 4), np.float32), ["out"])

    _refused(use, "d.onnx")


def test_a_file_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    side = 3000
    nodes = [helper.make_node("Expand", ["z", "shape"], ["m0"])]
    nodes += [helper.make_node("MatMul", [f"m{at}", f"m{at}"], [f"m{at + 1}"]) for at in range(60)]
    nodes.append(helper.make_node("ReduceMax", ["m60"], ["out"], axes=[1]))
    weights = {"shape": np.array([side, side], dtype=np.int64)}
    path = save(tmp_path / "d.onnx", nodes, {"z": [1, 1]}, {"out": ["n", "m"]}, weights)
    pair = _opened(path, running=1.0)
    begun = time.monotonic()
    _refused(lambda: pair.run("decoder", np.zeros((1, 1), np.float32), ["out"], 1), "took more than 1 seconds")
    assert time.monotonic() - begun < 20, "all of it takes minutes"


def test_two_inputs_and_inputs_that_are_no_numbers(tmp_path: Path) -> None:
    add = helper.make_node("Add", ["z", "y"], ["out"])
    path = save(tmp_path / "d.onnx", [add], {"z": ["n", 4], "y": ["n", 4]}, {"out": ["n", 4]})
    _refused(lambda: _opened(path), "2 inputs (z, y)")
    cast = helper.make_node("Cast", ["z"], ["out"], to=TensorProto.FLOAT)
    path = save(tmp_path / "d.onnx", [cast], {"z": ["n", 4]}, {"out": ["n", 4]}, kind=TensorProto.INT64)
    _refused(lambda: _opened(path), "int64")


def test_an_output_without_a_batch(tmp_path: Path) -> None:
    node = helper.make_node("ReduceSum", ["z"], ["out"], keepdims=0)
    pair = _opened(save(tmp_path / "d.onnx", [node], {"z": ["n", 4]}, {"out": []}))
    _refused(lambda: pair.run("decoder", np.zeros((3, 4), np.float32), ["out"]), "first size")


def test_a_fixed_batch_is_filled_up(tmp_path: Path) -> None:
    pair = _opened(linear_decoder(tmp_path / "d.onnx", batch=4))
    free = _opened(linear_decoder(tmp_path / "free.onnx"))
    z = np.random.default_rng(0).standard_normal((10, 3)).astype(np.float32)
    np.testing.assert_allclose(
        pair.run("decoder", z, ["flat"], 4)[0], free.run("decoder", z, ["flat"])[0], atol=1e-6
    )  # fmt: skip
