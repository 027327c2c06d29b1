"""The model that a checkpoint is for, where none is asked for."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from mmengine.config import Config
from torch import nn

from ...config import encoder_of, load_config
from ...errors import UserError
from ...registry import MODELS
from ...signature import arguments_of
from ..zoo.cards import known_name
from ..zoo.configs import config_at, read_config
from .bases import DEFAULTS, base_of, models_for

__all__ = ['Start', 'settings_of', 'start_of']

#: Tasks whose models have one backbone, which other tasks can pretrain.
_TASKS = ('classification', 'retrieval', 'selfsup')
#: What a backbone computes does not depend on these, or its task states them.
_OF_THE_TRAINING = (
    'drop_path_rate',
    'drop_rate',
    'frozen_stages',
    'init_cfg',
    'norm_eval',
    'out_indices',
    'out_type',
    'type',
    'with_cp',
    'zero_init_residual',
)


class Start(NamedTuple):
    """The model of a task that has the backbone of a checkpoint.

    Args:
        model: Name of its base file.
        backbone: Arguments by which the backbone differs from the one in that file.
        channels: Width of its last feature.
    """

    model: str
    backbone: dict[str, Any]
    channels: int | None


def start_of(task: str, pretrained: str | Path) -> Start | None:
    """The model of a task that can take over all layers of a pretrained backbone.

    Of several it is the one whose base file differs least; those of the same
    ``model.type`` and the defaults of the task go first.

    Args:
        task: What it is for.
        pretrained: A checkpoint that holds its config, a work_dir with one, or the name
            of a published model.

    Returns:
        The model; None if the config is not known, or no model has such a backbone.
    """
    trained = _trained(pretrained) if task in _TASKS else None
    wanted = encoder_of(trained) if trained is not None else None
    whole = _built(wanted) if wanted is not None else None
    if trained is None or wanted is None or whole is None:
        return None
    found: list[tuple[int, bool, bool, Start]] = []
    for name in models_for(task):
        model = load_config(base_of(name)).model
        own = encoder_of(model)
        if own is None or not _is_usable(task, model, type(whole), own):
            continue
        changes = _changes(wanted, own, type(whole))
        built = _built({**own, **changes})
        if built is None or _shapes(built) != _shapes(whole):
            continue
        start = Start(name, changes, _width(built))
        if changes and (start.channels is None or _taking_width(model) is None):
            continue
        other = model.type != trained.get('type')
        found.append((len(changes), other, name not in DEFAULTS[task], start))
    return min(found, key=lambda each: each[:3])[-1] if found else None


def settings_of(start: Start, model: Mapping[str, Any]) -> dict[str, Any]:
    """What a recipe says of a model, so that it has the backbone of a checkpoint.

    Args:
        start: What differs from the base file.
        model: The model in that file.

    Example:
        >>> narrow = Start('resnet18', dict(base_channels=4), 32)
        >>> settings_of(narrow, dict(backbone={}, head=dict(in_channels=512)))
        {'backbone': {'base_channels': 4}, 'head': {'in_channels': 32}}
    """
    if not start.backbone:
        return {}
    own = model.get('backbone') or {}
    replaced = {
        name: dict(value, _delete_=True)
        for name, value in start.backbone.items()
        if isinstance(value, Mapping) and name in own
    }
    settings: dict[str, Any] = dict(backbone=start.backbone | replaced)
    if 'image_encoder' in model:
        first, *others = model['image_encoder']
        settings = dict(image_encoder=[{**first, **start.backbone}, *others])
    part = _taking_width(model)
    if part is not None and model[part]['in_channels'] != start.channels:
        settings[part] = dict(in_channels=start.channels)
    return settings


def _taking_width(model: Mapping[str, Any]) -> str | None:
    """The part that is given the width of the backbone."""
    parts = ((name, model.get(name)) for name in ('neck', 'head'))
    return next((name for name, part in parts if part and 'in_channels' in part), None)


def _trained(pretrained: str | Path) -> Mapping[str, Any] | None:
    """The config of a pretrained model, as far as it is known without a download."""
    text = str(pretrained)
    if '://' in text:
        return None
    by_name = not Path(text).expanduser().exists() and known_name(text)
    try:
        cfg: Config = read_config(text) if by_name else config_at(text)
    except UserError:  # loading the weights says what is wrong with it, if anything
        return None
    model = cfg.get('model')
    return model if isinstance(model, Mapping) else None


def _is_usable(
    task: str, model: Mapping[str, Any], kind: type, own: Mapping[str, Any]
) -> bool:
    """Whether the backbone of a base file may hold the weights of a class."""
    if task == 'selfsup' and getattr(MODELS.get(model['type']), 'num_views', 0) is None:
        return False  # needs a pipeline of its own
    target = MODELS.get(own['type'])
    return inspect.isclass(target) and issubclass(kind, target)


def _changes(
    wanted: Mapping[str, Any], own: Mapping[str, Any], kind: type
) -> dict[str, Any]:
    """Arguments by which a backbone differs from that of a base file."""
    taken = arguments_of(MODELS.get(own['type'])).kinds
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(kind).parameters.items()
    }
    changes = {}
    for name, value in wanted.items():
        if name in _OF_THE_TRAINING or name not in taken:
            continue
        if value != own.get(name, defaults.get(name)):
            changes[name] = copy.deepcopy(value)
    return changes


def _built(cfg: Mapping[str, Any]) -> nn.Module | None:
    """A backbone without memory; None if it cannot be built."""
    own = {k: copy.deepcopy(v) for k, v in cfg.items() if k != 'init_cfg'}
    try:
        with (
            warnings.catch_warnings(),
            torch.random.fork_rng(devices=[]),
            torch.device('meta'),
        ):
            warnings.simplefilter('ignore')
            return MODELS.build(own)
    except Exception:  # the config comes from elsewhere: then it is no model for us
        return None


def _shapes(backbone: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in backbone.state_dict().items()}


def _width(backbone: nn.Module) -> int | None:
    specs = getattr(backbone, 'feature_specs', None)
    return specs[-1].channels if specs else None
