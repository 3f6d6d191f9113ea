"""Which models the matching game is played on: those that can be, what they are called, their boards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui import cache
from ui.widgets import START_HERE
from vae_core import game
from vae_core.runs import RunCard, RunError

if TYPE_CHECKING:
    from vae_core.game import Board, Plan

Model = tuple[str, bool]
"""A run's name, and whether its axes are rotated."""
STAND_IN = "sprites-beta4"
"""The disentangled model where the study's runs are not there."""
TANGLED = "study-beta-1"


def playable() -> dict[str, RunCard]:
    """Runs that can be played on: their decoder runs in the browser and needs no more than a code."""
    found = {}
    for card in cache.list_runs():
        if not card.ready or card.config is None:
            continue
        able = card.config.model.abilities
        plain_code = able.in_browser and able.encodes and able.cells is None and not able.classes
        if able.kind == "image" and plain_code and not able.quadrants and card.config.model.latent_dim >= 2:
            found[card.name] = card
    return found


def default_pair(names: list[str], chosen: str | None = None) -> tuple[Model, Model] | None:
    """An entangled and a disentangled model: the run that was chosen, else two of the same data of the study.

    Args:
        names: of those that can be played on.
        chosen: the sidebar's run; the one that everybody begins with was chosen by nobody.
    """
    best = best_of_study(names)
    if chosen in names and chosen != START_HERE:
        return (chosen, True), (chosen, False)
    if best and TANGLED in names:
        return (TANGLED, False), (best, False)
    if not names:
        return None
    one = best or (STAND_IN if STAND_IN in names else names[0])
    return (one, True), (one, False)


def best_of_study(names: list[str]) -> str | None:
    """The study's run whose dimensions carry most: by MIG over its seeds where that was measured, else beta 4."""
    from vae_core.studies import study_results, study_runs

    cells = {(run.objective, run.weight): run.name for run in study_runs() if run.name in names and run.name != TANGLED}
    if not cells:
        return None
    results = study_results()
    if "mig" in results.columns:
        here = results[results["scored_on"] == "sprites"]
        median = here.groupby(["objective", "weight"])["mig"].median().dropna().to_dict()
        scored = {name: median[cell] for cell, name in cells.items() if cell in median}
        if scored:
            return max(scored, key=lambda name: scored[name])
    return cells[min(cells, key=lambda cell: (cell[0] != "beta", abs(cell[1] - 4)))]


def title_of(model: Model) -> str:
    """What people call a model of the game; two runs of one title are told apart by their names."""
    titles = {card.name: card.title for card in cache.list_runs()}
    title = titles.get(model[0], model[0])
    if sum(other == title for other in titles.values()) > 1:
        title = f"{title} ({model[0]})"
    return f"{title}, axes rotated" if model[1] else title


def board_of(model: Model, seed: int) -> Board:
    """A model's board. Raises RunError where it cannot be read or played."""
    name, rotated = model
    if name not in playable():
        raise RunError(f"{name} cannot be played on: its run is not here, or no browser can run its decoder by itself.")
    try:
        return game.board_of_run(cache.get_run(name), cache.test_rows(name), rotated=rotated, seed=seed)
    except ValueError as error:
        raise RunError(str(error)) from error


def plan_of(models: tuple[Model, Model], rounds: int, seed: int, close: float) -> Plan:
    """The game on two models. Raises RunError where it makes no sense."""
    if models[0] == models[1]:
        raise RunError("The two models are the same: choose another, or rotate the axes of one.")
    boards = [board_of(model, seed) for model in models]
    try:
        return game.plan(boards, rounds, seed, close)
    except ValueError as error:
        raise RunError(str(error)) from error
