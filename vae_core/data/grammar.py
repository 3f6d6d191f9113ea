"""Sentences of a small English grammar: every combination of eight factors, each visible in the words.

    the cats do not see a bird in the garden .        did the child draw an owl ?

Subject and verb agree in number where English says so (third person, present, no auxiliary); questions and
negations take `do` or `will` and leave the verb as it stands in a dictionary; `a` becomes `an` before a vowel.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import product

from vae_core.data.text import SPECIAL

SUBJECTS = (  # singular, plural
    ("cat", "cats"),
    ("dog", "dogs"),
    ("child", "children"),
    ("woman", "women"),
    ("king", "kings"),
    ("farmer", "farmers"),
    ("teacher", "teachers"),
    ("girl", "girls"),
)
NUMBERS = ("singular", "plural")
VERBS = (  # as in a dictionary, third person singular, past
    ("see", "sees", "saw"),
    ("find", "finds", "found"),
    ("draw", "draws", "drew"),
    ("hear", "hears", "heard"),
    ("chase", "chases", "chased"),
    ("follow", "follows", "followed"),
)
OBJECTS = ("bird", "horse", "fox", "mouse", "robot", "ghost", "owl", "elephant")
PLACES = ("", "at home", "in the garden")
TENSES = ("past", "present", "future")
POLARITIES = ("affirmative", "negative")
FORMS = ("statement", "question")

FACTORS: dict[str, tuple[str, ...]] = {  # what each index of a factor stands for
    "subject": tuple(singular for singular, _ in SUBJECTS),
    "number": NUMBERS,
    "verb": tuple(base for base, _, _ in VERBS),
    "object": OBJECTS,
    "place": tuple(place or "nowhere" for place in PLACES),
    "tense": TENSES,
    "polarity": POLARITIES,
    "form": FORMS,
}
FACTOR_SIZES = tuple(len(values) for values in FACTORS.values())
N = math.prod(FACTOR_SIZES)  # 27,648
LENGTH = 12  # tokens of the longest sentence and its end


def sentence(factors: tuple[int, ...]) -> str:
    """The sentence of one row of factors, in the order of FACTORS: words and a mark, a blank between them."""
    subject, number, verb, thing, place, tense, polarity, form = factors
    base, third_person, past = VERBS[verb]
    noun = f"the {SUBJECTS[subject][number]}"
    article = "an" if OBJECTS[thing][0] in "aeiou" else "a"
    rest = f"{article} {OBJECTS[thing]} {PLACES[place]}".strip()
    auxiliary = {"past": "did", "present": ("does", "do")[number], "future": "will"}[TENSES[tense]]
    negation = " not" if POLARITIES[polarity] == "negative" else ""
    if FORMS[form] == "question":
        return f"{auxiliary} {noun}{negation} {base} {rest} ?"
    if negation or TENSES[tense] == "future":
        return f"{noun} {auxiliary}{negation} {base} {rest} ."
    return f"{noun} {past if TENSES[tense] == 'past' else (third_person, base)[number]} {rest} ."


def all_factors() -> list[tuple[int, ...]]:
    """The whole grid, the last factor the fastest."""
    return list(product(*(range(size) for size in FACTOR_SIZES)))


@cache
def vocabulary() -> tuple[str, ...]:
    """The special tokens, then every word of the grammar in alphabetical order."""
    words = {word for factors in all_factors() for word in sentence(factors).split()}
    return (*SPECIAL, *sorted(words))
