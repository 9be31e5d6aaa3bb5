"""The few lines of Python that use a run that was taken away."""

from __future__ import annotations

from aecore.exchange.taking import file_name
from aecore.runs import Run


def with_the_app(run: Run) -> str:
    """Lines for the run's zip and this app's package: the run becomes a folder, its network a torch module."""
    name = file_name(run, "")
    shape = ", ".join(map(str, run.config.plan.input_shape))
    return (
        "from pathlib import Path\n"
        "\n"
        "import torch\n"
        "\n"
        "from aecore.checkpoint import load_model\n"
        "from aecore.exchange.keeping import bring_back\n"
        "from aecore.runs import Run\n"
        "\n"
        f'folder = Path("{name}")\n'
        "if not folder.exists():\n"
        f'    bring_back(Path("{name}.zip"), folder)  # everything in it is checked first\n'
        "\n"
        "run = Run(folder)\n"
        "model = load_model(run).eval()\n"
        f"images = torch.rand(5, {shape})  # {_meaning(run)}\n"
        "with torch.no_grad():\n"
        f"    code = model.encode(images).mean  # (5, {run.config.code.size})\n"
        "    reconstruction = model.reconstruct(images)\n"
        'print(run.config.data.name, "code", tuple(code.shape), "error", (reconstruction - images).square().mean().item())\n'
    )


def with_onnx(run: Run) -> str:
    """Lines for the run's ONNX file, which need neither this app nor torch."""
    shape = ", ".join(map(str, run.config.plan.input_shape))
    return (
        "import numpy as np\n"
        "import onnxruntime\n"
        "\n"
        f'session = onnxruntime.InferenceSession("{file_name(run, ".onnx")}")\n'
        f"images = np.random.rand(5, {shape}).astype(np.float32)  # {_meaning(run)}\n"
        'reconstruction, code = session.run(["reconstruction", "code"], {"images": images})\n'
        'print("code", code.shape, "error", np.square(reconstruction - images).mean())\n'
    )


def _meaning(run: Run) -> str:
    if not run.config.card.is_sequence:
        return "pictures, 0 is black and 1 is white"
    return "sequences, 0 and 1 are the ends of each channel's scale"
