"""Tokens and sentences are each other's inverse; the grammar's factors are in its words; names are names."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vae_core.data import CARDS, Dataset, DatasetError, grammar, load_dataset, names
from vae_core.data.text import BEGIN, END, PADDING, SPECIAL, UNKNOWN, detokenise, tokenise, tokenise_all

WORDS = (*SPECIAL, "the", "cat", "sleeps", ".")
LETTERS = (*SPECIAL, *"abc -é")


@given(st.lists(st.sampled_from(WORDS[4:]), max_size=9))
def test_words_come_back(words: list[str]) -> None:
    sentence = " ".join(words)
    row = tokenise(sentence, WORDS, " ", 10)
    assert row.dtype == torch.int64 and row.shape == (10,)
    assert row.tolist() == [*map(WORDS.index, words), END, *[PADDING] * (9 - len(words))]
    assert detokenise(row[None], WORDS, " ") == [sentence]


@given(st.text(alphabet="".join(LETTERS[4:]), max_size=9))
def test_letters_come_back(name: str) -> None:
    row = tokenise(name, LETTERS, "", 10)
    assert detokenise(row[None], LETTERS, "") == [name]
    assert int((row == END).sum()) == 1 and (row[len(name) + 1 :] == PADDING).all()


def test_what_is_unknown_or_too_long() -> None:
    row = tokenise("the dog <end> sleeps cat cat", WORDS, " ", 5)
    assert row.tolist() == [4, UNKNOWN, UNKNOWN, 6, END]
    assert detokenise(row[None], WORDS, " ") == ["the <unknown> <unknown> sleeps"]
    assert tokenise_all([], WORDS, " ", 5).shape == (0, 5)


def test_a_sentence_is_read_up_to_its_first_end() -> None:
    rows = np.array([[BEGIN, 4, 5, END, 6, END], [4, PADDING, 5, 5, 5, 5], [4, 5, 6, 4, 5, 6], [END] * 6])
    assert detokenise(rows, WORDS, " ") == ["the cat", "the", "the cat sleeps the cat sleeps", ""]


@pytest.fixture(scope="module")
def sentences() -> Dataset:
    return load_dataset("grammar")


def test_every_sentence_of_the_grammar_comes_back_and_is_another(sentences: Dataset) -> None:
    assert sentences.kind == "text" and sentences.vocabulary[:4] == SPECIAL and sentences.joiner == " "
    assert 60 <= len(sentences.vocabulary) <= 120
    texts = detokenise(sentences.x[:], sentences.vocabulary, " ")
    assert len(set(texts)) == len(texts) == CARDS["grammar"].n, "two combinations of factors give one sentence"
    assert torch.equal(tokenise_all(texts, sentences.vocabulary, " ", grammar.LENGTH), sentences.x[:])
    assert not (sentences.x[:] == UNKNOWN).any()
    assert int((sentences.x[:, -1] == END).sum()) > 0, "no sentence fills the row: it could be shorter"


def test_the_grammar_is_the_cards(sentences: Dataset) -> None:
    card = CARDS["grammar"]
    assert card.factor_names == tuple(grammar.FACTORS) and card.factor_sizes == grammar.FACTOR_SIZES
    assert card.class_names == grammar.TENSES and card.n == grammar.N and card.sample_shape == (grammar.LENGTH,)
    assert sentences.factors is not None and sentences.y is not None
    assert torch.equal(sentences.y, sentences.factors[:, card.factor_names.index("tense")])
    expected = torch.cartesian_prod(*(torch.arange(size) for size in card.factor_sizes))
    assert torch.equal(sentences.factors, expected), "the whole grid"


def parse(sentence: str) -> tuple[int, ...]:
    """The factors of a sentence, found in its words alone: an independent reading of the grammar."""
    words = sentence.split()
    form = int(words[-1] == "?")
    negative = int("not" in words)
    helper = next((word for word in words if word in ("do", "does", "did", "will")), "")
    noun = words[2] if form else words[1]
    subject, number = next(
        (s, n) for s, pair in enumerate(grammar.SUBJECTS) for n, word in enumerate(pair) if word == noun
    )
    verb, inflection = next(
        (v, k)
        for word in words
        for v, forms in enumerate(grammar.VERBS)
        for k, shape in enumerate(forms)
        if shape == word
    )
    tense = {"did": 0, "do": 1, "does": 1, "will": 2, "": 0 if inflection == 2 else 1}[helper]
    thing = next(o for o, name in enumerate(grammar.OBJECTS) if name in words[4:] or words[3] == name)
    place = 1 if "home" in words else 2 if "garden" in words else 0
    # agreement: one third person singular at most, on the helper or on the verb, and only in the present
    singular_present = number == 0 and tense == 1
    assert ("does" in words or inflection == 1) == singular_present
    assert bool(helper) == bool(form or negative or tense == 2)
    assert not helper or inflection == 0
    article = words[words.index(grammar.OBJECTS[thing]) - 1]
    assert article == ("an" if grammar.OBJECTS[thing][0] in "aeiou" else "a")
    return subject, number, verb, thing, place, tense, negative, form


def test_factors_are_recovered_from_the_words(sentences: Dataset) -> None:
    texts = detokenise(sentences.x[:], sentences.vocabulary, " ")
    assert sentences.factors is not None
    assert [parse(text) for text in texts] == [tuple(row) for row in sentences.factors.tolist()]


@pytest.mark.parametrize(
    ("factors", "sentence"),
    [
        ((0, 1, 0, 0, 2, 1, 1, 0), "the cats do not see a bird in the garden ."),
        ((1, 0, 0, 0, 0, 0, 0, 1), "did the dog see a bird ?"),
        ((2, 0, 2, 6, 1, 1, 0, 0), "the child draws an owl at home ."),
        ((3, 1, 1, 2, 0, 0, 0, 0), "the women found a fox ."),
        ((4, 0, 5, 7, 0, 1, 1, 1), "does the king not follow an elephant ?"),
        ((5, 1, 3, 5, 0, 2, 0, 0), "the farmers will hear a ghost ."),
    ],
)
def test_sentences_as_one_would_say_them(factors: tuple[int, ...], sentence: str) -> None:
    assert grammar.sentence(factors) == sentence


def test_names_by_country() -> None:
    pytest.importorskip("faker")
    data = load_dataset("names")
    assert data.kind == "text" and data.joiner == "" and len(names.LOCALES) == len(data.class_names)
    assert data.y is not None and data.y.unique().tolist() == list(range(10))
    assert data.y.bincount().min() > 300
    texts = detokenise(data.x[:], data.vocabulary, "")
    assert len(set(texts)) == len(texts), "a name of two countries"
    assert max(map(len, texts)) == names.LENGTH - 1 and min(map(len, texts)) >= 2
    assert not (data.x[:] == UNKNOWN).any()
    of = dict(zip(texts, data.y.tolist(), strict=True))
    for name, country in [("Schäfer", 1), ("Dupont", 2), ("Esposito", 3), ("Virtanen", 6), ("Mkhize", 9)]:
        assert of[name] == country
    assert torch.equal(tokenise_all(texts, data.vocabulary, "", names.LENGTH), data.x[:])


def test_names_without_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faker.providers.person.de_DE", None)
    with pytest.raises(DatasetError, match=r"part of the Faker package: install it with pip install faker"):
        load_dataset("names")


def test_names_of_another_version_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = pytest.importorskip("faker.providers.person.fi_FI").Provider
    monkeypatch.setattr(provider, "last_names", ("Aalto", "Nieminen"))
    with pytest.raises(DatasetError, match="lists other names"):
        load_dataset("names")
    monkeypatch.setattr(provider, "last_names", None)
    with pytest.raises(DatasetError, match="lists other names"):
        load_dataset("names")
