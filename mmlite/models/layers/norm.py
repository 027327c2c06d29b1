"""Normalisation layers by name."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from ...errors import check_choice
from ...registry import MODELS
from ...signature import arguments_of
from .build import build_layer, layer_class

__all__ = [
    'GRN',
    'BiasBatchNorm2d',
    'LayerNorm2d',
    'build_norm_layer',
    'freeze_norms',
    'norms_to_eval',
]


@MODELS.register_module('LN2d')
class LayerNorm2d(nn.LayerNorm):
    """Layer normalisation over the channels of a feature map.

    Args:
        num_channels: Number of channels ``C``.
        kwargs: Arguments of ``torch.nn.LayerNorm``, e.g. ``eps``.

    Shape:
        x: ``(B, C, H, W)``, or ``(B, H, W, C)`` with
            ``data_format='channel_last'``.
        returns: same as x.

    Example:
        >>> out = LayerNorm2d(8)(torch.randn(2, 8, 4, 4))
        >>> bool((out.mean(dim=1).abs() < 1e-5).all())
        True
    """

    def __init__(self, num_channels: int, **kwargs: Any) -> None:
        super().__init__(num_channels, **kwargs)
        self.num_channels = num_channels

    def forward(self, x: Tensor, data_format: str = 'channel_first') -> Tensor:
        """Normalise every position of x."""
        if _is_last(data_format):
            return super().forward(x)
        # Only views are permuted, so that channels_last memory stays as it is.
        x = x.permute(0, 2, 3, 1)
        x = F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


@MODELS.register_module()
class GRN(nn.Module):
    """Global response normalisation: weigh channels by their share in the response.

    Paper: ConvNeXt V2, CVPR 2023, https://arxiv.org/abs/2301.00808

    Args:
        in_channels: Number of channels ``C``.
        eps: Added to the mean response.

    Shape:
        x: ``(B, C, H, W)``, or ``(B, H, W, C)`` with
            ``data_format='channel_last'``.
        returns: same as x.

    Example:
        >>> x = torch.randn(1, 8, 4, 4)
        >>> bool((GRN(8)(x) == x).all())  # it starts as the identity
        True
    """

    def __init__(self, in_channels: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.eps = eps
        self.gamma = nn.Parameter(torch.zeros(in_channels))
        self.beta = nn.Parameter(torch.zeros(in_channels))

    def forward(self, x: Tensor, data_format: str = 'channel_first') -> Tensor:
        """Weigh the channels of x."""
        last = _is_last(data_format)
        shape = (-1,) if last else (-1, 1, 1)
        # Of half numbers it is too large for one; a copy of x is not.
        response = torch.linalg.vector_norm(
            x,
            dim=(1, 2) if last else (2, 3),
            keepdim=True,
            dtype=torch.promote_types(x.dtype, torch.float32),
        )
        share = response / (
            response.mean(dim=-1 if last else 1, keepdim=True) + self.eps
        )
        share = share.to(x.dtype)
        return self.gamma.view(shape) * (x * share) + self.beta.view(shape) + x


def _is_last(data_format: str) -> bool:
    check_choice(('channel_first', 'channel_last'), data_format=data_format)
    return data_format == 'channel_last'


@MODELS.register_module('BiasBN')
class BiasBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation that learns a bias, but no scale.

    The scale is a buffer of ones, so that ``state_dict`` has the entries of
    ``torch.nn.BatchNorm2d``.

    Args:
        num_features: Number of channels ``C``.
        eps: Added to the variance.
        momentum: Share of the batch in the running statistics.

    Shape:
        x: ``(B, C, H, W)``; returns: same as x.

    Example:
        >>> norm = BiasBatchNorm2d(8)
        >>> [name for name, _ in norm.named_parameters()]
        ['bias']
    """

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float = 0.1
    ) -> None:
        super().__init__(num_features, eps, momentum)
        del self.weight
        self.register_buffer('weight', torch.ones(num_features))


for _name, _layer in {
    'BN': nn.BatchNorm2d,
    'BN1d': nn.BatchNorm1d,
    'BN2d': nn.BatchNorm2d,
    'BN3d': nn.BatchNorm3d,
    'SyncBN': nn.SyncBatchNorm,
    'GN': nn.GroupNorm,
    'LN': nn.LayerNorm,
    'IN': nn.InstanceNorm2d,
    'IN1d': nn.InstanceNorm1d,
    'IN2d': nn.InstanceNorm2d,
    'IN3d': nn.InstanceNorm3d,
}.items():
    MODELS.register_module(_name, module=_layer)

_PREFIXES = {
    _InstanceNorm: 'in',
    _BatchNorm: 'bn',
    nn.GroupNorm: 'gn',
    nn.LayerNorm: 'ln',
}
_WORDS = {'batch': 'bn', 'group': 'gn', 'layer': 'ln', 'instance': 'in'}


def build_norm_layer(
    cfg: dict, num_features: int, postfix: int | str = ''
) -> tuple[str, nn.Module]:
    """Build a normalisation layer, and the name it has in a module.

    A layer of your own is named after its attribute ``_abbr_``, else after the
    word batch, group, layer or instance in its class name.

    Args:
        cfg: A dict with a ``type``, arguments of that type, and, if wanted,
            ``requires_grad`` for its parameters.
        num_features: Number of channels.
        postfix: What the name ends in.

    Returns:
        The name, e.g. ``'bn1'``, and the layer.

    Raises:
        ConfigError: if ``cfg`` does not fit the type it names.

    Example:
        >>> build_norm_layer(dict(type='BN', eps=1e-3), 8, postfix=1)
        ('bn1', BatchNorm2d(8, eps=0.001, ...))
        >>> build_norm_layer(dict(type='BNN'), 8)
        Traceback (most recent call last):
        mmlite.errors.ConfigError: unknown type 'BNN'; did you mean 'BN'?
    """
    norm_class = layer_class(cfg)
    own = ('requires_grad',)
    if 'num_channels' in arguments_of(norm_class).kinds:
        layer = build_layer(cfg, ignore=own, num_channels=num_features)
    else:
        layer = build_layer(cfg, num_features, ignore=own)
    for parameter in layer.parameters():
        parameter.requires_grad = cfg.get('requires_grad', True)
    return f'{_prefix(norm_class)}{postfix}', layer


def _prefix(norm_class: type) -> str:
    if '_abbr_' in vars(norm_class):
        return norm_class._abbr_
    for base, prefix in _PREFIXES.items():
        if issubclass(norm_class, base):
            return prefix
    name = norm_class.__name__.lower()
    return next((p for word, p in _WORDS.items() if word in name), 'norm_layer')


def norms_to_eval(module: nn.Module) -> None:
    """Put every batch normalisation inside in evaluation mode."""
    for child in module.modules():
        if isinstance(child, _BatchNorm):
            child.eval()


def freeze_norms(module: nn.Module) -> None:
    """Put every batch normalisation inside in evaluation mode, and do not train it."""
    for child in module.modules():
        if isinstance(child, _BatchNorm):
            child.eval()
            child.requires_grad_(False)
