"""The training page's settings, its start button, and the list of runs in the works."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import streamlit as st
from pydantic import ValidationError

from ui import cache, state
from ui.widgets import fragment
from ui.words import plain
from vae_core.config import DataInfo, TrainConfig, check_name, model_spec, runs_folder
from vae_core.data import CARDS, DatasetCard
from vae_core.objective_cards import OBJECTIVE_CARDS, label_of, tag_of, unsuited
from vae_core.runs import RunError

if TYPE_CHECKING:
    from vae_core.launch import Standing

WATCH = "watch"
FORM = "-"
"""The address says `watch=-` where a visitor asked for the form; no run can be called so."""

FOLLOWED = "followed"
"""Stands in links from this page to itself. The browser's address bar hears of such a link only when the server
writes into the address, so the page takes this word out of it."""

_NAME = "latentarium.train.name"
_SUGGESTED = "latentarium.train.suggested"
_STARTED = "latentarium.train.started"
_PROBLEM = "latentarium.train.problem"
_BASE = "latentarium.train.base"

NETS = {"auto": "Auto", "mlp": "MLP", "conv": "Conv", "lstm": "LSTM"}
LIKELIHOODS = {
    "auto": "Auto", "bernoulli": "Bernoulli", "gaussian": "Gaussian", "real": "Real", "columns": "Columns",
    "categorical": "Categorical",
}
OBJECTIVES = {name: card.label for name, card in OBJECTIVE_CARDS.items()}
WORDS = {"ii": "II"}
"""Choices whose first letter is not their only capital one."""
LENGTHS = {"epochs": "Epochs", "steps": "Steps"}
DEVICES = {"auto": "Fastest", "cpu": "CPU", "cuda": "CUDA", "mps": "MPS"}
COMMON = (
    "data", "net", "latent_dim", "likelihood", "objective", "epochs", "steps", "batch_size", "learning_rate", "decay",
    "seed", "device",
)
OWN = tuple(dict.fromkeys(field for card in OBJECTIVE_CARDS.values() for field in card.settings))
FIELDS = COMMON + OWN
BEGINNING: dict[str, Any] = {  # what makes a quick first run
    "latent_dim": 2, "length": "epochs", "epochs": 200, "steps": 5_000, "batch_size": 64, "decay": 0.3,
}
DEFAULTS: dict[str, Any] = {field: TrainConfig.model_fields[field].default for field in FIELDS} | BEGINNING
SUGGESTED_LENGTH = {"digits": {"length": "epochs", "epochs": 200}, "mnist": {"length": "epochs", "epochs": 5},
                    "fashion-mnist": {"length": "epochs", "epochs": 5}}
DOUBLE_CLICK = 5.0  # seconds in which a second start of the same name by the same visitor is no wish of its own
LONG: dict[str, Any] = {"length": "steps", "steps": 5_000}


@dataclass(frozen=True)
class Preset:
    """A training worth trying first: what differs from the defaults."""

    label: str
    help: str
    icon: str
    settings: dict[str, Any]


PRESETS = (
    Preset(
        "Digits on a plane", "Two dimensions: the whole latent space fits in one picture. Under a minute.",
        ":material/grid_view:", {},
    ),
    Preset(
        "Digits, 10 dimensions", "Room for more: which dimensions will be used? Under a minute.",
        ":material/bar_chart:", {"latent_dim": 10, "likelihood": "gaussian"},
    ),
    Preset(
        "Sprites, β = 4", "A strong pull towards independent dimensions. Half an hour and more without a GPU.",
        ":material/category:",
        {"data": "sprites", "latent_dim": 10, "beta": 4.0, "length": "steps", "steps": 8_000, "batch_size": 128},
    ),
)


# -- what is on the page -----------------------------------------------------------------------------------


def watched() -> str | None:
    """The run that the page shows: the address's, else the chosen one where that is not ready yet; None: the form."""
    state.set_page_param(FOLLOWED, None)
    chosen = state.selection().run
    card = cache.get_card(chosen) if chosen else None
    unready = card.name if card and not card.ready and not card.shipped else FORM
    name = state.page_param(WATCH, unready, str)
    return None if name == FORM else name


def show_form() -> None:
    """Leave the run for the form. For callbacks."""
    state.set_page_param(WATCH, FORM)


def take_settings(config: TrainConfig) -> None:
    """Fill the form with a run's settings and show it; those that have no field go along. For callbacks."""
    values = config.model_dump(include=set(FIELDS))
    fill({**values, "length": "steps" if config.steps else "epochs", "steps": config.steps or DEFAULTS["steps"]})
    st.session_state[_BASE] = config.model_copy(update={"title": "", "about": "", "out": None})
    show_form()


def fill(settings: dict[str, Any]) -> None:
    """Set the form to these settings, the defaults elsewhere. For callbacks."""
    for field, default in DEFAULTS.items():
        st.session_state[_key(field)] = settings.get(field, default)
    st.session_state.pop(_PROBLEM, None)
    st.session_state.pop(_BASE, None)


def preset_buttons() -> None:
    """One click fills the form with settings that are worth a look."""
    with st.container(horizontal=True, gap="small"):
        for preset in PRESETS:
            st.button(preset.label, icon=preset.icon, help=preset.help, on_click=fill, args=(preset.settings,))


# -- the form ----------------------------------------------------------------------------------------------


def _key(field: str) -> str:
    return f"latentarium.train.{field}"


def _value(field: str) -> Any:
    return st.session_state.get(_key(field), DEFAULTS[field])


def _parse(field: str, text: str) -> Any:
    """A setting as the address has it. Raises ValueError where it makes no sense."""
    if field == "length":
        return text if text in LENGTHS else DEFAULTS[field]
    if field == "data" and text not in _datasets():
        raise ValueError(f"There is no dataset called {text}.")
    return getattr(TrainConfig.model_validate({field: text}), field)


def follow_address() -> None:
    """Settings that stand in the address (a teacher's link) fill the form once; then the form fills the address."""
    if _key("data") in st.session_state:
        return
    data = state.page_param("data", DEFAULTS["data"], partial(_parse, "data"))
    for field, default in (DEFAULTS | SUGGESTED_LENGTH.get(data, LONG)).items():
        st.session_state[_key(field)] = state.page_param(field, default, partial(_parse, field))


def write_address(*, form: bool) -> None:
    """The form's settings that differ from the defaults; none of them while a run is watched."""
    for field, default in DEFAULTS.items():
        state.set_page_param(field, _value(field) if form and _value(field) != default else None)


def _data_label(name: str) -> str:
    card = CARDS[name]
    size = " × ".join(str(side) for side in card.sample_shape[-2:])
    what = {"image": f"pictures of {size}", "text": f"texts of {size} tokens", "table": f"rows of {size} columns"}
    label = f"{card.title} · {card.n:,} {what[card.kind]}"
    return label if cache.is_here(name) else f"{label} · download of {card.download_mb:.0f} MB"


def _datasets() -> list[str]:
    return [name for name, card in CARDS.items() if card.download_mb or cache.is_here(name)]


def _suit_length() -> None:
    """Twenty epochs are a blink on the digits and a day on the sprites: the length follows the data."""
    for field, value in SUGGESTED_LENGTH.get(_value("data"), LONG).items():
        st.session_state[_key(field)] = value


def _select(label: str, field: str, names: dict[str, str], help: str) -> str:
    return str(
        st.segmented_control(
            label, list(names), required=True, format_func=names.__getitem__, key=_key(field), help=help, wrap=True,
            persist_state="session",
        )
    )


def _number(
    label: str, field: str, low: float | None, high: float | None, step: float, help: str, format: str | None = None
) -> Any:
    """A number. Its bounds are ours to hold: Streamlit's own would keep the last good value without a word."""
    value = st.number_input(label, step=step, key=_key(field), help=help, format=format, persist_state="session")
    if value is None or (low is not None and value < low) or (high is not None and value > high):
        above, below = "" if low is None else f"at least {low:,.10g}", "" if high is None else f"at most {high:,.10g}"
        st.caption(f":red[{label}: {' and '.join(filter(None, (above, below)))}, please.]")
    return value


def own_setting(field: str) -> None:
    """The widget of a setting that one objective has, made from its type, bounds, title and docstring alone."""
    info = TrainConfig.model_fields[field]
    label, help = label_of(field, TrainConfig), " ".join((info.description or "").split())
    if info.annotation is bool:
        st.toggle(label, key=_key(field), help=help, persist_state="session")
    elif get_origin(info.annotation) is Literal:
        _select(label, field, {name: WORDS.get(name, name.capitalize()) for name in get_args(info.annotation)}, help)
    elif info.annotation in (int, float):
        whole = info.annotation is int
        bounds = {
            name: info.annotation(getattr(part, name))
            for part in info.metadata for name in ("ge", "gt", "le") if hasattr(part, name)
        }
        # a bound that is left out itself is approached closely
        low = bounds.get("ge", bounds["gt"] + (1 if whole else 1e-6) if "gt" in bounds else None)
        if whole:
            step = 500 if field.endswith("steps") else 1
        else:
            step = 10 ** math.floor(math.log10(info.default)) / 2 if info.default else 0.1
        _number(label, field, low, bounds.get("le"), step, help, None if whole else "%g")
    else:
        raise TypeError(f"The form has no widget for {field}: a number, a choice of words or a bool would have one.")


def _own_settings(fields: Sequence[str]) -> None:
    """An objective's own settings in two columns, row by row."""
    for at in range(0, len(fields), 2):
        for column, field in zip(st.columns(2), fields[at : at + 2], strict=False):
            with column:
                own_setting(field)


def data_picker() -> str:
    """What to learn from."""
    name = st.selectbox(
        "Data", _datasets(), format_func=_data_label, key=_key("data"), on_change=_suit_length,
        persist_state="session",
    )
    st.caption(CARDS[name].description)
    return str(name)


def main_settings() -> None:
    """The settings that change what the latent space becomes."""
    left, right = st.columns(2)
    with left:
        _number("Latent dimensions", "latent_dim", 1, 512, 1, "How many numbers stand for one sample. Two can be "
                "drawn as a plane; more can tell more.")  # fmt: skip
    with right:
        net = _select("Net", "net", NETS, "MLP: every pixel is joined to every unit. Conv: the same small "
                      "filters everywhere, for larger square pictures. LSTM: word after word, for text. Auto takes "
                      "what suits the data.")  # fmt: skip
        if net == "auto":
            st.caption(f"Auto is {_auto_net(CARDS[_value('data')])} here.")
    left, right = st.columns(2)
    with left:
        help = " \n\n".join(f"**{card.label}** {card.sentence}" for card in OBJECTIVE_CARDS.values())
        objective = _select("Objective", "objective", OBJECTIVES, help)
    with right:
        own_setting(OBJECTIVE_CARDS[objective].settings[0])
    left, right = st.columns(2)
    with left:
        length = _select("How long", "length", LENGTHS, "An epoch sees each training sample once; a step is one batch.")
    with right:
        if length == "epochs":
            _number("Epochs", "epochs", 1, 100_000, 10, "Passes over the training samples.")
        else:
            _number("Steps", "steps", 1, 100_000_000, 500, "Batches in all.")


def _auto_net(card: DatasetCard) -> str:
    """The net that suits this data, in words."""
    if card.kind != "image":
        return "an LSTM" if card.kind == "text" else "an MLP"
    net = model_spec(TrainConfig(), DataInfo(name=card.name, sample_shape=card.sample_shape, size=1)).net
    return "an MLP" if net == "mlp" else "convolutional"


def advanced_settings() -> None:
    """What one may leave alone."""
    with st.expander("More settings", icon=":material/tune:"):
        left, right = st.columns(2)
        with left:
            _select("Likelihood", "likelihood", LIKELIHOODS, "Bernoulli for black-and-white pictures; Gaussian for "
                    "grey and colour: it finds its own sigma, and its distortion may fall below zero. Real is the same "
                    "on the whole line; columns are for tables, categorical for text. Auto takes what suits "
                    "the data.")  # fmt: skip
            _number("Batch size", "batch_size", 1, 65_536, 32, "Samples a step.")
            _number("Seed", "seed", 0, 2**31 - 1, 1, "The same seed gives the same weights on the same CPU.")
        with right:
            _select("Device", "device", DEVICES, "Where the arithmetic is done: CUDA is a GPU of NVIDIA, MPS one of "
                    "Apple; fastest takes what is there.")  # fmt: skip
            _number("Learning rate", "learning_rate", 1e-6, 10.0, 1e-4, "Adam's step size. Too high, and the loss is "
                    "soon no longer a number.", "%g")  # fmt: skip
            _number("Cool-down (part)", "decay", 0.0, 1.0, 0.1, "Last part of the steps over which the learning rate "
                    "falls to a hundredth.", "%g")  # fmt: skip
        _own_settings(OBJECTIVE_CARDS[_value("objective")].settings[1:])
        if others := _other_settings():
            st.caption(f"Taken over as well: {others}.")


def settings() -> TrainConfig:
    """What the form says, without a folder."""
    values = {field: _value(field) for field in FIELDS}
    if _value("length") == "epochs":
        values["steps"] = None
    return st.session_state.get(_BASE, TrainConfig()).model_copy(update=values)


def out_of_range(config: TrainConfig) -> str:
    """One sentence where a setting is not what it may be, or does not go with another; else nothing."""
    try:
        TrainConfig.model_validate(config.model_dump(warnings=False))
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0]).replace("_", " ")
        return f"The {field} is out of its range: see the red line below it."
    problem = unsuited(config)
    return f"{problem[0].upper()}{problem[1:]}." if problem else ""


def _other_settings() -> str:
    """What a run whose settings were taken brought along that the form has no field for."""
    base = st.session_state.get(_BASE, TrainConfig())
    fields = (field for field in TrainConfig.model_fields if field not in FIELDS)
    changed = {field: getattr(base, field) for field in fields if getattr(base, field) != getattr(TrainConfig(), field)}
    return ", ".join(f"{field.replace('_', ' ')} {value}" for field, value in changed.items())


def how_long(config: TrainConfig) -> str:
    """Steps of this training, and its time where an earlier one on this machine tells the speed."""
    from vae_core.launch import known_speed

    size = CARDS[config.data].train_size
    batch = min(config.batch_size, size)
    steps = config.steps or config.epochs * (size // batch)
    text = f"{steps:,} steps of {batch:,} samples"
    speed = known_speed(config)
    return f"{text}: {in_words(steps * batch / speed)}, going by your last run like this." if speed else f"{text}."


# -- a name ------------------------------------------------------------------------------------------------


def slug(config: TrainConfig) -> str:
    """A name for a run with these settings, e.g. sprites-10d-beta4."""
    return re.sub(r"[^a-z0-9.-]+", "-", f"{config.data}-{config.latent_dim}d-{tag_of(config)}".lower())


def free_name(wish: str) -> str:
    """The wish, or the wish with a number where a run has that name."""
    from vae_core.launch import is_taken, open_store

    rows = {row.name for row in open_store().all() if row.state in ("queued", "running")}
    number, name = 1, wish
    while name in rows or is_taken(name):
        number += 1
        name = f"{wish}-{number}"
    return name


def _follow_suggestion(config: TrainConfig) -> str:
    """The name as it stands, or a new suggestion where the visitor has written none."""
    if st.session_state.get(_NAME, "") in ("", st.session_state.get(_SUGGESTED)):
        st.session_state[_NAME] = st.session_state[_SUGGESTED] = free_name(slug(config))
    return str(st.session_state[_NAME])


def name_field(config: TrainConfig) -> str:
    """The run's name: suggested from the settings until the visitor writes another."""
    _follow_suggestion(config)
    return str(st.text_input("Name", key=_NAME, max_chars=80, help="It names the folder and stands in links.")).strip()


# -- starting ----------------------------------------------------------------------------------------------


def start_button(config: TrainConfig) -> None:
    """Starts the worker and goes over to watching it; what stands in the way is one sentence."""
    from vae_core.launch import is_taken

    name = name_field(config)
    problem = out_of_range(config)
    try:
        if not problem and is_taken(check_name(name)):
            problem = f"There is a run called {name} already: choose another name."
    except ValueError as error:
        problem = f"{error}."
    here = not cache.why_no_originals(config.data)
    st.button(
        "Start training", type="primary", icon=":material/play_arrow:", width="stretch",
        disabled=bool(problem) or not here, on_click=_start,
    )
    problem = problem or st.session_state.pop(_PROBLEM, "")
    if problem:
        st.error(plain(problem), icon=":material/block:")
    elif not here:
        st.caption("Download the data first.")
    else:
        st.caption(how_long(config))


def _start() -> None:
    """What the button does. The settings are read now: the page may not have been drawn since the last one changed."""
    from vae_core import launch

    try:
        config = settings()
        if problem := out_of_range(config):
            raise RunError(problem)
        name = _follow_suggestion(config).strip()
        before, when = st.session_state.get(_STARTED, ("", 0.0))
        if before != name or time.monotonic() - when > DOUBLE_CLICK:
            launch.start(config.model_copy(update={"out": runs_folder() / name}))
    except RunError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    st.session_state[_STARTED] = name, time.monotonic()
    state.set_page_param(WATCH, name)


def resume(name: str) -> None:
    """Go on with an interrupted or stopped run. For callbacks; what stands in the way is told by the frame."""
    from vae_core import launch

    try:
        launch.resume(name)
    except RunError as error:
        state.tell(str(error))


def stop(name: str) -> None:
    """Ask a run to stop. For callbacks."""
    from vae_core import launch

    try:
        launch.stop(name)
    except RunError as error:
        state.tell(str(error))


# -- runs in the works -------------------------------------------------------------------------------------

ICONS = {
    "queued": ":material/hourglass_empty:", "running": ":material/motion_photos_on:",
    "interrupted": ":material/power_off:", "finished": ":material/check_circle:",
    "stopped": ":material/stop_circle:", "failed": ":material/error:",
}


def runs_in_the_works(other_than: str | None = None) -> None:
    """The runs that were started lately, each with how far it is and a link to watch it."""
    from vae_core.launch import standings

    rows = [row for row in standings() if row.name != other_than]
    if not rows:
        return
    st.subheader("Started lately", anchor=False)
    # a fragment that nobody needs would keep the server busy
    fragment(run_every=2.0 if any(row.live for row in rows) else None)(_rows)(other_than)


def _rows(other_than: str | None) -> None:
    from vae_core.launch import standings

    for row in standings():
        if row.name == other_than:
            continue
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"works-{row.name}"):
            st.page_link(
                "pages/train.py", label=row.name, icon=ICONS[row.state], help="Watch it",
                query_params={WATCH: row.name, FOLLOWED: "1"},
            )
            st.caption(progress_words(row), width="content")


def progress_words(row: Standing) -> str:
    """How far a run is, in a few words."""
    if row.state != "running":
        return row.state
    if not row.total:
        return "starting"
    left = f" · {in_words(row.seconds_left)} left" if row.seconds_left is not None else ""
    return f"{row.step / row.total:.0%}{left}"


def in_words(seconds: float) -> str:
    """A length of time as one says it: a moment, about 20 seconds, about 3 minutes, about 2 hours."""
    if seconds < 3:
        return "a moment"
    if seconds < 90:
        rounded = round(seconds) if seconds < 10 else 5 * round(seconds / 5)
        return f"about {rounded} seconds"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {round(seconds / 3600)} hours"


def words() -> None:
    """The few words that the page's curves need."""
    st.subheader("What you will see", anchor=False)
    st.markdown(
        "**Distortion** (nats) is how much of a sample is lost when it is squeezed into its code and drawn again. "
        "It falls.\n\n"
        "**Rate** (nats) is how much a code tells about its sample. It rises from zero as the latent space is put "
        "to use, dimension by dimension.\n\n"
        "A model can have little of one only for much of the other. **β** sets the price: at β = 4 a nat of rate "
        "costs as much as four nats of distortion."
    )
