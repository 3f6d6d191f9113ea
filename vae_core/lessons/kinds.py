"""What kind of run a lesson needs: one sentence where a run of that name is of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vae_core.models.vae import VAE
    from vae_core.runs import Run


def vae_of(run: Run) -> VAE:
    """The run's model. Raises RunError where it is no VAE."""
    from vae_core.models.vae import VAE

    model = run.model
    if not isinstance(model, VAE):
        raise other_kind(run, f"is a {type(model).__name__}, and this lesson needs a VAE")
    return model


def other_kind(run: Run, what: str) -> Exception:
    """The RunError for a run that has the name, but not what the lesson needs: e.g. "has no classes"."""
    from vae_core.runs import RunError

    return RunError(f"The run {run.name} {what}: give this run another name, since a lesson asks for it by name.")
