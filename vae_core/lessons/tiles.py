"""The tiles of lesson 11: a sample, what a relative of the VAE redraws of it, and what it makes anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from vae_core.lessons.family import Relative
from vae_core.lessons.samples import as_pictures

if TYPE_CHECKING:
    from torch import Tensor

    from vae_core.data import Dataset
    from vae_core.models import Model
    from vae_core.models.quantised import Quantised
    from vae_core.runs import Run

SIDE = 80  # pixels of a tile: room for a name
DREAMS = 4
BLANK = 24  # grey of a tile that has nothing to show


def dreamt(one: Relative, model: Model, x: Tensor) -> Tensor:
    """New samples, as each relative makes them best: [DREAMS, *sample_shape]. x: the sample, [1, *sample_shape]."""
    import torch

    from vae_core.latent.levels import resample

    able, generator = model.spec.abilities, torch.Generator().manual_seed(3)
    with torch.no_grad():
        if one.key == "transformer":
            grids = cast("Quantised", model)
            beginning = grids.indices(x).flatten(1)[:, : grids.cells // 2].expand(DREAMS, -1)
            indices = grids.prior.sample(DREAMS, generator=generator, beginning=beginning)
            return grids.decode(grids.codes_at(indices.view(-1, grids.rows, grids.columns)))
        if able.levels:
            kept = resample(model.encode(x).mean[0].numpy(), able.levels, keep=1, count=DREAMS, seed=0)
            return model.decode(torch.from_numpy(kept))
        if able.classes:
            code = model.sample_prior(1, torch.zeros(1, dtype=torch.int64), generator=generator)
            return model.decode(code.expand(DREAMS, -1), torch.arange(DREAMS))
        return model.decode(model.sample_prior(DREAMS, generator=generator))


def pictures_of(one: Relative, model: Model, x: Tensor, y: int | None) -> np.ndarray:
    """The sample, redrawn and dreamt, as tiles: uint8 [2 + DREAMS, SIDE, SIDE]."""
    import torch

    from vae_core.redraw import told_of

    told = told_of(model, x, None if y is None else torch.tensor([y]))
    tiles = [_enlarged(as_pictures(x))]
    if model.spec.abilities.encodes and one.key != "transformer":
        with torch.no_grad():
            tiles.append(_enlarged(as_pictures(model.decode(model.encode(x, told).mean, told))))
    else:
        tiles.append(np.full((1, SIDE, SIDE), BLANK, np.uint8))
    return np.concatenate([*tiles, _enlarged(as_pictures(dreamt(one, model, x)))])


def _enlarged(pictures: np.ndarray) -> np.ndarray:
    """uint8 [n, H, W] as [n, SIDE, SIDE], smooth between pixels as pictures in all lessons are."""
    import torch

    x = torch.from_numpy(pictures)[:, None].float()
    return torch.nn.functional.interpolate(x, (SIDE, SIDE), mode="bilinear")[:, 0].round().byte().numpy()


def text_of(run: Run, data: Dataset) -> np.ndarray:
    """A held-out name, redrawn, and new ones, written out: uint8 [2 + DREAMS, SIDE, SIDE]."""
    import torch

    from vae_core.render import pictures, sentences

    model, x = run.model, data.x[data.splits["test"][:1]]
    with torch.no_grad():
        redrawn = model.decode(model.encode(x).mean)
        dreams = model.decode(model.sample_prior(5 * DREAMS, generator=torch.Generator().manual_seed(3)))
    # the font that names are drawn with has no letters beyond Latin-1
    plain = [place for place, name in enumerate(sentences(run.config.data, dreams.numpy())) if name.isascii()]
    dreams = dreams[plain[:DREAMS]]
    pages = pictures(run.config.data, torch.cat([x, redrawn, dreams]).numpy())[:, 0]  # [2 + DREAMS, 96, 160]
    half = pages.reshape(len(pages), 48, 2, SIDE, 2).mean((2, 4))
    made = np.full((len(pages), SIDE, SIDE), pages[0, 0, 0], np.uint8)
    made[:, (SIDE - 48) // 2 : (SIDE + 48) // 2] = half
    return made
