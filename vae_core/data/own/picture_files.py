"""Pictures that are files, in a folder or a .zip; their folders may be classes, as torchvision's ImageFolder has it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from vae_core.data.cards import DatasetError
from vae_core.data.own.choices import PICTURES, SIDES, Choices, Preview, Skips, shown
from vae_core.data.own.files import MAX_TAKEN, check_count
from vae_core.data.own.pixels import Seen, Unfit, decode, look
from vae_core.data.own.tree import Entry, Tree, list_tree, read_entry

MAX_CLASSES = 200
LOOKED_AT = 200  # pictures from which size and colour are seen
SHOWN = 24
PATIENCE = 10.0  # seconds that a preview takes to try whether every picture can be decoded
SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation"}


@dataclass(frozen=True)
class PictureFiles:
    """Pictures below a path. skipped: what is no picture by its name, or not to be read at all."""

    tree: Tree
    pictures: tuple[Entry, ...]
    listed: Skips

    @classmethod
    def at(cls, path: Path) -> PictureFiles:
        """Raises DatasetError where the path is not to be read, or holds no pictures."""
        skips = Skips()
        tree = list_tree(path, skips)
        pictures = []
        for entry in tree.entries:
            if entry.parts[-1].lower().endswith(PICTURES):
                pictures.append(entry)
            else:
                skips.add(entry.name, "no picture by its ending")
        if not pictures:
            raise DatasetError(f"{path} holds no pictures ({', '.join(PICTURES[:5])}, ...){_instead(skips)}.")
        with_pictures = {entry.parts[:depth] for entry in pictures for depth in range(len(entry.parts))}
        for folder in sorted(tree.folders - with_pictures):
            skips.add("/".join(folder), "a folder without pictures")
        return cls(tree, tuple(pictures), skips)

    # -- what is there -------------------------------------------------------------------------------------

    @cached_property
    def _order(self) -> np.ndarray:
        """Places of the pictures in an order in which the first are a fair sample."""
        return np.random.RandomState(0).permutation(len(self.pictures))

    @cached_property
    def _seen(self) -> dict[int, Seen]:
        """Size and colour of the first of that order."""
        seen: dict[int, Seen] = {}
        until = time.monotonic() + PATIENCE
        with self.tree.opened() as archive:
            for place in self._order[:LOOKED_AT].tolist():
                if seen and time.monotonic() > until:
                    break
                try:
                    seen[place] = look(read_entry(self.pictures[place], archive))
                except Unfit:
                    continue
        return seen

    @cached_property
    def folder_classes(self) -> tuple[str, ...]:
        """Per picture the folder that it belongs to: below what all have in common; "" for those beside the folders.

        In train/cat/1.png the class is cat.
        """
        above = [entry.parts[:-1] for entry in self.pictures]
        first = above[0]
        depth = 0
        while depth < len(first) and all(len(parts) > depth and parts[depth] == first[depth] for parts in above):
            depth += 1
        tops = {parts[depth].lower() for parts in above if len(parts) > depth}
        if tops and tops <= SPLITS and all(len(parts) > depth + 1 for parts in above):
            depth += 1
        return tuple(shown(parts[depth]) if len(parts) > depth else "" for parts in above)

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """The folders that make classes; () where there are fewer than two, or more than MAX_CLASSES."""
        names = tuple(sorted({name for name in self.folder_classes if name}))
        return names if 2 <= len(names) <= MAX_CLASSES else ()

    def settle(self, choices: Choices) -> Choices:
        """What was left to be seen is chosen. Raises DatasetError where no picture can be read."""
        colour, side = choices.colour, choices.side
        if colour == "auto" or not side:
            if not self._seen:
                raise DatasetError(
                    f"None of the pictures in {self.tree.path} can be read: they are damaged, too large or something "
                    "else."
                )
            seen = self._seen.values()
            colour = ("grey" if all(one.grey for one in seen) else "rgb") if colour == "auto" else colour
            side = side or suitable_side(min(one.width, one.height) for one in seen)
        return replace(choices, colour=colour, side=side, classes=choices.classes and bool(self.class_names))

    # -- a preview -----------------------------------------------------------------------------------------

    def preview(self, choices: Choices) -> Preview:
        """Every picture is decoded that time allows; the others are counted by their names."""
        settled = self.settle(choices)
        skips = Skips(self.listed.counts.copy(), list(self.listed.first))
        until = time.monotonic() + PATIENCE
        read = sound = 0
        counts: Counter[int] = Counter()
        samples: list[tuple[int, np.ndarray, int]] = []
        for place, picture, label in self._decoded(settled, self._order.tolist(), skips):
            read += 1
            if picture is not None:
                sound += 1
                counts[label] += 1
                if len(samples) < SHOWN:
                    samples.append((place, picture, label))
            if time.monotonic() > until:
                break
        labels = self.labels(settled)
        unread = self._order[read:]
        counts.update(labels[unread].tolist())
        counts.pop(-1, None)
        n = sound + int((labels[unread] >= 0).sum()) if settled.classes else sound + len(unread)
        check_count(self.tree.path, n, "pictures that can be read")
        samples.sort(key=lambda sample: sample[0])
        names = self.class_names if settled.classes else ()
        return Preview(
            kind="image",
            choices=settled,
            problem=too_large(self.tree.path, n, settled),
            n=n,
            sample_shape=shape_of(settled),
            seen=self._words(),
            skipped=skips.so_far(),
            classes=tuple((name, counts[number]) for number, name in enumerate(names)),
            notes=self._notes(settled),
            unread=len(unread),
            pictures=np.stack([picture for _, picture, _ in samples]),
            captions=tuple(
                names[label] if names else shown(self.pictures[place].parts[-1]) for place, _, label in samples
            ),
        )

    def _words(self) -> str:
        sizes = Counter((one.width, one.height) for one in self._seen.values())
        if not sizes:
            return f"{len(self.pictures):,} pictures"
        (width, height), count = sizes.most_common(1)[0]
        if count == len(self._seen):
            size = f"of {width} × {height} pixels"
        else:
            widths, heights = zip(*sizes, strict=True)
            size = f"of {min(widths)} × {min(heights)} to {max(widths)} × {max(heights)} pixels"
        colours = {one.grey for one in self._seen.values()}
        colour = "grey and in colour" if len(colours) == 2 else "grey" if colours == {True} else "in colour"
        return f"{len(self.pictures):,} pictures {size}, {colour}"

    def _notes(self, settled: Choices) -> tuple[str, ...]:
        folders = {name for name in self.folder_classes if name}
        notes = []
        if len(folders) > MAX_CLASSES:
            notes.append(f"{len(folders):,} folders are too many for classes (up to {MAX_CLASSES}): all is one class.")
        return tuple(notes)

    # -- all of it -----------------------------------------------------------------------------------------

    def labels(self, settled: Choices) -> np.ndarray:
        """Per picture its class, int64 [n]; -1 where it has none; all 0 without classes."""
        if not settled.classes:
            return np.zeros(len(self.pictures), dtype=np.int64)
        number = {name: place for place, name in enumerate(self.class_names)} | {"": -1}
        return np.array([number[name] for name in self.folder_classes], dtype=np.int64)

    def decoded(self, settled: Choices, skips: Skips) -> Iterator[tuple[np.ndarray, int]]:
        """(uint8 [C, side, side], class) of every picture that can be taken, in the order of their names."""
        skips.counts.update(self.listed.counts)
        skips.first.extend(self.listed.first)
        for _, picture, label in self._decoded(settled, range(len(self.pictures)), skips):
            if picture is not None:
                yield picture, label

    def _decoded(
        self, settled: Choices, places: Iterable[int], skips: Skips
    ) -> Iterator[tuple[int, np.ndarray | None, int]]:
        """(place, picture, class); None in place of a picture that is left out, and `skips` hears why."""
        labels = self.labels(settled)
        with self.tree.opened() as archive:
            for place in places:
                entry, label = self.pictures[place], int(labels[place])
                try:
                    if label < 0:
                        raise Unfit("beside the folders that are the classes")
                    picture = decode(read_entry(entry, archive), settled)
                except Unfit as unfit:
                    skips.add(entry.name, unfit.why, unfit.detail)
                    yield place, None, label
                else:
                    yield place, picture, label


def _instead(skips: Skips) -> str:
    """What there is, where it is no picture."""
    found = skips.so_far().reasons
    return f": {found[0][1]:,} × {found[0][0]}" if found else ""


def suitable_side(sides: Iterable[int]) -> int:
    """The largest usual side up to 64 that pictures of these shorter sides fill; 28 and 32 for those that are so."""
    short = sorted(sides)
    typical = short[len(short) // 2]
    return max((side for side in SIDES if side <= min(typical, 64)), default=SIDES[0])


def shape_of(settled: Choices) -> tuple[int, int, int]:
    """(C, H, W) of the pictures as they are taken."""
    return 1 if settled.colour == "grey" else 3, settled.side, settled.side


def too_large(path: Path, n: int, settled: Choices) -> str:
    """One sentence where the pictures, as they would be kept, are more than a dataset may be; "" where they are not."""
    size = n * int(np.prod(shape_of(settled)))
    if size <= MAX_TAKEN:
        return ""
    return (
        f"{n:,} pictures of {settled.side} × {settled.side} pixels from {path} take {size / 1e9:.1f} GB; up to "
        f"{MAX_TAKEN / 1e9:.1f} GB are taken: choose a smaller side, or grey."
    )


def check_size(path: Path, n: int, settled: Choices) -> None:
    """Raises DatasetError where there are too many pictures."""
    if problem := too_large(path, n, settled):
        raise DatasetError(problem)
