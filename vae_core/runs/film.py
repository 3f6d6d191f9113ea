"""film.npz: how a run's latent space formed, frame by frame. Written by its worker, replayed by pages.

A frame has the codes of the same samples each time and where they lie on a plane, what is made of eight of them, a
walk along single dimensions, and the figures of that step. Frames are dense at first, when most happens, then even.
Taking one draws no random number and changes no weight, so a filmed training ends with the same weights; and a
camera that may only spend a small share of the time never slows it down.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vae_core.config import TrainConfig, model_spec
from vae_core.export import decode_pictures
from vae_core.latent.alignment import aligned, flat, principal
from vae_core.render import pictures as rendered
from vae_core.runs.errors import RunError
from vae_core.runs.files import packed_arrays, read_arrays, write_atomically

if TYPE_CHECKING:
    from torch import Tensor

    from vae_core.data import Dataset
    from vae_core.models import Model
    from vae_core.training import Step

FILE = "film.npz"
SAMPLES = 600
PAIRS = 8
"""Of the samples, those that are shown with what the model makes of them."""
MOST_FRAMES = 96
EVEN = 48
"""Frames of a whole training, were they even; those of its dense beginning come on top."""
WALK = np.linspace(-2.5, 2.5, 7, dtype=np.float32)
"""Where a walk along one dimension stops, in standard deviations."""
MOST_ROWS = 8
PICTURE_BYTES, FRAME_BYTES = 16 << 10, 384 << 10
MOST_DIMENSIONS = 64
"""Codes of more are kept in this many coordinates of their largest variance: a grid of codes has thousands."""
LIMIT = 64 << 20
SHARE, ALLOWANCE = 0.03, 2.0
"""Of a training's time, that the camera may spend, and seconds that it may spend at once."""
ROOM = 32 << 20
"""Bytes that stay free on the disk beside the film: weights and states are worth more."""
AWAKE = 0.01  # nats


@dataclass(frozen=True)
class Film:
    """F frames of n samples in a latent space of D dimensions. Pictures are uint8 [..., C, H, W]."""

    steps: np.ndarray  # int64 [F], ascending
    epochs: np.ndarray  # float64 [F]
    distortion: np.ndarray  # float32 [F], nats per sample; nan where no batch was trained on yet
    total_rate: np.ndarray  # float32 [F]
    rate: np.ndarray  # float32 [F, D]
    codes: np.ndarray  # float16 [F, n, D], or of their 64 directions of largest variance
    xy: np.ndarray  # float32 [F, n, 2], each frame aligned to the one before
    positions: np.ndarray  # int64 [n], places in the dataset
    y: np.ndarray  # int64 [n], -1 where a class is unknown
    originals: np.ndarray  # [8, ...]; none where a model has no encoder
    reconstructions: np.ndarray  # [F, 8, ...]; of such a model, dreams of 8 codes that stay the same
    dims: np.ndarray  # int64 [F, R], the dimension that each row of the walk is of
    traversal: np.ndarray  # [F, R, 7, ...]

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def raw(self) -> bool:
        """The map's axes are the two dimensions themselves, rather than directions of largest variance."""
        return self.rate.shape[1] <= 2


@dataclass(frozen=True)
class Frame:
    """One moment of a training; as the parts of a Film, without F."""

    steps: int
    epochs: float
    distortion: float
    total_rate: float
    rate: np.ndarray
    codes: np.ndarray
    xy: np.ndarray
    reconstructions: np.ndarray
    dims: np.ndarray
    traversal: np.ndarray


STILL = ("positions", "y", "originals")
"""Parts of a film that are the same in each frame."""
KINDS: dict[str, tuple[type[np.generic], int]] = {
    "steps": (np.int64, 1), "epochs": (np.float64, 1), "distortion": (np.float32, 1), "total_rate": (np.float32, 1),
    "rate": (np.float32, 2), "codes": (np.float16, 3), "xy": (np.float32, 3), "reconstructions": (np.uint8, 5),
    "dims": (np.int64, 2), "traversal": (np.uint8, 6), "positions": (np.int64, 1), "y": (np.int64, 1),
    "originals": (np.uint8, 4),
}  # fmt: skip
"""Type and number of axes of each part on disk."""


# -- the file ----------------------------------------------------------------------------------------------


def read_film(folder: Path) -> Film | None:
    """The film of the run in this folder, None where there is none. Raises RunError on a file that is no film."""
    path = folder / FILE
    if not path.exists():
        return None
    arrays = read_arrays(path, LIMIT)

    def refuse(why: str) -> RunError:
        return RunError(f"{folder.name}/{FILE} is not a film that this version can show ({why}): delete it.")

    if set(arrays) != set(KINDS):
        raise refuse("it has other parts")
    for name, (kind, axes) in KINDS.items():
        if arrays[name].dtype != kind or arrays[name].ndim != axes:
            raise refuse(f"{name} is of another type or shape")
    film = Film(**arrays)
    frames, n, (rows, stops) = len(film), len(film.y), film.traversal.shape[1:3]
    picture = film.reconstructions.shape[2:]
    fits = (
        0 < frames <= MOST_FRAMES
        and all(len(arrays[name]) == frames for name in KINDS if name not in STILL)
        and (np.diff(film.steps) > 0).all()
        and film.steps[0] >= 0
        and film.positions.shape == (n,)
        and film.codes.shape[1] == n
        and film.xy.shape == (frames, n, 2)
        and np.isfinite(film.xy).all()
        and film.dims.shape == (frames, rows)
        and (not rows or (stops == len(WALK) and film.dims.min() >= 0 and film.dims.max() < film.rate.shape[1]))
        and film.traversal.shape[3:] == film.originals.shape[1:] == picture
        and picture[0] in (1, 3)
        and len(film.originals) in (0, film.reconstructions.shape[1])
    )
    if not fits:
        raise refuse("its parts don't fit each other")
    return film


def joined(frames: list[Frame], positions: np.ndarray, y: np.ndarray, originals: np.ndarray) -> Film:
    """Frames, at least one, and what stays the same in them, as a film."""
    moving = {
        field.name: np.stack([getattr(frame, field.name) for frame in frames]).astype(KINDS[field.name][0])
        for field in fields(Frame)
    }
    return Film(positions=positions, y=y, originals=originals, **moving)


def frames_of(film: Film) -> list[Frame]:
    """The frames that a film is made of."""
    names = [field.name for field in fields(Frame)]
    return [Frame(*(getattr(film, name)[at] for name in names)) for at in range(len(film))]


# -- which frames are kept ---------------------------------------------------------------------------------


def spacing(step: int, total: int) -> float:
    """Steps between a frame at `step` and the one before: few at first, then even."""
    return max(1.0, min(step / 5, total / EVEN))


def placed(frames: list[Frame], new: Frame, total: int) -> list[Frame]:
    """Frames with a new one at their end, which stays the newest.

    The one before it goes where it was too close to its own forerunner to stay; beyond 96 every other one goes.
    """
    kept = [frame for frame in frames if frame.steps < new.steps]
    if len(kept) > 1 and kept[-1].steps - kept[-2].steps < spacing(int(kept[-1].steps), total):
        kept.pop()
    kept.append(new)
    return kept if len(kept) <= MOST_FRAMES else kept[::-2][::-1]


def chosen_rows(before: np.ndarray, weight: np.ndarray, count: int) -> np.ndarray:
    """Which dimensions the rows of a walk are of, int64 [count]: those that tell most, each in its row while it does.

    before: the rows so far, int64 [R], empty at the beginning. weight: [D], such as the rate. A dimension that wakes
    takes the row of the quietest one that sleeps or tells less than half as much; nothing else moves.
    """
    weight = np.nan_to_num(np.asarray(weight, dtype=np.float64))
    rows = np.asarray(before, dtype=np.int64)[:count]
    if len(rows) < count:
        rows = np.arange(count, dtype=np.int64)
    rows = rows.copy()
    others = [int(d) for d in np.argsort(-weight, kind="stable") if d not in rows]
    for dimension in others:
        quietest = int(np.argmin(weight[rows])) if count else 0
        if not count or weight[dimension] < max(AWAKE, 2 * weight[rows[quietest]]):
            break
        rows[quietest] = dimension
    return rows


def shrunk(pictures: np.ndarray) -> np.ndarray:
    """Pictures uint8 [..., C, H, W] of at most 16 KB each: larger ones by the mean over squares of pixels."""
    *lead, channels, height, width = pictures.shape
    side = 1
    while channels * (height // side) * (width // side) > PICTURE_BYTES:
        side += 1
    if side == 1:
        return pictures
    h, w = height // side, width // side
    parts = pictures[..., : h * side, : w * side].reshape(*lead, channels, h, side, w, side)
    return np.asarray(parts.mean((-3, -1)).round(), dtype=np.uint8)


# -- the camera --------------------------------------------------------------------------------------------


class Camera:
    """Takes the frames of a training and keeps film.npz; within its share of the time."""

    def __init__(self, folder: Path, data: Dataset, config: TrainConfig, *, go_on: bool = False) -> None:
        import torch

        self.folder, self.data, self.config = folder, data, config
        self.spec = model_spec(config, data.info)
        parts = [data.splits[name] for name in ("validation", "test", "train")]
        positions = (parts[0] if len(parts[0]) >= SAMPLES else torch.cat(parts))[:SAMPLES]
        if not self.spec.abilities.encodes:
            positions = positions[:0]
        self.x: Tensor = data.x[positions]  # [n, *sample_shape]
        self.told_y: Tensor | None = None if data.y is None else data.y[positions]
        self.positions = data.index[positions].numpy().astype(np.int64)
        self.y = np.full(len(positions), -1) if self.told_y is None else self.told_y.numpy().astype(np.int64)
        self.originals = shrunk(rendered(data.info, self.x[:PAIRS].numpy()))
        self.frames: list[Frame] = []
        self.unsaved = False
        self.newest: Step | None = None
        self.started, self.spent = time.perf_counter(), 0.0
        if go_on:
            self._go_on()
        elif not self.spec.abilities.cells and self.spec.bottleneck != "linear":  # these look at the data first
            self._take_fresh()

    def see(self, step: Step) -> None:
        """Take a frame of this step where one is due."""
        self.newest = step
        last = self.frames[-1].steps if self.frames else -1
        if step.step >= step.total or (step.step - last >= spacing(step.step, step.total) and self._may_spend()):
            self._take(step)

    def write(self) -> None:
        """Keep film.npz, the newest step in it, where the time and the disk have room. Raises OSError."""
        if self.newest is None:
            return
        at_end = self.newest.step >= self.newest.total
        if not at_end and not self._may_spend():
            return
        if not self.frames or self.frames[-1].steps < self.newest.step:
            self._take(self.newest)
        if not self.unsaved:
            return
        began = time.perf_counter()
        film = joined(self.frames, self.positions, self.y, self.originals)
        content = packed_arrays({name: getattr(film, name) for name in KINDS}, effort=1)
        if shutil.disk_usage(self.folder).free > len(content) + ROOM:
            write_atomically(self.folder / FILE, content)
            self.unsaved = False
        self.spent += time.perf_counter() - began

    def _may_spend(self) -> bool:
        return self.spent <= ALLOWANCE + SHARE * (time.perf_counter() - self.started)

    def _go_on(self) -> None:
        """The frames of before, up to the step that the training goes on from; none of a film that doesn't fit."""
        from vae_core.runs.folder import RunFolder

        try:
            film = read_film(self.folder)
            history = RunFolder(self.folder).read_history()
        except RunError:  # a film that begins later must not bar a resume
            return
        shapes = (self.spec.latent_dim, *self.originals.shape[1:])
        if film is not None and history and np.array_equal(film.positions, self.positions):
            until = history[-1]["step"]
            if (film.rate.shape[1], *film.reconstructions.shape[2:]) == shapes:
                self.frames = [frame for frame in frames_of(film) if frame.steps <= until]

    def _take_fresh(self) -> None:
        """The frame of step 0: the model as training begins it."""
        import torch

        from vae_core.models import build

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.seed)
            model = build(self.spec)
        unknown = np.full(self.spec.latent_dim, np.nan, dtype=np.float32)
        self.frames = [self._frame(model, 0, 0.0, np.nan, np.nan, unknown)]

    def _take(self, step: Step) -> None:
        began = time.perf_counter()
        rate = np.asarray(step.rate, dtype=np.float32)
        frame = self._frame(step.model, step.step, step.epoch, step.distortion, step.total_rate, rate)
        self.frames = placed(self.frames, frame, step.total)
        self.unsaved = True
        self.spent += time.perf_counter() - began

    def _frame(
        self, model: Model, step: int, epoch: float, distortion: float, total_rate: float, rate: np.ndarray
    ) -> Frame:
        before = next((frame for frame in reversed(self.frames) if frame.steps < step), None)
        codes, told = self._codes(model)  # [n, D]
        xy = flat(codes)
        if before is not None and self.spec.latent_dim > 2:
            xy = aligned(xy, before.xy)
        kept = codes if codes.shape[1] <= MOST_DIMENSIONS else principal(codes, MOST_DIMENSIONS)
        dims, walk = self._walk(model, codes, rate, before)
        if self.spec.abilities.encodes:
            back = self._made(model, codes[:PAIRS], None if told is None else told[:PAIRS])
        else:
            back = self._dreams(model)
        half = np.clip(kept, -6e4, 6e4).astype(np.float16)
        return Frame(step, epoch, distortion, total_rate, rate, half, xy, back, dims, walk)

    def _codes(self, model: Model) -> tuple[np.ndarray, Tensor | None]:
        """The samples' codes, float32 [n, D], and what the model is told of each."""
        from vae_core.metrics.likelihood import encoded
        from vae_core.redraw import told_of

        able = self.spec.abilities
        if not able.encodes:
            return np.zeros((0, self.spec.latent_dim), np.float32), None
        import torch

        told = told_of(model, self.x, self.told_y)
        seen = None if able.infers_class else told
        codes = encoded(model, self.x, torch.arange(len(self.x)), seen).mean.float().numpy()
        return np.nan_to_num(codes, posinf=0.0, neginf=0.0), told

    def _walk(
        self, model: Model, codes: np.ndarray, rate: np.ndarray, before: Frame | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """A walk along single dimensions from one code that stays: dims int64 [R], pictures uint8 [R, 7, C, H, W]."""
        able, dims = self.spec.abilities, self.spec.latent_dim
        shape = self.originals.shape[1:]
        size = int(np.prod(shape))
        count = 0 if able.cells else min(dims, MOST_ROWS, (FRAME_BYTES // size - PAIRS) // len(WALK))
        if count == 0:  # there is nothing between two entries of a codebook to walk through
            return np.zeros(0, np.int64), np.zeros((0, len(WALK), *shape), np.uint8)
        weight = rate if able.rated else codes.std(0) if len(codes) else np.zeros(dims)
        rows = chosen_rows(before.dims if before is not None else np.zeros(0), weight, count)
        middle, spread = np.zeros(dims, np.float32), np.ones(dims, np.float32)
        if not self.spec.abilities.centred and len(codes):
            middle, spread = codes.mean(0), codes.std(0)
        z = np.repeat(middle[None], count * len(WALK), 0)
        for row, d in enumerate(rows):
            z[row * len(WALK) : (row + 1) * len(WALK), d] = middle[d] + WALK * spread[d]
        made = self._made(model, z, self._told_on_walks(model, len(z)))
        return rows, made.reshape(count, len(WALK), *shape)

    def _told_on_walks(self, model: Model, count: int) -> Tensor | None:
        """What a conditional model is told on every walk: the first sample's class, or its quadrants."""
        import torch

        from vae_core.redraw import told_of

        if self.spec.abilities.classes:
            told = torch.zeros(1, dtype=torch.int64) if self.told_y is None else self.told_y[:1]
            return told.expand(count) if len(told) else torch.zeros(count, dtype=torch.int64)
        seen = told_of(model, self.x[:1], None) if len(self.x) else None
        return None if seen is None else seen.expand(count, *seen.shape[1:])

    def _dreams(self, model: Model) -> np.ndarray:
        """What a model without an encoder makes of 8 codes that stay the same: uint8 [8, C, H, W]."""
        import torch

        classes = torch.arange(PAIRS) % self.spec.classes if self.spec.classes else None
        generator = torch.Generator(device=model.device).manual_seed(0)
        with torch.no_grad():
            z = model.sample_prior(PAIRS, classes, generator=generator).float().cpu().numpy()
        return self._made(model, z, classes)

    def _made(self, model: Model, codes: np.ndarray, told: Tensor | None) -> np.ndarray:
        return shrunk(decode_pictures(model, self.data.info, codes, None if told is None else told.numpy()))
