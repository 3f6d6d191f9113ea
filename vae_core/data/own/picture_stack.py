"""Pictures that are one array: .npy, .npz, idx; their labels beside them. Any numbers become 0..255 by their range."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from vae_core.data.cards import DatasetError
from vae_core.data.own.choices import Choices, Preview, Skips, shown
from vae_core.data.own.files import check_count
from vae_core.data.own.picture_files import MAX_CLASSES, SHOWN, shape_of, suitable_side, too_large
from vae_core.data.own.pixels import MAX_PIXELS, MAX_SIDE, SAME, from_array
from vae_core.data.own.stack import Stack, stacks_in

X_NAMES = ("x", "images", "imgs", "pictures", "data", "x_train", "train_images", "arr_0")
Y_NAMES = ("y", "labels", "label", "targets", "target", "classes", "y_train", "train_labels", "arr_1")
BEYOND = 0.02  # by which fractions may leave their range, as resizing leaves them; they are cut off
COLOURS_SEEN = 250  # pictures of each piece that is read, by which it is seen whether all are grey
DARK = 64  # of 255, below which pictures are told to be dark
LABEL_FILES = ("{stem}-labels.npy", "{stem}_labels.npy", "labels.npy", "y.npy")


@dataclass(frozen=True)
class PictureStack:
    """An array of pictures, [N, H, W], [N, H, W, C] or [N, C, H, W], and the arrays that could be its labels."""

    path: Path
    stack: Stack
    others: tuple[tuple[str, Stack], ...]

    @classmethod
    def at(cls, path: Path, choices: Choices) -> PictureStack:
        """Raises DatasetError where the file is not to be read, or holds no array of pictures."""
        found = stacks_in(path)
        possible = [name for name, stack in found.items() if len(stack.shape) in (3, 4) and stack.dtype.kind in "uifb"]
        if not possible:
            shapes = ", ".join(f"{name} {stack.shape}".strip() for name, stack in list(found.items())[:5])
            raise DatasetError(
                f"{path} holds no array of pictures, [N, H, W(, C)] or [N, C, H, W], but {shapes or 'nothing'}."
            )
        first = [name for wish in X_NAMES for name in possible if name.lower() == wish]
        chosen = first[0] if first else max(possible, key=lambda name: found[name].shape[0])
        others = [(name, stack) for name, stack in found.items() if name != chosen]
        labels = Path(choices.labels) if choices.labels else _labels_beside(path)
        if labels is not None and choices.classes:
            others = [("y", next(iter(stacks_in(labels).values())))]
        made = cls(path, found[chosen], tuple(others))
        made.layout  # noqa: B018  refuses what is no layout of pictures
        return made

    # -- what is there -------------------------------------------------------------------------------------

    @cached_property
    def layout(self) -> tuple[int, int, int, bool]:
        """(C, H, W, channels stand last) of its pictures. Raises DatasetError."""
        shape = self.stack.shape[1:]
        if len(shape) == 2:
            channels, height, width, last = 1, *shape, True
        elif shape[2] in (1, 3, 4) and not (shape[0] in (1, 3) and shape[1] == shape[2]):
            height, width, channels, last = *shape, True
        elif shape[0] in (1, 3, 4):
            channels, height, width, last = *shape, False
        else:
            raise DatasetError(f"{self.path} has samples of shape {shape}: pictures have 1, 3 or 4 channels.")
        if min(height, width) < 1 or height * width > MAX_PIXELS or max(height, width) > MAX_SIDE:
            raise DatasetError(f"{self.path} has pictures of {width:,} × {height:,} pixels, which are not taken.")
        return channels, height, width, last

    @cached_property
    def _range(self) -> tuple[float, float, bool]:
        """Lowest and highest of all finite numbers, and whether pictures are grey."""
        low, high, grey = math.inf, -math.inf, True
        axis = -1 if self.layout[3] else 1
        for piece in self.stack.pieces():
            values = piece[np.isfinite(piece)] if piece.dtype.kind == "f" else piece
            if values.size:
                low, high = min(low, float(values.min())), max(high, float(values.max()))
            if grey and self.layout[0] >= 3:
                some = piece[:: max(1, len(piece) // COLOURS_SEEN)]
                colours = np.moveaxis(some, axis, 0)[:3].astype(np.float32)
                apart = colours.max(axis=0) - colours.min(axis=0)
                grey = not (apart > (SAME if high > 1 else SAME / 255)).any()
        return low, high, grey

    @cached_property
    def _scale(self) -> tuple[float, float]:
        """(a, b) for a + b x in 0..255. Raises DatasetError where the numbers are no pixels."""
        low, high, _ = self._range
        beyond = BEYOND if self.stack.dtype.kind == "f" else 0.0
        if low >= -beyond and high <= 1 + beyond:
            return 0.0, 255.0
        if low >= 0 and high <= 255:
            return 0.0, 1.0
        if low >= -1 - beyond and high <= 1 + beyond:
            return 127.5, 127.5
        raise DatasetError(
            f"{self.path} holds numbers from {low:.4g} to {high:.4g}: pixels go from 0 to 255, 0 to 1, or -1 to 1."
        )

    @cached_property
    def labels(self) -> tuple[np.ndarray, tuple[str, ...]] | None:
        """int64 [N] and their names; None where there are no labels. Raises DatasetError where they make no sense."""
        n = self.stack.shape[0]
        fitting = {name.lower(): stack for name, stack in self.others if _is_labels(stack, n)}
        chosen = next((fitting[name] for name in Y_NAMES if name in fitting), None)
        if chosen is None:
            if any(name == "y" and stack.path != self.path for name, stack in self.others):
                raise DatasetError(f"{self.others[0][1].path} does not hold {n:,} labels, one for each picture.")
            return None
        values = chosen.whole().reshape(-1)
        if values.dtype.kind == "f":
            if not (np.isfinite(values).all() and (values == np.rint(values)).all() and np.abs(values).max() < 2**53):
                raise DatasetError(f"{chosen.path} holds labels that are no whole numbers.")
            values = values.astype(np.int64)
        names, y = np.unique(values, return_inverse=True)
        if len(names) > MAX_CLASSES:
            raise DatasetError(f"{chosen.path} holds {len(names):,} classes; up to {MAX_CLASSES} are taken.")
        words = tuple(
            shown(name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)) for name in names
        )
        return y.astype(np.int64), words

    def settle(self, choices: Choices) -> Choices:
        """What was left to be seen is chosen. Raises DatasetError where the numbers are no pixels."""
        _, height, width, _ = self.layout
        colour = choices.colour
        if colour == "auto":
            colour = "grey" if self.layout[0] == 1 or self._range[2] else "rgb"
        classes = choices.classes and self.labels is not None
        return replace(
            choices, colour=colour, side=choices.side or suitable_side([min(height, width)]), classes=classes
        )

    # -- a preview, and all of it --------------------------------------------------------------------------

    def preview(self, choices: Choices) -> Preview:
        """Reads the whole array once for its range, and a second time for the pictures."""
        n, (channels, height, width, _) = self.stack.shape[0], self.layout
        check_count(self.path, n, "pictures")
        settled, skips = self.settle(choices), Skips()
        y, names = self.labels or (np.zeros(n, dtype=np.int64), ())
        names = names if settled.classes else ()
        wanted = set(np.random.RandomState(0).permutation(n)[:SHOWN].tolist())
        samples: list[tuple[np.ndarray, int, int]] = []
        counts, kept = np.zeros(max(1, len(names)), dtype=np.int64), 0
        for place, picture in self._scaled(skips):
            kept += 1
            counts[y[place] if names else 0] += 1
            if place in wanted:
                samples.append((from_array(picture, settled), place, int(y[place])))
        check_count(self.path, kept, "pictures of finite numbers")
        low, high, _ = self._range
        dark = self._scale[1] == 1 and high < DARK
        colour = "grey" if channels == 1 else "of one channel a colour"
        return Preview(
            kind="image",
            choices=settled,
            problem=too_large(self.path, kept, settled),
            n=kept,
            sample_shape=shape_of(settled),
            seen=f"{n:,} pictures of {width} × {height} pixels, {colour}, numbers from {low:g} to {high:g}",
            skipped=skips.so_far(),
            classes=tuple(zip(names, counts.tolist(), strict=True)) if names else (),
            notes=(f"The numbers go up to {high:g}, and 255 is white: the pictures are dark.",) if dark else (),
            pictures=np.stack([picture for picture, _, _ in samples]),
            captions=tuple(names[label] if names else f"picture {place:,}" for _, place, label in samples),
        )

    def decoded(self, settled: Choices, skips: Skips) -> Iterator[tuple[np.ndarray, int]]:
        """(uint8 [C, side, side], class) of every picture, in their order."""
        y, _ = self.labels or (None, ()) if settled.classes else (None, ())
        for place, picture in self._scaled(skips):
            yield from_array(picture, settled), 0 if y is None else int(y[place])

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in their order; () without labels."""
        return self.labels[1] if self.labels else ()

    def _scaled(self, skips: Skips) -> Iterator[tuple[int, np.ndarray]]:
        """(place, uint8 [H, W, C]); what holds numbers that are none is left out."""
        shift, factor = self._scale
        _, height, width, last = self.layout
        place = 0
        for piece in self.stack.pieces():
            shaped = piece.reshape(len(piece), height, width, -1) if last else piece.transpose(0, 2, 3, 1)
            for row in shaped:
                if row.dtype == np.uint8 and factor == 1:
                    yield place, row
                elif row.dtype.kind == "f" and not np.isfinite(row).all():
                    skips.add(f"picture {place:,}", "numbers that are none (NaN or infinite)")
                else:
                    yield place, np.rint(shift + factor * row.astype(np.float32)).clip(0, 255).astype(np.uint8)
                place += 1


def _is_labels(stack: Stack, n: int) -> bool:
    return stack.shape in ((n,), (n, 1)) and stack.dtype.kind in "uifbUS"


def _labels_beside(path: Path) -> Path | None:
    """The labels' file that goes with `path` by its name, in the same folder."""
    names = [pattern.format(stem=path.stem) for pattern in LABEL_FILES] if path.suffix.lower() == ".npy" else []
    if "images-idx3" in path.name or "images.idx3" in path.name:
        plain = path.name.replace("images", "labels").replace("idx3", "idx1").removesuffix(".gz")
        names = [plain, f"{plain}.gz"]
    for name in names:
        beside = path.with_name(name)
        if beside != path and beside.is_file() and not beside.is_symlink():
            return beside
    return None
