"""Which applications a model can take part in, and why not; read off its settings, so that models can be named that do.

No torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vae_core.config import DataInfo, ModelSpec

APPLICATIONS = ("anomaly", "impute", "augment", "probe", "arithmetic", "semi")


def why_not(application: str, info: DataInfo, spec: ModelSpec) -> str:
    """What a model lacks for an application, as a clause that follows its name; "" where nothing is known to."""
    able = spec.abilities
    if spec.kind == "text":
        return "is a model of sentences; this works on pictures and tables"
    if application != "augment" and not able.encodes:
        return "has no encoder, so samples have no codes"
    if application == "impute":
        return why_no_density(spec)
    if application == "anomaly":
        return ""
    if len(info.class_names) < 2:
        return "is of data without classes"
    if application == "augment" and not able.classes:
        return _why_no_mixture(spec)
    if application == "arithmetic":
        if able.classes:
            return "" if spec.kind == "image" else "is told the class, and its samples are no pictures"
        if able.quadrants:
            return "is told a part of the picture beside the code"
        return "has a grid of discrete codes, which cannot be added" if able.cells is not None else ""
    if application == "semi" and able.classes and not able.infers_class:
        return "is told the class and infers none"
    return ""


def why_no_density(spec: ModelSpec) -> str:
    """Why p(x, z) of a model cannot be evaluated at a code of our choice, as such a clause; "" where it can."""
    able = spec.abilities
    if spec.kind == "text":
        return "reads sentences, whose words are not independent given the code"
    if not able.encodes:
        return "has no encoder"
    if not able.spreads:
        return "has no posterior to draw from: its codes are points or entries of a book"
    if able.infers_class:
        return "infers a class beside the code"
    if able.quadrants:
        return "is told a part of the picture beside the code"
    if spec.wiring is not None:
        return "came from elsewhere, and its decoder has no known likelihood or gradient"
    return ""


def _why_no_mixture(spec: ModelSpec) -> str:
    able = spec.abilities
    if not able.encodes:
        return "has no encoder, and is told no class that it could make samples of"
    return "has a grid of discrete codes, to which no mixture is fitted" if able.cells is not None else ""
