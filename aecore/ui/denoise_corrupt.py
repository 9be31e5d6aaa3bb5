"""The Corrupt tab of the Denoise page: noise on real pictures, and what trained networks make of it, live."""

from __future__ import annotations

import streamlit as st

from aecore.comparison_results import held_out
from aecore.ui.denoise_live import denoise_live
from aecore.ui.denoise_networks import choose_networks, held_out_pictures, shown_networks, title
from aecore.ui.plain_words import escaped


def show() -> None:
    """The whole tab."""
    st.markdown(
        "Add noise to a picture and see what a **denoising autoencoder** makes of it. It gets the noisy picture only; the clean "
        "one it has never seen."
    )
    runs = choose_networks()
    if not runs:
        st.info("Choose a trained network above, or train one on the Train tab.")
        return
    images, labels = held_out_pictures(runs[0])
    if not len(images):
        st.info("The pictures of this run are missing: choose another network.")
        return
    denoise_live(shown_networks(runs), images, labels, key="corrupt")
    data = runs[0].config.card
    may_know = [escaped(title(run)) for run in runs if _share_pictures(run.config.data.name, data.name)]
    never = (
        "that these networks were not trained on" if not may_know else f"(some were training pictures of: {', '.join(may_know)})"
    )
    st.caption(f"Pictures of {data.title} {never}. Everything here is computed in your browser.")
    _formulas()


def _share_pictures(one: str, other: str) -> bool:
    """Whether two data sets are different ones that have pictures in common."""
    return one != other and not (held_out(one, other) and held_out(other, one))


def _formulas() -> None:
    with st.expander("In formulas"):
        st.markdown(
            r"The input $x$ is corrupted, $\tilde{x} \sim q(\tilde{x} \mid x)$, and encoder $f$ and decoder $g$ are trained to "
            "give back the *clean* picture:"
        )
        st.latex(
            r"\mathcal{L} = \mathbb{E}_{x}\,\mathbb{E}_{\tilde{x} \sim q(\cdot \mid x)}\; \ell\bigl(x,\; g(f(\tilde{x}))\bigr)"
        )
        st.markdown(
            r"Were the target $\tilde{x}$ itself, copying would be perfect. With $x$ as the target and squared error, the best "
            r"possible answer is $\mathbb{E}[x \mid \tilde{x}]$: the mean of all clean pictures that could have become this "
            "noisy one. To come near it the network has to know which pictures are likely."
        )
        st.latex(r"\mathrm{PSNR} = 10 \log_{10} \frac{1}{\mathrm{MSE}(x, \hat{x})}\ \text{dB, pixels from 0 to 1}")
        st.caption(
            "P. Vincent, H. Larochelle, I. Lajoie, Y. Bengio and P.-A. Manzagol (2010), Stacked denoising autoencoders, Journal "
            "of Machine Learning Research 11, 3371-3408, [jmlr.org](https://www.jmlr.org/papers/v11/vincent10a.html)."
        )
