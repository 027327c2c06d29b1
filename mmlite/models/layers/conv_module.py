"""Convolution, normalisation and activation in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mmengine.model import BaseModule, constant_init, kaiming_init
from torch import Tensor, nn

from ...registry import MODELS
from ...signature import arguments_of
from .activation import build_activation_layer
from .build import layer_class
from .conv import build_conv_layer
from .norm import build_norm_layer

__all__ = ['ConvModule']

RELU = dict(type='ReLU')


@MODELS.register_module()
class ConvModule(nn.Module):
    """A convolution, and if wanted a norm and an activation, in a chosen order.

    The parts are ``conv``, the norm under the name that
    :func:`build_norm_layer` gives it (``bn``, ``gn``, ...) and ``activate``.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Of the convolution, as the next five.
        stride: In pixels.
        padding: In pixels.
        dilation: In pixels.
        groups: Number of channel groups.
        bias: Of the convolution; ``'auto'`` has one if there is no norm.
        conv_cfg: Config of the convolution; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norm; ``None`` has none.
        act_cfg: Config of the activation; ``None`` has none.
        inplace: Whether the activation overwrites its input, if it can.
        padding_mode: What the border is filled with, as in ``torch.nn.Conv2d``.
        order: In which order the three are called.

    Shape:
        x: ``(B, in_channels, H, W)``; returns ``(B, out_channels, H', W')``.

    Raises:
        ValueError: if order is not one of ``'conv', 'norm', 'act'``.

    Example:
        >>> ConvModule(3, 8, 3, padding=1, norm_cfg=dict(type='BN'))
        ConvModule(
          (conv): Conv2d(3, 8, kernel_size=(3, 3), ..., bias=False)
          (bn): BatchNorm2d(8, ...)
          (activate): ReLU(inplace=True)
        )
    """

    _abbr_ = 'conv_block'

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | str | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool | Literal['auto'] = 'auto',
        conv_cfg: dict | None = None,
        norm_cfg: dict | None = None,
        act_cfg: dict | None = RELU,
        inplace: bool = True,
        padding_mode: str = 'zeros',
        order: Sequence[str] = ('conv', 'norm', 'act'),
    ) -> None:
        super().__init__()
        if sorted(order) != ['act', 'conv', 'norm']:
            raise ValueError(
                f"order has 'conv', 'norm' and 'act' once each, got {tuple(order)}"
            )
        self.order = tuple(order)
        self.conv_cfg = conv_cfg
        self.norm_cfg = norm_cfg
        self.act_cfg = act_cfg
        self.with_norm = norm_cfg is not None
        self.with_activation = act_cfg is not None
        self.with_bias = not self.with_norm if bias == 'auto' else bias
        self.conv = build_conv_layer(
            conv_cfg,
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
            bias=self.with_bias,
            padding_mode=padding_mode,
        )
        self.norm_name = None
        if norm_cfg is not None:
            last = self.order.index('norm') > self.order.index('conv')
            channels = out_channels if last else in_channels
            self.norm_name, norm = build_norm_layer(norm_cfg, channels)
            self.add_module(self.norm_name, norm)
        if act_cfg is not None:
            if 'inplace' in arguments_of(layer_class(act_cfg)).kinds:
                act_cfg = {'inplace': inplace, **act_cfg}
            self.activate = build_activation_layer(act_cfg)
        self.init_weights()

    @property
    def norm(self) -> nn.Module | None:
        """The normalisation layer, or ``None``."""
        return None if self.norm_name is None else getattr(self, self.norm_name)

    @property
    def in_channels(self) -> int:
        """Channels of the input."""
        return self.conv.in_channels

    @property
    def out_channels(self) -> int:
        """Channels of the output."""
        return self.conv.out_channels

    def init_weights(self) -> None:
        """Kaiming for the convolution, 1 and 0 for the norm.

        A convolution that is a ``BaseModule`` initialises itself.
        """
        if not isinstance(self.conv, BaseModule):
            leaky = self.with_activation and self.act_cfg['type'] == 'LeakyReLU'
            slope = self.act_cfg.get('negative_slope', 0.01) if leaky else 0
            kind = 'leaky_relu' if leaky else 'relu'
            kaiming_init(self.conv, a=slope, nonlinearity=kind)
        if self.norm is not None:
            constant_init(self.norm, 1, bias=0)

    def forward(self, x: Tensor, activate: bool = True, norm: bool = True) -> Tensor:
        """Call the three in order.

        Args:
            x: The feature map.
            activate: Whether to call the activation.
            norm: Whether to call the norm.
        """
        for step in self.order:
            if step == 'conv':
                x = self.conv(x)
            elif step == 'norm' and norm and self.with_norm:
                x = self.norm(x)
            elif step == 'act' and activate and self.with_activation:
                x = self.activate(x)
        return x
