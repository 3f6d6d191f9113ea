"""Reading every file of a run that came in, each with the reader that the app reads it with."""

from __future__ import annotations

from pathlib import Path

from vae_core.runs.errors import RunError
from vae_core.runs.folder import RunFolder


def check_run(folder: Path) -> list[str]:
    """Read every file of a run as the app will. What the run can do without and is damaged goes, and is named.

    Raises RunError, one sentence, where config, weights or codes are not sound.
    """
    from vae_core.runs import load_run
    from vae_core.runs.names import dimension_names

    run = load_run(folder)
    foreign = run.config.model.wiring is not None
    model = run.model
    if foreign:
        check_pair(run)
    del model
    codes = run.codes
    left_out: list[str] = []

    def drop(inner: str, why: str) -> None:
        (folder / inner).unlink()
        left_out.append(f"{inner}: {why}")

    belongs = {"encoder.onnx", "decoder.onnx"} if foreign else {"model.safetensors", "state.safetensors"}
    for inner in ("encoder.onnx", "decoder.onnx", "model.safetensors", "state.safetensors"):
        if inner not in belongs and (folder / inner).exists():
            drop(inner, "of another kind of model")
    for inner, read in (
        ("history.csv", lambda: RunFolder(folder).read_history()),
        ("names.json", lambda: dimension_names(folder, run.latent_dim)),
        ("scores.json", lambda: _check_scores(folder)),
        ("preview.png", lambda: _check_preview(folder / "preview.png")),
        ("card.md", lambda: _check_text(folder / "card.md")),
        ("film.npz", lambda: _check_film(folder)),
        ("state.safetensors", lambda: _check_state(folder / "state.safetensors")),
    ):
        if (folder / inner).exists():
            try:
                read()
            except RunError as error:
                drop(inner, str(error).replace(f"{folder.name}/", ""))
    for path in sorted((folder / "maps").glob("*.npz")):
        from vae_core.runs.maps import read_map

        try:
            read_map(path, codes.mean)
        except RunError as error:
            drop(f"maps/{path.name}", str(error))
    return left_out


def check_pair(run: object) -> None:
    """Try a pair from elsewhere as the app will use it. Raises RunError."""
    import numpy as np
    import torch

    from vae_core.foreign.process import ForeignError
    from vae_core.runs import Run

    assert isinstance(run, Run)
    try:
        z = torch.from_numpy(run.codes.mean[:4] if len(run.codes) else np.zeros((1, run.latent_dim), np.float32))
        made = run.model.decode(z)
        if run.config.model.abilities.encodes:
            run.model.encode(made)
    except ForeignError as error:
        raise RunError(str(error)) from None


def _check_scores(folder: Path) -> None:
    from vae_core.runs.scores import read_scores

    if read_scores(folder) is None:
        raise RunError("scores of other weights than these")


def _check_preview(path: Path) -> None:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            if picture.format != "PNG" or max(picture.size) > 4096:
                raise RunError("no PNG of up to 4096 pixels a side")
            picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise RunError("no PNG that can be read") from None


def _check_text(path: Path) -> None:
    try:
        path.read_bytes().decode()
    except UnicodeDecodeError:
        raise RunError("no text") from None


def _check_film(folder: Path) -> None:
    from vae_core.runs.film import read_film

    read_film(folder)


def _check_state(path: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as held:
            held.keys()
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(f"no whole safetensors file ({error})") from None
