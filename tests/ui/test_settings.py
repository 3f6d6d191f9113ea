"""The shipped settings, as Streamlit itself reads them."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def options() -> dict[str, object]:
    """What `streamlit run` in the project's folder would use."""
    wanted = ("server.address", "runner.postScriptGC", "browser.gatherUsageStats", "theme.base")
    script = (
        "import json; from streamlit import config; "
        f"print(json.dumps({{name: config.get_option(name) for name in {wanted!r}}}))"
    )
    printed = subprocess.run(
        (sys.executable, "-c", script), cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(printed.stdout.splitlines()[-1])


def test_only_this_machine_can_reach_the_app(options: dict[str, object]) -> None:
    assert options["server.address"] == "127.0.0.1"


def test_nothing_is_reported_home(options: dict[str, object]) -> None:
    assert options["browser.gatherUsageStats"] is False


def test_no_collection_after_each_run(options: dict[str, object]) -> None:
    assert options["runner.postScriptGC"] is False


def _luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb" (WCAG 2.2)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("ground", ["backgroundColor", "secondaryBackgroundColor"])
@pytest.mark.parametrize("ink", ["textColor", "primaryColor", "linkColor"])
def test_text_stands_out(theme: str, ground: str, ink: str) -> None:
    """WCAG AA: a contrast of at least 4.5 to 1, on the page and in the sidebar."""
    themes = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text())["theme"]
    for grounds in (themes[theme], themes[theme]["sidebar"]):
        bright, dim = sorted((_luminance(themes[theme][ink]), _luminance(grounds[ground])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5
