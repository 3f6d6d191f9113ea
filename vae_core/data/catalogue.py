"""The datasets that have a name, and what one can know of each without loading it. Light: no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["image", "text", "table"]


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
    splits: tuple[int, ...] = ()
    """Training, validation and test samples where these follow each other; () for 80 / 10 / 10 percent, shuffled."""

    @property
    def train_size(self) -> int:
        """Samples of the training split."""
        return self.splits[0] if self.splits else self.n - 2 * (self.n // 10)


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
            name="sprites-colour",
            title="Sprites in colour",
            description="A square, ellipse or heart in one of eight hues on black, 32 x 32 pixels: six known factors.",
            n=147_456,
            sample_shape=(3, 32, 32),
            class_names=_SHAPES,
            factor_names=(*_FACTORS, "hue"),
            factor_sizes=(3, 3, 8, 16, 16, 8),
            licence="MIT (drawn here)",
            source="vae_core.data.sprites_colour",
            download_mb=0.0,
        ),
        DatasetCard(
            name="lines",
            title="Lines",
            description="A white line from the middle of 32 x 32 black pixels, at any of 8,192 angles: one factor, and "
            "a walk between two of them that everybody knows (Berthelot et al. 2018).",
            n=8_192,
            sample_shape=(1, 32, 32),
            class_names=("east", "north-east", "north", "north-west", "west", "south-west", "south", "south-east"),
            factor_names=("angle",),
            factor_sizes=(8_192,),
            licence="MIT (drawn here)",
            source="vae_core.data.lines",
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
            splits=(55_000, 5_000, 10_000),
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
            splits=(55_000, 5_000, 10_000),
        ),
        DatasetCard(
            name="kmnist",
            title="Kuzushiji-MNIST",
            description="70,000 cursive Japanese letters of 28 x 28 pixels, ten characters from old books.",
            n=70_000,
            sample_shape=(1, 28, 28),
            class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
            factor_names=(),
            factor_sizes=(),
            licence="CC BY-SA 4.0",
            source="http://codh.rois.ac.jp/kmnist/",
            download_mb=21.3,
            splits=(55_000, 5_000, 10_000),
        ),
        DatasetCard(
            name="emnist",
            title="EMNIST (balanced)",
            description="131,600 handwritten digits and letters of 28 x 28 pixels in 47 equal classes; letters that "
            "look alike large and small share one.",
            n=131_600,
            sample_shape=(1, 28, 28),
            class_names=tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"),
            factor_names=(),
            factor_sizes=(),
            licence="public domain (NIST)",
            source="https://www.nist.gov/itl/products-and-services/emnist-dataset",
            download_mb=561.8,
            splits=(94_000, 18_800, 18_800),
        ),
        DatasetCard(
            name="cifar-10",
            title="CIFAR-10",
            description="60,000 colour photographs of 32 x 32 pixels: vehicles and animals.",
            n=60_000,
            sample_shape=(3, 32, 32),
            class_names=(
                "airplane",
                "automobile",
                "bird",
                "cat",
                "deer",
                "dog",
                "frog",
                "horse",
                "ship",
                "truck",
            ),
            factor_names=(),
            factor_sizes=(),
            licence="no licence stated; cite Krizhevsky 2009",
            source="https://www.cs.toronto.edu/~kriz/cifar.html",
            download_mb=170.1,
            splits=(45_000, 5_000, 10_000),
        ),
        DatasetCard(
            name="svhn",
            title="SVHN",
            description="99,289 house numbers from street photographs, colour, 32 x 32 pixels round one digit.",
            n=99_289,
            sample_shape=(3, 32, 32),
            class_names=_DIGIT_NAMES,
            factor_names=(),
            factor_sizes=(),
            licence="for non-commercial use only",
            source="http://ufldl.stanford.edu/housenumbers/",
            download_mb=246.3,
            splits=(68_257, 5_000, 26_032),
        ),
        DatasetCard(
            name="celeba",
            title="CelebA",
            description="202,599 photographs of faces, aligned, cut to the middle and shrunk to 64 x 64 pixels.",
            n=202_599,
            sample_shape=(3, 64, 64),
            class_names=("serious", "smiling"),
            factor_names=(),
            factor_sizes=(),
            licence="for non-commercial research only",
            source="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
            download_mb=0.0,
            splits=(162_770, 19_867, 19_962),
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
            name="static-mnist",
            title="Static binarised MNIST",
            description="MNIST's digits in black and white, drawn from their greys once and for all, as published "
            "likelihoods are measured on; without labels, and only where its files have been put into the data folder.",
            n=70_000,
            sample_shape=(1, 28, 28),
            class_names=(),
            factor_names=(),
            factor_sizes=(),
            licence="CC BY-SA 3.0 (as MNIST)",
            source="Larochelle and Murray 2011",
            download_mb=0.0,
            splits=(50_000, 10_000, 10_000),
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
            name="names",
            title="Names",
            description="Surnames from ten countries, letter by letter, as the Faker package lists them; names that "
            "several of these countries share are left out.",
            n=8_306,
            sample_shape=(16,),
            class_names=(
                "United States",
                "Germany",
                "France",
                "Italy",
                "Spain",
                "Netherlands",
                "Finland",
                "Croatia",
                "Slovakia",
                "South Africa",
            ),
            factor_names=(),
            factor_sizes=(),
            licence="MIT (Faker)",
            source="https://github.com/joke2k/faker",
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
