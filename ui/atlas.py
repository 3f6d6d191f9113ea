"""The parts of the atlas: its controls, how far a map can be trusted, the sample looked at, what a lasso holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, guests, map_jobs, maps, show, state
from ui.limits import DISCRETE, NO_ENCODER, NO_SPREAD, say
from ui.maps import colouring, rows_of
from ui.training import in_words
from ui.widgets import fragment, picture_png, picture_strip
from ui.words import plain
from vae_core.guests import is_guest
from vae_core.tokens import PADDING

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from vae_core.figures.maps import Ellipse
    from vae_core.latent.projection import MapSettings, Projection
    from vae_core.runs import Run

_SELECTED = "latentarium.atlas.selected"
_STOPPED = "latentarium.atlas.stopped"
_ASKED = "latentarium.atlas.asked"
_DATA = "latentarium.atlas.data"
SHOWN = 24  # pictures of a selection
WIDE = 96  # pixels; a sentence in a small picture is unreadable
SENTENCE = "font-size: 1.15rem; line-height: 1.35; margin: 0; text-wrap: balance;"
DEVIATIONS = 2.0
AUTOMATIC = 10_000  # samples; a UMAP of more is made only when somebody asks for it
# What a UMAP takes on an ordinary machine: libraries and compilation, then its samples.
SECONDS, SECONDS_A_SAMPLE = 10.0, 5e-4

METHODS = {"umap": "UMAP", "pca": "PCA", "raw": "Raw plane"}
STEPS = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
HELP = {
    "umap": "**UMAP** keeps neighbours together: groups show well, distances between them mean little.",
    "pca": "**PCA** looks at latent space from the side that shows most of its spread; straight lines stay straight.",
    "raw": "**Raw plane**: two latent dimensions as they are, nothing squeezed.",
}
HOW_TO_TRUST = """
{squeeze}
**Trustworthiness** asks, for each sample: are its {k} nearest neighbours *on the map* also near it *in latent space*?

- **1.00** means every neighbour you see is a true one,
- **0.95** and more: clusters and neighbours can be believed,
- about **0.5** is what a map drawn by chance would get.

Computed on {samples} of the {of} samples shown, with k = {k} (Venna and Kaski 2001, scikit-learn).
{caution}
"""
SQUEEZED = "A map squeezes {} dimensions into two, so some samples must end up beside strangers."
WHOLE = "This run has no more dimensions than the map, so nothing has to be squeezed."
CAUTIONS = {
    "umap": "It says nothing of what lies *far apart*: UMAP's distances between clusters and their sizes mean little.",
    "pca": "Samples that look close in PCA may differ along the directions it leaves out.",
    "raw": "Samples that look close here may differ in dimensions that are not shown, where there are more.",
}


# -- controls ---------------------------------------------------------------------------------------------


def one_of(*allowed: str) -> Callable[[str], str]:
    """A parser for the address that takes these words and no others."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(text)
        return text

    return parse


def choose(run: Run) -> tuple[MapSettings, str, DeltaGenerator]:
    """The row of controls: how the map is made, what colours it; what is not as usual is in the address."""
    two = run.latent_dim <= 2
    methods = ("raw", "pca", "umap") if two else ("umap", "pca", "raw")
    colours = maps.colour_names(run)
    total = len(run.codes)
    sizes = [*(step for step in STEPS if step < total), total]
    usual = min(maps.DEFAULT_SAMPLES, total)

    def remembered(name: str, default: str, allowed: tuple[str, ...]) -> str:
        return state.page_param(name, default, one_of(*allowed))

    row = st.container(horizontal=True, vertical_alignment="top", gap="medium", key="atlas-controls")
    with row:
        method = st.segmented_control(
            "Map",
            methods,
            default=remembered("map", methods[0], methods),
            format_func=METHODS.__getitem__,
            key=f"atlas.{run.name}.method",
            required=True,
        )
        colour = st.selectbox(
            "Colour by",
            colours,
            index=colours.index(remembered("colour", colours[0], colours)),
            key=f"atlas.{run.name}.colour",
            width=150,
        )
        size = int(remembered("n", str(usual), tuple(str(size) for size in sizes)))
        if len(sizes) > 1:
            size = st.select_slider(
                "Samples",
                sizes,
                value=size,
                format_func=lambda size: f"all {size:,}" if size == total else f"{size:,}",
                key=f"atlas.{run.name}.n",
                width=170,
            )
        dims = (0, 1)
        if method == "raw" and not two:
            dims = choose_dimensions(run)
    state.set_page_param("map", None if method == methods[0] else method)
    state.set_page_param("colour", None if colour == colours[0] else colour)
    state.set_page_param("n", None if size == usual else size)
    return maps.settings_for(run, method, size, dims), colour, row


def choose_dimensions(run: Run) -> tuple[int, int]:
    """Which two dimensions the raw plane shows; the two with the highest rate (or variance) at first."""
    every = tuple(range(run.latent_dim))
    telling = run.codes.rate.mean(axis=0) if run.config.model.abilities.rated else run.codes.mean.var(axis=0)
    by_rate = telling.argsort(kind="stable")[::-1]
    best = (int(by_rate[0]), int(by_rate[1]))
    first, second = state.page_param("dims", best, lambda text: state.parse_pair(text, run.latent_dim))
    names = run.names
    x = st.selectbox("Across", every, index=first, format_func=lambda dim: names.get(dim, f"z{dim}"), width=110)
    rest = tuple(dim for dim in every if dim != x)
    default = rest.index(second) if second in rest else 0
    y = st.selectbox("Up", rest, index=default, format_func=lambda dim: names.get(dim, f"z{dim}"), width=110)
    state.set_page_param("dims", None if (x, y) == best else f"{x}.{y}")
    return x, y


# -- what was picked and selected --------------------------------------------------------------------------


def picked(run: Run) -> int | None:
    """The sample looked at (place in the full dataset), from the address; None where this run has no such code."""
    data = run.config.data.name
    if st.session_state.setdefault(_DATA, data) != data:  # another dataset: the number means another sample
        st.session_state[_DATA] = data
        state.set_page_param("at", None)
    at = state.page_param("at", None, int)
    return at if at is not None and run.codes.rows([at])[0] >= 0 else None


def pick(index: int) -> None:
    """A click on the map: the sample goes into the tray and is looked at. For callbacks."""
    state.add_to_tray([index])
    state.set_page_param("at", index)


def select(run: str, indices: np.ndarray) -> None:
    """A box or lasso: its samples go into the tray, evenly drawn where they are too many. For callbacks."""
    st.session_state[_SELECTED] = (run, indices)
    known = set(state.selection().tray)
    new = np.asarray([i for i in indices.tolist() if i not in known], dtype=np.int64)
    room = state.TRAY_LIMIT - len(known)
    if len(new) > room:
        new = new[np.linspace(0, len(new) - 1, room).astype(np.int64)] if room > 0 else new[:0]
        state.tell(
            f"{len(indices):,} samples are selected; the tray holds {state.TRAY_LIMIT}, "
            + (f"so {room} spread evenly over them were added." if room > 0 else "and is full.")
        )
    state.add_to_tray(new.tolist())


def selected(run: Run) -> np.ndarray:
    """The samples of the last box or lasso on this run's map, int64 [m]; none after it was cleared."""
    name, indices = st.session_state.get(_SELECTED, ("", np.empty(0, dtype=np.int64)))
    return indices if name == run.name else np.empty(0, dtype=np.int64)


# -- beside the map ----------------------------------------------------------------------------------------


def show_trust(run: Run, projection: Projection) -> None:
    """Trustworthiness with the settings of its estimate, and what it means in plain words."""
    trust = projection.trust
    share = f"{trust.samples:,} of {trust.of:,}" if trust.samples < trust.of else f"all {trust.of:,}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="atlas-trust"):
        st.markdown(
            f"Trustworthiness **{trust.value:.3f}** · k = {trust.neighbors}, on {share} samples", width="content"
        )
        with st.popover("What does this say?", type="tertiary", width="content"):
            st.markdown(
                HOW_TO_TRUST.format(
                    squeeze=SQUEEZED.format(run.latent_dim) if run.latent_dim > 2 else WHOLE,
                    k=trust.neighbors,
                    samples=f"{trust.samples:,}",
                    of=f"{trust.of:,}",
                    caution=CAUTIONS[projection.settings.method],
                )
            )


def ellipses(run: Run, projection: Projection, index: int | None) -> list[Ellipse]:
    """The posterior of the sample looked at, where it has a spread and the axes are latent ones."""
    from vae_core.figures.maps import Ellipse

    spreads = run.config.model.abilities.spreads
    on_map = index is not None and (is_guest(index) or rows_of(run, projection, [index]))
    if index is None or not spreads or not projection.is_linear or not on_map:
        return []
    row = run.codes.rows([index])
    place = projection.place(run.codes.mean[row])[0]
    return [Ellipse(place, projection.covariance(run.codes.std[row])[0], DEVIATIONS, "posterior")]


def say_limits(run: Run) -> None:
    """What this map cannot be, and why, where that is no detail."""
    if not run.config.model.abilities.encodes:
        say(NO_ENCODER, dreams=len(run.codes))


def show_sample(run: Run, projection: Projection, index: int | None) -> None:
    """The sample looked at: original, reconstruction, its figures, and where its ellipse is."""
    if index is None:
        what = "sample" if run.config.model.abilities.encodes else "dream"
        st.markdown(f"##### No {what} picked yet")
        st.caption(f"Point at the map to see {what}s; click one to look at it here and put it in the tray.")
        return
    position = int(run.codes.rows([index])[0])
    original = cache.get_pictures(run.name, (index,))
    name = original.labels[0]
    st.markdown(f"##### {plain(name[0].upper() + name[1:])}")
    {"image": _show_pictures, "text": _show_sentences, "table": _show_rows}[run.config.data.kind](run, index, name)
    _show_figures(run, position, index)
    guests.show_distance(run, index)
    _show_place(run, projection, index)


def _show_pictures(run: Run, index: int, name: str) -> None:
    original = cache.get_pictures(run.name, (index,))
    decoded = cache.get_reconstructions(run.name, (index,))[0]
    if original.decoded:
        st.image(picture_png(decoded, 320), width=176, output_format="PNG", alt=f"{name}, decoded from its code")
        st.caption("decoded from its code")
        return
    left, right = st.columns(2, gap="small")
    left.image(picture_png(original.pixels[0], 320), output_format="PNG", alt=f"{name}, original", width="stretch")
    left.caption("original")
    right.image(picture_png(decoded, 320), output_format="PNG", alt=f"{name}, reconstruction", width="stretch")
    right.caption("reconstruction")


def _show_sentences(run: Run, index: int, name: str) -> None:
    info = run.config.data
    redrawn = cache.get_redrawn(run.name, (index,))[0]
    originals = cache.get_originals(run.name, (index,))
    if originals is None:
        st.html(f"<p style='{SENTENCE}'>{show.marked(info, redrawn)}</p>")
        st.caption("decoded from its code")
        return
    st.html(f"<p style='{SENTENCE}'>{show.marked(info, originals[0])}</p>")
    st.caption("original")
    st.html(f"<p style='{SENTENCE}'>{show.marked(info, redrawn, originals[0])}</p>")
    st.caption("reconstruction, with what is new marked")


def _show_rows(run: Run, index: int, name: str) -> None:
    import pandas as pd

    info = run.config.data
    _show_pictures(run, index, name)
    columns = {"reconstruction": cache.get_redrawn(run.name, (index,))[0]}
    originals = cache.get_originals(run.name, (index,))
    if originals is not None:
        columns = {"original": originals[0]} | columns
    real = {title: np.asarray(info.centre) + np.asarray(info.scale) * row for title, row in columns.items()}
    with st.expander("In real units, from the top"):
        st.dataframe(pd.DataFrame(real, index=[plain(column) for column in info.columns]).style.format(precision=3))


def _show_figures(run: Run, position: int, index: int) -> None:
    """What was measured of the sample; nothing that was not."""
    codes, able = run.codes, run.config.model.abilities
    if not able.encodes:
        length = float(np.linalg.norm(codes.mean[position]))
        st.markdown(f"Its code is **{length:.2f}** long; on average one from this prior is {run.latent_dim**0.5:.2f}.")
        return
    distortion = float(codes.distortion[position])
    told = [f"Distortion **{distortion:.1f} nats**"]
    if able.rated:
        told.append(f"rate **{float(codes.rate_at(np.array([position])).sum()):.1f} nats**")
    if able.kind == "text" and (originals := cache.get_originals(run.name, (index,))) is not None:
        tokens = int((originals[0] != PADDING).sum())
        told.append(f"**{tokens} tokens**, {distortion / tokens:.2f} nats each")
    rank = float((codes.distortion < distortion).mean())
    st.markdown(f"{', '.join(told)}  \nHarder to redraw than {rank:.0%} of the samples.")


def _show_place(run: Run, projection: Projection, index: int) -> None:
    """Where the sample is on the map, and with what spread."""
    able = run.config.model.abilities
    if able.cells is not None:
        st.caption(f"{DISCRETE.why} {DISCRETE.instead}")
    elif able.encodes and not able.spreads:
        st.caption(NO_SPREAD.why)
    elif able.spreads and projection.is_linear:
        st.caption(
            f"The ellipse on the map is its posterior: {DEVIATIONS:g} standard deviations each way, "
            "to the scale of the axes. The encoder is unsure within it."
        )
    elif able.spreads:
        st.caption("UMAP bends space, so the posterior has no ellipse here; PCA and the raw plane show it.")
    if is_guest(index):
        guests.show_place(projection)
    elif not rows_of(run, projection, [index]):
        st.caption("This sample is not among those on the map; show more samples to see it there.")


def show_selection(run: Run, indices: np.ndarray) -> None:
    """What a box or lasso holds: how many, of which classes, and some of them."""
    if not len(indices):
        return
    codes, info, able = run.codes, run.config.data, run.config.model.abilities
    positions = codes.rows(indices)
    st.markdown(f"##### {len(indices):,} {'samples' if able.encodes else 'dreams'} selected")
    if codes.y is not None and info.class_names:
        counts = np.bincount(codes.y[positions], minlength=len(info.class_names))
        first = [i for i in np.argsort(-counts, kind="stable")[:4] if counts[i]]
        words = [f"{plain(info.class_names[i])} **{counts[i] / len(indices):.0%}**" for i in first]
        st.markdown("Mostly " + ", ".join(words) + ("…" if (counts > 0).sum() > len(first) else ""))
    if able.encodes:
        rate = f", mean rate {codes.rate[positions].sum(axis=1).mean():.1f} nats" if able.rated else ""
        mean, over = codes.distortion[positions].mean(), codes.distortion.mean()
        st.caption(f"Mean distortion {mean:.1f} nats ({over:.1f} over all){rate}.")
    shown = indices[np.unique(np.linspace(0, len(indices) - 1, min(SHOWN, len(indices))).astype(np.int64))]
    pictures = cache.get_pictures(run.name, tuple(shown.tolist()))
    first = 0 if able.encodes else info.size  # dreams are counted from 0
    picture_strip(pictures.pixels, [str(i - first) for i in shown], side=WIDE if able.kind == "text" else 48)
    if len(shown) < len(indices):
        st.caption(f"{len(shown)} of them, evenly drawn.")


# -- a map that is being made ------------------------------------------------------------------------------


def show_job(run: Run, settings: MapSettings) -> None:
    """Starts a UMAP that is missing, shows how far it is and draws it when it is there.

    A small one starts by itself, a large one when it is asked for, one that failed when it is asked for again.
    """
    wanted = (run.name, settings.key)
    small = settings.samples <= AUTOMATIC and wanted not in _remembered(_STOPPED)
    wished = small or wanted in _remembered(_ASKED)
    try:
        now = (map_jobs.start if wished else map_jobs.look)(run.folder, settings)
    except OSError as error:
        st.warning(f"The UMAP map cannot be kept with this run: {error.strerror or error}.")
        return
    if now.state == "running" or (now.state == "waiting" and wished):
        _follow_job(run, settings)
        return
    if now.state == "failed":
        st.warning(f"The UMAP map could not be made. {plain(now.text)}", icon=":material/error:")
    label = "Try again" if now.state == "failed" else "Make the UMAP map"
    st.button(
        f"{label} ({in_words(SECONDS + SECONDS_A_SAMPLE * settings.samples)})",
        icon=":material/scatter_plot:",
        on_click=_ask,
        args=(run, settings),
        key="atlas-make",
    )


def _remembered(what: str) -> set[tuple[str, str]]:
    return st.session_state.setdefault(what, set())


def _ask(run: Run, settings: MapSettings) -> None:
    _remembered(_STOPPED).discard((run.name, settings.key))
    _remembered(_ASKED).add((run.name, settings.key))
    map_jobs.forget(run.folder, settings)


def _stop_job(run: Run, settings: MapSettings) -> None:
    _remembered(_STOPPED).add((run.name, settings.key))
    _remembered(_ASKED).discard((run.name, settings.key))
    map_jobs.stop(run.folder, settings)


@fragment(run_every=0.7)
def _follow_job(run: Run, settings: MapSettings) -> None:
    now = map_jobs.look(run.folder, settings)
    if now.state not in ("running", "waiting"):
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width=300, key="atlas-job"):
        st.progress(now.part, f"Making UMAP; PCA meanwhile. {now.text}", width=230)
        if now.stoppable or now.state == "waiting":
            st.button(
                "",
                icon=":material/stop:",
                key="atlas-stop",
                help="Stop making the UMAP map",
                on_click=_stop_job,
                args=(run, settings),
            )


def colour_key(run: Run, projection: Projection, name: str) -> str:
    """One sentence that says what the colours are."""
    chosen = colouring(run, name, projection.positions)
    if chosen.names is not None:
        return f"Colours are the {plain(name)}; click a name in the legend to hide it."
    if name == maps.WORDS:
        return "Bright: a sample of many different codes."
    return f"Bright is a high {plain(name)}" + (f" ({chosen.unit})." if chosen.unit else ".")
