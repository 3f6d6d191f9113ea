"""What a model makes of held-out samples: the fair thing to compare its dreams with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vae_core.data import Dataset
    from vae_core.runs import Run


def reconstructed(run: Run, data: Dataset, samples: np.ndarray) -> np.ndarray | None:
    """What the run decodes from the codes of these first samples of the test split, as `decode_samples` returns it.

    None without an encoder, and for sentences: what is decoded of them is no smoother than they are.
    """
    import torch

    from vae_core.export import decode_samples
    from vae_core.redraw import told_of

    if not run.config.model.abilities.encodes or run.config.data.kind == "text":
        return None
    x = torch.from_numpy(samples)
    y = None if data.y is None else data.y[data.splits["test"][: len(samples)]]
    told = told_of(run.model, x, y)
    with torch.no_grad():
        on_device = None if told is None else told.to(run.model.device)
        codes = run.model.encode(x.to(run.model.device), on_device).mean.float().cpu().numpy()
    return decode_samples(run.model, run.config.data, codes, None if told is None else told.numpy())
