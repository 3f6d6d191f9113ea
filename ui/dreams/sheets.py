"""The sheets themselves, with what says how good they are."""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, state
from ui.components import dreams as component
from ui.decoders import decoder_url
from ui.dreams.choose import WARMEST, temperature
from ui.widgets import picture_png
from ui.words import plain
from vae_core.dreams import SAMPLERS, Asked
from vae_core.latent.geometry import FAR, INSIDE, NEAR
from vae_core.render import BARS_REACH, sentences

if TYPE_CHECKING:
    from ui.cache import Dreams
    from ui.dreams.choose import Wish
    from vae_core.runs import Run

Shown = list[tuple[str, Asked, "Dreams"]]

ZONE_WORDS = {INSIDE: "inside the data", NEAR: "near its edge (dashed)", FAR: "far from any code seen (framed)"}
TEMPERATURE = component.Slider(
    "t", "Temperature", 1.0, WARMEST, ((0, "0: the middle"), (1, "1: as trained"), (2, "2: twice the spread"))
)
LIKELIHOOD = component.Slider(
    "t", "Temperature", 1.0, WARMEST, ((0, "0: the likeliest"), (1, "1: as trained"), (2, "2: more by chance"))
)
"""Of a prior whose temperature is that of choices."""
DISTANCE = component.Slider(
    "c", "How far from the tray", 1.0, WARMEST, ((0, "0: its mean"), (1, "1: as they differ"), (2, "2: twice that"))
)
WHAT_IT_SAYS = """
The **energy distance** (Székely and Rizzo 2013) of two sets is twice the mean distance *between* them less the mean
distances *within* each: 0 for equal sets, and it grows where dreams miss what samples look like, or are all alike.

Here: {count} dreams against {count} samples{whose} that the model was never trained on, Euclidean distances {unit}. The
same between {count} training samples and those is **{real:.3f}**: real samples get no closer. What is decoded is the
*expected* sample, which is smoother than a real one, so a good prior still stays above that. After ± stands half of a
95 % interval, by a jackknife over ten groups of samples: where two intervals overlap, neither is shown to be nearer.

A temperature above 1 can score better than 1: smooth samples differ less from each other than real ones do, and codes
drawn wider make up for it. The sets then differ less as a whole, though single dreams may well look worse: look at the
sheet too.
"""
UNITS = {
    "image": "between pixels from 0 to 1",
    "text": "that grow with the places in which two sentences differ",
    "table": "between columns in their standard deviations",
}


def title_of(run: Run, name: str) -> str:
    """A sampler as it stands over its sheet."""
    spec = run.config.model
    if name == "normal" and spec.abilities.prior == "normal":
        return "N(0, I), for want of a prior" if not spec.abilities.samples else "N(0, I), its own prior"
    return f"{SAMPLERS[name].title}, its own prior" if name == spec.abilities.prior else SAMPLERS[name].title


def sentence_of(run: Run, name: str) -> str:
    """One sentence on it, with what is special about this model."""
    spec, said = run.config.model, SAMPLERS[name].sentence
    if name == "normal" and not spec.abilities.samples:
        return "Its decoder was never asked for codes from anywhere."
    if name == "normal" and spec.wiring is not None:
        return "What nearly all such models are taught on; this one came from elsewhere, and does not say."
    if name == "normal" and spec.abilities.prior != "normal":
        return f"{said} This model was taught another prior: see what that one is good for."
    return said


def show(run: Run, wish: Wish, shown: Shown) -> tuple[int, int]:
    """Draws the sheets; which sheet and which dream of it is picked, from 0."""
    able, kind = run.config.model.abilities, run.config.data.kind
    names = [name for name, _, _ in shown]
    picked = state.page_param("pick", (0, 0), lambda text: _picked(text, names, len(shown[0][2].codes)))
    moving = {"c" if name == "tray" else "t" for name in names}
    warm = TEMPERATURE if all(SAMPLERS[name].linear for name in names) else LIKELIHOOD
    sliders = [replace(one, value=temperature(one.name)) for one in (warm, DISTANCE) if one.name in moving]

    def move(values: dict[str, float]) -> None:
        for name, value in values.items():
            state.set_page_param(name, None if round(value, 2) == 1 else f"{round(value, 2):g}")

    def pick(sheet: str, number: int) -> None:
        state.set_page_param("pick", f"{sheet}-{number + 1}")

    component.dreams(
        [
            component.Sheet(
                name,
                title_of(run, name),
                sentence_of(run, name),
                "c" if name == "tray" else "t",
                _items(run, dreams),
                dreams.draws if able.in_browser else None,
            )
            for name, _, dreams in shown
        ],
        sliders,
        (names[picked[0]], picked[1]),
        decoder=decoder_url(run.name, wish.given.key) if able.in_browser else None,
        kind=kind,
        columns=4 if len(shown) > 1 or kind == "table" else 8 if len(shown[0][2].codes) > 16 else 4,
        key=f"dreams.{run.name}.sheets",
        on_move=move,
        on_pick=pick,
    )
    return picked


def _picked(text: str, names: list[str], count: int) -> tuple[int, int]:
    sheet, _, number = text.partition("-")
    if sheet not in names or not number.isdecimal() or not 1 <= int(number) <= count:
        raise ValueError("A picked dream is a sampler's name and a number, joined by a hyphen.")
    return names.index(sheet), int(number) - 1


def _items(run: Run, dreams: Dreams) -> tuple[component.Item, ...]:
    """What the server says of each dream; its picture only where the browser does not draw it."""
    count = len(dreams.codes)
    zones = [None] * count if dreams.zones is None else dreams.zones.tolist()
    if run.config.data.kind == "text":
        return tuple(
            component.Item(words=line, note=f"{tokens} token{'s' * (tokens != 1)}", zone=zone)
            for (line, tokens), zone in zip(written(run, dreams.samples), zones, strict=True)
        )
    if run.config.model.abilities.in_browser:
        return tuple(component.Item(zone=zone) for zone in zones)
    return tuple(
        component.Item(picture=picture_source(picture), zone=zone)
        for picture, zone in zip(dreams.pictures, zones, strict=True)
    )


def picture_source(picture: np.ndarray) -> str:
    """The picture as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(picture_png(picture, 96)).decode()}"


def written(run: Run, tokens: np.ndarray) -> list[tuple[str, int]]:
    """Sentences, each with how many tokens it has, its end among them."""
    from vae_core.tokens import PADDING

    lines = sentences(run.config.data, tokens)
    return list(zip(lines, (np.asarray(tokens) != PADDING).sum(1).tolist(), strict=True))


# -- how good they are -------------------------------------------------------------------------------------


def zone_words(zones: np.ndarray) -> str:
    """How many dreams lie where: "14 inside the data, 2 near its edge"."""
    counts = Counter(zones.tolist())
    return ", ".join(f"{counts[zone]} {words}" for zone, words in ZONE_WORDS.items() if counts[zone])


def show_figures(run: Run, wish: Wish, shown: Shown) -> None:
    """Under the sheets: where their codes lie, and the energy distance to held-out samples with its settings."""
    whose = "a real sample" if run.config.model.abilities.encodes else "its training"
    found = None
    for name, asked, dreams in shown:
        said = []
        if dreams.zones is not None:
            said.append(f"{zone_words(dreams.zones)}, by the nearest code of {whose}")
        some = name == "tray" or asked.label >= 0  # dreams of some samples' kind are not to be like all
        match = None if some else cache.get_match(run.name, asked, wish.given.key)
        if match is not None:
            found = match
            said.append(
                f"energy distance of {found.count} dreams to as many held-out samples **{found.distance:.3f}** "
                f"± {found.margin:.3f} (training samples {found.real:.3f} ± {found.real_margin:.3f})"
            )
        if said:
            st.markdown(f"{plain(SAMPLERS[name].title)}: {'; '.join(said)}.")
    if run.config.data.kind == "table":
        st.caption(
            f"Bars, from the top: {plain(', '.join(run.config.data.columns))}. The middle is the data's mean, the "
            f"edges are {BARS_REACH:g} standard deviations away."
        )
    if found is not None:
        with st.popover("What is the energy distance?", type="tertiary", width="content"):
            told = wish.given
            of = f" of {plain(told.words)}" if told.one is not None and told.one[0] >= 0 else ""
            unit = UNITS[run.config.data.kind]
            st.markdown(WHAT_IT_SAYS.format(count=found.count, unit=unit, real=found.real, whose=of))
