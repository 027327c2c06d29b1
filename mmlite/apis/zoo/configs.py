"""The config of a model: of a file, or of a card by its name."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ...config import config_of_text, find_moved_lists, has_one_size, load_config
from ...config.files import SUFFIXES
from ...engine import load_checkpoint
from ...errors import CheckpointError, ConfigError, Problem
from ...given import CHECKPOINTS, check_there, resolved
from .cards import find_card, known_name, known_names, names_path

__all__ = [
    'config_at',
    'config_of_card',
    'config_of_parts',
    'read_config',
]


def config_at(
    config: str | Path | Config | Mapping[str, Any],
    overrides: Sequence[str] = (),
    builds: bool = True,
) -> Config:
    """The config of a file, or that which a checkpoint or work_dir was trained with.

    Args:
        config: A config file, a config, a checkpoint that holds one, or a work_dir,
            see :func:`~mmlite.given.checkpoint_in`.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.
        builds: Whether its model is to be built; without, one whose classes are not
            known is no mistake.

    Raises:
        UserError: if there is nothing of that name.
        ConfigError: if the config has mistakes.
        CheckpointError: if the checkpoint holds no config.
    """
    if not isinstance(config, (str, Path)):
        return load_config(config, overrides)
    path = resolved(config)
    if Path(path).suffix not in CHECKPOINTS:
        if _names_work_dir(path):
            check_there(path)
        return load_config(path, overrides)
    meta = load_checkpoint(path).get('meta')
    text = meta.get('cfg') if isinstance(meta, dict) else None
    if not isinstance(text, str):
        raise CheckpointError(
            f'{path} does not hold the config of its training; give the config file '
            'before it'
        )
    cfg = config_of_text(text, path, builds=builds)
    find_moved_lists(cfg, Path(path).parent)
    return load_config(cfg, overrides)


def _names_work_dir(path: str) -> bool:
    """Whether it is neither an address or package, nor ends as a config does."""
    is_elsewhere = '::' in path or '://' in path
    return not is_elsewhere and Path(path).suffix not in SUFFIXES


def read_config(
    config: str | Path | Config | Mapping[str, Any], overrides: Sequence[str] = ()
) -> Config:
    """The config of a file, or of the model of that name.

    Args:
        config: A config file, a config, a checkpoint or work_dir with one, or the name
            of a model, as :func:`~mmlite.apis.list_models` gives it.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.

    Raises:
        UserError: if there is neither such a file nor such a model.
        ConfigError: if a config has no model.
        TypeError: if it is something else.

    Example:
        >>> read_config('resnet18_8xb32_in1k').model.backbone.depth
        18
    """
    if not isinstance(config, (str, Path, Mapping, Config)):
        raise TypeError(
            'a model is given by a name that list_models() gives, a config file, a '
            f'config or a dict, got {config!r} ({type(config).__name__})'
        )
    is_path = not isinstance(config, str) or names_path(config)
    if not is_path and not known_name(config):
        check_there(config, known_names())
    elif not is_path:
        card = find_card(config)
        recipe = card.recipe
        config = config_of_card(config) if recipe is None else recipe
    cfg = config_at(config, overrides)
    if not isinstance(cfg.get('model'), Mapping):
        message = f'is {cfg.get("model")!r}, expected a dict with a type'
        raise ConfigError([Problem('model', message)], cfg.filename)
    return cfg


def config_of_card(name: str) -> Config:
    """What the card of a model says, as a config that an inferencer can take."""
    card = find_card(name)
    parts = card.network, card.data_preprocessor, card.pipeline, card.dataset
    cfg = config_of_parts(*parts)
    cfg._cfg_dict.name = name
    return cfg


def config_of_parts(
    network: Mapping[str, Any],
    preprocessor: Mapping[str, Any],
    pipeline: Sequence,
    dataset: str | None = None,
) -> Config:
    """A config of a network and of how its test prepares pictures.

    Args:
        network: The ``model`` of the config.
        preprocessor: Its data preprocessor.
        pipeline: The pipeline of its test.
        dataset: Type of the dataset, where its images are of one size.
    """
    model = copy.deepcopy(dict(network))
    if preprocessor:
        model['data_preprocessor'] = copy.deepcopy(dict(preprocessor))
    content: dict[str, Any] = dict(model=model)
    if pipeline:
        kind = dataset if has_one_size(dataset) else 'CustomDataset'
        tested = dict(type=kind, pipeline=copy.deepcopy(list(pipeline)))
        content['test_dataloader'] = dict(dataset=tested)
    return Config(content)
