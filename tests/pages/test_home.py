"""The gallery: sections of the zoo, facts that a family has, and runs of one's own beside shipped ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.pages.toy import TOYS, write_toy_run
from ui.gallery import OWN, STUDY, section_of
from vae_core.config import PROJECT
from vae_core.runs import list_runs

NAMES = {"gaussian": "digits-2d", "gan": "digits-gan", "autoencoder": "digits-autoencoder", "vq": "digits-vq",
         "ladder": "digits-ladder", "text": "grammar", "table": "wine", "m2": "digits-m2"}  # fmt: skip
STUDIED = ("study-beta-1", "study-beta-16", "study-beta-2")


@pytest.fixture
def app(no_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    monkeypatch.setenv("LATENTARIUM_CHECKPOINTS", str(shipped))
    for toy, name in NAMES.items():
        train, info = TOYS[toy]
        write_toy_run(shipped, name, train=train, info=info)
    train, info = TOYS["gaussian"]
    for name in STUDIED:
        write_toy_run(shipped, name, train=train, info=info)
    train, info = TOYS["pca"]
    write_toy_run(no_runs, "digits-vq", train=train, info=info)  # called like a shipped one
    st.cache_data.clear()
    return AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)


def subheaders(app: AppTest) -> list[str]:
    return [part.value for part in app.main.subheader]


def test_runs_stand_in_the_sections_of_the_zoo(app: AppTest) -> None:
    app.run()
    assert not app.exception
    headings = [name for name in subheaders(app) if not name.startswith("The run")]
    assert headings == [
        "The classic", "Conditional and semi-supervised", "Discrete", "Hierarchical", "Text", "Tables", "Contrasts",
        STUDY, OWN,
    ]  # fmt: skip
    assert subheaders(app).count("The run digits-vq") == 2
    assert {section_of(card) for card in list_runs() if not card.shipped} == {OWN}


def test_models_of_the_study_stand_together_and_only_where_they_are_asked_for(app: AppTest) -> None:
    app.run()
    assert STUDY in subheaders(app) and not any("study-" in name for name in subheaders(app))
    assert [card.name for card in list_runs() if section_of(card) == STUDY] == [STUDIED[0], STUDIED[2], STUDIED[1]]


def test_the_study_alone(app: AppTest) -> None:
    app.query_params["show"] = STUDY
    app.run()
    assert not app.exception
    assert [name for name in subheaders(app) if "study-" in name] == [
        f"The run {name}" for name in (STUDIED[0], STUDIED[2], STUDIED[1])
    ]


def test_one_section_alone_stands_in_the_address(app: AppTest) -> None:
    app.query_params["show"] = "Contrasts"
    app.run()
    assert not app.exception
    assert set(subheaders(app)) == {"Contrasts", "The run digits-gan", "The run digits-autoencoder"}
    app.query_params["show"] = "Nonsense"
    app.run()
    assert not app.exception


def test_a_card_says_what_its_family_has_and_nothing_else(app: AppTest) -> None:
    app.query_params["show"] = "Contrasts"
    app.run()
    facts = [part.value for part in app.main.markdown if "**" in part.value and "·" in part.value]
    gan, autoencoder = (next(line for line in facts if word in line) for word in ("energy", "distortion"))
    assert "rate" not in gan and "beta" not in gan and "distortion" not in gan
    assert "rate" not in autoencoder and "beta" not in autoencoder


def test_every_card_has_its_four_doors(app: AppTest) -> None:
    app.run()
    links = [link.proto.label for link in app.main.get("page_link") if "run=digits-gan" in link.proto.query_string]
    assert links == [f":primary[{room}]" for room in ("Atlas", "Traverse", "Morph", "Generate")]


def test_models_whose_data_has_factors_have_a_door_more_and_their_section_leads_there(app: AppTest) -> None:
    train, info = TOYS["gaussian"]
    known = info.model_copy(update={"factor_names": ("form", "place"), "factor_sizes": (2, 3)})
    shipped = Path(os.environ["LATENTARIUM_CHECKPOINTS"])  # the fixture's
    write_toy_run(shipped, "colour-tcvae", train=train, info=known)
    write_toy_run(shipped, "digits-dip-i", train=train, info=info)
    app.run()
    assert not app.exception
    links = [link.proto for link in app.main.get("page_link")]
    doors = [link.label for link in links if "run=colour-tcvae" in link.query_string]
    assert doors == [
        ":primary[Which dimension carries which factor?]",
        *(f":primary[{room}]" for room in ("Atlas", "Traverse", "Morph", "Generate", "Disentangle")),
    ]
    assert not any("run=digits-dip-i" in link.query_string and "Disentangle" in link.label for link in links)
