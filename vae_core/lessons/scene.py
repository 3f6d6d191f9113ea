"""What a lesson shows: panels with one state for each stop of its slider, all computed before the first drag.

A scene is arrays; the browser draws them and only chooses among the stops, so pictures follow in the frame of the drag.
`term` is the key of the lesson's `Term` that a thing belongs to, "" for none: pointing at one lights up all.
S stops everywhere; an array whose first axis is 1 instead of S stands still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Drag:
    """The one slider. stops: what each place reads, e.g. ("-3.0", ..., "3.0"). start: where it stands at first."""

    label: str
    stops: tuple[str, ...]
    start: int = 0
    term: str = ""
    low: str = ""
    high: str = ""
    """What its two ends mean, in a word or two."""


@dataclass(frozen=True)
class Cloud:
    """Points, float [N, 2] where they stand still or [S, N, 2], with their classes (int [N]) as colours, or none."""

    xy: np.ndarray
    classes: np.ndarray | None = None
    label: str = ""
    term: str = ""


@dataclass(frozen=True)
class Path:
    """A line through places that stands still, float [P, 2]."""

    xy: np.ndarray
    label: str = ""
    term: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Spot:
    """One place, float [S or 1, 2]."""

    xy: np.ndarray
    label: str = ""
    term: str = ""


@dataclass(frozen=True)
class Ellipse:
    """Centre and half axes along x and y, float [S or 1, 2] each, in the units of the axes."""

    centre: np.ndarray
    radii: np.ndarray
    label: str = ""
    term: str = ""


@dataclass(frozen=True)
class Arrow:
    """From a place to a place, float [S or 1, 2] each."""

    start: np.ndarray
    end: np.ndarray
    label: str = ""
    term: str = ""


@dataclass(frozen=True)
class Plane:
    """Two axes of one scale: a latent plane. says: the picture in words, for screen readers.

    class_names: what colours mean, () for no legend.
    view: the part of the plane that is shown, (left, right, bottom, top); None for all that is in it.
    """

    title: str
    says: str
    clouds: tuple[Cloud, ...] = ()
    paths: tuple[Path, ...] = ()
    ellipses: tuple[Ellipse, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    spots: tuple[Spot, ...] = ()
    class_names: tuple[str, ...] = ()
    x_label: str = "dimension 1"
    y_label: str = "dimension 2"
    view: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Pictures:
    """A row of P pictures, uint8 [S or 1, P, H, W] or [S or 1, P, H, W, 3]; it wraps where there is no room.

    labels: P captions. notes: a line under each that changes, [S][P] texts, or ().
    terms: the terms of the P pictures, or ().
    """

    title: str
    says: str
    pixels: np.ndarray
    labels: tuple[str, ...]
    terms: tuple[str, ...] = ()
    notes: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Line:
    """One curve, float [S] over the slider's places or, with `x`, [N] over places of its own."""

    label: str
    y: np.ndarray
    term: str = ""
    x: np.ndarray | None = None
    dashed: bool = False


@dataclass(frozen=True)
class Curves:
    """Curves over the slider, with a dot where it stands and its value; not finite is a gap.

    x: float [S], where the slider's stops are on the axis; a line with an `x` of its own has no dot. log_x: powers are
    equally far apart. digits: of the values beside the names.
    """

    title: str
    says: str
    x: np.ndarray
    lines: tuple[Line, ...]
    x_label: str
    y_label: str
    log_x: bool = False
    digits: int = 2


@dataclass(frozen=True)
class Trail:
    """A path through a plane that is no latent one (rate and distortion), with a dot at the stop: float [S, 2].

    points: labels of the S places, or (). others: further places that stand still, with labels.
    """

    title: str
    says: str
    xy: np.ndarray
    x_label: str
    y_label: str
    points: tuple[str, ...] = ()
    others: tuple[Spot, ...] = ()
    term: str = ""


@dataclass(frozen=True)
class Bars:
    """B bars, float [S or 1, B]; not finite is none. line: a level marked across all (and what it is), or None."""

    title: str
    says: str
    names: tuple[str, ...]
    values: np.ndarray
    y_label: str
    terms: tuple[str, ...] = ()
    line: tuple[float, str] | None = None
    digits: int = 2


@dataclass(frozen=True)
class Words:
    """Lines of text for each stop: [S or 1][L] plain texts."""

    title: str
    says: str
    lines: tuple[tuple[str, ...], ...]
    terms: tuple[str, ...] = ()


Panel = Plane | Pictures | Curves | Trail | Bars | Words


@dataclass(frozen=True)
class Number:
    """A value of the formula at each stop, float [S]: shown under it, and in place of its symbol in `sums`.

    nan where there is none.
    """

    term: str
    label: str
    values: np.ndarray
    unit: str = ""
    digits: int = 2


@dataclass(frozen=True)
class Scene:
    """A lesson, computed.

    Attributes:
        drag: the slider.
        panels: what is drawn, in the order of reading.
        numbers: values of the formula's terms.
        sums: the formula with numbers, a text a line in which the key of a number in braces stands for its value at the
            stop: "{log_px} = {elbo} + {gap}". The numbers are those of this sample.
        answer: which option of the question is right, found out from the arrays above.
        because: one or two sentences with figures on why, shown once the visitor has answered and dragged.
        see: the stops at which what the question is about can be seen; the answer is told after one was reached.
        made_of: one sentence on which run and which data this was computed from.
        hidden: terms whose values and bars are not shown before something was said: where the slider stands at first
            they would give the answer away.
    """

    drag: Drag
    panels: Sequence[Panel]
    answer: int
    because: str
    made_of: str
    numbers: tuple[Number, ...] = ()
    sums: tuple[str, ...] = ()
    see: tuple[int, ...] = ()
    hidden: tuple[str, ...] = ()
