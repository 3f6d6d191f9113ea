"""Lesson 12: a threshold on how odd a sample is, and beside it what the same models are bad at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vae_core.lessons.card import Lesson, Material, Paper, Term
from vae_core.lessons.samples import as_pictures
from vae_core.lessons.scene import Bars, Curves, Drag, Line, Number, Pictures, Scene, Words

if TYPE_CHECKING:
    from vae_core.apply.anomaly import Detection
    from vae_core.apply.outcome import Outcome
    from vae_core.runs import Run

CELLS, SPRITES, DIGITS = "breast-cancer", "study-beta-1", "digits-10d"
NORMAL = "benign"
SHARES = np.arange(0, 41)  # per cent of benign samples that may sound the alarm
ASKED = 5
WAYS = {"density": "density of the code", "distortion": "distortion", "neighbour": "nearest neighbour"}
TWICE = 2  # as many false alarms as were allowed are spoken of
SHOWN, PRICED, FILLED = 6, 200, 40  # samples: drawn, given an ELBO, filled in


def scene(material: Material) -> Scene:
    """Cell nuclei: what each way finds as false alarms are allowed; then sprites and digits, where a model fails."""
    from vae_core.apply.anomaly import detect
    from vae_core.apply.impute import impute
    from vae_core.apply.roc import counts_for

    run = material.run(CELLS)
    found = detect(run, normal=NORMAL, scores=tuple(WAYS))
    counts = {
        name: counts_for(score.values, found.odd, score.quiet, SHARES / 100)
        for name, score in ((name, found.score(name)) for name in WAYS)
    }
    recall = {name: np.array([100 * count.recall for count in each]) for name, each in counts.items()}
    asked = {name: each[ASKED] for name, each in counts.items()}
    density = counts["density"]
    calls = np.array([[each.hits, each.misses, each.false_alarms, each.passes] for each in density], float)
    odd, normal = int(found.odd.sum()), int((~found.odd).sum())
    filling = impute(material.run(DIGITS), half="lower", samples=FILLED, draws=8, codes=200, rounds=8).outcome
    pictures, elbos, above = _empty(material.run(SPRITES))
    best = list(WAYS)[int(np.argmax([asked[name].hits - asked[name].false_alarms / 1e3 for name in WAYS]))]
    rows, notes = _rows(found, run, np.array([each.threshold for each in density]))
    roughly = [name for name in WAYS if 100 * asked[name].false_alarm_rate > TWICE * ASKED]
    numbers = {
        "threshold": (np.array([each.threshold for each in density]), "τ, for the density of the code", "nats"),
        "density": (recall["density"], "found by the density of the code", "%"),
        "distortion": (recall["distortion"], "found by the distortion", "%"),
        "neighbour": (recall["neighbour"], "found by the nearest neighbour", "%"),
        "hits": (calls[:, 0], "malignant, called odd", ""), "misses": (calls[:, 1], "malignant, missed", ""),
        "alarms": (100 * calls[:, 2] / normal, "benign, called odd by the density of the code", "%"),
    }  # fmt: skip
    figures = _listed([f"the {WAYS[name]} finds {asked[name].hits}" for name in WAYS])
    alarms = _listed([f"{asked[name].false_alarms} by the {WAYS[name]}" for name in WAYS])
    return Scene(
        drag=Drag("benign samples that may sound the alarm", tuple(f"{share} %" for share in SHARES), 0, "threshold",
                  "strict", "lax"),
        panels=(
            Curves(
                "Malignant samples that are found", "Three curves that rise with the false alarms that are allowed: "
                "the density of the code, the distortion, and the nearest neighbour.",
                SHARES.astype(float), tuple(Line(title, recall[name], name) for name, title in WAYS.items()),
                "allowed false alarms, %", "% found",
            ),
            Bars(
                "Held-out samples at this threshold, by the density of the code",
                "How many malignant samples are found and missed, and how many benign ones sound the alarm or pass.",
                ("malignant, found", "malignant, missed", "benign, false alarm", "benign, passed"), calls, "samples",
                ("hits", "misses", "alarms", ""), digits=0,
            ),
            Pictures(
                f"{SHOWN} of the {odd} malignant samples, the oddest first: {len(run.config.data.columns)} "
                "measurements each, white above the mean, grey below; named is the one farthest from it",
                "Rows of the table as bars from the mean of each measurement; below each whether it is found.",
                rows, tuple(_named(found, run, place) for place in _spread(found)), ("hits",) * SHOWN, notes,
            ),
            Pictures(
                "Apart from the slider: a sprite and an empty picture, priced by a model of sprites",
                "A held-out sprite, and a picture with nothing on it, each with its ELBO.", pictures,
                ("a held-out sprite", "nothing at all"), notes=(elbos,),
            ),
            Bars(
                "Apart from the slider: the error of filling in the lower half of digits",
                f"Errors of {len(filling.merits)} ways of filling in half a digit.",
                tuple(merit.title for merit in filling.merits),
                np.array([[merit.value for merit in filling.merits]]), "RMSE of a missing pixel, of white", digits=3,
            ),
            Words("What sprites and digits say", "Where the models fail.", (_told(filling, above),)),
        ),
        numbers=tuple(Number(key, label, values, unit, 1 if key == "threshold" else 0)
                      for key, (values, label, unit) in numbers.items()),
        sums=("found: {hits} / ({hits} + {misses}) = {density} %",),
        answer=list(WAYS).index(best),
        because=(
            f"With {ASKED} % allowed, {figures} of {odd} malignant samples. Of {normal} benign samples {alarms} are "
            f"false alarms.{_told_roughly([WAYS[name] for name in roughly], len(found.scores[0].quiet))} The model "
            "was trained on both kinds, so a malignant sample is nothing new to it, and it may be redrawn well; the "
            "density was fitted to codes of benign samples alone. One malignant sample more or less is "
            f"{100 / odd:.0f} %."
        ),
        see=(ASKED - 1, ASKED, ASKED + 1),
        hidden=("density", "distortion", "neighbour", "hits", "misses", "alarms"),
        made_of=(
            f"Computed by “{run.config.train.title}” on {odd} malignant and {normal} benign held-out rows, thresholds "
            f"set on {len(found.scores[0].quiet)} others; by a model of sprites on {PRICED} of them, and by one of "
            f"digits on {FILLED}."
        ),
    )  # fmt: skip


def _listed(parts: list[str]) -> str:
    """Parts of a sentence, one after the other: "a, b and c"."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _told_roughly(ways: list[str], quiet: int) -> str:
    """That these ways sounded far more false alarms than were allowed, and why; "" where none did."""
    if not ways:
        return ""
    return (
        f" Those by the {_listed(ways)} are more than twice as many as were allowed: the thresholds were set on only "
        f"{quiet} other benign samples."
    )


def _spread(found: Detection) -> np.ndarray:
    """SHOWN of the odd samples, from the oddest by the density of the code to the least odd: places."""
    odd = found.odd.nonzero()[0]
    order = odd[np.argsort(-found.score("density").values[odd], kind="stable")]
    return order[np.linspace(0, len(order) - 1, SHOWN).round().astype(int)]


def _named(found: Detection, run: Run, place: int) -> str:
    """A sample's row, and which of its standardised measurements is farthest from the mean."""
    farthest = run.config.data.columns[int(found.part.x[place].abs().argmax())]
    return f"row {found.part.index[place]}: {farthest}"


def _rows(found: Detection, run: Run, thresholds: np.ndarray) -> tuple[np.ndarray, tuple[tuple[str, ...], ...]]:
    """These samples as pictures, uint8 [1, SHOWN, H, W], and whether each is found at each threshold [S][SHOWN]."""
    import torch

    from vae_core.render import pictures

    places = _spread(found)
    values = found.score("density").values[places]
    notes = tuple(tuple("found" if value >= level else "missed" for value in values) for level in thresholds)
    return pictures(run.config.data, found.part.x[torch.from_numpy(places)].numpy())[None, :, 0], notes


def _empty(run: Run) -> tuple[np.ndarray, tuple[str, str], int]:
    """A sprite and an empty picture, uint8 [1, 2, H, W]; their ELBOs; how many sprites have less than the second."""
    import torch

    from vae_core.data import load_dataset
    from vae_core.metrics.likelihood import held_out_terms

    codes = run.codes
    x = load_dataset(run.config.data.name).x[torch.from_numpy(codes.index[:PRICED])]
    together = torch.cat([x, torch.zeros_like(x[:1])])
    elbo = held_out_terms(run.model, together, torch.arange(len(together))).elbo
    typical = int((elbo[:-1] - elbo[:-1].median()).abs().argmin())
    pictures = as_pictures(together[[typical, PRICED]])[None]
    own, empty = (f"ELBO {float(value):.0f} nats".replace("-", "−") for value in (elbo[typical], elbo[-1]))
    return pictures, (own, empty), int((elbo[-1] > elbo[:-1]).sum())


def _told(filling: Outcome, above: int) -> tuple[str, ...]:
    """What the two failures come to, from their figures."""
    ours, theirs = filling.best, filling.best_baseline
    wins = filling.beats(ours, theirs)
    return (
        f"The empty picture, which is no sprite, has a higher ELBO than {above} of {PRICED} sprites: "
        + ("what is simple is cheap to tell." if 2 * above > PRICED else "here the likelihood knows better.")
        + " A low likelihood is not the same as being odd.",
        f"Filling in half a digit: the best way with the model, {ours.title}, errs by {ours.value:.3f}; the best way "
        f"without it, {theirs.title}, by {theirs.value:.3f}: {'the model' if wins else 'the baseline'} wins. "
        "Pseudo-Gibbs fills in by encoding and decoding again and again; the importance-weighted way (MIWAE) averages "
        "many fillings, weighed by how well each explains the half that is there.",
    )


LESSON = Lesson(
    number=12,
    key="uses",
    title="What is it good for, and what is it bad at?",
    idea=(
        "A model that has seen many samples can say which new sample is *odd*: give each sample a score, and sound "
        "the alarm from a threshold $\\tau$ on. A VAE offers several scores, such as the distortion (how badly it "
        "redraws a sample) and how unlikely the sample's code is among the codes of normal samples. Each is held "
        "against a baseline, a way without any model: the distance to the nearest normal sample. The samples here "
        "are thirty measurements of cell nuclei each, and benign samples count as normal."
    ),
    question=(
        f"The threshold is set so that about {ASKED} in 100 benign samples sound the alarm. What finds most of the "
        "malignant ones?"
    ),
    options=(
        "How unlikely the code is among benign codes",
        "How badly the model redraws the sample",
        "How far the nearest benign sample is: no model at all",
    ),
    drag="Drag the false alarms that are allowed from none to 40 %.",
    formula=(
        r"\mathrm{odd} \;\Leftrightarrow\; s(x) \geq \term{threshold}{\tau} \\ "
        r"\term{density}{s_1} = -\log p_{\mathrm{benign}}(\mu(x)) \\ "
        r"\term{distortion}{s_2} = D(x), \qquad \term{neighbour}{s_3} = \min_n \lVert x - x_n \rVert \\ "
        r"\mathrm{found} = \frac{\term{hits}{\mathrm{hits}}}{\term{hits}{\mathrm{hits}} + "
        r"\term{misses}{\mathrm{misses}}} \\ "
        r"\term{alarms}{\mathrm{false\ alarms}} = \mathrm{benign\ samples\ with}\ s(x) \geq \term{threshold}{\tau}"
    ),
    terms={
        "threshold": Term("From here on a sample is called odd; set on benign samples of the validation split.",
                          ("threshold", "threshold_for")),
        "density": Term("Minus the log density of a sample's code, by a mixture fitted to benign codes.",
                        ("log_density",)),
        "distortion": Term("How badly the model redraws the sample, in nats.", ()),
        "neighbour": Term("How far the nearest benign training sample is, in standard deviations.",
                          ("NearestNeighbors",)),
        "hits": Term("Malignant samples that are called odd.", ("hits",)),
        "misses": Term("Malignant samples that are not called odd.", ("misses",)),
        "alarms": Term("Benign samples that are called odd.", ("false_alarms",)),
    },
    code=(
        "vae_core.latent.mixture:Mixture.log_density",
        "vae_core.apply.anomaly:_baseline",
        "vae_core.apply.roc:threshold_for",
        "vae_core.apply.roc:confusion_of",
    ),
    runs=(CELLS, SPRITES, DIGITS),
    scene=scene,
    papers=(
        Paper("Šmídl and others 2019 (Anomaly scores for generative models)", "https://arxiv.org/abs/1905.11890"),
        Paper("Nalisnick and others 2019 (Do deep generative models know what they don't know?)",
              "https://arxiv.org/abs/1810.09136"),
        Paper("Xiao, Yan and Amit 2020 (likelihood regret)", "https://arxiv.org/abs/2003.02977"),
        Paper("Mattei and Frellsen 2019 (MIWAE), on filling in", "https://arxiv.org/abs/1812.02633"),
    ),
    then=(
        "Codes help with many questions: which samples are alike, which are odd, what may stand in a gap. But a "
        "model redraws whatever it was trained on, a likelihood says how cheap a sample is and not how usual, and "
        "new samples and fillings are blurred where the model is unsure. So measure each use on held-out data beside "
        "a plain baseline; where the baseline wins, take the baseline."
    ),
    onward=(
        ("pages/apply.py", "Apply: each use with its figure and a baseline"),
        ("pages/generate.py", "Generate: new samples"),
        ("pages/morph.py", "Morph: walks and arithmetic"),
    ),
)  # fmt: skip
