"""Attention between all positions of a map, as a block beside others."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from mmengine.model import constant_init, normal_init
from torch import Tensor, nn

from ...errors import check_choice
from ...registry import MODELS
from .conv_module import ConvModule

__all__ = ['NonLocal2d']

Mode = Literal['gaussian', 'embedded_gaussian', 'dot_product', 'concatenation']


@MODELS.register_module()
class NonLocal2d(nn.Module):
    """A non-local block: every position sees all others, added to the map.

    Paper: Non-local Neural Networks, CVPR 2018, https://arxiv.org/abs/1711.07971

    Args:
        in_channels: Channels of the map.
        sub_sample: Whether positions see every second row and column alone, the
            largest of four each.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        reduction: ``in_channels`` over the width inside.
        use_scale: Whether ``'embedded_gaussian'`` divides by the root of the width.
        norm_cfg: Config of the norm at the end; ``None`` has none.
        mode: How alike two positions are: ``'gaussian'`` and ``'embedded_gaussian'``
            take the softmax of products of features, or of embedded ones;
            ``'dot_product'`` these products themselves; ``'concatenation'`` learns it.
        std: Deviation of the initial weights.
        zeros_init: Whether it begins as the identity.

    Shape:
        x: ``(B, in_channels, H, W)``; returns the same shape.

    Raises:
        ValueError: if mode is none of these.

    Example:
        >>> x = torch.randn(1, 8, 4, 4)
        >>> torch.equal(NonLocal2d(8)(x), x)
        True
    """

    _abbr_ = 'nonlocal_block'

    def __init__(
        self,
        in_channels: int,
        sub_sample: bool = False,
        conv_cfg: dict | None = None,
        reduction: int = 2,
        use_scale: bool = True,
        norm_cfg: dict | None = None,
        mode: Mode = 'embedded_gaussian',
        std: float = 0.01,
        zeros_init: bool = True,
    ) -> None:
        super().__init__()
        check_choice(get_args(Mode), mode=mode)
        self.mode = mode
        self.use_scale = use_scale
        self.inter_channels = width = max(in_channels // reduction, 1)
        plain = dict(kernel_size=1, conv_cfg=conv_cfg, act_cfg=None)
        self.g = ConvModule(in_channels, width, **plain)
        self.conv_out = ConvModule(width, in_channels, norm_cfg=norm_cfg, **plain)
        if mode != 'gaussian':
            self.theta = ConvModule(in_channels, width, **plain)
            self.phi = ConvModule(in_channels, width, **plain)
        if mode == 'concatenation':
            self.concat_project = ConvModule(2 * width, 1, 1, bias=False)
        self._init_weights(std, zeros_init)
        if sub_sample:
            pool = nn.MaxPool2d(kernel_size=2)
            self.g = nn.Sequential(self.g, pool)
            self.phi = pool if mode == 'gaussian' else nn.Sequential(self.phi, pool)

    def _init_weights(self, std: float, zeros_init: bool) -> None:
        for name in ('g', 'theta', 'phi'):
            if hasattr(self, name):
                normal_init(getattr(self, name).conv, std=std)
        last = self.conv_out.conv if self.conv_out.norm is None else self.conv_out.norm
        if zeros_init:
            constant_init(last, 0)
        else:
            normal_init(last, std=std)

    def forward(self, x: Tensor) -> Tensor:
        """Add to each position what the others have to give."""
        values = self.g(x).flatten(2).transpose(1, 2)  # (B, L', D)
        out = self._weights(x) @ values  # (B, L, D)
        out = out.transpose(1, 2).reshape(len(x), self.inter_channels, *x.shape[2:])
        return x + self.conv_out(out)

    def _weights(self, x: Tensor) -> Tensor:
        """How much each position takes of the others, ``(B, L, L')``."""
        theta = self.theta(x) if self.mode != 'gaussian' else x
        phi = self.phi(x) if hasattr(self, 'phi') else x
        theta, phi = theta.flatten(2), phi.flatten(2)
        if self.mode == 'concatenation':
            rows, columns = theta.shape[-1], phi.shape[-1]
            pairs = torch.cat(
                [
                    theta.unsqueeze(3).expand(-1, -1, -1, columns),
                    phi.unsqueeze(2).expand(-1, -1, rows, -1),
                ],
                dim=1,
            )
            return self.concat_project(pairs).squeeze(1) / columns
        alike = theta.transpose(1, 2) @ phi
        if self.mode == 'dot_product':
            return alike / alike.shape[-1]
        if self.mode == 'embedded_gaussian' and self.use_scale:
            alike = alike / self.inter_channels**0.5
        return alike.softmax(dim=-1)
