"""What one would write first: Streamlit's own sliders, and a picture decoded by torch at each rerun.

`python -m streamlit run benchmarks/plain_app.py` in the project, and `?run=` the name of a run.
"""

from __future__ import annotations

import streamlit as st
import torch

from benchmarks.fixtures import loaded

run = loaded(st.query_params["run"])
z = [st.slider(f"z{d}", -3.0, 3.0, 0.0) for d in range(run.latent_dim)]
with torch.inference_mode():
    picture = run.model.decode(torch.tensor([z]))[0, 0]
st.image(picture.numpy(), width=300)
