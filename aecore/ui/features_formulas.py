"""What the Features page says in formulas, with their sources; folded away."""

from __future__ import annotations

import streamlit as st


def formulas() -> None:
    """All of them, in the order of the tabs."""
    with st.expander("In formulas"):
        st.markdown(
            "**Bottleneck.** A linear autoencoder with a squared error, whose code has $K$ numbers, has its smallest error where "
            "it projects onto the first $K$ principal components (Baldi & Hornik 1989). PSNR is counted in decibels:"
        )
        st.latex(r"\mathrm{PSNR} = 10 \log_{10} \frac{1}{\mathrm{MSE}}, \quad \text{pixels from 0 to 1}")
        st.markdown(
            r"**Sparsity.** $\hat\rho_j$ is the mean activation of unit $j$ over the pictures of a batch, taken first; the "
            r"penalty has both terms (Ng 2011). L1 sums the activations of a picture. Top-k keeps the $k$ largest "
            "(Makhzani & Frey 2014)."
        )
        st.latex(r"\hat\rho_j = \frac{1}{B} \sum_{b=1}^{B} h_j(x_b)")
        st.latex(
            r"\Omega_{\mathrm{KL}} = \sum_j \rho \log \frac{\rho}{\hat\rho_j} + (1 - \rho) \log \frac{1 - \rho}{1 - \hat\rho_j}, "
            r"\qquad \Omega_{\mathrm{L1}} = \sum_j |h_j(x)|"
        )
        st.latex(r"h^{(k)}_j = h_j \text{ if it is among the } k \text{ largest of the picture, else } 0")
        st.markdown("**Contraction** asks the code not to move where the picture changes a little (Rifai et al. 2011):")
        st.latex(
            r"\Omega_{\mathrm{C}} = \Bigl\lVert \frac{\partial h(x)}{\partial x} \Bigr\rVert_F^2 "
            r"= \sum_{j,i} \Bigl( \frac{\partial h_j(x)}{\partial x_i} \Bigr)^2"
        )
        st.markdown(
            "**Layer by layer** (Bengio et al. 2007; with noise, Vincent et al. 2010). Layer $d$ is trained as an autoencoder of "
            r"one hidden layer on $h^{(d-1)}$, all below it frozen; then all are trained together:"
        )
        st.latex(
            r"h^{(0)} = x, \qquad \min_{f_d, g_d} \; L\bigl(h^{(d-1)},\, g_d(f_d(h^{(d-1)}))\bigr), "
            r"\qquad h^{(d)} = f_d(h^{(d-1)})"
        )
        st.markdown(
            "**Use.** The classifier is multinomial logistic regression with an L2 penalty on centred numbers of one common "
            "scale, its strength chosen by cross-validation among the labelled pictures alone. Features learned from other "
            "classes: self-taught learning (Raina et al. 2007)."
        )
        st.latex(r"p(y = c \mid h) \propto \exp(w_c^\top h + b_c)")
        st.caption(
            "P. Baldi and K. Hornik (1989), Neural networks and principal component analysis, Neural Networks 2(1), "
            "[doi:10.1016/0893-6080(89)90014-2](https://doi.org/10.1016/0893-6080(89)90014-2). "
            "A. Ng (2011), Sparse autoencoder, "
            "[CS294A lecture notes](https://web.stanford.edu/class/cs294a/sparseAutoencoder_2011new.pdf). "
            "A. Makhzani and B. Frey (2014), k-sparse autoencoders, [arXiv:1312.5663](https://arxiv.org/abs/1312.5663). "
            "S. Rifai et al. (2011), Contractive auto-encoders, "
            "[ICML](https://icml.cc/2011/papers/455_icmlpaper.pdf). "
            "Y. Bengio et al. (2007), Greedy layer-wise training of deep networks, "
            "[NIPS](https://papers.nips.cc/paper/3048-greedy-layer-wise-training-of-deep-networks). "
            "P. Vincent et al. (2010), Stacked denoising autoencoders, "
            "[JMLR 11](https://www.jmlr.org/papers/v11/vincent10a.html). "
            "R. Raina et al. (2007), Self-taught learning, "
            "[doi:10.1145/1273496.1273592](https://doi.org/10.1145/1273496.1273592). "
            "L. van der Maaten and G. Hinton (2008), Visualizing data using t-SNE, "
            "[JMLR 9](https://www.jmlr.org/papers/v9/vandermaaten08a.html)."
        )
