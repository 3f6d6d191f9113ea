"""Loading a dataset by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vae_core.data import cards, celeba, grammar, lines, names, sprites, sprites_colour
from vae_core.data import download as fetching
from vae_core.data.cards import CARDS, DatasetCard, DatasetError, Progress
from vae_core.data.dataset import Dataset, from_card, shuffled_splits
from vae_core.data.drawn import DrawnImages, Grid
from vae_core.data.dsprites import read_dsprites
from vae_core.data.idx_sets import read_idx_set
from vae_core.data.own import reading, shelf, taking
from vae_core.data.photos import read_cifar10, read_svhn
from vae_core.data.static_mnist import read_static_mnist
from vae_core.data.tables import sklearn_table
from vae_core.data.text import tokenise_all

SEEDS = {"digits": 1797, "sprites": 737280, "sprites-colour": 147456, "lines": 8192, "grammar": 27648, "names": 8306}
"""Of the splits; fixed for ever."""

MAX_NAME = 200  # letters: a run keeps its dataset's name


def load_dataset(name: str, *, download: bool = False, progress: Progress | None = None) -> Dataset:
    """The dataset called `name`, on the CPU: a key of CARDS, own:NAME (one that was taken), or the path of one's own.

    A path is a folder or .zip of pictures (folders in it are classes), .npz, .npy, an idx file, or a .csv or .parquet
    table; `poems.txt` is read by words and `letters:poems.txt` by letters, one sample a line.
    Data with a name is looked for in `search_folders()` and read where it lies; nothing is written unless it is absent
    or damaged and `download` is true, and then only in `data_folder()`. `progress(fraction, text)` hears of the
    download and of the reading.

    Raises DatasetError, one sentence, where the name is unknown, the data is absent or damaged, or a download
    fails.
    """
    tell = progress or (lambda fraction, text: None)
    if name not in CARDS:
        return _own_dataset(name)
    card = CARDS[name]
    if name in MAKERS:
        return MAKERS[name](card)
    if not download:
        return _from_files(card, tell)
    try:
        found = _from_files(card, lambda fraction, text: None)  # silent: a download may begin at 0 after it
    except DatasetError:  # absent or damaged
        if name == "celeba":
            celeba.prepare(card, tell)
        elif card.download_mb:
            fetching.fetch(name, lambda fraction, text: tell(0.9 * fraction, text))
        else:
            raise
        return _from_files(card, tell)
    tell(1.0, f"{card.title} is here")
    return found


def _own_dataset(name: str) -> Dataset:
    if name.startswith(shelf.PREFIX):
        return taking.load(name)
    own = cards.own_file(name)
    if own is None:
        raise DatasetError(
            f"There is no dataset called {name!r}; there are {', '.join(cards.all_names())}, and any path: "
            f"{reading.TAKEN}."
        )
    if len(name) > MAX_NAME:
        raise DatasetError(f"A dataset's name has up to {MAX_NAME} letters; put the file {own.path.name} nearer.")
    return reading.read(name, own)


def _from_files(card: DatasetCard, tell: Progress) -> Dataset:
    """Out of the first whole and sound set of files."""
    first: DatasetError | None = None
    for files in cards.file_choices(card.name):
        try:
            return READERS[card.name](card, files, tell)
        except DatasetError as error:
            first = first or error
    raise first or cards.absent(card.name)


def _digits(card: DatasetCard) -> Dataset:
    from sklearn.datasets import load_digits  # here, so that only this dataset pays for the import

    bunch = load_digits()
    grey = np.rint(bunch.images * (255 / 16)).astype(np.uint8)  # 0..16 -> 0..255, [N, 8, 8]
    y = torch.from_numpy(bunch.target.astype(np.int64))
    return from_card(card, torch.from_numpy(grey[:, None]), y, shuffled_splits(len(y), SEEDS[card.name]))


def _sprites(card: DatasetCard) -> Dataset:
    return _drawn(card, sprites.GRID)


def _sprites_colour(card: DatasetCard) -> Dataset:
    return _drawn(card, sprites_colour.GRID)


def _lines(card: DatasetCard) -> Dataset:
    return _drawn(card, lines.GRID, lines.direction)


def _first(factors: Tensor) -> Tensor:
    return factors[:, 0].clone()


def _drawn(card: DatasetCard, grid: Grid, class_of: Callable[[Tensor], Tensor] = _first) -> Dataset:
    """A whole factor grid of pictures; its first factor is the class, unless it is said otherwise."""
    factors = grid.all_factors()
    splits = shuffled_splits(grid.n, SEEDS[card.name])
    return from_card(card, DrawnImages(grid), class_of(factors), splits, factors=factors)


def _grammar(card: DatasetCard) -> Dataset:
    rows, vocabulary = grammar.all_factors(), grammar.vocabulary()
    x = tokenise_all(map(grammar.sentence, rows), vocabulary, " ", grammar.LENGTH)
    factors = torch.tensor(rows)
    y = factors[:, card.factor_names.index("tense")].clone()
    splits = shuffled_splits(len(rows), SEEDS[card.name])
    return from_card(card, x, y, splits, factors=factors, vocabulary=vocabulary, joiner=" ")


def _names(card: DatasetCard) -> Dataset:
    surnames, countries = names.surnames()
    vocabulary = names.alphabet(surnames)
    x = tokenise_all(surnames, vocabulary, "", names.LENGTH)
    splits = shuffled_splits(len(surnames), SEEDS[card.name])
    return from_card(card, x, torch.tensor(countries), splits, vocabulary=vocabulary)


MAKERS: dict[str, Callable[[DatasetCard], Dataset]] = {
    "digits": _digits,
    "sprites": _sprites,
    "sprites-colour": _sprites_colour,
    "lines": _lines,
    "grammar": _grammar,
    "names": _names,
    "wine": sklearn_table,
    "breast-cancer": sklearn_table,
}
READERS: dict[str, Callable[[DatasetCard, dict[str, Path], Progress], Dataset]] = {
    "mnist": read_idx_set,
    "fashion-mnist": read_idx_set,
    "kmnist": read_idx_set,
    "emnist": read_idx_set,
    "cifar-10": read_cifar10,
    "svhn": read_svhn,
    "celeba": celeba.read_celeba,
    "dsprites-subset": read_dsprites,
    "static-mnist": read_static_mnist,
}
