"""The film of a training as pages show it: while it is being taken, and afterwards with its downloads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from ui import blobs, cache, map_jobs, state
from ui.components import film as component
from ui.maps import current_theme
from ui.widgets import fragment
from ui.words import plain
from vae_core.data import find_card

if TYPE_CHECKING:
    from pathlib import Path

    from vae_core.config import DataInfo, TrainConfig
    from vae_core.launch import Standing
    from vae_core.runs.film import Film

PARTS = ("figures", "xy", "rate", "dims", "back", "walk")
"""Of a frame, as the browser names them."""
RAW = "Both axes are the code itself: this model has two dimensions."
RAW_LINE = "A code of one dimension lies on a line."
PCA = (
    "The plane of largest variance (PCA), found anew in each frame and then only turned, so that it lies on the one "
    "before: distances are true, and what drifts is the codes."
)
UMAP = (
    "UMAP, each frame begun at the one before and then only turned: neighbours stay neighbours, and distances between "
    "groups mean little."
)
WAITS = "Another map is being made; this one can be made after it."
NO_WALKS = "No walks: each cell's code is an entry of a list, and there is nothing between two entries."
NO_MAP = "No map: without an encoder no sample has a place. These are made of eight codes that stay the same."


@dataclass(frozen=True)
class Reel:
    """A film made ready for the browser.

    data: what it is told. packs: what it fetches. plane: its map is the plane of the code itself. lacks_umap: a second
    map would say more, and there is none.
    """

    data: dict[str, Any]
    packs: tuple[blobs.Pack, ...]
    plane: bool
    lacks_umap: bool


def reel_of(
    film: Film, config: TrainConfig, info: DataInfo, names: dict[int, str], umap: np.ndarray | None = None
) -> Reel:
    """All frames of a film, each a pack of its own, so that a film that grew by one costs that one.

    umap: places float32 [F, n, 2] of its second map.
    """
    from vae_core.runs.film_umap import can_have_umap

    frames = [blobs.pack(parts) for parts in _frames(film)]
    others = [] if umap is None else [blobs.pack([xy.ravel()]) for xy in umap]
    still = blobs.pack([film.y.astype(np.int32), film.positions, film.originals.ravel()])
    raw, encodes = film.raw, config.promises.encodes
    data = {
        **_empty(config, info.kind),
        "frames": [_address(pack) for pack in frames],
        "parts": _layout(frames[0], PARTS),
        "maps": [{
            "name": "The plane itself" if raw else "PCA", "labelled": True, "frames": None,
            "note": (RAW_LINE if film.rate.shape[1] == 1 else RAW) if raw else PCA,
        }, *({
            "name": "UMAP", "labelled": False, "note": UMAP, "frames": [_address(pack) for pack in others],
            "parts": _layout(others[0], ("xy",)),
        } for _ in others[:1])],
        "still": {"address": _address(still), "parts": _layout(still, ("y", "positions", "originals"))},
        "n": len(film.y),
        "pairs": film.reconstructions.shape[1],
        "rows": film.dims.shape[1],
        "picture": list(film.reconstructions.shape[2:]),
        "wide": film.reconstructions.shape[4] > film.reconstructions.shape[3],
        "classes": list(info.class_names) if encodes else [],
        "names": {str(dimension): name for dimension, name in names.items()},
    }  # fmt: skip
    plane = len(film.y) > 0 and film.codes.shape[2] == 2
    return Reel(data, (*frames, *others, still), plane, umap is None and can_have_umap(film))


def _frames(film: Film) -> list[Sequence[np.ndarray]]:
    figures = np.stack([film.steps, film.epochs, film.distortion, film.total_rate], 1).astype(np.float64)
    return [
        (
            figures[at], film.xy[at].ravel(), film.rate[at], film.dims[at].astype(np.int32),
            film.reconstructions[at].ravel(), film.traversal[at].ravel(),
        )
        for at in range(len(film))
    ]  # fmt: skip


def _address(pack: blobs.Pack) -> str:
    return f"{blobs.PREFIX}{pack.name}.bin"


def _layout(pack: blobs.Pack, names: Sequence[str]) -> dict[str, Any]:
    """Where each part lies in a pack."""
    parts = {}
    for name, reference in zip(names, pack.references, strict=True):
        parts[name] = {key: reference[key] for key in ("dtype", "offset", "length")}
    return parts


def _empty(config: TrainConfig, kind: str) -> dict[str, Any]:
    """What is told before the first frame: enough to keep its room."""
    from vae_core.figures.template import CLASS_COLOURS
    from vae_core.runs.film import AWAKE, MOST_ROWS, PAIRS, WALK

    encodes, discrete = config.promises.encodes, config.promises.discrete
    wide = kind == "text"
    return {
        "frames": [], "parts": {}, "still": None, "n": 0, "pairs": PAIRS, "stops": len(WALK), "awake": AWAKE,
        "rows": 0 if discrete else min(config.latent_dim, MOST_ROWS), "picture": [1, 96, 160] if wide else [1, 28, 28],
        "wide": wide, "palette": list(CLASS_COLOURS), "classes": [], "names": {}, "encodes": encodes,
        "rated": config.promises.rated, "live": True,
        "maps": [{"name": "Map", "note": "", "labelled": True, "frames": None}],
        "measure": {"title": "Distortion", "unit": "nats"} if encodes else {"title": "Energy distance", "unit": ""},
        "notes": {
            "pictures": ["What comes back", "below each original"] if encodes else ["What it dreams", "of fixed codes"],
            "walk": ["What a dimension does", "all others stay"] if not discrete else ["What a dimension does", ""],
            "instead": NO_WALKS if discrete else "" if encodes else NO_MAP,
        },
    }  # fmt: skip


def has_film(folder: Path) -> bool:
    """Whether this run has a film, good or bad."""
    from vae_core.runs.film import FILE

    return (folder / FILE).exists()


def show(now: Standing) -> None:
    """The film as it is just now; room for it while a training has not got its first frame.

    Raises RunError where its file is damaged.
    """
    reel = cache.get_film(now.folder, now.config)
    if reel is None:
        card = find_card(now.config.data)
        data = _empty(now.config, card.kind if card else "image")
    else:
        data = reel.data
    for pack in reel.packs if reel else ():
        blobs.keep(pack)
    component.draw("latentarium.film", {**data, "live": now.live, "theme": current_theme()})


# -- what can be done with a film that is done ---------------------------------------------------------------


def show_extras(now: Standing) -> None:
    """The film as a GIF, and the making of its second map. Raises RunError where its file is damaged."""
    from vae_core.runs.film_umap import FILE

    reel = cache.get_film(now.folder, now.config)
    if reel is None:
        return
    path = now.folder / FILE
    job = map_jobs.look_at_job(path)
    lacks_umap = job.state != "running" and reel.lacks_umap
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "The film, GIF", partial(_gif, now.folder, now.name), f"{now.name}-film.gif", mime="image/gif",
            on_click="ignore", icon=":material/download:", key="latentarium.film.gif",
        )  # fmt: skip
        if lacks_umap:
            st.button(
                "Make its UMAP" if job.state != "failed" else "Try the UMAP again", icon=":material/scatter_plot:",
                disabled=job.state == "waiting", help=WAITS if job.state == "waiting" else UMAP,
                key="latentarium.film.umap",
                on_click=_start_umap, args=(now.folder,),
            )  # fmt: skip
    if reel.plane:
        st.caption("The map is the plane of the code itself: there is nothing that a UMAP could flatten.")
    if job.state == "failed":
        st.error(plain(job.text), icon=":material/error:")
    if job.state == "running" or (job.state == "waiting" and lacks_umap):
        fragment(run_every=1.0)(_progress)(path, job.state)


def _start_umap(folder: Path) -> None:
    from vae_core.runs.film_umap import FILE

    path = folder / FILE
    map_jobs.forget_job(path)
    try:
        map_jobs.start_job(path, ["film", str(folder.resolve())])
    except OSError as error:
        state.tell(f"The UMAP of {folder.name} cannot be made: {error.strerror or error}.")


def _progress(path: Path, was: str) -> None:
    """How far the map is; while another one is being made, only a look whether this one can be."""
    job = map_jobs.look_at_job(path)
    if job.state != was:
        st.rerun(scope="app")
    if was == "waiting":
        return
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.progress(job.part, job.text)
    if job.stoppable:
        right.button("Stop", key="latentarium.film.stop", on_click=map_jobs.stop_job, args=(path,))


def _gif(folder: Path, name: str) -> bytes:
    from vae_core.runs import RunError
    from vae_core.runs.film import read_film
    from vae_core.runs.film_gif import film_gif

    film = read_film(folder)
    if film is None:
        raise RunError(f"{name} has no film any more.")
    return film_gif(film, name)
