"""A lesson's formula as MathML; what `\\term{key}{...}` marks becomes an element with data-term."""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST_TERMS = 255
OPERATOR = re.compile(
    r"\\(log|ln|exp|min|max|det|arg)(?![A-Za-z])(?=\s*[A-Za-z0-9{\\])"
    r"(?!\s*\\(?:left|right|[bB]igg?[lr]?|limits|q?quad|end|[^A-Za-z]))"
)
"""The name of a function right before what it is of: TeX sets a little space between, the converter none."""


def mathml(latex: str, terms: Sequence[str]) -> tuple[str, ...]:
    """LaTeX as a <math> element a line; what stands in `\\term{key}{...}` is in an element with data-term, focusable.

    The library that converts knows no such macro, but colours: each term passes through it as a colour of its own.

    Args:
        latex: a formula in display style, without dollars; `\\\\` ends a line.
        terms: the keys that may occur.

    Raises:
        ValueError: a term in the formula is not among `terms`, or braces do not match.
    """
    from latex2mathml.converter import convert

    if len(terms) > MOST_TERMS:
        raise ValueError(f"A formula has {MOST_TERMS} terms at most, not {len(terms)}.")
    latex = OPERATOR.sub(r"\\\1\\,", latex)
    colours = {key: f"#7e57{number:02x}" for number, key in enumerate(terms)}
    made = []
    for line in _lines(latex):
        math = convert(_coloured(line, colours), display="block")
        for key, colour in colours.items():
            math = math.replace(f'<mstyle mathcolor="{colour}">', f'<mstyle data-term="{key}" tabindex="0">')
        made.append(math)
    return tuple(made)


def _lines(latex: str) -> list[str]:
    """A formula's lines; those of a matrix or of cases stay within theirs, and marks of alignment are left out."""
    flat = re.sub(r"\\(?:begin|end)\{(?:aligned|align\*?|gathered)\}", "", latex)
    lines, depth = [""], 0
    for part in re.split(r"(\\begin\{\w+\*?\}|\\end\{\w+\*?\}|\\\\|(?<!\\)&)", flat):
        depth += part.startswith("\\begin") - part.startswith("\\end")
        if part == "\\\\" and not depth:
            lines.append("")
        elif part != "&" or depth:
            lines[-1] += part
    return [line.strip() for line in lines if line.strip()]


def terms_in(latex: str) -> tuple[str, ...]:
    """The keys of the terms that a formula marks, in the order of reading, each once."""
    return tuple(dict.fromkeys(re.findall(r"\\term\{(\w+)\}", latex)))


def _coloured(latex: str, colours: dict[str, str]) -> str:
    """`\\term{key}{body}` as `{\\color{#...} body}`: a colour lasts until its group ends, so it gets a group."""
    found = re.search(r"\\term\{(\w+)\}\{", latex)
    if found is None:
        return latex
    key = found[1]
    if key not in colours:
        raise ValueError(f"The formula marks {key!r}, which is none of the lesson's terms: {', '.join(colours)}.")
    end = _closing(latex, found.end())
    body, rest = _coloured(latex[found.end() : end], colours), _coloured(latex[end + 1 :], colours)
    return f"{latex[: found.start()]}{{\\color{{{colours[key]}}} {body}}}{rest}"


def _closing(latex: str, start: int) -> int:
    """Where the brace is that closes the group whose inside begins at `start`."""
    depth, place = 1, start
    while place < len(latex):
        if latex[place] == "\\":
            place += 2  # an escaped brace is none
            continue
        depth += {"{": 1, "}": -1}.get(latex[place], 0)
        if depth == 0:
            return place
        place += 1
    raise ValueError(f"A brace is not closed in the formula after {latex[start : start + 30]!r}.")
