"""The rules of the house (docs/architecture.md), held by walking the imports of every file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
PAGE_LINES = 120

# Layers of the library: what stands in the first column must not import what stands in the second.
BELOW = {
    "vae_core/figures/": (
        "torch",
        "torchvision",
        "vae_core.models",
        "vae_core.runs",
        "vae_core.training",
        "vae_core.data",
        "vae_core.nets",
    ),
    "vae_core/latent/": ("vae_core.training", "vae_core.runs", "vae_core.models", "vae_core.export"),
    "vae_core/metrics/": ("vae_core.training", "vae_core.runs", "vae_core.export"),
    "vae_core/models/": ("vae_core.training", "vae_core.runs", "vae_core.export", "vae_core.data"),
    "vae_core/data/": ("vae_core.training", "vae_core.runs", "vae_core.models", "vae_core.export"),
    "vae_core/nets.py": ("vae_core.training", "vae_core.runs", "vae_core.models", "vae_core.objectives"),
    "vae_core/likelihoods.py": ("vae_core.training", "vae_core.runs", "vae_core.models"),
    "vae_core/objectives/": ("vae_core.training", "vae_core.runs", "torch.optim"),
}
# Loaded at start-up, before anything is on the screen: the heavy packages are imported inside functions.
AT_START = (
    "app.py",
    "ui/",
    "pages/home.py",
    "vae_core/__init__.py",
    "vae_core/config.py",
    "vae_core/objective_cards.py",
    "vae_core/runs/__init__.py",
    "vae_core/data/__init__.py",
)
HEAVY = ("torch", "torchvision", "umap", "numba", "sklearn", "scipy", "plotly")


def imports(tree: ast.AST, *, top_only: bool = False) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import: `from a.b import c` gives a.b.c.

    With top_only just what runs when the module is loaded: not inside functions, nor under TYPE_CHECKING.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute in this project"
            yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)
        else:
            if top_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if top_only and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                continue
            yield from imports(node, top_only=top_only)


def inside(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def attributes(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, "a.b") of every attribute access written out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.lineno, ast.unparse(node)


def violations(path: str, source: str) -> list[str]:
    """What `source`, standing at `path` (relative to the project), does against the rules."""
    tree = ast.parse(source)
    every, top = list(imports(tree)), list(imports(tree, top_only=True))
    found: list[str] = []

    def refuse(line: int, sentence: str) -> None:
        found.append(f"{path}:{line}: {sentence}")

    steps = path.startswith("vae_core/training/") or not path.startswith(("vae_core/", "ui/", "pages/", "app.py"))
    shows = path == "app.py" or path.startswith(("pages/", "ui/"))
    shows = shows or (path.startswith("benchmarks/") and path.endswith("_app.py"))  # apps to compare ours with
    for line, name in every:
        if inside(name, "streamlit") and not shows:
            refuse(line, "only app.py, pages/ and ui/ import streamlit")
        if path.startswith("vae_core/") and inside(name, "ui", "pages", "app"):
            refuse(line, f"vae_core knows nothing of {name}")
        if path.startswith("ui/") and inside(name, "pages", "app"):
            refuse(line, "ui/ does not import pages")
        if path.startswith("pages/") and inside(name, "torch", "torchvision"):
            refuse(line, "pages never import torch")
        if path.startswith("pages/") and inside(name, "pages", "app"):
            refuse(line, "pages never import each other")
        if inside(name, "torch.optim") and not steps:
            refuse(line, "only training.py owns optimisers")
        if inside(name, "streamlit.session_state") and not path.startswith("ui/"):
            refuse(line, "bare session_state stands in ui/ only")
        if inside(name, "streamlit.cache_data", "streamlit.cache_resource") and not path.startswith("ui/cache/"):
            refuse(line, "st.cache_* stands in ui/cache/ only")
        refuse_below = [below for start, below in BELOW.items() if path.startswith(start)]
        if any(inside(name, *below) for below in refuse_below):
            refuse(line, f"this layer stands below {name}")
    for line, name in top:
        if path.startswith(AT_START) and inside(name, *HEAVY):
            refuse(line, f"{name} is heavy: import it inside the function that needs it")
        if path.startswith("vae_core/") and inside(name, "umap", "numba"):
            refuse(line, "umap and numba are never imported at a module's top")
    for line, name in attributes(tree):
        if inside(name, "st.session_state", "streamlit.session_state") and not path.startswith("ui/"):
            refuse(line, "bare session_state stands in ui/ only")
        if name.endswith((".cache_data", ".cache_resource")) and not path.startswith("ui/cache/"):
            refuse(line, "st.cache_* stands in ui/cache/ only")
        if name.startswith("torch.optim.") and not steps:
            refuse(line, "only training.py owns optimisers")
    if path.startswith("pages/") and len(source.splitlines()) > PAGE_LINES:
        refuse(PAGE_LINES, f"a page beyond {PAGE_LINES} lines has a component in it that wants out")
    if Path(path).name in ("utils.py", "helpers.py", "misc.py"):
        refuse(1, "a module is named after what is in it")
    return list(dict.fromkeys(found))


def sources() -> list[str]:
    found = [PROJECT / "app.py"]
    for folder in ("pages", "ui", "vae_core", "benchmarks"):
        found += sorted((PROJECT / folder).rglob("*.py"))
    return [file.relative_to(PROJECT).as_posix() for file in found if file.is_file()]


@pytest.mark.parametrize("path", sources())
def test_the_house_stands_as_designed(path: str) -> None:
    assert not violations(path, (PROJECT / path).read_text())


BAD = [
    ("vae_core/figures/maps.py", "import streamlit as st"),
    ("vae_core/figures/maps.py", "import torch"),
    ("vae_core/figures/maps.py", "from vae_core.models import VAE"),
    ("vae_core/latent/projection.py", "import umap"),
    ("vae_core/latent/projection.py", "from vae_core.training import train"),
    ("vae_core/runs/folder.py", "from ui import state"),
    ("vae_core/runs/folder.py", "def f():\n    import streamlit"),
    ("vae_core/objectives/elbo.py", "import torch\n\ndef f(p):\n    return torch.optim.Adam(p)"),
    ("vae_core/models/gaussian.py", "from torch.optim import Adam"),
    ("vae_core/models/gaussian.py", "from torch import optim"),
    ("pages/atlas.py", "from torch import nn"),
    ("pages/atlas.py", "def f():\n    import torch.nn.functional as F"),
    ("pages/atlas.py", "from pages.home import show"),
    ("pages/atlas.py", "import streamlit as st\nst.session_state['x'] = 1"),
    ("pages/atlas.py", "import streamlit as st\nst.session_state.x"),
    ("pages/atlas.py", "from streamlit import session_state"),
    ("pages/atlas.py", "import streamlit as st\n@st.cache_data\ndef f(): ..."),
    ("pages/atlas.py", "from streamlit import cache_resource"),
    ("ui/widgets.py", "import streamlit as st\n@st.cache_resource(max_entries=1)\ndef f(): ..."),
    ("ui/widgets.py", "import torch"),
    ("ui/widgets.py", "from pages import home"),
    ("app.py", "import streamlit as st\nst.session_state"),
    ("pages/atlas.py", "x = 1\n" * (PAGE_LINES + 1)),
    ("vae_core/utils.py", ""),
]


@pytest.mark.parametrize(("path", "source"), BAD)
def test_a_violation_is_found(path: str, source: str) -> None:
    assert violations(path, source)


GOOD = [
    ("ui/cache/runs.py", "import streamlit as st\n@st.cache_data\ndef f():\n    import torch"),
    ("ui/state.py", "import streamlit as st\nst.session_state['x'] = 1"),
    ("vae_core/training/loop.py", "import torch\noptimizer = torch.optim.Adam([])"),
    ("pages/atlas.py", "from vae_core.figures.maps import scatter\nfrom ui import state"),
    ("ui/widgets.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch"),
    ("vae_core/latent/projection.py", "def f():\n    import umap"),
]


@pytest.mark.parametrize(("path", "source"), GOOD)
def test_what_is_allowed_passes(path: str, source: str) -> None:
    assert not violations(path, source)
