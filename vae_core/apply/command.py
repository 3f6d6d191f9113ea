"""What `python -m vae_core apply ...` does and prints; no torch before something is to be done."""

from __future__ import annotations

import json

from vae_core.apply.asked import Apply, Augment, Impute
from vae_core.telling import teller


def apply(command: Apply) -> None:
    """Do it and print what it reaches. Raises RunError, DatasetError and ApplyError, one sentence."""
    from vae_core.apply.doing import do, others_of, outcomes_of, report, told
    from vae_core.runs import load_run

    asked = command.application
    run = load_run(asked.run)
    result = do(asked, run, others_of(asked, run), teller(aside=True))
    more: dict[str, object] = {}
    if isinstance(asked, Augment | Impute) and asked.out is not None:
        from vae_core.apply import shelves

        shelves.keep(result, asked.out)
        more["written_to"] = str(asked.out)
    if asked.json:
        print(json.dumps(report(asked, result) | more, indent=2))
        return
    print("\n\n".join(outcome.as_text() for outcome in outcomes_of(result)))
    for name, value in (told(asked, result) | more).items():
        print(f"{name.replace('_', ' ')}: {_words(value)}")


def _words(value: object) -> str:
    if isinstance(value, list):
        return " ".join(_words(each) for each in value)
    if isinstance(value, dict):
        return "".join(f"\n  {name}: {_words(each)}" for name, each in value.items())
    return f"{value:.3f}" if isinstance(value, float) else str(value)
