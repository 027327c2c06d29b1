"""Build a model by its name, with its published weights or others."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch import nn

from ...config import load_config
from ...errors import UserError
from ..model import init_model
from .cards import published_weights
from .configs import read_config
from .hub import SCHEME, from_hub

__all__ = ['get_model']


def get_model(
    name: str | Path | Config,
    pretrained: bool | str | Path = False,
    device: str | torch.device = 'cpu',
    **changes: Any,
) -> nn.Module:
    """Build a model, in eval mode.

    Args:
        name: A name that :func:`list_models` gives, a config, or
            ``'hf-hub:owner/name'`` for a model on the Hugging Face Hub.
        pretrained: True for the published weights, which are downloaded and checked; a
            file or URL for others. They may be those of mmlite, mmpretrain, timm,
            torchvision or Hugging Face, see
            :func:`~mmlite.engine.checkpoints.load_state`.
        device: Where the model goes.
        changes: What is changed in the config of the model, e.g.
            ``backbone=dict(drop_path_rate=0.1)``. ``num_classes=10`` is short for
            ``head=dict(num_classes=10)``.

    Returns:
        The model; ``model.cfg`` is its config, ``model.dataset_meta`` what the
        checkpoint states about its data, e.g. its ``classes``.

    Raises:
        UserError: if there is no such model, or no weights of it are published.
        ConfigError: if a change does not fit.
        CheckpointError: if the weights cannot be obtained, or are of another model.

    Example:
        >>> model = get_model('resnet18_8xb32_in1k', num_classes=10)
        >>> model(torch.zeros(1, 3, 64, 64)).shape
        torch.Size([1, 10])
    """
    if isinstance(name, str) and name.startswith(SCHEME):
        cfg, weights = from_hub(name)
        pretrained = weights if pretrained in (True, False) else pretrained
    else:
        cfg = read_config(name)
        if pretrained is True:
            pretrained = published_weights(name)
    cfg = load_config(_changed(cfg, changes))
    model = init_model(cfg, pretrained or None, device)
    model.cfg = cfg
    return model


def _changed(cfg: Config, changes: dict[str, Any]) -> Config:
    changes = copy.deepcopy(changes)
    if 'num_classes' in changes:
        classes = changes.pop('num_classes')
        head = cfg.model.get('head')
        if not isinstance(head, dict):
            raise UserError(
                'num_classes is for the head, of which this model has none; give '
                'head=dict(type=...)'
            )
        changes.setdefault('head', {})['num_classes'] = classes
        topk = head.get('topk')
        if topk and max([topk] if isinstance(topk, int) else topk) > classes:
            changes['head'].setdefault('topk', (1,))
    _merge(cfg.model, changes)
    return cfg


def _merge(base: dict[str, Any], changes: dict[str, Any]) -> None:
    """Put changes into a config, dict by dict; one of another type is a new part."""
    for key, value in changes.items():
        known = base.get(key)
        inherits = isinstance(value, dict) and isinstance(known, dict)
        if inherits and value.get('type', known.get('type')) == known.get('type'):
            _merge(known, value)
        else:
            base[key] = value
