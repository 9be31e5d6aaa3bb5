"""The same held-out pictures as a network gave them back at the end of each of its stages."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import streamlit as st

from aecore.data_uri import data_uri
from aecore.frames import kept_frames, read_frame, read_gallery
from aecore.runs import Run
from aecore.stages import Stage
from aecore.sweep_strips import in_a_row

_SHOWN = 10
_STYLE = """<style>
.stage-rows { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 8px 16px; align-items: center; }
.stage-rows img { display: block; width: 100%; max-width: 720px; image-rendering: pixelated; border-radius: 4px; }
.stage-rows span { font-size: 0.94rem; }
@media (max-width: 640px) {
  .stage-rows { grid-template-columns: minmax(0, 1fr); gap: 3px; }
  .stage-rows img { margin-bottom: 8px; }
}
</style>"""


def stage_pictures(rows: Sequence[tuple[str, Run, Stage]]) -> bool:
    """Draw a row of pictures for each stage that has ended, under the originals. False where nothing was kept.

    rows: what to call it, the run, and the stage. All of runs on the same data: they kept the same pictures.
    """
    kept = {run.token: set(kept_frames(run.frames_folder)) for _, run, _ in rows}
    found = [
        (name, str(run.frames_folder), stage.last_step)
        for name, run, stage in rows
        if run.status.step >= stage.last_step and stage.last_step in kept[run.token]
    ]
    html = _html(tuple(found)) if found else ""
    if html:
        st.html(html)
    return bool(html)


@st.cache_data(show_spinner=False, max_entries=64)
def _html(rows: tuple[tuple[str, str, int], ...]) -> str:
    gallery = read_gallery(Path(rows[0][1]))
    frames = [(name, read_frame(Path(folder), step)) for name, folder, step in rows]
    strips = [(name, frame.reconstructions) for name, frame in frames if frame is not None]
    if gallery is None or not strips:
        return ""
    cells = "".join(
        f'<span>{escape(name)}</span><img src="{data_uri(in_a_row(pictures[:_SHOWN]))}" alt="{escape(name)}, pictures">'
        for name, pictures in [("Original", gallery.originals), *strips]
    )
    return f'{_STYLE}<div class="stage-rows">{cells}</div>'
