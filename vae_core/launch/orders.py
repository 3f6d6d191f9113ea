"""What can be asked of a run that trains. Its worker hears of it from the database."""

from __future__ import annotations

from vae_core.runs.database import open_store


def stop(name: str) -> None:
    """Ask a run's worker to stop; it keeps the best weights and makes codes and preview of them."""
    open_store().ask(name, "stop")
