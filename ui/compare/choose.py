"""What is compared: two to four models of the same data, and the sample that is looked at. Kept in the address.

`runs=a.b.c` names them in their order, `at=12` the sample. A run's name may have dots in it, so names are read against
those that there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from ui import cache, guests, samples, state
from ui.words import plain
from vae_core.guests import is_guest, name_of

if TYPE_CHECKING:
    from vae_core.config import RunConfig
    from vae_core.runs import Run, RunCard

MOST = 4
LETTERS = "ABCD"
RUNS, MOVED = "runs", "moved"
_SHOWN = "latentarium.compare.shown"


@dataclass(frozen=True)
class Preset:
    """A choice of runs that is worth a look. look: what to look at, one or two sentences."""

    title: str
    runs: tuple[str, ...]
    look: str


PRESETS = (
    Preset(
        "Autoencoder, VAE, PCA",
        ("digits-autoencoder", "digits-10d", "digits-pca"),
        "Ten numbers a digit, three ways to come by them. The autoencoder may put codes anywhere and redraws best of "
        "all; the VAE pays for each nat; PCA can only add up ten pictures, so its digits are blurred.",
    ),
    Preset(
        "β = 1 and β = 8",
        ("study-beta-1", "study-beta-8"),
        "Eight times the price for each nat: details are given up, and what is left keeps to fewer dimensions, each "
        "with more of a meaning of its own.",
    ),
    Preset(
        "β-VAE, β-TCVAE, FactorVAE",
        ("study-beta-4", "study-tcvae-4", "study-factor-20"),
        "Three prices on what dimensions share. See which of their dimensions are most alike, and what each gives up.",
    ),
    Preset(
        "Collapse and its cure",
        ("grammar-collapsed", "grammar"),
        "One model's code says next to nothing, so it writes what it likes whatever it was given; the other was "
        "taught in a way that keeps its code in use.",
    ),
    Preset(
        "Two dimensions or ten",
        ("digits-2d", "digits-10d"),
        "Two dimensions fit on a map as they are, and mix up what ten keep apart.",
    ),
    Preset(
        "Two penalties for one aim",
        ("colour-tcvae", "colour-factor"),
        "Both ask that dimensions be independent, one by estimating the total correlation, one by a critic. See which "
        "of their dimensions are most alike.",
    ),
    Preset(
        "Numbers or entries of a book",
        ("digits-10d", "digits-vq", "digits-fsq"),
        "A code of ten numbers beside grids of discrete codes: reconstructions can be compared, sliders cannot.",
    ),
)


def parse_runs(text: str, known: Collection[str]) -> tuple[list[str], list[str]]:
    """The names in `a.b.c` that are known, each once, and the parts that are not. Names may have dots in them."""
    parts, found, unknown = text.split(".") if text else [], [], []
    while parts:
        for end in range(len(parts), 0, -1):
            name = ".".join(parts[:end])
            if name in known:
                found.append(name)
                break
        else:
            end = 1
            unknown.append(parts[0][:80])
        parts = parts[end:]
    return list(dict.fromkeys(found)), unknown


def usual_runs(run: str, cards: Mapping[str, RunCard]) -> list[str]:
    """What a run is compared with where nobody says: the first preset that has it, else another of the same data."""
    for preset in PRESETS:
        if run in preset.runs and all(name in cards for name in preset.runs):
            return list(preset.runs)
    return [run, *[name for name in _same_data(run, cards) if name != run][:1]] if run in cards else []


def _same_data(run: str, cards: Mapping[str, RunCard]) -> list[str]:
    """The runs of the same data and sample shape as this one."""
    first = cards[run].config
    if first is None:
        return []

    def fits(config: RunConfig | None) -> bool:
        return config is not None and (config.data.name, config.data.sample_shape) == (
            first.data.name,
            first.data.sample_shape,
        )

    return [name for name, card in cards.items() if fits(card.config)]


def comparable(names: Sequence[str]) -> list[str]:
    """These runs, where all of them can stand side by side; else none."""
    cards = _cards()
    if not 2 <= len(names) <= MOST or not all(name in cards for name in names):
        return []
    return list(names) if set(names) <= set(_same_data(names[0], cards)) else []


def open_runs(names: Collection[str]) -> None:
    """Compares these runs, the sidebar's choice being the first of them. For callbacks."""
    state.set_page_param(RUNS, ".".join(names) or None)
    state.set_page_param(MOVED, None)
    if names and state.selection().run not in names:
        state.select_run(next(iter(names)))


def choose_preset() -> None:
    """Buttons that open a choice worth a look, and what to look at in the one that is open."""
    cards = _cards()
    there = [preset for preset in PRESETS if all(name in cards for name in preset.runs)]
    if not there:
        return
    names, _ = _named(cards)
    now = next((preset for preset in there if list(preset.runs) == names), None)
    key = "latentarium.compare.preset"
    st.session_state[key] = now.title if now else None

    def opened() -> None:
        wanted = next((preset for preset in there if preset.title == st.session_state[key]), now)
        if wanted:
            open_runs(wanted.runs)

    st.pills("Worth a look", [preset.title for preset in there], key=key, on_change=opened)
    if now:
        st.caption(now.look)


def choose() -> list[Run]:
    """The menu of models, and the runs that are compared; fewer than two where that cannot be: the page says so."""
    cards = _cards()
    names, problems = _named(cards)
    if problems:
        st.warning(" ".join(problems), icon=":material/info:")
    if not names:
        return []
    offered = _same_data(names[0], cards)
    titles = Counter(cards[name].title for name in offered)
    labels = {name: cards[name].title if titles[cards[name].title] == 1 else f"{cards[name].title} ({name})"
              for name in offered}  # fmt: skip
    key = "latentarium.compare.runs"
    st.session_state[key] = names  # follows the address
    st.multiselect(
        f"Models of the same data ({plain(_data_of(cards[names[0]]))})", offered, format_func=labels.__getitem__,
        max_selections=MOST, key=key, placeholder="Choose two to four models",
        on_change=lambda: open_runs(st.session_state[key]),
    )  # fmt: skip
    brought = [number for number in state.named_guests() if cache.has_guest(names[0], number)]
    return [cache.get_run_with(name, brought) for name in names]


def follow() -> None:
    """Brings the address and the sidebar's choice together; before anything is drawn.

    A link's runs take the sidebar along. A new choice in the sidebar, which is none of the runs compared, begins anew.
    """
    text, now = st.query_params.get(RUNS, ""), state.selection().run
    names, _ = _named(_cards())
    if text and names and now not in names:
        if st.session_state.get(_SHOWN) == text:
            open_runs(usual_runs(now or "", _cards()))
        else:
            state.select_run(names[0])
            st.session_state[_SHOWN] = text
            st.rerun()
    st.session_state[_SHOWN] = st.query_params.get(RUNS, "")


def _cards() -> dict[str, RunCard]:
    return {card.name: card for card in cache.list_runs() if card.ready}


def _data_of(card: RunCard) -> str:
    return card.config.data.name if card.config else ""


def _named(cards: Mapping[str, RunCard]) -> tuple[list[str], list[str]]:
    """The runs that the address names (the usual ones where it names none), and sentences on those left out."""
    text = st.query_params.get(RUNS, "")
    names, unknown = parse_runs(text, cards)
    if not text:
        names = usual_runs(state.selection().run or "", cards)
    fitting = _same_data(names[0], cards) if names else []
    others = [name for name in names if name not in fitting]
    names = [name for name in names if name in fitting]
    said = []
    if unknown:
        said.append(f"There is no finished model called {' or '.join(map(plain, unknown[:MOST]))} here.")
    if others:
        data = plain(_data_of(cards[names[0]]))
        said.append(f"{' and '.join(map(plain, others))} learnt other data than {data}, so no sample is common.")
    if len(names) > MOST:
        said.append(f"{MOST} models are compared at most: the first {MOST} are shown.")
    return names[:MOST], said


def choose_view(views: Sequence[str]) -> str:
    """Which of the page's views is shown; the first where the address names none of them."""
    key = "latentarium.compare.view"
    asked = st.query_params.get("view", "")
    st.session_state[key] = next((view for view in views if view.lower() == asked), views[0])  # follows the address

    def opened() -> None:
        view = st.session_state[key]
        state.set_page_param("view", None if view == views[0] else view.lower())

    chosen = st.segmented_control("View", views, key=key, on_change=opened, required=True, label_visibility="collapsed")
    return chosen or views[0]


def choose_sample(runs: list[Run]) -> int | None:
    """The sample that is looked at, a place in the dataset, and its picker; None where the models share none."""
    encoding = [run for run in runs if run.config.model.abilities.encodes]
    if not encoding:
        return None
    common = cache.get_common(tuple(run.name for run in encoding))
    if not len(common):
        return None
    first = encoding[0]

    def lack(index: int) -> list[str]:
        return [plain(run.title) for run in encoding if run.codes.rows([index])[0] < 0]

    waiting = [index for index in state.selection().tray if not lack(index)]
    usual = waiting[0] if waiting else int(common[0])
    asked = state.page_param("at", usual, samples.place_in_dataset)
    at = usual if lack(asked) else asked
    row = samples.rows_of(first, [at])[0]
    samples.picker("Sample", first, row, cache.get_pictures(first.name, (at,)).pixels[0], _look)
    if at != asked:
        name = name_of(asked) if is_guest(asked) else f"sample {asked}"
        st.caption(f"{' and '.join(lack(asked))} has no code of {name}, so another sample is shown.")
    return at


def bring(runs: Sequence[Run]) -> None:
    """The control with which a visitor brings a sample of their own, to see it through all of these models."""
    run = next((run for run in runs if run.config.model.abilities.encodes), None)

    def add(_: str, number: int) -> None:
        state.add_to_tray([number])
        _look(number)

    if run is not None:
        guests.bring(run, {"look": "See it through all of them"}, add, key="compare")


def _look(index: int) -> None:
    state.set_page_param("at", index)


def letter(place: int) -> str:
    return LETTERS[place]


def names_of(runs: list[Run]) -> list[str]:
    """What each is called in a sentence: its letter and its title."""
    return [f"{letter(place)} ({plain(run.title)})" for place, run in enumerate(runs)]
