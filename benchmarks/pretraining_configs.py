"""A step of what is no classifier, on what its own pipeline makes of noise."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from mmengine.config import Config
from torch import nn

from mmlite.datasets import default_collate
from mmlite.datasets.transforms import build_steps

_SIDES = (260, 300)  # pixels


def batch_of_noise(cfg: Config, size: int = 2) -> dict[str, Any]:
    """What the data loader of the training would give, of images of noise."""
    steps = build_steps(cfg.train_dataloader.dataset.pipeline)
    rng = np.random.default_rng(0)
    samples = []
    for place in range(size):
        image = rng.integers(0, 256, (*_SIDES, 3), np.uint8)
        sample: Any = dict(img=image, img_path='', gt_label=place, sample_idx=place)
        sample.update(img_shape=_SIDES, ori_shape=_SIDES)
        for step in steps:
            if not getattr(step, 'reads_files', False):
                sample = step(sample)
        samples.append(sample)
    return default_collate(samples)


def step_on_noise(
    cfg: Config,
    model: nn.Module,
    largest: int,
    train_step: Callable[[Config, nn.Module, Mapping[str, Any]], None],
) -> None:
    """One step of the optimizer; of a large model loss and gradient alone.

    Raises:
        ValueError: if weights or gradients are not finite.
    """
    batch = batch_of_noise(cfg)
    if sum(p.numel() for p in model.parameters()) <= largest:
        train_step(cfg, model, batch)
        found = list(model.parameters())
    else:
        data = model.train().data_preprocessor(copy.deepcopy(batch), True)
        model.parse_losses(model(**data, mode='loss'))[0].backward()
        found = [p.grad for p in model.parameters() if p.grad is not None]
    if not found or not all(tensor.isfinite().all() for tensor in found):
        raise ValueError('weights or gradients are not finite')
