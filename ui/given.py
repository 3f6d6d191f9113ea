"""What a conditional model is told besides the code: a class, or part of a picture. One control for every page.

The choice stands in the address: `class=3` (or `class=none`), `seen=57.0010` (sample 57, its lower left quadrant).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, state
from ui.words import plain
from vae_core.config import QUADRANTS, quadrants_in_words, quadrants_of

if TYPE_CHECKING:
    from vae_core.runs import Run

UNKNOWN = -1  # the class that is told where none is
PILLS = 12  # more classes than this become a menu
PICTURE = 88  # pixels on the screen
UNSEEN = 60  # grey level of what is hidden


@dataclass(frozen=True)
class Given:
    """What the model is told; nothing at all for most models.

    Attributes:
        key: for caches and addresses: "" where nothing is told, else e.g. "class-3" or "seen-57-0010".
        words: for people: "", "class 3", "no class", "the lower left of sample 57".
    """

    key: str = ""
    words: str = ""
    one: np.ndarray | None = field(default=None, compare=False, repr=False)  # int64 [1] or float32 [1, width]

    def told(self, n: int) -> np.ndarray | None:
        """The same for n codes, as `Model.decode` takes it: int64 [n], float32 [n, width], or None."""
        return None if self.one is None else np.repeat(self.one, n, axis=0)


NOTHING = Given()


def of_class(run: Run, label: int) -> Given:
    """The class `label`, -1 for none."""
    names = run.config.data.class_names
    words = "no class" if label == UNKNOWN else f"class {names[label] if label < len(names) else label}"
    return Given(f"class-{label}" if label >= 0 else "class-none", words, np.array([label], dtype=np.int64))


def of_quadrants(run: Run, index: int, seen: str) -> Given:
    """The quadrants `seen` (four of "0" and "1") of the sample at `index` of the dataset.

    Raises ValueError where there is no such sample, or the model is always told others.
    """
    import torch

    if (always := run.config.model.seen) not in ("", seen):
        raise ValueError(f"This model is always told {quadrants_in_words(always)} ({always}), not {seen}.")

    pixels = cache.get_pictures(run.name, (index,)).pixels  # uint8 [1, H, W] or [1, H, W, 3]
    x = torch.from_numpy(pixels[:, None] if pixels.ndim == 3 else np.moveaxis(pixels, -1, 1).copy())
    flags = torch.tensor([[letter == "1" for letter in seen]])  # [1, 4]
    one = run.model.condition.see(x, flags).numpy()  # type: ignore[union-attr, operator]
    words = quadrants_in_words(seen) + (f" of sample {index}" if "1" in seen else "")
    return Given(f"seen-{index}-{seen}", words, one)


def of_key(run: Run, key: str) -> Given:
    """What a `Given.key` of this run stands for. Raises ValueError where it stands for nothing."""
    able = run.config.model.abilities
    kind, _, rest = key.partition("-")
    if kind == "class" and able.classes:
        return of_class(run, UNKNOWN if rest == "none" else _class(rest, able.classes))
    if kind == "seen" and able.quadrants:
        return of_quadrants(run, *_seen(rest.replace("-", ".")))
    if key == "" and not (able.classes or able.quadrants):
        return NOTHING
    raise ValueError(f"{run.name} cannot be told {key!r}.")


def _class(text: str, classes: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and int(text) < classes):
        raise ValueError(f"A class of this model is a whole number below {classes}.")
    return int(text)


def _seen(text: str) -> tuple[int, str]:
    index, _, seen = text.partition(".")
    if not (index.isascii() and index.isdigit() and len(index) <= 9 and len(seen) == 4 and set(seen) <= {"0", "1"}):
        raise ValueError("What is seen is a sample's number and four of 0 and 1, joined by a dot.")
    return int(index), seen


# -- the control -------------------------------------------------------------------------------------------


def choose(run: Run, title: str = "Same code, other class") -> Given:
    """The control for this run's condition, and what it says; draws nothing where the model is told nothing.

    Args:
        title: of the classes, where a class is what is told.
    """
    able = run.config.model.abilities
    if able.classes:
        return _choose_class(run, able.classes, title, none=not able.infers_class)
    return _choose_quadrants(run) if able.quadrants else NOTHING


def _choose_class(run: Run, classes: int, title: str, *, none: bool) -> Given:
    """Pills (a menu where there are many) of the classes; `none`: that no class is told is a choice too."""
    key = f"latentarium.given.{run.name}.class"
    names = run.config.data.class_names
    choices = [*range(classes), *([UNKNOWN] if none else [])]
    now = state.page_param("class", 0, lambda text: UNKNOWN if none and text == "none" else _class(text, classes))

    def words(label: int) -> str:
        return "no class" if label == UNKNOWN else names[label] if label < len(names) else str(label)

    def keep() -> None:
        label = st.session_state[key]
        state.set_page_param("class", None if label is None else "none" if label == UNKNOWN else label)

    st.session_state[key] = now  # follows the address
    if classes <= PILLS:  # labels of pills are Markdown, those of a menu are not
        st.pills(title, choices, format_func=lambda label: plain(words(label)), key=key, on_change=keep, required=True)
    else:
        st.selectbox(title, choices, format_func=words, key=key, on_change=keep, width=320)
    return of_class(run, now)


def _choose_quadrants(run: Run) -> Given:
    """A sample, and which of its quadrants the model sees."""
    from ui import samples

    key = f"latentarium.given.{run.name}.seen"
    waiting = samples.tray_rows(run)
    usual = int(run.codes.index[waiting[0] if waiting else 0])
    index, seen = state.page_param("seen", (usual, run.config.model.usual_seen), _seen)
    if not samples.rows_of(run, [index]):
        index = usual
    always = run.config.model.seen
    seen = always or seen

    def keep(index: int, seen: str) -> None:
        state.set_page_param("seen", f"{index}.{seen}")

    def keep_quadrants() -> None:
        chosen = st.session_state[key]
        keep(index, "".join("1" if name in chosen else "0" for name in QUADRANTS))

    given = of_quadrants(run, index, seen)
    st.session_state[key] = list(quadrants_of(seen))
    row = samples.rows_of(run, [index])[0]
    with st.container(key="given-quadrants"):
        picked = partial(keep, seen=seen)
        samples.picker("Seen", run, row, _veiled(run, index, seen), picked)
        st.pills(
            "The model sees",
            QUADRANTS,
            selection_mode="multi",
            key=key,
            on_change=keep_quadrants,
            disabled=bool(always),
            help="This model was trained with these quadrants seen of every sample, so it knows no others."
            if always
            else None,
        )
    return given


def _veiled(run: Run, index: int, seen: str) -> np.ndarray:
    """The sample's picture with the unseen quadrants greyed: uint8 [H, W] or [H, W, 3]."""
    picture = cache.get_pictures(run.name, (index,)).pixels[0].copy()
    height, width = picture.shape[:2]
    half = (height + 1) // 2, (width + 1) // 2
    places = [(slice(0, half[0]), slice(half[0], None)), (slice(0, half[1]), slice(half[1], None))]
    for quadrant, letter in enumerate(seen):
        if letter == "0":
            picture[places[0][quadrant // 2], places[1][quadrant % 2]] = UNSEEN
    return picture
