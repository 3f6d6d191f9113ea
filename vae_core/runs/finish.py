"""What is made of a run once its training has ended: codes, preview and card."""

from __future__ import annotations

import io
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from vae_core.config import DataInfo, RunConfig, TrainConfig
from vae_core.export import decode_pictures, upright
from vae_core.metrics.activity import active_units
from vae_core.metrics.likelihood import encoded, held_out_terms, told_classes
from vae_core.runs.codes import Codes, write_codes
from vae_core.runs.files import write_atomically
from vae_core.runs.folder import RunFolder

if TYPE_CHECKING:
    from vae_core.data import Dataset
    from vae_core.models import Model

WHOLE = 70_000
"""Datasets up to this size get a code for each sample; larger ones for a fixed part of the test split."""
PART = 10_000
DREAMS = 2_000
PREVIEW_TILE = 64
PREVIEW_ROWS, PREVIEW_COLUMNS = 4, 8


def write_results(folder: RunFolder, config: RunConfig, model: Model, data: Dataset) -> None:
    """codes.npz, preview.png, card.md and the final config.json of a run whose best weights `model` carries.

    A run without any kept weights gets its config alone.
    """
    model.eval()
    if config.best is not None:
        codes = encode_dataset(model, data)
        write_codes(folder.codes, codes)
        write_preview(folder.path / "preview.png", model, config.data, codes)
        write_atomically(folder.path / "card.md", card(folder.path.name, config, codes).encode())
    folder.write_config(config)


def encode_dataset(model: Model, data: Dataset) -> Codes:
    """Posteriors and distortions of the whole dataset, or of a fixed part of the test split where it is large.

    A model without an encoder gets codes of its dreams, drawn from its prior: their index begins where the data ends.
    """
    able = model.spec.abilities
    if not able.encodes:
        z = model.sample_prior(DREAMS, generator=torch.Generator(device=model.device).manual_seed(0)).cpu().numpy()
        index = len(data) + np.arange(DREAMS)
        zeros = np.zeros_like(z)
        return Codes(index, z, zeros, zeros[:, 0], y=None, factors=None, rates=zeros)
    positions = torch.arange(len(data)) if len(data) <= WHOLE else data.splits["test"][:PART]
    told = told_classes(model.spec, data.y)
    terms = held_out_terms(model, data.x, positions, y=told)
    # on a ladder the terms' posteriors are those of one sampled way down; a code is the way of the means
    posterior = encoded(model, data.x, positions, told) if able.levels else terms.posterior
    return Codes(
        index=positions.numpy(),
        mean=posterior.mean.numpy(),
        std=posterior.std.numpy(),
        distortion=terms.distortion.numpy(),
        y=None if data.y is None else data.y[positions].numpy(),
        factors=None if data.factors is None else data.factors[positions].long().numpy(),
        rates=None if able.closed_rate else terms.rate.numpy(),
    )


def write_preview(path: Path, model: Model, info: DataInfo, codes: Codes) -> None:
    """The gallery's picture: the decoded plane of a 2-D model; else its four busiest dimensions, one a row; dreams of a
    grid of codes, whose numbers mean nothing one by one."""
    # few sentences, so that they can be read on a card
    rows, columns, side = (2, 2, 192) if info.kind == "text" else (PREVIEW_ROWS, PREVIEW_COLUMNS, PREVIEW_TILE)
    if model.spec.abilities.cells:
        generator = torch.Generator(device=model.device).manual_seed(0)
        z = model.sample_prior(rows * columns, generator=generator).cpu().numpy()
    else:
        z = preview_codes(codes, rows, columns)
    y = np.arange(len(z)) // columns % model.spec.classes if model.spec.classes else None  # a class a row
    made = upright(decode_pictures(model, info, z, y))  # [R*C, H, W] or [R*C, H, W, 3]
    width = side * made.shape[2] // made.shape[1]
    tiles = [Image.fromarray(picture).resize((width, side), Image.Resampling.BICUBIC) for picture in made]
    sheet = Image.new(tiles[0].mode, (columns * width, rows * side))
    for i, tile in enumerate(tiles):
        row, column = divmod(i, columns)
        sheet.paste(tile, (column * width, row * side))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    write_atomically(path, buffer.getvalue())


def preview_codes(codes: Codes, rows: int, columns: int) -> np.ndarray:
    """Codes of the preview's tiles, row by row: float32 [rows * columns, D]."""
    dims = codes.mean.shape[1]
    low, high = np.quantile(codes.mean, [0.02, 0.98], axis=0)  # [D] each
    if dims == 2:
        u, v = np.meshgrid(np.linspace(low[0], high[0], columns), np.linspace(high[1], low[1], rows))
        return np.stack([u.ravel(), v.ravel()], 1).astype(np.float32)
    busiest = np.argsort(-codes.rate.mean(0))[:rows]
    start = codes.mean[np.argmin(np.square(codes.mean - np.median(codes.mean, 0)).sum(1))]
    z = np.repeat(start[None], rows * columns, 0)
    for row in range(rows):
        d = busiest[row % len(busiest)]
        z[row * columns : (row + 1) * columns, d] = np.linspace(low[d], high[d], columns)
    return z.astype(np.float32)


def command(config: TrainConfig, name: str) -> str:
    """The shell command that makes this run again."""
    words = ["python -m vae_core train"]
    for field, info in TrainConfig.model_fields.items():
        value = getattr(config, field)
        if field == "out" or value == info.default:
            continue
        flag = field.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
            continue
        values = value if isinstance(value, tuple) else (value,)
        words += [f"--{flag}", *(shlex.quote(str(one)) for one in values)]
    return " ".join([*words, "--out", shlex.quote(f"runs/{name}")])


def card(name: str, config: RunConfig, codes: Codes) -> str:
    """card.md: what the run is, what it reached, how to make it again. All figures are computed ones."""
    best, spec = config.best, config.model
    active = int(active_units(codes.mean).sum())
    made_of = (
        f"Data: {config.data.name} ({config.data.size:,} samples). Net: {spec.net}, {spec.latent_dim} dimensions, "
        f"{spec.likelihood} likelihood; weights of step {best.step if best else 0:,}."
    )
    if spec.abilities.encodes:
        made_of += f" {active} of {spec.latent_dim} dimensions are active."
    made_by = f"Made by\n\n```\n{command(config.train, name)}\n```"
    parts = [f"# {config.title(name)}", config.train.about, made_of, *_reached(config, codes), made_by]
    return "\n\n".join(part for part in parts if part) + "\n"


def _reached(config: RunConfig, codes: Codes) -> list[str]:
    """The figures that this family has, as a table and a word on them."""
    able = config.model.abilities
    figures = [(split, f) for split, f in (("validation", config.best), ("test", config.test)) if f is not None]
    if not able.encodes:
        rows = "\n".join(f"| {split} | {f.distortion:.4f} |" for split, f in figures)
        return [f"| split | energy distance |\n|---|---|\n{rows}", "Between dreams and samples, without bias; no nats."]
    if not able.rated:
        rows = "\n".join(f"| {split} | {f.distortion:.2f} |" for split, f in figures)
        return [f"| split | distortion |\n|---|---|\n{rows}", "Nats per sample. A point has no rate, and no bound."]
    rows = "\n".join(f"| {split} | {f.distortion:.2f} | {f.rate:.2f} | {f.elbo:.2f} |" for split, f in figures)
    rates = " ".join(f"{value:.2f}" for value in np.sort(codes.rate.mean(0))[::-1])
    return [
        f"| split | distortion | rate | ELBO |\n|---|---|---|---|\n{rows}",
        f"Nats per sample, one posterior sample each. Rate per dimension, largest first: {rates}.",
    ]
