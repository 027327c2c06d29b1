"""Write the features that a model gives for a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor, nn

from ..engine.dataloaders import build_dataloader
from ..errors import ConfigError, UserError
from ..structures import gather_field, has_field
from .inferencers.base import config_and_checkpoint
from .model import init_model
from .targets import target_file

__all__ = ['extract_features', 'features_of']


@torch.no_grad()
def extract_features(
    config: str | Path | Config | dict,
    checkpoint: str | Path | None = None,
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
    *,
    dataloader: str = 'val_dataloader',
    pooled: bool = True,
) -> dict[str, np.ndarray]:
    """The features of all images of a data loader.

    Args:
        config: A config file, a loaded config, or a dict; a checkpoint or work_dir
            alone does too.
        checkpoint: A checkpoint or work_dir; without one the weights are random.
        out: A ``.npz`` file to write them to.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.
        dataloader: Which one: ``'train_dataloader'``, ``'val_dataloader'`` or
            ``'test_dataloader'``. Its pipeline is used as it is, but no image is
            left out and none shuffled.
        pooled: Whether maps and tokens are averaged to one vector an image.

    Returns:
        ``feat_0``, ``feat_1``, ... ``(N, *)``: what the model gives; ``gt_label``
        ``(N, )`` where there are single labels.

    Raises:
        ConfigError: if the config has no such data loader.
        UserError: if the file cannot be written, or the model has no features.

    Example:
        >>> found = extract_features(
        ...     'configs/resnet18_digits.py', overrides=[
        ...         'model.backbone.base_channels=2',
        ...         'model.head.in_channels=16',
        ...         'val_dataloader.dataset.indices=4'])
        >>> found['feat_0'].shape, found['gt_label'].shape
        ((4, 16), (4,))
    """
    cfg, checkpoint = config_and_checkpoint(config, checkpoint, overrides)
    if cfg.get(dataloader) is None:
        raise ConfigError(
            f'{dataloader} is missing; state one in the config, or name another with '
            '--dataloader'
        )
    if out is not None:
        out = target_file(out, ('.npz',), 'features')
    model = init_model(cfg, checkpoint)
    loader = dict(cfg[dataloader], drop_last=False)
    loader.pop('batch_sampler', None)
    loader['sampler'] = dict(type='DefaultSampler', shuffle=False)
    loader.setdefault('batch_size', 32)
    columns: dict[str, list[Tensor]] = {}
    for batch in build_dataloader(loader):
        data = model.data_preprocessor(batch, False)
        feats = features_of(model, data['inputs'])
        feats = feats if isinstance(feats, (list, tuple)) else (feats,)
        for i, feat in enumerate(feats):
            value = _mean(feat) if pooled else feat
            columns.setdefault(f'feat_{i}', []).append(value.float().cpu())
        samples = data['data_samples']
        if has_field(samples, 'gt_label'):
            columns.setdefault('gt_label', []).append(
                gather_field(samples, 'gt_label').cpu()
            )
    found: dict[str, Any] = {k: torch.cat(v).numpy() for k, v in columns.items()}
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        np.savez(out, **found)
    return found


def features_of(model: nn.Module, inputs: Any) -> Any:
    """The features that a model has of whole images.

    Args:
        model: The model.
        inputs: A batch, preprocessed.

    Raises:
        UserError: if it has none.
    """
    try:
        return model.whole_features(inputs)
    except NotImplementedError as error:
        raise UserError(
            f'{type(model).__name__} has no features of whole images'
        ) from error


def _mean(feat: Tensor) -> Tensor:
    """One vector an image: the mean of a map, or of tokens."""
    if feat.ndim == 4:
        return feat.mean(dim=(2, 3))
    return feat.mean(dim=1) if feat.ndim == 3 else feat
