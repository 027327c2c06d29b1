"""HorNet.

Paper: HorNet: Efficient High-Order Spatial Interactions with Recursive Gated
Convolutions, NeurIPS 2022, https://arxiv.org/abs/2207.14284
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import wrong_choice
from ...registry import MODELS
from ..layers import DropPath, LayerNorm2d, LayerScale, checkpointed
from .archs import pick_arch
from .patch_stages import PatchStages

__all__ = ['GlobalLocalFilter', 'HorNet', 'HorNetBlock', 'gnConv']

DEPTHWISE = dict(type='DW', kernel_size=7)
EPS = 1e-6


class GlobalLocalFilter(nn.Module):
    """One half of the channels is convolved, the other filtered by frequency.

    Args:
        dim: Number of channels.
        h: Rows of the filter, which is interpolated to other sizes.
        w: Columns of it, of the half of the spectrum that is kept.

    Shape:
        x: ``(B, C, H, W)``; returns the same shape.

    Example:
        >>> GlobalLocalFilter(8)(torch.zeros(1, 8, 6, 6)).shape
        torch.Size([1, 8, 6, 6])
    """

    def __init__(self, dim: int, h: int = 14, w: int = 8) -> None:
        super().__init__()
        half = dim // 2
        self.dw = nn.Conv2d(half, half, 3, padding=1, bias=False, groups=half)
        self.complex_weight = nn.Parameter(torch.randn(half, h, w, 2) * 0.02)
        self.pre_norm = LayerNorm2d(dim, eps=EPS)
        self.post_norm = LayerNorm2d(dim, eps=EPS)

    def forward(self, x: Tensor) -> Tensor:
        """Filter x."""
        local, spread = self.pre_norm(x).chunk(2, dim=1)
        spread = self._filtered(spread.float()).to(local.dtype)
        mixed = torch.stack((self.dw(local), spread), dim=2).flatten(1, 2)
        return self.post_norm(mixed)

    def _filtered(self, x: Tensor) -> Tensor:
        size = x.shape[2:]
        spectrum = torch.fft.rfft2(x, dim=(2, 3), norm='ortho')
        weight = self.complex_weight.float()
        if weight.shape[1:3] != spectrum.shape[2:]:
            weight = F.interpolate(
                weight.permute(3, 0, 1, 2),
                size=spectrum.shape[2:],
                mode='bilinear',
                align_corners=True,
            ).permute(1, 2, 3, 0)
        spectrum = spectrum * torch.view_as_complex(weight.contiguous())
        return torch.fft.irfft2(spectrum, s=size, dim=(2, 3), norm='ortho')


class gnConv(nn.Module):  # noqa: N801 - the name that the paper gives it
    """Recursive gated convolution: its output gates itself, several times.

    Args:
        dim: Number of channels.
        order: Number of gates; widths double from gate to gate.
        dw_cfg: ``type='DW'`` with ``kernel_size`` for a depth-wise
            convolution, ``type='GF'`` with ``h`` and ``w`` for a
            :class:`GlobalLocalFilter`.
        scale: Factor on the output of the depth-wise convolution.

    Shape:
        x: ``(B, C, H, W)``; returns the same shape.

    Raises:
        ValueError: if the type is neither.

    Example:
        >>> gnConv(16, order=3)(torch.zeros(1, 16, 6, 6)).shape
        torch.Size([1, 16, 6, 6])
    """

    def __init__(
        self,
        dim: int,
        order: int = 5,
        dw_cfg: Mapping[str, Any] = DEPTHWISE,
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.dims = [dim // 2**i for i in reversed(range(order))]
        self.scale = scale
        self.proj_in = nn.Conv2d(dim, 2 * dim, 1)
        self.dwconv = self._depthwise(sum(self.dims), **dw_cfg)
        self.proj_out = nn.Conv2d(dim, dim, 1)
        self.projs = nn.ModuleList(
            nn.Conv2d(narrow, wide, 1)
            for narrow, wide in zip(self.dims, self.dims[1:], strict=False)
        )

    @staticmethod
    def _depthwise(dim: int, type: str, **kwargs: Any) -> nn.Module:
        if type == 'GF':
            return GlobalLocalFilter(dim, **kwargs)
        if type != 'DW':
            raise ValueError(wrong_choice('dw_cfg.type', type, ('DW', 'GF')))
        size = kwargs.pop('kernel_size')
        return nn.Conv2d(dim, dim, size, padding=(size - 1) // 2, groups=dim, **kwargs)

    def forward(self, x: Tensor) -> Tensor:
        """Gate x."""
        first, rest = self.proj_in(x).split((self.dims[0], sum(self.dims)), dim=1)
        gates = (self.dwconv(rest) * self.scale).split(self.dims, dim=1)
        x = first * gates[0]
        for proj, gate in zip(self.projs, gates[1:], strict=True):
            x = proj(x) * gate
        return self.proj_out(x)


class HorNetBlock(nn.Module):
    """A :class:`gnConv` and a feed-forward network, each with a shortcut.

    Args:
        dim: Number of channels.
        order: See :class:`gnConv`.
        dw_cfg: See :class:`gnConv`.
        scale: See :class:`gnConv`.
        drop_path_rate: Rate of stochastic depth, a fraction.
        use_layer_scale: Whether both branches have a ``LayerScale``.
        with_cp: Whether to save memory by computing the block again in the backward
            pass.

    Example:
        >>> HorNetBlock(16)(torch.zeros(1, 16, 6, 6)).shape
        torch.Size([1, 16, 6, 6])
    """

    def __init__(
        self,
        dim: int,
        order: int = 5,
        dw_cfg: Mapping[str, Any] = DEPTHWISE,
        scale: float = 1.0,
        drop_path_rate: float = 0.0,
        use_layer_scale: bool = True,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.with_cp = with_cp
        self.norm1 = LayerNorm2d(dim, eps=EPS)
        self.gnconv = gnConv(dim, order, dw_cfg, scale)
        self.norm2 = nn.LayerNorm(dim, eps=EPS)
        self.pwconv1 = nn.Linear(dim, 4 * dim)
        self.act = nn.GELU()
        self.pwconv2 = nn.Linear(4 * dim, dim)
        self.gamma1 = self.gamma2 = nn.Identity()
        if use_layer_scale:
            self.gamma1 = LayerScale(dim, data_format='channels_first')
            self.gamma2 = LayerScale(dim)
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        return checkpointed(self, self._block, x) if self.with_cp else self._block(x)

    def _block(self, x: Tensor) -> Tensor:
        x = x + self.drop_path(self.gamma1(self.gnconv(self.norm1(x))))
        out = self.pwconv1(self.norm2(x.permute(0, 2, 3, 1)))
        out = self.gamma2(self.pwconv2(self.act(out)))
        return x + self.drop_path(out.permute(0, 3, 1, 2))


def _arch(base_dim: int, *filters: tuple[int, int]) -> dict[str, Any]:
    """Four stages, of which the last ones filter by frequency."""
    by_frequency = [dict(type='GF', h=h, w=w) for h, w in filters]
    return dict(
        base_dim=base_dim,
        depths=[2, 3, 18, 2],
        orders=[2, 3, 4, 5],
        dw_cfg=[DEPTHWISE] * (4 - len(filters)) + by_frequency,
    )


_GF, _GF384 = ((14, 8), (7, 4)), ((24, 12), (13, 7))


@MODELS.register_module()
class HorNet(PatchStages):
    """Stages of convolutions that gate themselves.

    Args:
        arch: ``'tiny'``, ``'small'``, ``'base'``, ``'large'`` (or ``'t'``,
            ...), with ``'-gf'`` for filters by frequency, ``'base-gf384'`` and
            ``'large-gf384'`` for larger images; or a dict with ``base_dim``,
            ``depths``, ``orders`` and ``dw_cfg``.
        in_channels: Channels of the image.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            from 0.
        scale: See :class:`gnConv`.
        use_layer_scale: See :class:`HorNetBlock`.
        out_indices: Which stages are returned, counted from 0.
        frozen_stages: The last stage that keeps its weights, with all before
            it; -1 is none.
        with_cp: Whether to save memory by computing each block again in the backward
            pass.
        gap_before_final_norm: Whether a stage that is returned is averaged
            before its norm, so that it is a vector.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C)`` per index, or ``(B, C, H / stride, W / stride)``
            without gap_before_final_norm; strides are 4, 8, 16, 32.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='HorNet', arch='tiny'))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 512])
    """

    arch_zoo: ClassVar[dict[str, dict[str, Any]]] = {
        name + suffix: _arch(width, *filters)
        for names, width in (
            (('t', 'tiny'), 64),
            (('s', 'small'), 96),
            (('b', 'base'), 128),
            (('l', 'large'), 192),
        )
        for name in names
        for suffix, filters in (('', ()), ('-gf', _GF), ('-gf384', _GF384))
        if suffix != '-gf384' or width > 96
    }

    def __init__(
        self,
        arch: str | dict[str, Any] = 'tiny',
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
        scale: float = 1 / 3,
        use_layer_scale: bool = True,
        out_indices: int | Sequence[int] = (3,),
        frozen_stages: int = -1,
        with_cp: bool = False,
        gap_before_final_norm: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        self.arch_settings = arch = pick_arch(arch, self.arch_zoo)
        self.block_args = dict(
            scale=scale, use_layer_scale=use_layer_scale, with_cp=with_cp
        )
        super().__init__(
            arch['depths'],
            [arch['base_dim'] * 2**i for i in range(4)],
            in_channels=in_channels,
            drop_path_rate=drop_path_rate,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            gap_before_final_norm=gap_before_final_norm,
            init_cfg=init_cfg,
        )

    def make_block(self, stage: int, place: int, drop_path_rate: float) -> nn.Module:
        """Build a block."""
        return HorNetBlock(
            self.channels[stage],
            self.arch_settings['orders'][stage],
            self.arch_settings['dw_cfg'][stage],
            drop_path_rate=drop_path_rate,
            **self.block_args,
        )

    def frozen_parts(self) -> list[nn.Module]:
        """The stages up to frozen_stages, with what leads to them, and norms."""
        count = self.frozen_stages + 1
        norms = [getattr(self, f'norm{i}') for i in self.out_indices if i < count]
        return [*self.downsample_layers[:count], *self.stages[:count], *norms]
