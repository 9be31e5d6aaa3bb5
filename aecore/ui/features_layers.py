"""The Layer by layer tab of the Features page: a deep network trained greedily, beside the same one trained all at once.

Minute by minute: the stacked network that comes with the app is there at once, stage after stage from left to right: what learns
and what is frozen, and how its loss falls. Below, what each layer's units respond to; then what fine-tuning and labels brought,
in numbers and in pictures. Then a person trains one: they watch the first layer learn alone, freeze, the second take its turn.
At the end they see whether it was worth it, against the same network trained all at once for as many epochs.
"""

from __future__ import annotations

import re

import streamlit as st

from aecore.config import RunConfig
from aecore.runs import ACTIVE, Run, runs_of, shipped
from aecore.stage_numbers import StageNumbers, stage_numbers
from aecore.stages import Stage
from aecore.ui import lesson, run_panel
from aecore.ui.features_frames import stage_pictures
from aecore.ui.features_runs import STACKS
from aecore.ui.features_sparsity import choose_data, choose_layer, configured, described, target_of, use_button
from aecore.ui.features_units import features_units
from aecore.ui.form_settings import Settings
from aecore.ui.layer_curves import layer_curves
from aecore.ui.run_choice import config_of
from aecore.ui.run_start import settings_link, start, train_button
from aecore.ui.server import person

_GREEDY, _JOINT = "Layer by layer", "All at once"
_MOST_EPOCHS = 500
_LOOKED_AT = 40  # newest runs of a person among which the twin is looked for
_FORM = Settings(
    "stack",
    {
        "stack_data": "digits",
        "stack_layers": "200-200",
        "stack_noise": 0.0,
        "stack_sparse": True,
        "stack_rho": 0.1,
        "stack_layer_epochs": 20,
        "stack_epochs": 20,
        "stack_labels": 20,
        "stack_joint": True,
    },
)


def show(train_page: str) -> None:
    """The whole tab. `train_page` is where more can be set."""
    st.markdown(
        "**Greedy, layer by layer**: the first layer is trained as an autoencoder of its own and then frozen; the next one "
        "learns on its answers, and so on. In the end all layers are **fine-tuned** together, and perhaps once more with labels."
    )
    run = STACKS.choose()
    with st.expander("Train one", icon=":material/play_arrow:"):
        _train(train_page)
    run_panel.show_problem()
    if run is None:
        st.info("No network was trained layer by layer yet: train one above.", icon=":material/model_training:")
        return
    config = run.config
    twin = _twin(config)
    st.caption(described(run, config))
    with st.container(horizontal=True, vertical_alignment="center", key="stack_toolbar"):
        if run.about.owner == person():
            also = twin if twin is not None and twin.about.owner == person() else None
            run_panel.buttons(run, also)
        use_button(run)
        lesson.page_link(train_page, label="See its pictures", icon=":material/model_training:", query_params={"run": run.token})
        if twin is None and st.button(
            "Train it all at once too",
            icon=":material/compare_arrows:",
            key="stack_twin",
            help="The same network from the same first weights, all layers together from the beginning, for as many epochs "
            "(500 at most).",
        ):
            start(STACKS, all_at_once(config), "stacked", shown=run)
    others = [] if twin is None else [(twin, "all at once")]
    layer_curves(run, others, name="layer by layer", key="stack_curves")
    _numbers(run, config, twin)
    st.subheader("What its units respond to")
    depth = choose_layer(config, 1, "stack_layer")
    features_units(run, depth=depth, target=target_of(config, depth), key="stack_features")


def all_at_once(config: RunConfig) -> RunConfig:
    """The same network trained jointly for as many epochs, 500 at most; one and the same for all ways of dividing them."""
    usual = RunConfig().schedule
    return config.with_settings(
        {
            "schedule.kind": "joint",
            "schedule.layer_epochs": usual.layer_epochs,
            "epochs": min(_MOST_EPOCHS, _without_labels(config)),
        }
    )


def _without_labels(config: RunConfig) -> int:
    """Epochs of all stages but those of a classifier."""
    return config.total_epochs - 2 * config.schedule.classifier_epochs


def _twin(config: RunConfig) -> Run | None:
    """The same network trained all at once: of the one who looks, or of the app; the best that there is.

    Not of the person whose run it is: a link to one run shows no other of them.
    """
    wanted = all_at_once(config)
    near = [*runs_of(person())[:_LOOKED_AT], *shipped()]
    twins = [other for other in near if config_of(other) == wanted]
    return next((other for other in twins if other.status.state in (*ACTIVE, "finished")), twins[0] if twins else None)


# --- what each stage brought ----------------------------------------------------------------------------------------------


def _numbers(run: Run, config: RunConfig, twin: Run | None) -> None:
    rows = [(_GREEDY, stage, numbers.test) for stage, numbers in _ended(run, config)]
    if twin is not None:
        rows += [(_JOINT, stage, numbers.test) for stage, numbers in _ended(twin, twin.config)]
    if not rows:
        st.caption("The test numbers come with the end of the first stage.")
        return
    st.subheader("What each stage brought")
    found = findings(rows, (_without_labels(config), 0 if twin is None else _without_labels(twin.config)))
    if found:
        st.markdown("\n".join(f"- {sentence}" for sentence in found))
    left, right = st.columns(2)
    with left:
        st.dataframe(
            [
                {
                    "After": stage.title if name == _GREEDY else f"{name}: {stage.title}",
                    "Error": f"{test['mse']:.5f}" if "mse" in test else "",
                    "Accuracy": f"{test['accuracy']:.2%}" if "accuracy" in test else "",
                }
                for name, stage, test in rows
            ],
            hide_index=True,
        )
        last = run.status
        images = f"{last.test_images:,} " if last.test_images else ""
        noise = f", with noise ({config.corruption.words}) on what it is given" if config.corruption.kind != "none" else ""
        st.caption(
            f"On {images}test pictures of {config.card.title}: squared error per pixel, of the network as far as it had grown"
            f"{noise}."
            + (
                " Training with labels changes the encoder only; the decoder does not follow, so its pictures become worse."
                if any(stage.kind == "labels" for _, stage, _ in rows)
                else ""
            )
        )
    with right:
        pictures = [(_row_name(stage), run, stage) for stage in config.stages if stage.kind in ("layer", "whole")]
        if twin is not None:
            pictures += [(_JOINT, twin, stage) for stage in twin.config.stages if stage.kind == "whole"]
        if stage_pictures(pictures):
            st.caption("The same pictures, which were never trained on, at the end of each stage.")


def _row_name(stage: Stage) -> str:
    return "Fine-tuned" if stage.kind == "whole" else f"With layer {stage.depth}"


def _ended(run: Run, config: RunConfig) -> list[tuple[Stage, StageNumbers]]:
    """The stages that have ended, with their test numbers; a run of one stage keeps them in its status."""
    by_name = {stage.name: stage for stage in config.stages}
    if len(by_name) == 1:
        test = run.status.test
        return [] if test is None else [(config.stages[0], StageNumbers("whole", config.total_steps, test))]
    return [(by_name[numbers.name], numbers) for numbers in stage_numbers(run) if numbers.name in by_name]


def findings(rows: list[tuple[str, Stage, dict[str, float]]], epochs: tuple[int, int] = (0, 0)) -> list[str]:
    """What fine-tuning and labels brought, in sentences; only what was measured. rows: training, stage, test numbers.

    epochs: of all layers layer by layer, and all at once; the words say so where they differ.
    """
    mine = {stage.name: test for name, stage, test in rows if name == _GREEDY}
    joint = {stage.name: test for name, stage, test in rows if name == _JOINT}
    layers = [name for name in mine if name.startswith("layer_")]
    found = []
    if "whole" in mine and layers:
        before, after = mine[layers[-1]]["mse"], mine["whole"]["mse"]
        words = f"**Fine-tuning** brought the error from {before:.4f} to {after:.4f} a pixel."
        if "whole" in joint:
            once = joint["whole"]["mse"]
            which = "lower" if after < once else "higher" if after > once else "the same"
            many = "as many epochs" if epochs[0] == epochs[1] else f"{epochs[1]} epochs instead of {epochs[0]}"
            words += f" The same network all at once, for {many}: {once:.4f}. Layer by layer is {which} here."
        found.append(words)
    if "softmax" in mine and "labels" in mine:
        before, after = mine["softmax"]["accuracy"], mine["labels"]["accuracy"]
        words = (
            f"**Labels**: a softmax on the frozen code is right for {before:.1%}; with the encoder trained too, for {after:.1%}."
        )
        if "labels" in joint:
            words += f" All at once and then the same: {joint['labels']['accuracy']:.1%}."
        found.append(words)
    return found


# --- training one ---------------------------------------------------------------------------------------------------------


def _train(train_page: str) -> None:
    _FORM.come_back()
    base, config = _settings()
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = train_button("stack_train", config)
        if config is not None:
            settings_link(config, base, train_page)
            st.caption(_amount(config))
    _FORM.remember()
    if pressed and config is not None:
        beside = all_at_once(config) if st.session_state["stack_joint"] else None
        start(STACKS, config, base, beside)


def _amount(config: RunConfig) -> str:
    stages = " → ".join(f"{stage.title} {stage.steps // config.steps_per_epoch}" for stage in config.stages)
    return f"Epochs: {stages}. {config.plan.parameters:,} parameters."


def _settings() -> tuple[str, RunConfig | None]:
    """The controls: the preset that they start from, and the configuration, or None where it cannot be."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        data = choose_data("stack_data")
        layers = st.text_input(
            "Layers",
            "200-200",
            max_chars=60,
            key="stack_layers",
            bind="query-params",
            width=170,
            help="Units of each layer from the picture on; the last is the code.",
        )
        noise = st.slider(
            "Noise",
            0.0,
            0.8,
            0.0,
            0.05,
            key="stack_noise",
            bind="query-params",
            width=170,
            help="Share of what a layer is given that is turned to 0, and that it has to restore (stacked denoising). 0: none.",
        )
        sparse = st.toggle("Sparse", value=True, key="stack_sparse", bind="query-params")
        rho = 0.1
        if sparse:
            rho = st.slider("ρ", 0.01, 0.5, 0.1, 0.01, key="stack_rho", bind="query-params", width=150)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        each = st.number_input("Epochs a layer", 1, 500, 20, key="stack_layer_epochs", bind="query-params", width=140)
        fine = st.number_input("Epochs of fine-tuning", 1, 500, 20, key="stack_epochs", bind="query-params", width=170)
        labels = st.number_input(
            "Epochs with labels",
            0,
            500,
            20,
            key="stack_labels",
            bind="query-params",
            width=160,
            help="So many of a softmax on the frozen code, and as many of it and the encoder together. 0: no labels.",
        )
        st.toggle(
            "Also all at once",
            value=True,
            key="stack_joint",
            bind="query-params",
            help="Trains the same network a second time, all layers together from the beginning, for as many epochs.",
        )
    base = "stacked-denoising" if noise else "stacked"
    sizes = [part for part in re.split(r"[\s,;x-]+", layers.strip()) if part]
    if not sizes or not all(part.isdigit() for part in sizes):
        st.error("Write the layers as numbers of units, such as 200-200.", icon=":material/error:")
        return base, None
    wanted: dict[str, object] = {
        "data.name": data,
        "architecture.hidden": sizes[:-1],
        "code.size": sizes[-1],
        "corruption.kind": "masking" if noise else "none",
        "objective.sparsity": "kl" if sparse else "none",
        "objective.sparsity_target": rho,
        "schedule.layer_epochs": each,
        "schedule.classifier_epochs": labels,
        "epochs": fine,
    }
    if noise:
        wanted["corruption.level"] = noise
    return base, configured(base, wanted)
