"""The view Sliders: one sample through every model, and sliders that move the dimensions most alike."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from ui import cache, show, state
from ui.compare.choose import MOVED, letter, names_of
from ui.compare.links import LINKED, WEAK, Row, leader, moved, rows_of
from ui.components.duet import Moves, Shown, Side, Slider, duet
from ui.decoders import decoder_url
from ui.given import NOTHING, Given, of_key
from ui.limits import DISCRETE, NO_ENCODER
from ui.starts import format_code
from ui.sweeps import strip_source
from ui.widgets import fragment

if TYPE_CHECKING:
    from vae_core.latent.dimensions import Dimensions
    from vae_core.latent.matching import Matching
    from vae_core.runs import Run

REACH = 3.0  # standard deviations of the codes to either side of the sample
SHOWN = 6  # sliders that are not folded away
PICTURE = 320
HOW = f"""
A slider starts at the sample's own code in each model and is counted in **standard deviations of that model's codes**,
so one step means as much in each. It moves the dimension of the first model (**A**, or the first whose codes are
numbers that can be moved) and with it the dimension of every other model that is most alike.

Which is most alike: on the codes of samples that both models have, the correlation $r$ of every dimension with every
other is measured, and pairs are chosen so that the sum of $|r|$ is the largest there is (the Hungarian method). Where
$r$ is negative the dimension runs the other way, and is moved the other way: a **−** stands before its name. Pairs
below $|r| = {LINKED:g}$ share less than {LINKED**2:.0%} of their variance and are not moved together; a link below
$|r| = {WEAK:g}$ (less than half of the variance) is marked as **weak**: expect the pictures to differ. A correlation
sees straight lines only: two dimensions may say the same in a crooked way and have none.
"""


def show_sliders(runs: list[Run], at: int) -> None:
    """The models that can draw the sample, and what those that cannot say instead."""
    able = [run for run in runs if run.config.model.abilities.encodes]
    st.markdown("Drag a **slider**: it moves a dimension of the first model, and of each other the one most alike.")
    _fragment(runs, able, at)
    with st.expander("Which dimensions are linked, and how?"):
        st.markdown(HOW)
        _say_matched(runs, able)


def told_of(run: Run, at: int) -> Given:
    """What a conditional model is told when it draws this sample."""
    key = cache.get_told_key(run.name, at)
    return of_key(run, key) if key else NOTHING


def _movable(run: Run) -> Dimensions | None:
    """The dimensions of a model whose codes are numbers that can be moved."""
    return None if run.config.model.abilities.cells else cache.get_dimensions(run.name)


def _matched(able: list[Run]) -> tuple[list[Dimensions | None], list[Matching | None]]:
    models = [_movable(run) for run in able]
    first = leader(models)
    matchings = [
        None
        if first is None or place == first or models[place] is None
        else cache.get_matching(able[first].name, run.name)
        for place, run in enumerate(able)
    ]
    return models, matchings


@fragment()
def _fragment(runs: list[Run], able: list[Run], at: int) -> None:
    """The component; only this part runs again when a finger lifts."""
    models, matchings = _matched(able)
    letters = [letter(runs.index(run)) for run in able]
    rows = rows_of(models, matchings)
    count = len(rows)
    offsets = state.page_param(MOVED, (0.0,) * count, lambda text: _parse(text, count))
    sides = [_side(run, one, at, place, model, rows, offsets)
             for place, (run, one, model) in enumerate(zip(able, letters, models, strict=True))]  # fmt: skip
    names = [run.names for run in able]
    sliders = [_slider(row, letters, names, models) for row in rows]
    duet(
        sides, sliders, offsets, _original(able[0], at), key="latentarium.duet", reach=REACH, shown=SHOWN, on_move=_keep
    )
    for sentence in _limits(runs):
        st.caption(sentence)


def _keep(offsets: tuple[float, ...]) -> None:
    state.set_page_param(MOVED, format_code(offsets) if any(offsets) else None)


def _parse(text: str, count: int) -> tuple[float, ...]:
    """Where the sliders stand, as in the address. Raises ValueError where it fits no such sliders."""
    values = tuple(float(part) for part in text.split("_"))
    if len(values) != count or not all(math.isfinite(value) and abs(value) <= REACH for value in values):
        raise ValueError(f"There are {count} sliders, each from {-REACH:g} to {REACH:g}.")
    return values


# -- the models --------------------------------------------------------------------------------------------


def _shown(run: Run, sample: np.ndarray, zone: int | None = None) -> Shown:
    """A sample as the component shows it: words of a sentence, else a picture."""
    from vae_core.export import upright
    from vae_core.render import pictures, words

    info = run.config.data
    if info.kind == "text":
        return Shown(words=info.joiner.join(words(info, sample)) or "(an empty sentence)", zone=zone)
    return Shown(strip_source(upright(pictures(info, sample[None]))), zone=zone)


def _original(run: Run, at: int) -> tuple[str, Shown] | None:
    original = cache.get_originals(run.name, (at,))
    return None if original is None else ("the sample", _shown(run, original[0]))


def _side(
    run: Run, name: str, at: int, place: int, model: Dimensions | None, rows: list[Row], offsets: tuple[float, ...]
) -> Side:
    told = told_of(run, at)
    code = run.codes.mean[run.codes.rows([at])[0]]
    made = partial(Side, name, run.title, told.words, tuple(code.tolist()))
    if run.config.model.abilities.in_browser:
        return made(decoder_url(run.name, told.key), _distance(run))
    z = code if model is None else moved(code.tolist(), place, rows, offsets, model.spread)
    sample = cache.get_decoded(run.name, z[None], told.key)[0]
    zones = None if run.config.model.abilities.cells else show.zones_of(run, z[None])
    return made(None, None, _shown(run, sample, None if zones is None else int(zones[0])))


def _distance(run: Run) -> dict[str, Any] | None:
    from dataclasses import asdict

    seen = cache.get_seen(run.name)
    return None if seen is None else {"dims": [int(d) for d in seen.dims], **asdict(seen.typical)}


def _slider(row: Row, letters: list[str], names: list[dict[int, str]], models: list[Dimensions | None]) -> Slider:
    links = tuple(
        Moves(link.model, link.dim, link.sign * _spread(models[link.model], link.dim),
              names[link.model].get(link.dim, f"z{link.dim}"), link.correlation,
              link.correlation is not None and abs(link.correlation) < WEAK)
        for link in row.links
    )  # fmt: skip
    notes = tuple(_alone(letters[model], best) for model, best in row.apart)
    return Slider(links[0].name, links, notes)


def _alone(name: str, best: float) -> str:
    if best >= LINKED:
        return f"{name}: no partner. The dimension nearest to this one (|r| {best:.2f}) goes better with another."
    return f"{name}: no partner. No dimension comes near this one (|r| {best:.2f} at most)."


def _spread(model: Dimensions | None, dim: int) -> float:
    return 0.0 if model is None else float(model.spread[dim])


# -- what cannot be moved, and why -------------------------------------------------------------------------


def _limits(runs: list[Run]) -> list[str]:
    said = []
    for run, name in zip(runs, names_of(runs), strict=True):
        able = run.config.model.abilities
        if not able.encodes:
            said.append(f"**{name}** shows nothing here. {NO_ENCODER.why}")
        elif able.cells:
            said.append(f"**{name}** has no sliders: it shows its reconstruction. {DISCRETE.why}")
        elif not cache.get_dimensions(run.name).awake.any():
            said.append(f"**{name}** has no sliders: all its dimensions sleep, so its code says nothing of the sample.")
        elif not able.in_browser:
            said.append(f"**{name}** is decoded by the server, when a slider is let go.")
    return said


def _say_matched(runs: list[Run], able: list[Run]) -> None:
    """How many dimensions found a partner, on how many samples, and which sleep."""
    models, matchings = _matched(able)
    first = leader(models)
    if first is None:
        return
    names = dict(zip([run.name for run in runs], names_of(runs), strict=True))
    lead = names[able[first].name]
    lines = []
    for run, model, matching in zip(able, models, matchings, strict=True):
        if model is None:
            continue
        name, asleep = names[run.name], int((~model.awake).sum())
        if asleep:
            every = len(model.awake)
            lines.append(f"- {asleep} of {every} dimensions of **{name}** sleep, and have no slider: they say nothing.")
        if matching is not None:
            linked = sum(abs(pair.correlation) >= LINKED for pair in matching.pairs)
            lines.append(f"- **{name}**: {linked} dimension{'s' * (linked != 1)} linked to {lead}, by codes of "
                         f"{matching.samples:,} samples.")  # fmt: skip
        elif run is not able[first]:
            lines.append(f"- **{name}** shares fewer than {cache.FEWEST} samples with {lead}: too few to say which "
                         "dimensions are most alike.")  # fmt: skip
    st.markdown("\n".join(lines))
