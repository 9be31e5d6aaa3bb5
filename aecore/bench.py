"""``python -m aecore bench``: the speeds and qualities that the project promises, measured on this machine.

Everything here is a measurement: no test asserts it, because machines differ and are busy. Each result holds what was
measured, the target, and whether it was met.
"""

from __future__ import annotations

import itertools
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aecore.allocator import keep_freed_memory
from aecore.presets import preset

Report = Callable[[str], None]


def matrix_share(report: Report) -> dict[str, Any]:
    """Time of the matrix products alone over the time of a whole training step: 784-512-256-32, batch 256, one thread."""
    import torch

    from aecore.corruption import corrupt
    from aecore.noise import PixelNoise
    from aecore.training import Trainer

    config = preset("deep").config.with_settings({"architecture.hidden": "512-256", "batch_size": 256})
    trainer = Trainer(config, _random_dataset(4096), torch.device("cpu"))
    sizes = [784, 512, 256, 32, 256, 512, 784]
    pairs = list(itertools.pairwise(sizes))
    inputs = [torch.randn(256, a) for a, _ in pairs]
    weights = [torch.randn(b, a) for a, b in pairs]
    outputs = [torch.randn(256, b) for _, b in pairs]
    biases = [torch.randn(b) for _, b in pairs]

    def products() -> None:
        for index in range(len(pairs)):
            torch.addmm(biases[index], inputs[index], weights[index].t())  # forward
            outputs[index].t() @ inputs[index]  # gradient of the weights
            if index:
                outputs[index] @ weights[index]  # gradient of the inputs; the picture needs none

    steps = trainer.run()
    whole = _medians({"step": lambda: next(steps), "products": products, "batch": trainer.next_batch})
    share, batch = whole["products"] / whole["step"], whole["batch"] / whole["step"]
    report("  " + ", ".join(f"{name} {seconds * 1e3:.2f} ms" for name, seconds in whole.items()))
    noisy = config.with_settings({"corruption.kind": "gaussian"})
    trainer = Trainer(noisy, _random_dataset(4096), torch.device("cpu"))
    steps = trainer.run()
    noise = PixelNoise(0)
    with_noise = _medians(
        {"step": lambda: next(steps), "batch": lambda: corrupt(trainer.next_batch()[0], noisy.corruption, noise)}
    )
    noisy_share = with_noise["batch"] / with_noise["step"]
    return {
        "matrix_share": _result(share, ">= 0.65", share >= 0.65),
        "batch_share": _result(batch, "<= 0.05", batch <= 0.05),
        "batch_share_gaussian_noise": _result(noisy_share, "<= 0.05", noisy_share <= 0.05),
    }


def vae_quality(report: Report) -> dict[str, Any]:
    """VAE 784-400-20 on the full MNIST: test −ELBO and seconds of training, by the command line, one thread."""
    trained = _train("vae", ["epochs=4"], report)
    met = trained["test"]["neg_elbo"] <= 105.6 and trained["seconds"] <= 20
    return {
        "vae_neg_elbo": _result(trained["test"]["neg_elbo"], "<= 105.6 in <= 20 s", met),
        "vae_seconds": _result(trained["seconds"], "", None),
        "vae_images_per_second": _result(trained["images_per_second"], "", None),
    }


def vanilla_quality(report: Report) -> dict[str, Any]:
    """`vanilla` (32 numbers) on the full MNIST: test BCE per pixel and seconds of training, one thread."""
    trained = _train("vanilla", ["epochs=7"], report)
    met = trained["test"]["bce"] <= 0.0920 and trained["seconds"] <= 15
    return {
        "vanilla_bce": _result(trained["test"]["bce"], "<= 0.0920 in <= 15 s", met),
        "vanilla_seconds": _result(trained["seconds"], "", None),
    }


def shapes_speed(report: Report) -> dict[str, Any]:
    """Images of `shapes` drawn a second at 64×64, on one core."""
    from aecore.data.shapes import images_per_second

    speed = statistics.median(images_per_second() for _ in range(3))
    return {"shapes_images_per_second": _result(speed, ">= 20000", speed >= 20_000)}


def halt(report: Report) -> dict[str, Any]:
    """From asking a run to pause until its worker has halted, over 40 pauses of the convolutional preset."""
    from aecore.engine import Engine

    with tempfile.TemporaryDirectory() as folder, _environment("AECORE_RUNS", folder):
        engine = Engine(slots=1)
        try:
            run = engine.submit(preset("convolutional").config.with_settings({"epochs": 200}), owner="bench")
            waits = []
            for _ in range(40):
                _until(lambda: run.status.state == "running")
                time.sleep(0.1)
                asked = time.time()
                engine.pause(run)
                _until(lambda: run.status.state == "paused")
                waits.append(run.status.since - asked)
                engine.resume(run)
        finally:
            engine.close()
    slow = statistics.quantiles(waits, n=20)[-1]
    report(f"  median {statistics.median(waits) * 1e3:.0f} ms")
    return {"halt_seconds_p95": _result(slow, "<= 0.2", slow <= 0.2)}


def memory(report: Report) -> dict[str, Any]:
    """Resident memory in MB of Python, the server with its modules, torch alone, and an idle worker (Linux)."""
    code = "print(next(line for line in open('/proc/self/status') if line.startswith('VmRSS')))"
    results = {}
    for name, imports in {
        "python": "",
        "server": "import streamlit, aecore.ui.server, aecore.ui.live_route",
        "torch": "import torch",
        "idle_worker": "import aecore.worker",
    }.items():
        done = subprocess.run([sys.executable, "-c", f"{imports}\n{code}"], capture_output=True, text=True, check=True)
        results[f"memory_mb_{name}"] = _result(int(done.stdout.split()[1]) / 1024, "", None)
    return results


MEASUREMENTS: dict[str, Callable[[Report], dict[str, Any]]] = {
    "matrix": matrix_share,
    "vae": vae_quality,
    "vanilla": vanilla_quality,
    "shapes": shapes_speed,
    "halt": halt,
    "memory": memory,
}
"""The app's own times (click to first point, first picture, being watched) are in tests/bench_app.py: they need a browser."""


def measure(names: Sequence[str], report: Report) -> dict[str, Any]:
    """Make the named measurements; returns every result by name, and the machine they were made on."""
    import torch

    keep_freed_memory()
    torch.set_num_threads(1)
    results: dict[str, Any] = {}
    for name in names:
        report(f"{name}: {(MEASUREMENTS[name].__doc__ or '').splitlines()[0]}")
        measured = MEASUREMENTS[name](report)
        for key, result in measured.items():
            verdict = {True: "met", False: "NOT met", None: ""}[result["met"]]
            report(f"  {key:<28} {result['value']:>10.4g}   {result['target']} {verdict}")
        results |= measured
    return {
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "results": results,
    }


def _train(name: str, settings: list[str], report: Report) -> dict[str, Any]:
    from aecore.data.downloads import DataUnavailableError
    from aecore.recording import Recorder
    from aecore.runs import Run

    config = preset(name).config.with_settings({"data.name": "mnist", **dict(pair.split("=") for pair in settings)})
    with tempfile.TemporaryDirectory() as folder:
        status = Recorder(Run.create(config, Path(folder) / "run")).record()
    if status.test is None:
        raise DataUnavailableError(status.reason)
    report(f"  {config.epochs} epochs in {status.seconds:.1f} s, {status.images_per_second:,.0f} images/s: {status.test}")
    return {"test": status.test, "seconds": status.seconds, "images_per_second": status.images_per_second}


def _random_dataset(count: int) -> Any:
    import torch

    from aecore.data.catalogue import card
    from aecore.data.loading import Dataset, Split

    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, 1, 28, 28), dtype=torch.uint8, generator=generator)
    split = Split(images, torch.zeros(count, dtype=torch.int64), None)
    return Dataset(card("digits"), split, split, split)


def _medians(work: dict[str, Callable[[], object]], rounds: int = 60) -> dict[str, float]:
    """Median seconds of each piece of work, done in turn so that a busy moment hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(rounds + 10):
        for name, do in work.items():
            started = time.perf_counter()
            do()
            if turn >= 10:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}


def _result(value: float, target: str, met: bool | None) -> dict[str, Any]:
    return {"value": value, "target": target, "met": met}


def _until(condition: Callable[[], bool], limit: float = 60.0) -> None:
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("The engine did not answer within a minute.")
        time.sleep(0.002)


class _environment:  # noqa: N801  (used like a function)
    """An environment variable, for as long as the block lasts."""

    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value

    def __enter__(self) -> None:
        self._before = os.environ.get(self._name)
        os.environ[self._name] = self._value

    def __exit__(self, *_: object) -> None:
        if self._before is None:
            del os.environ[self._name]
        else:
            os.environ[self._name] = self._before
