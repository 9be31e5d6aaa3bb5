"""The Numbers of a code space: what is measured with all test pictures, for one run."""

from __future__ import annotations

import streamlit as st

from aecore import latent_numbers
from aecore.full_disk import touch
from aecore.latent_numbers import ACTIVE_VARIANCE, LatentNumbers
from aecore.runs import ACTIVE, Run, find_run
from aecore.ui import plotly_chart
from aecore.ui.measuring import ask, results
from aecore.ui.ticking import tick

_SAMPLES = (1, 10, 50, 100, 500, 1000, 5000)
_IMAGES = (100, 250, 500, 1000, 2000, 5000, 10_000)
_EVERY = 1.5  # seconds between two looks at a run in training


def show(run: Run) -> None:
    """The whole tab."""
    active = run.status.state in ACTIVE
    path = run.newest_weights
    if active:
        _follow(run.token, path is not None)
    if path is None:
        st.info("This run has no weights yet: its numbers can be measured as soon as there are some.")
        return
    gaussian = run.config.code.kind == "gaussian"
    samples, images = _choices(run) if gaussian else (1, 1)
    # In training the weights change all the time: what is shown is what was measured last, and says after which step.
    key = ("latent_numbers", run.token, "" if active else path.stat().st_mtime_ns, samples, images)
    text = results().get(key)
    found = latent_numbers.from_json(text) if text else None
    kept = latent_numbers.kept(run) if found is None else None
    shown = found or kept
    wanted = found is not None or (kept is not None and _answers(kept, samples, images, gaussian))
    if active or not wanted:
        label = (
            "Measure"
            if shown is None
            else "Measure again"
            if wanted
            else f"Measure with {samples:,} samples, {images:,} pictures"
        )
        ask(key, {"run": run.token, "samples": samples, "bound_images": images}, label, lambda text: _keep(run.token, text))
    if shown is not None:
        _report(run, shown)
    _formulas(gaussian)


@st.fragment
def _follow(token: str, has_weights: bool) -> None:
    """Ask for the weights of this moment, and show the page anew when the first are there or the training is over."""
    run = find_run(token)
    if run is None or run.status.state not in ACTIVE or (run.newest_weights is not None) != has_weights:
        st.rerun()
    touch(run.watched_path)
    tick(_EVERY, key="latent_numbers_tick")


def _choices(run: Run) -> tuple[int, int]:
    most = run.config.card.test
    with st.container(horizontal=True, vertical_alignment="bottom", key="latent_choices"):
        samples = st.select_slider(
            "Samples K for each picture",
            _SAMPLES,
            100,
            key="bound_samples",
            bind="query-params",
            width=260,
            help="For the log-likelihood. More samples make its lower bound tighter, and take longer.",
        )
        images = st.select_slider(
            "Pictures for the likelihood",
            [count for count in _IMAGES if count <= most],
            min(500, most),
            key="bound_images",
            bind="query-params",
            width=260,
            help="More pictures make its mean more certain, and take longer. Everything else is measured on all test pictures.",
        )
    return int(samples), int(images)


def _answers(kept: LatentNumbers, samples: int, images: int, gaussian: bool) -> bool:
    """Whether what is kept says at least as much as what is asked for."""
    if not gaussian:
        return True
    return kept.bound_images >= images and bool(kept.bounds) and kept.bounds[-1].samples >= samples


def _keep(token: str, text: str) -> None:
    """In the folder of a run that somebody made here and that is over; what came with the app stays as it came."""
    run = find_run(token)
    if run is not None and run.about.owner and run.status.state not in ACTIVE:
        latent_numbers.keep(run, latent_numbers.from_json(text))


def _report(run: Run, numbers: LatentNumbers) -> None:
    active = sum(numbers.active)
    size = len(numbers.active)
    unit = run.config.objective.unit
    with st.container(horizontal=True, key="latent_metrics"):
        if numbers.bounds:
            best = numbers.bounds[-1]
            st.metric(
                f"log p(x), K = {best.samples:,}",
                f"{best.mean:.2f} ± {best.error:.2f}".replace("-", "−"),
                help=f"Importance-weighted bound of the log-likelihood in nats, {best.samples:,} samples for each of "
                f"{numbers.bound_images:,} test pictures; ± is the standard error of the mean over these pictures.",
                border=True,
                width="content",
            )
        if numbers.neg_elbo is not None and numbers.reconstruction is not None and numbers.kl is not None:
            _metric("−ELBO", numbers.neg_elbo, "Reconstruction + KL: an upper bound of −log p(x). β is not applied.")
            _metric("Reconstruction", numbers.reconstruction, f"Summed over pixels ({unit}), one sampled code for each picture.")
            _metric("KL", sum(numbers.kl), "Summed over the numbers of the code, nats.")
        else:
            st.metric("Squared error per pixel", f"{numbers.mse:.4f}", help="Pixels from 0 to 1.", border=True, width="content")
        st.metric(
            "Active units",
            f"{active} of {size}",
            help=f"Numbers of the code whose mean varies over the test pictures by more than {ACTIVE_VARIANCE} (variance; Burda "
            "et al. 2016). The others are collapsed: they are the same for every picture.",
            border=True,
            width="content",
        )
    likelihood = (
        f" The likelihood: {numbers.bounds[-1].samples:,} samples for each of {numbers.bound_images:,} of them."
        if numbers.bounds
        else ""
    )
    st.caption(
        f"Measured on {numbers.images:,} test pictures of {run.config.card.title} that training never saw, without noise, after "
        f"step {numbers.step:,}.{likelihood} Sums over pixels and code numbers, means over pictures."
    )
    _charts(numbers)
    with st.expander("All numbers"):
        _table(numbers)


def _metric(title: str, value: float, explanation: str) -> None:
    st.metric(title, f"{value:.2f}", help=explanation, border=True, width="content")


def _charts(numbers: LatentNumbers) -> None:
    from aecore.latent_figures import bound_line, use_bars  # plotly takes a quarter of a second to import

    left, right = st.columns(2) if numbers.bounds else (st.container(), None)
    with left:
        st.markdown("**How much each number of the code is used**")
        plotly_chart.chart(use_bars(numbers), key="use_bars", title="How much each number of the code is used")
    if right is not None:
        with right:
            st.markdown("**The bound gets tighter with more samples**")
            plotly_chart.chart(bound_line(numbers), key="bound_line", title="The bound against the number of samples")
    plotly_chart.offer_saving("numbers_save")


def _table(numbers: LatentNumbers) -> None:
    rows = [
        {
            "Number": f"z{k + 1}",
            **({} if numbers.kl is None else {"KL (nats)": round(numbers.kl[k], 4)}),
            "Variance of the mean": round(variance, 5),
            "Active": "yes" if numbers.active[k] else "no: collapsed",
        }
        for k, variance in enumerate(numbers.variance)
    ]
    st.dataframe(rows, hide_index=True)
    if numbers.bounds:
        bounds = [
            {
                "Samples K": bound.samples,
                "Bound of log p(x) (nats)": round(bound.mean, 3),
                "Standard error": round(bound.error, 3),
            }
            for bound in numbers.bounds
        ]
        st.dataframe(bounds, hide_index=True)


def _formulas(gaussian: bool) -> None:
    with st.expander("In formulas"):
        if not gaussian:
            st.markdown(
                "This autoencoder's code is a point, not a distribution, and it has no prior. So there is no KL divergence, no "
                "ELBO and no likelihood: nothing says how probable a picture is. What can be measured is how well pictures come "
                "back, and how much each number of the code varies over them."
            )
        else:
            st.latex(r"-\mathrm{ELBO} = \mathbb{E}_{q(z \mid x)}[-\log p(x \mid z)] + \mathrm{KL}(q(z \mid x) \,\|\, p(z))")
            st.latex(r"\mathrm{KL}_k = \tfrac{1}{2}\left(\mu_k^2 + \sigma_k^2 - 1 - \log \sigma_k^2\right)")
            st.latex(
                r"\log p(x) \;\ge\; \mathbb{E}\left[\log \frac{1}{K} \sum_{k=1}^{K} \frac{p(x, z_k)}{q(z_k \mid x)}\right], "
                r"\quad z_k \sim q(z \mid x)"
            )
            st.markdown(
                r"The last bound rises with $K$ towards $\log p(x)$; with $K = 1$ it is the ELBO. Pixels are grey, and the "
                "cross-entropy reads them as probabilities, so these nats compare networks trained on the same data here, not "
                "with published results on black-and-white pixels. For squared error the constant of the Gaussian is left out."
            )
        st.latex(r"A_k = \mathrm{Var}_x\!\left(\mathbb{E}_{q(z \mid x)}[z_k]\right) > 0.01 \;\Rightarrow\; \text{active}")
        st.caption(
            "D. P. Kingma and M. Welling (2014), Auto-encoding variational Bayes, "
            "[arXiv:1312.6114](https://arxiv.org/abs/1312.6114). "
            "Y. Burda, R. Grosse and R. Salakhutdinov (2016), Importance weighted autoencoders, "
            "[arXiv:1509.00519](https://arxiv.org/abs/1509.00519)."
        )
