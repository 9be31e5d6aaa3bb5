"""Train: choose data and a network, train it, and watch it learn."""

import streamlit as st

from aecore.ui import address, run_panel, settings_form
from aecore.ui.architecture_drawing import show_architecture
from aecore.ui.experiment_state import opened, remember
from aecore.ui.presets_menu import choose_preset

st.title("Train an autoencoder")

experiment, problems = opened()
for problem in problems:
    st.warning(problem, icon=":material/link_off:")

controls, stage = st.columns([1, 2.1], gap="large")
with controls:
    left, right = st.columns(2)
    with left:
        settings_form.choose_data()
    with right:
        preset = choose_preset(experiment.preset)
    st.caption(preset.summary)
    config, mistakes = settings_form.show()

with stage:
    for mistake in mistakes:
        st.error(mistake, icon=":material/error:")
    run = run_panel.toolbar(experiment, config, preset)
    if config is not None:
        plan = config.plan
        with st.container(border=True, key="architecture"):
            show_architecture(plan, preset.title)
            ratio = plan.input_size / plan.code_size
            st.caption(
                f"**{plan.parameters:,} parameters** · {plan.input_size:,} numbers a picture → **{plan.code_size:,} in the code**"
                f" ({ratio:.3g} times {'fewer' if ratio >= 1 else 'as many: overcomplete'}) · "
                f"{config.total_steps:,} steps: {config.epochs} epochs of {config.train_size:,} images"
            )
    run_panel.live(run, preset)

remember(address.Experiment(config or experiment.config, preset.name, run.token if run else ""))
