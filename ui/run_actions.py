"""What can be done with picked runs: name them, note something, duplicate one, delete with undo."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ui import picks, run_lines, sweep_form, training
from ui.compare.choose import comparable
from ui.run_lines import Line
from ui.words import plain
from vae_core.config import runs_folder
from vae_core.runs import RunError
from vae_core.runs.labels import MAX_NOTE, MAX_TITLE, write_label
from vae_core.runs.trash import Trashed, delete_run, restore
from vae_core.runs.trash import trash as read_trash

DOORS = (
    ("pages/atlas.py", "Atlas", ":material/scatter_plot:"),
    ("pages/traverse.py", "Traverse", ":material/tune:"),
)
LISTED = 20  # deleted runs that can be brought back one by one

_UNDO = "latentarium.logbook.undo"
_UNPICKED = "latentarium.logbook.unpicked"
_PROBLEM = "latentarium.logbook.problem"


def bar(chosen: Sequence[Line]) -> None:
    """What is picked and what can be done with it, and the last deletion with its undo.

    It stands below the table; where that is below the screen, it lies on the screen's lower edge (ui/frame.css).
    """
    with st.container(gap="small", key="logbook-bar"):
        undo_bar()
        if chosen:
            _panel(chosen)


def _panel(chosen: Sequence[Line]) -> None:
    with st.container(border=True, key="logbook-panel", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            count = len(chosen)
            st.markdown(f"**{plain(chosen[0].title)}**" if count == 1 else f"**{count} runs**", width="content")
            if count == 1:
                _ways_on(chosen[0])
            elif runs := comparable([line.name for line in chosen]):
                where = {"run": runs[0], "runs": ".".join(runs)}
                st.page_link("pages/compare.py", label="Compare", icon=":material/compare:", query_params=where)
            _delete_button(chosen)
            st.button("Unpick", icon=":material/close:", on_click=picks.pick, args=([],), key="logbook-unpick")
        if count == 1 and chosen[0].problem:
            st.warning(plain(chosen[0].problem), icon=":material/error:")


def _words(line: Line) -> None:
    """Its name and a note."""
    fields = (
        ("title", "Name", MAX_TITLE, "Shown wherever this run is chosen; its folder keeps its own name."),
        ("note", "Note", MAX_NOTE, "What you want to remember of it."),
    )
    for field, label, most, help in fields:
        key = f"latentarium.logbook.{field}.{line.name}"
        if key not in st.session_state:
            st.session_state[key] = getattr(line.label, field)
        st.text_input(
            label, key=key, max_chars=most, help=help, placeholder=line.name if field == "title" else "",
            on_change=_write, args=(line.name, field),
        )  # fmt: skip


def _write(name: str, field: str) -> None:
    text = st.session_state[f"latentarium.logbook.{field}.{name}"]
    try:
        write_label(runs_folder() / name, **{field: text})
    except (RunError, OSError) as error:
        st.session_state[_PROBLEM] = str(error)
    picks.note_change()


def _ways_on(line: Line) -> None:
    ours = line.config is not None and line.config.bottleneck != run_lines.BROUGHT
    if not line.shipped:  # one that came with the app keeps its name
        with st.popover("Name", icon=":material/edit:", key="logbook-words"):
            _words(line)
    if ours and line.config is not None and st.button(
        "Duplicate", icon=":material/content_copy:", key="logbook-duplicate",
        help="Fills the form of the Train page with its settings, to change one thing.",
    ):  # fmt: skip
        training.take_settings(line.config)
        st.switch_page("pages/train.py", query_params={training.WATCH: training.FORM})
    watchable = ours and not line.shipped
    if not (ours or line.ready):
        return
    with st.popover("Go on", icon=":material/arrow_forward:", key="logbook-doors"):
        if watchable:
            where = {"run": line.name, training.WATCH: line.name}
            st.page_link("pages/train.py", label="Watch", icon=":material/model_training:", query_params=where)
        if line.ready:
            for page, label, icon in DOORS:
                st.page_link(page, label=label, icon=icon, query_params={"run": line.name})
            st.page_link(
                "pages/library.py", label="Export", icon=":material/download:",
                query_params={"run": line.name, "view": "models"}, help="As a .zip to share, or as ONNX.",
            )  # fmt: skip
        if ours:
            st.button(
                "Sweep from here", icon=":material/grid_on:", key="logbook-sweep", type="tertiary",
                on_click=sweep_form.begin_with, args=(line.key,),
                help="Many runs of its settings, with one or two of them varied.",
            )  # fmt: skip


# -- deleting, and undoing it ------------------------------------------------------------------------------


def _delete_button(chosen: Sequence[Line]) -> None:
    own = [line for line in chosen if not line.shipped]
    live = [line for line in own if line.live]
    if not own:
        return
    label = "Delete" if len(chosen) == 1 else f"Delete {len(own)} run{'s' if len(own) > 1 else ''}"
    label += " of your own" if len(own) < len(chosen) else ""
    st.button(
        label, icon=":material/delete:", key="logbook-delete",
        disabled=bool(live), on_click=delete, args=([line.name for line in own],),
        help=f"{live[0].name} is being trained: stop it first." if live else "It can be undone for seven days.",
    )  # fmt: skip


def delete(names: Sequence[str]) -> None:
    """Move runs to the trash; what stands in the way is said, and the others go. For callbacks."""
    gone: list[Trashed] = []
    for name in names:
        try:
            gone.append(delete_run(name))
        except RunError as error:
            st.session_state[_PROBLEM] = str(error)
    if gone:
        names = [entry.name for entry in gone]
        st.session_state[_UNDO], st.session_state[_UNPICKED] = gone, [key for key in picks.picked() if key in names]
        picks.pick([key for key in picks.picked() if key not in names])
    picks.note_change()


def _undo(entries: Sequence[Trashed]) -> None:
    """Bring runs back, and pick those again that were picked when they went. For callbacks."""
    back = []
    for entry in entries:
        try:
            restore(entry)
            back.append(entry.name)
        except RunError as error:
            st.session_state[_PROBLEM] = str(error)
    picks.pick([*picks.picked(), *(key for key in st.session_state.get(_UNPICKED, []) if key in back)])
    left = [entry for entry in st.session_state.get(_UNDO, []) if entry not in entries]
    st.session_state[_UNDO] = left
    picks.note_change()


def close_undo() -> None:
    """The visitor goes on: the last deletion is undone below, among those of the last week. For callbacks."""
    st.session_state.pop(_UNDO, None)


def undo_bar() -> None:
    """What went wrong last, and the last deletion with its undo."""
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(plain(problem), icon=":material/block:")
    gone: list[Trashed] = st.session_state.get(_UNDO, [])
    if gone:
        with st.container(horizontal=True, vertical_alignment="center", border=True, key="logbook-undo"):
            names = f"**{plain(gone[0].name)}** is" if len(gone) == 1 else f"**{len(gone)} runs** are"
            st.markdown(f":material/delete: {names} deleted.", width="content")
            st.button("Undo", icon=":material/undo:", on_click=_undo, args=(gone,), key="logbook-undo-button")


def trash() -> None:
    """Deleted runs of the last week, each with its way back."""
    entries = read_trash()
    if not entries:
        return
    with st.expander(f"Deleted in the last seven days · {len(entries)}", icon=":material/delete:"):
        for entry in entries[:LISTED]:
            key = f"logbook-back-{entry.folder.name}"
            st.button(
                f"Bring back {plain(entry.name)}", icon=":material/undo:", type="tertiary", key=key, on_click=_undo,
                args=([entry],),
            )  # fmt: skip
        if len(entries) > LISTED:
            st.caption(f"and {len(entries) - LISTED} more, as soon as these are back or gone")
