"""What one would write first: Streamlit's own sliders, and a picture decoded by torch at each rerun.

`streamlit run benchmarks/plain_app.py`, with `?run=` the name of a run; PYTHONPATH names the project.
"""

from __future__ import annotations

import streamlit as st
import torch

from vae_core.runs import Run, load_run


@st.cache_resource
def model_of(name: str) -> Run:
    return load_run(name)


run = model_of(st.query_params["run"])
z = [st.slider(f"z{d}", -3.0, 3.0, 0.0) for d in range(run.latent_dim)]
with torch.inference_mode():
    picture = run.model.decode(torch.tensor([z]))[0, 0]
st.image(picture.numpy(), width=300)
