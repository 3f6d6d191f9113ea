"""What does the prior dream? Samples that nobody put in, from the model's own prior and from a mixture."""

from __future__ import annotations

import streamlit as st

from ui import downloads, dreams, variations, widgets

st.title("What does the prior dream?", anchor=False)
run = widgets.chosen_run()
st.markdown("Codes are drawn from a **prior** and decoded: what you see is in no dataset.")
downloads.offer_originals(run.config.data.name)
dreams.say_limits(run)
wish = dreams.choose(run)
dreams.show_sheets(run, wish)
variations.show(run, wish)
with st.expander("How is this made?"):
    st.markdown(
        "A code $z$ is drawn from the prior $p(z)$, its spread times the temperature, and shown is the decoder's mean "
        "$p_\\theta(x \\mid z)$. The model's own prior is right only where the codes of real samples fill it. "
        "The **mixture** $\\sum_k w_k\\,\\mathcal{N}(z; m_k, S_k)$ is fitted to the codes after training, one draw of "
        "each posterior, with full covariances (Ghosh et al. 2020); samples of the test split had no part in it, but "
        "where only they have codes. "
        "A dream is *inside* where the nearest code that the decoder was taught on (of 2,000 draws of posteriors, in "
        "dimensions that are awake) is no farther than 90% of those are from theirs, *far* beyond 99.9%."
    )
