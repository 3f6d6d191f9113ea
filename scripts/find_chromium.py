"""Finds a Chromium for the browser tests and prints its path; prints nothing where there is none.

In this order: $CHROMIUM, a system Chromium or Chrome, playwright's own. With --install, where none is there:
playwright's is downloaded, else Debian's package is installed where apt-get is there and we may. What happens
is told on stderr.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def named() -> str | None:
    """The browser in $CHROMIUM.

    Raises SystemExit where it is set and is no program: a wish that cannot be met is said, not passed over.
    """
    wish = os.environ.get("CHROMIUM", "").strip()
    if not wish:
        return None
    found = shutil.which(wish)
    if found is None:
        raise SystemExit(f"CHROMIUM is {wish!r}, which is no program to run; unset it or correct it.")
    return found


def on_system() -> str | None:
    """A browser of the system's."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return found or next((path for path in MAC if Path(path).is_file()), None)


def playwrights() -> str | None:
    """The browser that playwright keeps for itself, where it has been downloaded."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def find() -> str | None:
    """The path of a Chromium, None where there is none."""
    return named() or on_system() or playwrights()


def _try(*command: str) -> bool:
    print(f"No Chromium here; trying: {' '.join(command)}", file=sys.stderr)
    try:
        return subprocess.run(command, stdout=sys.stderr, timeout=600, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)
        return False


def install() -> str | None:
    """Gets a Chromium: playwright's, else Debian's package; None where neither is to be had."""
    if _try(sys.executable, "-m", "playwright", "install", "chromium") and (path := playwrights()):
        return path
    if shutil.which("apt-get") and os.geteuid() == 0:
        environment = ("env", "DEBIAN_FRONTEND=noninteractive")
        _try("apt-get", "update", "-q")
        if _try(*environment, "apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"):
            return on_system()
    return None


def main() -> int:
    path = find()
    if path is None and "--install" in sys.argv[1:]:
        path = install()
    if path is None:
        print("No Chromium was found; set CHROMIUM to one.", file=sys.stderr)
    else:
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
