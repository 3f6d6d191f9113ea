"""What stands beside a lesson: a formula whose terms can be found, and the source of what really runs."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from vae_core.lessons.card import Term
from vae_core.lessons.formula import mathml, terms_in
from vae_core.lessons.source import names_in, source_of
from vae_core.models import base

MATH = "{http://www.w3.org/1998/Math/MathML}"


def letters(element: ElementTree.Element) -> str:
    return "".join(element.itertext()).strip()


def test_a_term_holds_what_it_marks_and_no_more() -> None:
    (line,) = mathml(
        r"z = \term{mu}{\mu} + \term{noise}{\sigma \term{epsilon}{\varepsilon_{i}}} + b", ("mu", "noise", "epsilon")
    )
    root = ElementTree.fromstring(line)
    found = {part.get("data-term"): letters(part) for part in root.iter() if part.get("data-term")}
    assert found == {"mu": "μ", "noise": "σεi", "epsilon": "εi"}
    assert letters(root) == "z=μ+σεi+b"


def test_lines_of_a_formula_and_rows_of_a_matrix() -> None:
    assert len(mathml(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", ())) == 2
    (one,) = mathml(r"A = \begin{pmatrix} a & b \\ c & d \end{pmatrix}", ())
    assert len(list(ElementTree.fromstring(one).iter(f"{MATH}mtr"))) == 2


def test_a_function_stands_off_from_what_it_is_of() -> None:
    assert "mspace" in mathml(r"\log p", ())[0]
    assert "mspace" not in mathml(r"\log(p)", ())[0] + mathml(r"\log_2 p", ())[0]


def test_a_formula_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="'nu', which is none of the lesson's terms: mu"):
        mathml(r"\term{nu}{x}", ("mu",))
    with pytest.raises(ValueError, match="not closed"):
        mathml(r"\term{mu}{x", ("mu",))
    assert terms_in(r"\term{b}{x \term{a}{y}} \term{b}{z}") == ("b", "a")


def test_the_source_is_that_of_the_running_function() -> None:
    found = source_of("vae_core.models.base:Posterior.rate")
    assert (found.name, found.file) == ("Posterior.rate", "vae_core/models/base.py")
    assert found.line == base.Posterior.rate.__code__.co_firstlineno
    assert found.text.startswith("def rate(self)") and found.text.endswith("self.std.log()")
    assert source_of("vae_core.models.base:Terms.elbo").text.startswith("@property")
    assert source_of("vae_core.models.base:Posterior").text.startswith("@dataclass")


@pytest.mark.parametrize(
    "place", ["vae_core.models.base:none", "vae_core.nowhere:f", "vae_core.models.base:MAX_LOG_VARIANCE"]
)
def test_what_has_no_source_is_told_by_its_name(place: str) -> None:
    with pytest.raises(ValueError, match=f"no source of '{place}'"):
        source_of(place)


def test_pieces_are_the_text_and_names_are_whole_words() -> None:
    found = source_of("vae_core.models.base:Posterior.rate")
    terms = {"sigma": Term("Spread.", ("std",)), "root": Term("Its own.", ("self.std.log",))}
    pieces = found.pieces(terms)
    assert "".join(piece.text for piece in pieces) == found.text
    assert [piece.text for piece in pieces if piece.term == "sigma"] == [
        "std"
    ] * 3  # the fourth is inside the longer name
    assert "".join(piece.text for piece in pieces if piece.term == "root") == "self.std.log"  # the longer name wins
    assert next(piece for piece in pieces if piece.text == "def").kind == "keyword"
    assert names_in("std stdev self.std", ("std",)) == [(0, 3), (15, 18)]
