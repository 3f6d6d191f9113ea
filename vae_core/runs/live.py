"""live.npz: what a training looks like while it goes on. Written by its worker, read by pages."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vae_core.config import TrainConfig, model_spec
from vae_core.export import decode_pictures
from vae_core.render import pictures as rendered
from vae_core.runs.errors import RunError
from vae_core.runs.files import read_arrays, write_arrays
from vae_core.runs.film import Camera

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from vae_core.data import Dataset
    from vae_core.models import Model
    from vae_core.training import Step

FILE = "live.npz"
PAIRS, SAMPLES = 8, 16
MAX_POINTS = 600
"""A curve that grows longer is thinned to half, so that the file stays small however long a run takes."""
LIMIT = 64 << 20


@dataclass(frozen=True)
class Live:
    """A training as it was a moment ago. Pictures are of the newest weights, figures are nats per sample."""

    train: np.ndarray  # float64 [n, 3]: step, distortion, rate (means over the batches since the row before)
    validation: np.ndarray  # float64 [m, 3]: step, distortion, rate
    rate: np.ndarray  # float64 [D], of the newest batches
    originals: np.ndarray  # uint8 [8, C, H, W], always the same validation samples
    reconstructions: np.ndarray  # uint8 [8, C, H, W]
    samples: np.ndarray  # uint8 [16, C, H, W], of codes of the model's own prior, drawn with one seed


def read_live(folder: Path) -> Live | None:
    """What the run's worker wrote last, None where it has written nothing yet. Raises RunError on other bytes."""
    if not (folder / FILE).exists():
        return None
    arrays = read_arrays(folder / FILE, LIMIT)
    try:
        live = Live(**arrays)
    except TypeError:
        raise RunError(f"{folder.name}/{FILE} has other arrays than a live view: delete it.") from None
    pictures = (live.originals, live.reconstructions, live.samples)
    curves = (live.train, live.validation)
    fits = (
        all(part.dtype == np.uint8 and part.ndim == 4 for part in pictures)
        and all(part.dtype == np.float64 and part.ndim == 2 and part.shape[1] == 3 for part in curves)
        and live.rate.ndim == 1
    )
    if not fits:
        raise RunError(f"{folder.name}/{FILE} has arrays of other shapes than a live view: delete it.")
    return live


def _readable(folder: Path) -> Live | None:
    """The live view of before, None where it is damaged: a curve that begins later must not bar a resume."""
    try:
        return read_live(folder)
    except RunError:
        return None


class Recorder:
    """Gathers a training's Steps and writes live.npz and film.npz.

    Decoding draws no random number and changes no weight, so a watched training ends with the same weights.
    """

    def __init__(self, folder: Path, data: Dataset, config: TrainConfig, *, go_on: bool = False) -> None:
        self.folder = folder
        self.info = data.info
        latent_dim = model_spec(config, self.info).latent_dim
        self.originals: Tensor = data.x[data.splits["validation"][:PAIRS]]  # [8, *sample_shape]
        self.y: Tensor | None = None if data.y is None else data.y[data.splits["validation"][:PAIRS]]  # [8]
        old = _readable(folder) if go_on else None
        self.train = old.train.tolist() if old else []
        self.validation = old.validation.tolist() if old else []
        self.rate = np.zeros(latent_dim)
        self.camera: Camera | None = None
        self._filmed(lambda: Camera(folder, data, config, go_on=go_on))

    def _filmed(self, work: Callable[[], Camera | None]) -> None:
        """Do something for the film. Whatever goes wrong there must not end a training: it goes on without one."""
        try:
            self.camera = work()
        except OSError:  # a disk that is full may have room later
            raise
        except Exception as error:
            self.camera = None
            print(f"There are no more frames of the film ({type(error).__name__}: {error}).", file=sys.stderr)

    def _seen(self, step: Step) -> Camera | None:
        if self.camera is not None:
            self.camera.see(step)
        return self.camera

    def _kept(self) -> Camera | None:
        if self.camera is not None:
            self.camera.write()
        return self.camera

    def add(self, step: Step) -> None:
        """Take a Step into the curves and the film. Rows from beyond it, of before a resume, go."""
        for rows in (self.train, self.validation):
            while rows and rows[-1][0] >= step.step:
                rows.pop()
        self.rate = np.asarray(step.rate, dtype=np.float64)
        self.train.append([step.step, step.distortion, step.total_rate])
        if step.validation is not None:
            self.validation.append([step.step, step.validation.distortion, step.validation.rate])
        for rows in (self.train, self.validation):
            if len(rows) > MAX_POINTS:
                del rows[-2::-2]  # every other one; the newest stays
        self._filmed(lambda: self._seen(step))

    def write(self, model: Model) -> None:
        """live.npz, atomically, with pictures by the model as it is now, and film.npz. Raises OSError."""
        import torch

        from vae_core.redraw import told_of

        able = model.spec.abilities
        # every class in turn, as the gallery's picture has it
        classes = torch.arange(SAMPLES) % able.classes if able.classes else None
        generator = torch.Generator(device=model.device).manual_seed(0)
        with torch.no_grad():
            dreams = model.sample_prior(SAMPLES, classes, generator=generator).float().cpu()
        samples = self._made(model, dreams, classes)
        back = samples[:PAIRS]  # nothing is made again without an encoder
        if able.encodes:
            told = told_of(model, self.originals, self.y)
            on_device = None if told is None or able.infers_class else told.to(model.device)
            with torch.no_grad():
                mean = model.encode(self.originals.to(model.device), on_device).mean.float().cpu()
            back = self._made(model, mean, told)
        write_arrays(
            self.folder / FILE,
            {
                "train": np.array(self.train, dtype=np.float64).reshape(-1, 3),
                "validation": np.array(self.validation, dtype=np.float64).reshape(-1, 3),
                "rate": self.rate,
                "originals": rendered(self.info, self.originals.cpu().numpy()),
                "reconstructions": back,
                "samples": samples,
            },
        )
        self._filmed(self._kept)

    def _made(self, model: Model, codes: Tensor, told: Tensor | None) -> np.ndarray:
        return decode_pictures(model, self.info, codes.numpy(), None if told is None else told.numpy())
