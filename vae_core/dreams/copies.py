"""What a model makes of held-out samples: the fair thing to compare its dreams with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vae_core.dreams.neighbours import held_out, samples_at, usual

if TYPE_CHECKING:
    import numpy as np

    from vae_core.data import Dataset
    from vae_core.dreams.asked import Asked
    from vae_core.dreams.neighbours import Usual
    from vae_core.runs import Run


def class_of(run: Run, asked: Asked, given: str) -> int:
    """The class that all these dreams are to be of: what is told, or that of the codes behind them; -1 for none.

    Args:
        given: what a conditional model is told, as `sources.told_by` reads it.
    """
    able = run.config.model.abilities
    name, y = asked.named(able), run.codes.y
    if able.classes:
        return int(given.removeprefix("class-")) if given != "class-none" else -1
    if name == "mixture":
        return asked.label
    rows = run.codes.rows(asked.tray)
    if name != "tray" or y is None or (rows < 0).any():
        return -1
    labels = set(y[rows].tolist())
    return labels.pop() if len(labels) == 1 else -1


def comparable(run: Run, data: Dataset) -> bool:
    """Whether samples of `data` can stand beside this run's dreams: what is here may be other data of the same name."""
    told = run.config.model.abilities.classes
    return data.sample_shape == run.config.data.sample_shape and not (told and data.y is None)


def usual_of(run: Run, data: Dataset, label: int) -> Usual:
    """How far held-out samples (of this class, -1 for all) and what the run makes of them are from training samples.

    Raises ValueError where there is none.
    """
    rows = held_out(data, label)
    return usual(run.config.data, data, rows, reconstructed(run, data, rows) if len(rows) else None)


def reconstructed(run: Run, data: Dataset, rows: np.ndarray) -> np.ndarray | None:
    """What the run decodes from the codes of the samples at these positions, as `decode_samples` returns it.

    None without an encoder, and for sentences: what is decoded of them is no smoother than they are.
    """
    import torch

    from vae_core.export import decode_samples
    from vae_core.redraw import told_of

    if not run.config.model.abilities.encodes or run.config.data.kind == "text":
        return None
    x = torch.from_numpy(samples_at(data, rows))
    y = None if data.y is None else data.y[torch.from_numpy(rows)]
    told = told_of(run.model, x, y)
    with torch.no_grad():
        on_device = None if told is None else told.to(run.model.device)
        codes = run.model.encode(x.to(run.model.device), on_device).mean.float().cpu().numpy()
    return decode_samples(run.model, run.config.data, codes, None if told is None else told.numpy())
