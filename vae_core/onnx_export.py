"""Our own models as ONNX: encoder.onnx (pixels in [0, 1] to mean and std) and decoder.onnx (codes to pixels in [0, 1]).

The pair can be read by any program that runs ONNX, and brought back here like one from elsewhere.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import tempfile
import warnings
import zipfile
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from vae_core.export import ExportError
from vae_core.wiring import DECODER, ENCODER

if TYPE_CHECKING:
    from torch import nn

    from vae_core.config import ModelSpec
    from vae_core.models import Model

OPSET = 18
_ONE_AT_A_TIME = Lock()
"""Tracing changes torch's own state."""
EXAMPLE = 3  # samples that a model is traced with; the batch stays free


def why_not(spec: ModelSpec) -> str:
    """Why a model of this architecture is not written as ONNX, in one sentence; empty where it is."""
    if spec.wiring is not None:
        return "This model came as ONNX: the files are in its .zip."
    if spec.kind == "text":
        return "Sentences are read and written word by word, which is no plain net: take the .zip instead."
    if spec.condition != "none" or spec.classes:
        return "This model knows of more than the picture, and the nets of an ONNX pair have one input: take the .zip."
    if spec.abilities.cells:
        return "A code of this model is a grid out of a book, not numbers that a decoder reads: take the .zip instead."
    if importlib.util.find_spec("onnxscript") is None:
        return "Writing ONNX needs the package onnxscript: pip install onnxscript."
    return ""


def export_onnx(model: Model, folder: Path) -> list[Path]:
    """Write encoder.onnx (where the model has an encoder) and decoder.onnx into `folder`; returns what was written.

    Any batch size goes in. The encoder says `mean` [n, D], and `std` [n, D] where codes have a spread.

    Raises ExportError, one sentence.
    """
    reason = why_not(model.spec)
    if reason:
        raise ExportError(reason)
    folder.mkdir(parents=True, exist_ok=True)
    import torch

    able, written = model.spec.abilities, []
    if able.encodes:
        names = ["mean", "std"] if able.spreads else ["mean"]
        sample = torch.rand(EXAMPLE, *model.spec.sample_shape)
        written.append(_write(_encoder(model, able.spreads), sample, folder / ENCODER, "x", names))
    code = torch.randn(EXAMPLE, model.latent_dim)
    written.append(_write(_decoder(model), code, folder / DECODER, "z", ["picture"]))
    return written


def onnx_zip(model: Model) -> bytes:
    """The pair as one .zip. Raises ExportError."""
    with tempfile.TemporaryDirectory() as folder:
        to = BytesIO()
        with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in export_onnx(model, Path(folder)):
                info = zipfile.ZipInfo(path.name)
                info.external_attr = 0o644 << 16  # else nobody could read what is unpacked
                archive.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)
        return to.getvalue()


def _is_free(path: Path) -> bool:
    """Whether the file takes any number of samples: the exporter fixes it without a word where a net looks at it."""
    import onnx

    graph = onnx.load_model(path, load_external_data=False).graph
    return all(bool(port.type.tensor_type.shape.dim[0].dim_param) for port in (*graph.input, *graph.output))


def _encoder(model: Model, spreads: bool) -> nn.Module:
    from torch import Tensor, nn

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, x: Tensor) -> tuple[Tensor, ...]:
            posterior = self.model.encode(x)
            return (posterior.mean, posterior.std) if spreads else (posterior.mean,)

    return Encoder().eval()


def _decoder(model: Model) -> nn.Module:
    from torch import Tensor, nn

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, z: Tensor) -> Tensor:
            return self.model.decode(z)

    return Decoder().eval()


def _write(net: nn.Module, example: object, path: Path, told: str, names: list[str]) -> Path:
    import torch

    beside = path.with_name(f".{path.name}.{os.getpid()}")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of the exporter's own insides
            torch.onnx.export(
                net,
                (example,),
                str(beside),
                input_names=[told],
                output_names=names,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                opset_version=OPSET,
                external_data=False,
                dynamo=True,
                verbose=False,
            )
        if not _is_free(beside):
            raise ExportError("its batch would be fixed")
        os.replace(beside, path)
    except Exception as error:  # the exporter's own, of many classes
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise ExportError(
            f"This model cannot be written as ONNX ({(lines or ['no reason given'])[0][:200]})."
        ) from error
    finally:
        beside.unlink(missing_ok=True)
    return path
