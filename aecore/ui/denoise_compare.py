"""The Compare tab of the Denoise page: networks against what people used before, on the same noisy test pictures."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from aecore.comparison_results import CURVE_LEVELS, Comparison, QualityCurve, ShippedComparison, from_json, read_shipped
from aecore.config_sections import NOISE_KINDS
from aecore.runs import Run
from aecore.ui import plotly_chart
from aecore.ui.denoise_networks import choose_networks, title
from aecore.ui.example_pictures import show_examples
from aecore.ui.measuring import Key, ask, results
from aecore.ui.settings_form import word

_IMAGES = (500, 1000, 2000, 5000, 10_000)
_CURVE_IMAGES = 500


@st.cache_data(show_spinner=False)
def _shipped() -> ShippedComparison | None:
    return read_shipped()


def show() -> None:
    """The whole tab."""
    st.markdown(
        "The same noisy test pictures through the networks, and through what people used before. Each classical method gets the "
        "settings that are best for this noise, found on validation pictures. Nobody is told anything but the noisy pixels."
    )
    runs = _on_the_same_data(choose_networks())
    if not runs:
        st.info("Choose a trained network above, or train one on the Train tab.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="compare_choices"):
        kind = st.selectbox("Noise", NOISE_KINDS, key="compare_noise", bind="query-params", width=200, format_func=word)
        level = st.slider(
            "Strength",
            0.05,
            1.0,
            0.5,
            0.05,
            key="compare_level",
            bind="query-params",
            width=240,
            help="Gaussian: the standard deviation σ, pixels from 0 to 1. The others: the share of pixels hit.",
        )
        most = runs[0].config.card.test
        images = min(500, most)
        if most > images:
            images = st.select_slider(
                "Test pictures",
                [count for count in _IMAGES if count <= most],
                500,
                key="compare_images",
                bind="query-params",
                width=200,
                help="More pictures make the mean more certain, and take longer.",
            )
    once = ("compare", _names(runs), kind, level, images)
    curve = ("curve", _names(runs), kind)
    _one_level(runs, once, kind, float(level), int(images))
    st.subheader("Quality against strength")
    _levels(runs, curve, kind)


def _one_level(runs: list[Run], key: Key, kind: str, level: float, images: int) -> None:
    arguments = {"kind": kind, "level": level, "images": images}
    text = results().get(key)
    comparison = from_json(Comparison, text) if text else None
    shipped = _shipped()
    if comparison is None and shipped is not None:
        comparison = _about(shipped.comparison(kind, level), runs)
    if comparison is None or comparison.images + comparison.untouched < images:
        ask(key, arguments | _networks(runs), f"Measure on {images:,} pictures")
    if comparison is not None:
        _report(comparison)


def _levels(runs: list[Run], key: Key, kind: str) -> None:
    arguments = {"kind": kind, "levels": list(CURVE_LEVELS), "images": _CURVE_IMAGES}
    text = results().get(key)
    curve = from_json(QualityCurve, text) if text else None
    shipped = _shipped()
    if curve is None and shipped is not None:
        found = shipped.curve(kind)
        points = [_about(point, runs) for point in found.points] if found is not None else []
        if found is not None and all(points):
            curve = replace(found, points=tuple(point for point in points if point is not None))
    if curve is None:
        st.caption(
            f"Everything at {len(CURVE_LEVELS)} strengths, each classical method tuned for each: this takes about a minute."
        )
        ask(key, arguments | _networks(runs), "Measure the curve")
        return
    from aecore.figures import quality_lines  # plotly takes a quarter of a second to import, and only this tab needs it

    metric = st.segmented_control(
        "Measure",
        ["psnr", "ssim"],
        default="psnr",
        key="curve_metric",
        required=True,
        format_func=str.upper,
        label_visibility="collapsed",
    )
    plotly_chart.chart(
        quality_lines(curve, "ssim" if metric == "ssim" else "psnr"),
        key="curve_chart",
        title=f"{str(metric).upper()} at each strength of the noise",
    )
    plotly_chart.offer_saving("curve_save")
    counts = sorted({point.images for point in curve.points})
    pictures = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    st.caption(f"Means over {pictures} test pictures at each strength; whiskers are standard errors of the mean.")


def _report(comparison: Comparison) -> None:
    from aecore.figures import quality_bars  # as above

    best = max(comparison.rows, key=lambda row: row.psnr.mean)
    classical = comparison.best_classical()
    against = (
        ""
        if best.kind != "network"
        else (
            f", **{best.psnr.mean - classical.psnr.mean:+.2f} dB** against the best classical method, {classical.title} "
            f"({classical.psnr.mean:.2f} dB)"
        )
    )
    st.markdown(f"Best here: **{best.title}** with **{best.psnr.mean:.2f} dB**{against}.")
    left, right = st.columns(2)
    for place, metric in ((left, "psnr"), (right, "ssim")):
        with place:
            plotly_chart.chart(
                quality_bars(comparison, "psnr" if metric == "psnr" else "ssim"),
                key=f"bars_{metric}",
                title=f"{metric.upper()} of each denoiser",
            )
    plotly_chart.offer_saving("bars_save")
    st.caption(
        f"Means over {comparison.images:,} test pictures that no network was trained on; whiskers are the standard deviation "
        "from picture to picture. PSNR: 10·log₁₀(1 / mean squared error). SSIM: structural similarity (Wang et al. 2004), 1 is "
        "the same picture."
    )
    if comparison.examples:
        show_examples(comparison)
    with st.expander("All numbers"):
        st.dataframe(
            [
                {
                    "Method": row.title,
                    "PSNR (dB)": round(row.psnr.mean, 2),
                    "± over pictures": round(row.psnr.deviation, 2),
                    "SSIM": round(row.ssim.mean, 3),
                    "± over pictures ": round(row.ssim.deviation, 3),
                    "Pictures": row.images,
                    "ms a picture": round(1000 * row.seconds / max(1, row.images), 3),
                    "Settings": row.parameters_in_words,
                    "Source": row.source,
                }
                for row in sorted(comparison.rows, key=lambda row: -row.psnr.mean)
            ],
            hide_index=True,
        )


def _networks(runs: list[Run]) -> dict[str, object]:
    return {"runs": [run.token for run in runs], "titles": [title(run) for run in runs]}


def _names(runs: list[Run]) -> tuple[tuple[str, int], ...]:
    """The networks as they are now: one that is trained on is another."""
    return tuple((run.token, run.model_path.stat().st_mtime_ns) for run in runs)


def _on_the_same_data(runs: list[Run]) -> list[Run]:
    same = [run for run in runs if run.config.data.name == runs[0].config.data.name]
    if len(same) < len(runs):
        st.caption(
            f"Left out: networks that were trained on other data than {runs[0].config.card.title}. They may have seen these "
            "test pictures."
        )
    return same


def _about(comparison: Comparison | None, runs: list[Run]) -> Comparison | None:
    """What a comparison with more networks says of these, or None where it does not know them all."""
    if comparison is None or comparison.data != runs[0].config.data.name:
        return None
    known = {row.name: row for row in comparison.networks}
    if any(run.token not in known for run in runs):
        return None
    # In the order of the choice, and under the names of this page: colours and titles are then the same on every tab.
    networks = [replace(known[run.token], title=title(run)) for run in runs]
    sizes = {0, *(row.numbers for row in networks)}  # PCA beside the code of a network that is not chosen is left out
    others = [row for row in comparison.rows if row.kind != "network" and row.numbers in sizes]
    return replace(comparison, rows=(*others, *networks))
