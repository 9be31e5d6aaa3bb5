"""The Latent space page through the entry script, without a browser."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from aecore import latent_numbers
from aecore.atlas import Atlas, write_atlas
from aecore.checkpoint import save_model
from aecore.config import RunConfig
from aecore.data.loading import load
from aecore.model import build
from aecore.runs import Run, Status, new_run
from aecore.shipped_runs import TITLES, VAE_CONVOLUTIONAL, VAE_DENSE, VAE_FASHION, VAE_PLANE
from aecore.ui.server import engine, person, task_desk
from tests.server import ROOT

ENTRY = str(ROOT / "aecore" / "ui" / "entry.py")
LATENT = str(ROOT / "pages" / "latent.py")
TABS = ("Walk", "Map", "Draw", "Between", "Arithmetic", "Generate", "Numbers")


@pytest.fixture(scope="module", autouse=True)
def _all_processes_end() -> Iterator[None]:
    yield
    engine().close()
    engine.cache_clear()
    task_desk().close()
    task_desk.cache_clear()


def latent_page(**query: str) -> AppTest:
    """The page, opened by an address with this query."""
    app = AppTest.from_file(ENTRY, default_timeout=60).run()
    app.switch_page(LATENT)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error)
    return " ".join(element.value for kind in kinds for element in kind)


def network(app: AppTest) -> str:
    return str(app.selectbox(key="latent_network").value)


def trained_run(name: str, state: str = "finished", **settings: object) -> Run:
    """A run of the person of these tests that has weights and pictures, as if it had been trained."""
    config = RunConfig().with_settings({name.replace("__", "."): value for name, value in settings.items()})
    run = new_run(config, owner=person(), name=name)
    save_model(run, build(config.plan, seed=0))
    test = load("digits").test.take(20)
    write_atlas(run, Atlas(test.images.numpy(), test.labels.numpy()))
    run.write_status(Status(state=state, step=3))
    return run


def test_it_opens_with_a_vae_that_came_with_the_app() -> None:
    app = latent_page()
    assert app.title[0].value == "Latent space"
    assert network(app) == VAE_PLANE
    assert "variational autoencoder" in words(app)
    options = app.selectbox(key="latent_network").options
    assert options[:4] == [TITLES[name] for name in (VAE_PLANE, VAE_DENSE, VAE_CONVOLUTIONAL, VAE_FASHION)]


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("token", [VAE_CONVOLUTIONAL, "vanilla-mnist"])
def test_every_tab_opens_by_its_address(tab: str, token: str) -> None:
    app = latent_page(view=tab, network=token)
    assert network(app) == token
    assert ("no prior" in words(app) or "plain autoencoder" in words(app)) == (token == "vanilla-mnist")


def test_no_tab_needs_torch_in_the_server() -> None:
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({ENTRY!r}, default_timeout=60).run()\n"
        f"for tab in {TABS!r}:\n"
        f"    app.switch_page({LATENT!r})\n"
        "    app.query_params['view'] = tab\n"
        "    app.run()\n"
        "    assert not app.exception\n"
        "print('torch' in sys.modules or 'torchvision' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split()[-1] == "False"


def test_an_address_without_a_run_of_this_server_says_so() -> None:
    app = latent_page(network="0" * 32)
    assert "not on this server" in words(app)
    assert network(app) == VAE_PLANE


def test_a_run_of_ones_own_can_be_looked_into_and_is_in_the_address() -> None:
    run = trained_run("mine", code__size=6)
    app = latent_page(network=run.token)
    assert network(app) == run.token
    app.selectbox(key="latent_network").set_value(VAE_DENSE).run()
    assert not app.exception
    assert app.query_params["network"] == VAE_DENSE
    app.query_params["network"] = run.token  # as when going back in the browser's history
    app.run()
    assert network(app) == run.token


def test_a_run_in_training_is_marked() -> None:
    run = trained_run("busy", state="running")
    app = latent_page(network=run.token)
    assert "Still in training" in words(app)
    assert any("in training" in option for option in app.selectbox(key="latent_network").options)


def test_skip_connections_and_beta_are_mentioned() -> None:
    skips = trained_run("skips", architecture__kind="conv2d", architecture__skips=True)
    assert "skip connections" in words(latent_page(network=skips.token))
    beta = trained_run("beta", code__kind="gaussian", objective__beta=4)
    assert "β = 4" in words(latent_page(network=beta.token))


# --- numbers ----------------------------------------------------------------------------------------------------------


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_the_numbers_of_a_network_that_came_with_the_app_are_there_at_once() -> None:
    kept = latent_numbers.kept(Run(ROOT / "checkpoints" / VAE_DENSE))
    assert kept is not None
    assert kept.neg_elbo is not None
    app = latent_page(view="Numbers", network=VAE_DENSE)
    shown = metrics(app)
    assert shown["−ELBO"] == f"{kept.neg_elbo:.2f}"
    assert shown["Active units"] == "16 of 16"
    best = kept.bounds[-1]
    assert shown[f"log p(x), K = {best.samples:,}"] == f"−{-best.mean:.2f} ± {best.error:.2f}"
    assert [bound.samples for bound in kept.bounds][:3] == [1, 2, 5]


def test_a_plain_autoencoder_has_no_likelihood() -> None:
    shown = metrics(latent_page(view="Numbers", network="vanilla-mnist"))
    assert set(shown) == {"Squared error per pixel", "Active units"}
    assert shown["Active units"] == "32 of 32"


def test_measuring_a_run_of_ones_own_is_kept_with_it() -> None:
    run = trained_run("measured", code__kind="gaussian", code__size=3, architecture__hidden=(8,))
    app = latent_page(view="Numbers", network=run.token, bound_samples="10", bound_images="100")
    assert not app.metric
    app.button(key="ask_latent_numbers").click().run(timeout=120)
    assert not app.exception
    shown = metrics(app)
    kept = latent_numbers.kept(run)
    assert kept is not None
    assert kept.images == 500
    assert (kept.bounds[-1].samples, kept.bound_images) == (10, 100)
    assert shown["KL"] == f"{sum(kept.kl or ()):.2f}"
    again = latent_page(view="Numbers", network=run.token, bound_samples="10", bound_images="100")
    assert metrics(again) == shown
    save_model(run, build(run.config.plan, seed=1))
    os.utime(run.model_path, (time.time() + 5, time.time() + 5))
    assert not metrics(latent_page(view="Numbers", network=run.token)), "of other weights"


def test_a_run_in_training_shows_what_was_measured_last_and_can_be_measured_again() -> None:
    run = trained_run("learning", state="running", code__kind="gaussian", code__size=3, architecture__hidden=(8,))
    query = {"view": "Numbers", "network": run.token, "bound_samples": "10", "bound_images": "100"}
    app = latent_page(**query)
    assert run.watched_path.exists(), "the worker is told that somebody wants the weights of this moment"
    app.button(key="ask_latent_numbers").click().run(timeout=120)
    shown = metrics(app)
    assert "KL" in shown
    run.write_status(Status(state="running", step=400))
    save_model(run, build(run.config.plan, seed=3))
    again = latent_page(**query)
    assert metrics(again) == shown
    again.button(key="ask_latent_numbers").click().run(timeout=120)
    assert metrics(again) != shown
    assert not latent_numbers.kept(run), "of a run that goes on, nothing is kept in its folder"


def test_a_run_without_weights_waits_for_them() -> None:
    run = trained_run("new", state="running", code__kind="gaussian", code__size=3)
    run.model_path.unlink()
    app = latent_page(view="Numbers", network=run.token)
    assert "as soon as there are some" in words(app)
    assert run.watched_path.exists()


def test_data_that_cannot_be_had_is_said_in_a_sentence() -> None:
    run = trained_run("far away", data__name="kmnist", code__kind="gaussian", code__size=2)
    app = latent_page(view="Numbers", network=run.token)
    app.button(key="ask_latent_numbers").click().run(timeout=120)
    assert not app.exception
    assert "Kuzushiji" in app.error[0].value
