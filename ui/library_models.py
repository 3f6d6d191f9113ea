"""The Models view of the library: take a run away, bring a run, bring an encoder and a decoder from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

import streamlit as st

from ui import cache, library_pair, state
from ui.gallery import ROOMS, show_facts
from ui.library_pair import WaitingPair
from ui.once import Once
from ui.words import plain
from vae_core.runs import RunError

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from vae_core.runs import RunCard
    from vae_core.runs.bundle import Waiting

_BROUGHT = "latentarium.library.brought"
_TAKEN = "latentarium.library.taken"
_ROUND = "latentarium.library.round"
HOW = """
**From PyTorch**, with your trained `vae` in `eval()` mode, a picture `x` and a code `z`:

```python
class Encoder(torch.nn.Module):            # what your encoder says: means and log-variances
    def forward(self, x): return vae.encode(x)

torch.onnx.export(Encoder(), (x,), "encoder.onnx", input_names=["x"], output_names=["mean", "log_variance"],
                  dynamic_shapes=({0: torch.export.Dim("batch")},), external_data=False)
torch.onnx.export(vae.decoder, (z,), "decoder.onnx", input_names=["z"], output_names=["picture"],
                  dynamic_shapes=({0: torch.export.Dim("batch")},), external_data=False)
```

**From Keras or TensorFlow**: `encoder.export("encoder.onnx", format="onnx")` (Keras 3.8 and later), or the package
*tf2onnx*. **From JAX**: *jax2onnx*. **From scikit-learn**: *skl2onnx*.

Pictures are grey or RGB, up to 256 pixels a side; a code has up to 512 numbers. Sentences and tables are not taken as
ONNX. The files are opened in a process of their own with bounds on its memory and time, never in the app.
"""


@dataclass
class Brought:
    """What a visitor has uploaded and not taken yet. marks: the uploads it was made of."""

    marks: tuple[str, ...]
    problem: str = ""
    run: Waiting | None = None
    pair: WaitingPair | None = field(default=None)
    taken: Once[str] = field(default_factory=Once)

    def discard(self) -> None:
        from vae_core.runs.incoming import discard

        if self.run is not None:
            discard(self.run.folder.parent)
        if self.pair is not None:
            self.pair.pair.close()
            discard(self.pair.folder)


def show() -> None:
    """The whole view."""
    st.subheader("Bring a model", anchor=False)
    _bring()
    st.subheader("Take a model away", anchor=False, divider="grey")
    _take_away()


# -- in ----------------------------------------------------------------------------------------------------


def _bring() -> None:
    st.markdown(
        "The **.zip of a run** that somebody made with Latentarium, or a VAE **from any framework** as two files, "
        "`encoder.onnx` and `decoder.onnx` (or a .zip with both; a decoder alone can dream)."
    )
    files = st.file_uploader(
        "Files of one model",
        accept_multiple_files=True,
        key=f"latentarium.library.files.{st.session_state.get(_ROUND, 0)}",
        help="At most 200 MB. Never a .pt, .pth, .ckpt or .pkl: opening one can run any program hidden in it.",
    )
    brought = _looked_at(files)
    if brought is None:
        _say_taken()
        with st.expander("How do I get my VAE as ONNX?", icon=":material/help:"):
            st.markdown(HOW)
        return
    if brought.taken.made:  # by a click that the next one overtook
        _done(brought.taken.made)
    if brought.problem:
        st.error(plain(brought.problem), icon=":material/block:")
    elif brought.pair is not None:
        library_pair.show(brought.pair, brought.taken, _done)
    elif brought.run is not None:
        try:
            _show_run(brought.run, brought.taken)
        except RunError:  # others brought many, or it waited for a day
            if brought.taken.made:
                _done(brought.taken.made)
            st.error("It waited too long and is gone: bring it again.", icon=":material/block:")


def _looked_at(files: Sequence[UploadedFile]) -> Brought | None:
    """What these uploads are, looked at once; what was there before goes."""
    marks = tuple(file.file_id for file in files)
    before: Brought | None = st.session_state.get(_BROUGHT)
    if before is not None and before.marks == marks:
        return before
    if before is not None:
        before.discard()
        del st.session_state[_BROUGHT]
    if not files:
        return None
    st.session_state.pop(_TAKEN, None)
    brought = Brought(marks)
    with st.spinner("Looking at it"):
        try:
            named = [(file.name, file) for file in files]
            if _is_run(named):
                from vae_core.runs.bundle import stage_run

                brought.run = stage_run(files[0], files[0].name)
            else:
                brought.pair = library_pair.look_at(named)
        except RunError as error:
            brought.problem = str(error)
    st.session_state[_BROUGHT] = brought
    return brought


def _is_run(files: Sequence[tuple[str, UploadedFile]]) -> bool:
    """Whether it is one .zip that says it is a run; what is wrong with a .zip is said when it is unpacked."""
    from vae_core.runs.archive import opened

    if len(files) != 1 or not files[0][0].lower().endswith(".zip"):
        return False
    with opened(files[0][1], files[0][0]) as (_, entries):
        return not any(entry.path.suffix.lower() == ".onnx" for entry in entries) or any(
            entry.path.name == "config.json" for entry in entries
        )


def _show_run(waiting: Waiting, taken: Once[str]) -> None:
    """A run that came in: what it is, before it is taken."""
    from vae_core.runs import load_run
    from vae_core.runs.incoming import free_name

    run = load_run(waiting.folder)
    picture, about = st.columns([1, 2], gap="medium")
    with picture:
        preview = cache.get_preview(waiting.folder)
        if preview is not None:
            st.image(preview, width="stretch", output_format="PNG", alt="The preview that came with the run")
    with about:
        st.markdown(f"**{plain(run.config.title(waiting.own_name))}**")
        show_facts(run.config)
        st.caption(f"Every file was checked: {len(run.codes):,} codes of {plain(run.config.data.name)}.")
    left_out(waiting.left_out)
    name = st.text_input(
        "Name", free_name(waiting.own_name), max_chars=80, key=f"library.name.{waiting.folder.parent.name}"
    )
    if st.button("Take it", type="primary", icon=":material/download_done:"):
        try:
            _done(taken(name.strip, lambda wish: waiting.take(wish).name))
        except RunError as error:
            st.error(plain(str(error)), icon=":material/block:")


def left_out(sentences: Sequence[str]) -> None:
    """Files that were not taken, each with why."""
    if sentences:
        with st.expander(f"{len(sentences)} file{'s' * (len(sentences) > 1)} left out", icon=":material/filter_alt:"):
            st.markdown("\n".join(f"- {plain(sentence)}" for sentence in sentences[:50]))


def _done(name: str) -> None:
    """A run was taken: the uploads go, and the page says where it can be seen."""
    state.select_run(name)
    st.session_state[_TAKEN] = name
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    del st.session_state[_BROUGHT]
    st.rerun()


def _say_taken() -> None:
    name = st.session_state.get(_TAKEN)
    card = cache.get_card(name) if name else None
    if card is None:
        return
    with st.container(border=True, key="library-taken"):
        st.markdown(f":material/check_circle: **{plain(card.title)}** is among your runs.")
        with st.container(horizontal=True):
            for page, label, icon, question in ROOMS:
                st.page_link(page, label=label, icon=icon, help=question, query_params={"run": card.name})


# -- out ---------------------------------------------------------------------------------------------------


def _take_away() -> None:
    cards = {card.name: card for card in cache.list_runs() if card.ready}
    own = [name for name, card in cards.items() if not card.shipped]
    if not cards:
        st.caption("No model yet. Train one, or bring one.")
        return
    names = [*own, *(name for name in cards if name not in own)]
    chosen = state.selection().run
    name = st.selectbox(
        "Model to take away",
        names,
        index=names.index(chosen) if chosen in names else 0,
        format_func=lambda name: cards[name].title if cards[name].shipped else f"{cards[name].title} · your own",
        help="Your own runs first.",
    )
    if name is not None:
        _show_away(cards[name])


def _show_away(card: RunCard) -> None:
    assert card.config is not None
    with st.container(border=True):
        show_facts(card.config)
        film = (card.folder / "film.npz").exists() and st.checkbox("With the film of its training", value=True)
        maps = any((card.folder / "maps").glob("*.npz")) and st.checkbox("With its maps", value=True)
        resumable = (card.folder / "state.safetensors").exists()
        resume = resumable and st.checkbox(
            "With what resuming needs", help="Last weights and the optimiser's moments: three times the weights."
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                "Run as .zip",
                lambda: _zip(card, state=resume, film=film, maps=maps),
                f"{card.name}.zip",
                "application/zip",
                icon=":material/folder_zip:",
                on_click="ignore",
                help="Settings, weights, codes: another Latentarium opens it. The same run is always the same bytes.",
            )
            _onnx(card)


def _zip(card: RunCard, **what: bool) -> bytes:
    from vae_core.runs.bundle import write_bundle

    to = BytesIO()
    write_bundle(card.folder, to, **what)
    return to.getvalue()


def _onnx(card: RunCard) -> None:
    from vae_core.onnx_export import onnx_zip, why_not

    assert card.config is not None
    reason = why_not(card.config.model)
    if reason:
        st.caption(f"ONNX: {plain(reason)}")
        return
    st.download_button(
        "Encoder and decoder as ONNX",
        lambda: onnx_zip(cache.get_run(card.name).model),
        f"{card.name}-onnx.zip",
        "application/zip",
        icon=":material/deployed_code:",
        on_click="ignore",
        help="For any program that runs ONNX, with a free batch size: pixels from 0 to 1 go in and come out. Takes "
        "some seconds.",
    )
