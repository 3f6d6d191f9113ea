"""One training loop: a generator that yields a Step. Nothing else in the project owns an optimiser."""

from vae_core.training.batches import cosine_tail
from vae_core.training.loop import Order, Step, TrainingError, train
from vae_core.training.losses import pick_device

__all__ = ["Order", "Step", "TrainingError", "cosine_tail", "pick_device", "train"]
