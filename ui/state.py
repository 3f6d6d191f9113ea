"""The visitor's choice: which run, which samples.

It lives in the session and in the address, so that it follows the visitor from page to page and a link
reopens it. A page that changes the choice outside a callback calls `st.rerun()` (in a fragment
`st.rerun(scope="app")`), for the frame draws the sidebar and writes the address before the page runs.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui import cache
from vae_core.guests import is_guest

T = TypeVar("T")

TRAY_LIMIT = 60  # what fits an address and an eye; further samples are refused with a sentence

_SELECTION = "latentarium.selection"
_WRITTEN = "latentarium.address"
_NOTE = "latentarium.note"
_REPLACED = "latentarium.address.replaced"

STALE = 3.0  # seconds in which an address that we have replaced is a late message rather than the back button


@dataclass(frozen=True)
class Selection:
    """What the visitor has picked.

    Attributes:
        run: the run's id (its folder's name), None before anything is chosen.
        tray: positions in the run's full dataset, in the order of picking, each once.
    """

    run: str | None = None
    tray: tuple[int, ...] = ()


def parse_tray(text: str) -> tuple[int, ...]:
    """The tray as written in an address: positions joined by dots, e.g. "1.5.9".

    Raises:
        ValueError: a part is not a plain whole number of at most nine digits.
    """
    positions: list[int] = []
    for part in text.split(".") if text else ():
        if not (part.isascii() and part.isdigit() and len(part) <= 9):
            raise ValueError(f"The tray in the address is whole numbers joined by dots, not {part[:20]!r}.")
        positions.append(int(part))
    return tuple(dict.fromkeys(positions))[:TRAY_LIMIT]


def format_tray(tray: tuple[int, ...]) -> str:
    """The tray as it stands in an address."""
    return ".".join(str(position) for position in tray)


def selection() -> Selection:
    """What the visitor has picked now."""
    return st.session_state.get(_SELECTION, Selection())


def _keep(new: Selection) -> None:
    st.session_state[_SELECTION] = new


def select_run(name: str) -> None:
    """Chooses a run. The tray holds samples of a dataset, and is kept where the new run shares that.

    Guests come along wherever samples have the same shape.
    """
    shares = _shares_data(name)
    _keep(Selection(run=name, tray=tuple(i for i in selection().tray if shares or cache.has_guest(name, i))))


def _shares_data(name: str) -> bool:
    """Whether the samples in the tray are samples of this run's dataset too."""
    now = selection().run
    data = cache.data_of(name)
    return name == now or (data is not None and data == cache.data_of(now))


def add_to_tray(indices: Iterable[int]) -> None:
    """Puts samples (positions in the run's full dataset) into the tray, after those that are in it."""
    now = selection()
    every = tuple(dict.fromkeys((*now.tray, *(int(index) for index in indices))))
    if len(every) > TRAY_LIMIT:
        tell(f"The tray holds {TRAY_LIMIT} samples; {len(every) - TRAY_LIMIT:,} more were not put in.")
    _keep(replace(now, tray=every[:TRAY_LIMIT]))


def remove_from_tray(indices: Iterable[int]) -> None:
    """Takes samples out of the tray; those that are not in it are ignored."""
    gone = {int(index) for index in indices}
    now = selection()
    _keep(replace(now, tray=tuple(index for index in now.tray if index not in gone)))


def clear_tray() -> None:
    """Empties the tray."""
    _keep(replace(selection(), tray=()))


SAMPLES_IN_ADDRESS = ("at", "a", "b", "c", "d", "seen")
"""Parameters of pages that name a sample."""


def named_guests() -> tuple[int, ...]:
    """The guests among the samples that the tray and the address name."""
    words = [word for name in SAMPLES_IN_ADDRESS for word in st.query_params.get(name, "").split(".")]
    named = [*selection().tray, *(int(word) for word in words if re.fullmatch(r"[0-9]{9}", word))]
    return tuple(dict.fromkeys(filter(is_guest, named)))


def forget_guests(numbers: Iterable[int]) -> None:
    """Takes guests out of the tray and the address."""
    gone = set(numbers)
    remove_from_tray(gone)
    for name in SAMPLES_IN_ADDRESS:
        if any(word in map(str, gone) for word in st.query_params.get(name, "").split(".")):
            set_page_param(name, None)
    write_address()


def tell(note: str) -> None:
    """Keeps one sentence for the visitor, shown once by the frame."""
    st.session_state[_NOTE] = note


def take_note() -> str | None:
    """The sentence kept by `tell`, and forgets it."""
    return st.session_state.pop(_NOTE, None)


# -- the address -------------------------------------------------------------------------------------------


def _in_address() -> tuple[str, str]:
    return st.query_params.get("run", ""), st.query_params.get("tray", "")


def _address_of(choice: Selection) -> tuple[str, str]:
    return choice.run or "", format_tray(choice.tray)


def follow_address() -> None:
    """Takes the choice from the address where somebody else wrote it: a link, or the browser's back button.

    Streamlit drops the parameters when the page changes; then there is no run in the address, and the
    session's choice stands.
    """
    run, tray_text = _in_address()
    now, written = selection(), st.session_state.get(_WRITTEN)
    if not run or (run, tray_text) == written:
        return
    # Where a click has just changed the choice, what comes with it is the address of before, however late.
    clicked = now.run is not None and written not in (None, _address_of(now))
    if not _went_back() and (clicked or _is_stale((run, tray_text))):
        return
    try:
        tray = parse_tray(tray_text)
    except ValueError as error:
        tell(str(error))
        tray = ()
    if "tray" not in st.query_params and _shares_data(run):  # a card's link names the run alone
        tray = now.tray
    _keep(Selection(run=run, tray=tray))
    st.session_state[_WRITTEN] = (run, tray_text)


def _went_back() -> bool:
    """Whether this run of the script answers the browser's back or forward button."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def _is_stale(address: tuple[str, str]) -> bool:
    """Whether the browser sent this address before it heard of the one we wrote since.

    It does when clicks come faster than answers; taken at its word, it would undo the clicks between.
    """
    replaced, when = st.session_state.get(_REPLACED, {}), time.monotonic()
    return address in replaced and when - replaced[address] < STALE


def write_address() -> None:
    """Writes the choice into the address, so that a copied link reopens it."""
    now = selection()
    if now.run is None:
        return
    wanted = _address_of(now)
    if wanted != _in_address():
        st.query_params["run"] = wanted[0]
        if wanted[1]:
            st.query_params["tray"] = wanted[1]
        else:
            st.query_params.pop("tray", None)
    before = st.session_state.get(_WRITTEN)
    if before is not None and before != wanted:
        now_is = time.monotonic()
        kept = {old: when for old, when in st.session_state.get(_REPLACED, {}).items() if now_is - when < STALE}
        kept[before] = now_is
        kept.pop(wanted, None)
        st.session_state[_REPLACED] = kept
    st.session_state[_WRITTEN] = wanted


def page_param(name: str, default: T, parse: Callable[[str], T]) -> T:
    """A setting of the page that is shown, from its address; the default where it is absent or senseless.

    Args:
        name: the parameter's name in the address ("run" and "tray" are taken).
        default: what counts where the address says nothing.
        parse: text to value; raises ValueError on what makes no sense.
    """
    text = st.query_params.get(name)
    if text is None:
        return default
    try:
        return parse(text)
    except ValueError:
        return default


def set_page_param(name: str, value: object | None) -> None:
    """Writes a setting of the page into its address; None takes it out."""
    if name in ("run", "tray"):
        raise ValueError(f"The parameter {name!r} belongs to the selection; call select_run or add_to_tray.")
    if value is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != str(value):
        st.query_params[name] = str(value)


def set_page_params(values: Mapping[str, object | None]) -> None:
    """Writes several settings of the page into its address, as one step of the browser's history; None takes out."""
    if values.keys() & {"run", "tray"}:
        raise ValueError("The parameters run and tray belong to the selection; call select_run or add_to_tray.")
    now = st.query_params.to_dict()
    wanted = {**now, **{name: str(value) for name, value in values.items() if value is not None}}
    for name in (name for name, value in values.items() if value is None):
        wanted.pop(name, None)
    if wanted != now:
        st.query_params.from_dict(wanted)


def parse_pair(text: str, count: int) -> tuple[int, int]:
    """Two different dimensions as in the address, e.g. "0.3". Raises ValueError where they are not two below count."""
    parts = text.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) <= 9 for part in parts):
        raise ValueError("A pair is two whole numbers joined by a dot.")
    first, second = map(int, parts)
    if first == second or max(first, second) >= count:
        raise ValueError(f"A pair is two different dimensions below {count}.")
    return first, second


def follow_suggestion(key: str, wish: Callable[[], str]) -> str:
    """What stands in the text field of this key, or a new suggestion where the visitor has written none.

    A value that is set is sent, and overwrites what is being typed: it is set only where the suggestion is another one.
    """
    said, suggested = st.session_state.get(key, ""), f"{key}.suggested"
    if said in ("", st.session_state.get(suggested)):
        st.session_state[suggested] = wish()
        if said != st.session_state[suggested]:
            said = st.session_state[key] = st.session_state[suggested]
    return str(said)
