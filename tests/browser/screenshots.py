"""Makes docs/screenshots: `make screenshots`. Real pages of the real app on the shipped runs, in a real Chromium.

`--all FOLDER` writes every page in dark and light, wide and narrow, for looking through before a release.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.harness import CHROMIUM_ARGS, DESKTOP, PHONE, PROJECT, AppServer, find_chromium, serve, visit

PAGES: dict[str, tuple[str, dict[str, str | int]]] = {
    "home": ("", {}),
    "learn-encoder": ("course", {"lesson": "encoder", "at": 10, "said": 0, "done": "why.encoder"}),
    "learn-reparameterisation": (
        "course",
        {"lesson": "reparameterisation", "at": 54, "said": 2, "done": "why.encoder.space.reparameterisation"},
    ),
    "learn-elbo": ("course", {"lesson": "elbo", "at": 34, "said": 2, "done": "elbo"}),
    "learn-weight": ("course", {"lesson": "weight", "at": 4, "said": 1, "done": "weight"}),
    "atlas": ("map", {"run": "mnist-16d", "at": 7, "tray": "7.42.1000"}),
    "traverse": ("dimensions", {"run": "mnist-16d"}),
    "morph": ("between", {"run": "digits-2d"}),
    "generate": ("dreams", {"run": "digits-10d", "sampler": "normal.mixture", "pick": "mixture-2"}),
    "compare": ("side-by-side", {"runs": "digits-autoencoder.digits-10d.digits-pca", "at": 12}),
    "disentangle": ("factors", {"run": "study-tcvae-16", "factor": "x"}),
    "apply-odd": ("uses", {"run": "breast-cancer"}),
    "apply-missing": ("uses", {"run": "digits-10d", "view": "missing", "holes": "18-21,26-29,34-37,42-45", "at": 12}),
    "apply-made": ("uses", {"run": "digits-m1m2", "view": "made"}),
    "apply-read": ("uses", {"run": "digits-2d", "view": "read"}),
    "apply-ways": ("uses", {"run": "digits-10d", "view": "ways", "from": "3", "to": "8"}),
    "apply-style": ("uses", {"run": "digits-class", "view": "ways"}),
    "apply-few": ("uses", {"run": "digits-m2", "view": "few"}),
    "train": ("studio", {}),
    "runs": ("logbook", {"picked": "~digits-2d,~digits-10d,~digits-capacity"}),
    "library": ("collection", {}),
}


def open_page(browser: Browser, size: tuple[int, int], scheme: str) -> Page:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    theme = scheme.capitalize()
    context.add_init_script(f"localStorage.setItem(`stActiveTheme-${{location.pathname}}-v2`, '\"{theme}\"')")
    return context.new_page()


def ready(page: Page) -> None:
    """Every component on the page has drawn, and every picture is there."""
    page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')")
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")
    page.wait_for_function("() => !document.querySelector('[data-testid=stProgress]')", timeout=120_000)
    page.wait_for_timeout(500)  # components mount after the script has run; not all have something to draw
    page.wait_for_function(
        "() => ![...document.querySelectorAll('[data-ready]')].some(one => ['', 'false'].includes(one.dataset.ready))",
        timeout=60_000,
    )
    page.wait_for_timeout(1500)  # filmstrips fill in idle slices; a picture of half of them would be a pity


def take(browser: Browser, server: AppServer, name: str, file: Path, size: tuple[int, int], scheme: str) -> None:
    page = open_page(browser, size, scheme)
    path, params = PAGES[name]
    visit(page, server.url(path, **params), timeout=90_000)
    ready(page)
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file)
    page.context.close()
    print(file)


def main() -> None:
    everything = Path(sys.argv[sys.argv.index("--all") + 1]) if "--all" in sys.argv else None
    names = [name for name in PAGES if name in sys.argv] or list(PAGES)
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_ARGS))
        for name in names:
            if everything is None:
                take(browser, server, name, PROJECT / "docs" / "screenshots" / f"{name}.png", DESKTOP, "dark")
                continue
            for scheme in ("dark", "light"):
                for shape, size in (("wide", DESKTOP), ("phone", PHONE)):
                    take(browser, server, name, everything / f"{name}-{scheme}-{shape}.png", size, scheme)


if __name__ == "__main__":
    main()
