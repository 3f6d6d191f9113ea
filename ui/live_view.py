"""A run as one watches it: how far it is, what it decodes, its curves; and what can be done once it has ended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw

from ui import cache, film, run_lines, steering, training
from ui.maps import current_theme
from ui.train_form import priced
from ui.widgets import fragment
from ui.words import plain
from vae_core.data import find_card
from vae_core.export import upright
from vae_core.model_cards import MODEL_CARDS
from vae_core.objective_cards import OBJECTIVE_CARDS, values_of

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import plotly.graph_objects as go

    from vae_core.config import TrainConfig
    from vae_core.figures.template import Theme
    from vae_core.launch import Standing
    from vae_core.runs.live import Live

TILE, GAP, COLUMNS = 96, 8, 8
WIDE_COLUMNS = 4  # of pictures that are wider than high
CHART_HEIGHT = 220
LEAST_SHOWN = 0.1  # nats that the axis of rates reaches at least
MARGIN = {"l": 44, "r": 8, "t": 26, "b": 24}
ABOUT = (
    "The model squeezes each sample through a few numbers and makes it again from them. As it learns, **distortion** "
    "falls, **rate** rises and what comes back is what went in."
)
ABOUT_POINTS = (
    "The model squeezes each sample through a few numbers and makes it again from them. As it learns, **distortion** "
    "falls. Its codes are points, so there is no rate to watch."
)
ABOUT_DREAMS = (
    "The model makes samples of random codes, and a critic learns to tell them from real ones. Nothing is made again, "
    "so there is neither distortion nor rate: what should fall is the **energy distance** between made and real ones."
)
GOES_ON = " Training goes on when you close this page."
STARTING = "Starting: a few seconds until the libraries are loaded."
ROOMS = (
    ("pages/atlas.py", "Open in the Atlas", ":material/scatter_plot:"),
    ("pages/traverse.py", "Traverse its dimensions", ":material/tune:"),
    ("pages/morph.py", "Morph", ":material/animation:"),
    ("pages/generate.py", "Generate", ":material/bedtime:"),
)
FACTORS = ("pages/disentangle.py", "Disentangle", ":material/hub:")
COMPARE = ("pages/compare.py", "Compare", ":material/compare:")
SILENT = 0.1  # nats of rate below which a code tells nothing of a sample


def watch(name: str) -> None:
    """The run of this name, renewed each second while it trains. Raises RunError where there is none."""
    from vae_core.launch import standing

    now = standing(name)
    live = now.live
    if now.config.bottleneck == run_lines.BROUGHT:
        st.info(f"**{plain(now.name)}** was trained elsewhere and brought as ONNX: no training of it can be watched.")
        with st.container(horizontal=True, gap="small"):
            for page, label, icon in ROOMS:
                st.page_link(page, label=label, icon=icon, query_params={"run": now.name})
        return
    able = now.config.promises
    about = ABOUT if able.rated else ABOUT_POINTS if able.encodes else ABOUT_DREAMS
    st.markdown(about + (GOES_ON if live else ""))
    fragment(run_every=1.0 if live else None)(_view)(name, live)


def _view(name: str, was_live: bool) -> None:
    from vae_core.launch import standing

    now = standing(name)
    if now.live != was_live or training.watched() != name:
        st.rerun(scope="app")  # the sidebar's picker learns of the new model too; the form takes the view's place
    with st.container(key="train-head"):
        _head(now)
    look = cache.get_look(now.folder, now.config, current_theme())
    filmed = now.live or film.has_film(now.folder)
    if filmed:
        _film(now)
    _pictures(now, look, filmed=filmed)
    if filmed and not now.live:  # whose own curves show the same, more coarsely
        with st.expander("The curves in full, with samples that are not trained on", icon=":material/show_chart:"):
            _charts(now, look)
    else:
        _charts(now, look)
    with st.expander("Objective: what is being minimised?", icon=":material/functions:"):
        _formula(now.config)


# -- how far it is -----------------------------------------------------------------------------------------


def _head(now: Standing) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(now.name, anchor=False, width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            if now.live and now.state != "queued" and MODEL_CARDS[now.config.bottleneck].trained:
                steering.controls(now)
            if now.live:
                st.button(
                    "Stopping" if now.stopping else "Stop",
                    icon=":material/stop:",
                    disabled=now.stopping or not now.can_stop,
                    on_click=training.stop,
                    args=(now.name,),
                    key="train-stop",
                    help="Ends the training now; the best weights so far are kept.",
                )
            if now.can_resume:
                st.button(
                    "Resume",
                    icon=":material/play_arrow:",
                    on_click=training.resume,
                    args=(now.name,),
                    type="primary",
                    key="train-resume",
                    help="Goes on from the last saved state.",
                )
            if not now.live:
                st.button(
                    "Use these settings",
                    icon=":material/content_copy:",
                    key="train-again",
                    on_click=training.take_settings,
                    args=(now.config,),
                    help="Fills the form with those it was started with, and what was changed meanwhile.",
                )
            st.button("New training", icon=":material/add:", on_click=training.show_form, key="train-new")
    if now.live or now.state == "interrupted":
        st.progress(now.step / now.total if now.total else 0.0, _progress_text(now))
    steering.told(now)
    _end(now)


def _progress_text(now: Standing) -> str:
    if not now.total:
        return now.message or (STARTING if now.live else "Nothing was saved yet: it begins anew.")
    words = f"{'Paused at step' if now.paused else 'Step'} {now.step:,} of {now.total:,}"
    if now.state == "interrupted" or (now.paused and not now.message):
        return words
    if now.message:
        return f"{words} · {now.message}"
    speed = f" · {now.samples_per_second:,.0f} samples a second"
    left = f" · {training.in_words(now.seconds_left)} left" if now.seconds_left is not None else ""
    return words + speed + left


def _end(now: Standing) -> None:
    if now.state == "failed":
        st.error(plain(now.message) or "It failed, and did not say why.", icon=":material/error:")
    elif now.state == "interrupted":
        st.warning(
            "Its process ended without a word, as when a machine is switched off. Nothing that was saved is lost: "
            "**Resume** goes on from the last saved state, to the same weights as without the break.",
            icon=":material/power_off:",
        )
    elif now.state == "stopped" and not now.has_weights:
        st.info(plain(now.message) or "Stopped before it had learnt anything.", icon=":material/stop_circle:")
    elif now.state in ("finished", "stopped"):
        _reached(now)
    if now.has_weights and not now.live:
        with st.container(horizontal=True, gap="medium", key="train-doors"):
            data = find_card(now.config.data)
            known = now.config.promises.encodes and data is not None and data.factor_names
            for page, label, icon in (*ROOMS, *([FACTORS] if known else []), COMPARE):
                st.page_link(page, label=label, icon=icon, query_params={"run": now.name})


def _reached(now: Standing) -> None:
    from vae_core.runs import RunFolder

    config = RunFolder(now.folder).read_config()
    able = config.model.abilities
    done = "Finished" if now.state == "finished" else f"Stopped at step {now.step:,}"
    best = config.best
    kept = f"; the weights kept are those of step {best.step:,}, the best on held-out samples." if best else "."
    reached = config.test or config.best
    figures = ""
    if reached and able.encodes:
        rate = f", rate **{reached.rate:.1f}**" if able.rated else ""
        figures = f" On samples it has never seen: distortion **{reached.distortion:.1f}**{rate} nats."
    elif reached:
        figures = f" Energy distance to samples it has never seen: **{reached.distortion:.3f}**."
    if reached and able.rated and reached.rate < SILENT:
        st.warning(done + kept + figures + _silence(config.train, reached.rate), icon=":material/volume_off:")
    else:
        st.success(done + kept + figures, icon=":material/check_circle:")


def _silence(config: TrainConfig, rate: float) -> str:
    """What to make of a code that collapsed."""
    beta = max([config.beta, *(turn.value for turn in config.turns if turn.setting == "beta")])
    dear = "beta" in config.steerable and beta > 1
    why = ": the price was too high; train again with a smaller beta or see" if dear else ": see"
    return f" Its code tells nothing of a sample (rate {rate:.1f} nats){why} Home → *Text VAE, collapsed*."


# -- pictures and curves -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """What a training looks like just now, ready to be shown: one for all visitors who watch it."""

    pairs: bytes | None
    """PNG: originals above, reconstructions below; black where there is none yet; None where nothing is made again."""
    samples: bytes
    has_pictures: bool
    wide: bool
    """The pictures need the whole width: sentences, which shrunk nobody can read."""
    distortion: Chart
    rate: Chart | None
    dimensions: Chart | None


@dataclass(frozen=True)
class Chart:
    """A figure, and the same in words."""

    figure: go.Figure
    alt: str


def look_at(folder: Path, config: TrainConfig, theme: Theme) -> Look:
    """The newest look of the run in this folder. Raises RunError where one of its files is damaged."""
    from vae_core.runs import dimension_names
    from vae_core.runs.live import read_live

    live = read_live(folder)
    encodes, rated = config.promises.encodes, config.promises.rated
    blank = np.zeros((COLUMNS, 1, 8, 8), np.uint8)
    before, after, made = (live.originals, live.reconstructions, live.samples) if live else (blank, blank, blank)
    wide = made.shape[-1] > made.shape[-2]
    columns = WIDE_COLUMNS if wide else COLUMNS
    pairs = [part[at : at + columns] for at in range(0, len(before), columns) for part in (before, after)]
    shown = made[: 2 * columns]  # two rows: the curves shall not be far below
    samples = [shown[at : at + columns] for at in range(0, len(shown), columns)]
    history, rate = _history(folder, config, live)
    marks = steering.turn_marks(config)
    return Look(
        pairs=sheet_png(pairs) if encodes else None,
        samples=sheet_png(samples),
        has_pictures=live is not None,
        wide=wide,
        distortion=_curve(history, "distortion", theme, marks, "nats" if encodes else ""),
        rate=_curve(history, "rate", theme, marks) if rated else None,
        dimensions=_bars(rate, dimension_names(folder, len(rate)), theme) if rated else None,
    )


def _film(now: Standing) -> None:
    if not now.live:
        st.subheader("The film", anchor=False)
        st.markdown("How it came about: play it, or drag through the epochs. A point under the pointer shows its way.")
    film.show(now)
    if not now.live:
        film.show_extras(now)


def _pictures(now: Standing, look: Look, *, filmed: bool) -> None:
    """What it made last; not what comes back, where the film beside shows that."""
    if not look.has_pictures and not now.live:
        preview = cache.get_preview(now.folder)
        if preview is not None:
            st.image(preview, width=512, output_format="PNG", alt=f"Pictures from the run {now.name}")
        return
    if look.pairs is None and filmed and not now.live:
        return
    if look.pairs is None or look.wide or filmed:
        left = right = st.container()
    else:
        left, right = st.columns(2, gap="medium")
    if look.pairs is not None and not filmed:
        with left:
            st.markdown("**What comes back** · below each original")
            st.image(
                look.pairs,
                width="stretch",
                output_format="PNG",
                alt="Eight samples that are not trained on, and below each its reconstruction",
            )
    with right:
        st.markdown("**What it dreams** · made of random codes")
        st.image(
            look.samples,
            width=640 if filmed or look.pairs is None else "stretch",
            output_format="PNG",
            alt="Samples decoded from random codes",
        )


def sheet_png(rows: list[np.ndarray]) -> bytes:
    """Rows of pictures, each uint8 [n, C, H, W], as one PNG of equal tiles with gaps one can see through."""
    columns = max(len(row) for row in rows)
    height, wide = rows[0].shape[-2:]
    width = round(TILE * wide / height)
    size = (columns * (width + GAP) - GAP, len(rows) * (TILE + GAP) - GAP)
    sheet = Image.new("RGBA", size, (0, 0, 0, 0))
    mask = Image.new("L", (width, TILE), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width - 1, TILE - 1), 8, fill=255)
    for y, row in enumerate(rows):
        for x, pixels in enumerate(row):
            tile = Image.fromarray(upright(pixels)).convert("RGB")
            sheet.paste(
                tile.resize((width, TILE), Image.Resampling.BICUBIC), (x * (width + GAP), y * (TILE + GAP)), mask
            )
    buffer = BytesIO()
    sheet.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _charts(now: Standing, look: Look) -> None:
    places = st.columns(3, gap="medium")
    with places[0]:
        if look.pairs is None:
            st.markdown("**Energy distance** · how far made samples are from real ones")
            words = "Of two batches, over their pixels. It should fall; it does so by fits and starts."
        else:
            st.markdown("**Distortion** · how much is lost on the way")
            words = (
                "Nats per sample over the steps: how badly what comes back fits what went in. It should fall. Dotted: "
                "samples that are not trained on; where that curve turns up again, the model begins to learn by heart."
            )
        _show(look.distortion, "train-distortion")
        st.caption(words)
    if look.rate is not None and look.dimensions is not None:
        with places[1]:
            st.markdown("**Rate** · how much a code tells")
            _show(look.rate, "train-rate")
            st.caption(
                "0 nats: codes say nothing, and every sample comes back the same. It rises as the latent space is put "
                "to use; the objective below says what each nat costs."
            )
        with places[2]:
            st.markdown("**Rates** · which dimensions work")
            _show(look.dimensions, "train-dimensions")
            st.caption(
                "Dimensions come into use one by one. A faint bar is under 0.01 nats: the model does not need it."
            )


def _show(chart: Chart, key: str) -> None:
    st.plotly_chart(
        chart.figure, key=key, theme=None, height=CHART_HEIGHT, config={"displayModeBar": False}, alt=chart.alt
    )


def _curve(history: pd.DataFrame, column: str, theme: Theme, marks: list[tuple[int, str]], unit: str = "nats") -> Chart:
    from vae_core.figures.curves import curves, mark_changes
    from vae_core.figures.template import INKS

    figure = curves(history, theme=theme, columns=(column,))
    for trace in figure.data:
        held_out = trace.name.endswith("validation")
        trace.name = "validation" if held_out else "training"
        if held_out:  # it lies upon the other one as long as all is well
            trace.line.color = INKS[theme].text
    mark_changes(figure, marks, theme=theme)
    figure.update_layout(height=CHART_HEIGHT, margin=MARGIN, xaxis={"title": None})
    figure.update_yaxes(title=None, rangemode="tozero" if column == "rate" else "normal")
    newest = history[column].dropna()
    said = f"now {newest.iloc[-1]:.1f} {unit}".rstrip() if len(newest) else "none yet"
    changed = "".join(f"; from step {step:,} on {words}" for step, words in marks[-steering.TURNS_TOLD :])
    return Chart(figure, f"{column if unit else 'energy distance'} per step; {said}{changed}")


def _bars(rate: np.ndarray, names: dict[int, str], theme: Theme) -> Chart:
    from vae_core.figures.curves import FAINT_RATE, rate_bars

    figure = rate_bars(rate, names=names, theme=theme, ordered=False)
    if len(rate) > 12:  # names would lie upon each other
        figure.update_xaxes(tickvals=None, ticktext=None)
    # so little that it means nothing shall not look like much
    figure.update_yaxes(range=[0, max(LEAST_SHOWN, 1.05 * float(rate.max(initial=0.0)))])
    figure.update_layout(height=CHART_HEIGHT, margin=MARGIN, yaxis={"title": None}, xaxis={"title": None})
    telling = int((rate > FAINT_RATE).sum())
    return Chart(figure, f"Rate of each of {len(rate)} dimensions; {telling} tell more than {FAINT_RATE} nats")


def _history(folder: Path, config: TrainConfig, live: Live | None) -> tuple[pd.DataFrame, np.ndarray]:
    """The curves, and the newest rate of each dimension [D]: of the live file, else of the run's history."""
    import pandas as pd

    columns = ["step", "distortion", "rate"]
    if live is not None:
        held_out = pd.DataFrame(live.validation, columns=["step", "validation_distortion", "validation_rate"])
        return pd.concat([pd.DataFrame(live.train, columns=columns), held_out]), live.rate
    from vae_core.runs import RunFolder

    history = pd.DataFrame(RunFolder(folder).read_history())
    if history.empty:
        return pd.DataFrame(columns=columns, dtype=float), np.zeros(config.latent_dim)
    rates = sorted(
        (name for name in history.columns if re.fullmatch(r"rate_\d+", name)), key=lambda name: int(name[5:])
    )  # a ladder or a grid has other dimensions than its settings say
    return history, history[rates].to_numpy()[-1]


def _formula(config: TrainConfig) -> None:
    if not MODEL_CARDS[config.bottleneck].trained:
        st.markdown("Nothing step by step: the weights that are best by the ELBO have a closed form.")
        return
    card = OBJECTIVE_CARDS[config.objective]
    st.latex(card.formula)
    values = f" Nats per sample; here {values_of(config)}." if priced(config) else " Its codes are points: rate 0."
    st.markdown(card.sentence + values)
