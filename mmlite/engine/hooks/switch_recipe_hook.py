"""Other data, augmentations or losses from some epochs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from ...datasets.transforms import Compose
from ...errors import ConfigError, at, did_you_mean
from ...registry import HOOKS, MODELS
from ..checkpoints import unwrapped
from ..dataloaders import stop_workers
from ..in_memory_loader import InMemoryLoader

_KEYS = ('action_epoch', 'batch_augments', 'loss', 'train_pipeline')


@HOOKS.register_module()
class SwitchRecipeHook(Hook):
    """Changes pipeline, batch augmentations and loss when given epochs begin.

    A resumed training begins with what it had by then.

    Args:
        schedule: Dicts with ``action_epoch``, the epoch (from 1) at whose beginning
            they apply, and some of ``train_pipeline`` (a list of transforms),
            ``batch_augments`` (a dict, or None to end them) and ``loss`` (a dict).
            ``pipeline`` is ``train_pipeline`` too, as mmpretrain's recipes of MobileOne
            call it.

    Raises:
        ValueError: if an epoch is missing or stated twice, or a key is unknown.
        ConfigError: if a part cannot be built, or model or data have no place for it.

    Example:
        >>> hook = SwitchRecipeHook(
        ...     [dict(action_epoch=30, loss=dict(type='LabelSmoothLoss',
        ...                                      label_smooth_val=0.1)),
        ...      dict(action_epoch=60, batch_augments=None)])
        >>> list(hook.schedule)
        [30, 60]
    """

    priority = 'NORMAL'

    def __init__(self, schedule: Sequence[Mapping[str, Any]]) -> None:
        recipes: dict[int, dict[str, Any]] = {}
        for i, recipe in enumerate(schedule):
            recipe = dict(recipe)
            if 'pipeline' in recipe:
                recipe.setdefault('train_pipeline', recipe.pop('pipeline'))
            epoch = recipe.get('action_epoch')
            if epoch is None:
                raise ValueError(f'schedule.{i} has no action_epoch')
            if epoch in recipes:
                raise ValueError(f'schedule.{i}: action_epoch {epoch} is stated twice')
            recipes[epoch] = _built(recipe, f'schedule.{i}')
        self.schedule = dict(sorted(recipes.items()))

    def before_train(self, runner: Runner) -> None:
        """Check that all can be changed, and catch up with a resumed run."""
        for recipe in self.schedule.values():
            _check_places(runner, recipe)
        for epoch, recipe in self.schedule.items():
            if epoch <= runner.epoch:
                self._switch(runner, recipe, epoch)

    def before_train_epoch(self, runner: Runner) -> None:
        """Switch, if the time has come."""
        epoch = runner.epoch + 1
        if epoch in self.schedule:
            self._switch(runner, self.schedule[epoch], epoch)

    @staticmethod
    def _switch(runner: Runner, recipe: Mapping[str, Any], epoch: int) -> None:
        model = unwrapped(runner.model)
        if 'batch_augments' in recipe:
            model.data_preprocessor.use_batch_augments(recipe['batch_augments'])
        if 'train_pipeline' in recipe:
            loader = runner.train_loop.dataloader
            for dataset in _with_pipeline(loader.dataset):
                dataset.pipeline = recipe['train_pipeline']
            stop_workers(loader)  # they have the old one
        if 'loss' in recipe:
            device = next(model.parameters()).device
            _owner_of_loss(model).loss_module = recipe['loss'].to(device)
        runner.logger.info(f'recipe of epoch {epoch}: new {", ".join(recipe)}')


def _built(recipe: Mapping[str, Any], place: str) -> dict[str, Any]:
    built = {}
    for key, value in recipe.items():
        if key not in _KEYS:
            hint = did_you_mean(key, _KEYS) or f'; it takes {", ".join(_KEYS)}'
            raise ValueError(f'{place} has no key {key!r}{hint}')
        if key == 'train_pipeline':
            value = Compose(value)
        elif key == 'loss' and not isinstance(value, nn.Module):
            with at(*place.split('.'), 'loss'):
                value = MODELS.build(value)
        if key != 'action_epoch':
            built[key] = value
    return built


def _check_places(runner: Runner, recipe: Mapping[str, Any]) -> None:
    """Check that model and data have what a recipe changes.

    Raises:
        ConfigError: if not.
    """
    model = unwrapped(runner.model)
    preprocessor = getattr(model, 'data_preprocessor', None)
    if 'batch_augments' in recipe and not hasattr(preprocessor, 'use_batch_augments'):
        raise ConfigError(
            f'SwitchRecipeHook: {type(preprocessor).__name__} has no batch_augments'
        )
    if 'train_pipeline' in recipe:
        loader = runner.train_loop.dataloader
        if isinstance(loader, InMemoryLoader):
            raise ConfigError(
                'SwitchRecipeHook: train_pipeline cannot be changed with '
                'train_dataloader.in_memory=True; leave in_memory out'
            )
        _with_pipeline(loader.dataset)
    if 'loss' in recipe:
        _owner_of_loss(model)


def _with_pipeline(dataset: Any) -> list[Any]:
    """The datasets that have a pipeline, within those that are made of others."""
    if hasattr(dataset, 'pipeline'):
        return [dataset]
    for name in ('dataset', '_dataset'):
        if hasattr(dataset, name):
            return _with_pipeline(getattr(dataset, name))
    if hasattr(dataset, 'datasets'):
        return [one for part in dataset.datasets for one in _with_pipeline(part)]
    raise ConfigError(
        f'SwitchRecipeHook: {type(dataset).__name__} has no pipeline to change'
    )


def _owner_of_loss(model: nn.Module) -> nn.Module:
    for owner in (model, getattr(model, 'head', None)):
        if hasattr(owner, 'loss_module'):
            return owner
    raise ConfigError(
        f'SwitchRecipeHook: neither {type(model).__name__} nor its head has a '
        'loss_module to change'
    )
