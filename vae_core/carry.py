"""Commands that carry models out of the house and into it: `python -m vae_core export | import`."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from vae_core.telling import teller


@dataclass(frozen=True)
class Export:
    """A run as a .zip to take away, or its encoder and decoder as ONNX for any other program."""

    run: tyro.conf.Positional[str]
    """Run folder, or the name of a run."""
    zip: Path | None = None
    """The .zip to write."""
    onnx: Path | None = None
    """The folder to write encoder.onnx and decoder.onnx into."""
    state: bool = False
    """Also what resuming needs (three times the weights)."""
    film: bool = True
    """Also the film of its training, where there is one."""
    maps: bool = True
    """Also its maps."""


@dataclass(frozen=True)
class Import:
    """Take in a run (its folder or .zip), or a pair from any framework (encoder.onnx and decoder.onnx)."""

    files: tyro.conf.Positional[tuple[Path, ...]]
    """One run, or the files of a pair."""
    name: str = ""
    """What it shall be called; a free name like its own where none is given."""
    data: Annotated[str, tyro.conf.arg(help="For a pair: whose samples get codes. Without, codes are dreams.")] = ""


def send_out(command: Export) -> None:
    """Raises RunError and ExportError, one sentence."""
    from vae_core.export import ExportError
    from vae_core.runs import load_run

    if command.zip is None and command.onnx is None:
        raise ExportError("Say what to write: --zip FILE, --onnx FOLDER, or both.")
    run = load_run(command.run)
    if command.zip is not None:
        from vae_core.runs.bundle import write_bundle

        command.zip.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=command.zip.parent, prefix=".export-", delete=False) as beside:
            try:
                write_bundle(run.folder, beside, state=command.state, film=command.film, maps=command.maps)
                beside.close()
                os.chmod(beside.name, 0o644)
                os.replace(beside.name, command.zip)
            finally:
                Path(beside.name).unlink(missing_ok=True)
        print(f"The run is in {command.zip}.")
    if command.onnx is not None:
        from vae_core.onnx_export import export_onnx

        written = export_onnx(run.model, command.onnx)
        print(f"Written: {', '.join(str(path) for path in written)}.")


def bring_in(command: Import) -> None:
    """Raises RunError and DatasetError, one sentence."""
    from vae_core.runs.bundle import import_run

    if any(path.suffix.lower() == ".onnx" for path in command.files):
        _bring_pair(command)
        return
    if len(command.files) != 1:
        raise ValueError("Bring one run at a time, or encoder.onnx and decoder.onnx.")
    taken = import_run(command.files[0], name=command.name, progress=teller())
    print("".join(f"Left out: {sentence}\n" for sentence in taken.left_out), end="")
    print(f"The run is in {taken.folder}.")


def _bring_pair(command: Import) -> None:
    from contextlib import ExitStack

    from vae_core.data import load_dataset
    from vae_core.foreign.look import advised
    from vae_core.runs.incoming import discard, free_name
    from vae_core.runs.pairs import advice, look_at, stage_pair, take_pair

    data = load_dataset(command.data) if command.data else None
    with ExitStack() as stack:
        folder = stage_pair([(path.name, stack.enter_context(path.open("rb"))) for path in command.files])
    try:
        pair, found = look_at(folder, [data.sample_shape] if data else [])
        with pair:
            wiring = found.wiring if data is None else advised(found.wiring, advice(pair, found.wiring, data))
        shape = data.sample_shape if data is not None else found.shapes[0]
        name = command.name or free_name(f"{command.data or 'dreams'}-onnx")
        print(f"Read as: {wiring.model_dump_json()}")
        print(f"The run is in {take_pair(folder, wiring, shape, name, data, progress=teller())}.")
    finally:
        discard(folder)
