"""Train: choose data and a network, train it, and watch it learn."""

from pathlib import Path

import streamlit as st

from aecore.config import RunConfig
from aecore.ui import address, lesson, run_panel, settings_panel, start_banner
from aecore.ui.architecture_drawing import show_architecture
from aecore.ui.experiment_state import opened, remember
from aecore.ui.presets_menu import UNFIT, choose_preset
from aecore.ui.run_choice import pictures_of
from aecore.ui.settings_data import choose_data


def _epochs(config: RunConfig) -> str:
    """How long training is, stage by stage where it has some."""

    def words(count: int) -> str:
        return f"{count} epoch{'s' if count > 1 else ''}"

    if len(config.stages) == 1:
        return words(config.epochs)
    each = [f"{stage.title}: {stage.steps // config.steps_per_epoch}" for stage in config.stages]
    return f"{words(config.total_epochs)} ({', '.join(each)})"


LATENT_PAGE = str(Path(__file__).parent / "latent.py")
FEATURES_PAGE = str(Path(__file__).parent / "features.py")

st.title("Train an autoencoder")

experiment, problems = opened()
for problem in problems:
    st.warning(problem, icon=":material/link_off:")
if unfit := st.session_state.pop(UNFIT, ""):
    st.warning(unfit, icon=":material/warning:")

with st.container(horizontal=True, vertical_alignment="bottom", key="choices"):
    choose_data()
    preset = choose_preset(experiment.preset)
    st.caption(preset.summary)

# In the sidebar, because there a phone folds it away and a projector shows it beside the pictures.
with st.sidebar:
    config, mistakes = settings_panel.show()

for mistake in mistakes:
    st.error(mistake, icon=":material/error:")
start_banner.show_start(experiment, config)
with st.container(horizontal=True, key="toolbar"):
    run = run_panel.toolbar(experiment, config, preset)
    of_pictures = pictures_of(run) if run is not None else None
    if run is not None and of_pictures is not None:
        query = {"network": run.token}
        lesson.page_link(LATENT_PAGE, label="Look into its code", icon=":material/explore:", query_params=query)
        if of_pictures.code.kind == "vector":
            query = {"view": "Sparsity", "units_of": run.token}
            lesson.page_link(FEATURES_PAGE, label="Look at its units", icon=":material/category:", query_params=query)
run_panel.show_problem()

if config is not None and not lesson.hides("drawing"):
    plan = config.plan
    with st.container(border=True, key="architecture"):
        show_architecture(plan, preset.title)
        ratio = plan.input_size / plan.code_size
        times = f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.2g}"
        squeeze = f"{times} times fewer" if ratio > 1 else "no fewer: overcomplete"
        around = ", and skip connections around it" if plan.skips else ""
        epochs, example = _epochs(config), "sequence" if config.card.is_sequence else "picture"
        st.caption(
            f"**{plan.parameters:,} parameters**; {plan.input_size:,} numbers a {example}, "
            f"**{plan.code_size:,} in the code** ({squeeze}{around}); {config.total_steps:,} steps: {epochs} of "
            f"{config.train_size:,} {run_panel.examples_of(config)}.",
            text_alignment="center",
        )
run_panel.live(run, config, preset)

remember(address.Experiment(config or experiment.config, preset.name, run.token if run else "", experiment.start))
