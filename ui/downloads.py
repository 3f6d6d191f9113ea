"""Datasets that are not on this machine, or damaged: said once, with a download that outlives the page."""

from __future__ import annotations

import streamlit as st

from ui import cache
from ui.widgets import fragment
from ui.words import plain
from vae_core.data import find_card

DECODED = "Meanwhile every picture is **decoded by the model** from its code."


def offer_originals(name: str) -> None:
    """Where a run's originals cannot be shown: why, what is shown in their place, and a download where there is one."""
    why = cache.known_lack(name)
    if why:
        with st.container(horizontal=True, vertical_alignment="center", border=True, key="originals"):
            st.markdown(f"{plain(why)} {DECODED}", width="stretch")
            _offer(name)


def offer_download(name: str) -> None:
    """Where data to be trained on is not here, or damaged: why, its size and a button, then how far the download is."""
    why = cache.why_no_originals(name)
    if why:
        if cache.is_here(name):
            st.warning(plain(why), icon=":material/broken_image:")
        _offer(name)


def _offer(name: str) -> None:
    card = find_card(name)
    if card is None or not card.download_mb:
        return
    download = cache.get_download(name)
    if download is not None and not download.ended:
        _show_progress(name)
        return
    if download is not None and download.problem:
        st.error(plain(download.problem), icon=":material/cloud_off:")
    st.button(
        f"Download {card.title} ({card.download_mb:.0f} MB)",
        icon=":material/download:",
        on_click=cache.start_download,
        args=(name,),
        key="latentarium.download",
        help=f"From {plain(card.source)} · licence {plain(card.licence)}",
    )


@fragment(run_every=0.5)
def _show_progress(name: str) -> None:
    download = cache.get_download(name)
    if download is None or download.ended:
        st.rerun(scope="app")
    st.progress(min(1.0, download.fraction), download.text or "Calling the server")
