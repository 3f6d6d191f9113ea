"""What a film costs: its share of a training's time, its size, and what a watching browser fetches.

    python -m benchmarks.film [--steps 500]

A frame's price falls on the training; the camera may spend two seconds at once, and 3 percent of the time. One thread.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import torch

from ui.film import reel_of
from vae_core.config import TrainConfig
from vae_core.data import DatasetError, load_dataset
from vae_core.runs.film import FILE, Camera, read_film
from vae_core.training import train

FRAMES = 10
RUNS: dict[str, dict[str, object]] = {
    "digits, 2 dimensions": {"data": "digits", "latent_dim": 2},
    "digits, 10 dimensions": {"data": "digits", "latent_dim": 10},
    "sprites, 10 dimensions, MLP": {"data": "sprites", "latent_dim": 10, "net": "mlp", "batch_size": 64},
    "MNIST, 10 dimensions, MLP": {"data": "mnist", "latent_dim": 10, "net": "mlp"},
}


def measure(name: str, settings: dict[str, object], steps: int) -> None:
    config = TrainConfig.model_validate({**settings, "steps": steps})
    try:
        data = load_dataset(config.data)
    except DatasetError as error:
        print(f"| {name} | {error} |")
        return
    with tempfile.TemporaryDirectory() as folder:
        camera = Camera(Path(folder), data, config)
        began = written = time.perf_counter()
        for step in train(config, data=data):
            camera.see(step)
            if time.perf_counter() - written > 1:  # as a worker does
                camera.write()
                written = time.perf_counter()
        camera.write()
        whole = time.perf_counter() - began
        spent, busy = camera.spent, time.process_time()
        for _ in range(FRAMES):
            camera._take(step)
        busy = (time.process_time() - busy) / FRAMES
        film, size = read_film(Path(folder)), (Path(folder) / FILE).stat().st_size
    assert film is not None
    reel = reel_of(film, config, data.info, {})
    frame, said = len(reel.packs[0].content), len(json.dumps(reel.data))
    parts = (
        name, f"{1e3 * busy:.0f} ms", f"{spent:.2f} of {whole:.1f} s", len(film), f"{size / 1e6:.2f} MB",
        f"{frame / 1e3:.1f} KB", f"{said / 1e3:.1f} KB",
    )  # fmt: skip
    print(f"| {' | '.join(map(str, parts))} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=500)
    steps = parser.parse_args().steps
    torch.set_num_threads(1)
    print("| run | a frame, processor time | film, of all | frames | film.npz | a new frame | said at each look |")
    print("|---|---|---|---|---|---|---|")
    for name, settings in RUNS.items():
        measure(name, settings, steps)


if __name__ == "__main__":
    main()
