"""The Bottleneck tab of the Features page: how much of a picture comes through a code of so many numbers.

Minute by minute: the study that comes with the app is there at once. In the first chart a person follows one line from left to
right (more numbers, less error), then compares the lines: the linear network lies on PCA, the other one below it as long as the
code is small. At the right end, where the code has more numbers than the picture, the second chart tells who has learned to
copy. The third asks what it is worth as compression. Then they run it on other pictures, and see it grow point by point.
"""

from __future__ import annotations

import streamlit as st

from aecore.bottleneck_results import (
    ARMS,
    HIDDEN,
    KEPT,
    SIZES,
    SPARSE_FROM,
    Bottleneck,
    BottleneckPoint,
    check_amount,
    key_of,
    partial,
    pixels_of,
    shipped,
    sizes_for,
    usual_epochs,
    wanted,
)
from aecore.data.catalogue import PICTURES, card
from aecore.ui import plotly_chart
from aecore.ui.form_settings import Settings
from aecore.ui.measurement import Measurement

_SHIPPED, _YOURS = "From the app", "Run here"
_DATA = "digits"
_EPOCHS = usual_epochs(_DATA)
_SEED = 0
_FORM = Settings("study", {"study": _SHIPPED, "study_data": _DATA, "study_sizes": list(SIZES), "study_epochs": _EPOCHS})
_LANDED = 0.02
"""Share by which the errors of two may differ that are called the same."""
_CLEARLY = 2.0
_COMPARED = 32
"""Code size at which the lines are compared in words, or the nearest that there is."""


def show() -> None:
    """The whole tab."""
    st.markdown(
        "A code of fewer numbers than the picture has pixels is a **bottleneck**: the network is *undercomplete* and has to "
        "leave something out. A code of more numbers is *overcomplete*: nothing forces the network to find structure, unless "
        "something else does, such as sparsity. **PCA** is the best that any *linear* code can do."
    )
    _FORM.come_back()
    came = shipped()
    if came is None:
        st.session_state["study"] = _YOURS
    else:
        st.segmented_control(
            "Study",
            [_SHIPPED, _YOURS],
            default=_SHIPPED,
            key="study",
            bind="query-params",
            required=True,
            label_visibility="collapsed",
            help="From the app: a study that came with it. Run here: on pictures and sizes that you choose.",
        )
    if came is not None and st.session_state["study"] != _YOURS:
        _report(came)
    else:
        _here()
    _FORM.remember()


def _here() -> None:
    """A study of the person's own choice: its controls, its progress, and what has been measured so far."""
    with st.container(border=True, key="study_form"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            data = st.selectbox(
                "Pictures",
                list(PICTURES),
                key="study_data",
                bind="query-params",
                width=210,
                on_change=_follow_data,
                format_func=lambda name: PICTURES[name].title if name in PICTURES else name,
            )
            epochs = int(
                st.number_input(
                    "Epochs",
                    1,
                    200,
                    _EPOCHS,
                    key="study_epochs",
                    bind="query-params",
                    width=120,
                    help="How often each network goes through the training pictures. Twenty networks and more are trained.",
                )
            )
        sizes = st.pills(
            "Numbers in the code",
            sizes_for(data),
            selection_mode="multi",
            default=list(SIZES),
            key="study_sizes",
            bind="query-params",
            format_func=str,
        )
        if not PICTURES[data].bundled:
            st.caption(
                f"{PICTURES[data].title} is downloaded once, if this server does not have it. With {PICTURES[data].train:,} "
                "pictures "
                "each point takes a while."
            )
        if not sizes:
            st.caption("Choose at least one size.")
            return
        try:
            check_amount(data, epochs)
        except ValueError as error:
            st.error(str(error), icon=":material/error:")
            return
        arguments = {"data": data, "sizes": sorted(sizes), "epochs": epochs, "seed": _SEED}
        key = key_of(data, sizes, epochs, _SEED)
        measurement = Measurement(("bottleneck", key), arguments, long=True)
        found = partial(key)
        if measurement.job is None and (found is None or not found.complete):
            count = len(wanted(sizes, pixels_of(data)))
            st.caption(f"{count} points, one after the other. You can stop at any time: what is measured stays.")
            if found is not None and found.points:
                st.caption(f"It was stopped after {len(found.points)} of them. To run it again begins from the first.")
            measurement.button("Run it here")
        elif measurement.job is None:
            st.caption("All its points are measured. Choose something else to run another study.")
    if measurement.job is not None:
        measurement.follow(lambda: _so_far(key))
    elif found is not None:
        _report(found)


def _follow_data() -> None:
    """Other pictures come with as many epochs as they usually need."""
    data = st.session_state["study_data"]
    _FORM.fill({"study_epochs": usual_epochs(data), "study_sizes": list(sizes_for(data))})


def _so_far(key: str) -> None:
    found = partial(key)
    if found is None or not found.points:
        st.caption("The first point comes when the pictures are there.")
    else:
        _report(found)


def _report(study: Bottleneck) -> None:
    from aecore.features_figures import compression_lines, copying_lines, error_lines  # plotly takes a quarter of a second

    found = findings(study)
    if found:
        st.markdown("\n".join(f"- {sentence}" for sentence in found))
    left, right = st.columns(2)
    with left:
        st.markdown("**What is lost**  \nLower is better. Both axes grow by factors.")
        plotly_chart.chart(error_lines(study), key="study_error", title="Error against code size")
    with right:
        st.markdown(
            "**Who has learned to copy**  \nThe same error for pictures whose pixels were shuffled: nothing to understand there."
        )
        plotly_chart.chart(copying_lines(study), key="study_copying", title="Error on shuffled pictures")
    left, right = st.columns(2)
    with left:
        st.markdown("**As compression**  \nHigher is better: each number of the code stored in 8 bits.")
        plotly_chart.chart(compression_lines(study), key="study_bytes", title="PSNR against bytes per picture")
    plotly_chart.offer_saving("study_save")
    with right:
        st.markdown(
            "A code can be kept instead of the picture. **PSNR** counts in decibels what is lost: 10 dB more is a tenth of the "
            "squared error. Of a sparse code only the few numbers that are not 0 are kept, and which ones they are. The dotted "
            "line is the picture as it is, a byte a pixel."
        )
        with st.expander("All numbers"):
            _table(study)
    networks = (
        f"The autoencoder has a hidden layer of {HIDDEN} units before and after its code. From {SPARSE_FROM} numbers on that "
        "layer would itself be the bottleneck: there it has none, and its line begins anew. The sparse one is like it, but keeps "
        f"only the {KEPT} largest numbers of each code. "
    )
    st.caption(
        (networks if any(point.size >= SPARSE_FROM for point in study.points) else "")
        + f"{card(study.data).title}: {study.train_images:,} training pictures of {study.pixels:,} pixels, "
        f"{study.epochs} epoch{'s' if study.epochs > 1 else ''} for each network; "
        f"measured on {study.test_images:,} test pictures."
    )


def findings(study: Bottleneck) -> list[str]:
    """What a study shows, in sentences; only what was measured."""
    by_arm = {arm: {point.size: point for point in study.of(arm)} for arm in ARMS}
    pca, network, linear, sparse = (by_arm[arm] for arm in ("pca", "autoencoder", "linear", "sparse"))
    found = []
    shared = [size for size in network if size in pca]
    if shared:
        size = min(shared, key=lambda size: abs(size - _COMPARED))
        found.append(f"With **{size} numbers**: {_against(network[size], pca[size])}.")
    apart = [abs(linear[size].mse / pca[size].mse - 1) for size in linear if size in pca and pca[size].mse > 0]
    if apart and max(apart) <= _LANDED:
        found.append(
            f"The linear autoencoder lands on PCA: their errors differ by {100 * max(apart):.1f} % at most. Nobody told it to."
        )
    elif apart:
        found.append(
            f"The linear autoencoder has not reached PCA yet: their errors differ by up to {100 * max(apart):.0f} %. More epochs "
            "bring it there; it cannot do better."
        )
    beyond = [size for size in network if size > study.pixels and size in sparse]
    if beyond:
        free, held = network[beyond[-1]], sparse[beyond[-1]]
        found.append(
            f"With **{beyond[-1]:,} numbers**, more than pixels: on shuffled pictures the unconstrained network's error is "
            f"{free.noise_mse:.4f}, the sparse one's {held.noise_mse:.4f}. " + _copying(free, held)
        )
    return found


def _copying(free: BottleneckPoint, held: BottleneckPoint) -> str:
    """Who copies, in a sentence. Of a copier the error hardly depends on what it is given."""
    if held.noise_mse <= _CLEARLY * free.noise_mse:
        return "Neither is clearly better at copying here."
    own = free.noise_mse / free.mse if free.mse > 0 else 1.0
    if own <= _CLEARLY:
        return "The first copies whatever it is given; the second draws only what it has learned."
    return (
        f"The first copies what it never saw {held.noise_mse / free.noise_mse:.0f} times as well as the second, though {own:.0f} "
        "times worse than real pictures: it has learned to copy in part."
    )


def _against(network: BottleneckPoint, pca: BottleneckPoint) -> str:
    words = f"the autoencoder's error is {network.mse:.4f} a pixel, PCA's {pca.mse:.4f}"
    if network.mse < pca.mse:
        return f"{words} ({pca.mse / network.mse:.1f} times as much)"
    return f"{words}: the network has not learned enough to beat it (more epochs help, or more pictures)"


def _table(study: Bottleneck) -> None:
    st.dataframe(
        [
            {
                "Arm": title,
                "Numbers": point.size,
                "Squared error": round(point.mse, 5),
                "…shuffled": round(point.noise_mse, 5),
                "Bytes": round(point.bytes_per_image, 1),
                "PSNR (dB)": round(point.psnr, 2),
            }
            for arm, title in ARMS.items()
            for point in study.of(arm)
        ],
        hide_index=True,
    )
