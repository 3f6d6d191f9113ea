"""Names and titles of every family, and the settings that are its own."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from vae_core.config import Bottleneck, TrainConfig, check_name
from vae_core.data.own.choices import Choices
from vae_core.data.own.taking import take
from vae_core.model_cards import MODEL_CARDS, default_title, facts_of, name_of, own_settings
from vae_core.zoo import ZOO


def test_every_bottleneck_has_a_card_whose_settings_exist() -> None:
    assert set(MODEL_CARDS) == set(get_args(Bottleneck))
    for card in MODEL_CARDS.values():
        assert set(card.settings) <= set(TrainConfig.model_fields)


@pytest.mark.parametrize(
    ("settings", "name", "title"),
    [
        ({"beta": 4}, "digits-10d-beta4", "digits, 10 dimensions, beta 4"),
        ({"bottleneck": "point", "noise": 0.3}, "digits-10d-autoencoder", "digits, autoencoder, 10 dimensions"),
        ({"bottleneck": "linear"}, "digits-10d-pca", "digits, PCA, 10 dimensions"),
        ({"bottleneck": "vq", "codebook": 32}, "digits-vq32", "digits, VQ-VAE, 32 codes"),
        ({"bottleneck": "fsq", "fsq_levels": (4, 4, 3)}, "digits-fsq48", "digits, FSQ, 48 codes"),
        ({"bottleneck": "ladder"}, "digits-ladder2-4-8-beta1", "digits, ladder, levels 2 + 4 + 8, beta 1"),
        ({"bottleneck": "class"}, "digits-10d-m2-beta1", "digits, M2, 10 dimensions, beta 1"),
        ({"bottleneck": "none", "objective": "adversarial"}, "digits-10d-gan", "digits, GAN, 10 dimensions"),
        ({"bottleneck": "point", "objective": "mmd", "mmd_lambda": 50.0}, "digits-10d-autoencoder-mmd50",
         "digits, autoencoder, 10 dimensions, MMD lambda 50"),
        ({"prior": "vamp", "condition": "none"}, "digits-10d-beta1-vamp", "digits, 10 dimensions, beta 1, VampPrior"),
        ({"condition": "class"}, "digits-10d-beta1-class", "digits, 10 dimensions, beta 1, given the class"),
        ({"turns": [{"step": 5, "setting": "beta", "value": 9}]}, "digits-10d-beta1",
         "digits, 10 dimensions, beta 1 (steered)"),
    ],
)  # fmt: skip
def test_names_and_titles_say_what_a_run_is(settings: dict[str, object], name: str, title: str) -> None:
    config = TrainConfig(**settings)
    assert (name_of(config), default_title(config)) == (name, title)


def test_every_family_has_a_name_that_a_folder_may_have_and_facts() -> None:
    for entry in ZOO.values():
        assert check_name(name_of(entry.config()))
        assert all(facts_of(entry.config()).values())


def test_facts_are_of_what_the_model_has() -> None:
    assert facts_of(TrainConfig(bottleneck="point", noise=0.3)) == {"dimensions": "10", "noise": "30%"}
    assert "beta" not in facts_of(TrainConfig(bottleneck="none", objective="adversarial"))


def test_text_and_mixtures_bring_settings_of_their_own() -> None:
    assert "word_dropout" in own_settings(TrainConfig(), "text")
    assert "word_dropout" not in own_settings(TrainConfig(), "image")
    assert "pseudo_inputs" in own_settings(TrainConfig(prior="vamp"), "image")


def test_a_title_calls_ones_own_data_as_its_owner_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTARIUM_DATA", str(tmp_path / "data"))
    lines = tmp_path / "lines.txt"
    lines.write_text("".join(f"a line {number % 7} of words\n" for number in range(60)))
    config = TrainConfig(data="own:my-words")
    assert default_title(config).startswith("my-words, 10 dimensions")
    take(lines, Choices(), "my-words", title="What I wrote")
    assert default_title(config).startswith("What I wrote, 10 dimensions")
    assert name_of(config).startswith("own:my-words"), "a folder's name follows the data's, which stays"
