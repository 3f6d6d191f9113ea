"""`python -m vae_core sample`: dreams without the app. No torch before something is to be done."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from vae_core.dreams.asked import Asked, DreamError

if TYPE_CHECKING:
    from vae_core.data import Dataset
    from vae_core.dreams.files import Sheet
    from vae_core.runs import Run


@dataclass(frozen=True)
class Sample:
    """Draw samples from a prior, and measure whether they are copies of training samples."""

    run: tyro.conf.Positional[str]
    """Run folder, or the name of a run."""
    sampler: Literal["own", "normal", "vamp", "transformer", "mixture", "tray"] = "own"
    """own: whichever prior the model has; mixture: of Gaussians fitted to its codes; tray: around some samples."""
    count: int = 16
    temperature: float = 1.0
    """Times the spread of the prior; 0 takes its middle."""
    seed: int = 0
    components: int = 10
    """Of the mixture."""
    label: int = -1
    """The class whose codes alone the mixture is fitted to; -1 for all."""
    tray: tuple[int, ...] = ()
    """Places in the dataset of the samples to dream around."""
    given: str = ""
    """What a conditional model is told: class-3, class-none, or seen-57-0010 (the lower left of sample 57)."""
    words: Literal["greedy", "sample", "beam"] = "greedy"
    """How sentences are written: the likeliest, drawn by chance, with several drafts."""
    warmth: float = 1.0
    """Temperature of words that are drawn."""
    out: Path | None = None
    """The .png, .npz or (sentences, tables) .csv to write; without it sentences and tables are printed."""
    nearest: bool = False
    """Print how far each is from its nearest training sample, beside how far held-out samples are from theirs."""
    json: bool = False
    """Print that as JSON, and nothing else to standard output."""

    @property
    def asked(self) -> Asked:
        return Asked(
            self.count, self.seed, self.sampler, self.temperature, self.components, self.label, self.tray, self.words,
            self.warmth,
        )  # fmt: skip


USUAL = Sample(run="")
OF_ONE = {"components": ("sampler", "mixture"), "label": ("sampler", "mixture"), "tray": ("sampler", "tray"),
          "warmth": ("words", "sample")}  # fmt: skip
"""Options that mean something beside one value of another alone."""


def check_options(command: Sample) -> None:
    """Raises DreamError where an option is given that the rest of the line would leave unused."""
    for name, (other, wanted) in OF_ONE.items():
        now = getattr(command, other)
        if getattr(command, name) != getattr(USUAL, name) and now != wanted:
            raise DreamError(f"--{name} is for --{other} {wanted}, not for {now}: ask for that, or leave it away.")


def command_for(run: str, asked: Asked, given: str, out: str) -> str:
    """The line that makes these dreams without the app; what is as usual is left away.

    Args:
        run: its name or folder. out: the file to write.
    """
    said: list[tuple[str, object, object]] = [
        ("sampler", asked.sampler, USUAL.sampler),
        ("count", asked.count, USUAL.count),
        ("temperature", f"{asked.temperature:g}", f"{USUAL.temperature:g}"),
        ("seed", asked.seed, USUAL.seed),
        ("given", given, USUAL.given),
        ("words", asked.way, USUAL.words),
    ]
    if asked.sampler == "mixture":
        said += [("components", asked.components, USUAL.components), ("label", asked.label, USUAL.label)]
    if asked.way == "sample":
        said.append(("warmth", f"{asked.warmth:g}", f"{USUAL.warmth:g}"))
    words = ["python", "-m", "vae_core", "sample", run]
    for name, value, usual in said:
        if value != usual:
            words += [f"--{name}", str(value)]
    if asked.sampler == "tray":
        words += ["--tray", *map(str, asked.tray)]
    return shlex.join([*words, "--out", out])


def sheet_of(run: Run, asked: Asked, given: str, data: Dataset | None) -> Sheet:
    """The dreams that are asked for. `data`: the run's dataset, None where it is not here.

    Raises RunError, DreamError, one sentence.
    """
    from vae_core.dreams.draws import decode_dreams, draw_codes
    from vae_core.dreams.files import Sheet
    from vae_core.dreams.sources import source_of, told_by

    name = asked.named(run.config.model.abilities)
    told = told_by(run, given, asked.count, data)
    codes = draw_codes(run.model, asked, source_of(run, asked, data), told)
    samples = decode_dreams(run.model, run.config.data, codes, asked, told)
    return Sheet(run.name, run.config.data, asked, name, given, codes, samples)


def sample(command: Sample) -> None:
    """Do it. Raises RunError, DatasetError and DreamError, one sentence."""
    from vae_core.data import DatasetError, load_dataset
    from vae_core.dreams.files import as_bytes, check_file
    from vae_core.runs import load_run
    from vae_core.runs.files import write_atomically

    check_options(command)
    if command.json and not command.nearest:
        raise DreamError("--json prints what --nearest finds: ask for both.")
    run = load_run(command.run)
    kind = run.config.data.kind
    if kind != "text" and command.words != USUAL.words:
        raise DreamError(f"{run.name} makes no sentences: leave --words away.")
    ending = "" if command.out is None else command.out.suffix.lower().removeprefix(".")
    if command.out is not None:
        check_file(kind, command.count, ending)
        if command.out.is_dir():
            raise DreamError(f"{command.out} is a folder; --out names the file to write.")
    elif not command.nearest and kind == "image":
        raise DreamError("Pictures need a file: --out dreams.png or --out dreams.npz; or ask for --nearest.")
    try:
        data = load_dataset(run.config.data.name)
    except DatasetError:
        if command.nearest or command.given.startswith("seen"):
            raise
        data = None
    sheet = sheet_of(run, command.asked, command.given, data)
    if command.out is not None:
        write_atomically(command.out, as_bytes(sheet, ending))
        print(f"{command.count} samples are in {command.out}.", file=sys.stderr if command.json else sys.stdout)
    elif not command.nearest:
        print(as_bytes(sheet, "csv").decode(), end="")
    if command.nearest and data is not None:
        _tell_nearest(run, sheet, data, command.json)


def _tell_nearest(run: Run, sheet: Sheet, data: Dataset, as_json: bool) -> None:
    from vae_core.dreams.copies import class_of, comparable, usual_of
    from vae_core.dreams.neighbours import UNITS, nearest

    if not comparable(run, data):
        raise DreamError(f"The data called {data.name} here is not what {run.name} was trained on: nothing to compare.")
    label = class_of(run, sheet.asked, sheet.given)
    known = usual_of(run, data, label)
    found = nearest(sheet.info, sheet.samples, data)
    share = known.closer(found.distance)
    if as_json:
        answer = {
            "unit": UNITS[sheet.info.kind],
            "looked_at": found.looked,
            "of": found.of,
            "held_out": len(known.distance),
            "class_of_held_out": None if label < 0 else label,
            "median_of_held_out": known.median,
            "held_out_nearer_than_that": known.own_closer,
            "nearer_than_that": known.nearer_than_usual(found.distance),
            "identical": int((found.distance == 0).sum()),
            "decoded_held_out_nearer_than_that": known.decoded_closer if len(known.decoded) else None,
            "distance": found.distance.tolist(),
            "place": found.place.tolist(),
        }
        print(json.dumps(answer, indent=2))
        return
    print(f"sample  nearest  distance  held-out samples at least as close   ({UNITS[sheet.info.kind]})")
    for number, (distance, place, closer) in enumerate(zip(found.distance, found.place, share, strict=True), 1):
        print(f"{number:>6}  {place:>7}  {distance:>8.3f}  {closer:>4.0%}")
    print(
        f"{known.nearer_than_usual(found.distance)} of {len(share)} are nearer to a training sample than half of "
        f"{len(known.distance)} held-out samples{'' if label < 0 else f' of class {label}'} are ({known.median:.3f}); "
        f"{(found.distance == 0).sum()} equal one."
    )
    if sheet.info.kind == "text":
        print(f"Of these held-out samples themselves {known.own_closer:.0%} are: many are equally far.")
    if len(known.decoded):
        print(f"Of the same held-out samples as the model decodes them, {known.decoded_closer:.0%} are.")
    if found.looked < found.of:
        print(f"Looked at {found.looked:,} of {found.of:,} training samples, drawn at random.")
