"""Training loops of other projects, re-stated on the same nets and data, to measure ours against.

Nothing is imported from those projects but pythae's trainer itself. Each function trains for whole epochs and
returns the seconds that its training loop took (looks at held-out data left out).
"""

from __future__ import annotations

import contextlib
import io
import itertools
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from vae_core.config import ModelSpec
from vae_core.models.base import gaussian


class Plain(nn.Module):
    """The nets of a `ModelSpec` with an MLP or convolutions, as a tutorial writes them: sigmoid at the end."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        shape, dims = spec.sample_shape, spec.latent_dim
        into: list[nn.Module] = []
        out: list[nn.Module] = []
        side = shape[1] >> len(spec.channels)
        for a, b in itertools.pairwise((shape[0], *spec.channels)):
            into += [nn.Conv2d(a, b, 4, 2, 1), nn.ReLU()]
        deepest = (spec.channels[-1], side, side) if spec.channels else shape
        flat = deepest[0] * deepest[1] * deepest[2]
        into.append(nn.Flatten())
        for a, b in itertools.pairwise((flat, *spec.hidden)):
            into += [nn.Linear(a, b), nn.ReLU()]
        into.append(nn.Linear(spec.hidden[-1], 2 * dims))
        for a, b in itertools.pairwise((dims, *reversed(spec.hidden))):
            out += [nn.Linear(a, b), nn.ReLU()]
        out += [nn.Linear(spec.hidden[0], flat)]
        if spec.channels:
            out += [nn.ReLU(), nn.Unflatten(1, deepest)]
            outward = (*reversed(spec.channels), shape[0])
            for a, b in itertools.pairwise(outward):
                out += [nn.ConvTranspose2d(a, b, 4, 2, 1), nn.ReLU()]
            out = out[:-1]
        else:
            out.append(nn.Unflatten(1, shape))
        self.encoder, self.decoder = nn.Sequential(*into), nn.Sequential(*out)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Pictures [B, C, H, W] in [0, 1] -> what comes back, mean, log variance, code."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        return torch.sigmoid(self.decoder(z)), mean, log_variance, z


class Pictures(Dataset):
    """uint8 pictures one by one, through PIL and ToTensor where torchvision's own sets go that way."""

    def __init__(self, x: Tensor, *, through_pil: bool) -> None:
        from torchvision.transforms import ToTensor

        self.arrays, self.through_pil, self.to_tensor = x.numpy(), through_pil, ToTensor()

    def __len__(self) -> int:
        return len(self.arrays)

    def __getitem__(self, position: int) -> tuple[Tensor, int]:
        if self.through_pil:
            from PIL import Image

            return self.to_tensor(Image.fromarray(self.arrays[position, 0], mode=None)), 0
        return self.to_tensor(self.arrays[position].transpose(1, 2, 0)), 0


@dataclass(frozen=True)
class Trained:
    """What a loop leaves: the net, and the seconds spent in steps."""

    model: nn.Module
    seconds: float
    samples: int


def _rate(mean: Tensor, log_variance: Tensor) -> Tensor:
    return -0.5 * (1 + log_variance - mean.pow(2) - log_variance.exp())


def pytorch_examples(spec: ModelSpec, x: Tensor, *, epochs: int, batch: int, seed: int) -> Trained:
    """The loop of pytorch/examples' vae/main.py: a DataLoader over PIL pictures, sigmoid and BCE, Adam, loss.item()."""
    torch.manual_seed(seed)
    model = Plain(spec)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = DataLoader(Pictures(x, through_pil=True), batch_size=batch, shuffle=True, drop_last=True)
    total, samples = 0.0, 0
    start = time.perf_counter()
    for _ in range(epochs):
        for data, _ in loader:
            optimiser.zero_grad()
            made, mean, log_variance, _ = model(data)
            loss = F.binary_cross_entropy(made, data, reduction="sum") + _rate(mean, log_variance).sum()
            # the example's loss is a sum; Adam does not mind, but for its epsilon
            loss.backward()
            total += loss.item()
            optimiser.step()
            samples += len(data)
    return Trained(model, time.perf_counter() - start, samples)


def disentangling_vae(spec: ModelSpec, x: Tensor, *, epochs: int, batch: int, seed: int) -> Trained:
    """The loop of YannDubs/disentangling-vae (disvae/training.py): ToTensor per sample, BCE over the batch, a store
    of the rate per dimension every 50 steps, loss.item() at each."""
    torch.manual_seed(seed)
    model = Plain(spec)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = DataLoader(Pictures(x, through_pil=False), batch_size=batch, shuffle=True, drop_last=True)
    store: dict[str, list[float]] = defaultdict(list)
    steps = samples = 0
    start = time.perf_counter()
    for _ in range(epochs):
        total = 0.0
        for data, _ in loader:
            steps += 1
            made, mean, log_variance, _ = model(data)
            distortion = F.binary_cross_entropy(made, data, reduction="sum") / len(data)
            by_dimension = _rate(mean, log_variance).mean(dim=0)
            loss = distortion + by_dimension.sum()
            if steps % 50 == 1:
                store["distortion"].append(distortion.item())
                for d in range(len(by_dimension)):
                    store[f"rate_{d}"].append(by_dimension[d].item())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item()
            samples += len(data)
    return Trained(model, time.perf_counter() - start, samples)


def pythae(spec: ModelSpec, x: Tensor, *, epochs: int, batch: int, seed: int) -> Trained:
    """pythae's own BaseTrainer and VAE (Chadebec et al. 2022) on these nets, with its data in memory.

    Raises ModuleNotFoundError where pythae is not installed: `pip install --no-deps pythae`.
    """
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    plain = Plain(spec)

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.net = plain.encoder

        def forward(self, pictures: Tensor) -> ModelOutput:
            mean, log_variance = self.net(pictures).chunk(2, dim=1)
            return ModelOutput(embedding=mean, log_covariance=log_variance)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.net = plain.decoder

        def forward(self, z: Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=torch.sigmoid(self.net(z)))

    model = VAE(
        VAEConfig(input_dim=spec.sample_shape, latent_dim=spec.latent_dim, reconstruction_loss="bce"),
        encoder=Encoder(), decoder=Decoder(),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            output_dir=folder, num_epochs=epochs, learning_rate=1e-3, per_device_train_batch_size=batch,
            train_dataloader_num_workers=0, eval_dataloader_num_workers=0, seed=seed, no_cuda=True,
            optimizer_cls="Adam", steps_saving=None, keep_best_on_train=False,
        )  # fmt: skip
        from pythae.data.datasets import BaseDataset

        whole = BaseDataset(x.float() / 255, torch.zeros(len(x)))
        trainer = BaseTrainer(model=model, train_dataset=whole, eval_dataset=None, training_config=config)
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            trainer.train()
        seconds = time.perf_counter() - start
    return Trained(plain, seconds, epochs * len(x))


@torch.no_grad()
def held_out(model: nn.Module, x: Tensor, seed: int = 0) -> float:
    """-ELBO of a `Plain` net's encoder and decoder, nats per sample, one posterior sample each."""
    generator = torch.Generator().manual_seed(seed)
    model.eval()
    total = 0.0
    for part in x.split(500):
        pictures = part.float() / 255
        posterior = gaussian(model.encoder(pictures))
        logits = model.decoder(posterior.sample(generator))
        distortion = F.binary_cross_entropy_with_logits(logits, pictures, reduction="sum")
        total += float(distortion + posterior.rate().sum())
    return total / len(x)


PEERS = {"pytorch/examples": pytorch_examples, "pythae": pythae, "disentangling-vae": disentangling_vae}
