"""The Denoise page through the entry script, without a browser."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from aecore.checkpoint import save_model
from aecore.config import RunConfig
from aecore.data.arrays import load_arrays
from aecore.model import build
from aecore.runs import ACTIVE, Run, new_run, runs_of
from aecore.shipped_runs import CONVOLUTIONAL_DENOISER, DENSE_DENOISER, PLAIN
from aecore.ui.server import engine, person, task_desk
from tests.server import ROOT, wait_for

ENTRY = str(ROOT / "aecore" / "ui" / "entry.py")
DENOISE = str(ROOT / "pages" / "denoise.py")


@pytest.fixture(scope="module", autouse=True)
def _all_processes_end() -> Iterator[None]:
    yield
    engine().close()
    engine.cache_clear()
    task_desk().close()
    task_desk.cache_clear()


def denoise_page(**query: str) -> AppTest:
    """The Denoise page, opened by an address with this query."""
    app = AppTest.from_file(ENTRY, default_timeout=60).run()
    app.switch_page(DENOISE)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    return " ".join(element.value for kind in (app.markdown, app.caption, app.info, app.error) for element in kind)


def trained_run(name: str, **settings: object) -> Run:
    """A run of the person of these tests that has weights, as if it had been trained."""
    config = RunConfig().with_settings({name.replace("__", "."): value for name, value in settings.items()})
    run = new_run(config, owner=person(), name=name)
    save_model(run, build(config.plan, seed=0))
    return run


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_it_opens_with_the_denoisers_that_came_with_the_app() -> None:
    app = denoise_page()
    assert app.title[0].value == "Denoise"
    assert app.multiselect(key="networks").value == [CONVOLUTIONAL_DENOISER, DENSE_DENOISER, PLAIN]
    assert not app.info
    assert "not trained on" in words(app)


def test_no_tab_needs_torch_in_the_server() -> None:
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({ENTRY!r}, default_timeout=60).run()\n"
        "for tab in ('Corrupt', 'Train', 'Compare', 'Yours'):\n"
        f"    app.switch_page({DENOISE!r})\n"
        "    app.query_params['tab'] = tab\n"
        "    app.run()\n"
        "    assert not app.exception\n"
        "print('torch' in sys.modules or 'torchvision' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split()[-1] == "False"


def test_networks_of_other_sizes_are_not_mixed() -> None:
    small = trained_run("small", data__name="digits")
    large = trained_run("large", data__name="shapes")
    app = denoise_page()
    app.multiselect(key="networks").set_value([small.token, large.token]).run()
    assert not app.exception
    assert "same size" in words(app)


def test_an_address_with_networks_that_are_gone_still_opens() -> None:
    app = denoise_page(networks="0123456789abcdef")
    assert not app.exception
    assert app.multiselect(key="networks").value == [CONVOLUTIONAL_DENOISER, DENSE_DENOISER, PLAIN]


def test_training_starts_the_denoiser_and_the_same_network_without_noise() -> None:
    before = {run.token for run in runs_of(person())}
    app = denoise_page(tab="Train")
    app.selectbox(key="noise").set_value("patches")
    app.slider(key="levels").set_value((0.1, 0.4))
    app.number_input(key="epochs").set_value(1)
    app.button(key="train").click().run()
    assert not app.exception
    mine = [run for run in runs_of(person()) if run.token not in before]
    noisy, plain = sorted((run.config for run in mine), key=lambda config: config.corruption.kind == "none")
    assert noisy.corruption.words == "patches 0.1 to 0.4"
    clean = {"corruption.kind": "none", "corruption.level": RunConfig().corruption.level, "corruption.level_from": None}
    assert plain == noisy.with_settings(clean)
    for run in mine:
        engine().stop(run)
    wait_for(lambda: not any(run.status.state in ACTIVE for run in mine), "the end of the runs")


def test_one_level_is_no_range() -> None:
    app = denoise_page(tab="Train")
    app.slider(key="levels").set_value((0.5, 0.5))
    app.toggle(key="also_plain").set_value(False)
    app.segmented_control(key="network").set_value("conv2d")
    app.number_input(key="epochs").set_value(2)
    app.button(key="train").click().run()
    assert not app.exception
    newest = runs_of(person())[0]
    engine().stop(newest)
    assert newest.config.corruption.level_from is None
    assert newest.config.corruption.level == 0.5
    assert newest.config.architecture.skips
    assert newest.config.epochs == 2
    wait_for(lambda: newest.status.state not in ACTIVE, "the end of the run")


def test_a_comparison_is_measured_and_kept() -> None:
    run = trained_run("compared", data__name="digits", code__size=3)
    app = denoise_page(tab="Compare")
    app.multiselect(key="networks").set_value([run.token]).run()
    assert not app.exception
    app.button(key="ask_compare").click().run(timeout=150)
    assert not app.exception, app.exception
    assert "Best here" in words(app)
    assert "500 test pictures" in words(app)
    table = app.dataframe[0].value
    assert set(table["Method"]) >= {"Median", "Non-local means"}
    assert any(name.startswith("compared") for name in table["Method"])
    # Another person's reload finds it measured.
    again = denoise_page(tab="Compare")
    again.multiselect(key="networks").set_value([run.token]).run()
    assert "Best here" in words(again)


def test_networks_of_other_data_are_left_out_of_a_comparison() -> None:
    one, other = trained_run("one", data__name="digits"), trained_run("other", data__name="kmnist")
    app = denoise_page(tab="Compare")
    app.multiselect(key="networks").set_value([one.token, other.token]).run()
    assert "may have seen these test pictures" in words(app).replace("\n", " ")


def test_an_uploaded_photo_of_digits_shows_its_steps() -> None:
    digit = load_arrays("digits")[2].images[0, 0]
    photo = np.full((200, 300, 3), 235, np.uint8)
    photo[40:152, 90:202] -= np.kron(digit, np.ones((4, 4), np.uint8))[..., None] // 2 + np.uint8(0)
    app = denoise_page(tab="Yours")
    app.file_uploader[0].set_value([("../../etc/passwd.png", png(photo), "image/png")]).run()
    assert not app.exception
    assert "1 digit found" in words(app)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"hello", "cannot be read as a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "PNG"),
        (png(np.full((50, 50, 3), 255, np.uint8)), "No digit was found"),
        (png(np.full((1, 1, 3), 255, np.uint8)), "needs at least 8"),
    ],
)
def test_what_cannot_be_used_gets_one_sentence(data: bytes, says: str) -> None:
    app = denoise_page(tab="Yours")
    app.file_uploader[0].set_value([("picture.png", data, "image/png")]).run()
    assert not app.exception
    (error,) = app.error
    assert says in error.value
    assert error.value.count(". ") == 0
    assert error.value.endswith(".")


def test_any_other_picture_is_denoised() -> None:
    picture = np.full((40, 60, 3), 128, np.uint8)
    app = denoise_page(tab="Yours", shows="Any other picture", added="25")
    app.file_uploader[0].set_value([("wall.png", png(picture), "image/png")]).run(timeout=120)
    assert not app.exception, app.exception
    metrics = {metric.label: metric.value for metric in app.metric}
    before, after = (float(metrics[name].split()[0]) for name in ("PSNR with noise", "PSNR denoised"))
    assert 19 < before < 22  # σ = 25 of 255 is 20.2 dB
    assert after > before + 6


def test_a_link_to_somebody_elses_network_opens_with_it() -> None:
    config = RunConfig().with_settings({"code.size": 5})
    theirs = new_run(config, owner="somebody else", name="theirs")
    save_model(theirs, build(config.plan, seed=0))
    app = denoise_page(networks=theirs.token)
    assert app.multiselect(key="networks").value == [theirs.token]
    app.multiselect(key="networks").set_value([PLAIN, theirs.token]).run()
    assert not app.exception
    assert app.query_params["networks"] == [PLAIN, theirs.token]


@pytest.mark.parametrize(("noise", "pictures"), [("Gaussian", "10,000"), ("Dropout (masking)", "10,000")])
def test_the_comparison_that_came_with_the_app_is_there_at_once(noise: str, pictures: str) -> None:
    app = denoise_page(tab="Compare", compare_noise=noise)
    assert f"Means over {pictures} test pictures" in words(app)
    assert "Best here: **Convolutional denoiser**" in words(app)
    assert not [button for button in app.button if button.key and button.key.startswith("ask_")]
