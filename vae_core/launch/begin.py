"""Starting a run, and going on with one that was interrupted or stopped."""

from __future__ import annotations

import contextlib

from vae_core.config import TrainConfig, runs_folder
from vae_core.launch.locks import is_alive
from vae_core.launch.look import LIVE_STATES, current_state
from vae_core.launch.names import checked, is_taken, own_folder
from vae_core.launch.sentences import one_sentence
from vae_core.launch.spawn import spawn
from vae_core.runs.database import RunRow, open_store
from vae_core.runs.errors import RunError
from vae_core.runs.folder import RunFolder


def start(config: TrainConfig, *, resume: bool = False, sweep: str = "") -> RunRow:
    """Enter a run into the database and start its worker, detached from this process.

    To resume goes on from the last saved state; a run that died before it had one begins anew. `sweep` names the
    sweep it is part of.

    Raises RunError where the name is taken (or, to resume, there is no such run), or the run is being trained.
    """
    folder = RunFolder(own_folder(config))
    name = folder.path.name
    store = open_store()
    row = store.get(name)
    if is_alive(folder) or (row is not None and current_state(row) in LIVE_STATES):
        raise RunError(f"{name} is being trained already: watch it, stop it, or choose another name.")
    if not resume and is_taken(name):
        raise RunError(f"There is a run called {name} already: choose another name or resume it.")
    if resume and row is None and not (folder.path / "config.json").exists():
        raise RunError(f"There is no run called {name} that could go on: start one.")
    if resume:
        check_resumable(folder)
    row = store.enter(folder.path, config, seen=row, sweep=None if resume else sweep)
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        worker = spawn(folder, [name, "--resume"] if resume else [name])
    except (OSError, RunError) as error:
        sentence = f"The worker of {name} could not be started: {one_sentence(error)}"
        store.note(name, state="failed", message=sentence)
        raise RunError(sentence) from error
    # a cluster's worker may have told its own by now
    store.note(name, **({"job": worker.job} if worker.job else {"pid": worker.pid}))
    return row


def resume(name: str) -> RunRow:
    """Go on with a run of one's own that was interrupted or stopped, with the settings it was started with.

    Raises RunError as `start` does.
    """
    folder = RunFolder(runs_folder().resolve() / checked(name))
    row = open_store().get(name)
    if row is None or row.trashed is not None:
        config = folder.read_config().train
    else:
        config = row.train_config
        with contextlib.suppress(RunError):  # a turn stands in the folder before it stands in the row
            config = config.model_copy(update={"turns": folder.read_config().train.turns})
    return start(config.model_copy(update={"out": folder.path}), resume=True)


def check_resumable(folder: RunFolder) -> None:
    if folder.weights.exists() and not folder.state.exists():
        raise RunError(f"{folder.path.name} has no saved state to resume from: train it anew under another name.")
