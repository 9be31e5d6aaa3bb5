"""The Use tab of the Features page: what the features of a run are worth, where only few pictures have a label.

Minute by minute: the measurement that comes with the app is there at once. A person reads off the chart what ten labels, or a
hundred, are worth on features, on raw pixels and on PCA; then which digits are taken for which. Then they choose their own
network and press Measure, or train one that never saw some of the classes and measure it on these: features that were learned
from other pictures, as in self-taught learning. The maps below show why it works: in the features, classes lie closer together.
"""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from aecore.config import RunConfig
from aecore.data.catalogue import PICTURES, Card
from aecore.feature_maps_results import METHODS, FeatureMaps
from aecore.probe_results import LABELS, REPRESENTATIONS, Probe, kept
from aecore.runs import ACTIVE, Run
from aecore.ui import plotly_chart, run_panel
from aecore.ui.feature_maps import feature_maps
from aecore.ui.features_runs import USED
from aecore.ui.features_sparsity import choose_data, configured
from aecore.ui.form_settings import Settings
from aecore.ui.layer_curves import layer_curves
from aecore.ui.measurement import Measurement, jobs
from aecore.ui.run_start import settings_link, start, train_button
from aecore.ui.server import person

_DRAWS, _MOST_DRAWS = 10, 50
_CASES = {"unseen": "Classes it never saw", "all": "All classes"}
_PRESET = "sparse-kl"
_UNITS = 200
_FORM = Settings("use", {"use_data": "digits", "use_classes": [5, 6, 7, 8, 9], "use_epochs": 60})


def show(train_page: str) -> None:
    """The whole tab. `train_page` is where more can be set."""
    st.markdown(
        "The features were learned **without labels**. A linear classifier (logistic regression) is now given a few labelled "
        "pictures: seen through the features, as raw pixels, or as principal components. How many does it get "
        "right that it never saw?"
    )
    run = USED.choose()
    with st.expander("Train one that never sees some of the classes", icon=":material/play_arrow:"):
        _train(train_page)
    run_panel.show_problem()
    if run is None:
        st.info("There is no trained network here yet: train one above.", icon=":material/model_training:")
        return
    config = run.config
    if run.status.state in ACTIVE:
        with st.container(horizontal=True, vertical_alignment="center", key="use_toolbar"):
            if run.about.owner == person():
                run_panel.buttons(run)
        layer_curves(run, name=run_panel.name_of(run), key="use_curves")
        st.info("Its features can be measured as soon as the training is over.", icon=":material/hourglass_top:")
        return
    if run.newest_weights != run.model_path or not run.model_path.is_file():
        broke_off = "This run broke off before its weights were saved: resume it on the page Train, then they can be measured."
        none = "This run has no weights, so there is nothing to measure: choose another one, or train it again."
        st.info(broke_off if run.resume_path.is_file() else none)
        return
    if config.schedule.classifier_epochs:
        st.info(
            "The last epochs of this run were trained with the labels of all its training pictures. So its features are not "
            "without labels, and with few of them it does better than is fair: compare with a run that saw none.",
            icon=":material/label:",
        )
    _accuracy(run, config)
    _maps(run)


# --- the classifier -------------------------------------------------------------------------------------------------------


def _accuracy(run: Run, config: RunConfig) -> None:
    case, classes = _case(config)
    if len(classes) < 2:
        st.info("There is only one class here that this run never saw, so there is nothing to tell apart: choose all classes.")
        return
    measurement = Measurement(("probe", run.token, case, _stamp(run)), _arguments(run, config, case, len(classes)))
    probe = _kept(str(run.folder), _probe_stamp(run), run).get(case)
    if probe is None and measurement.text is not None:
        probe = Probe.from_json(measurement.text)
    if measurement.job is not None:
        measurement.follow()
    elif probe is None:
        st.caption("Not measured yet.")
        _offer(run, measurement, config)
    if probe is not None:
        _report(probe, config)
        if measurement.job is None and run.about.owner == person():
            with st.expander("Measure it again, with more or fewer draws", icon=":material/straighten:"):
                _offer(run, measurement, config)


def _case(config: RunConfig) -> tuple[str, tuple[int, ...]]:
    """Which classes are told apart: a choice for a run that has not seen all of them."""
    all_classes = tuple(range(len(config.card.classes)))
    seen = config.data.classes
    if seen is None:
        return "all", all_classes
    case = st.segmented_control(
        "Tell apart",
        list(_CASES),
        default="unseen",
        key="use_case",
        bind="query-params",
        required=True,
        format_func=lambda name: _CASES.get(name, name),
    )
    if case == "all":
        return "all", all_classes
    return "unseen", tuple(each for each in all_classes if each not in seen)


def _arguments(run: Run, config: RunConfig, case: str, classes: int) -> dict[str, object]:
    most = config.card.train * classes // len(config.card.classes)
    labels = [count for count in LABELS if count == 0 or classes <= count < most]
    return {"run": run.token, "case": case, "labels": labels}


def _offer(run: Run, measurement: Measurement, config: RunConfig) -> None:
    if run.about.owner and run.about.owner != person():
        st.info("This has not been measured. Only who made this run can measure it.", icon=":material/lock:")
        return
    draws = st.number_input(
        "Draws",
        1,
        _MOST_DRAWS,
        _DRAWS,
        key="use_draws",
        bind="query-params",
        width=120,
        help="How often the labelled pictures are drawn anew, for each number of labels. More show better how much is chance.",
    )
    st.caption(
        "With ten draws the digits take about a minute, 60,000 pictures several. You can stop at any time, and look around "
        "meanwhile."
    )
    if not config.card.bundled:
        st.caption(f"{config.card.title} is downloaded first, if this server does not have it.")
    replace(measurement, arguments={**measurement.arguments, "draws": int(draws)}).button("Measure")


def _stamp(run: Run) -> int:
    try:
        return run.model_path.stat().st_mtime_ns
    except OSError:
        return 0


def _probe_stamp(run: Run) -> tuple[int, int]:
    try:
        return _stamp(run), (run.folder / "probe.json").stat().st_mtime_ns
    except OSError:
        return _stamp(run), 0


@st.cache_data(show_spinner=False, max_entries=64)
def _kept(folder: str, stamp: tuple[int, int], _run: Run) -> dict[str, Probe]:
    """What the run keeps: read again, and held against its weights, when one of the files has changed."""
    return kept(_run)


def _report(probe: Probe, config: RunConfig) -> None:
    from aecore.features_figures import accuracy_lines, confusion_map  # plotly takes a quarter of a second to import

    card = config.card
    names = dict(enumerate(card.classes))
    found = findings(probe)
    if found:
        st.markdown("\n".join(f"- {sentence}" for sentence in found))
    left, right = st.columns(2)
    with left:
        st.markdown("**Accuracy against labels**  \nWhiskers: ± one standard deviation over the draws of the labelled pictures.")
        plotly_chart.chart(accuracy_lines(probe), key="use_accuracy", title="Accuracy against labels")
    with right:
        st.markdown("**What is taken for what**, with all labels")
        by = st.segmented_control(
            "Seen as",
            list(REPRESENTATIONS),
            default="features",
            key="use_by",
            bind="query-params",
            required=True,
            label_visibility="collapsed",
            format_func=lambda name: REPRESENTATIONS.get(name, name),
        )
        seen = REPRESENTATIONS.get(by or "features", "")
        plotly_chart.chart(confusion_map(probe, by or "features", names), key="use_confusion", title=f"Confusion matrix: {seen}")
    plotly_chart.offer_saving("use_save")
    st.dataframe(_rows(probe), hide_index=True)
    kinds = "classes that it never saw" if probe.case == "unseen" else "all classes"
    st.caption(
        f"{card.title}, {kinds} ({', '.join(names[each] for each in probe.classes)}): measured on {probe.test_images:,} test "
        f"pictures. Mean ± standard deviation over {probe.draws} draws, the same for all three; all labels: one. PCA has "
        f"{min(probe.code_size, config.plan.input_size, config.train_size):,} components, as the code has {probe.code_size:,} "
        "numbers."
    )


def findings(probe: Probe) -> list[str]:
    """What the measurement shows, in sentences."""
    found = []
    few = next((point for point in probe.points if point.labels == 100), None)
    full = next((point for point in probe.points if point.labels == 0), None)
    for words, point in (("**100 labels**", few), ("**all labels**", full)):
        if point is not None:
            gain = 100 * (point.features.mean - point.pixels.mean)
            how = f"{abs(gain):.1f} points {'more' if gain >= 0 else 'fewer'} than"
            found.append(
                f"With {words} the features are right for {point.features.mean:.1%}, {how} raw pixels ({point.pixels.mean:.1%}); "
                f"PCA for {point.pca.mean:.1%}."
            )
    return found


def _rows(probe: Probe) -> list[dict[str, str]]:
    return [
        {"Labels": f"{point.labels:,}" if point.labels else f"all {probe.train_images:,}"}
        | {
            title: f"{spread.mean:.1%}" + (f" ± {100 * spread.deviation:.1f}" if len(spread.values) > 1 else "")
            for name, title in REPRESENTATIONS.items()
            for spread in (point.of(name),)
        }
        for point in probe.points
    ]


# --- the maps -------------------------------------------------------------------------------------------------------------


def _maps(run: Run) -> None:
    st.subheader("Two maps of the same pictures")
    method = st.segmented_control(
        "Map",
        list(METHODS),
        default="pca",
        key="use_map",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
        format_func=lambda name: METHODS.get(name, name),
        help="PCA: the two directions in which the pictures differ most. t-SNE: neighbours stay together, distances mean little.",
    )
    key = ("maps", run.token, _stamp(run), method)
    measurement = Measurement(key, {"run": run.token, "method": method}, quick=True)
    text = measurement.text
    if text is not None:
        feature_maps(FeatureMaps.from_json(text), run, key="use_maps")
    elif measurement.job is not None:
        measurement.follow()
    else:
        last = jobs().get(key)
        if (last is None or last.state == "done") and measurement.start():
            st.rerun()
        measurement.button("Draw the maps")


# --- training one that does not see all classes ---------------------------------------------------------------------------


def _train(train_page: str) -> None:
    _FORM.come_back()
    st.markdown(
        "**Self-taught learning**: features from pictures of some classes, a classifier for the others. What was learned from "
        "the digits 5 to 9 helps with 0 to 4: they are made of the same strokes."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        data = choose_data("use_data")
        epochs = st.number_input("Epochs", 1, 500, 60, key="use_epochs", bind="query-params", width=120)
        classes = _choose_classes(PICTURES[data])
    config = None
    if not classes:
        st.caption("Choose the classes to learn from.")
    elif len(PICTURES[data].classes) - len(classes) < 2:
        st.error("Leave at least two classes out: there is nothing to tell apart otherwise.", icon=":material/error:")
    else:
        wanted: dict[str, object] = {"data.name": data, "data.classes": sorted(classes), "code.size": _UNITS, "epochs": epochs}
        config = configured(_PRESET, wanted)
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = train_button("use_train", config)
        if config is not None:
            settings_link(config, _PRESET, train_page)
            st.caption(f"{_UNITS} sparse units, {config.train_size:,} pictures an epoch.")
    _FORM.remember()
    if pressed and config is not None:
        start(USED, config, _PRESET)


def _choose_classes(card: Card) -> list[int]:
    count = len(card.classes)
    return list(
        st.multiselect(
            "Learn from the classes",
            list(range(count)),
            [each for each in range(count) if each >= count // 2],
            key="use_classes",
            bind="query-params",
            width=330,
            format_func=lambda each: card.classes[each] if isinstance(each, int) and each < count else str(each),
        )
    )
