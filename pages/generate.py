"""What does the prior dream? Samples that nobody put in, from priors, mixtures and the tray's surroundings."""

from __future__ import annotations

import streamlit as st

from ui import downloads, widgets
from ui.dreams import beside, choose, sheets, take, variations

st.title("What does the prior dream?", anchor=False)
run = widgets.chosen_run()
st.markdown(
    "Codes are drawn from a **prior** and decoded: no sample was put in. Move the temperature; choose a dream to see "
    "the training sample nearest to it."
)
downloads.offer_originals(run.config.data.name)
choose.say_limits(run)
wish = choose.choose(run)
shown = choose.dreams_of(run, wish)
left, right = st.columns([3, 2], gap="large")
with left:
    picked = sheets.show(run, wish, shown)
with right:
    beside.show(run, shown, picked, wish.given.key)
with left:
    sheets.show_figures(run, wish, shown)
take.show(run, wish, shown)
variations.show(run, wish)
with st.expander("How is this made?"):
    st.markdown(
        "A code $z$ is drawn from the prior $p(z)$, its spread times the temperature (of a transformer: its choices "
        "are drawn from $p^{1/t}$), and shown is the mean of the decoder's $p_\\theta(x \\mid z)$. The model's own "
        "prior is right only where the codes of real samples fill it. "
        "The **mixture** $\\sum_k w_k\\,\\mathcal{N}(z; m_k, S_k)$ is fitted to the codes after training, one draw of "
        "each posterior, with full covariances (Ghosh et al. 2020). Samples of the test split take no part in it; only "
        "where no others have codes, every second of them does. "
        "A **VampPrior** is $\\frac{1}{K}\\sum_k q(z \\mid u_k)$ of learned pseudo-inputs "
        "$u_k$ (Tomczak and Welling 2018). **Around the tray** codes are $\\bar z + t\\,(\\sum_i w_i (z_i - \\bar z) / "
        "\\sqrt{m - 1} + s \\odot \\varepsilon)$ with $w, \\varepsilon \\sim \\mathcal{N}(0, 1)$ and $s$ the spread of "
        "the posteriors themselves: what the tray's samples share stays."
    )
    st.markdown(
        "A dream is *inside* where the nearest code that the decoder was taught on (of 2,000 draws of posteriors, in "
        "dimensions that are awake) is no farther than 90% of those are from theirs, *far* beyond 99.9%."
    )
