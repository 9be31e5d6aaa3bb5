"""Autoencoders to understand by playing with them: configurations, data, models, the training loop, runs and their engine.

Nothing here imports torch until it is needed, so that the server and its pages start at once. In a notebook::

    from aecore.config import RunConfig
    from aecore.data.loading import load
    from aecore.training import Trainer
    trainer = Trainer(RunConfig.parse({"code": {"size": 8}}), load("digits"))
    for step in trainer.run(): ...  # then trainer.evaluate(trainer.dataset.test)
"""
