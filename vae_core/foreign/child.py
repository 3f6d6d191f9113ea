"""The process in which ONNX files are opened and run: `python -m vae_core.foreign.child MEGABYTES`, told over a socket.

A file from elsewhere may want endless memory or time, or break the interpreter that runs it. So it never runs in the
app: this process has a bound on its memory, writes no file, and whoever asks it gives up on it after a while.

Messages in both directions: the header's length and the payload's (two uint32), the header (JSON), the payload (the
bytes of arrays one after the other). Nothing is pickled. An answer is `{"error": sentence}` where something was wrong.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

LENGTHS = struct.Struct("<II")
HEADER_LIMIT = 1 << 20
FILE_LIMIT = 200 << 20
MOST_NODES = 20_000
MOST_DEEP = 500  # functions, each of which may call the next
DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
"""Of operators that ONNX itself has."""
ENDLESS = ("Loop", "Scan", "SequenceMap")
"""Operators that decide for themselves how long they take."""
CHANCE = ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial")
NUMBERS = {"tensor(float)": "<f4", "tensor(double)": "<f8", "tensor(float16)": "<f2", "tensor(uint8)": "|u1"}


class Refused(Exception):
    """One sentence on a file."""


# -- messages ----------------------------------------------------------------------------------------------


def send(to: socket.socket, header: dict[str, Any], payload: bytes = b"") -> None:
    text = json.dumps(header).encode()
    to.sendall(LENGTHS.pack(len(text), len(payload)) + text)
    if payload:
        to.sendall(payload)


def receive(where: socket.socket, limit: int) -> tuple[dict[str, Any], memoryview] | None:
    """The next message with at most `limit` bytes of payload; None where the other side is gone.

    Raises ValueError where it is none.
    """
    lengths = _exactly(where, LENGTHS.size)
    if lengths is None:
        return None
    header_bytes, payload_bytes = LENGTHS.unpack(lengths)
    if header_bytes > HEADER_LIMIT or payload_bytes > limit:
        raise ValueError(f"a message of {header_bytes} + {payload_bytes} bytes is too long")
    text, payload = _exactly(where, header_bytes), _exactly(where, payload_bytes)
    if text is None or payload is None:
        return None
    header = json.loads(bytes(text))
    if not isinstance(header, dict):
        raise ValueError("a message begins with a table")
    return header, payload


def _exactly(where: socket.socket, count: int) -> memoryview | None:
    buffer = memoryview(bytearray(count))
    done = 0
    while done < count:
        got = where.recv_into(buffer[done:])
        if not got:
            return None
        done += got
    return buffer


# -- looking at a file -------------------------------------------------------------------------------------


def check(model: Any) -> None:
    """Refuses what reaches out of the file, or has no bound. `model` is an onnx.ModelProto."""
    import onnx

    versions = {entry.domain: entry.version for entry in model.opset_import}
    version = versions.get("", versions.get("ai.onnx", 0))
    newest = onnx.defs.onnx_opset_version()
    if version > newest:
        raise Refused(f"it needs opset {version}, and up to {newest} is known here: export it with an older one.")
    own = {(function.domain, function.name): function for function in model.functions}
    for part in (model.graph, *model.functions):
        for node in _nodes(part):
            if node.op_type in ENDLESS:
                raise Refused(f"it has a {node.op_type}, whose length is not bounded: export it without loops.")
            if node.domain not in DOMAINS and (node.domain, node.op_type) not in own:
                raise Refused(
                    f"it uses the custom operator {node.domain}.{node.op_type}, and only ONNX's own operators are run: "
                    "export it with those."
                )
    _count(model.graph, own, {})
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in _tensors(model)):
        raise Refused("its weights lie in another file: export it as one file (external_data=False).")
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise Refused(f"it is no valid ONNX ({first_line(error)}).") from None


def _count(part: Any, own: dict[tuple[str, str], Any], known: dict[tuple[str, str], int]) -> int:
    """How many operators a graph or function has once the functions in it are written out: few lines can mean
    millions. `known` are the counts of functions so far, -1 of one that is being counted. Raises Refused."""
    total = 0
    for node in _nodes(part):
        total += 1
        name = (node.domain, node.op_type)
        if name in own:
            if name not in known:
                if len(known) > MOST_DEEP:
                    raise Refused(f"it has more than {MOST_DEEP} functions.")
                known[name] = -1
                known[name] = _count(own[name], own, known)
            if known[name] < 0:
                raise Refused(f"its function {name[1]} calls itself.")
            total += known[name]
        if total > MOST_NODES:
            raise Refused(f"it has more than {MOST_NODES:,} operators.")
    return total


def _nodes(graph: Any) -> Iterator[Any]:
    """The operators of a graph or function, and those of the graphs inside them."""
    waiting = [graph]
    while waiting:
        for node in waiting.pop().node:
            yield node
            for attribute in node.attribute:
                waiting += [attribute.g] if attribute.HasField("g") else []
                waiting += attribute.graphs


def _tensors(model: Any) -> Iterator[Any]:
    """All tensors kept in a model: weights and constants, dense and sparse."""
    waiting = [model.graph]
    nodes = [node for function in model.functions for node in _nodes(function)]
    while waiting:
        graph = waiting.pop()
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
        for node in graph.node:
            nodes.append(node)
            for attribute in node.attribute:
                waiting += [attribute.g] if attribute.HasField("g") else []
                waiting += attribute.graphs
    for node in nodes:
        for attribute in node.attribute:
            yield attribute.t
            yield from attribute.tensors
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)


def first_line(error: Exception) -> str:
    """What a library says of an error, short and on one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".")


def open_file(path: Path) -> Any:
    """(session, what it is) of an ONNX file. Raises Refused."""
    import onnx
    import onnxruntime as ort

    size = path.stat().st_size
    if size > FILE_LIMIT:
        raise Refused(f"it has {size >> 20:,} MB, and up to {FILE_LIMIT >> 20} are taken.")
    content = path.read_bytes()
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's own errors, of several classes
        raise Refused(f"it is cut short or no ONNX file ({first_line(error)}).") from None
    check(model)
    made_by = {name: node.op_type for node in model.graph.node for name in node.output}
    chance = any(node.op_type in CHANCE for part in (model.graph, *model.functions) for node in _nodes(part))
    about = {"producer": f"{model.producer_name} {model.producer_version}".strip()[:80], "chance": chance}
    del model
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # memory is given back
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own, of many classes
        raise Refused(f"onnxruntime cannot open it ({first_line(error)}).") from None
    ports = {
        "inputs": [_port(one) for one in session.get_inputs()],
        "outputs": [_port(one) | {"made_by": made_by.get(one.name, "")} for one in session.get_outputs()],
    }
    return session, about | ports


def _port(one: Any) -> dict[str, Any]:
    shape = [size if isinstance(size, int) and size >= 0 else None for size in one.shape or []]
    return {"name": one.name, "type": one.type, "shape": shape}


# -- running it --------------------------------------------------------------------------------------------


def run(session: Any, header: dict[str, Any], payload: memoryview) -> tuple[dict[str, Any], bytes]:
    """The outputs that are asked for, of one batch. Raises Refused."""
    port = session.get_inputs()[0]
    x = np.frombuffer(payload, dtype="<f4").reshape(header["shape"])
    x = np.rint(x.clip(0, 255)) if port.type == "tensor(uint8)" else x
    try:
        made = session.run(header["outputs"], {port.name: x.astype(NUMBERS[port.type])})
    except Exception as error:  # onnxruntime's own, of many classes
        raise Refused(f"it failed on {header['shape']} numbers ({first_line(error)}).") from None
    arrays = [np.asarray(array) for array in made]
    for name, array in zip(header["outputs"], arrays, strict=True):
        if array.dtype.kind not in "fiu":
            raise Refused(f"its output {name} holds no numbers.")
    return {"shapes": [array.shape for array in arrays]}, b"".join(array.astype("<f4").tobytes() for array in arrays)


def answer(sessions: dict[str, Any], header: dict[str, Any], payload: memoryview) -> tuple[dict[str, Any], bytes]:
    """What is said to one message."""
    which = header["file"]
    try:
        if header["do"] == "open":
            sessions[which], about = open_file(Path(header["path"]))
            return about, b""
        return run(sessions[which], header, payload)
    except Refused as refusal:
        return {"error": str(refusal)}, b""
    except MemoryError:
        return {"error": "it needs more memory than a model may have here."}, b""
    except OSError as error:
        return {"error": f"it cannot be read ({error.strerror})."}, b""


def bound(megabytes: int) -> None:
    """Bounds on this process: its memory, no files, no core dump; and its end when whoever started it is gone."""
    try:
        import resource
    except ImportError:  # Windows has none of them; the time is bounded still
        return
    for what, most in (
        (resource.RLIMIT_AS, megabytes << 20),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def end_with(parent: int) -> None:
    """Ends this process when its parent has ended, also in the middle of an endless operator."""
    while os.getppid() == parent:
        time.sleep(1)  # the kernel tells nobody of a parent's end
    os._exit(1)


def main() -> None:
    bound(int(sys.argv[1]))
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    sessions: dict[str, Any] = {}
    with socket.socket(fileno=0) as asker:
        while (message := receive(asker, 1 << 30)) is not None:
            send(asker, *answer(sessions, *message))


if __name__ == "__main__":
    main()
