"""Datasets: whether they are here, why not, and their download."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

import streamlit as st

from ui.cache.progress import Progress
from ui.cache.runs import changed_at
from vae_core.data import DatasetError, find_card, is_available
from vae_core.data.cards import data_files, data_folder, in_reach
from vae_core.wiring import NO_DATA

if TYPE_CHECKING:
    from vae_core.data import Dataset


def get_dataset(name: str) -> Dataset:
    """The dataset called `name`, one copy for all visitors, read again when its files change; never downloads.

    Raises:
        DatasetError: the data is not on this machine, or is damaged; one sentence, shown as it is.
    """
    if not in_reach(name):
        raise DatasetError(_out_of_reach(name))
    return _get_dataset(name, data_stamp(name))


@st.cache_resource(max_entries=6, show_spinner="Reading the data")
def _get_dataset(name: str, stamp: tuple[tuple[str, int], ...]) -> Dataset:
    from vae_core.data import load_dataset

    return load_dataset(name)


def _out_of_reach(name: str) -> str:
    where = data_folder()
    return f"{name} is no file in the data folder, and the app opens no other: put it into {where} to train from there."


def is_here(name: str) -> bool:
    """Whether the dataset is on this machine (looks at file names only)."""
    return in_reach(name) and is_available(name)


def data_stamp(name: str) -> tuple[tuple[str, int], ...]:
    """Changes when the files of the dataset come, go or are replaced; () where none are here, or none are needed."""
    return tuple((str(file), changed_at(file)) for file in data_files(name)) if in_reach(name) else ()


def why_no_originals(name: str) -> str:
    """One sentence on why a dataset's samples cannot be shown: not on this machine, or damaged; "" where they can.

    Reads the dataset where it has not been read yet; `known_lack` doesn't.
    """
    stamp = data_stamp(name)
    if stamp and (name, stamp) not in _damages():
        try:
            get_dataset(name)
        except DatasetError as error:
            _damages()[name, stamp] = str(error)
        else:
            _damages()[name, stamp] = ""
    return known_lack(name)


def known_lack(name: str) -> str:
    """What `why_no_originals` says, as far as it is known without reading the dataset."""
    if name == NO_DATA:
        return "This model came without data."
    if not in_reach(name):
        return _out_of_reach(name)
    if not is_here(name):
        card = find_card(name)
        return f"{card.title if card else name} is not on this machine."
    return _damages().get((name, data_stamp(name)), "")


@st.cache_resource(show_spinner=False)
def _damages() -> dict[tuple[str, tuple[tuple[str, int], ...]], str]:
    """What is wrong with a dataset's files, "" where nothing is, by their stamp."""
    return {}


class Download(Progress):
    """A download under way."""

    def fetch(self, name: str) -> None:
        from vae_core.data import load_dataset

        try:
            load_dataset(name, download=True, progress=self.tell)
        except DatasetError as error:
            self.problem = str(error)
        finally:
            self.ended = True


@st.cache_resource(show_spinner=False)
def _downloads() -> dict[str, Download]:
    return {}


def get_download(name: str) -> Download | None:
    """The newest download of the dataset called `name` since the server started, None where there was none."""
    return _downloads().get(name)


def start_download(name: str) -> None:
    """Begins to download the dataset called `name`; a download that is under way stays the only one."""
    now = _downloads().get(name)
    if now is None or now.ended:
        download = _downloads()[name] = Download()
        Thread(target=download.fetch, args=(name,), name=f"download of {name}", daemon=True).start()
