"""The training page's form: a family of the zoo to begin with, and the settings that mean something for it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic import ValidationError

from ui import cache, state
from ui.words import plain
from vae_core.config import DataInfo, TrainConfig, model_spec
from vae_core.data import DatasetCard, card_of, find_card
from vae_core.data.cards import all_names
from vae_core.model_cards import MODEL_CARDS, TEXT_SETTINGS, VAMP_SETTINGS, own_settings
from vae_core.objective_cards import OBJECTIVE_CARDS, label_of, unsuited
from vae_core.sweep import priced
from vae_core.zoo import ZOO

PROBLEM = "latentarium.train.problem"
_BASE = "latentarium.train.base"

NETS = {"auto": "Auto", "mlp": "MLP", "conv": "Conv"}
LIKELIHOODS = {"auto": "Auto", "bernoulli": "Bernoulli", "gaussian": "Gaussian"}
OBJECTIVES = {name: card.label for name, card in OBJECTIVE_CARDS.items()}
WORDS = {"ii": "II"}
"""Choices whose first letter is not their only capital one."""
LENGTHS = {"epochs": "Epochs", "steps": "Steps"}
DEVICES = {"auto": "Fastest", "cpu": "CPU", "cuda": "CUDA", "mps": "MPS"}
COMMON = (
    "data", "bottleneck", "net", "hidden", "likelihood", "prior", "condition", "objective", "epochs", "steps",
    "batch_size", "learning_rate", "decay", "seed", "device",
)  # fmt: skip
OWN = tuple(dict.fromkeys(field for card in OBJECTIVE_CARDS.values() for field in card.settings))
OF_MODELS = tuple(dict.fromkeys(field for card in MODEL_CARDS.values() for field in card.settings))
FIELDS = (*COMMON, *OWN, *OF_MODELS, *TEXT_SETTINGS, *VAMP_SETTINGS)
LISTS = ("hidden", "levels", "fsq_levels")
"""Settings of several numbers; the form holds them as they are written."""
SECOND = ("prior_width", "prior_layers", "embedding", "label_weight", "code_dim")
"""A model's own settings that one may leave alone."""
FAMILY = "digits-2d"
BEGINNING: dict[str, Any] = {  # what makes a quick first run
    "family": FAMILY, "latent_dim": 2, "length": "epochs", "epochs": 200, "steps": 5_000, "batch_size": 64,
    "decay": 0.3,
}  # fmt: skip
DEFAULTS: dict[str, Any] = {field: TrainConfig.model_fields[field].default for field in FIELDS} | BEGINNING
SUGGESTED_LENGTH = {
    "digits": {"length": "epochs", "epochs": 200},
    "mnist": {"length": "epochs", "epochs": 5},
    "fashion-mnist": {"length": "epochs", "epochs": 5},
}
LONG: dict[str, Any] = {"length": "steps", "steps": 5_000}


@dataclass(frozen=True)
class Preset:
    """A training worth trying first: a family of the zoo, and what differs from it."""

    label: str
    help: str
    icon: str
    settings: dict[str, Any]


PRESETS = (
    Preset(
        "Digits on a plane",
        "Two dimensions: the whole latent space fits in one picture. Under a minute.",
        ":material/grid_view:",
        {"family": "digits-2d"},
    ),
    Preset(
        "Digits, 10 dimensions",
        "Room for more: which dimensions will be used? Under a minute.",
        ":material/bar_chart:",
        {"family": "digits-10d"},
    ),
    Preset(
        "Sprites, β = 4",
        "A strong pull towards independent dimensions. Half an hour and more without a GPU.",
        ":material/category:",
        {"family": "sprites-beta4", "steps": 8_000, "batch_size": 128},
    ),
)


# -- what the form holds -----------------------------------------------------------------------------------


def begun_with(family: str) -> dict[str, Any]:
    """The form of a family of the zoo; the plain beginning for a mixture of one's own ("")."""
    settings = dict(ZOO[family].settings) if family in ZOO else {}
    data = settings.get("data", DEFAULTS["data"])
    length = {"length": "steps"} if "steps" in settings else SUGGESTED_LENGTH.get(data, LONG)
    fields = {field: value for field, value in settings.items() if field in DEFAULTS}
    return DEFAULTS | length | fields | {"family": family}


def fill(settings: dict[str, Any]) -> None:
    """Set the form to these settings, their family's elsewhere. For callbacks."""
    for field, value in (begun_with(settings.get("family", FAMILY)) | settings).items():
        st.session_state[key(field)] = written(field, value)
    st.session_state.pop(PROBLEM, None)
    st.session_state.pop(_BASE, None)


def take(config: TrainConfig) -> None:
    """Fill the form with a run's settings; those that have no field go along. For callbacks."""
    values = {field: getattr(config, field) for field in FIELDS}
    length = {"length": "steps" if config.steps else "epochs", "steps": config.steps or DEFAULTS["steps"]}
    fill({**values, **length, "family": family_of(config)})
    st.session_state[_BASE] = config.model_copy(
        update={"title": "", "about": "", "out": None}
    )


def family_of(config: TrainConfig) -> str:
    """The first family that is made alike, on the same data where there is one; "" where there is none."""
    parts = ("bottleneck", "prior", "condition", "objective", "noise")
    alike = [
        name for name, entry in ZOO.items()
        if all(getattr(entry.config(), part) == getattr(config, part) for part in parts)
    ]  # fmt: skip
    same = [name for name in alike if ZOO[name].settings.get("data") == config.data]
    return next(iter([*same, *alike]), "")


def written(field: str, value: Any) -> Any:
    """A setting as the form holds it: several numbers as they are written."""
    return ", ".join(map(str, value)) if field in LISTS and not isinstance(value, str) else value


def key(field: str) -> str:
    return f"latentarium.train.{field}"


def value_of(field: str) -> Any:
    """What the form says of a field; several numbers that do not read as such stay text, and validation says so."""
    value = st.session_state.get(key(field), DEFAULTS[field])
    if field not in LISTS or not isinstance(value, str):
        return value
    parts = [part for part in re.split(r"[\s,;.+]+", value) if part]
    return tuple(map(int, parts)) if all(part.isascii() and part.isdigit() for part in parts) else value


def _parse(field: str, text: str) -> Any:
    """A setting as the address has it. Raises ValueError where it makes no sense."""
    if field == "length":
        return text if text in LENGTHS else DEFAULTS[field]
    if field == "family":
        if text and text not in ZOO:
            raise ValueError(f"There is no family called {text}.")
        return text
    if field == "data" and text not in datasets():
        raise ValueError(f"There is no dataset called {text}.")
    return getattr(TrainConfig.model_validate({field: text.split(".") if field in LISTS else text}), field)


def follow_address() -> None:
    """Settings that stand in the address (a teacher's link) fill the form once; then the form fills the address."""
    if key("data") in st.session_state:
        if value_of("data") not in datasets():  # deleted since, or a file that was given by its path
            gone = f"{value_of('data')} is not among the data to choose from: {DEFAULTS['data']} takes its place."
            st.warning(plain(gone), icon=":material/info:")
            st.session_state[key("data")] = DEFAULTS["data"]
        return
    beginning = begun_with(state.page_param("family", FAMILY, partial(_parse, "family")))
    data = state.page_param("data", beginning["data"], partial(_parse, "data"))
    if data != beginning["data"]:
        beginning |= SUGGESTED_LENGTH.get(data, LONG)
    for field, default in beginning.items():
        st.session_state[key(field)] = written(field, state.page_param(field, default, partial(_parse, field)))


def write_address(*, form: bool) -> None:
    """The form's settings that differ from their family's; none of them while a run is watched."""
    usual = begun_with(value_of("family")) | {"family": FAMILY}
    for field, default in usual.items():
        now = value_of(field)
        text = ".".join(map(str, now)) if isinstance(now, tuple) else now
        state.set_page_param(field, text if form and now != default else None)


# -- what is chosen ----------------------------------------------------------------------------------------


def preset_buttons() -> None:
    """One click fills the form with settings that are worth a look."""
    with st.container(horizontal=True, gap="small"):
        for preset in PRESETS:
            st.button(preset.label, icon=preset.icon, help=preset.help, on_click=fill, args=(preset.settings,))


def _family_label(name: str) -> str:
    return f"{ZOO[name].section} · {ZOO[name].title}" if name in ZOO else "A mixture of your own"


def _take_family() -> None:
    fill({"family": value_of("family")})


def family_picker() -> None:
    """Which family of the zoo to begin with, what it teaches and where it was told first."""
    now = value_of("family")
    names = [*ZOO] if now in ZOO else [now, *ZOO]
    st.selectbox(
        "Family", names, format_func=_family_label, key=key("family"), on_change=_take_family, persist_state="session",
        help="It sets everything below; change what you like.",
    )  # fmt: skip
    if entry := ZOO.get(now):
        st.caption(f"{plain(entry.teaches)} {plain(entry.paper)}.")


def _data_label(name: str) -> str:
    card = card_of(name)
    size = " × ".join(str(side) for side in card.sample_shape[-2:])
    what = {"image": f"pictures of {size}", "text": f"texts of {size} tokens", "table": f"rows of {size} columns"}
    label = f"{card.title} · {card.n:,} {what[card.kind]}"
    return label if cache.is_here(name) else f"{label} · download of {card.download_mb:.0f} MB"


def datasets() -> list[str]:
    """What can be chosen: what is here or can be fetched, one's own last."""
    cards = {name: find_card(name) for name in all_names()}  # a damaged one has none
    return [name for name, card in cards.items() if card and (card.download_mb or cache.is_here(name))]


def _suit_length() -> None:
    """Twenty epochs are a blink on the digits and a day on the sprites: the length follows the data."""
    for field, value in SUGGESTED_LENGTH.get(value_of("data"), LONG).items():
        st.session_state[key(field)] = value


def data_picker() -> str:
    """What to learn from."""
    name = st.selectbox(
        "Data",
        datasets(),
        format_func=_data_label,
        key=key("data"),
        on_change=_suit_length,
        persist_state="session",
    )
    st.caption(plain(card_of(name).description))
    return str(name)


# -- widgets -----------------------------------------------------------------------------------------------


def _select(label: str, field: str, names: dict[str, str], help: str) -> str:
    return str(
        st.segmented_control(
            label,
            list(names),
            required=True,
            format_func=names.__getitem__,
            key=key(field),
            help=help,
            wrap=True,
            persist_state="session",
        )
    )


def _number(
    label: str, field: str, low: float | None, high: float | None, step: float, help: str, format: str | None = None
) -> Any:
    """A number. Its bounds are ours to hold: Streamlit's own would keep the last good value without a word."""
    value = st.number_input(label, step=step, key=key(field), help=help, format=format, persist_state="session")
    if value is None or (low is not None and value < low) or (high is not None and value > high):
        above, below = "" if low is None else f"at least {low:,.10g}", "" if high is None else f"at most {high:,.10g}"
        st.caption(f":red[{label}: {' and '.join(filter(None, (above, below)))}, please.]")
    return value


def own_setting(field: str) -> None:
    """The widget of a model's or objective's own setting, made from its type, bounds, title and docstring alone."""
    info = TrainConfig.model_fields[field]
    label, help = label_of(field, TrainConfig), " ".join((info.description or "").split())
    if field in LISTS:
        _numbers(label, field, help)
    elif info.annotation is bool:
        st.toggle(label, key=key(field), help=help, persist_state="session")
    elif get_origin(info.annotation) is Literal:
        _select(label, field, {name: WORDS.get(name, name.capitalize()) for name in get_args(info.annotation)}, help)
    elif info.annotation in (int, float):
        whole = info.annotation is int
        bounds = {
            name: info.annotation(getattr(part, name))
            for part in info.metadata
            for name in ("ge", "gt", "le")
            if hasattr(part, name)
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


def _numbers(label: str, field: str, help: str) -> None:
    """Several whole numbers, as one writes them."""
    st.text_input(label, key=key(field), help=help, placeholder="as suits the data", persist_state="session")
    if isinstance(value_of(field), str):
        st.caption(f":red[{label}: whole numbers with commas between them, please.]")
    elif (found := _problem_of(settings())) and found[0] == field:
        st.caption(f":red[{label}: {plain(found[1])}]")


def _own_settings(fields: Sequence[str]) -> None:
    """Settings in two columns, row by row."""
    for at in range(0, len(fields), 2):
        for column, field in zip(st.columns(2), fields[at : at + 2], strict=False):
            with column:
                own_setting(field)


# -- settings ----------------------------------------------------------------------------------------------


def main_settings() -> None:
    """The settings that change what the latent space becomes: those that mean something for this model and data."""
    config, card = settings(), card_of(value_of("data"))
    own = [field for field in own_settings(config, card.kind) if field not in SECOND]
    objectives = _fitting(config)
    if len(objectives) == 1 and MODEL_CARDS[config.bottleneck].trained and priced(config):
        own.append(OBJECTIVE_CARDS[config.objective].settings[0])
    _own_settings(own)
    if card.kind == "image" and config.bottleneck in ("gaussian", "point", "ladder", "class", "stacked", "none"):
        _net(config, card)
    if not MODEL_CARDS[config.bottleneck].trained:
        st.caption("Its best weights have a closed form: there are no steps to take.")
        return
    if len(objectives) > 1:
        _objective(config, objectives)
    left, right = st.columns(2)
    with left:
        length = _select("How long", "length", LENGTHS, "An epoch sees each training sample once; a step is one batch.")
    with right:
        if length == "epochs":
            _number("Epochs", "epochs", 1, 100_000, 10, "Passes over the training samples.")
        else:
            _number("Steps", "steps", 1, 100_000_000, 500, "Batches in all.")


def _net(config: TrainConfig, card: DatasetCard) -> None:
    net = _select(
        "Net", "net", NETS, "MLP: every pixel is joined to every unit. Conv: the same small filters everywhere, for "
        "larger square pictures. Auto takes what suits the data."
    )  # fmt: skip
    if net == "auto":
        kind = model_spec(TrainConfig(), info_of(card)).net
        st.caption("Auto is an MLP here." if kind == "mlp" else "Auto is convolutional here.")


def _fitting(config: TrainConfig) -> dict[str, str]:
    """The objectives that can be minimised with this model, and the one that is chosen, which may not be."""
    return {
        name: label for name, label in OBJECTIVES.items()
        if name == config.objective or not unsuited(config.model_copy(update={"objective": name}))
    }  # fmt: skip


def _objective(config: TrainConfig, objectives: dict[str, str]) -> None:
    """The objective and its first setting."""
    cards = [OBJECTIVE_CARDS[name] for name in objectives]
    help = " \n\n".join(f"**{card.label}** {card.sentence}" for card in cards)
    left, right = st.columns([3, 2])
    with left:
        objective = _select("Objective", "objective", objectives, help)
    if priced(config):
        with right:
            own_setting(OBJECTIVE_CARDS[objective].settings[0])


def advanced_settings() -> None:
    """What one may leave alone."""
    config, card = settings(), card_of(value_of("data"))
    with st.expander("More settings", icon=":material/tune:"):
        if card.kind == "image" and config.bottleneck != "linear":
            _select("Likelihood", "likelihood", LIKELIHOODS, "Bernoulli for black-and-white pictures; Gaussian for "
                    "grey and colour: it finds its own sigma, and its distortion may fall below zero.")  # fmt: skip
        second = [field for field in own_settings(config, card.kind) if field in SECOND]
        if not MODEL_CARDS[config.bottleneck].trained:
            _own_settings(["seed"])
            return
        left, right = st.columns(2)
        with left:
            _number("Batch size", "batch_size", 1, 65_536, 32, "Samples a step.")
            _number("Seed", "seed", 0, 2**31 - 1, 1, "The same seed gives the same weights on the same CPU.")
            _numbers("Widths", "hidden", "Of the fully connected layers, of an LSTM's state; empty takes what suits.")
        with right:
            _select("Device", "device", DEVICES, "Where the arithmetic is done: CUDA is a GPU of NVIDIA, MPS one of "
                    "Apple; fastest takes what is there.")  # fmt: skip
            _number("Learning rate", "learning_rate", 1e-6, 10.0, 1e-4, "Adam's step size. Too high, and the loss is "
                    "soon no longer a number.", "%g")  # fmt: skip
            _number("Cool-down (part)", "decay", 0.0, 1.0, 0.1, "Last part of the steps over which the learning rate "
                    "falls to a hundredth.", "%g")  # fmt: skip
        _own_settings([*second, *(OBJECTIVE_CARDS[config.objective].settings[1:] if priced(config) else ())])
        if others := _other_settings():
            st.caption(f"Taken over as well: {others}.")


def settings() -> TrainConfig:
    """What the form says, without a folder; not validated, see `problem`."""
    values = {field: value_of(field) for field in FIELDS}
    if value_of("length") == "epochs":
        values["steps"] = None
    config = _base().model_copy(update=values)
    # what was changed while the run trained is repeated, as far as the objective that is chosen now has it
    return config.model_copy(update={"turns": tuple(turn for turn in config.turns if turn.setting in config.steerable)})


def _base() -> TrainConfig:
    """What the form has no field for: of the run whose settings were taken, else of the family."""
    entry = ZOO.get(value_of("family"))
    others = {field: value for field, value in (entry.settings if entry else {}).items() if field not in DEFAULTS}
    return st.session_state.get(_BASE) or TrainConfig().model_copy(update=others)


def info_of(card: DatasetCard) -> DataInfo:
    """A dataset's shape as a model is made for it, without loading it: its words and scales are stand-ins."""
    columns = tuple(map(str, range(card.sample_shape[0]))) if card.kind == "table" else ()
    return DataInfo.model_validate({
        "name": card.name, "kind": card.kind, "sample_shape": card.sample_shape, "size": card.n,
        "class_names": card.class_names, "vocabulary": ("", "", "", "", "word") if card.kind == "text" else (),
        "columns": columns, "centre": (0.0,) * len(columns), "scale": (1.0,) * len(columns),
    })  # fmt: skip


def _problem_of(config: TrainConfig) -> tuple[str, str] | None:
    """The first field that is not what it may be, and why."""
    try:
        TrainConfig.model_validate(config.model_dump(warnings=False))
    except ValidationError as error:
        first = error.errors()[0]
        return str(first["loc"][0]), str(first["msg"])
    return None


def problem(config: TrainConfig) -> str:
    """One sentence where a setting is not what it may be, or does not go with another or the data; else nothing."""
    if found := _problem_of(config):
        return f"The {found[0].replace('_', ' ')} is out of its range: see the red line below it."
    said = unsuited(config)
    if not said:
        try:
            model_spec(config, info_of(card_of(config.data)))
        except ValidationError as error:
            said = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        except ValueError as error:
            said = str(error)
    return f"{said[0].upper()}{said[1:].rstrip('.')}." if said else ""


def _other_settings() -> str:
    """What a run whose settings were taken brought along that the form has no field for."""
    base = settings()
    fields = (field for field in TrainConfig.model_fields if field not in (*FIELDS, "turns"))
    changed = {field: getattr(base, field) for field in fields if getattr(base, field) != getattr(TrainConfig(), field)}
    said = [f"{field.replace('_', ' ')} {value}" for field, value in changed.items()]
    said += [f"{label_of(turn.setting, TrainConfig)} {turn.value:g} from step {turn.step:,}" for turn in base.turns]
    return ", ".join(said)
