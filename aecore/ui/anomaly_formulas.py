"""What the Anomalies page says in formulas, with their sources; folded away."""

from __future__ import annotations

import streamlit as st


def formulas() -> None:
    """All of them, in the order of the page."""
    with st.expander("In formulas"):
        st.markdown(
            r"**Score.** With $\hat x = g(f(x))$, the reconstruction of a case $x$ with $P$ pixels or time steps (and channels); "
            "a VAE also has its negative ELBO, which minds how unusual the code is (An & Cho 2015):"
        )
        st.latex(r"s_2(x) = \sum_{i=1}^{P} (x_i - \hat x_i)^2, \qquad s_1(x) = \sum_{i=1}^{P} |x_i - \hat x_i|")
        st.latex(r"s_{-\mathrm{ELBO}}(x) = \mathbb{E}_{q(z|x)}\bigl[-\log p(x|z)\bigr] + \mathrm{KL}\bigl(q(z|x)\,\|\,p(z)\bigr)")
        st.markdown(r"**Threshold** $\tau$ from scores of normal cases alone: a case is called anomalous where $s(x) > \tau$.")
        st.latex(r"\tau = \bar s + k\,\sigma_s, \qquad \tau = Q_q(s), \qquad \tau = \max s")
        st.markdown("**What comes of it**, anomalous counting as positive:")
        st.latex(
            r"\text{precision} = \frac{TP}{TP + FP}, \quad \text{recall} = \frac{TP}{TP + FN}, \quad "
            r"F_1 = \frac{2\,TP}{2\,TP + FP + FN}"
        )
        st.markdown(
            "**Areas.** AUROC is the chance that an anomalous case has a larger score than a normal one (ties count half); "
            "average precision sums the precision over the steps of the recall. Intervals: cases are drawn again, with "
            "replacement."
        )
        st.latex(r"\mathrm{AUROC} = P(s_+ > s_-) + \tfrac12 P(s_+ = s_-), \qquad \mathrm{AP} = \sum_n (R_n - R_{n-1})\,P_n")
        st.caption(
            "M. Sakurada and T. Yairi (2014), Anomaly detection using autoencoders with nonlinear dimensionality reduction, "
            "[doi:10.1145/2689746.2689747](https://doi.org/10.1145/2689746.2689747). "
            "J. An and S. Cho (2015), Variational autoencoder based anomaly detection using reconstruction probability, SNU Data "
            "Mining Center. "
            "T. Fawcett (2006), An introduction to ROC analysis, "
            "[doi:10.1016/j.patrec.2005.10.010](https://doi.org/10.1016/j.patrec.2005.10.010). "
            "B. Efron and R. Tibshirani (1993), An introduction to the bootstrap. "
            "P. McSharry et al. (2003), A dynamical model for generating synthetic electrocardiogram signals, "
            "[doi:10.1109/TBME.2003.808805](https://doi.org/10.1109/TBME.2003.808805). "
            "F. T. Liu, K. M. Ting and Z.-H. Zhou (2008), Isolation forest, "
            "[doi:10.1109/ICDM.2008.17](https://doi.org/10.1109/ICDM.2008.17). "
            "B. Schölkopf et al. (2001), Estimating the support of a high-dimensional distribution, "
            "[doi:10.1162/089976601750264965](https://doi.org/10.1162/089976601750264965). "
            "M. Breunig et al. (2000), LOF: identifying density-based local outliers, "
            "[doi:10.1145/342009.335388](https://doi.org/10.1145/342009.335388)."
        )
