"""The library's view of data: bring some, choose how it is read, see what would be taken, take it; what was taken."""

from __future__ import annotations

import re

import streamlit as st

from ui import bring, cache, once, own_choices, own_preview, state, train_form
from ui.widgets import fragment, told
from ui.words import plain
from vae_core.data import DatasetError, data_folder
from vae_core.data.own import shelf
from vae_core.data.own.choices import Choices, Preview

UPLOAD, LYING = "Upload", "From the data folder"
BEGINNINGS = {
    "image": {"family": "digits-10d", "length": "steps", "steps": 2_000},
    "text": {"family": "grammar"},
    "table": {"family": "wine"},
}
"""What the training form begins with, by the kind of data."""
_TAKING = "latentarium.library.taking"
_WISHED = "latentarium.library.wished"
"""The key of the source whose button was clicked: title and choices are known once the page has read them."""
_ONCE = "latentarium.library.once"
_ROUND = "latentarium.library.sources"
"""How many sources this visitor has taken; part of the keys of what they are brought with: empty after each."""


def show() -> None:
    """The whole view."""
    from vae_core.data.own.taking import tidy

    tidy()
    bring.tidy()
    st.markdown(
        "Bring **pictures**, **text** or a **table**, see what would be taken, and train on it. It stays on the "
        "machine that this app runs on."
    )
    with st.container(border=True):
        source = _source()
        if source is None:
            st.session_state.pop(_WISHED, None)
        else:
            with told():
                _consider(source)
    _progress()
    _taken()


# -- bringing ----------------------------------------------------------------------------------------------


def _source() -> bring.Source | None:
    where = st.segmented_control(
        "Where it comes from", [UPLOAD, LYING], default=UPLOAD, required=True, key="library.where",
        label_visibility="collapsed", persist_state="session",
    )  # fmt: skip
    bringing = st.session_state.get(_ROUND, 0)
    with told():
        if where == UPLOAD:
            limit = int(st.get_option("server.maxUploadSize"))
            files = st.file_uploader(
                "Files", accept_multiple_files=True, key=f"library.uploader.{bringing}",
                help="A .zip of pictures (folders in it become classes) or several pictures; .npz, .npy or idx files, "
                "with a file of labels; .txt, a sample a line; .csv or .parquet.",
            )  # fmt: skip
            st.caption(
                f"Up to {limit:,} MB a file: .zip, pictures, .npz, .npy, idx(.gz), .txt, .csv, .parquet. Larger? Put "
                f"it into `{data_folder()}` on this machine and choose “{LYING}”."
            )
            return bring.uploaded(files) if files else None
        names = bring.listed()
        chosen = st.selectbox(
            "File or folder", names, index=None, key=f"library.lying.{bringing}", accept_new_options=True,
            placeholder="Choose one, or write its path" if names else "Write its path",
        )  # fmt: skip
        st.caption(f"Paths are those below `{data_folder()}`; nothing outside it is read.")
        return bring.lying(chosen) if chosen else None
    return None


def _consider(source: bring.Source) -> None:
    """Choices, what would be taken with them, and the button that takes it."""
    with st.spinner("Looking at it"):
        first = _preview(source, own_choices.beginning(source))
    left, right = st.columns([2, 3], gap="medium")
    with left:
        choices = own_choices.show(source, first)
    with right, told():
        with st.spinner("Looking at it"):
            preview = _preview(source, choices)
        own_preview.show(preview)
        _take_button(source, preview)


def _preview(source: bring.Source, choices: Choices) -> Preview:
    """What would be taken. Raises DatasetError, one sentence with the visitor's own name for the upload."""
    try:
        return cache.get_own_preview(source.path, choices)
    except DatasetError as error:
        raise DatasetError(str(error).replace(str(source.path), source.title)) from None


def _take_button(source: bring.Source, preview: Preview) -> None:
    if preview.problem:
        st.error(plain(preview.problem), icon=":material/block:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = st.text_input(
            "Call it", value=_words(source.title), max_chars=60, key=f"library.title.{source.key}",
            help="What the gallery and the training form call it.",
        )  # fmt: skip
        able = not preview.problem and bool(title.strip())
        st.button(
            f"Take {preview.n:,} {own_preview.WHAT[preview.kind]}", type="primary", icon=":material/add_ad:",
            disabled=not able, key="library.take", on_click=_wish, args=(source.key,),
        )  # fmt: skip
    if st.session_state.get(_WISHED) == source.key:
        if able:
            _take(source, preview, title.strip())
        del st.session_state[_WISHED]


def _wish(source: str) -> None:
    st.session_state[_WISHED] = source


def _words(name: str) -> str:
    """A title out of a file's name."""
    stem = re.sub(r"(\.(zip|npz|npy|txt|csv|parquet|gz|idx)|-ubyte)+$", "", name, flags=re.IGNORECASE)
    return " ".join(re.sub(r"[_\-]+", " ", stem).split())[:60] or "My data"


def free_name(title: str) -> str:
    """A name made of the title that no dataset has, nor had one that runs were made from: theirs was other data."""
    base = re.sub(r"[^a-z0-9]+", "-", title.lower().strip()).strip("-")[:32].strip("-") or "data"
    used = {name.removeprefix(shelf.PREFIX) for name in (*shelf.names(), *(runs_by_data()))}
    number, name = 1, base
    while name in used or ((taking := cache.get_taking(name)) and not taking.ended):
        number += 1
        name = f"{base}-{number}"
    return name


def runs_by_data() -> dict[str, list[str]]:
    """The titles of the runs that were made from each dataset."""
    made: dict[str, list[str]] = {}
    for card in cache.list_runs():
        if card.config is not None:
            made.setdefault(card.config.data.name, []).append(card.title)
    return made


def _take(source: bring.Source, preview: Preview, title: str) -> None:
    """Begins the work, which goes on in a thread of its own, whoever looks at this page, and lets the source go."""

    def begin(name: str) -> str:
        while not cache.start_taking(source.path, preview.choices, name, title, source.title, source.keep):
            name = free_name(title)
        return name

    def let_go(name: str) -> None:
        st.session_state[_TAKING] = name
        st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1

    key = f"{_ONCE}.{source.key}"
    once.offer(key, let_go)
    once.click(key, lambda: free_name(title), begin, let_go)
    st.rerun()


def _progress() -> None:
    """How far the taking is that this visitor began; what became of it."""
    name = st.session_state.get(_TAKING)
    taking = cache.get_taking(name) if name else None
    if taking is None:
        return
    if not taking.ended:
        _show_progress(name)
    elif taking.problem:
        st.error(plain(taking.problem), icon=":material/block:")
    elif shelf.is_taken(name):
        st.success(f"**{plain(taking.title)}** is here: train on it below.", icon=":material/check_circle:")


@fragment(run_every=0.5)
def _show_progress(name: str) -> None:
    taking = cache.get_taking(name)
    if taking is None or taking.ended:
        st.rerun(scope="app")
    st.progress(min(1.0, taking.fraction), f"Taking {plain(taking.title)}: {taking.text}")


# -- what was taken ----------------------------------------------------------------------------------------


def _taken() -> None:
    names = shelf.names()
    st.subheader("Your datasets", anchor=False)
    if not names:
        st.caption("None yet: what you take stands here, and in the training form's list of data.")
        return
    made = runs_by_data()
    for start in range(0, len(names), 3):
        for column, name in zip(st.columns(3, gap="medium"), names[start : start + 3], strict=False):
            with column, st.container(border=True, key=f"run-data-{name}", height="stretch"):
                _show_one(name, made.get(name, []))


def _show_one(name: str, runs: list[str]) -> None:
    try:
        card = shelf.read_card(name)
    except DatasetError as error:
        st.error(plain(str(error)), icon=":material/broken_image:")
        _delete_button(name, name, runs)
        return
    picture = cache.get_preview(shelf.folder_of(name))
    if picture is not None:
        st.image(picture, width="stretch", output_format="PNG", alt=f"The first samples of {card.title}")
    st.subheader(plain(card.title), anchor=False)
    classes = f" · {len(card.class_names)} classes" if card.class_names else ""
    size = own_preview.size_words(card.kind, card.sample_shape)
    st.markdown(f"**{card.n:,}** {own_preview.WHAT[card.kind]}{size}{classes}")
    skipped = f", {card.skipped:,} left out" if card.skipped else ""
    st.caption(plain(f"From {card.source}, {card.choices}{skipped}. In scripts: {name}"))
    with st.container(horizontal=True):
        if st.button("Train on it", key=f"library.train.{name}", icon=":material/model_training:"):
            train_form.fill(BEGINNINGS[card.kind] | {"data": name})
            st.switch_page("pages/train.py", query_params={"watch": "-"})
        _delete_button(name, card.title, runs)


def _delete_button(name: str, title: str, runs: list[str]) -> None:
    with st.popover("Delete", icon=":material/delete:"):
        st.markdown(f"**{plain(title)}** will be gone for good.")
        if runs:
            more = f" and {len(runs) - 3} more" if len(runs) > 3 else ""
            st.markdown(f"Made from it: {plain(', '.join(runs[:3]))}{more}.")
            it, knows = ("This run", "keeps") if len(runs) == 1 else ("These runs", "keep")
            st.markdown(
                f"{it} {knows} all that was learnt. Without the samples, pages show what the model makes of them, and "
                "training can't go on."
            )
        st.button("Delete it", key=f"library.delete.{name}", type="primary", on_click=_delete, args=(name,))


def _delete(name: str) -> None:
    from vae_core.data.own.taking import delete

    try:
        delete(name)
    except DatasetError as error:
        state.tell(str(error))
