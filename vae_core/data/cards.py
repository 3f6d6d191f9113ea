"""What datasets there are, and whether they are on this machine. Light: no torch, torchvision or sklearn."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vae_core.data.catalogue import CARDS, DatasetCard, Kind

__all__ = ["CARDS", "DatasetCard", "DatasetError", "Kind", "Progress", "data_files", "data_folder", "is_available"]

PROJECT = Path(__file__).resolve().parents[2]

Progress = Callable[[float, str], None]  # (fraction done in 0..1, what is being done)


class DatasetError(ValueError):
    """A dataset is unknown, absent, damaged or out of reach: one sentence, shown to the visitor as it is."""


@dataclass(frozen=True)
class Layout:
    """Where the files of a dataset are looked for, under each of `search_folders()`."""

    folders: tuple[str, ...]  # a download fills the first
    files: tuple[str, ...]
    endings: tuple[str, ...] = ("",)
    what: str = "its files"  # in "put ... there"
    where_from: str = "it cannot be downloaded"  # where no program can fetch it


IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
EMNIST_FILES = tuple(
    f"emnist-balanced-{part}-{content}-ubyte"
    for part in ("train", "test")
    for content in ("images-idx3", "labels-idx1")
)
CIFAR_FILES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
SVHN_FILES = ("train_32x32.mat", "test_32x32.mat")
CELEBA_FILES = ("celeba-64-pictures.npy", "celeba-64-facts.npy")  # made from the original once
DSPRITES_FILE = "dsprites_grid46080.npz"
STATIC_FILES = tuple(f"binarized_mnist_{part}.mat" for part in ("train", "valid", "test"))

LAYOUTS: dict[str, Layout] = {
    "mnist": Layout(("MNIST/raw", "mnist"), IDX_FILES, ("", ".gz"), "its four idx files"),
    "fashion-mnist": Layout(("FashionMNIST/raw", "fashion-mnist"), IDX_FILES, ("", ".gz"), "its four idx files"),
    "kmnist": Layout(("KMNIST/raw", "kmnist"), IDX_FILES, ("", ".gz"), "its four idx files"),
    "emnist": Layout(("EMNIST/raw", "emnist"), EMNIST_FILES, ("", ".gz"), "its four idx files"),
    "cifar-10": Layout(("cifar-10-batches-bin", "cifar-10"), CIFAR_FILES, what="its six .bin files"),
    "svhn": Layout(("svhn", "SVHN"), SVHN_FILES, what="its two .mat files"),
    "celeba": Layout(
        ("celeba",),
        CELEBA_FILES,
        what="img_align_celeba.zip, list_attr_celeba.txt and list_eval_partition.txt",
        where_from="by hand from its Google Drive, and run python -m vae_core download celeba, once",
    ),
    "dsprites-subset": Layout(("dsprites",), (DSPRITES_FILE,), what="its file"),
    "static-mnist": Layout(("static-mnist",), STATIC_FILES, what="its three .mat files"),
}


def data_folder() -> Path:
    """The folder where datasets are looked for and kept: LATENTARIUM_DATA, else `data` in the project."""
    named = os.environ.get("LATENTARIUM_DATA", "").strip()
    return Path(named).expanduser() if named else PROJECT / "data"


def search_folders() -> tuple[Path, ...]:
    """Where datasets are looked for, in this order.

    A folder named by LATENTARIUM_DATA is the only one; else the project's own, then `../shared/data` beside
    the project, where a group may keep data that several people read and nobody writes.
    """
    if os.environ.get("LATENTARIUM_DATA", "").strip():
        return (data_folder(),)
    return (data_folder(), PROJECT.parent / "shared" / "data")


def folders_of(name: str) -> tuple[Path, ...]:
    """Where the files of `name` (a key of LAYOUTS) may be."""
    return tuple(root / folder for root in search_folders() for folder in LAYOUTS[name].folders)


def find_file(folder: Path, stem: str, endings: tuple[str, ...]) -> Path | None:
    """The first file of that stem and one of these endings that is in `folder`; None where none is."""
    for path in (folder / f"{stem}{ending}" for ending in endings):
        if os.path.isfile(path):  # unlike Path.is_file, never raises where a folder may not be entered
            return path
    return None


def file_choices(name: str) -> list[dict[str, Path]]:
    """Every whole set of the files of `name`, {stem: file}, in the order in which they are tried."""
    layout = LAYOUTS[name]
    choices: list[dict[str, Path]] = []
    for folder in folders_of(name):
        for ending in layout.endings:
            endings = (ending, *(other for other in layout.endings if other != ending))
            found = {stem: find_file(folder, stem, endings) for stem in layout.files}
            files = {stem: path for stem, path in found.items() if path is not None}
            if len(files) == len(layout.files) and files not in choices:
                choices.append(files)
    return choices


def absent(name: str) -> DatasetError:
    """Where the files of `name` were looked for, which of them one folder lacks, and how to get them."""
    layout, card = LAYOUTS[name], CARDS[name]
    lacks = ""
    for folder in folders_of(name):
        missing = [stem for stem in layout.files if find_file(folder, stem, layout.endings) is None]
        if len(missing) < len(layout.files) and not lacks:
            lacks = f" ({folder} lacks {', '.join(f'{stem}{layout.endings[-1]}' for stem in missing)})"
    looked = " or ".join(str(folder) for folder in folders_of(name))
    remedy = f"put {layout.what} there, {layout.where_from}."
    if card.download_mb:
        remedy = (
            f"put {layout.what} there, or download it ({card.download_mb:.0f} MB) with "
            f"python -m vae_core download {name}."
        )
    return DatasetError(f"{card.title} is not in {looked}{lacks}: {remedy}")


def card_of(name: str) -> DatasetCard:
    """The card of a dataset that has a name: a shipped one, or own:NAME, one that was taken.

    Raises DatasetError, one sentence, where there is none, or it is damaged.
    """
    from vae_core.data.own import shelf

    if name in CARDS:
        return CARDS[name]
    if name.startswith(shelf.PREFIX):
        return shelf.card_of(name)
    raise DatasetError(f"There is no dataset called {name!r}; there are {', '.join((*CARDS, *shelf.names()))}.")


def find_card(name: str) -> DatasetCard | None:
    """The same, None where there is none (a file's path has none either)."""
    try:
        return card_of(name)
    except DatasetError:
        return None


def all_names() -> tuple[str, ...]:
    """Every dataset that has a name, the shipped ones first."""
    from vae_core.data.own import shelf

    return (*CARDS, *shelf.names())


OWN_ENDINGS = (".csv", ".parquet", ".zip", ".npz", ".npy", ".idx", ".idx.gz", "-ubyte", "-ubyte.gz", ".ubyte")


@dataclass(frozen=True)
class OwnFile:
    """A file or folder of one's own that a dataset's name means."""

    path: Path
    form: str  # "words", "letters", or "seen": what it is, its ending says


def own_file(name: str) -> OwnFile | None:
    """What a path that stands for a name means: `poems.txt` (words), `letters:poems.txt`, `cells.csv`, `photos.zip`, a
    folder; None for other names.
    """
    prefix, path = "letters:", name
    letters = name.startswith(prefix)
    if letters:
        path = name.removeprefix(prefix)
    ending = path[-4:].lower()
    if ending == ".txt":
        return OwnFile(Path(path).expanduser(), "letters" if letters else "words")
    place = Path(path).expanduser()
    ours = path.lower().endswith(OWN_ENDINGS) or (path != "" and os.path.isdir(place))
    return OwnFile(place, "seen") if ours and not letters else None


def in_reach(name: str) -> bool:
    """Whether the app may open this data for whoever looks at a run: a dataset of ours, or a file in a data folder.

    A run that somebody sent names its data itself, and must not make the app read any file of this machine.
    """
    own = None if name in CARDS or name.startswith("own:") else own_file(name)
    if own is None:
        return True  # no file that a name could point at
    path = own.path.resolve()
    return any(path.is_relative_to(folder.resolve()) for folder in search_folders())


def data_files(name: str) -> tuple[Path, ...]:
    """Every file that `load_dataset(name)` may read; none where the dataset needs none, or is not here."""
    from vae_core.data.own import shelf

    if name in LAYOUTS:
        return tuple(dict.fromkeys(path for files in file_choices(name) for path in files.values()))
    if name.startswith(shelf.PREFIX):
        return shelf.files_of(name)
    own = None if name in CARDS else own_file(name)
    there = own is not None and (os.path.isfile(own.path) or (own.form == "seen" and os.path.isdir(own.path)))
    return (own.path,) if own is not None and there else ()


def is_available(name: str) -> bool:
    """Whether `load_dataset(name)` would find its data here without a download. Looks at file names only."""
    if name == "names":
        return importlib.util.find_spec("faker") is not None
    return bool(data_files(name)) if name in LAYOUTS or name not in CARDS else True
