"""Activations by name."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...registry import MODELS
from .build import build_layer

__all__ = ['Clamp', 'HSigmoid', 'QuickGELU', 'build_activation_layer']

for _name, _layer in {
    'ReLU': nn.ReLU,
    'ReLU6': nn.ReLU6,
    'LeakyReLU': nn.LeakyReLU,
    'PReLU': nn.PReLU,
    'RReLU': nn.RReLU,
    'ELU': nn.ELU,
    'GELU': nn.GELU,
    'SiLU': nn.SiLU,
    'Swish': nn.SiLU,
    'HSwish': nn.Hardswish,
    'Mish': nn.Mish,
    'Sigmoid': nn.Sigmoid,
    'Softplus': nn.Softplus,
    'Tanh': nn.Tanh,
    'Identity': nn.Identity,
}.items():
    MODELS.register_module(_name, module=_layer)


@MODELS.register_module()
@MODELS.register_module('Clip')
class Clamp(nn.Module):
    """Cut values off at two bounds.

    Args:
        min: Lower bound of the output.
        max: Upper bound of the output.

    Example:
        >>> Clamp(min=0.0)(torch.tensor([-2.0, 0.5, 3.0]))
        tensor([0.0000, 0.5000, 1.0000])
    """

    def __init__(self, min: float = -1.0, max: float = 1.0) -> None:
        super().__init__()
        self.min = min
        self.max = max

    def forward(self, x: Tensor) -> Tensor:
        """Apply element-wise."""
        return x.clamp(self.min, self.max)


@MODELS.register_module()
class HSigmoid(nn.Module):
    """Hard sigmoid: ``clamp((x + bias) / divisor)``.

    Paper: Searching for MobileNetV3, ICCV 2019, https://arxiv.org/abs/1905.02244

    Args:
        bias: Added to the input.
        divisor: The sum is divided by it.
        min_value: Lower bound of the output.
        max_value: Upper bound of the output.

    Raises:
        ValueError: if divisor is 0.

    Example:
        >>> HSigmoid()(torch.tensor([-4.0, 0.0, 4.0]))
        tensor([0.0000, 0.5000, 1.0000])
    """

    def __init__(
        self,
        bias: float = 3.0,
        divisor: float = 6.0,
        min_value: float = 0.0,
        max_value: float = 1.0,
    ) -> None:
        super().__init__()
        if divisor == 0:
            raise ValueError('divisor must not be 0')
        self.bias = bias
        self.divisor = divisor
        self.min_value = min_value
        self.max_value = max_value

    def forward(self, x: Tensor) -> Tensor:
        """Apply element-wise."""
        return ((x + self.bias) / self.divisor).clamp(self.min_value, self.max_value)


@MODELS.register_module()
class QuickGELU(nn.Module):
    """The approximation of GELU that CLIP was trained with: ``x sigmoid(1.702 x)``.

    Example:
        >>> QuickGELU()(torch.zeros(2))
        tensor([0., 0.])
    """

    def forward(self, x: Tensor) -> Tensor:
        """Apply element-wise."""
        return x * torch.sigmoid(1.702 * x)


def build_activation_layer(cfg: dict) -> nn.Module:
    """Build an activation.

    Args:
        cfg: A dict with a ``type`` and arguments of that type.

    Raises:
        ConfigError: if ``cfg`` does not fit the type it names.

    Example:
        >>> build_activation_layer(dict(type='LeakyReLU', negative_slope=0.1))
        LeakyReLU(negative_slope=0.1)
    """
    return build_layer(cfg)
