"""RepMLPNet.

Paper: RepMLPNet: Hierarchical Vision MLP with Re-parameterized Locality, CVPR
2022, https://arxiv.org/abs/2112.11081
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, Sequential
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from ...errors import DataError
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    ConvModule,
    MapPatchEmbed,
    SELayer,
    build_activation_layer,
    build_conv_layer,
    build_norm_layer,
    fuse_conv_norm,
    norm_as_affine,
    switch_to_deploy,
)
from .archs import check_lengths, pick_arch
from .base_backbone import BaseBackbone, check_out_indices

__all__ = ['RepMLPBlock', 'RepMLPNet', 'RepMLPNetUnit']

BATCH_NORM = dict(type='BN', requires_grad=True)
GELU = dict(type='GELU')
NOTHING: Mapping[str, Any] = MappingProxyType({})


class _PatchEmbed(MapPatchEmbed):
    """Patches with an activation behind the norm."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(super().forward(x))


class RepMLPBlock(BaseModule):
    """A fully connected layer over the pixels, which takes in convolutions.

    Groups of channels share its weights. Convolutions beside it, in training,
    are linear in the same pixels, and become a part of it.

    Args:
        channels: Number of channels.
        path_h: Number of rows of each part that the map is cut into.
        path_w: Number of columns of each part.
        reparam_conv_kernels: Edges of the kernels of the convolutions beside it, in
            pixels; ``None`` has none.
        globalperceptron_ratio: Channels over the inner width of the
            squeeze-and-excitation.
        num_sharesets: Number of sets of weights, which the channels share.
        conv_cfg: Config of the layer; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norm.
        deploy: Whether there are no convolutions from the start.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, C, H, W)``, H and W multiples of the part's; returns the same.

    Example:
        >>> block = RepMLPBlock(8, 4, 4, (3, ), num_sharesets=2).eval()
        >>> x = torch.randn(1, 8, 4, 4)
        >>> before = block(x)
        >>> block.switch_to_deploy()
        >>> torch.allclose(block(x), before, atol=1e-5)
        True
    """

    def __init__(
        self,
        channels: int,
        path_h: int,
        path_w: int,
        reparam_conv_kernels: Sequence[int] | None = None,
        globalperceptron_ratio: int = 4,
        num_sharesets: int = 1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        deploy: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.deploy = deploy
        self.channels = channels
        self.num_sharesets = num_sharesets
        self.path_h, self.path_w = path_h, path_w
        self.conv_cfg = conv_cfg
        self.reparam_conv_kernels = tuple(reparam_conv_kernels or ())
        self.gp = SELayer(channels, ratio=globalperceptron_ratio, return_weight=True)
        self.fc3 = self._connected(bias=deploy)
        self.fc3_bn = nn.Identity()
        if deploy:
            return
        self.fc3_bn = build_norm_layer(norm_cfg, num_sharesets)[1]
        for size in self.reparam_conv_kernels:
            conv = ConvModule(
                num_sharesets,
                num_sharesets,
                size,
                padding=size // 2,
                groups=num_sharesets,
                norm_cfg=BATCH_NORM,
                act_cfg=None,
            )
            self.add_module(f'repconv{size}', conv)

    def _connected(self, bias: bool) -> nn.Module:
        width = self.path_h * self.path_w * self.num_sharesets
        groups = self.num_sharesets
        return build_conv_layer(
            self.conv_cfg, width, width, 1, bias=bias, groups=groups
        )

    def _convs(self) -> list[nn.Module]:
        if self.deploy:
            return []
        return [getattr(self, f'repconv{size}') for size in self.reparam_conv_kernels]

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        batch, channels, height, width = x.shape
        rows, columns = height // self.path_h, width // self.path_w
        parts = x.view(batch, channels, rows, self.path_h, columns, self.path_w)
        parts = parts.permute(0, 2, 4, 1, 3, 5)  # (B, rows, columns, C, h, w)
        maps = parts.reshape(-1, self.num_sharesets, self.path_h, self.path_w)
        flat = self.fc3(maps.reshape(-1, self.fc3.in_channels, 1, 1))
        out = self.fc3_bn(flat.view_as(maps))
        for conv in self._convs():
            out = out + conv(maps)
        out = out.view_as(parts).permute(0, 3, 1, 4, 2, 5).reshape_as(x)
        return out * self.gp(x)

    @torch.no_grad()
    def switch_to_deploy(self) -> None:
        """Make the convolutions a part of the fully connected layer, for good."""
        if self.deploy:
            return
        area = self.path_h * self.path_w
        factor, shift = norm_as_affine(self.fc3_bn)
        factor = factor.repeat_interleave(area)
        weight = self.fc3.weight * factor.view(-1, 1, 1, 1)
        bias = shift.repeat_interleave(area)
        for conv in self._convs():
            kernel, more = fuse_conv_norm(conv.conv, conv.norm)
            weight = weight + self._as_connected(kernel).view_as(weight)
            bias = bias + more.repeat_interleave(area)
        for size in self.reparam_conv_kernels:
            delattr(self, f'repconv{size}')
        self.fc3 = self._connected(bias=True).to(weight)
        self.fc3.weight.copy_(weight)
        self.fc3.bias.copy_(bias)
        self.fc3.requires_grad_(False)
        self.fc3_bn = nn.Identity()
        self.deploy = True

    def _as_connected(self, kernel: Tensor) -> Tensor:
        """The matrix of a convolution: its answer to one pixel at a time."""
        area = self.path_h * self.path_w
        pixels = torch.eye(area, dtype=kernel.dtype, device=kernel.device)
        pixels = pixels.view(area, 1, self.path_h, self.path_w)
        answer = F.conv2d(
            pixels.expand(-1, self.num_sharesets, -1, -1),
            kernel,
            padding=(kernel.shape[2] // 2, kernel.shape[3] // 2),
            groups=self.num_sharesets,
        )
        return answer.reshape(area, -1).t()


class _ConvFFN(nn.Module):
    """A feed-forward network of 1x1 convolutions."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        linear = dict(norm_cfg=BATCH_NORM, act_cfg=None)
        self.ffn_fc1 = ConvModule(channels, hidden, 1, **linear)
        self.ffn_fc2 = ConvModule(hidden, channels, 1, **linear)
        self.act = build_activation_layer(GELU)

    def forward(self, x: Tensor) -> Tensor:
        return self.ffn_fc2(self.act(self.ffn_fc1(x)))


class RepMLPNetUnit(BaseModule):
    """A :class:`RepMLPBlock` and a feed-forward network, each with a shortcut.

    Args:
        channels: Number of channels.
        path_h: See :class:`RepMLPBlock`.
        path_w: See :class:`RepMLPBlock`.
        reparam_conv_kernels: See :class:`RepMLPBlock`.
        globalperceptron_ratio: See :class:`RepMLPBlock`.
        norm_cfg: Config of the two norms.
        ffn_expand: Width of the feed-forward network over channels.
        num_sharesets: See :class:`RepMLPBlock`.
        deploy: See :class:`RepMLPBlock`.
        init_cfg: Config of the initialisation.
    """

    def __init__(
        self,
        channels: int,
        path_h: int,
        path_w: int,
        reparam_conv_kernels: Sequence[int] | None,
        globalperceptron_ratio: int,
        norm_cfg: dict = BATCH_NORM,
        ffn_expand: int = 4,
        num_sharesets: int = 1,
        deploy: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.repmlp_block = RepMLPBlock(
            channels,
            path_h,
            path_w,
            reparam_conv_kernels,
            globalperceptron_ratio,
            num_sharesets,
            deploy=deploy,
        )
        self.ffn_block = _ConvFFN(channels, channels * ffn_expand)
        self.norm1 = build_norm_layer(norm_cfg, channels)[1]
        self.norm2 = build_norm_layer(norm_cfg, channels)[1]

    def forward(self, x: Tensor) -> Tensor:
        """The unit of x."""
        x = x + self.repmlp_block(self.norm1(x))
        return x + self.ffn_block(self.norm2(x))


@MODELS.register_module()
class RepMLPNet(BaseBackbone):
    """Stages of fully connected layers over the pixels.

    Args:
        arch: ``'base'`` or ``'b'``, or a dict with ``channels``, ``depths`` and
            ``sharesets_nums`` of each stage.
        img_size: Size of the image in pixels, the only one that it takes.
        in_channels: Channels of the image.
        patch_size: Edge of a patch, in pixels.
        out_indices: Which stages are returned, counted from 0; all but the last
            as they enter the next stage, with its width and size.
        reparam_conv_kernels: See :class:`RepMLPBlock`.
        globalperceptron_ratio: See :class:`RepMLPBlock`.
        conv_cfg: Config of the convolutions between stages; ``None`` is
            ``Conv2d``.
        norm_cfg: Config of the norms.
        patch_cfg: Further arguments of the ``PatchEmbed``.
        final_norm: Whether the last stage is normalised.
        deploy: Whether there are no convolutions beside the layers from the
            start.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, img_size, img_size)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            8, 16, 32, 32.

    Raises:
        ValueError: if arch or out_indices is out of range.
        DataError: if the image has another size.

    Example:
        >>> arch = dict(channels=[8, 16], depths=[1, 1], sharesets_nums=[1, 2])
        >>> model = MODELS.build(dict(
        ...     type='RepMLPNet', arch=arch, img_size=32, out_indices=(1, )))
        >>> model(torch.zeros(2, 3, 32, 32))[0].shape
        torch.Size([2, 16, 4, 4])
    """

    arch_zoo: ClassVar[dict[str, dict[str, list[int]]]] = dict.fromkeys(
        ('b', 'base'),
        dict(
            channels=[96, 192, 384, 768],
            depths=[2, 2, 12, 2],
            sharesets_nums=[1, 4, 32, 128],
        ),
    )
    num_extra_tokens = 0

    def __init__(
        self,
        arch: str | dict[str, list[int]],
        img_size: int | Sequence[int] = 224,
        in_channels: int = 3,
        patch_size: int | Sequence[int] = 4,
        out_indices: int | Sequence[int] = (3,),
        reparam_conv_kernels: Sequence[int] | None = (3,),
        globalperceptron_ratio: int = 4,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        patch_cfg: Mapping[str, Any] = NOTHING,
        final_norm: bool = True,
        deploy: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        arch = pick_arch(arch, self.arch_zoo)
        self.channels = tuple(arch['channels'])
        self.num_stage = len(self.channels)
        settings = {f'arch.{key}': value for key, value in arch.items()}
        check_lengths(self.num_stage, 'stages', **settings)
        self.img_size = tuple(to_2tuple(img_size))
        self.patch_size = tuple(to_2tuple(patch_size))
        self.out_indices = check_out_indices(out_indices, self.num_stage)
        patches = dict(
            in_channels=in_channels,
            input_size=self.img_size,
            embed_dims=self.channels[0],
            kernel_size=self.patch_size,
            stride=self.patch_size,
            norm_cfg=norm_cfg,
            bias=False,
        )
        self.patch_embed = _PatchEmbed(**{**patches, **patch_cfg})
        self.patch_resolution = self.patch_embed.init_out_size
        self.stages = nn.ModuleList()
        self.downsample_layers = nn.ModuleList()
        for i, width in enumerate(self.channels):
            path_h, path_w = (size // 2**i for size in self.patch_resolution)
            units = (
                RepMLPNetUnit(
                    width,
                    path_h,
                    path_w,
                    reparam_conv_kernels,
                    globalperceptron_ratio,
                    norm_cfg=norm_cfg,
                    num_sharesets=arch['sharesets_nums'][i],
                    deploy=deploy,
                )
                for _ in range(arch['depths'][i])
            )
            self.stages.append(Sequential(*units))
            if i < self.num_stage - 1:
                cfgs = dict(conv_cfg=conv_cfg, norm_cfg=norm_cfg)
                wider = self.channels[i + 1]
                self.downsample_layers.append(
                    ConvModule(width, wider, 2, stride=2, **cfgs)
                )
        self.final_norm = nn.Identity()
        if final_norm:
            self.final_norm = build_norm_layer(norm_cfg, self.channels[-1])[1]

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every stage that is returned."""
        last = self.num_stage - 1
        following = [min(i + 1, last) for i in self.out_indices]
        stride = self.patch_size[0]
        return tuple(FeatureSpec(self.channels[i], stride * 2**i) for i in following)

    def switch_to_deploy(self) -> None:
        """Make convolutions a part of the layers beside them, for good."""
        switch_to_deploy(self)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the stages that out_indices names."""
        if x.shape[2:] != self.img_size:
            raise DataError(
                f'RepMLPNet was built for images of {self.img_size} pixels, got '
                f'{tuple(x.shape[2:])}; set model.backbone.img_size'
            )
        x = self.patch_embed(x)
        outs = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            last = i == self.num_stage - 1
            if not last:
                x = self.downsample_layers[i](x)
            if i in self.out_indices:
                outs.append(self.final_norm(x) if last else x)
        return tuple(outs)
