"""This side of the process that runs ONNX files: started when it is needed, given up where it takes too long."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from vae_core.foreign.child import FILE_LIMIT, NUMBERS, receive, send

PROJECT = Path(__file__).resolve().parents[2]
MEMORY = 4096  # megabytes of address space, libraries included
OPENING = 60.0  # seconds
RUNNING = 60.0  # seconds for one batch
ANSWER = 256 << 20  # bytes of numbers in one answer
AT_ONCE = 4 << 20  # numbers told at once


class ForeignError(ValueError):
    """One clear sentence on a model from elsewhere."""


@dataclass(frozen=True)
class Port:
    """An input or output. None in its shape is a size that the file leaves open."""

    name: str
    shape: tuple[int | None, ...]
    made_by: str = ""
    """The operator that an output comes from."""

    @property
    def sizes(self) -> str:
        """For people: "any × 1 × 28 × 28"."""
        return " × ".join("any" if size is None else str(size) for size in self.shape) or "one number"


@dataclass(frozen=True)
class Net:
    """What an opened file says of itself."""

    input: Port
    outputs: tuple[Port, ...]
    producer: str
    chance: bool
    """It draws random numbers."""


class Pair:
    """Files by their roles ("encoder", "decoder"), opened in one process of their own.

    Safe to use from several threads: one is served after the other. Raises ForeignError, one sentence, where a file
    is refused, takes too long, wants too much memory or breaks its process; the next call starts a new process.
    """

    def __init__(
        self, files: Mapping[str, Path], *, memory: int = MEMORY, opening: float = OPENING, running: float = RUNNING
    ) -> None:
        self.files = dict(files)
        self.nets: dict[str, Net] = {}
        self._memory, self._opening, self._running = memory, opening, running
        self._lock = threading.Lock()
        self._end: weakref.finalize[..., Pair] | None = None
        self._socket: socket.socket | None = None
        with self._lock:
            self._start()

    def __enter__(self) -> Pair:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process; a later call starts a new one."""
        if self._end is not None:
            self._end()
        self._end = self._socket = None

    def run(self, role: str, x: np.ndarray, outputs: Sequence[str], batch: int = 0) -> list[np.ndarray]:
        """These outputs of samples or codes x [n, ...]: float32 [n, ...] each, in the order asked for.

        Args:
            batch: how many the file takes at a time; the last batch is filled up with its own first sample. 0: any.
        """
        size = batch or max(1, min(256, AT_ONCE // max(1, prod(x.shape[1:]))))
        parts: list[list[np.ndarray]] = []
        for start in range(0, max(1, len(x)), size):
            part = x[start : start + size]
            count = len(part)
            if batch and count < batch:
                part = np.concatenate([part, np.repeat(part[:1], batch - count, 0)])
            made = self._run(role, part, outputs)
            for name, array in zip(outputs, made, strict=True):
                if not array.ndim or len(array) != len(part):
                    raise ForeignError(
                        f"{self._name(role)}: its output {name} has the shape {array.shape} for {len(part)} samples; "
                        "its first size should be their number."
                    )
            parts.append([array[:count] for array in made])
        return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]

    def _run(self, role: str, x: np.ndarray, outputs: Sequence[str]) -> list[np.ndarray]:
        header = {"do": "run", "file": role, "shape": x.shape, "outputs": list(outputs)}
        with self._lock:
            if self._socket is None:
                self._start()
            said, payload = self._ask(role, header, np.ascontiguousarray(x, "<f4").tobytes(), self._running)
        try:
            shapes = [tuple(map(int, shape)) for shape in said["shapes"]]
            numbers = np.frombuffer(payload, "<f4")
            ends = np.cumsum([prod(shape) for shape in shapes])
            if len(shapes) != len(outputs) or ends[-1] != len(numbers):
                raise ValueError
            return [part.reshape(shape) for part, shape in zip(np.split(numbers, ends[:-1]), shapes, strict=True)]
        except (KeyError, TypeError, ValueError):
            raise ForeignError(f"{self._name(role)}: its process gave no answer that fits.") from None

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(PROJECT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",  # each of its threads takes address space
        }
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "vae_core.foreign.child", str(self._memory)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=PROJECT,
                env=environment,
            )
        self._socket, self._end = ours, weakref.finalize(self, _end, ours, process)
        try:
            for role, path in self.files.items():
                header = {"do": "open", "file": role, "path": str(path.resolve())}
                said, _ = self._ask(role, header, b"", self._opening)
                self.nets[role] = self._net(role, said)
        except BaseException:
            self.close()
            raise

    def _ask(self, role: str, header: dict[str, Any], payload: bytes, seconds: float) -> tuple[dict[str, Any], Any]:
        assert self._socket is not None
        name = self._name(role)
        try:
            self._socket.settimeout(seconds)  # of each piece; pieces are few
            send(self._socket, header, payload)
            message = receive(self._socket, ANSWER)
        except TimeoutError:
            self.close()
            raise ForeignError(f"{name} took more than {seconds:g} seconds, and was stopped.") from None
        except (OSError, ValueError):
            message = None
        except BaseException:  # whoever asked has gone: what comes back is nobody's
            self.close()
            raise
        if message is None:
            self.close()
            raise ForeignError(
                f"{name} broke the process it ran in, or wanted more than the {self._memory:,} MB of memory that it "
                "may have: it is not taken."
            )
        said, numbers = message
        if "error" in said:
            raise ForeignError(f"{name}: {str(said['error'])[:400]}")
        return said, numbers

    def _net(self, role: str, said: dict[str, Any]) -> Net:
        name, inputs = self._name(role), said["inputs"]
        if len(inputs) != 1:
            names = ", ".join(str(one["name"])[:40] for one in inputs[:4]) or "none"
            raise ForeignError(
                f"{name} has {len(inputs)} inputs ({names}), and one is read: export it with "
                f"{'a picture' if role == 'encoder' else 'a code'} as its only input."
            )
        if inputs[0]["type"] not in NUMBERS:
            raise ForeignError(f"{name} reads {inputs[0]['type']}, not numbers: export it with a float input.")
        ports = [Port(str(one["name"]), tuple(one["shape"]), str(one.get("made_by", ""))) for one in said["outputs"]]
        read = Port(str(inputs[0]["name"]), tuple(inputs[0]["shape"]))
        return Net(read, tuple(ports), str(said["producer"]), bool(said["chance"]))

    def _name(self, role: str) -> str:
        return self.files[role].name


def _end(ours: socket.socket, process: subprocess.Popen[bytes]) -> None:
    ours.close()
    process.kill()
    process.wait()


__all__ = ["FILE_LIMIT", "ForeignError", "Net", "Pair", "Port"]
