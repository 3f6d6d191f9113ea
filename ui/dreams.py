"""The parts of the generate page: its controls, sheets of dreams, how good they are, and what to take home."""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from ui import cache, given, state
from ui.limits import NO_MIXTURE_OF_CELLS, NO_MIXTURE_OF_DREAMS, NO_PRIOR, say
from ui.widgets import picture_png
from ui.words import plain
from vae_core.dreams import Asked
from vae_core.export import png_sheet
from vae_core.latent.geometry import FAR, INSIDE, NEAR
from vae_core.render import BARS_REACH, pictures, sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ui.cache import Dreams
    from vae_core.runs import Run

COUNTS = (4, 8, 16, 32, 64)
COMPONENTS = (1, 2, 5, 10, 20, 50)
PRIORS = {"both": "Both", "own": "Its own", "mixture": "Mixture"}
WAYS = {"greedy": "The likeliest", "sample": "Drawn by chance", "beam": "Several drafts (beam)"}
ZONE_WORDS = {INSIDE: "inside the data", NEAR: "near its edge (dashed)", FAR: "far from any code seen (framed)"}
WARMEST = 2.0
WHAT_IT_SAYS = """
The **energy distance** (Székely and Rizzo 2013) of two sets is twice the mean distance *between* them less the mean
distances *within* each: 0 for equal sets, and it grows where dreams miss what samples look like, or are all alike.

Here: {count} dreams against {count} samples{whose} that the model was never trained on, Euclidean distances {unit}. The
same between {count} training samples and those is **{real:.3f}**: real samples get no closer. What is decoded is the
*expected* sample, which is smoother than a real one, so a good prior still stays above that.
"""
UNITS = {
    "image": "between pixels from 0 to 1",
    "text": "that grow with the places in which two sentences differ",
    "table": "between columns in their standard deviations",
}


@dataclass(frozen=True)
class Wish:
    """What the controls say.

    own, mixture: whether that prior's dreams are shown. asked: of the model's own prior. given: what it is told.
    """

    own: bool
    mixture: bool
    components: int
    asked: Asked
    given: given.Given

    @property
    def of_mixture(self) -> Asked:
        return replace(self.asked, components=self.components)


# -- controls ----------------------------------------------------------------------------------------------


def fits_mixture(run: Run) -> bool:
    """Whether a mixture can be fitted to the codes of this run."""
    able = run.config.model.abilities
    return able.encodes and able.cells is None and len(run.codes) > 1


def choose(run: Run) -> Wish:
    """The controls; what is not as usual is in the address."""
    able, mixed = run.config.model.abilities, fits_mixture(run)

    def key(name: str) -> str:
        return f"dreams.{run.name}.{name}"

    def one_of(name: str, allowed: Sequence[Any], usual: Any) -> Any:
        words = {str(value): value for value in allowed}
        text = state.page_param(name, str(usual), str)
        return words.get(text, usual)

    told = given.choose(run)
    prior, components, way, warmth = "own", 0, "greedy", 1.0
    seed = state.page_param("draw", 0, _whole)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="dreams-controls"):
        if mixed:
            prior = st.segmented_control(
                "Prior", list(PRIORS), format_func=PRIORS.__getitem__, default=one_of("prior", list(PRIORS), "both"),
                key=key("prior"), required=True,
                help="Its own is what it was trained with; the mixture is fitted to its codes afterwards.",
            )  # fmt: skip
        count = st.select_slider("How many", COUNTS, one_of("n", COUNTS, 16), key=key("n"), width=120)
        temperature = st.slider(
            "Temperature", 0.0, WARMEST, state.page_param("t", 1.0, _temperature), 0.1, key=key("t"), width=140,
            help="Times the spread of the prior. Below 1 dreams come from its middle, and are alike; above, from "
            "where few codes or none have been.",
        )  # fmt: skip
        if prior != "own":
            components = st.select_slider(
                "Gaussians", COMPONENTS, one_of("k", COMPONENTS, 10), key=key("k"), width=130,
                help="Components of the mixture that is fitted to the codes.",
            )
        st.button("Dream again", icon=":material/refresh:", key=key("again"), on_click=_again, args=(seed,))
    if able.kind == "text":
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="dreams-words"):
            way = st.segmented_control(
                "Words", list(WAYS), format_func=WAYS.__getitem__, default=one_of("words", list(WAYS), "greedy"),
                key=key("words"), required=True,
            )  # fmt: skip
            if way == "sample":
                warmth = st.slider(
                    "Temperature of words", 0.0, WARMEST, state.page_param("w", 1.0, _temperature), 0.1, key=key("w"),
                    width=200,
                )  # fmt: skip
    usual = {"prior": "both" if mixed else "own", "n": 16, "t": 1.0, "k": 10, "words": "greedy", "w": 1.0, "draw": 0}
    now = {"prior": prior, "n": count, "t": temperature, "k": components or 10, "words": way, "w": warmth, "draw": seed}
    for name, value in now.items():
        state.set_page_param(name, None if value == usual[name] else value)
    return Wish(
        prior != "mixture", prior != "own", components, Asked(count, seed, 0, temperature, way, warmth), told
    )


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise ValueError("A draw is a whole number of at most six digits.")
    return int(text)


def _temperature(text: str) -> float:
    value = float(text)
    if not 0 <= value <= WARMEST:
        raise ValueError(f"A temperature here is 0 to {WARMEST:g}.")
    return round(value, 1)


def _again(seed: int) -> None:
    state.set_page_param("draw", (seed + 1) % 1_000_000)


# -- sheets ------------------------------------------------------------------------------------------------


def own_title(run: Run) -> tuple[str, str]:
    """What the model's own prior is: a title and a sentence."""
    spec = run.config.model
    able = spec.abilities
    if able.cells is not None:
        rows, columns = able.cells
        return "Its transformer", f"It draws {rows * columns} codes one after the other, each knowing those before it."
    if not able.samples:
        return "N(0, 1), for want of a prior", "Its decoder was never asked for codes from anywhere."
    if spec.wiring is not None:
        return "N(0, 1)", "What nearly all such models are taught on; this one came from elsewhere, and does not say."
    if spec.prior == "vamp":
        return "Its VampPrior", f"A mixture of the posteriors of {spec.pseudo_inputs} samples made up in training."
    if not able.encodes:
        return "The N(0, 1) it was taught on", "Every code of its training came from here."
    return "Its own prior, N(0, 1)", "What the rate was measured against in training."


def show_sheets(run: Run, wish: Wish) -> None:
    """Dreams of the model's own prior and of the mixture, side by side where both are asked for."""
    both = wish.own and wish.mixture
    places = st.columns(2, gap="large") if both else [st.container()]
    shown = []
    if wish.own:
        shown.append((*own_title(run), wish.asked, "own"))
    if wish.mixture:
        sentence = "Fitted after training: it often repairs dreams."
        shown.append(("A mixture fitted to its codes", sentence, wish.of_mixture, "mixture"))
    for place, (title, sentence, asked, name) in zip(places, shown, strict=True):
        with place:
            st.markdown(f"##### {title}")
            st.caption(sentence)
            show_match(run, asked, wish.given)
            dreams = cache.get_dreams(run.name, asked, wish.given.key)
            show_sheet(run, dreams, columns=4 if both else 8)
            downloads(run, dreams, name)


def say_limits(run: Run) -> None:
    """What cannot be shown here, and why."""
    able = run.config.model.abilities
    if not able.samples:
        say(NO_PRIOR)
    if able.cells is not None:
        say(NO_MIXTURE_OF_CELLS)
    if not able.encodes:
        say(NO_MIXTURE_OF_DREAMS)


def show_match(run: Run, asked: Asked, told: given.Given) -> None:
    """The energy distance of such dreams to held-out samples, with its settings."""
    found = cache.get_match(run.name, asked, told.key)
    if found is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"Energy distance to held-out samples **{found.distance:.3f}**", width="content")
        with st.popover("What is this?", type="tertiary", width="content"):
            unit = UNITS[run.config.data.kind]
            whose = f" of {plain(told.words)}" if told.one is not None and told.one[0] >= 0 else ""
            st.markdown(WHAT_IT_SAYS.format(count=found.count, unit=unit, real=found.real, whose=whose))


def zone_words(zones: np.ndarray) -> str:
    """How many dreams lie where: "14 inside the data, 2 near its edge"."""
    counts = Counter(zones.tolist())
    return ", ".join(f"{counts[zone]} {words}" for zone, words in ZONE_WORDS.items() if counts[zone])


def show_sheet(run: Run, dreams: Dreams, *, columns: int) -> None:
    """Dreams as a sheet: pictures (a table's rows as bars), at most so many a row, or sentences line by line."""
    names = [f"dream {number + 1}" for number in range(len(dreams.codes))]
    zones = np.zeros(len(names), int) if dreams.zones is None else dreams.zones
    told = [f"{name}, {ZONE_WORDS[zone]}" if dreams.zones is not None else name
            for name, zone in zip(names, zones.tolist(), strict=True)]  # fmt: skip
    if run.config.data.kind == "text":
        lines = written(run, dreams.samples)
        body = "".join(
            f'<div role="listitem" class="zone-{zone}" title="{escape(name)}">{escape(line) or "<em>nothing</em>"}'
            f'<small>{count} token{"s" * (count != 1)}</small></div>'
            for (line, count), zone, name in zip(lines, zones, told, strict=True)
        )
        st.html(f'<div role="list" class="dream-lines">{body}</div>')
    else:
        body = "".join(
            f'<img class="zone-{zone}" src="{picture_source(picture)}" alt="{escape(name)}" title="{escape(name)}">'
            for picture, zone, name in zip(dreams.pictures, zones, told, strict=True)
        )
        st.html(f'<div class="dreams" style="--columns: {columns}">{body}</div>')
    if dreams.zones is not None:
        whose = "a real sample" if run.config.model.abilities.encodes else "its training"
        st.caption(f"By the nearest code of {whose}: {zone_words(dreams.zones)}.")
    if run.config.data.kind == "table":
        st.caption(
            f"Bars, from the top: {plain(', '.join(run.config.data.columns))}. The middle is the data's mean, the "
            f"edges are {BARS_REACH:g} standard deviations away."
        )


def picture_source(picture: np.ndarray) -> str:
    """The picture as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(picture_png(picture, 96)).decode()}"


def written(run: Run, tokens: np.ndarray) -> list[tuple[str, int]]:
    """Sentences, each with how many tokens it has, its end among them."""
    from vae_core.tokens import PADDING

    lines = sentences(run.config.data, tokens)
    return list(zip(lines, (np.asarray(tokens) != PADDING).sum(1).tolist(), strict=True))


# -- to take home ------------------------------------------------------------------------------------------


def real_rows(run: Run, samples: np.ndarray) -> Any:
    """A table's rows in the units of its columns, as a DataFrame."""
    import pandas as pd

    info = run.config.data
    return pd.DataFrame(np.asarray(info.centre) + np.asarray(info.scale) * samples, columns=list(info.columns))


def downloads(run: Run, dreams: Dreams, name: str) -> None:
    """The sheet as a picture, and what it says as text or table; a table's rows in their real units below."""
    kind = run.config.data.kind
    files: list[tuple[str, str, str, Callable[[], bytes]]] = []
    if kind == "text":
        files.append(("Text", "txt", "text/plain", partial(_text, run, dreams)))
    if kind == "table":
        files.append(("CSV", "csv", "text/csv", lambda: real_rows(run, dreams.samples).to_csv(index=False).encode()))
    files.append(("PNG", "png", "image/png", partial(_png, run, dreams)))
    with st.container(horizontal=True, gap="small"):
        for label, ending, mime, make in files:
            st.download_button(
                label, make, f"{run.name}-dreams-{name}.{ending}", mime, on_click="ignore",
                icon=":material/download:", key=f"dreams.{name}.{ending}",
            )  # fmt: skip
    if kind == "table":
        with st.expander("These rows in real units"):
            table = real_rows(run, dreams.samples)
            st.dataframe(table.rename(columns=lambda column: plain(str(column))), hide_index=True)


def _text(run: Run, dreams: Dreams) -> bytes:
    return "\n".join(sentences(run.config.data, dreams.samples)).encode()


def _png(run: Run, dreams: Dreams) -> bytes:
    made = pictures(run.config.data, dreams.samples)  # [n, C, H, W]
    columns = min(8, len(made))
    whole = made[: len(made) // columns * columns]
    return png_sheet(whole.reshape(-1, columns, *made.shape[1:]))
