"""TinyViT.

Paper: TinyViT: Fast Pretraining Distillation for Small Vision Transformers,
ECCV 2022, https://arxiv.org/abs/2207.10666
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, ClassVar

from mmengine.model import BaseModule
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from ...errors import DataError
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    DropPath,
    LeAttention,
    build_activation_layer,
    build_norm_layer,
    checkpointed,
    drop_path_rates,
    pad_to_windows,
    window_partition,
    window_reverse,
)
from .archs import pick_arch
from .base_backbone import (
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
)

__all__ = ['TinyViT', 'TinyViTBlock']

GELU = dict(type='GELU')
LAYER_NORM = dict(type='LN')


def _conv_norm(
    in_channels: int, out_channels: int, last_of_branch: bool = False, **kwargs: Any
) -> nn.Sequential:
    """A convolution and a norm, which starts at 0 where a branch ends."""
    kwargs.setdefault('kernel_size', 1)
    conv = nn.Conv2d(in_channels, out_channels, bias=False, **kwargs)
    norm = nn.BatchNorm2d(out_channels)
    if last_of_branch:
        nn.init.zeros_(norm.weight)
    return nn.Sequential(OrderedDict(conv2d=conv, bn2d=norm))


class _PatchEmbed(BaseModule):
    """Two convolutions of stride 2."""

    def __init__(self, in_channels: int, width: int) -> None:
        super().__init__()
        strided = dict(kernel_size=3, stride=2, padding=1)
        self.seq = nn.Sequential(
            _conv_norm(in_channels, width // 2, **strided),
            build_activation_layer(GELU),
            _conv_norm(width // 2, width, **strided),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.seq(x)


class _PatchMerging(nn.Module):
    """Half the size, by an inverted residual without a shortcut."""

    def __init__(self, in_channels: int, width: int, act_cfg: dict) -> None:
        super().__init__()
        strided = dict(kernel_size=3, stride=2, padding=1)
        self.act = build_activation_layer(act_cfg)
        self.conv1 = _conv_norm(in_channels, width)
        self.conv2 = _conv_norm(width, width, groups=width, **strided)
        self.conv3 = _conv_norm(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv3(self.act(self.conv2(self.act(self.conv1(x)))))


class _MBConvBlock(nn.Module):
    """An inverted residual, with an activation behind the shortcut."""

    def __init__(self, width: int, expand_ratio: float, drop_path: float) -> None:
        super().__init__()
        hidden = int(width * expand_ratio)
        self.conv1 = _conv_norm(width, hidden)
        self.act = build_activation_layer(GELU)
        self.conv2 = _conv_norm(hidden, hidden, kernel_size=3, padding=1, groups=hidden)
        self.conv3 = _conv_norm(hidden, width, last_of_branch=True)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv3(self.act(self.conv2(self.act(self.conv1(x)))))
        return self.act(self.drop_path(out) + x)


class _Mlp(BaseModule):
    """A feed-forward network behind a norm."""

    def __init__(self, width: int, hidden: int, act_cfg: dict, drop: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)
        self.act = build_activation_layer(act_cfg)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(self.act(self.fc1(self.norm(x))))
        return self.drop(self.fc2(x))


class TinyViTBlock(BaseModule):
    """Attention in windows, a depth-wise convolution, a feed-forward network.

    Args:
        in_channels: Number of channels.
        resolution: Rows and columns of the map.
        num_heads: Number of attention heads.
        window_size: Rows and columns of a window.
        mlp_ratio: Hidden width of the feed-forward network over ``in_channels``.
        drop: Dropout of the feed-forward network, a fraction.
        drop_path: Rate of stochastic depth, a fraction.
        local_conv_size: Edge of the kernel of the depth-wise convolution, in pixels.
        act_cfg: Config of the activation.

    Shape:
        x: ``(B, C, H, W)``; returns the same.

    Raises:
        ValueError: if num_heads does not divide in_channels.

    Example:
        >>> TinyViTBlock(8, (4, 6), num_heads=2, window_size=3)(
        ...     torch.zeros(2, 8, 4, 6)).shape
        torch.Size([2, 8, 4, 6])
    """

    def __init__(
        self,
        in_channels: int,
        resolution: Sequence[int],
        num_heads: int,
        window_size: int = 7,
        mlp_ratio: float = 4.0,
        drop: float = 0.0,
        drop_path: float = 0.0,
        local_conv_size: int = 3,
        act_cfg: dict = GELU,
    ) -> None:
        super().__init__()
        if in_channels % num_heads:
            raise ValueError(
                f'num_heads={num_heads} does not divide in_channels={in_channels}'
            )
        self.img_size = tuple(resolution)
        self.window_size = window_size
        self.drop_path = DropPath(drop_path)
        self.attn = LeAttention(
            in_channels,
            in_channels // num_heads,
            num_heads,
            attn_ratio=1,
            resolution=(window_size, window_size),
        )
        self.mlp = _Mlp(in_channels, int(in_channels * mlp_ratio), act_cfg, drop)
        self.local_conv = _conv_norm(
            in_channels,
            in_channels,
            kernel_size=local_conv_size,
            padding=local_conv_size // 2,
            groups=in_channels,
        )

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        height, width = x.shape[2:]
        padded = pad_to_windows(x.permute(0, 2, 3, 1), self.window_size)
        windows = self.attn(window_partition(padded, self.window_size))
        out = window_reverse(windows, padded.shape[1:3], self.window_size)
        out = out[:, :height, :width].permute(0, 3, 1, 2)
        x = self.local_conv(x + self.drop_path(out))
        mixed = self.mlp(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return x + self.drop_path(mixed)


class _Stage(BaseModule):
    """Blocks, and what halves the size behind them."""

    def __init__(
        self, blocks: Sequence[nn.Module], downsample: nn.Module | None, with_cp: bool
    ) -> None:
        super().__init__()
        self.with_cp = with_cp
        self.blocks = nn.ModuleList(blocks)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = checkpointed(block, block, x) if self.with_cp else block(x)
        return x if self.downsample is None else self.downsample(x)


@MODELS.register_module()
class TinyViT(BaseBackbone):
    """A stage of convolutions, and three of attention in windows.

    Args:
        arch: ``'5m'``, ``'11m'`` or ``'21m'``, or a dict with ``channels``,
            ``num_heads`` and ``depths`` of each stage.
        img_size: Size of the image in pixels, the only one that it takes.
        window_size: Edge of a window in each stage, in pixels of its map; the first is
            not used.
        in_channels: Channels of the image.
        mlp_ratio: Hidden width of the feed-forward networks over that of the stage.
        drop_rate: Dropout of the feed-forward networks, a fraction.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            from 0.
        use_checkpoint: Whether to save memory by computing each block again in the
            backward pass.
        mbconv_expand_ratio: Width inside a block of the first stage over its
            own.
        local_conv_size: Edge of the kernel of the depth-wise convolutions, in pixels.
        layer_lr_decay: Not used, as in mmpretrain.
        out_indices: Which stages are returned, counted from 0; all but the last
            as they enter the next stage, with its width and size.
        frozen_stages: How many stages keep weights and statistics.
        gap_before_final_norm: Whether a stage that is returned is averaged
            before its norm, so that it is a vector.
        act_cfg: Config of the activations outside the first stage.
        norm_cfg: Config of the norm of what is returned.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, img_size, img_size)``.
        returns: one ``(B, C)`` per index, or ``(B, C, H / stride, W / stride)``
            without gap_before_final_norm; strides are 8, 16, 32, 32.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range.
        DataError: if the image has another size.

    Example:
        >>> model = MODELS.build(dict(type='TinyViT', arch='5m'))
        >>> model(torch.zeros(1, 3, 224, 224))[0].shape
        torch.Size([1, 320])
    """

    arch_settings: ClassVar[dict[str, dict[str, list[int]]]] = {
        '5m': dict(
            channels=[64, 128, 160, 320], num_heads=[2, 4, 5, 10], depths=[2, 2, 6, 2]
        ),
        '11m': dict(
            channels=[64, 128, 256, 448], num_heads=[2, 4, 8, 14], depths=[2, 2, 6, 2]
        ),
        '21m': dict(
            channels=[96, 192, 384, 576], num_heads=[3, 6, 12, 18], depths=[2, 2, 6, 2]
        ),
    }

    def __init__(
        self,
        arch: str | dict[str, Sequence[int]] = '5m',
        img_size: int | Sequence[int] = (224, 224),
        window_size: Sequence[int] = (7, 7, 14, 7),
        in_channels: int = 3,
        mlp_ratio: float = 4.0,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.1,
        use_checkpoint: bool = False,
        mbconv_expand_ratio: float = 4.0,
        local_conv_size: int = 3,
        layer_lr_decay: float = 1.0,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        gap_before_final_norm: bool = True,
        act_cfg: dict = GELU,
        norm_cfg: dict = LAYER_NORM,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        arch = pick_arch(arch, self.arch_settings)
        self.channels = tuple(arch['channels'])
        self.num_stages = len(self.channels)
        self.img_size = tuple(to_2tuple(img_size))
        self.out_indices = check_out_indices(out_indices, self.num_stages)
        self.frozen_stages = check_frozen_stages(frozen_stages, self.num_stages)
        self.gap_before_final_norm = gap_before_final_norm
        self.patch_embed = _PatchEmbed(in_channels, self.channels[0])
        common = dict(
            mlp_ratio=mlp_ratio,
            drop=drop_rate,
            local_conv_size=local_conv_size,
            act_cfg=act_cfg,
        )
        rates = drop_path_rates(drop_path_rate, arch['depths'])
        self.stages = nn.ModuleList()
        for i, width in enumerate(self.channels):
            size = [side // 4 // 2**i for side in self.img_size]
            blocks = [
                TinyViTBlock(
                    width,
                    size,
                    arch['num_heads'][i],
                    window_size[i],
                    drop_path=rate,
                    **common,
                )
                if i
                else _MBConvBlock(width, mbconv_expand_ratio, rate)
                for rate in rates[i]
            ]
            downsample, after = None, width
            if i < self.num_stages - 1:
                after = self.channels[i + 1]
                downsample = _PatchMerging(width, after, act_cfg)
            self.stages.append(_Stage(blocks, downsample, use_checkpoint))
            if i in self.out_indices:
                self.add_module(f'norm{i}', build_norm_layer(norm_cfg, after)[1])
        self.freeze_parts()

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width of every stage that is returned; its stride if it is a map."""
        following = [min(i + 1, self.num_stages - 1) for i in self.out_indices]
        if self.gap_before_final_norm:
            return tuple(FeatureSpec(self.channels[i]) for i in following)
        return tuple(FeatureSpec(self.channels[i], 4 * 2**i) for i in following)

    def frozen_parts(self) -> list[nn.Module]:
        """As many stages as frozen_stages says."""
        return list(self.stages[: max(self.frozen_stages, 0)])

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the stages that out_indices names."""
        if x.shape[2:] != self.img_size:
            raise DataError(
                f'TinyViT was built for images of {self.img_size} pixels, got '
                f'{tuple(x.shape[2:])}; set model.backbone.img_size'
            )
        x = self.patch_embed(x)
        outs = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i in self.out_indices:
                norm = getattr(self, f'norm{i}')
                if self.gap_before_final_norm:
                    outs.append(norm(x.mean((2, 3))))
                else:
                    outs.append(norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2))
        return tuple(outs)
