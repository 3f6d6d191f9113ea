"""Codes out of a finite book, one in each cell of a grid: VQ-VAE and FSQ.

van den Oord et al. 2017; Mentzer et al. 2024. A sample's code is a grid of indices. An autoregressive transformer
learns which grids there are, in the same loss but on indices that pass no gradient, so that encoder and decoder are
trained as if it were not there.

The ELBO stays what it is everywhere else. The posterior is a point, so minus the ELBO is -log p(x|z) - log p(z), a code
length: the nats that tell the grid and then the sample. Since p(x) = sum_z p(z) p(x|z) is at least any one term of the
sum, it bounds log p(x) honestly.
"""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor, nn

from vae_core import nets
from vae_core.config import ModelSpec
from vae_core.likelihoods import likelihood_of
from vae_core.models.base import Model, Posterior, Terms, unit_range
from vae_core.models.transformer import Transformer

COMMITMENT = 0.25
"""beta of van den Oord et al. 2017, eq. 3."""
DECAY = 0.99
"""Of the codebook's running means (the same, appendix A.1)."""
DEAD = 0.03
"""A code with less than this part of an even share of the cells begins anew."""
START_VECTORS = 20_000
"""Encoder outputs among which k-means looks for a codebook."""
BATCH = 500


def straight_through(z: Tensor, codes: Tensor) -> Tensor:
    """Exactly `codes`, with the gradient of z: d/dz = identity (Bengio et al. 2013; van den Oord et al. 2017)."""
    return codes.detach() + (z - z.detach())


class LearntCodes(nn.Module):
    """A codebook of running means: each code moves to the mean of the vectors that choose it.

    van den Oord et al. 2017, appendix A.1: with N_k and m_k running counts and sums of the vectors of code k, e_k =
    m_k / N_k. Kept here are e_k and N_k's share of all vectors; m_k is their product. Buffers, not parameters: no
    gradient moves them, and they are saved and resumed with the weights.

    Args:
        restarts: begin at cluster means, and let dead codes begin anew (Dhariwal et al. 2020); without, codes begin at
            N(0, I) and are running means alone, as in the appendix.
    """

    codes: Tensor  # [K, code]
    share: Tensor  # [K], running part of all cells, 1/K where all codes are used alike

    def __init__(self, size: int, code: int, *, restarts: bool = True) -> None:
        super().__init__()
        self.size = size
        self.restarts = restarts
        self.register_buffer("codes", torch.randn(size, code))
        self.register_buffer("share", torch.full((size,), 1 / size))

    def bound(self, out: Tensor) -> Tensor:
        """Where the encoder's output lies among the codes: just there."""
        return out

    @torch.no_grad()
    def nearest(self, z: Tensor) -> Tensor:
        """argmin_k |z - e_k|, the first of equals.  [..., code] -> int64 [...]."""
        # exact differences: |z|^2 - 2 z e + |e|^2 would round a code to its neighbour where both lie far out
        far = torch.cdist(z.reshape(-1, z.shape[-1]), self.codes, compute_mode="donot_use_mm_for_euclid_dist")  # [M, K]
        return far.argmin(1).view(z.shape[:-1])

    def at(self, indices: Tensor) -> Tensor:
        """int64 [...] -> [..., code]."""
        return self.codes[indices]

    def commitment(self, z: Tensor, codes: Tensor) -> Tensor:
        """beta |z - sg[e]|^2 over all cells: the encoder stays with what it chose.  [B, cells, code] -> [B]."""
        return COMMITMENT * (z - codes.detach()).square().flatten(1).sum(1)

    @torch.no_grad()
    def begin(self, z: Tensor) -> None:
        """k-means of vectors [M, code]. Where fewer differ than there are codes, the rest is left to restarts.

        Without restarts the random codes stay.
        """
        if not self.restarts:
            return
        from sklearn.cluster import KMeans
        from sklearn.exceptions import ConvergenceWarning

        vectors = z[:: max(1, len(z) // START_VECTORS)].cpu()
        clusters = min(self.size, len(vectors.unique(dim=0)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # vectors that differ by a rounding
            found = KMeans(clusters, n_init=1, random_state=0).fit(vectors.double().numpy())
        centres = torch.from_numpy(found.cluster_centers_).to(self.codes)  # [clusters, code]
        self.codes.copy_(centres[torch.arange(self.size) % clusters])
        members = torch.from_numpy(found.labels_).bincount(minlength=self.size)
        self.share.copy_(members / len(vectors))

    @torch.no_grad()
    def learn(self, z: Tensor, indices: Tensor, generator: torch.Generator | None) -> None:
        """One step of the running means; then dead codes move to vectors of this batch, unless they are to stay.

        Restarts as in Dhariwal et al. 2020 (Jukebox), section 3.1. Args: z [M, code], indices int64 [M].
        """
        each = torch.full_like(z[:, 0], 1 / len(z))
        share = torch.zeros_like(self.share).index_add_(0, indices, each)  # [K]
        total = torch.zeros_like(self.codes).index_add_(0, indices, z / len(z))  # [K, code]
        self.share.lerp_(share, 1 - DECAY)
        # m_k / N_k written as a step, so that a code that nobody chose stays exactly where it is
        step = (total - share[:, None] * self.codes) / self.share.clamp_min(1e-12)[:, None]
        self.codes.add_(step, alpha=1 - DECAY)
        if not self.restarts:
            return
        dead = self.share < DEAD / self.size  # [K]
        # a vector for every code, dead or not: as many random numbers are drawn at each step
        chosen = torch.randint(len(z), (self.size,), generator=generator, device=z.device)
        self.codes.copy_(torch.where(dead[:, None], z[chosen], self.codes))
        self.share.masked_fill_(dead, 1 / self.size)


class FiniteScalars(nn.Module):
    """Each number of a code is rounded to one of a few levels; the codebook is all combinations, and is not learnt.

    Mentzer et al. 2024, eq. 1-2. Levels are spread evenly over [-1, 1], both ends included, so that even counts need no
    shift; the first number counts fastest in a code's index.
    """

    def __init__(self, levels: tuple[int, ...]) -> None:
        super().__init__()
        self.levels = levels
        self.size = math.prod(levels)

    def bound(self, out: Tensor) -> Tensor:
        """tanh: between the outermost levels."""
        return torch.tanh(out)

    @torch.no_grad()
    def nearest(self, z: Tensor) -> Tensor:
        """Each number's nearest level, as one index in mixed radix.  [..., code] -> int64 [...]."""
        tops = self._each([count - 1 for count in self.levels], z.device)
        digits = ((z.clamp(-1, 1) + 1) / 2 * tops).round().long()
        return (digits * self._weights(z.device)).sum(-1)

    def at(self, indices: Tensor) -> Tensor:
        """int64 [...] -> [..., code] in [-1, 1]."""
        levels = self._each(self.levels, indices.device)
        digits = indices[..., None] // self._weights(indices.device) % levels
        return 2 * digits.float() / (levels - 1) - 1

    def commitment(self, z: Tensor, codes: Tensor) -> None:
        """Nothing needs to be held together."""
        return None

    def begin(self, z: Tensor) -> None:
        """Nothing to find."""

    def learn(self, z: Tensor, indices: Tensor, generator: torch.Generator | None) -> None:
        """Nothing to learn."""

    def _weights(self, device: torch.device) -> Tensor:
        """What a step of each number adds to the index: int64 [code]."""
        return self._each([math.prod(self.levels[:d]) for d in range(len(self.levels))], device)

    @staticmethod
    def _each(values: list[int] | tuple[int, ...], device: torch.device) -> Tensor:
        return torch.tensor(values, device=device)


class Quantised(Model):
    """Convolutions down to a grid, a code out of the book in each cell, convolutions back; a transformer as the prior.

    A code z, [B, D], is the grid of the book's vectors, row by row: D = rows * columns * numbers of a vector.
    """

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.rows, self.columns = spec.grid
        self.cells = self.rows * self.columns
        self.code = spec.latent_dim // self.cells
        self.encoder = nets.grid_encoder(spec, self.code)
        self.decoder = nets.grid_decoder(spec, self.code)
        scalars = spec.bottleneck == "fsq"
        self.book = (
            FiniteScalars(spec.fsq_levels) if scalars else LearntCodes(spec.codebook, self.code, restarts=spec.restarts)
        )
        self.likelihood = likelihood_of(spec)
        self.prior = Transformer(self.book.size, self.cells, spec.prior_width, spec.prior_layers)

    @torch.no_grad()
    def begin(self, x: Tensor) -> None:
        """The codebook begins at the cluster means of what the fresh encoder makes of the samples."""
        parts = [self._vectors(unit_range(part)).flatten(0, 1) for part in x.split(BATCH)]
        self.book.begin(torch.cat(parts))

    def encode(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        """The sample's grid of codes, without spread: the nearest code to what the encoder says, in each cell."""
        codes = self.codes_at(self.indices(x))
        return Posterior(codes, torch.zeros_like(codes))

    def indices(self, x: Tensor) -> Tensor:
        """Which code each cell of samples [B, C, H, W] has: int64 [B, rows, columns]."""
        return self.book.nearest(self._vectors(unit_range(x))).view(-1, self.rows, self.columns)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """The expected sample of codes [B, D]; each cell takes its nearest code first, so that only codes are shown."""
        snapped = self.codes_at(self.nearest(z))
        return self.likelihood.mean(self.decoder(self._grid(snapped)).float())

    def terms(
        self, x: Tensor, y: Tensor | None = None, generator: torch.Generator | None = None, draws: int = 1
    ) -> Terms:
        """-log p(x|z) and -log p(z) of the one grid z of each sample; in training the codebook takes a step.

        A cell's nats are shared evenly by the numbers of its code, so that the rate sums up to -log p(z). A point has
        no density to weigh: `draws` changes nothing.
        """
        x = unit_range(x)
        vectors = self._vectors(x)  # [B, cells, code]
        indices = self.book.nearest(vectors)  # [B, cells]
        codes = self.book.at(indices)
        z = straight_through(vectors, codes).flatten(1)  # [B, D]
        nats = self.prior.nll(indices)  # [B, cells]
        penalty = self.book.commitment(vectors, codes)
        if self.training:
            self.book.learn(vectors.detach().flatten(0, 1), indices.flatten(), generator)
        return Terms(
            distortion=self.likelihood.nll(self.decoder(self._grid(z)).float(), x),
            rate=(nats / self.code).repeat_interleave(self.code, 1),
            posterior=Posterior(z, torch.zeros_like(z)),
            z=z,
            penalty=penalty,
        )

    def sample_prior(
        self, n: int, y: Tensor | None = None, temperature: float = 1.0, generator: torch.Generator | None = None
    ) -> Tensor:
        """n grids from the transformer, cell by cell, as codes [n, D]; temperature 0 takes the likeliest each time."""
        return self.codes_at(self.prior.sample(n, temperature, generator))

    def codebook(self) -> Tensor:
        """All codes, [K, numbers of a code]."""
        return self.book.at(torch.arange(self.book.size, device=self.device))

    def codes_at(self, indices: Tensor) -> Tensor:
        """The codes of grids, int64 [B, rows, columns] or [B, cells]: [B, D]."""
        return self.book.at(indices).flatten(1)

    def nearest(self, z: Tensor) -> Tensor:
        """The grid that is nearest to any numbers [B, D]: int64 [B, rows, columns]."""
        return self.book.nearest(z.reshape(len(z), self.rows, self.columns, self.code))

    def prior_logits(self, indices: Tensor) -> Tensor:
        """What the transformer expects in each cell of grids after having read the cells before it.

        int64 [B, rows, columns] or [B, cells] -> [B, cells, K].
        """
        return self.prior(indices.flatten(1)[:, :-1]).float()

    def usage(self, indices: Tensor) -> Tensor:
        """How often each code is chosen in grids of any number: int64 [K]."""
        return torch.bincount(indices.flatten(), minlength=self.book.size)

    def _vectors(self, x: Tensor) -> Tensor:
        """What the encoder says of each cell, before it is rounded to a code: [B, cells, code]."""
        return self.book.bound(self.encoder(x).float()).permute(0, 2, 3, 1).flatten(1, 2)

    def _grid(self, z: Tensor) -> Tensor:
        """[B, D] -> [B, code, rows, columns], as convolutions take it."""
        return z.reshape(-1, self.rows, self.columns, self.code).permute(0, 3, 1, 2)
