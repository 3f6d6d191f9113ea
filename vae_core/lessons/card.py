"""What a lesson says before anything is computed: its idea, its question, its formula, the code behind it. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vae_core.lessons.scene import Scene
    from vae_core.runs import Run


@dataclass(frozen=True)
class Term:
    """A quantity that lights up in the formula, the code and the picture at once.

    Attributes:
        says: what it is, in one plain sentence; shown while it is pointed at.
        names: the names that it has in the source that stands beside.
    """

    says: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Paper:
    """Where the idea comes from, e.g. Paper("Kingma and Welling 2014, eq. 10", "https://arxiv.org/abs/1312.6114")."""

    label: str
    url: str


@dataclass(frozen=True)
class Material:
    """What a scene is computed from.

    Attributes:
        run: opens a run by its name; raises RunError with one sentence where it is not here.
        sample: the place in the first run's dataset of the sample that the lesson is about (a guest's number for a
            picture that a visitor drew); None where the lesson is about no one sample.
    """

    run: Callable[[str], Run]
    sample: int | None = None


@dataclass(frozen=True)
class Lesson:
    """One idea, one thing to drag, one question; about five minutes.

    Attributes:
        number: from 1.
        key: its word in addresses, e.g. "encoder".
        title: as a question or a statement of a few words.
        idea: two to five plain sentences (Markdown, `$...$` allowed), before the question.
        question, options: asked before anything can be dragged. Which one is right the scene finds out.
        drag: what to do, one sentence ("Drag epsilon and watch the arrow.").
        formula: LaTeX; `\\term{key}{...}` marks what belongs to a term, and may be nested.
        terms: by key, in the order of reading.
        code: the functions whose source stands beside, as "vae_core.models.base:Posterior.rate".
        runs: names of the runs it is computed from; the first one's data holds the sample.
        scene: computes it. Raises RunError, DatasetError.
        papers: where to read on; at least one.
        sample: the place of the sample that it begins with, None where it is about no one sample.
        draws: whether visitors may draw or drop a sample of their own.
        then: two to four sentences for after the drag: what was seen, and where in the app to go on.
        onward: a page of the app that goes on with it: (path, label), e.g. ("pages/traverse.py", "Traverse").
    """

    number: int
    key: str
    title: str
    idea: str
    question: str
    options: tuple[str, ...]
    drag: str
    formula: str
    terms: Mapping[str, Term]
    code: tuple[str, ...]
    runs: tuple[str, ...]
    scene: Callable[[Material], Scene]
    papers: tuple[Paper, ...]
    then: str
    onward: tuple[tuple[str, str], ...] = ()
    sample: int | None = None
    draws: bool = False
