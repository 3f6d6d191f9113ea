"""The source of a function as it runs, in coloured pieces that know which term of a lesson they name."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import FunctionType

from vae_core.config import PROJECT
from vae_core.lessons.card import Term


@dataclass(frozen=True)
class Piece:
    """Some letters of one colour. kind: keyword, name, number, string, comment or "". term: "" for none."""

    text: str
    kind: str = ""
    term: str = ""


@dataclass(frozen=True)
class Source:
    """A function's own text. name: e.g. "Posterior.rate". file: relative to the project. line: where it begins."""

    name: str
    file: str
    line: int
    text: str

    def pieces(self, terms: Mapping[str, Term]) -> tuple[Piece, ...]:
        """The text cut where its colour or its term changes; joined again it is the text."""
        told = _terms_of(self.text, terms)
        found: list[Piece] = []
        at = 0
        for kind, text in self._tokens:
            for letter in range(len(text)):
                term = told[at + letter]
                if letter == 0 or term != found[-1].term:
                    found.append(Piece("", kind, term))
                found[-1] = Piece(found[-1].text + text[letter], kind, term)
            at += len(text)
        return tuple(found)

    @cached_property
    def _tokens(self) -> list[tuple[str, str]]:
        from pygments.lexers.python import PythonLexer

        return [
            (_kind(str(token)), text)
            for token, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(self.text)
        ]


def source_of(place: str) -> Source:
    """The source of "vae_core.models.base:Posterior.rate": of a function, a method, a property or a class.

    Raises:
        ValueError: there is no such thing, or it has no source of its own.
    """
    module_name, _, path = place.partition(":")
    try:
        found: object = import_module(module_name)
        for part in path.split("."):
            found = inspect.getattr_static(found, part)
        inner = _inner(found)
        lines, line = inspect.getsourcelines(inner)
        file = Path(inspect.getsourcefile(inner) or "")
    except (ImportError, AttributeError, TypeError, OSError) as error:
        raise ValueError(f"There is no source of {place!r}: {error}.") from None
    shown = file.relative_to(PROJECT).as_posix() if file.is_relative_to(PROJECT) else file.name
    return Source(path, shown, line, textwrap.dedent("".join(lines)).rstrip("\n"))


def _inner(found: object) -> FunctionType | type:
    """The function inside a property, a static or class method, or a cached property."""
    for name in ("fget", "__func__", "func", "__wrapped__"):
        found = getattr(found, name, None) or found
    if not isinstance(found, FunctionType | type):
        raise TypeError("it is neither a function nor a class")
    return found


def names_in(text: str, names: tuple[str, ...]) -> list[tuple[int, int]]:
    """From where to where the names stand in a text, as whole words; "std" is found in "self.std", not in "stdev"."""
    if not names:
        return []
    longest = sorted(names, key=len, reverse=True)
    pattern = "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in longest)
    return [found.span() for found in re.finditer(pattern, text)]


def _terms_of(text: str, terms: Mapping[str, Term]) -> list[str]:
    """The term of each letter, "" for none; a longer name wins over a shorter one in it."""
    told, length = [""] * len(text), [0] * len(text)
    for key, term in terms.items():
        for start, end in names_in(text, term.names):
            if end - start > max(length[start:end], default=0):
                told[start:end] = [key] * (end - start)
                length[start:end] = [end - start] * (end - start)
    return told


KINDS = {
    "Token.Keyword": "keyword", "Token.Operator.Word": "keyword", "Token.Name.Builtin": "name",
    "Token.Name.Function": "name", "Token.Name.Decorator": "name", "Token.Literal.Number": "number",
    "Token.Literal.String": "string", "Token.Comment": "comment",
}  # fmt: skip


def _kind(token: str) -> str:
    return next((kind for start, kind in KINDS.items() if token.startswith(start)), "")
