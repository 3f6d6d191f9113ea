"""Weights and training states as safetensors: shapes are compared with the architecture before anything is loaded."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from vae_core.config import ModelSpec
from vae_core.models import Model, build
from vae_core.runs.errors import RunError
from vae_core.runs.files import missing, place, write_atomically

DTYPES = {torch.float32: "F32", torch.uint8: "U8", torch.int64: "I64"}
Shapes = Mapping[str, tuple[tuple[int, ...], torch.dtype]]


def shapes_of(tensors: Mapping[str, Tensor]) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    return {name: (tuple(value.shape), value.dtype) for name, value in tensors.items()}


def moments_of(model: nn.Module) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    """What Adam keeps for each parameter that it moves, by '<parameter number>.<what>'."""
    shapes: dict[str, tuple[tuple[int, ...], torch.dtype]] = {}
    for i, parameter in enumerate(model.parameters()):
        if not parameter.requires_grad:  # found in closed form
            continue
        shapes[f"{i}.step"] = ((), torch.float32)
        shapes[f"{i}.exp_avg"] = shapes[f"{i}.exp_avg_sq"] = (tuple(parameter.shape), torch.float32)
    return shapes


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    write_atomically(path, save(plain, metadata))


def read_tensors(path: Path, expected: Shapes) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Exactly the expected tensors, and the file's metadata. Raises RunError on any other bytes.

    Half precision is taken for single, and comes back as single.
    """
    where = place(path)
    # header and alignment aside, a file that fits has exactly its tensors' bytes
    room = sum(math.prod(shape) * dtype.itemsize for shape, dtype in expected.values()) + (1 << 20)
    try:
        if path.stat().st_size > room:
            raise RunError(f"{where} is larger than this run's architecture can need ({room:,} bytes).")
        with safe_open(path, framework="pt") as file:
            names = set(file.keys())
            for what, odd in (
                ("lacks", expected.keys() - names),
                ("has the unknown", names - expected.keys()),
            ):
                if odd:
                    raise RunError(f"{where} {what} tensor {sorted(odd)[0]}: it belongs to another architecture.")
            for name, (shape, dtype) in expected.items():
                part = file.get_slice(name)
                fitting = ("F32", "F16") if dtype == torch.float32 else (DTYPES[dtype],)
                if tuple(part.get_shape()) != shape or part.get_dtype() not in fitting:
                    raise RunError(
                        f"{where} has {name} as {part.get_dtype()} {tuple(part.get_shape())} where the run's "
                        f"config.json means {DTYPES[dtype]} {shape}."
                    )
            tensors = {name: file.get_tensor(name).to(dtype) for name, (_, dtype) in expected.items()}
            return tensors, dict(file.metadata() or {})
    except FileNotFoundError:
        raise missing(path) from None
    except RunError:
        raise
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(
            f"{where} is not a whole safetensors file ({error}): it was cut short, or is of another kind such as a "
            "pickle; copy the run again or train anew."
        ) from None


class _Unfilled(TorchFunctionMode):
    """Weights that are about to be replaced get no first values: to think of some for tensors without memory, torch
    imports its compiler, which takes seconds."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if getattr(func, "__module__", "") == nn.init.__name__:
            return given["tensor"] if "tensor" in given else args[0]
        return func(*args, **given)


def load_model(path: Path, spec: ModelSpec) -> Model:
    """The model of this spec with the file's weights, on the CPU, ready to use (eval, no gradients)."""
    with torch.device("meta"), _Unfilled():
        model = build(spec)
    tensors, _ = read_tensors(path, shapes_of(model.state_dict()))
    odd = next((name for name, value in tensors.items() if not torch.isfinite(value).all()), None)
    if odd:
        raise RunError(f"{place(path)} has numbers in {odd} that are not finite.")
    model.load_state_dict(tensors, assign=True)
    return model.eval().requires_grad_(False)
