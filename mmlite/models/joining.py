"""Build the parts of a model, and check that they fit together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mmengine.model import ModuleList, Sequential
from torch import Tensor, nn

from ..errors import ConfigError, Problem, at
from ..registry import MODELS, TASK_UTILS, Registry
from ..structures import FeatureSpec

__all__ = [
    'Joined',
    'build_part',
    'check_channels',
    'check_one_head',
    'preprocessor_cfg',
]

Part = dict | list | nn.Module | None
Specs = Sequence[FeatureSpec] | None


def build_part(key: str, cfg: Part, registry: Registry = MODELS) -> Any:
    """Build a part of a model, so that errors say which part it is.

    Args:
        key: The argument of the model that names the part.
        cfg: Config of the part; a list makes a sequence. A module, or None,
            is returned as it is.
        registry: Where the type of the part is looked up.

    Raises:
        ConfigError: if the config is wrong; its path starts with ``key``.

    Example:
        >>> build_part('head', dict(type='LinearClsHed', num_classes=10))
        Traceback (most recent call last):
        mmlite.errors.ConfigError: head: unknown type 'LinearClsHed'; did you mean ...
    """
    if cfg is None or isinstance(cfg, nn.Module):
        return cfg
    if isinstance(cfg, (list, tuple)):
        return Sequential(*_build_each(key, cfg, registry))
    with at(key):
        return registry.build(cfg)


def _build_each(key: str, cfgs: Sequence[Part], registry: Registry) -> list[Any]:
    return [build_part(f'{key}.{i}', cfg, registry) for i, cfg in enumerate(cfgs)]


class Joined:
    """Mixin of the models that have a backbone, perhaps a neck, and heads.

    The constructor of the model calls :meth:`join`.

    Example:
        >>> class Joint(Joined, nn.Module):
        ...     def __init__(self, **parts):
        ...         super().__init__()
        ...         self.join(**parts)
        >>> model = Joint(
        ...     backbone=dict(type='LeNet5'), box_head=dict(type='ClsHead'))
        >>> model.with_neck, model.with_head, type(model.box_head).__name__
        (False, False, 'ClsHead')
    """

    def join(
        self: Any,
        backbone: dict | nn.Module,
        neck: dict | list | nn.Module | None = None,
        **heads: Part,
    ) -> None:
        """Build the parts, keep each under its name, and compare their widths.

        Args:
            backbone: Config of the backbone, or the module itself.
            neck: Config of the neck, or of several in sequence, or None.
            heads: Config of every head by its name, e.g. ``head=...`` or
                ``rpn_head=..., roi_head=...``. Each of them reads what the neck
                gives; a list makes several heads side by side. None stays None.

        Raises:
            ConfigError: if the config of a part is wrong, or the parts do not fit.
        """
        self.backbone = build_part('backbone', backbone)
        self.neck = build_part('neck', neck)
        for name, cfg in heads.items():
            if isinstance(cfg, (list, tuple)):
                head = ModuleList(_build_each(name, cfg, MODELS))
            else:
                head = build_part(name, cfg)
            setattr(self, name, head)
        built = {name: getattr(self, name) for name in heads}
        check_channels(self.backbone, self.neck, **built)

    @property
    def with_neck(self) -> bool:
        """Whether there is a neck."""
        return getattr(self, 'neck', None) is not None

    @property
    def with_head(self) -> bool:
        """Whether there is a head."""
        return getattr(self, 'head', None) is not None

    def extract_feats(
        self: Any, multi_inputs: Sequence[Tensor], **kwargs: Any
    ) -> list[Any]:
        """The features of several batches, e.g. views of the same images.

        Args:
            multi_inputs: The batches.
            kwargs: Arguments of ``extract_feat``.
        """
        return [self.extract_feat(inputs, **kwargs) for inputs in multi_inputs]

    def get_layer_depth(self: Any, param_name: str) -> tuple[int, int]:
        """Depth of a parameter's layer, and the number of layers.

        Lets an optimizer constructor lower the learning rate towards the
        input.

        Args:
            param_name: Name of the parameter in this model.

        Raises:
            ConfigError: if the backbone does not count its layers.
        """
        get_layer_depth = getattr(self.backbone, 'get_layer_depth', None)
        if get_layer_depth is None:
            raise ConfigError(
                f'{type(self.backbone).__name__} does not define get_layer_depth, so '
                'a learning rate per layer cannot be had with this backbone'
            )
        return get_layer_depth(param_name, 'backbone.')


def check_channels(
    backbone: nn.Module, neck: nn.Module | None = None, **heads: nn.Module | None
) -> None:
    """Compare the width that each part gives with the one that the next expects.

    A backbone states its widths as ``feature_specs``, a neck as
    ``output_specs(specs)``; what follows a part that states none is not compared.
    A part states what it reads as ``in_channels``, and with ``in_index`` of which
    features: a number for one of them, a sequence for several. Without
    ``in_index`` one ``in_channels`` is compared with the last feature, a sequence
    with all of them.

    Args:
        backbone: The backbone.
        neck: What follows it, or None; an ``nn.Sequential`` part by part.
        heads: The heads by name, each of which reads what the neck gives, or the
            backbone where there is none; an ``nn.ModuleList`` is several heads, and
            so is one with ``task_heads``.

    Raises:
        ConfigError: if two widths differ, with both numbers, or ``in_index`` names
            a feature that there is not.

    Example:
        >>> class Backbone(nn.Module):
        ...     feature_specs = (FeatureSpec(512, stride=32),)
        >>> head = nn.Module()
        >>> head.in_channels = 256
        >>> check_channels(Backbone(), head=head)
        Traceback (most recent call last):
        mmlite.errors.ConfigError: head.in_channels is 256, but the backbone gives ...
    """
    specs: Specs = getattr(backbone, 'feature_specs', None)
    giver = 'the backbone'
    for path, part in _each_part('neck', neck, nn.Sequential):
        _compare(path, part, giver, specs)
        output_specs = getattr(part, 'output_specs', None)
        specs = output_specs(specs) if specs is not None and output_specs else None
        giver = 'the neck' if path == 'neck' else path
    for name, head in heads.items():
        for path, part in _each_part(name, head, nn.ModuleList):
            _compare(path, part, giver, specs)


def _each_part(
    name: str, part: nn.Module | None, several: type
) -> Iterator[tuple[str, nn.Module]]:
    if isinstance(part, several):
        yield from ((f'{name}.{i}', inner) for i, inner in enumerate(part))
    elif hasattr(part, 'task_heads'):
        for task, inner in part.task_heads.items():
            yield from _each_part(f'{name}.task_heads.{task}', inner, several)
    elif part is not None:
        yield name, part


def _widths(spec: FeatureSpec | Sequence[FeatureSpec]) -> int | list[int]:
    if isinstance(spec, FeatureSpec):
        return spec.channels
    return [one.channels for one in spec]


def _compare(path: str, part: nn.Module, giver: str, specs: Specs) -> None:
    expects = getattr(part, 'in_channels', None)
    if specs is None or not isinstance(expects, (int, list, tuple)):
        return
    widths = [_widths(spec) for spec in specs]
    index = getattr(part, 'in_index', None)
    given = [index] if isinstance(index, int) else index
    if isinstance(given, (list, tuple)):
        wrong = [i for i in given if not -len(widths) <= i < len(widths)]
        if wrong:
            features = '1 feature' if len(widths) == 1 else f'{len(widths)} features'
            message = (
                f'is {index}, but {giver} gives {features}; set model.{path}.in_index '
                f'to 0 up to {len(widths) - 1}, or -1 for the last'
            )
            raise ConfigError([Problem(f'{path}.in_index', message)])
        widths = [widths[i] for i in given]
    gives: Any = widths
    if isinstance(expects, int):
        gives = widths[-1]
    elif isinstance(widths[-1], list):  # one feature of several vectors
        expects, gives = list(expects), widths[-1]
    else:
        expects = list(expects)
    if expects != gives:
        message = (
            f'is {expects}, but {giver} gives {gives}; '
            f'set model.{path}.in_channels={gives}'
        )
        raise ConfigError([Problem(f'{path}.in_channels', message)])


def check_one_head(head: Any) -> None:
    """Refuse several heads, for a model that has one.

    Raises:
        ConfigError: if it is a list.
    """
    if isinstance(head, (list, tuple)):
        message = (
            f'is a list of {len(head)}, expected one head; write the dict without the '
            "list, or dict(type='MultiTaskHead', task_heads=...) for several"
        )
        raise ConfigError([Problem('head', message)])


def preprocessor_cfg(
    data_preprocessor: dict | nn.Module | None, train_cfg: dict | None
) -> dict | nn.Module | None:
    """The config of a data preprocessor, with the augmentations that a model names.

    Args:
        data_preprocessor: Config of the data preprocessor, or the module itself.
        train_cfg: ``dict(augments=..., probs=...)``, or None.

    Raises:
        ValueError: if there are augmentations, and a module that is built already.
    """
    if train_cfg and isinstance(data_preprocessor, nn.Module):
        raise ValueError(
            'train_cfg is a part of the config of the data preprocessor, and has no '
            'effect on a module; give batch_augments to that module'
        )
    if not train_cfg or (data_preprocessor or {}).get('batch_augments'):
        return data_preprocessor
    augments = {'type': 'RandomBatchAugment', **train_cfg}
    built = build_part('train_cfg', augments, TASK_UTILS)
    return dict(data_preprocessor or {}, batch_augments=built)
