"""Surnames by country, out of the lists in the Faker package (https://github.com/joke2k/faker)."""

from __future__ import annotations

import hashlib
from collections import Counter
from importlib import import_module

from vae_core.data.cards import DatasetError
from vae_core.data.text import SPECIAL

# One for each class of the card, in its order
LOCALES = ("en_US", "de_DE", "fr_FR", "it_IT", "es_ES", "nl_NL", "fi_FI", "hr_HR", "sk_SK", "zu_ZA")
LENGTH = 16  # tokens: 15 letters and the end
FINGERPRINT = "1c2d94f4aad7ba6d"
"""Of the names of Faker 30 to 40. Runs refer to samples by position: other lists would show other people's names."""


def surnames() -> tuple[list[str], list[int]]:
    """Names of up to 15 letters that only one of the countries has, in alphabetical order by country; their countries.

    Raises DatasetError where Faker is absent or has other lists.
    """
    try:
        lists = [set(import_module(f"faker.providers.person.{locale}").Provider.last_names) for locale in LOCALES]
    except ImportError as error:
        raise DatasetError(f"Names are part of the Faker package: install it with {_INSTALL}.") from error
    except (AttributeError, TypeError) as error:
        raise DatasetError(_OTHER) from error
    shared = Counter(name for names in lists for name in names)
    found = [
        (name, country)
        for country, names in enumerate(lists)
        for name in sorted(names)
        if shared[name] == 1 and len(name) < LENGTH and "," not in name  # "Kruijff, de": an entry of a register
    ]
    names, countries = [name for name, _ in found], [country for _, country in found]
    if hashlib.sha256("\n".join(names).encode()).hexdigest()[:16] != FINGERPRINT:
        raise DatasetError(_OTHER)
    return names, countries


def alphabet(names: list[str]) -> tuple[str, ...]:
    """The special tokens, then every letter of the names in order."""
    return (*SPECIAL, *sorted(set("".join(names))))


_INSTALL = "pip install faker==40.54.0"
_OTHER = f"The Faker package that is installed lists other names than this dataset is made of: {_INSTALL} has them."
