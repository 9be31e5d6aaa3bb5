"""What the Disentangle page says of its objectives: in a sentence, and in formulas with their papers."""

from __future__ import annotations

import streamlit as st


def introduction() -> None:
    """What the page is about, in two sentences."""
    st.markdown(
        "β is the weight on keeping the code simple. A larger β makes the code say less (**KL** falls, the pictures get coarser: "
        "the **reconstruction** error rises), and it may push each number of the code towards one meaning of its own, such as "
        "place or size. Train the same network with several βs on the same pictures and look at what changes."
    )


def formulas() -> None:
    """The objectives, folded away."""
    with st.expander("In formulas"):
        st.markdown(
            "Each network makes one of these small. The first term is the reconstruction: Bernoulli, in nats a picture (or the "
            "squared error a picture, where a sweep is made with that)."
        )
        st.latex(
            r"\beta\text{-VAE:} \quad \mathbb{E}_{q(z \mid x)}[-\log p(x \mid z)] + \beta \, \mathrm{KL}(q(z \mid x) \,\|\, p(z))"
        )
        st.latex(
            r"\text{Capacity:} \quad \mathbb{E}_{q(z \mid x)}[-\log p(x \mid z)] "
            r"+ \gamma \, \bigl| \mathrm{KL}(q(z \mid x) \,\|\, p(z)) - C \bigr|, \quad C \text{ rises from } 0"
        )
        st.latex(
            r"\beta\text{-TCVAE:} \quad \mathbb{E}_{q(z \mid x)}[-\log p(x \mid z)] + \mathrm{KL}(q(z \mid x) \,\|\, p(z)) "
            r"+ (\beta - 1) \, \mathrm{KL}\Bigl(q(z) \,\Big\|\, \textstyle\prod_j q(z_j)\Bigr)"
        )
        st.markdown(
            "The last term is the *total correlation*: how far the numbers of the code are from being independent, over all "
            "pictures. β-TCVAE weighs it alone. With β = 1 both β-VAE and β-TCVAE are the plain VAE."
        )
        st.markdown(
            "**What not to expect.** Without assumptions about data and network, disentangling without labels is impossible in "
            "theory: codes that mix all factors fit the data equally well. In practice results depend on the seed at least as "
            "much as on the objective or its weight (Locatello et al. 2019). So use several seeds, and read spreads before means."
        )
        st.caption(
            "I. Higgins et al. (2017), β-VAE: learning basic visual concepts with a constrained variational framework, "
            "[ICLR](https://openreview.net/forum?id=Sy2fzU9gl). "
            "C. P. Burgess et al. (2018), Understanding disentangling in β-VAE, "
            "[arXiv:1804.03599](https://arxiv.org/abs/1804.03599). "
            "R. T. Q. Chen, X. Li, R. Grosse and D. Duvenaud (2018), Isolating sources of disentanglement in variational "
            "autoencoders, [arXiv:1802.04942](https://arxiv.org/abs/1802.04942). "
            "F. Locatello et al. (2019), Challenging common assumptions in the unsupervised learning of disentangled "
            "representations, [arXiv:1811.12359](https://arxiv.org/abs/1811.12359)."
        )
