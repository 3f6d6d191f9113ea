"""What to take home: the sheets as files, and the command that makes the same file without the app."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from ui.words import plain
from vae_core.dreams import SAMPLERS
from vae_core.dreams.command import command_for
from vae_core.dreams.files import MIMES, Sheet, as_bytes, endings, file_name, real_rows
from vae_core.guests import is_guest

if TYPE_CHECKING:
    from ui.dreams.choose import Wish
    from ui.dreams.sheets import Shown
    from vae_core.runs import Run

LABELS = {"png": "PNG, the sheet", "npz": "NPZ, samples and codes", "csv": "CSV"}


def show(run: Run, wish: Wish, shown: Shown) -> None:
    """A row of downloads for each sheet, its command below; of tables also the rows in their real units."""
    info = run.config.data
    st.subheader("Take them home", anchor=False)
    for name, asked, dreams in shown:
        sheet = Sheet(run.name, info, asked, name, wish.given.key, dreams.codes, dreams.samples)
        if len(shown) > 1:
            st.markdown(f"**{plain(SAMPLERS[name].title)}**")
        with st.container(horizontal=True, gap="small", key=f"dreams-files-{name}"):
            for ending in endings(info.kind):
                st.download_button(
                    LABELS[ending], partial(as_bytes, sheet, ending),
                    file_name(run.name, asked, name, wish.given.key, ending), MIMES[ending],
                    on_click="ignore", icon=":material/download:", key=f"dreams.{name}.{ending}",
                )  # fmt: skip
        command = command_for(run.name, asked, wish.given.key, file_name(run.name, asked, name, wish.given.key, "npz"))
        st.code(command, language=None, wrap_lines=True)
        if info.kind == "table":
            with st.expander("These rows in real units"):
                import pandas as pd

                st.dataframe(pd.DataFrame(real_rows(info, dreams.samples), columns=list(info.columns)), hide_index=True)
    said = [f"The command writes the same file without the app; with {_others(info.kind)} at its end, that one."]
    said.append("With `--nearest` it prints the distances to training samples.")
    if any(is_guest(index) for _, asked, _ in shown for index in asked.tray):
        said.append("It knows nothing of the samples that you drew or dropped here.")
    st.caption(" ".join(said))


def _others(kind: str) -> str:
    return " or ".join(f"`.{ending}`" for ending in endings(kind) if ending != "npz")
