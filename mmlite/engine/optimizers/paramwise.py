"""Which learning rate and weight decay each parameter gets."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from ...errors import ConfigError
from ...registry import OPTIMIZERS

__all__ = ['Owned', 'base_value', 'custom_entry', 'factors', 'owned_parameters']

_DCN = ('DeformConv2d', 'ModulatedDeformConv2d')
_NORMS = (_BatchNorm, _InstanceNorm, nn.GroupNorm, nn.LayerNorm)


class Owned(NamedTuple):
    """A parameter with its name in the model and the module that has it."""

    name: str
    parameter: Tensor
    module: nn.Module
    in_dcn: bool

    @property
    def is_bias(self) -> bool:
        """Whether its module calls it ``bias``."""
        return self.name.rpartition('.')[2] == 'bias'


def owned_parameters(
    module: nn.Module, prefix: str = '', in_dcn: bool = False
) -> Iterator[Owned]:
    """The parameters of a module and all inside it, in the order of mmengine.

    Args:
        module: The module.
        prefix: Its name in the model.
        in_dcn: Whether it belongs to a deformable convolution.
    """
    for name, parameter in module.named_parameters(recurse=False):
        yield Owned(f'{prefix}.{name}' if prefix else name, parameter, module, in_dcn)
    is_dcn = type(module).__name__.startswith(_DCN)
    for name, child in module.named_children():
        yield from owned_parameters(
            child, f'{prefix}.{name}' if prefix else name, is_dcn
        )


def custom_entry(name: str, custom_keys: Mapping[str, Mapping]) -> Mapping[str, Any]:
    """What ``custom_keys`` say of a parameter: the longest key in its name counts.

    A name begins with a dot, so that ``'.cls_token'`` is also one of the model itself.

    Example:
        >>> custom_entry('backbone.bn.bias', {'bn': dict(a=1), 'backbone': dict(a=2)})
        {'a': 2}
        >>> custom_entry('cls_token', {'.cls_token': dict(decay_mult=0.0)})
        {'decay_mult': 0.0}
    """
    found = [key for key in custom_keys if key in f'.{name}']
    return custom_keys[min(found, key=lambda k: (-len(k), k))] if found else {}


def factors(
    owned: Owned, rules: Mapping[str, Any]
) -> tuple[float | None, float | None]:
    """By what learning rate and weight decay are multiplied; None where by nothing.

    An entry of ``custom_keys`` takes precedence over the general rules, factor by
    factor.

    Args:
        owned: The parameter.
        rules: The section ``paramwise_cfg``.

    Example:
        >>> norm = nn.BatchNorm2d(4)
        >>> rules = dict(norm_decay_mult=0.0, custom_keys={'bn': dict(lr_mult=0.1)})
        >>> factors(Owned('bn.weight', norm.weight, norm, False), rules)
        (0.1, 0.0)
    """
    custom = custom_entry(owned.name, rules.get('custom_keys') or {})
    lr = custom.get('lr_mult', _lr_factor(owned, rules))
    decay = custom.get('decay_mult', _decay_factor(owned, rules))
    return lr, decay


def _lr_factor(owned: Owned, rules: Mapping[str, Any]) -> float | None:
    module = owned.module
    offset = rules.get('dcn_offset_lr_mult')
    in_offset = owned.in_dcn and 'conv_offset' in owned.name.rpartition('.')[0]
    if offset is not None and in_offset and isinstance(module, nn.Conv2d):
        return offset
    if owned.is_bias and not isinstance(module, _NORMS) and not owned.in_dcn:
        return rules.get('bias_lr_mult')
    return None


def _decay_factor(owned: Owned, rules: Mapping[str, Any]) -> float | None:
    """The first rule that is stated and holds for the parameter."""
    module = owned.module
    depthwise = isinstance(module, nn.Conv2d) and module.in_channels == module.groups
    for name, holds in (
        ('norm_decay_mult', isinstance(module, _NORMS)),
        ('bias_decay_mult', owned.is_bias and not owned.in_dcn),
        ('dwconv_decay_mult', depthwise),
        ('flat_decay_mult', owned.parameter.ndim == 1 and not owned.in_dcn),
    ):
        if holds and rules.get(name) is not None:
            return rules[name]
    return None


def base_value(optimizer: Mapping[str, Any], name: str) -> float:
    """What an optimizer takes for ``lr`` or ``weight_decay``, its default included.

    Args:
        optimizer: Its config.
        name: The setting.

    Raises:
        ConfigError: if it is not stated and there is no default.

    Example:
        >>> base_value(dict(type='SGD', lr=0.1), 'weight_decay')
        0
    """
    if optimizer.get(name) is not None:
        return optimizer[name]
    kind = optimizer['type']
    kind = OPTIMIZERS.get(kind) if isinstance(kind, str) else kind
    known = inspect.signature(kind).parameters.get(name)
    default = None if known is None else known.default
    if isinstance(default, (int, float)) and not isinstance(default, bool):
        return default
    raise ConfigError(
        f'optimizer.{name} is missing, though paramwise_cfg multiplies it; state '
        f'optimizer.{name}'
    )
