"""The command line: python -m vae_core train | sweep | zoo | resume | evaluate | sample | apply | project ..."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

# Before pydantic is there: its errors are for people here, and need no link to its manual.
os.environ.setdefault("PYDANTIC_ERRORS_INCLUDE_URL", "0")

import tyro
from pydantic import ValidationError
from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, PrimitiveTypeInfo

from vae_core.apply.asked import Apply
from vae_core.apply.command import apply
from vae_core.carry import Export, Import
from vae_core.config import TrainConfig, Turn
from vae_core.dreams.command import Sample, sample
from vae_core.telling import teller

if TYPE_CHECKING:
    from vae_core.training import Step


@dataclass(frozen=True)
class Resume:
    """Go on with a training that was interrupted, from its last saved state."""

    run: tyro.conf.Positional[Path]
    """Run folder."""


@dataclass(frozen=True)
class Evaluate:
    """What a run reaches on held-out data: ELBO, its halves, active units, and the figures of its own family."""

    run: tyro.conf.Positional[Path]
    """Run folder, or the name of a shipped run."""
    split: str = "test"
    """train, validation or test"""
    samples: int = 10_000
    """At most so many samples of the split."""
    importance: int = 0
    """K importance samples for a bound on log p(x) (Burda et al. 2016); 0 leaves it out."""
    seed: int = 0
    metrics: str = ""
    """Scores of disentanglement in place of these figures: all, or names such as mig,dci. Takes a minute or two."""
    keep: bool = False
    """Keep the scores with the run, in scores.json, where the app shows them."""
    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Zoo:
    """The families of autoencoder: lists them, or trains one with the settings that its shipped run was made with."""

    family: tyro.conf.Positional[str] = ""
    """Name of its shipped run, as listed."""
    out: Path | None = None
    """Run folder to write; runs/NAME where none is given."""


@dataclass(frozen=True)
class Project:
    """Make a map of a run's codes and keep it with the run."""

    run: tyro.conf.Positional[Path]
    """Run folder, or the name of a shipped run."""
    method: str = "umap"
    """umap, pca or raw"""
    samples: int = 5_000
    """How many of the run's codes take part."""
    neighbors: int = 15
    min_dist: float = 0.1
    epochs: int = 200
    seed: int = 0


@dataclass(frozen=True)
class Sweep:
    """Train one model for each value of a setting, or each pair of values of two, and wait for them.

    For example --vary beta=1,4 --vary latent-dim=2,10, beside any option of train.
    """

    train: Annotated[TrainConfig, tyro.conf.arg(name="")]
    vary: tyro.conf.UseAppendAction[tuple[str, ...]]
    """SETTING=VALUE,VALUE,...; once or twice."""
    name: str = "sweep"
    """Of the sweep; its runs are called NAME-beta1-d2 and the like."""


@dataclass(frozen=True)
class FilmMap:
    """Arrange every frame of a run's film by UMAP and keep it with the run."""

    run: tyro.conf.Positional[Path]
    """Run folder, or the name of a shipped run."""


@dataclass(frozen=True)
class Download:
    """Fetch a dataset that is not shipped into the data folder (LATENTARIUM_DATA, else data/ beside the app)."""

    name: tyro.conf.Positional[str]
    """mnist, fashion-mnist, kmnist, emnist, cifar-10, svhn or celeba"""


@dataclass(frozen=True)
class Worker:
    """Train a run as the database of runs has it (started by the app)."""

    run: tyro.conf.Positional[str]
    """Name of the run."""
    resume: bool = False


Command = (
    Annotated[TrainConfig, tyro.conf.subcommand("train", description="Train a variational autoencoder.")]
    | Annotated[Resume, tyro.conf.subcommand("resume")]
    | Annotated[Evaluate, tyro.conf.subcommand("evaluate")]
    | Annotated[Sample, tyro.conf.subcommand("sample")]
    | Annotated[Apply, tyro.conf.subcommand("apply")]
    | Annotated[Project, tyro.conf.subcommand("project")]
    | Annotated[FilmMap, tyro.conf.subcommand("film")]
    | Annotated[Zoo, tyro.conf.subcommand("zoo")]
    | Annotated[Sweep, tyro.conf.subcommand("sweep")]
    | Annotated[Download, tyro.conf.subcommand("download")]
    | Annotated[Export, tyro.conf.subcommand("export")]
    | Annotated[Import, tyro.conf.subcommand("import")]
    | Annotated[Worker, tyro.conf.subcommand("worker")]
)


READING = ConstructorRegistry()
"""How words of the command line become settings that are no plain numbers or names."""


@READING.primitive_rule
def _turn(about: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Turn] | None:
    if about.type is not Turn:
        return None
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar="STEP:SETTING:VALUE",
        instance_from_str=lambda words: Turn.from_words(words[0]),
        is_instance=lambda one: isinstance(one, Turn),
        str_from_instance=lambda one: [str(one)],
    )


def main() -> int:
    """Exit status 0; 1 with one sentence on standard error where something given was wrong."""
    command = tyro.cli(Command, prog="python -m vae_core", description="Latentarium without the app.", registry=READING)
    try:
        if isinstance(command, TrainConfig):
            return _train(command, resume=False)
        elif isinstance(command, Resume):
            from vae_core.runs.folder import RunFolder

            config = RunFolder(command.run).read_config().train
            return _train(config.model_copy(update={"out": command.run}), resume=True)
        elif isinstance(command, Evaluate):
            _evaluate(command)
        elif isinstance(command, Sample):
            sample(command)
        elif isinstance(command, Apply):
            apply(command)
        elif isinstance(command, Project):
            _project(command)
        elif isinstance(command, FilmMap):
            _film(command)
        elif isinstance(command, Zoo):
            return _zoo(command)
        elif isinstance(command, Sweep):
            return _sweep(command)
        elif isinstance(command, Download):
            from vae_core.data import load_dataset

            data = load_dataset(command.name, download=True, progress=teller())
            print(f"{data.name}: {len(data):,} samples are here.")
        elif isinstance(command, Export):
            from vae_core.carry import send_out

            send_out(command)
        elif isinstance(command, Import):
            from vae_core.carry import bring_in

            bring_in(command)
        else:
            from vae_core.launch import work

            work(command.run, resume=command.resume)
    except BrokenPipeError:  # whoever reads our lines has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ValidationError as error:  # settings that don't go together
        return _complain("; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors()))
    except (ValueError, RuntimeError, OSError) as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return _complain("Stopped; the best weights so far are kept.")
    return 0


def _complain(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


def _train(config: TrainConfig, *, resume: bool) -> int:
    import torch

    from vae_core.launch import train_here, worker_threads

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(worker_threads())
    ended = train_here(config, resume=resume, watch=_print_step)
    if ended == "stopped":
        return _complain("Stopped from the app; the best weights so far are kept.")
    if config.out and ended == "finished":
        print(f"The run is in {config.out}.")
    return 0


def _zoo(command: Zoo) -> int:
    from vae_core.config import runs_folder
    from vae_core.zoo import ZOO

    if not command.family:
        width = max(map(len, ZOO))
        for name, entry in ZOO.items():
            print(f"{name:<{width}}  {entry.title} ({entry.paper}). {entry.teaches}")
        return 0
    if command.family not in ZOO:
        return _complain(f"There is no family called {command.family}: python -m vae_core zoo lists them.")
    out = command.out or runs_folder() / command.family
    return _train(ZOO[command.family].config().model_copy(update={"out": out}), resume=False)


def _sweep(command: Sweep) -> int:
    """Queue the runs and print a line as each ends; an interrupt stops those that have not."""
    from vae_core import sweep
    from vae_core.data import load_dataset
    from vae_core.runs import RunFolder

    if command.train.out is not None:
        return _complain("A sweep's runs go to the runs folder (LATENTARIUM_RUNS), called by --name: leave --out away.")
    axes = [sweep.parse_axis(*text.partition("=")[::2]) for text in command.vary]
    planned = sweep.expand(command.train, axes, command.name, load_dataset(command.train.data).info)
    sweep.start(planned, command.name)
    print(f"{len(planned)} runs are queued; they go on if this command is killed.", flush=True)
    wrong = 0
    try:
        for count, (row, state) in enumerate(sweep.ends(command.name), 1):
            wrong += state != "finished"
            reached = RunFolder(Path(row.folder)).read_config().test if state == "finished" else None
            words = row.message if state == "failed" else ""
            if reached is not None:
                words = f"distortion {reached.distortion:.2f}  rate {reached.rate:.2f}  ELBO {reached.elbo:.2f} nats"
            print(f"{count:>2} of {len(planned)}  {row.name}  {state}  {words}".rstrip(), flush=True)
    except KeyboardInterrupt:
        sweep.stop(command.name)
        raise
    return _complain(f"{wrong} of {len(planned)} runs did not finish.") if wrong else 0


def _print_step(step: Step) -> None:
    """A line for each look at the validation split."""
    v = step.validation
    if v is None:
        return
    able = step.model.spec.abilities
    if not able.encodes:
        reached = f"energy distance of dreams {v.distortion:.4f}"
    elif able.rated:
        reached = f"distortion {v.distortion:8.2f}  rate {v.rate:6.2f}  ELBO {v.elbo:9.2f} nats"
    else:
        reached = f"distortion {v.distortion:8.2f} nats"
    print(
        f"step {step.step:>7,} of {step.total:,}  validation: {reached}   "
        f"{step.samples_per_second:,.0f} samples/s  {step.seconds_left:,.0f} s left",
        flush=True,
    )


def _evaluate(command: Evaluate) -> None:
    from vae_core.evaluation import evaluate

    if command.metrics or command.keep:
        return _score(command)
    result = evaluate(
        command.run,
        split=command.split,
        samples=command.samples,
        importance=command.importance,
        seed=command.seed,
    )
    if command.json:
        print(json.dumps(result, indent=2))
        return
    width = max(map(len, result))
    for name, value in result.items():
        text = (
            f"{value:.3f}"
            if isinstance(value, float)
            else " ".join(f"{v:.2f}" for v in value)
            if isinstance(value, list)
            else str(value)
        )
        print(f"{name:<{width}}  {text}")


def _score(command: Evaluate) -> None:
    from vae_core.metrics.disentanglement import METRICS
    from vae_core.runs import load_run
    from vae_core.runs.making import being_made, the_place
    from vae_core.runs.scores import FILE, Scores, score_run, with_kept, write_scores

    names = None if command.metrics in ("", "all") else tuple(command.metrics.replace(" ", "").split(","))
    run = load_run(command.run)

    tell = teller(aside=True)

    def measured() -> Scores:
        return score_run(run, names, tell, split=command.split, samples=command.samples, seed=command.seed)

    if command.keep:
        with being_made(run.folder / FILE), the_place(tell):
            scores = measured()
            write_scores(run.folder, with_kept(run.folder, scores))
    else:
        scores = measured()
    if command.json:
        print(scores.model_dump_json(indent=2))
        return
    print(f"{'':<20}  score  95 % interval  perfect  noise  rotated  doubled")
    for name, one in scores.metrics.items():
        known = one.self_test
        print(
            f"{METRICS[name].title:<20}  {one.score:.3f}  {one.low:.3f} to {one.high:.3f}"
            f"  {known.perfect:7.3f}  {known.noise:5.3f}  {known.rotated:7.3f}  {known.doubled:7.3f}"
        )


def _project(command: Project) -> None:
    from vae_core.latent.projection import MapSettings
    from vae_core.runs import load_run
    from vae_core.runs.maps import project_run

    settings = MapSettings(
        method=command.method,
        samples=command.samples,
        neighbors=command.neighbors,
        min_dist=command.min_dist,
        epochs=command.epochs,
        seed=command.seed,
    )

    result = project_run(load_run(command.run), settings, teller())
    print(f"trustworthiness {result.trustworthiness:.3f}")


def _film(command: FilmMap) -> None:
    from vae_core.runs import load_run
    from vae_core.runs.film_umap import make_umap

    made = make_umap(load_run(command.run).folder, teller())
    print(f"{len(made)} frames of {made.shape[1]} samples")


if __name__ == "__main__":
    sys.exit(main())
