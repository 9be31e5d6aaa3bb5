"""Any picture of a person's own, denoised in colour at its own size: progress, before and after, download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from aecore.pictures.about import about_shipped
from aecore.pictures.intake import Picture, png_bytes
from aecore.tasks.desk import Job, TooManyJobsError
from aecore.ui.before_after import before_after
from aecore.ui.job_progress import follow
from aecore.ui.server import person, task_desk

_JOB = "photo_job"
_CLEAN = 4  # of 255: below that, what is measured is fine texture rather than noise
_LEVELS = 75  # of 255: the strongest noise that the network was trained for


@dataclass(frozen=True)
class _Wanted:
    """What decides the result: another picture or another setting is another job."""

    digest: str
    added: int
    strength: int | None


def show(picture: Picture, digest: str) -> None:
    """The controls, and the result as soon as it is there."""
    height, width = picture.pixels.shape[:2]
    with st.container(horizontal=True, vertical_alignment="bottom", key="photo_choices"):
        added = st.slider(
            "Add noise first (σ of 255)",
            0,
            _LEVELS,
            0,
            key="added",
            bind="query-params",
            width=260,
            help="For a clean picture: Gaussian noise of this standard deviation on every colour of every pixel. 0 adds none.",
        )
        by_hand = st.toggle(
            "Set the strength by hand",
            key="by_hand",
            bind="query-params",
            help="The network is told how strong the noise is. Otherwise that is measured in the picture.",
        )
        strength = None
        if by_hand:
            strength = st.slider(
                "Strength (σ of 255)",
                0,
                _LEVELS,
                25,
                key="strength",
                bind="query-params",
                width=260,
                help="More takes away more noise, and more of the fine texture with it.",
            )
    job = _job(picture, _Wanted(digest, int(added), None if strength is None else int(strength)))
    if job is None:
        return
    if not job.over:
        follow(job, "photo_stop")
    if job.state == "failed":
        st.error(job.error, icon=":material/error:")
        st.button("Try again", key="photo_again", on_click=forget)
    elif job.state == "cancelled":
        st.info("Stopped.")
        st.button("Denoise", key="photo_again", on_click=forget)
    else:
        _result(job, (width, height), int(added))


def _job(picture: Picture, wanted: _Wanted) -> Job | None:
    """The job for what is wanted: the one under way or done, else a new one in the place of another."""
    kept: tuple[_Wanted, Job] | None = st.session_state.get(_JOB)
    if kept is not None and kept[0] == wanted:
        return kept[1]
    if kept is not None:
        task_desk().cancel(kept[1])
    arguments: dict[str, Any] = {
        "added": wanted.added / 255,
        "strength": None if wanted.strength is None else wanted.strength / 255,
    }
    try:
        job = task_desk().submit("denoise", arguments, [picture.pixels], owner=person())
    except TooManyJobsError as error:
        st.warning(str(error), icon=":material/hourglass_top:")
        st.button("Try again", key="photo_again", on_click=forget)
        return None
    st.session_state[_JOB] = (wanted, job)
    return job


def forget() -> None:
    """Let go of the last picture's result, and stop the work on it."""
    kept = st.session_state.pop(_JOB, None)
    if kept is not None:
        task_desk().cancel(kept[1])


def _result(job: Job, size: tuple[int, int], added: int) -> None:
    denoised, before, after = job.made
    before_after(
        before.tobytes(),
        after.tobytes(),
        size=size,
        before_title="With noise" if added else "Your picture",
        after_title="Denoised",
        key="photo_before_after",
    )
    with st.container(horizontal=True, vertical_alignment="center", key="photo_result"):
        if job.result.get("psnr_before") is not None and job.result.get("psnr_after") is not None:
            gain = job.result["psnr_after"] - job.result["psnr_before"]
            st.metric("PSNR with noise", f"{job.result['psnr_before']:.2f} dB", border=True, width="content")
            st.metric(
                "PSNR denoised",
                f"{job.result['psnr_after']:.2f} dB",
                f"{gain:+.2f} dB",
                border=True,
                width="content",
                help="Peak signal-to-noise ratio against the picture that you gave: 10·log₁₀(255² / mean squared difference).",
            )
        st.metric(
            "Noise measured",
            f"σ = {255 * job.result['measured']:.1f}",
            border=True,
            width="content",
            help="Of 255, in the picture that the network got: the median of its finest wavelet coefficients over 0.6745 "
            "(Donoho & Johnstone 1994). Fine texture counts as noise, so a sharp clean photograph gets a little too.",
        )
        st.download_button(
            "Download as PNG",
            lambda: png_bytes(denoised),
            "denoised.png",
            "image/png",
            key="photo_download",
            icon=":material/download:",
            on_click="ignore",
        )
    if not added and 255 * job.result["measured"] < _CLEAN:
        st.info("This picture has hardly any noise. Slide “Add noise first” up to see what the network does.")
    about = about_shipped()
    if about:
        names = ", ".join(name.replace("_", " ") for name in about["trained_on"])
        st.caption(
            f"A convolutional network with {about['parameters']:,} parameters, told a strength of "
            f"σ = {255 * job.result['strength']:.1f}. "
            f"It learned from {len(about['trained_on'])} pictures ({names}) and was judged on others. "
            "Your picture stays in this server's memory while you are here, and is not written to a disk."
        )
