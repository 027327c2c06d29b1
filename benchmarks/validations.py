"""What a validation without a network costs, with whichever toolbox it is made."""

from __future__ import annotations

import time

import torch
from mmengine.runner import ValLoop


@torch.no_grad()
def predict_and_measure(loop: ValLoop) -> float:
    """CPU seconds of the steps and the metrics, without what stands around them."""
    model, evaluator = loop.runner.model.eval(), loop.evaluator
    start = time.process_time()
    for batch in loop.dataloader:
        evaluator.process(data_samples=model.val_step(batch), data_batch=batch)
    evaluator.evaluate(len(loop.dataloader.dataset))
    return time.process_time() - start


def validate(loop: ValLoop) -> float:
    """CPU seconds of the whole, with its loop, hooks and log lines."""
    start = time.process_time()
    loop.run()
    return time.process_time() - start
