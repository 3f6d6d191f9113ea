"""Maps of a run on any page: which projection, coloured by what, with what drawn over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache
from ui.components.map import Fact, MapData, Visitor, latent_map, prepare
from ui.guest_pictures import picture_url
from ui.tiles import tiles_url
from vae_core.guests import is_guest, name_of

if TYPE_CHECKING:
    from vae_core.figures.maps import Colouring, Ellipse, Path
    from vae_core.figures.template import Theme
    from vae_core.latent.projection import MapSettings, Projection
    from vae_core.runs import Run

DEFAULT_SAMPLES = 5000


def current_theme() -> Theme:
    """What the visitor's page looks like now; dark before the browser has said so."""
    return "light" if st.context.theme.type == "light" else "dark"


def settings_for(run: Run, method: str, samples: int = DEFAULT_SAMPLES, dims: tuple[int, int] = (0, 1)) -> MapSettings:
    """Settings of a map of this run."""
    from vae_core.latent.projection import MapSettings, fitted

    return fitted(MapSettings(method=method, samples=samples, dims=dims), len(run.codes))


def ready_map(run: Run) -> Projection:
    """The best map that is there without waiting: the plane itself in two dimensions, else UMAP, else PCA."""
    if run.latent_dim <= 2:
        plane = cache.get_map(run.name, settings_for(run, "raw"))
    else:
        plane = cache.get_map(run.name, settings_for(run, "umap")) or cache.get_map(run.name, settings_for(run, "pca"))
    assert plane is not None
    return plane


# -- colours -----------------------------------------------------------------------------------------------


INFERRED, LENGTH, WORDS = "inferred class", "length", "distinct codes"


def colour_names(run: Run) -> tuple[str, ...]:
    """By what the samples of this run can be coloured, the most telling first."""
    codes, info, able = run.codes, run.config.data, run.config.model.abilities
    if not able.encodes:
        return (LENGTH,)
    classes = ("class",) if codes.y is not None and info.class_names else ()
    inferred = (INFERRED,) if able.infers_class and cache.get_inferred(run.name) is not None else ()
    factors = info.factor_names if codes.factors is not None else ()
    rate = ("rate",) if able.rated else ()
    words = (WORDS,) if able.cells is not None else ()
    return (*classes, *inferred, *factors, "distortion", *rate, *words)


def colouring(run: Run, name: str, positions: np.ndarray) -> Colouring:
    """The colours of the samples at `positions` by one of `colour_names(run)`."""
    from vae_core.figures.maps import Colouring, factor_colouring

    codes, info = run.codes, run.config.data
    if name == "class" and codes.y is not None:
        return Colouring("class", codes.y[positions], info.class_names)
    if name == INFERRED and (inferred := cache.get_inferred(run.name)) is not None:
        return Colouring(INFERRED, inferred[positions], info.class_names)
    if name in info.factor_names and codes.factors is not None:
        column = info.factor_names.index(name)
        values, size = codes.factors[positions, column], info.factor_sizes[column]
        kinds = info.class_names if name == "shape" and len(info.class_names) == size else ()
        return factor_colouring(name, values, size, kinds)
    if name == "rate":
        return Colouring("rate", codes.rate[positions].sum(axis=1), unit="nats")
    if name == LENGTH:
        return Colouring("length of the code", np.linalg.norm(codes.mean[positions], axis=1))
    if name == WORDS:
        grids = np.sort(cache.get_grids(run.name)[positions], axis=1)
        return Colouring("distinct codes of a sample", 1 + (np.diff(grids, axis=1) > 0).sum(axis=1))
    return Colouring("distortion", codes.distortion[positions], unit="nats")


def facts(run: Run, positions: np.ndarray) -> tuple[Fact, ...]:
    """What a sample's card says beside its picture: what was measured of it, and nothing else."""
    codes, info, able = run.codes, run.config.data, run.config.model.abilities
    if not able.encodes:
        return (Fact("length of the code", np.linalg.norm(codes.mean[positions], axis=1).astype(np.float32)),)
    lines = []
    if codes.y is not None and info.class_names:
        lines.append(Fact("class", codes.y[positions], info.class_names))
    lines.append(Fact("distortion", codes.distortion[positions], unit="nats"))
    if able.rated:
        lines.append(Fact("rate", codes.rate_at(positions).sum(axis=1), unit="nats"))
    return tuple(lines)


# -- rows, positions, places in the dataset ----------------------------------------------------------------


def rows_of(run: Run, projection: Projection, indices: Sequence[int]) -> dict[int, int]:
    """Where samples (places in the full dataset) are on the map: index -> row; others are left out."""
    positions = run.codes.rows(indices)
    order = np.argsort(projection.positions, kind="stable")
    rows = order[np.searchsorted(projection.positions, positions, sorter=order).clip(max=len(order) - 1)]
    there = (positions >= 0) & (projection.positions[rows] == positions)
    return {int(index): int(row) for index, row, on_map in zip(indices, rows, there, strict=True) if on_map}


def axis_titles(run: Run, projection: Projection) -> tuple[str, str]:
    """The axes' titles, with the names that visitors gave to dimensions."""
    if projection.settings.method != "raw":
        return projection.axes
    names = run.names
    first, second = (
        names.get(dim, title) for dim, title in zip(projection.settings.dims, projection.axes, strict=True)
    )
    return first, second if run.latent_dim > 1 else ""


# -- guests ------------------------------------------------------------------------------------------------


def guests_among(run: Run, indices: Sequence[int]) -> list[int]:
    """Those of these samples that are guests with a code of this run, each once."""
    guests = [*filter(is_guest, dict.fromkeys(indices))]
    return [guest for guest, row in zip(guests, run.codes.rows(guests), strict=True) if row >= 0]


def visitors_of(run: Run, projection: Projection, guests: Sequence[int]) -> list[Visitor]:
    """These guests on a map of this run, which stays as it is."""
    if not guests:
        return []
    rows = run.codes.rows(guests)
    places = cache.get_guest_places(run.name, projection.settings, tuple(guests))
    lines = [(fact.title, fact.values, fact.unit) for fact in facts(run, rows) if fact.names is None]
    return [
        Visitor(
            name_of(guest), float(x), float(y), picture_url(run.name, guest),
            tuple(f"{title} {values[i]:.4g} {unit}".strip() for title, values, unit in lines),
        )
        for i, (guest, (x, y)) in enumerate(zip(guests, places, strict=True))
    ]  # fmt: skip


# -- the map -----------------------------------------------------------------------------------------------


def show_map(
    run: Run,
    projection: Projection,
    *,
    key: str,
    colour: str | None = None,
    tray: Sequence[int] = (),
    picked: int | None = None,
    chosen: np.ndarray | None = None,
    ellipses: Sequence[Ellipse] = (),
    paths: Sequence[Path] = (),
    small: bool = False,
    on_pick: Callable[[int], None] | None = None,
    on_select: Callable[[np.ndarray], None] | None = None,
) -> None:
    """Draws a map of a run. Samples are named by their places in the full dataset, in and out.

    Args:
        key: a name for this map on its page.
        colour: one of `colour_names(run)`; the first where it is not given.
        tray: samples to ring; guests among them are drawn as stars. picked: the sample whose card stays open.
        chosen: samples that are selected whoever selected them, int64 [m], for maps that are linked.
        ellipses, paths: drawn over the points, in the units of the axes.
        on_pick: told the sample that was clicked. on_select: told the samples in a box or lasso, int64 [m].
    """
    from vae_core.figures.maps import overlays

    index = run.codes.index[projection.positions]
    wanted = tray if picked is None else [*tray, picked]
    rows: Mapping[int, int] = rows_of(run, projection, wanted) if wanted else {}
    guests = guests_among(run, wanted)
    rows = {**rows, **{guest: len(index) + place for place, guest in enumerate(guests)}}
    index = np.concatenate([index, np.asarray(guests, dtype=np.int64)])
    names = colour_names(run)
    colour = colour if colour in names else names[0]
    theme = current_theme()
    over = overlays(
        projection.xy,
        theme=theme,
        tray=[rows[i] for i in tray if i in rows and i != picked and i not in guests],
        ellipses=ellipses,
        paths=paths,
    )
    latent_map(
        cache.get_map_data(run.name, projection.settings, colour, theme, axis_titles(run, projection)),
        key=key,
        overlays=over,
        tiles=tiles_url(run.name),
        picked=rows.get(picked) if picked is not None else None,
        chosen=None if chosen is None else np.array(sorted(rows_of(run, projection, chosen.tolist()).values())),
        visitors=visitors_of(run, projection, guests),
        label=f"Map of {run.title}, coloured by {colour}",
        small=small,
        on_pick=None if on_pick is None else lambda row: on_pick(int(index[row])),
        on_select=None if on_select is None else lambda chosen: on_select(index[chosen]),
    )


def map_data(run: Run, projection: Projection, colour: str, theme: Theme, axes: tuple[str, str]) -> MapData:
    """The points of a map, ready for the browser; `cache.get_map_data` keeps them."""
    from vae_core.figures.maps import map_figure

    positions = projection.positions
    figure = map_figure(
        projection.xy,
        colouring(run, colour, positions),
        axes,
        theme=theme,
        revision=f"{run.name}/{projection.settings.key}",
    )
    index, first = run.codes.index[positions], run.config.data.size
    dreams = None if run.config.model.abilities.encodes else first
    return prepare(figure, positions=positions, index=index, facts=facts(run, positions), dreams=dreams)
