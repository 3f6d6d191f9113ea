"""What datasets there are, and whether they are on this machine. Light: no torch, torchvision or sklearn."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PROJECT = Path(__file__).resolve().parents[2]

Progress = Callable[[float, str], None]  # (fraction done in 0..1, what is being done)
Kind = Literal["image", "text", "table"]


class DatasetError(ValueError):
    """A dataset is unknown, absent, damaged or out of reach: one sentence, shown to the visitor as it is."""


@dataclass(frozen=True)
class DatasetCard:
    """What one can know of a dataset without loading it."""

    name: str
    title: str
    description: str
    n: int
    sample_shape: tuple[int, ...]  # image: (C, H, W); text: (T,) tokens; table: (F,) columns
    class_names: tuple[str, ...]
    factor_names: tuple[str, ...]  # empty where no ground-truth factors are known
    factor_sizes: tuple[int, ...]
    licence: str
    source: str
    download_mb: float  # 0.0: needs no download
    kind: Kind = "image"

    @property
    def train_size(self) -> int:
        """Samples of the training split."""
        return 55_000 if self.name in TORCHVISION_CLASSES else self.n - 2 * (self.n // 10)


_DIGIT_NAMES = tuple(str(digit) for digit in range(10))
_SHAPES = ("square", "ellipse", "heart")
_FACTORS = ("shape", "scale", "orientation", "x", "y")

CARDS: dict[str, DatasetCard] = {
    card.name: card
    for card in (
        DatasetCard(
            name="digits",
            title="Digits",
            description="Handwritten digits of 8 x 8 pixels in 17 grey levels, part of scikit-learn.",
            n=1_797,
            sample_shape=(1, 8, 8),
            class_names=_DIGIT_NAMES,
            factor_names=(),
            factor_sizes=(),
            licence="CC BY 4.0",
            source="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
            download_mb=0.0,
        ),
        DatasetCard(
            name="sprites",
            title="Sprites",
            description="A white square, ellipse or heart on black, at every scale, orientation and place of "
            "a regular grid: the five factors behind every picture are known.",
            n=737_280,
            sample_shape=(1, 64, 64),
            class_names=_SHAPES,
            factor_names=_FACTORS,
            factor_sizes=(3, 6, 40, 32, 32),
            licence="MIT (drawn here, on the factor grid of dSprites)",
            source="vae_core.data.sprites",
            download_mb=0.0,
        ),
        DatasetCard(
            name="mnist",
            title="MNIST",
            description="70,000 handwritten digits of 28 x 28 pixels, the classic of the field.",
            n=70_000,
            sample_shape=(1, 28, 28),
            class_names=_DIGIT_NAMES,
            factor_names=(),
            factor_sizes=(),
            licence="CC BY-SA 3.0",
            source="http://yann.lecun.com/exdb/mnist/",
            download_mb=11.6,
        ),
        DatasetCard(
            name="fashion-mnist",
            title="Fashion-MNIST",
            description="70,000 photographs of clothes, shoes and bags, 28 x 28 grey pixels.",
            n=70_000,
            sample_shape=(1, 28, 28),
            class_names=(
                "T-shirt/top",
                "trouser",
                "pullover",
                "dress",
                "coat",
                "sandal",
                "shirt",
                "sneaker",
                "bag",
                "ankle boot",
            ),
            factor_names=(),
            factor_sizes=(),
            licence="MIT",
            source="https://github.com/zalandoresearch/fashion-mnist",
            download_mb=30.9,
        ),
        DatasetCard(
            name="dsprites-subset",
            title="dSprites (subset)",
            description="46,080 original pictures of dSprites on a regular grid: every 4th orientation and "
            "every 2nd position; only where its file has been put into the data folder.",
            n=46_080,
            sample_shape=(1, 64, 64),
            class_names=_SHAPES,
            factor_names=_FACTORS,
            factor_sizes=(3, 6, 10, 16, 16),
            licence="Apache-2.0",
            source="https://github.com/google-deepmind/dsprites-dataset",
            download_mb=0.0,
        ),
        DatasetCard(
            name="grammar",
            title="Grammar",
            description="Every sentence of a small English grammar, word by word: who does what, where and when, "
            "said or asked or denied; the eight factors behind every sentence are known.",
            n=27_648,
            sample_shape=(12,),
            class_names=("past", "present", "future"),
            factor_names=("subject", "number", "verb", "object", "place", "tense", "polarity", "form"),
            factor_sizes=(8, 2, 6, 8, 3, 3, 2, 2),
            licence="MIT (written here)",
            source="vae_core.data.grammar",
            download_mb=0.0,
            kind="text",
        ),
        DatasetCard(
            name="wine",
            title="Wine",
            description="13 chemical measurements of 178 Italian wines from three growers, part of scikit-learn.",
            n=178,
            sample_shape=(13,),
            class_names=("grower 1", "grower 2", "grower 3"),
            factor_names=(),
            factor_sizes=(),
            licence="CC BY 4.0",
            source="https://archive.ics.uci.edu/dataset/109/wine",
            download_mb=0.0,
            kind="table",
        ),
        DatasetCard(
            name="breast-cancer",
            title="Breast cancer",
            description="30 measurements of cell nuclei in 569 biopsies, benign or malignant, part of scikit-learn.",
            n=569,
            sample_shape=(30,),
            class_names=("malignant", "benign"),
            factor_names=(),
            factor_sizes=(),
            licence="CC BY 4.0",
            source="https://archive.ics.uci.edu/dataset/17/breast+cancer+wisconsin+diagnostic",
            download_mb=0.0,
            kind="table",
        ),
    )
}

# Parts of a dataset's file names that the finder needs; torchvision's class name is also its folder's name.
TORCHVISION_CLASSES = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}
IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
DSPRITES_FILE = "dsprites/dsprites_grid46080.npz"


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


def idx_folders(name: str) -> tuple[Path, ...]:
    """Where the four idx files of `name` may be: torchvision's layout first, then a plain folder."""
    return tuple(
        folder for root in search_folders() for folder in (root / TORCHVISION_CLASSES[name] / "raw", root / name)
    )


def idx_file(folder: Path, stem: str, endings: tuple[str, ...] = ("", ".gz")) -> Path | None:
    """The plain or the gzipped file of that stem in `folder`, the first that is there; None where neither is."""
    for path in (folder / f"{stem}{ending}" for ending in endings):
        if os.path.isfile(path):  # unlike Path.is_file, never raises where a folder may not be entered
            return path
    return None


def idx_choices(name: str) -> list[dict[str, Path]]:
    """Every whole set of the four idx files, {stem: file}, in the order in which they are tried."""
    choices: list[dict[str, Path]] = []
    for folder in idx_folders(name):
        for ending in ("", ".gz"):
            other = ".gz" if not ending else ""
            found = {stem: idx_file(folder, stem, (ending, other)) for stem in IDX_FILES}
            files = {stem: path for stem, path in found.items() if path is not None}
            if len(files) == len(IDX_FILES) and files not in choices:
                choices.append(files)
    return choices


def data_files(name: str) -> tuple[Path, ...]:
    """Every file that `load_dataset(name)` may read; none where the dataset needs none, or is not here."""
    if name in TORCHVISION_CLASSES:
        return tuple(dict.fromkeys(path for files in idx_choices(name) for path in files.values()))
    if name == "dsprites-subset":
        paths = (root / DSPRITES_FILE for root in search_folders())
        return tuple(path for path in paths if os.path.isfile(path))
    return ()


def is_available(name: str) -> bool:
    """Whether `load_dataset(name)` would find its data here without a download. Looks at file names only."""
    needs_files = name in TORCHVISION_CLASSES or name == "dsprites-subset"
    return bool(data_files(name)) if needs_files else name in CARDS
