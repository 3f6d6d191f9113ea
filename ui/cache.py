"""Every st.cache_* of the project. Keys are names, settings and the files' times, never objects.

The library is imported inside the functions: torch costs a second, and the first page does without it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from vae_core.data import DatasetError, find_card, is_available
from vae_core.data.cards import data_files, data_folder, in_reach
from vae_core.guests import Guest, GuestError, Habit, Store, habit_of, is_guest, kind_of, name_of
from vae_core.wiring import NO_DATA

if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Sequence

    import pandas as pd

    from ui.components.map import MapData
    from ui.film import Reel
    from ui.live_view import Look
    from vae_core.config import DataInfo, TrainConfig
    from vae_core.data import Dataset
    from vae_core.data.own.choices import Choices, Preview
    from vae_core.dreams import Asked, Match
    from vae_core.figures.template import Theme
    from vae_core.latent.dimensions import Dimensions
    from vae_core.latent.geometry import Typical
    from vae_core.latent.mixture import Mixture
    from vae_core.latent.projection import MapSettings, Projection
    from vae_core.runs import Codes, Run, RunCard

PREVIEW_BYTES = 8 << 20
PREVIEW_SIDE = 4096  # pixels; a small file can declare a picture that fills the memory


def _time(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:  # not there yet, or taken away while we looked
        return 0


def _stamp(folder: Path) -> tuple[int, ...]:
    """Changes when what is loaded of a run does; names and maps are read anew each time, so they don't count."""
    return tuple(_time(folder / name) for name in ("config.json", "model.safetensors", "codes.npz"))


# -- runs --------------------------------------------------------------------------------------------------


def _roots() -> tuple[Path, ...]:
    from vae_core.config import checkpoints_folder, runs_folder

    return (checkpoints_folder(), runs_folder())


def list_runs() -> list[RunCard]:
    """The cards of all runs, shipped ones first; a card is read again only when its run's folder has changed."""
    return list(_list_runs(_stamps()))


def _stamps() -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The folders in both roots, with what changes when the card of a run does."""
    return tuple(
        (str(folder), (*_stamp(folder), _time(folder / "label.json")))
        for root in _roots()
        if root.is_dir()
        for folder in sorted(root.iterdir())
        if folder.is_dir()
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _list_runs(stamps: tuple[tuple[str, tuple[int, ...]], ...]) -> list[RunCard]:
    from vae_core.runs import list_runs as read
    from vae_core.runs import read_card

    known = dict(stamps)

    def remembered(folder: Path, shipped: bool) -> RunCard:
        stamp = known.get(str(folder), ())
        before = _cards().get(str(folder))
        if before is None or before[0] != stamp or not stamp:
            before = _cards()[str(folder)] = stamp, read_card(folder, shipped)
        return before[1]

    return read(remembered)


@st.cache_resource(show_spinner=False)
def _cards() -> dict[str, tuple[tuple[int, ...], RunCard]]:
    """The card of each folder as it was read last, and the folder's stamp then."""
    return {}


ACTIVITY_ROWS = 10_000
"""Samples that the table of runs counts active units over, at most: it looks at many runs."""


def get_active_units() -> dict[str, int]:
    """How many active units each run has that can be looked at, by its folder."""
    return _get_active_units(_stamps())


@st.cache_resource(max_entries=4, show_spinner="Reading the runs")
def _get_active_units(stamps: tuple[tuple[str, tuple[int, ...]], ...]) -> dict[str, int]:
    from vae_core.metrics.activity import active_units
    from vae_core.runs import RunError
    from vae_core.runs.codes import first_means

    found = {}
    for card in list_runs():
        file = card.folder / "codes.npz"
        if not card.ready:
            continue
        before = _activity().get(str(file))
        if before is None or before[0] != _time(file):
            try:
                count = int(active_units(first_means(file, ACTIVITY_ROWS)).sum())
            except RunError:  # the page that opens the run says what is wrong
                count = None
            before = _activity()[str(file)] = _time(file), count
        if before[1] is not None:
            found[str(card.folder)] = before[1]
    return found


@st.cache_resource(show_spinner=False)
def _activity() -> dict[str, tuple[int, int | None]]:
    """How many active units there were in each codes.npz, None in a damaged one, and the file's time then."""
    return {}


def get_history(folder: Path) -> pd.DataFrame:
    """The curves of the run in this folder, as saved last; empty where there are none or they are damaged."""
    return _get_history(str(folder), _time(folder / "history.csv"))


@st.cache_resource(max_entries=256, show_spinner=False)
def _get_history(folder: str, changed: int) -> pd.DataFrame:
    import pandas as pd

    from vae_core.runs import RunError, RunFolder

    try:
        return pd.DataFrame(RunFolder(Path(folder)).read_history())
    except RunError:
        return pd.DataFrame()


def get_card(name: str) -> RunCard | None:
    """The card of the run called `name`, None where there is no such run."""
    return next((card for card in list_runs() if card.name == name), None)


def data_of(name: str | None) -> str | None:
    """The dataset of the run called `name`, None where there is no such run or it cannot be read."""
    card = get_card(name) if name else None
    return card.config.data.name if card and card.config else None


def get_run(name: str) -> Run:
    """The run called `name`, with its model and codes loaded at most once for all visitors.

    Raises:
        RunError: there is no such run, or its folder cannot be read; one sentence, shown as it is.
    """
    from vae_core.runs import find_run

    folder = find_run(name)  # by name: an address never opens a folder outside the run roots
    return _get_run(folder, _stamp(folder))


@st.cache_resource(max_entries=8, show_spinner=False)
def _get_run(folder: Path, stamp: tuple[int, ...]) -> Run:
    from vae_core.runs import load_run

    return load_run(folder)


# -- guests ------------------------------------------------------------------------------------------------


def has_guest(name: str, number: int) -> bool:
    """Whether this guest is kept and the run called `name` has samples of its kind."""
    card = get_card(name)
    return bool(card and card.config and Store.here().has(card.config.data, number))


def get_guest(name: str, number: int) -> Guest:
    """A guest, as the run called `name` has its samples. Raises GuestError where it is not kept."""
    info = get_run(name).config.data
    if not Store.here().has(info, number):
        raise GuestError(f"{name_of(number)} is not kept here any more.")
    return _get_guest(str(Store.here().folder), kind_of(info), number, info)


@st.cache_resource(max_entries=512, show_spinner=False)
def _get_guest(folder: str, kind: str, number: int, _info: DataInfo) -> Guest:
    guest = Store(Path(folder)).get(_info, number)
    if guest is None:
        raise GuestError(f"{name_of(number)} is not kept here any more.")
    return guest


def get_run_with(name: str, numbers: Sequence[int]) -> Run:
    """The run called `name` with these guests behind its codes; those that are gone, or have no code, are left out.

    Raises RunError as `get_run` does.
    """
    run = get_run(name)
    if not numbers or not run.config.model.abilities.encodes:
        return run
    there = tuple(number for number in numbers if has_guest(name, number))
    return _get_run_with(name, there, _stamp(run.folder)) if there else run


@st.cache_resource(max_entries=16, show_spinner=False)
def _get_run_with(name: str, numbers: tuple[int, ...], stamp: tuple[int, ...]) -> Run:
    from vae_core.guests.codes import Host

    run, found = get_run(name), []
    for number in numbers:
        try:
            found.append(get_guest_code(name, number))
        except GuestError:  # said when it came
            continue
    return Host(run.folder, run.config, run, tuple(found))


def get_guest_code(name: str, number: int) -> Codes:
    """What the model of the run called `name` makes of a guest: codes of one row.

    Raises RunError as `get_run` does, and GuestError where there is no such guest or it has no code.
    """
    return _get_guest_code(name, number, _stamp(get_run(name).folder))


@st.cache_resource(max_entries=1024, show_spinner=False)
def _get_guest_code(name: str, number: int, stamp: tuple[int, ...]) -> Codes:
    from vae_core.guests.codes import encode

    return encode(get_run(name).model, get_guest(name, number))


@st.cache_resource(show_spinner=False)
def warmed() -> set[tuple[str, tuple[int, ...]]]:
    """Runs, with their stamps, that ui/guests.py has loaded ahead of their first guest."""
    return set()


def run_stamp(name: str) -> tuple[int, ...]:
    """Changes when what is loaded of a run does."""
    return _stamp(get_run(name).folder)


def get_codes(name: str) -> Codes:
    """The codes of the run called `name`. Raises RunError as `get_run` does."""
    return get_run(name).codes


@st.cache_data(max_entries=64, show_spinner=False)
def _read_preview(path: str, changed: int) -> bytes | None:
    from PIL import Image

    from vae_core.runs import RunError
    from vae_core.runs.files import read_bounded

    try:
        data = read_bounded(Path(path), PREVIEW_BYTES)
        with Image.open(BytesIO(data)) as picture:
            fits = picture.format == "PNG" and max(picture.size) <= PREVIEW_SIDE
    except (RunError, OSError, SyntaxError, Image.DecompressionBombError):  # the latter are all that Pillow raises
        return None
    return data if fits else None


def get_preview(folder: Path) -> bytes | None:
    """A run's preview.png as it is on disk, None where there is none or it is no picture of a sane size."""
    file = folder / "preview.png"
    return _read_preview(str(file), file.stat().st_mtime_ns) if file.is_file() else None


def get_look(folder: Path, config: TrainConfig, theme: Theme) -> Look:
    """What the training in this folder looks like just now; drawn once for all who watch. Raises RunError."""
    files = (folder / name for name in ("live.npz", "history.csv", "names.json"))
    stamp = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
    stamp = (*stamp, hash(config.turns))  # a change is marked at once, paused or not
    return _get_look(str(folder), config.bottleneck, theme, stamp, config)


@st.cache_resource(max_entries=16, show_spinner=False)
def _get_look(folder: str, bottleneck: str, theme: Theme, stamp: tuple[int, ...], _config: TrainConfig) -> Look:
    from ui.live_view import look_at

    return look_at(Path(folder), _config, theme)


def get_film(folder: Path, config: TrainConfig) -> Reel | None:
    """The film of the run in this folder, ready for the browser; None where there is none. Raises RunError."""
    files = (folder / name for name in ("film.npz", "film-umap.npz", "names.json"))
    return _get_film(str(folder), tuple(_time(file) for file in files), config)


@st.cache_resource(max_entries=4, show_spinner=False)
def _get_film(folder: str, stamp: tuple[int, ...], _config: TrainConfig) -> Reel | None:
    from ui.film import reel_of
    from vae_core.runs import RunError, RunFolder, dimension_names
    from vae_core.runs.film import read_film
    from vae_core.runs.film_umap import read_umap

    film = read_film(Path(folder))
    if film is None:
        return None
    try:
        umap = read_umap(Path(folder), film)
    except RunError:  # the page offers to make it anew
        umap = None
    info = RunFolder(Path(folder)).read_config().data
    return reel_of(film, _config, info, dimension_names(Path(folder), film.rate.shape[1]), umap)


@dataclass(frozen=True)
class Strips:
    """A run's traversals of a sample, ready for the browser.

    Attributes:
        dims, rate: the k busiest dimensions and what each tells, nats.
        strips: k pictures as addresses that hold them.
        own: whether the run has a code of this sample; else the middle of its codes was taken.
    """

    dims: tuple[int, ...]
    rate: tuple[float, ...]
    strips: tuple[str, ...]
    own: bool


def get_traversal(name: str, sample: int, dims: int) -> Strips:
    """What the busiest dimensions of the run called `name` do to the sample. Raises as vae_core.traversals does."""
    from vae_core.runs import find_run

    return _get_traversal(name, sample, dims, _stamp(find_run(name)))


@st.cache_resource(max_entries=512, show_spinner="Decoding")
def _get_traversal(name: str, sample: int, dims: int, stamp: tuple[int, ...]) -> Strips:
    from ui.sweeps import strip_source
    from vae_core.export import upright
    from vae_core.runs import find_run, load_run
    from vae_core.traversals import traverse

    run = load_run(find_run(name))  # not kept: a sweep has many runs, and each is asked for its pictures alone
    found = traverse(run, sample, dims=dims)
    strips = tuple(strip_source(upright(row)) for row in found.pictures)
    return Strips(found.dims, tuple(map(float, found.rate)), strips, found.own)


# -- data --------------------------------------------------------------------------------------------------


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
    return tuple((str(file), _time(file)) for file in data_files(name)) if in_reach(name) else ()


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


@dataclass
class Download:
    """A download under way, in a thread of its own: visitors come and go meanwhile, and all see how far it is."""

    fraction: float = 0.0
    text: str = ""
    problem: str = ""
    ended: bool = False

    def tell(self, fraction: float, text: str) -> None:
        self.fraction, self.text = fraction, text

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


@dataclass(frozen=True)
class Pictures:
    """Some samples of a run as pictures.

    Attributes:
        pixels: uint8 [n, H, W] (grey) or [n, H, W, 3].
        labels: one short text a picture, for captions and screen readers.
        decoded: why the model's reconstructions stand in for the originals; "" where these are the originals.
    """

    pixels: np.ndarray
    labels: tuple[str, ...]
    decoded: str = ""


def get_pictures(run: str, indices: tuple[int, ...]) -> Pictures:
    """The samples at `indices` (positions in the run's full dataset), the originals where the data is here and sound.

    Raises:
        RunError: the run cannot be read.
        ValueError: an index is neither in the dataset, among the run's codes, nor a guest's.
    """
    if any(map(is_guest, indices)):
        return _with_guests(run, indices)
    card = get_card(run)
    if card is None or card.config is None:
        return _get_pictures(run, indices, (), "")
    return _get_pictures(run, indices, _stamp(card.folder), why_no_originals(card.config.data.name))


@st.cache_data(max_entries=256, show_spinner=False)
def _get_pictures(run: str, indices: tuple[int, ...], stamp: tuple[int, ...], missing: str) -> Pictures:
    from vae_core import render
    from vae_core.export import decode_pictures, upright

    loaded = get_run(run)
    info = loaded.config.data
    # dreams of a model without an encoder are numbered behind the dataset's samples
    end = info.size if loaded.config.model.abilities.encodes else info.size + len(loaded.codes)
    outside = [index for index in indices if not 0 <= index < end]
    if outside:
        raise ValueError(f"{info.name} has samples 0 to {info.size - 1}, not {outside[0]}.")
    if any(index >= info.size for index in indices):
        missing = "This model has no encoder, and these are its own dreams."
    if not missing:
        part = get_dataset(info.name).take(np.asarray(indices, dtype=np.int64))
        pixels = render.pictures(info, np.asarray(part.x[:].cpu()))  # [n, C, H, W]
        classes = None if part.y is None else np.asarray(part.y.cpu())  # [n]
    else:
        codes = loaded.codes
        rows = codes.rows(indices)
        if (rows < 0).any():
            raise ValueError(f"{missing} Some of these samples have no code either, so they cannot be shown.")
        pixels = decode_pictures(loaded.model, info, codes.mean[rows], _own_classes(loaded, rows))  # [n, C, H, W]
        classes = None if codes.y is None else codes.y[rows]
    labels = tuple(
        sample_label(info, index, None if classes is None else int(classes[row])) for row, index in enumerate(indices)
    )
    return Pictures(upright(pixels), labels, missing)


def _with_guests(run: str, indices: tuple[int, ...]) -> Pictures:
    """Pictures of samples and guests, each at its place."""
    from vae_core.export import upright
    from vae_core.render import pictures

    info = get_run(run).config.data
    own = tuple(index for index in indices if not is_guest(index))
    samples = get_pictures(run, own) if own else Pictures(np.empty(0, np.uint8), ())
    found = dict(zip(own, zip(samples.pixels, samples.labels, strict=True), strict=True))
    for number in filter(is_guest, indices):
        found[number] = upright(pictures(info, get_guest(run, number).x[None]))[0], name_of(number)
    pixels, labels = zip(*(found[index] for index in indices), strict=True)
    return Pictures(np.stack(pixels), labels, samples.decoded)


def get_habit(name: str) -> Habit:
    """What the pictures of the run called `name` are like: of the originals, or of what it decodes where none are here.

    Raises RunError as `get_run` does.
    """
    card = get_card(name)
    info = get_run(name).config.data
    return _get_habit(name, _stamp(card.folder) if card else (), why_no_originals(info.name))


@st.cache_resource(max_entries=32, show_spinner=False)
def _get_habit(name: str, stamp: tuple[int, ...], missing: str) -> Habit:
    codes = get_codes(name)
    rows = np.unique(np.linspace(0, len(codes) - 1, min(len(codes), 128)).astype(np.int64))
    return habit_of(get_pictures(name, tuple(codes.index[rows].tolist())).pixels)


def sample_label(info: DataInfo, index: int, label: int | None) -> str:
    """What the sample at `index` of a dataset is called: "7, sample 12"; behind its end lie dreams and guests."""
    if is_guest(index):
        return name_of(index)
    if index >= info.size:
        return f"dream {index - info.size}"
    if label is None or label >= len(info.class_names):
        return f"sample {index}"
    return f"{info.class_names[label]}, sample {index}"


def _own_classes(run: Run, rows: Sequence[int] | np.ndarray) -> np.ndarray | None:
    """The samples' own classes, where the model is told one: int64 [n]."""
    y = run.codes.y
    return y[np.asarray(rows, dtype=np.int64)] if run.config.model.abilities.classes and y is not None else None


def get_reconstructions(run: str, indices: tuple[int, ...]) -> np.ndarray:
    """What the model makes of the codes of the samples at `indices` of the dataset: uint8 [n, H, W(, 3)].

    Raises RunError as `get_run` does.
    """
    from vae_core.export import upright
    from vae_core.render import pictures

    return upright(pictures(get_run(run).config.data, get_redrawn(run, indices)))


def get_originals(run: str, indices: tuple[int, ...]) -> np.ndarray | None:
    """Samples at `indices` of the dataset as they are there: [n, *sample_shape]; None where they cannot be shown."""
    info = get_run(run).config.data
    if any(map(is_guest, indices)):
        parts = [get_guest(run, i).x[None] if is_guest(i) else get_originals(run, (i,)) for i in indices]
        there = [part for part in parts if part is not None]
        return np.concatenate(there) if len(there) == len(parts) else None
    if any(index >= info.size for index in indices) or why_no_originals(info.name):
        return None
    return np.asarray(get_dataset(info.name).take(np.asarray(indices, dtype=np.int64)).x[:].cpu())


def get_redrawn(run: str, indices: tuple[int, ...]) -> np.ndarray:
    """What the model makes of the codes of the samples at `indices` of the dataset, as decode_samples returns it.

    A conditional model is told what it was told when the codes were made: a sample's class, or its usual quadrants
    (nothing, where the data is not here); one that infers the class its own inference.
    """
    card = get_card(run)
    return _get_redrawn(run, indices, _stamp(card.folder) if card else ())


@st.cache_data(max_entries=256, show_spinner=False)
def _get_redrawn(run: str, indices: tuple[int, ...], stamp: tuple[int, ...]) -> np.ndarray:
    import torch

    from vae_core.export import decode_samples
    from vae_core.redraw import told_of

    loaded = get_run_with(run, [index for index in indices if is_guest(index)])
    able, codes = loaded.config.model.abilities, loaded.codes
    rows = codes.rows(indices)
    if (rows < 0).any():
        raise ValueError(f"Sample {indices[int(np.argmin(rows))]} has no code in {run}.")
    originals = get_originals(run, indices) if able.quadrants or able.infers_class else None
    x = None if originals is None else torch.from_numpy(originals)
    told = told_of(loaded.model, x, None if codes.y is None else torch.from_numpy(codes.y[rows]))
    return decode_samples(loaded.model, loaded.config.data, codes.mean[rows], None if told is None else told.numpy())


MOST_INFERRED = 20_000  # samples whose class is inferred so that a map can be coloured by it


def get_inferred(run: str) -> np.ndarray | None:
    """The class that the model infers of each sample that has a code: int64 [n]; None where it cannot be inferred,
    the data is not here, or there are many samples.
    """
    loaded = get_run(run)
    if not loaded.config.model.abilities.infers_class or len(loaded.codes) > MOST_INFERRED:
        return None
    card = get_card(run)
    missing = bool(why_no_originals(loaded.config.data.name))
    return None if missing else _get_inferred(run, _stamp(card.folder) if card else ())


@st.cache_resource(max_entries=8, show_spinner="Inferring classes")
def _get_inferred(run: str, stamp: tuple[int, ...]) -> np.ndarray | None:
    import torch

    from vae_core.redraw import inferred

    loaded = get_run(run)
    originals = get_originals(run, tuple(loaded.codes.index.tolist()))
    return None if originals is None else inferred(loaded.model, torch.from_numpy(originals)).numpy()


# -- maps --------------------------------------------------------------------------------------------------


def get_map(name: str, settings: MapSettings) -> Projection | None:
    """A map of the run called `name`: PCA and the raw plane are computed, UMAP is read where it has been made.

    Returns:
        None where a UMAP with these settings is yet to be made (ui/map_jobs.py starts that).

    Raises:
        RunError: the run cannot be read. ProjectionError: the settings do not fit its codes.
    """
    from vae_core.runs.maps import map_path

    card = get_card(name)
    stamp = _stamp(card.folder) if card else ()
    if settings.method != "umap":
        return _make_map(name, settings, stamp)
    file = map_path(get_run(name).folder, settings)
    return _read_map(name, settings, stamp, file.stat().st_mtime_ns) if file.exists() else None


def get_map_data(name: str, settings: MapSettings, colour: str, theme: Theme, axes: tuple[str, str]) -> MapData:
    """The points of a map that `get_map` has, coloured and ready for the browser: made once for all visitors.

    Plotly takes a tenth of a second to check 70,000 points, which no click should wait for.
    """
    from vae_core.runs.maps import map_path

    card = get_card(name)
    file = map_path(get_run(name).folder, settings)
    changed = file.stat().st_mtime_ns if settings.method == "umap" and file.exists() else 0
    return _get_map_data(name, settings, colour, theme, axes, _stamp(card.folder) if card else (), changed)


@st.cache_resource(max_entries=24, show_spinner=False)
def _get_map_data(
    name: str,
    settings: MapSettings,
    colour: str,
    theme: Theme,
    axes: tuple[str, str],
    stamp: tuple[int, ...],
    changed: int,
) -> MapData:
    from ui.maps import map_data

    projection = get_map(name, settings)
    if projection is None:
        raise ValueError(f"The map {settings.key} of {name} is yet to be made.")
    return map_data(get_run(name), projection, colour, theme, axes)


@st.cache_resource(max_entries=24, show_spinner="Drawing the map")
def _make_map(name: str, settings: MapSettings, stamp: tuple[int, ...]) -> Projection:
    from vae_core.latent.projection import project

    return project(get_codes(name).mean, settings)


@st.cache_resource(max_entries=24, show_spinner=False)
def _read_map(name: str, settings: MapSettings, stamp: tuple[int, ...], changed: int) -> Projection | None:
    from vae_core.runs import RunError
    from vae_core.runs.maps import map_path, read_map

    run = get_run(name)
    codes = run.codes.mean
    try:
        return read_map(map_path(run.folder, settings), codes)
    except RunError:  # broken, or of older codes: it is made anew, over the file
        return None


def get_guest_places(name: str, settings: MapSettings, numbers: tuple[int, ...]) -> np.ndarray:
    """Where guests of the run called `name` lie on a map that `get_map` has, which stays as it is: float32 [m, 2]."""
    projection = get_map(name, settings)
    if projection is None:
        raise ValueError(f"The map {settings.key} of {name} is yet to be made.")
    return _get_guest_places(name, settings, numbers, projection.codes_mark, projection)


@st.cache_resource(max_entries=64, show_spinner=False)
def _get_guest_places(
    name: str, settings: MapSettings, numbers: tuple[int, ...], mark: str, _projection: Projection
) -> np.ndarray:
    from vae_core.latent.projection import place_near

    new = np.concatenate([get_guest_code(name, number).mean for number in numbers])  # [m, D]
    return place_near(_projection, get_codes(name).mean, new)


# -- the latent desk ---------------------------------------------------------------------------------------

CODES_COMPARED = 2000  # codes sent to the browser for the distance cue; it looks at each of them in every frame


@dataclass(frozen=True)
class Desk:
    """A run's decoder for the browser.

    Attributes:
        program: the decoder and a sample of the codes, as vae_core.export writes them for the browser.
        version: changes when the program does.
    """

    program: bytes
    version: str


def get_desk(name: str, given: str = "") -> Desk:
    """The decoder of the run called `name` as a program for the browser, told what `given` (a Given.key) stands for.

    Raises:
        RunError: the run cannot be read. ExportError: its decoder has a layer that the browser cannot run.
        ValueError: `given` means nothing to this model.
    """
    card = get_card(name)
    return _get_desk(name, given, _stamp(card.folder) if card else ())


@st.cache_resource(max_entries=32, show_spinner=False)
def _get_desk(name: str, given: str, stamp: tuple[int, ...]) -> Desk:
    from vae_core.export import decoder_program

    seen = get_seen(name)
    program = decoder_program(get_run(name).model, _told(name, given, 1)).to_bytes(seen.codes if seen else None)
    return Desk(program, hashlib.sha256(program).hexdigest()[:16])


def get_dimensions(name: str) -> Dimensions:
    """Rate, mean, spread of each dimension of the run called `name`. Raises RunError as `get_run` does."""
    card = get_card(name)
    return _get_dimensions(name, _stamp(card.folder) if card else ())


@st.cache_resource(max_entries=32, show_spinner=False)
def _get_dimensions(name: str, stamp: tuple[int, ...]) -> Dimensions:
    from vae_core.latent.dimensions import describe

    codes = get_codes(name)
    return describe(codes.mean, codes.rate)


def get_decoded(name: str, codes: np.ndarray, given: str = "") -> np.ndarray:
    """The expected samples of codes [n, D], as vae_core.export.decode_samples returns them; not kept."""
    from vae_core.export import decode_samples

    run = get_run(name)
    return decode_samples(run.model, run.config.data, codes, _told(name, given, len(codes)))


def get_grids(name: str) -> np.ndarray:
    """Which code each cell of the run's samples has: int64 [n, cells]. Only where codes are discrete."""
    card = get_card(name)
    return _get_grids(name, _stamp(card.folder) if card else ())


@st.cache_resource(max_entries=16, show_spinner=False)
def _get_grids(name: str, stamp: tuple[int, ...]) -> np.ndarray:
    import torch

    run = get_run(name)
    nearest = run.model.nearest  # type: ignore[operator]
    with torch.inference_mode():
        parts = [nearest(part.to(run.model.device)).cpu() for part in torch.from_numpy(run.codes.mean).split(1024)]
    return torch.cat(parts).flatten(1).numpy()


def get_grid_of(name: str, code: np.ndarray) -> np.ndarray:
    """Which code each cell of a code [D] has: int64 [cells]. Only where codes are discrete; not kept."""
    import torch

    run = get_run(name)
    with torch.inference_mode():
        found: torch.Tensor = run.model.nearest(torch.from_numpy(code[None]).to(run.model.device))  # type: ignore[operator]
    return found.cpu().flatten().numpy()


def get_decoded_grids(name: str, grids: np.ndarray) -> np.ndarray:
    """Grids of discrete codes, int64 [n, cells], decoded: uint8 [n, H, W] or [n, H, W, 3]; not kept."""
    import torch

    from vae_core.export import decode_pictures, upright

    run = get_run(name)
    with torch.inference_mode():
        codes = run.model.codes_at(torch.from_numpy(grids).to(run.model.device))  # type: ignore[operator]
    return upright(decode_pictures(run.model, run.config.data, codes.cpu().numpy()))


# -- dreams ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dreams:
    """Samples decoded from codes that no sample has.

    Attributes:
        codes: float32 [n, D].
        samples: as vae_core.export.decode_samples returns them.
        pictures: uint8 [n, H, W] or [n, H, W, 3].
        zones: int [n], see vae_core.latent.geometry.zones; None where there is nothing to compare with.
    """

    codes: np.ndarray
    samples: np.ndarray
    pictures: np.ndarray
    zones: np.ndarray | None


def get_dreams(name: str, asked: Asked, given: str) -> Dreams:
    """What the run called `name` dreams when it is asked so and told what `given` (a Given.key) stands for.

    Raises RunError as `get_run` does.
    """
    card = get_card(name)
    return _get_dreams(name, asked, given, _stamp(card.folder) if card else ())


@st.cache_resource(max_entries=64, show_spinner="Dreaming")
def _get_dreams(name: str, asked: Asked, given: str, stamp: tuple[int, ...]) -> Dreams:
    from vae_core.dreams import draw_codes

    run = get_run(name)
    mixture = get_mixture(name, asked.components) if asked.components else None
    codes = draw_codes(run.model, asked, mixture, _told(name, given, asked.count))
    return decode_dreams(name, codes, given, asked)


def decode_dreams(name: str, codes: np.ndarray, given: str, asked: Asked) -> Dreams:
    """These codes [n, D] decoded by the run called `name`, and how far each is from the codes seen. Not kept."""
    from vae_core.dreams import decode_dreams as decode
    from vae_core.export import upright
    from vae_core.latent.geometry import zones
    from vae_core.render import pictures

    run = get_run(name)
    info = run.config.data
    samples = decode(run.model, info, codes, asked, _told(name, given, len(codes)))
    seen = get_taught(name)
    where = None if seen is None else zones(codes[:, seen.dims], seen.codes, seen.typical)
    return Dreams(codes, samples, upright(pictures(info, samples)), where)


def _told(name: str, given: str, count: int) -> np.ndarray | None:
    from ui.given import of_key

    return of_key(get_run(name), given).told(count)


@dataclass(frozen=True)
class Seen:
    """Codes of some samples, float [m, K], in the K dimensions `dims` that are awake, and how far apart they are."""

    codes: np.ndarray
    dims: np.ndarray
    typical: Typical


def get_seen(name: str) -> Seen | None:
    """What new codes of the run called `name` are compared with; None where all its samples have one code."""
    card = get_card(name)
    return _get_seen(name, _stamp(card.folder) if card else ())


@st.cache_resource(max_entries=16, show_spinner=False)
def _get_seen(name: str, stamp: tuple[int, ...]) -> Seen | None:
    from vae_core.metrics.activity import active_units

    codes = get_codes(name).mean
    return _among(codes, np.flatnonzero(active_units(codes)))


def get_taught(name: str) -> Seen | None:
    """What dreams of the run called `name` are compared with: codes that its decoder was taught on, a draw of each of
    some samples' posteriors.

    Not the posteriors' means: of a dimension that says little these crowd round 0, and what a prior draws would seem
    far from them all.
    """
    card = get_card(name)
    return _get_taught(name, _stamp(card.folder) if card else ())


@st.cache_resource(max_entries=16, show_spinner=False)
def _get_taught(name: str, stamp: tuple[int, ...]) -> Seen | None:
    from vae_core.metrics.activity import active_units

    codes = get_codes(name)
    noise = np.random.default_rng(0).standard_normal(codes.mean.shape, dtype=np.float32)
    spread = codes.std if get_run(name).config.model.abilities.spreads else 0.0
    return _among(codes.mean + spread * noise, np.flatnonzero(active_units(codes.mean)))


def _among(codes: np.ndarray, dims: np.ndarray) -> Seen | None:
    """Some of these codes [n, D] in these dimensions, and how far apart they are."""
    from vae_core.latent.geometry import typical_distance

    chosen = np.random.default_rng(0).permutation(len(codes))[:CODES_COMPARED]
    sample = np.unique(codes[np.sort(chosen)][:, dims], axis=0)  # many samples share a discrete code
    if not len(dims) or len(sample) < 2:
        return None
    return Seen(sample, dims, typical_distance(sample))


def test_rows(name: str) -> np.ndarray:
    """Rows of a run's codes whose samples it has never been trained on: int64 [m]; none where the data is not here."""
    run = get_run(name)
    if why_no_originals(run.config.data.name):
        return np.empty(0, dtype=np.int64)
    rows = run.codes.rows(get_dataset(run.config.data.name).splits["test"].numpy())
    return rows[rows >= 0]


def get_mixture(name: str, components: int) -> Mixture:
    """A Gaussian mixture fitted to the codes of the run called `name`, but for those of the test split."""
    card = get_card(name)
    return _get_mixture(name, components, _stamp(card.folder) if card else ())


@st.cache_resource(max_entries=32, show_spinner="Fitting a mixture to the codes")
def _get_mixture(name: str, components: int, stamp: tuple[int, ...]) -> Mixture:
    from vae_core.latent.mixture import fit

    codes = get_codes(name)
    rows = np.setdiff1d(np.arange(len(codes)), test_rows(name))
    if not len(rows):  # of a large dataset only test samples have codes: every second one
        rows = np.arange(0, len(codes), 2)
    return fit(codes.mean[rows], codes.std[rows], components)


COMPARED = 500  # dreams, held-out and training samples in a comparison


def get_match(name: str, asked: Asked, given: str) -> Match | None:
    """How far such dreams are from held-out samples (of the class that is given); None where that cannot be said:
    the data is not here, the model is told part of a picture, or there are fewer than two such samples.
    """
    if given.startswith("seen") or why_no_originals(get_run(name).config.data.name):
        return None
    card = get_card(name)
    return _get_match(name, asked, given, _stamp(card.folder) if card else ())


@st.cache_data(max_entries=256, show_spinner="Comparing with held-out samples")
def _get_match(name: str, asked: Asked, given: str, stamp: tuple[int, ...]) -> Match | None:
    from dataclasses import replace

    from vae_core.dreams import match

    run = get_run(name)
    data, told = get_dataset(run.config.data.name), _told(name, given, 1)
    rows = [data.splits[split].numpy() for split in ("test", "train")]
    if told is not None and told[0] >= 0:
        if data.y is None:  # what is here is other data of this name
            return None
        rows = [part[data.y[part].numpy() == told[0]] for part in rows]
    count = min(COMPARED, *map(len, rows))
    if count < 2:
        return None
    held_out, training = (np.asarray(data.x[part[:count]].cpu()) for part in rows)
    dreams = _get_dreams(name, replace(asked, count=count), given, stamp).samples
    return match(run.config.data, dreams, held_out, training)


# -- data of one's own -------------------------------------------------------------------------------------

PREVIEWS_KEPT = 16


@st.cache_resource(show_spinner=False)
def _own_previews() -> dict[tuple[str, tuple[int, int], Choices], Preview | str]:
    """Or the sentence that says why there is none, for that may have taken long to find out."""
    return {}


def get_own_preview(path: Path, choices: Choices) -> Preview:
    """What would be taken from `path` with these choices. Raises DatasetError, one sentence, where nothing would."""
    from vae_core.data.own.reading import inspect

    try:
        facts = path.stat()
    except OSError:
        raise DatasetError(f"{path.name} is no longer there: upload or choose it again.") from None
    stamp, kept = (facts.st_mtime_ns, facts.st_size), _own_previews()
    found = kept.get((str(path), stamp, choices))
    if isinstance(found, str):
        raise DatasetError(found)
    if found is not None:
        return found
    for key in list(kept)[: max(0, len(kept) + 2 - PREVIEWS_KEPT)]:
        kept.pop(key, None)
    try:
        preview = inspect(path, choices)
    except DatasetError as error:
        if path.is_file():  # what is deep in a folder may change, and the folder's time does not
            kept[str(path), stamp, choices] = str(error)
        raise
    # choices that were left to be seen are the same choices once they are settled
    kept[str(path), stamp, choices] = kept[str(path), stamp, preview.choices] = preview
    return preview


@dataclass
class Taking:
    """Data being taken over, in a thread of its own. keep: what must not be thrown away meanwhile (an upload)."""

    title: str
    keep: object
    fraction: float = 0.0
    text: str = "Waiting for its turn"
    problem: str = ""
    ended: bool = False

    def tell(self, fraction: float, text: str) -> None:
        self.fraction, self.text = fraction, text

    def run(self, path: Path, choices: Choices, name: str, source: str) -> None:
        from vae_core.data.own.taking import take

        try:
            with _one_at_a_time():
                take(path, choices, name, title=self.title, source=source, progress=self.tell)
        except DatasetError as error:
            self.problem = str(error)
        except Exception:
            self.problem = f"{self.title} could not be taken; the server's log says why."
            raise
        finally:
            self.ended, self.keep = True, None


@st.cache_resource(show_spinner=False)
def _one_at_a_time() -> LockType:
    return Lock()


@st.cache_resource(show_spinner=False)
def _takings() -> dict[str, Taking]:
    return {}


def get_taking(name: str) -> Taking | None:
    """The taking of a dataset called `name`, begun since the server started; None where there was none."""
    return _takings().get(name)


def start_taking(path: Path, choices: Choices, name: str, title: str, source: str, keep: object) -> bool:
    """Begins to take data over under `name`, one dataset after the other; `ui/library_data.py` shows how far it is.

    False where another visitor has just begun to take other data under this name.
    """
    taking = Taking(title, keep)
    while (before := _takings().setdefault(name, taking)) is not taking:  # one step: two may press at once
        if not before.ended:
            return False
        _takings().pop(name, None)
    Thread(target=taking.run, args=(path, choices, name, source), name=f"taking of {name}", daemon=True).start()
    return True
