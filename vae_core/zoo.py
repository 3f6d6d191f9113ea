"""The families of autoencoder that the literature names: what each teaches, its paper, and the settings that make it.

No torch: the gallery, the train page, `scripts/train_zoo.py` and the README's table are made of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vae_core.config import TrainConfig

SECTIONS = (
    "The classic",
    "Disentangling",
    "Priors",
    "Conditional and semi-supervised",
    "Discrete",
    "Hierarchical",
    "Text",
    "Tables",
    "Contrasts",
)


@dataclass(frozen=True)
class Entry:
    """One family."""

    title: str
    section: str
    paper: str
    teaches: str
    """A sentence: what one sees in it."""
    settings: Mapping[str, Any]
    """Of TrainConfig, that make its shipped run."""
    about: str = ""
    """What the shipped run shows, for its card; what the family teaches, where there is nothing to add."""

    def config(self) -> TrainConfig:
        """The training that makes the shipped run."""
        told = {"title": self.title, "about": self.about or self.teaches, "weights": "fp16"}
        return TrainConfig.model_validate(told | dict(self.settings))


_FIRST = {"data": "digits", "hidden": (256, 128), "batch_size": 64, "decay": 0.3}
_DIGITS = {"data": "digits", "likelihood": "gaussian", "hidden": (256,), "batch_size": 64}
_BINARY = {"likelihood": "bernoulli"}
_COLOURED = {"data": "sprites-colour", "net": "conv", "latent_dim": 8, "batch_size": 64, "decay": 0.3}
_GRID = {
    "data": "digits",
    "likelihood": "gaussian",
    "batch_size": 64,
    "learning_rate": 1.5e-3,
    "steps": 2000,
    "decay": 0.7,
    "evaluations": 40,
    "prior_width": 32,
}
_LADDER = {
    "data": "digits",
    "bottleneck": "ladder",
    "levels": (4, 4, 8),
    "hidden": (128,),
    "batch_size": 64,
    "steps": 2500,
    "warmup_steps": 1000,
    "free_bits": 0.5,
    "decay": 0.3,
}
_REMEDIES = {"latent_dim": 16, "learning_rate": 2e-3, "cycles": 4, "decay": 0.3}

ZOO: dict[str, Entry] = {
    "digits-2d": Entry(
        "Digits on a plane",
        "The classic",
        "Kingma and Welling 2014; Rezende et al. 2014",
        "A code is a place with a spread, and neighbouring places decode alike.",
        _FIRST | {"latent_dim": 2, "likelihood": "bernoulli", "epochs": 400},
    ),
    "digits-10d": Entry(
        "Sigma-VAE",
        "The classic",
        "Rybkin et al. 2021",
        "A Gaussian likelihood that finds its own sigma balances distortion and rate without tuning.",
        _FIRST | {"latent_dim": 10, "likelihood": "gaussian", "epochs": 120},
    ),
    "digits-warmup": Entry(
        "KL warm-up",
        "The classic",
        "Bowman et al. 2016; Sønderby et al. 2016",
        "A rate that costs nothing at first lets dimensions wake before they are charged for.",
        _DIGITS | {"latent_dim": 16, "warmup_steps": 1500, "steps": 4000, "decay": 0.3},
    ),
    "digits-cyclical": Entry(
        "Cyclical annealing",
        "The classic",
        "Fu et al. 2019",
        "The price of the rate rises again and again; each time the codes begin where the last cycle left them.",
        _DIGITS | {"latent_dim": 16, "cycles": 4, "steps": 4000, "decay": 0.2},
    ),
    "digits-freebits": Entry(
        "Free bits",
        "The classic",
        "Kingma et al. 2016",
        "The first nats of each dimension are free, so no dimension is put to sleep.",
        _DIGITS | {"latent_dim": 16, "free_bits": 0.5, "steps": 4000, "decay": 0.3},
    ),
    "digits-iwae": Entry(
        "IWAE",
        "The classic",
        "Burda et al. 2016; Tucker et al. 2019",
        "Several samples of each posterior make a tighter bound, and spread the posterior out.",
        _DIGITS | {"latent_dim": 10, "objective": "iwae", "importance_samples": 20, "steps": 3000, "decay": 0.3},
    ),
    "sprites-beta4": Entry(
        "β-VAE",
        "Disentangling",
        "Higgins et al. 2017",
        "A dearer rate makes the code settle on few directions, and each says one thing.",
        {
            "data": "sprites",
            "net": "mlp",
            "hidden": (256, 256),
            "latent_dim": 10,
            "beta": 4.0,
            "warmup_steps": 24_000,
            "warmup_from": 40.0,
            "steps": 40_000,
            "decay": 0.3,
            "precision": "bf16",
        },
    ),
    "digits-capacity": Entry(
        "Annealed capacity",
        "Disentangling",
        "Burgess et al. 2018",
        "The code gets room nat by nat, so factors enter it one after the other.",
        _DIGITS
        | {
            "latent_dim": 10,
            "objective": "capacity",
            "capacity": 14.0,
            "gamma": 5.0,
            "capacity_steps": 2000,
            "steps": 3000,
            "decay": 0.3,
        },
    ),
    "colour-tcvae": Entry(
        "β-TCVAE",
        "Disentangling",
        "Chen et al. 2018",
        "Only what dimensions say in common costs more, not what each says.",
        _COLOURED | {"objective": "tcvae", "beta": 6.0, "steps": 7000},
    ),
    "colour-factor": Entry(
        "FactorVAE",
        "Disentangling",
        "Kim and Mnih 2018",
        "A second net learns to tell codes from codes with shuffled dimensions; where it fails, they are independent.",
        _COLOURED | {"objective": "factor", "factor_gamma": 20.0, "steps": 5000},
    ),
    "digits-dip-i": Entry(
        "DIP-VAE I",
        "Disentangling",
        "Kumar et al. 2018",
        "The means of all codes together are asked to be uncorrelated.",
        _DIGITS
        | {"latent_dim": 10, "objective": "dip", "dip": "i", "lambda_od": 10.0, "lambda_d": 100.0, "steps": 3000},
    ),
    "digits-dip-ii": Entry(
        "DIP-VAE II",
        "Disentangling",
        "Kumar et al. 2018",
        "The same of the codes with their spread: the cloud of all posteriors is asked to be uncorrelated.",
        _DIGITS
        | {"latent_dim": 10, "objective": "dip", "dip": "ii", "lambda_od": 10.0, "lambda_d": 10.0, "steps": 3000},
    ),
    "digits-mmd": Entry(
        "InfoVAE (MMD)",
        "Disentangling",
        "Zhao et al. 2019",
        "The cloud of all codes is to look like the prior, while a single code may tell as much as it likes.",
        _DIGITS
        | {"latent_dim": 10, "objective": "mmd", "mmd_lambda": 300.0, "mmd_alpha": 1.0, "steps": 3000, "decay": 0.3},
    ),
    "digits-vamp": Entry(
        "VampPrior",
        "Priors",
        "Tomczak and Welling 2018",
        "The prior is a mixture of the posteriors of samples that were made up in training.",
        _DIGITS | {"latent_dim": 10, "prior": "vamp", "pseudo_inputs": 50, "steps": 4000, "decay": 0.3},
    ),
    "digits-class": Entry(
        "Conditional VAE",
        "Conditional and semi-supervised",
        "Sohn et al. 2015; Kingma et al. 2014",
        "The class is told, so the code keeps the rest: the hand. Same code, other class, same hand.",
        _DIGITS | {"latent_dim": 6, "condition": "class", "steps": 4000, "decay": 0.3},
    ),
    "digits-quadrants": Entry(
        "Conditional VAE, quadrants",
        "Conditional and semi-supervised",
        "Sohn et al. 2015",
        "Part of the picture is told; the code is about what could be in the rest.",
        _DIGITS | {"latent_dim": 10, "condition": "quadrants", "steps": 4000, "decay": 0.3},
    ),
    "digits-m2": Entry(
        "M2, semi-supervised",
        "Conditional and semi-supervised",
        "Kingma et al. 2014",
        "A few labels name the classes that the model would have to find otherwise; for the rest they are inferred.",
        _DIGITS | _BINARY | {"latent_dim": 6, "bottleneck": "class", "labels": 10, "steps": 3000, "decay": 0.3},
    ),
    "digits-m1m2": Entry(
        "M1+M2, stacked",
        "Conditional and semi-supervised",
        "Kingma et al. 2014",
        "The class is inferred from a code rather than from pixels.",
        _DIGITS
        | {"latent_dim": 6, "bottleneck": "stacked", "first_dim": 16, "labels": 10, "steps": 3000, "decay": 0.3},
    ),
    "digits-vq": Entry(
        "VQ-VAE",
        "Discrete",
        "van den Oord et al. 2017; Razavi et al. 2019",
        "A code is a small grid of words out of a codebook; a transformer learns which words go together.",
        _GRID | {"bottleneck": "vq", "codebook": 32, "code_dim": 4},
    ),
    "digits-fsq": Entry(
        "FSQ",
        "Discrete",
        "Mentzer et al. 2024",
        "Numbers rounded to a few values are a codebook too, one that cannot collapse and needs no loss of its own.",
        _GRID | {"bottleneck": "fsq", "fsq_levels": (4, 4, 2)},
    ),
    "digits-ladder": Entry(
        "Ladder VAE",
        "Hierarchical",
        "Sønderby et al. 2016; Vahdat and Kautz 2020",
        "A code in levels: each settles more of the picture, and what is coarse can be kept while the fine is redrawn.",
        _LADDER,
    ),
    "grammar-collapsed": Entry(
        "Text VAE, collapsed",
        "Text",
        "Bowman et al. 2016",
        "Posterior collapse: a strong decoder writes well without asking the code, and all sentences share one.",
        {"data": "grammar", "latent_dim": 16, "epochs": 5},
    ),
    "grammar": Entry(
        "Text VAE",
        "Text",
        "Bowman et al. 2016; Li et al. 2019; Fu et al. 2019",
        "Word dropout, free bits, a trained encoder to begin with and a price that comes in cycles: the code is used.",
        _REMEDIES | {"data": "grammar", "epochs": 16, "word_dropout": 0.4, "free_bits": 1.25, "pretrain_steps": 600},
    ),
    "names": Entry(
        "Text VAE, letter by letter",
        "Text",
        "Bowman et al. 2016",
        "The same with letters: between two names lie names that nobody has.",
        _REMEDIES | {"data": "names", "epochs": 60, "word_dropout": 0.3, "free_bits": 0.6, "pretrain_steps": 500},
    ),
    "wine": Entry(
        "Wines",
        "Tables",
        "Kingma and Welling 2014",
        "A row of a table is a sample too: thirteen measurements of a wine in two numbers.",
        {"data": "wine", "latent_dim": 2, "steps": 3000, "batch_size": 32},
    ),
    "breast-cancer": Entry(
        "Cell nuclei",
        "Tables",
        "Kingma and Welling 2014",
        "Thirty measurements that say much the same need few dimensions.",
        {"data": "breast-cancer", "latent_dim": 4, "steps": 3000, "batch_size": 32},
    ),
    "digits-autoencoder": Entry(
        "Autoencoder",
        "Contrasts",
        "Hinton and Salakhutdinov 2006",
        "Codes without spread or price: sharp copies, and nothing known of the places between them.",
        _DIGITS | {"latent_dim": 10, "bottleneck": "point", "steps": 3000, "decay": 0.3},
    ),
    "digits-2d-autoencoder": Entry(
        "Autoencoder on a plane",
        "Contrasts",
        "Hinton and Salakhutdinov 2006",
        "The first model without its rate: its codes lie in rays, far out, and few where N(0, I) would look.",
        _FIRST | {"latent_dim": 2, "bottleneck": "point", "likelihood": "bernoulli", "epochs": 400},
    ),
    "digits-denoising": Entry(
        "Denoising autoencoder",
        "Contrasts",
        "Vincent et al. 2008",
        "What is blanked has to be restored, so the code must know what digits look like.",
        _DIGITS | {"latent_dim": 10, "bottleneck": "point", "noise": 0.3, "steps": 3000, "decay": 0.3},
    ),
    "digits-pca": Entry(
        "PCA",
        "Contrasts",
        "Tipping and Bishop 1999",
        "The linear VAE, whose best weights have a closed form: every dimension adds one picture to the mean.",
        {"data": "digits", "latent_dim": 10, "bottleneck": "linear"},
    ),
    "digits-gan": Entry(
        "GAN",
        "Contrasts",
        "Goodfellow et al. 2014",
        "The same decoder taught by a critic instead of an encoder: it dreams, and no sample has a place.",
        _DIGITS
        | _BINARY
        | {"latent_dim": 10, "bottleneck": "none", "objective": "adversarial", "steps": 6000, "decay": 0.5}
        | {"hidden": (256, 256), "r1": 0.1, "critic_learning_rate": 1e-3},
    ),
}
"""By the name of the shipped run."""


def entry_of(run: str) -> Entry | None:
    """The family that a shipped run shows; None for a run of one's own."""
    return ZOO.get(run)
