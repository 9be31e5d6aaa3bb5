"""Runs taken away as files, and files brought back as runs.

- out: :mod:`~aecore.exchange.taking` (a whole run as a zip, its weights as safetensors, its curves as CSV),
  :mod:`~aecore.exchange.onnx_export`, :mod:`~aecore.exchange.python_lines`.
- in: :mod:`~aecore.exchange.reading` checks all of a file before anything of it is used, :mod:`~aecore.exchange.keeping` makes
  it a run, :mod:`~aecore.exchange.brought` remembers which of its numbers were measured here.

A zip of a run, format 1::

    run.json             the number of this format, and size and SHA-256 of every other file
    config.json          as in the run's folder
    about.json           name, note, when it was made, what it began with; not whose it is
    status.json          state, step, time, test numbers
    metrics.csv          the curves
    stages.json          of a run with stages; see :mod:`aecore.stage_numbers`
    frames/              the gallery and the kept frames, each in a file of its own
    weights/             the weights at a few steps
    model.safetensors    the weights, as they were stored (those of 8 bits as 32)
    atlas.safetensors    held-out pictures

Unzipped it is a run's folder: :class:`aecore.runs.Run` reads it. A safetensors file has in its metadata what config.json,
about.json and status.json say. Nothing here needs torch but `onnx_export` and `measuring`.
"""

FORMAT = 1
"""The number of the zip's format."""
APP = "Autoencoder Lab"
