"""An encoder/decoder pair as ONNX on its way to a run: taken in, looked at, and made into a folder like any other."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

import numpy as np
import torch

from vae_core.config import DataInfo, Figures, ModelSpec, RunConfig, TrainConfig
from vae_core.foreign.look import Advice, Look, advise, look
from vae_core.foreign.process import FILE_LIMIT, ForeignError, Pair
from vae_core.metrics.activity import active_units
from vae_core.models.foreign import Foreign, open_pair
from vae_core.runs.archive import Entry, check_no_pickle, copy, opened, unpack
from vae_core.runs.codes import Codes, write_codes
from vae_core.runs.errors import RunError
from vae_core.runs.files import write_atomically
from vae_core.runs.finish import DREAMS, PART, WHOLE, write_preview
from vae_core.runs.folder import RunFolder
from vae_core.runs.incoming import check_free, discard, filling, settle
from vae_core.wiring import DECODER, ENCODER, NO_DATA, Wiring

if TYPE_CHECKING:
    from zipfile import ZipFile

    from vae_core.data import Dataset

BATCH = 250
PATIENCE = 120.0
"""Seconds that encoding a dataset may take; of a slow pair fewer samples get codes."""
FEWEST = 500
COMPARED = 500  # dreams, and samples, for the energy distance of a decoder alone
ADVISED = 64  # samples that ranges are tried on
ROLES = {"encoder": ("enc",), "decoder": ("dec", "gen")}
FILES = {"encoder": ENCODER, "decoder": DECODER}

Progress = Callable[[float, str], None]


def open_model(folder: Path, spec: ModelSpec) -> Foreign:
    """The model of a run folder that holds a pair. Raises RunError."""
    try:
        return open_pair(folder, spec)
    except ForeignError as error:
        raise RunError(f"{folder.name}/{error}") from None


# -- taking in ---------------------------------------------------------------------------------------------


def stage_pair(files: Sequence[tuple[str, IO[bytes]]]) -> Path:
    """The pair in a folder that waits, as encoder.onnx and decoder.onnx; a decoder alone is taken too.

    Args:
        files: names and contents: two .onnx, or one .zip with the two.

    Raises RunError, one sentence, where they are no such thing.
    """
    for name, _ in files:
        check_no_pickle(name)
    with filling("The files cannot be kept") as folder:
        if len(files) == 1 and files[0][0].lower().endswith(".zip"):
            name, content = files[0]
            with opened(content, name) as (archive, entries):
                _stage_zip(folder, archive, entries, name)
        else:
            for role, at in _roles([name for name, _ in files]).items():
                name, content = files[at]
                content.seek(0)
                copy(content, folder / FILES[role], FILE_LIMIT, name)
        return folder


def _stage_zip(folder: Path, archive: ZipFile, entries: Sequence[Entry], name: str) -> None:
    found = [entry for entry in entries if entry.path.suffix.lower() == ".onnx" and "__MACOSX" not in entry.path.parts]
    if not found:
        for entry in entries:
            check_no_pickle(entry.path.name)
        raise RunError(f"{name} holds neither a run (config.json) nor encoder.onnx and decoder.onnx.")
    for role, at in _roles([entry.path.name for entry in found]).items():
        unpack(archive, found[at], folder / FILES[role], FILE_LIMIT)


def _roles(names: Sequence[str]) -> dict[str, int]:
    """Which of the files is the encoder, and which the decoder, by their names. Raises RunError."""
    odd = next((name for name in names if PurePosixPath(name.lower()).suffix != ".onnx"), None)
    if odd is not None:
        raise RunError(
            f"{odd[:100]} is no .onnx: bring encoder.onnx and decoder.onnx, a .zip with the two, or the .zip of a run."
        )
    if len(names) > 2:
        raise RunError(f"{len(names)} .onnx files are one too many: an encoder and a decoder make a pair.")
    found: dict[str, int] = {}
    for at, name in enumerate(names):
        stem = PurePosixPath(name.lower()).stem
        for role, words in ROLES.items():
            if any(word in stem for word in words) and not any(
                word in stem for other, others in ROLES.items() if other != role for word in others
            ):
                if role in found:
                    raise RunError(f"Both files are called {role}s: call them encoder.onnx and decoder.onnx.")
                found[role] = at
    if len(found) < len(names):
        raise RunError(
            f"Which file is which? Call them encoder.onnx and decoder.onnx, not {' and '.join(names)[:150]}."
        )
    if "decoder" not in found:
        raise RunError("An encoder alone makes no pictures: bring its decoder.onnx too.")
    return found


def staged_files(folder: Path) -> dict[str, Path]:
    """The files that wait in a folder, by their roles."""
    return {role: folder / name for role, name in FILES.items() if (folder / name).is_file()}


def look_at(folder: Path, known: Iterable[tuple[int, ...]] = ()) -> tuple[Pair, Look]:
    """The pair that waits in a folder, opened in its process, and what it seems to be. Raises RunError.

    Args:
        known: shapes of pictures that there are datasets of.
    """
    try:
        pair = Pair(staged_files(folder), running=20.0)
        try:
            return pair, look(pair, known)
        except BaseException:
            pair.close()
            raise
    except ForeignError as error:
        raise RunError(str(error)) from None


def advice(pair: Pair, wiring: Wiring, data: Dataset) -> Advice | None:
    """With which ranges the pair's reconstructions of some samples are best. Raises RunError."""
    rows = data.splits["test"][:ADVISED]
    try:
        return advise(pair, wiring, np.asarray(data.x[rows].float()) / 255)
    except ForeignError as error:
        raise RunError(str(error)) from None


def model_of(pair: Pair, wiring: Wiring, sample_shape: tuple[int, ...]) -> Foreign:
    """The pair as a model that reads and makes pictures of this shape. Raises RunError where they don't fit."""
    try:
        return Foreign(spec_of(wiring, sample_shape), pair)
    except ValueError as error:
        raise RunError(f"The pair cannot be read so: {_first(error)}.") from None


def spec_of(wiring: Wiring, sample_shape: tuple[int, ...]) -> ModelSpec:
    """The architecture of a pair. Raises ValueError where shapes don't fit each other."""
    return ModelSpec(
        net="onnx",
        bottleneck="onnx",
        sample_shape=sample_shape,
        latent_dim=int(np.prod(wiring.decoder.shape)),
        hidden=(),
        wiring=wiring,
    )


def _first(error: ValueError) -> str:
    from pydantic import ValidationError

    text = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
    return text.removeprefix("Value error, ").rstrip(".")


# -- making the run ----------------------------------------------------------------------------------------


def take_pair(
    folder: Path,
    wiring: Wiring,
    sample_shape: tuple[int, ...],
    name: str,
    data: Dataset | None = None,
    *,
    title: str = "",
    about: str = "",
    progress: Progress | None = None,
) -> Path:
    """Make a run of the pair that waits in `folder`: codes, preview, card, config; then it is among the runs.

    Args:
        sample_shape: (C, H, W).
        data: whose samples get codes; without data (or an encoder) codes are dreams of N(0, I).

    Returns:
        The run's folder; `folder` is gone then.

    Raises:
        RunError: one sentence. Nothing is taken then, and the pair waits on.
    """
    check_free(name)
    tell = progress or (lambda fraction, text: None)
    if data is None and wiring.encoder is not None:  # it would have nothing to encode
        wiring = wiring.model_copy(update={"encoder": None})
    try:
        spec = spec_of(wiring, sample_shape)
        info = _info(data, spec)
        train = TrainConfig(
            data=info.name, bottleneck="onnx", latent_dim=spec.latent_dim, title=title[:200], about=about[:600]
        )
        config = RunConfig(train=train, model=spec, data=info, state="finished")
    except ValueError as error:
        raise RunError(f"The pair cannot be read so: {_first(error)}.") from None
    made = folder / "run"
    shutil.rmtree(made, ignore_errors=True)
    try:
        made.mkdir()
        for role, path in staged_files(folder).items():
            if role == "decoder" or wiring.encoder is not None:
                shutil.copyfile(path, made / FILES[role])
        model = open_model(made, spec)
        try:
            _fill(RunFolder(made), config, model, data, name, tell)
        finally:
            model.pair.close()
        target = settle(made, name)
    except ForeignError as error:
        raise RunError(str(error)) from None
    except OSError as error:
        raise RunError(f"The run cannot be kept ({error.strerror or error}).") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    discard(folder)
    return target


def _info(data: Dataset | None, spec: ModelSpec) -> DataInfo:
    if data is None:
        return DataInfo(name=NO_DATA, sample_shape=spec.sample_shape, size=1)
    if data.sample_shape != spec.sample_shape:
        shapes = [" × ".join(map(str, shape)) for shape in (data.sample_shape, spec.sample_shape)]
        raise ValueError(f"{data.name} has samples of {shapes[0]} and the pair pictures of {shapes[1]}")
    return data.info


def _fill(
    folder: RunFolder, config: RunConfig, model: Foreign, data: Dataset | None, name: str, tell: Progress
) -> None:
    """All files of the run but the pair itself."""
    if data is None or model.wiring.encoder is None:
        tell(0.1, "Dreaming")
        codes, config = _dreams(model, config, data)
    else:
        codes = _codes(model, data, lambda fraction, text: tell(0.05 + 0.85 * fraction, text))
        config = _with_figures(config, codes, data)
    tell(0.92, "Drawing its preview")
    write_codes(folder.codes, codes)
    write_preview(folder.path / "preview.png", model, config.data, codes)
    write_atomically(folder.path / "card.md", _card(name, config, codes, model.pair).encode())
    folder.write_config(config)


def _dreams(model: Foreign, config: RunConfig, data: Dataset | None) -> tuple[Codes, RunConfig]:
    from vae_core.metrics.samples import energy_distance

    z = model.sample_prior(DREAMS, generator=torch.Generator().manual_seed(0)).numpy()
    zeros = np.zeros_like(z)
    size = config.data.size
    codes = Codes(size + np.arange(DREAMS), z, zeros, zeros[:, 0], y=None, factors=None, rates=zeros)
    if data is None:
        return codes, config
    rows = data.splits["test"][:COMPARED]
    dreams = model.decode(torch.from_numpy(z[: len(rows)])).numpy().reshape(len(rows), -1)
    distance = energy_distance(dreams, np.asarray(data.x[rows].float()).reshape(len(rows), -1) / 255)
    reached = Figures(step=0, distortion=distance, rate=0.0, objective=distance)
    return codes, config.model_copy(update={"best": reached, "test": reached})


@torch.no_grad()
def _codes(model: Foreign, data: Dataset, tell: Progress) -> Codes:
    """Posteriors and distortions of the dataset, of a part of its test split where it is large or the pair slow."""
    whole = len(data) <= WHOLE
    positions = torch.arange(len(data)) if whole else data.splits["test"][:PART]
    generator = torch.Generator().manual_seed(0)
    begun, parts, done = time.monotonic(), [], 0
    while done < len(positions):
        parts.append(model.terms(data.x[positions[done : done + BATCH]], generator=generator))
        done = min(done + BATCH, len(positions))
        seconds = time.monotonic() - begun
        if len(parts) == 1 and seconds / done * len(positions) > PATIENCE:
            positions = data.splits["test"][: max(FEWEST, int(PATIENCE * done / seconds))]
            parts, done, begun = [], 0, time.monotonic()
            continue
        tell(done / len(positions), f"Encoding {done:,} of {len(positions):,} samples")
    mean = torch.cat([part.posterior.mean for part in parts]).numpy()
    if not np.isfinite(mean).all():
        raise RunError("The encoder makes codes that are not finite numbers: is the range of its input right?")
    return Codes(
        index=positions.numpy(),
        mean=mean,
        std=torch.cat([part.posterior.std for part in parts]).numpy(),
        distortion=torch.cat([part.distortion for part in parts]).numpy(),
        y=None if data.y is None else data.y[positions].numpy(),
        factors=None if data.factors is None else data.factors[positions].long().numpy(),
        rates=None if model.spec.abilities.closed_rate else np.zeros_like(mean),
    )


def _with_figures(config: RunConfig, codes: Codes, data: Dataset) -> RunConfig:
    """The config with what the pair reaches on the validation and the test split, as far as these have codes."""

    def reached(rows: np.ndarray) -> Figures:
        distortion = float(codes.distortion[rows].mean())
        rate = float(codes.rate[rows].sum(1).mean()) if config.model.abilities.rated else 0.0
        return Figures(step=0, distortion=distortion, rate=rate, objective=distortion + rate)

    found = [codes.rows(data.splits[split].numpy()) for split in ("validation", "test")]
    validation, test = (rows[rows >= 0] for rows in found)
    everything = np.arange(len(codes))
    return config.model_copy(
        update={
            "best": reached(validation if len(validation) else everything),
            "test": reached(test) if len(test) else None,
        }
    )


def _card(name: str, config: RunConfig, codes: Codes, pair: Pair) -> str:
    """card.md: where the model came from, and what it reaches."""
    able, spec = config.model.abilities, config.model
    producer = next(iter(pair.nets.values())).producer or "a program that does not say its name"
    came = "Encoder and decoder were brought as ONNX" if able.encodes else "A decoder was brought as ONNX"
    parts = [f"# {config.title(name)}", config.train.about, f"{came}, written by {producer}; it was not trained here."]
    if able.encodes:
        active = int(active_units(codes.mean).sum())
        parts.append(
            f"Data: {config.data.name}; {len(codes):,} of its samples have codes of {spec.latent_dim} dimensions, "
            f"{active} of them active."
        )
    else:
        parts.append(f"{len(codes):,} dreams of N(0, I) in {spec.latent_dim} dimensions stand for codes.")
    if able.encodes and config.test is not None:
        rate = f", rate {config.test.rate:.2f}" if able.rated else ""
        parts.append(
            f"On the test split: distortion {config.test.distortion:.2f}{rate}, nats per sample. The distortion is the "
            "cross-entropy of pixels, whatever the pair was trained with."
        )
    return "\n\n".join(part for part in parts if part) + "\n"
