"""A pair from elsewhere on the pages that explore models: with an encoder, as points, and as dreams alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.foreign.onnx_files import linear_decoder, linear_encoder
from tests.pages.toy import write_toy_run
from vae_core import load_dataset
from vae_core.config import PROJECT
from vae_core.runs.pairs import look_at, stage_pair, take_pair

PAGES = ("atlas", "traverse", "morph", "generate")


@pytest.fixture(params=["vae", "points", "dreams"])
def run(request: pytest.FixtureRequest, no_runs: Path, tmp_path: Path) -> str:
    names = ("mu", "logvar") if request.param == "vae" else ("z",)
    files = [linear_encoder(tmp_path / "encoder.onnx", names=names), linear_decoder(tmp_path / "decoder.onnx")]
    folder = stage_pair([(path.name, path.open("rb")) for path in files])
    pair, found = look_at(folder)
    pair.close()
    data = None if request.param == "dreams" else load_dataset("digits")
    return take_pair(folder, found.wiring, (1, 8, 8), request.param, data).name


def test_every_page_opens(run: str) -> None:
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    app.query_params["run"] = run
    app.run()
    for page in PAGES:
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception and not app.error, (page, [one.value for one in app.error])
        told = " ".join(str(one.value) for one in (*app.main.markdown, *app.main.info))
        if page in ("atlas", "morph", "generate"):
            assert ("no encoder" in told.lower() or "mixture" in told.lower()) or run != "dreams", page
        if page == "generate":
            assert ("No prior" in told) == (run == "points")
        if page == "traverse":
            app.main.slider[0].set_value(app.main.slider[0].max).run()
            assert not app.exception and not app.error
            (z,) = app.query_params["z"] if isinstance(app.query_params["z"], list) else [app.query_params["z"]]
            assert any(float(part) for part in z.split("_"))  # it was decoded anew from there


def test_it_is_compared_with_a_model_trained_here(run: str, no_runs: Path) -> None:
    write_toy_run(no_runs, "ours")
    app = AppTest.from_file(str(PROJECT / "pages" / "compare.py"), default_timeout=60)
    app.query_params["runs"] = f"ours.{run}"
    for view in ("sliders", "differences", "maps", "figures"):
        app.query_params["view"] = view
        app.run()
        assert not app.exception and not app.error, (view, [one.value for one in app.error])
        if run == "dreams":  # it brought no data, and data is what models are compared on
            assert "learnt other data" in app.warning[0].value
        elif view == "figures":
            assert "came as a file" in " ".join(str(one.value) for one in app.caption)
