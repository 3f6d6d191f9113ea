"""The browser's decoder against torch, on every shipped run."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Browser

from benchmarks.fixtures import shipped_runs
from benchmarks.table import Row
from tests.browser.test_desk_decoder import codes_for, decoding, differences
from vae_core.export import decode_pictures, decoder_program
from vae_core.runs import load_run

GROUP = "JavaScript against torch"
CODES = 64


def measure(browser: Browser) -> list[Row]:
    """The largest difference in grey levels, over random, far and real codes, by both kernels."""
    rows = []
    with decoding(browser) as decode:
        for folder in shipped_runs():
            run = load_run(folder)
            codes = np.concatenate([codes_for(run.latent_dim), run.codes.mean[:CODES]])
            wanted = decode_pictures(run.model, run.config.data, codes)  # [n, C, H, W]
            program = decoder_program(run.model).to_bytes()
            largest, share, kernels = 0, 0.0, []
            for plain in (False, True):
                kernel, levels = decode(program, codes, plain)
                apart = differences(levels, wanted)
                largest = max(largest, int(apart.max()))
                share = max(share, float((apart > 0).mean()))
                kernels.append(kernel)
            _, height, width = run.config.model.sample_shape
            note = f"{height}x{width}, kernels {' and '.join(kernels)}; {share:.1%} of the pixels differ"
            what = f"{run.name}: largest difference"
            rows.append(Row(GROUP, what, "grey levels", len(codes), float(largest), target=1.0, note=note))
    return rows
