"""The machine that figures were taken on: without it a figure says nothing."""

from __future__ import annotations

import os
import platform
from datetime import date
from importlib.metadata import version
from pathlib import Path

from playwright.sync_api import Browser


def processor() -> str:
    """The processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load() -> str:
    """Processes that ran or waited for a core, mean over the last minute; more than there are cores is a crowd."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def graphics(browser: Browser) -> str:
    """What draws WebGL in this browser."""
    page = browser.new_page()
    answer = page.evaluate(
        """() => {
            const gl = document.createElement("canvas").getContext("webgl");
            const info = gl?.getExtension("WEBGL_debug_renderer_info");
            return gl ? gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER) : "none";
        }"""
    )
    page.close()
    software = any(word in answer for word in ("SwiftShader", "llvmpipe", "Software"))
    return f"{answer} (software, no GPU)" if software else str(answer)


def describe(browser: Browser) -> dict[str, str]:
    """Processor, browser and versions, each in words."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("streamlit", "torch", "plotly", "playwright"))
    return {
        "Date": date.today().isoformat(),
        "Processor": f"{processor()}, {usable_cores()} cores",
        "System": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "Browser": f"headless Chromium {browser.version}",
        "WebGL": graphics(browser),
        "Libraries": versions,
    }
