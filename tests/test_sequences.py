"""Sentences are read and written by their laws: padding is nothing, and a written sentence is one of all there are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from vae_core import writing
from vae_core.config import ModelSpec
from vae_core.data import text
from vae_core.models import VAE, build
from vae_core.sequences import SentenceDecoder
from vae_core.tokens import BEGIN, END, PADDING, UNKNOWN
from vae_core.writing import beam, beams, greedy, sample, token_scores, write

WORDS, LENGTH, DIMS = 12, 7, 3
TINY_WORDS, TINY_LENGTH = 6, 3  # end, unknown and two words: 4^3 ways of going on


def spec(**settings: object) -> ModelSpec:
    made = ModelSpec(
        net="lstm", sample_shape=(LENGTH,), latent_dim=DIMS, likelihood="categorical", hidden=(8,), vocabulary=WORDS,
        embedding=5,
    )  # fmt: skip
    return made.model_copy(update=settings)


def model_of(wild: float = 3.0, **settings: object) -> VAE:
    """Weights larger than at a start, so that codes and words matter."""
    torch.manual_seed(0)
    model = build(spec(**settings)).eval()
    assert isinstance(model, VAE)
    for weight in model.parameters():
        weight.data *= wild
    return model


@pytest.fixture(autouse=True)
def _without_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


@pytest.fixture(scope="module")
def model() -> VAE:
    return model_of()


@pytest.fixture(scope="module")
def tiny() -> SentenceDecoder:
    decoder = model_of(vocabulary=TINY_WORDS, sample_shape=(TINY_LENGTH,)).decoder
    assert isinstance(decoder, SentenceDecoder)
    return decoder


def sentences(n: int = 6, length: int = LENGTH, seed: int = 0) -> Tensor:
    """Of one word, of as many as there is room for, and any in between."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(UNKNOWN + 1, WORDS, (n, length), generator=generator)
    ends = torch.arange(n)[:, None] % (length - 1) + 1
    place = torch.arange(length)
    return torch.where(place < ends, x, torch.where(place == ends, END, PADDING))


def codes(n: int, seed: int = 1) -> Tensor:
    return torch.randn(n, DIMS, generator=torch.Generator().manual_seed(seed))


def by_hand(decoder: SentenceDecoder, z: Tensor, sentence: tuple[int, ...]) -> float:
    """log p(sentence | z), one code, up to its end or the last place: read token by token."""
    state, token, total = decoder.start(z[None]), BEGIN, 0.0
    for word in sentence:
        logits, state = decoder.step(torch.tensor([token]), state)
        total += float(logits[0].double().log_softmax(0)[word])
        token = word
        if word == END:
            break
    return total


def all_sentences() -> list[tuple[int, ...]]:
    """Everything that can be written in the tiny vocabulary: with an end, or cut at the last place."""
    words = range(UNKNOWN, TINY_WORDS)
    ended = [(*start, END) for n in range(TINY_LENGTH) for start in product(words, repeat=n)]
    return ended + list(product(words, repeat=TINY_LENGTH))


def test_the_tokens_are_those_of_the_data() -> None:
    assert (PADDING, BEGIN, END, UNKNOWN) == (text.PADDING, text.BEGIN, text.END, text.UNKNOWN)


@pytest.mark.parametrize("bottleneck", ["gaussian", "point"])
def test_padding_changes_neither_code_nor_distortion(bottleneck: str) -> None:
    model, longer = model_of(bottleneck=bottleneck), model_of(bottleneck=bottleneck, sample_shape=(LENGTH + 4,))
    longer.load_state_dict(model.state_dict())
    x, z = sentences(), codes(6)
    padded = torch.cat([x, torch.full((len(x), 4), PADDING)], 1)
    torch.testing.assert_close(longer.encode(padded).mean, model.encode(x).mean)
    torch.testing.assert_close(longer.encode(padded).std, model.encode(x).std)
    torch.testing.assert_close(token_scores(longer, padded, z).sum(1), token_scores(model, x, z).sum(1))


def test_a_code_knows_every_word(model: VAE) -> None:
    x = sentences()[-2:-1]  # the longest
    for place in range(int((x != PADDING).sum()) - 1):
        other = x.clone()
        other[0, place] = UNKNOWN + 1 + (x[0, place] - UNKNOWN) % (WORDS - UNKNOWN - 1)
        assert (model.encode(other).mean - model.encode(x).mean).abs().max() > 1e-4


def test_the_distortion_is_what_the_tokens_cost_one_by_one(model: VAE) -> None:
    x, z = sentences(), codes(6)
    scores = token_scores(model, x, z)
    assert scores.shape == x.shape and (scores[x == PADDING] == 0).all() and (scores[x != PADDING] > 0).all()
    stepped = torch.tensor([-by_hand(model.decoder, z[i], tuple(x[i].tolist())) for i in range(len(x))])
    torch.testing.assert_close(scores.sum(1), stepped, rtol=1e-5, atol=1e-4)
    point = model_of(bottleneck="point")
    terms = point.terms(x)  # a code without width is decoded itself
    torch.testing.assert_close(terms.distortion, token_scores(point, x, point.encode(x).mean).sum(1))


def test_a_token_costs_the_same_whatever_follows(model: VAE) -> None:
    x, z = sentences(1).repeat(2, 1), codes(1).repeat(2, 1)
    x[0, 3:], x[1, 3:] = torch.tensor([5, 6, 7, END]), torch.tensor([9, END, PADDING, PADDING])
    x[:, :3] = torch.tensor([4, 8, 6])
    scores = token_scores(model, x, z)
    torch.testing.assert_close(scores[0, :3], scores[1, :3])
    assert abs(float(scores[0, 3] - scores[1, 3])) > 1e-4


def test_probabilities_of_all_sentences_add_up_to_one(tiny: SentenceDecoder) -> None:
    z = codes(1)[0]
    log_p = torch.tensor([by_hand(tiny, z, sentence) for sentence in all_sentences()])
    ended = torch.tensor([END in sentence for sentence in all_sentences()])
    assert float(log_p[ended].exp().sum()) < 1
    assert float(log_p.exp().sum()) == pytest.approx(1, abs=1e-6)
    logits, _ = tiny.step(torch.tensor([BEGIN]), tiny.start(z[None]))
    assert (logits[:, [PADDING, BEGIN]] == -torch.inf).all()


@pytest.mark.parametrize("n", [1, 5])
def test_a_wide_beam_finds_what_brute_force_finds(tiny: SentenceDecoder, n: int) -> None:
    everything = all_sentences()
    z = codes(n)
    log_p = torch.tensor([[by_hand(tiny, code, sentence) for sentence in everything] for code in z])  # [n, S]
    width = (TINY_WORDS - 2) ** TINY_LENGTH
    _, score = beams(tiny, z, width)
    found = len(everything)
    assert found < width and (score[:, found:] == -torch.inf).all()
    torch.testing.assert_close(score[:, :found], log_p.sort(1, descending=True).values.float(), rtol=1e-5, atol=1e-5)
    best, its_score = beam(tiny, z, width)
    torch.testing.assert_close(its_score, log_p.max(1).values.float(), rtol=1e-5, atol=1e-5)
    for row, at in zip(best.tolist(), log_p.argmax(1).tolist(), strict=True):
        assert tuple(row) == everything[at] + (PADDING,) * (TINY_LENGTH - len(everything[at]))


def test_a_beam_of_one_is_greedy_and_a_wider_one_no_worse(model: VAE) -> None:
    z = codes(40)
    tokens, score = beam(model.decoder, z, 1)
    assert torch.equal(tokens, greedy(model.decoder, z))
    by_tokens = torch.tensor([by_hand(model.decoder, z[i], tuple(tokens[i].tolist())) for i in range(len(z))])
    torch.testing.assert_close(score, by_tokens, rtol=1e-4, atol=1e-4)
    wider = beam(model.decoder, z, 300)[1]
    assert (wider >= score - 1e-4).all() and (wider > score + 1e-3).any()


def test_a_greedy_word_is_the_likeliest_after_those_before_it(model: VAE) -> None:
    z = codes(40)
    tokens = model.decode(z)
    assert torch.equal(tokens, model.decode(z)) and len(tokens.unique(dim=0)) > 3
    likeliest = model.decoder(model.told(z), tokens).argmax(2)
    assert torch.equal(torch.where(tokens == PADDING, PADDING, likeliest), tokens)
    for row in tokens.tolist():  # an end at most, nothing behind it
        until = row.index(END) + 1 if END in row else LENGTH
        assert PADDING not in row[:until] and set(row[until:]) <= {PADDING} and BEGIN not in row
    assert torch.equal(torch.cat([model.decode(code[None]) for code in z]), tokens)


def test_a_cold_sample_is_greedy(model: VAE) -> None:
    z = codes(40)
    for temperature in (0.0, 1e-6, 1e-40):
        drawn = sample(model.decoder, z, temperature, torch.Generator().manual_seed(0))
        assert torch.equal(drawn, greedy(model.decoder, z))


@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_samples_come_as_often_as_they_are_likely(tiny: SentenceDecoder, temperature: float) -> None:
    """Against brute force: p(w_t|...)^(1/temperature), normalised at each place."""
    z, n = codes(1), 40_000
    drawn = sample(tiny, z.repeat(n, 1), temperature, torch.Generator().manual_seed(0))
    counted: dict[tuple[int, ...], int] = {}
    for row in drawn.tolist():
        kept = tuple(word for word in row if word != PADDING)
        counted[kept] = counted.get(kept, 0) + 1
    expected = {}
    for sentence in all_sentences():
        state, token, p = tiny.start(z), BEGIN, 1.0
        for word in sentence:
            logits, state = tiny.step(torch.tensor([token]), state)
            p *= float((logits[0].double() / temperature).softmax(0)[word])
            token = word
        expected[sentence] = p
    assert set(counted) <= set(expected)
    for sentence, p in expected.items():
        noise = 5 * np.sqrt(p * (1 - p) / n) + 1 / n
        assert counted.get(sentence, 0) / n == pytest.approx(p, abs=noise), sentence


def test_the_same_seed_writes_the_same_sentences(model: VAE) -> None:
    z = codes(20).numpy()
    first, again, other = (write(model, z, way="sample", seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert first.shape == (20, LENGTH) and first.dtype == np.int64
    assert np.array_equal(write(model, z), model.decode(torch.from_numpy(z)).numpy())
    assert np.array_equal(write(model, z, way="beam", width=4), beam(model.decoder, torch.from_numpy(z), 4)[0].numpy())
    assert write(model, z[:0]).shape == (0, LENGTH)


def test_many_codes_are_written_in_parts(model: VAE, monkeypatch: pytest.MonkeyPatch) -> None:
    z = codes(10).numpy()
    whole = write(model, z, way="beam")
    monkeypatch.setattr(writing, "CODES_A_PASS", 4)
    assert np.array_equal(write(model, z, way="beam"), whole)


def test_without_words_the_decoder_has_the_code_alone() -> None:
    """All words dropped: what a token costs depends on the code, its place and itself."""
    model = model_of(word_dropout=1.0)
    decoder = model.decoder

    def costs(z: Tensor, x: Tensor) -> Tensor:
        return decoder(z, x)[x != PADDING].log_softmax(1)[:, END:]  # of each word, up to the end

    z, x = codes(6), sentences()
    other = torch.where(x > UNKNOWN, UNKNOWN + 1 + (x - UNKNOWN) % (WORDS - UNKNOWN - 1), x)
    assert not torch.equal(x, other)
    assert (costs(z, x) - costs(z, other)).abs().max() > 0.01  # not in training: it reads
    decoder.train()
    torch.testing.assert_close(costs(z, x), costs(z, other), rtol=0, atol=0)
    assert (costs(z, x) - costs(codes(6, seed=2), x)).abs().max() > 0.01


def test_dropped_words_depend_on_the_generator_alone() -> None:
    decoder = model_of(word_dropout=0.5).decoder.train()
    x, z = sentences(), codes(6)
    first, again, other = (decoder(z, x, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert not torch.equal(first, other)


def test_about_as_many_words_are_dropped_as_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = model_of(word_dropout=0.3).decoder.train()
    seen: list[Tensor] = []
    embedding = decoder.embedding
    monkeypatch.setattr(embedding, "forward", lambda read: seen.append(read) or embedding.weight[read])
    x = sentences(2000)
    decoder(codes(2000), x, torch.Generator().manual_seed(0))
    before = torch.cat([torch.full((2000, 1), BEGIN), x[:, :-1]], 1)
    words = before > UNKNOWN
    assert torch.equal(seen[0][~words], before[~words])  # begin and end are never dropped
    assert float((seen[0][words] == UNKNOWN).float().mean()) == pytest.approx(0.3, abs=0.03)
    assert torch.equal(seen[0][words & (seen[0] != UNKNOWN)], before[words & (seen[0] != UNKNOWN)])


def test_a_class_is_told_beside_the_code() -> None:
    model = model_of(condition="class", classes=3)
    x, z, y = sentences(), codes(6), torch.arange(6) % 3
    assert model.told(z, y).shape == (6, DIMS + 3)
    costs = [token_scores(model, x, z, told) for told in (y, (y + 1) % 3, None)]
    assert (costs[0] - costs[1]).abs().max() > 1e-3 and (costs[0] - costs[2]).abs().max() > 1e-3
    assert np.array_equal(write(model, z.numpy(), y.numpy()), model.decode(z, y).numpy())


def test_an_lstm_says_how_many_widths_it_takes() -> None:
    with pytest.raises(ValueError, match="one width, not 2"):
        build(spec(hidden=(8, 8)))
