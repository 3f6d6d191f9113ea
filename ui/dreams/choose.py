"""What is to be dreamt: where codes come from, how many, of which seed; kept in the address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from ui import cache, given, samples, state
from ui.components.dreams import STEP
from ui.limits import NO_MIXTURE_OF_CELLS, NO_MIXTURE_OF_DREAMS, NO_PRIOR, say
from vae_core.dreams import SAMPLERS, Asked, samplers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vae_core.runs import Run
    from vae_core.writing import Way

T = TypeVar("T")

COUNTS = (4, 8, 16, 32, 64)
COMPONENTS = (1, 2, 5, 10, 20, 50)
WAYS: dict[Way, str] = {"greedy": "The likeliest", "sample": "By chance", "beam": "Beam of drafts"}
WARMEST = 2.0
WARMTHS = tuple(tenth / 10 for tenth in range(21))
MOST_SHEETS = 2
FOR_A_START = 3


@dataclass(frozen=True)
class Wish:
    """What the controls say.

    Attributes:
        sheets: what is asked of each sampler that is shown, by its name; at least one.
        asked: the same of the model's own prior, whether that is shown or not.
        given: what a conditional model is told.
    """

    sheets: tuple[tuple[str, Asked], ...]
    asked: Asked
    given: given.Given


def say_limits(run: Run) -> None:
    """What cannot be shown here, and why."""
    able = run.config.model.abilities
    if not able.samples:
        say(NO_PRIOR)
    if able.cells is not None:
        say(NO_MIXTURE_OF_CELLS)
    if not able.encodes:
        say(NO_MIXTURE_OF_DREAMS)


def offered(run: Run) -> tuple[str, ...]:
    """The samplers of this run, its own prior first."""
    names = samplers_of(run.config.model.abilities)
    return names if len(run.codes) > 1 else tuple(name for name in names if name != "mixture")


def choose(run: Run) -> Wish:
    """The controls; what is not as usual is in the address."""
    able, names = run.config.model.abilities, offered(run)

    def key(name: str) -> str:
        return f"dreams.{run.name}.{name}"

    told = given.choose(run, "Class")
    seed = state.page_param("draw", 0, _whole)
    components, label = 10, -1
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="dreams-controls"):
        chosen = _choose_samplers(names, key("sampler"))
        count, keep = follow("n", COUNTS, 16, key("n"))
        st.pills("How many", COUNTS, key=key("n"), on_change=keep, required=True)
        st.button("Dream again", icon=":material/refresh:", key=key("again"), on_click=_again, args=(seed,))
    if "mixture" in chosen:  # in a row of its own: nothing above moves when it comes
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="dreams-mixture"):
            components, keep = follow("k", COMPONENTS, 10, key("k"))
            st.selectbox(
                "Gaussians", COMPONENTS, key=key("k"), on_change=keep, width=130,
                help="Components of the mixture that is fitted to the codes. Many of them on few codes, as one class "
                "has, learn these by heart: see how near the dreams are to training samples then.",
            )  # fmt: skip
            label = _choose_label(run, key("of"))
    way: Way = "greedy"
    warmth = 1.0
    if able.kind == "text":
        way, warmth = _choose_words(key)
    tray = state.selection().tray if "tray" in chosen else ()
    tray = tuple(index for index, row in zip(tray, run.codes.rows(tray), strict=True) if row >= 0)
    if "tray" in chosen and not tray:
        chosen = tuple(name for name in chosen if name != "tray")
        _offer_a_start(run)
    warm, near = temperature("t"), temperature("c")
    asked = Asked(count, seed, temperature=warm, way=way, warmth=warmth)
    sheets = []
    for name in chosen or (names[0],):
        one = replace(asked, sampler=name, temperature=near if name == "tray" else warm)
        if name == "mixture":
            one = replace(one, components=components, label=label)
        sheets.append((name, replace(one, tray=tray) if name == "tray" else one))
    return Wish(tuple(sheets), asked, told)


def temperature(name: str) -> float:
    """What stands in the address as `t` (of priors) or `c` (around the tray)."""
    return state.page_param(name, 1.0, _temperature)


def follow(name: str, allowed: Sequence[T], usual: T, key: str) -> tuple[T, Callable[[], None]]:
    """What stands in the address as `name`, put into the widget called `key`; and what writes the widget's value there.

    So the address leads, and the back button and a link move the widget.
    """
    words = {str(value): value for value in allowed}
    now = words.get(state.page_param(name, str(usual), str), usual)

    def keep() -> None:
        value = st.session_state[key]
        state.set_page_param(name, None if value == usual else value)

    st.session_state[key] = now
    return now, keep


def _choose_samplers(names: tuple[str, ...], key: str) -> tuple[str, ...]:
    """One sampler, or two side by side, in their usual order."""

    def parse(text: str) -> tuple[str, ...]:
        return tuple(name for name in names if name in text.split("."))[:MOST_SHEETS]

    now = state.page_param("sampler", names[:1], parse) or names[:1]

    def keep() -> None:
        picked = st.session_state[key]
        new = [name for name in picked if name not in now]
        both = (*[name for name in picked if name in now], *new)[-MOST_SHEETS:]  # a third takes the first one's place
        wanted = tuple(name for name in names if name in both) or names[:1]
        state.set_page_param("sampler", None if wanted == names[:1] else ".".join(wanted))

    st.session_state[key] = list(now)  # follows the address
    st.pills(
        "Codes from (one, or two to compare)", names, selection_mode="multi", key=key, on_change=keep,
        format_func=lambda name: SAMPLERS[name].title,
    )  # fmt: skip
    return now


def _choose_label(run: Run, key: str) -> int:
    """Of which class codes the mixture is made, where the model itself is told none: class control for any model."""
    names, y = run.config.data.class_names, run.codes.y
    if run.config.model.abilities.classes or y is None or not names:
        return -1
    labels = [-1, *range(len(names))]
    now, keep = follow("of", labels, -1, key)
    st.selectbox(
        "Fitted to the codes of", labels, key=key, on_change=keep, width=180,
        format_func=lambda label: "all classes" if label < 0 else names[label],
        help="Fitted to the codes of one class, the mixture dreams that class. Few codes want few Gaussians.",
    )  # fmt: skip
    return now


def _choose_words(key: Callable[[str], str]) -> tuple[Way, float]:
    """How sentences are written."""
    with st.container(horizontal=True, vertical_alignment="top", gap="medium", key="dreams-words"):
        way, keep = follow("words", tuple(WAYS), "greedy", key("words"))
        st.pills("Words", WAYS, format_func=WAYS.__getitem__, key=key("words"), on_change=keep, required=True)
        if way != "sample":
            return way, 1.0
        warmth, keep = follow("w", WARMTHS, 1.0, key("w"))
        st.slider("Temperature of words", 0.0, WARMEST, step=0.1, key=key("w"), on_change=keep, width=200)
    return way, warmth


def _offer_a_start(run: Run) -> None:
    """For an empty tray."""
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="dreams-empty-tray"):
        st.markdown("The **tray** is empty: pick samples on the map, and dreams around them appear here.")
        st.button(
            f"Put {FOR_A_START} samples into it", icon=":material/shuffle:", key="dreams.start",
            on_click=lambda: state.add_to_tray(_alike(run)),
        )  # fmt: skip


def _alike(run: Run) -> list[int]:
    """A few samples of one class, where classes are known, drawn at random."""
    y = run.codes.y
    first = samples.random_row(run)
    rows = [first, *(samples.random_row(run, None if y is None else int(y[first])) for _ in range(FOR_A_START - 1))]
    return [int(run.codes.index[row]) for row in rows]


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise ValueError("A draw is a whole number of at most six digits.")
    return int(text)


def _temperature(text: str) -> float:
    value = float(text)
    if not 0 <= value <= WARMEST:
        raise ValueError(f"A temperature here is 0 to {WARMEST:g}.")
    return round(round(value / STEP) * STEP, 2)


def _again(seed: int) -> None:
    state.set_page_param("draw", (seed + 1) % 1_000_000)


def dreams_of(run: Run, wish: Wish) -> list[tuple[str, Asked, cache.Dreams]]:
    """Each sheet's name, what was asked, and what was dreamt."""
    return [(name, asked, cache.get_dreams(run.name, asked, wish.given.key)) for name, asked in wish.sheets]
