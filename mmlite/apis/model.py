"""A model with its weights, ready to predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from logging import WARNING
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from torch import nn

from ..engine import load_checkpoint, load_state
from ..engine.builders import build_loaders_in
from ..engine.checkpoints.content import not_finite
from ..errors import ConfigError, UserError
from ..registry import MODELS
from .zoo.configs import read_config

__all__ = ['init_model']


def init_model(
    config: str | Path | Config | dict,
    checkpoint: str | Path | None = None,
    device: str | torch.device = 'cpu',
    overrides: Sequence[str] = (),
    whole: bool = False,
) -> nn.Module:
    """Build the model of a config, in eval mode.

    Args:
        config: A config file, a loaded config, a dict, or the name of a model, see
            :func:`~mmlite.apis.list_models`.
        checkpoint: A checkpoint file or URL; without one the weights are those
            of the initialisation.
        device: Where the model goes.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.
        whole: Whether the checkpoint must fill the model, as for predictions; else
            what it lacks stays as initialised.

    Returns:
        The model; ``model.dataset_meta`` is the checkpoint's, e.g. its
        ``classes``.

    Raises:
        ConfigError: if the model cannot be built.
        CheckpointError: if the checkpoint is unreadable or of another model; it is
            if no entry of it, or too few, fit, or with ``whole`` if not all do.
        UserError: if there is no such device.

    Example:
        >>> model = init_model('configs/resnet18_digits.py')
        >>> images = torch.zeros(2, 3, 32, 32)
        >>> [len(sample.pred_score) for sample in model.predict(images)]
        [10, 10]
    """
    cfg = read_config(config, overrides)
    model_cfg = cfg.model
    if cfg.get('data_preprocessor') is not None:
        model_cfg.setdefault('data_preprocessor', cfg.data_preprocessor)
    try:
        model = MODELS.build(build_loaders_in(model_cfg))
    except ConfigError as error:
        raise ConfigError(error.under('model').problems, cfg.filename) from error
    model.dataset_meta = {}
    if checkpoint is None:
        model.init_weights()
    else:
        model.dataset_meta = _fill(model, checkpoint, whole)
    try:
        return model.to(device).eval()
    except (AssertionError, RuntimeError) as error:
        raise UserError(
            f'cannot bring the model to device={device!r}: {error}'
        ) from None


def _fill(model: nn.Module, checkpoint: str | Path, whole: bool) -> dict[str, Any]:
    """Load a checkpoint into a model; return what it states about its data.

    Only what the checkpoint does not fill is initialised, as a config may name
    pretrained weights that are no longer there.
    """
    state = load_checkpoint(checkpoint, map_location='cpu')
    source = str(checkpoint)
    report = load_state(model, state, source=source, quiet=True, whole=whole)
    if not report.whole:
        model.init_weights()
    if not report.complete:
        load_state(model, state, source=source)
    if name := not_finite(dict(model.named_parameters())):
        message = f'{source}: {name} holds NaN or infinite values'
        print_log(
            f'{message}, and so will all that is computed from them', 'current', WARNING
        )
    meta = state.get('meta')
    known = meta.get('dataset_meta') if isinstance(meta, Mapping) else None
    return dict(known) if isinstance(known, Mapping) else {}
