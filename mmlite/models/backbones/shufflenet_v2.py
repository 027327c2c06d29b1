"""ShuffleNetV2.

Paper: ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture
Design, ECCV 2018, https://arxiv.org/abs/1807.11164
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import check_choice
from ...registry import MODELS
from ..layers import ConvModule, channel_shuffle, checkpointed
from .shufflenet import BATCH_NORM, RELU, BaseShuffleNet

__all__ = ['ShuffleNetV2', 'SplitShuffleBlock']


class SplitShuffleBlock(BaseModule):
    """Half of the channels pass, the other half is convolved; then a shuffle.

    With a stride of 2, both halves are convolved from all channels.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: 1 or 2 pixels.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        with_cp: Whether to save memory by computing the block again in the backward
            pass.
        init_cfg: Config of the initialisation.

    Raises:
        ValueError: if the width changes with a stride of 1.

    Example:
        >>> SplitShuffleBlock(8, 16, stride=2)(torch.zeros(1, 8, 4, 4)).shape
        torch.Size([1, 16, 2, 2])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = RELU,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        half = out_channels // 2
        if stride == 1 and in_channels != 2 * half:
            raise ValueError(
                f'in_channels={in_channels} must be {2 * half} with a stride of 1'
            )
        self.with_cp = with_cp
        self.split = stride == 1
        cfgs = dict(conv_cfg=conv_cfg, norm_cfg=norm_cfg)
        depthwise = dict(stride=stride, padding=1, act_cfg=None, **cfgs)
        pointwise = dict(act_cfg=act_cfg, **cfgs)
        if not self.split:
            self.branch1 = nn.Sequential(
                ConvModule(
                    in_channels, in_channels, 3, groups=in_channels, **depthwise
                ),
                ConvModule(in_channels, half, 1, **pointwise),
            )
        self.branch2 = nn.Sequential(
            ConvModule(half if self.split else in_channels, half, 1, **pointwise),
            ConvModule(half, half, 3, groups=half, **depthwise),
            ConvModule(half, half, 1, **pointwise),
        )

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        return checkpointed(self, self._block, x) if self.with_cp else self._block(x)

    def _block(self, x: Tensor) -> Tensor:
        if self.split:
            kept, x = x.chunk(2, dim=1)
        else:
            kept = self.branch1(x)
        return channel_shuffle(torch.cat((kept, self.branch2(x)), dim=1), 2)


@MODELS.register_module()
class ShuffleNetV2(BaseShuffleNet):
    """Three layers of :class:`SplitShuffleBlock`, and a 1x1 convolution.

    Args:
        widen_factor: 0.5, 1.0, 1.5 or 2.0.
        out_indices: Which layers are returned: 0 to 2, and 3 for the last
            convolution.
        frozen_stages: How many layers keep weights and statistics, beside the
            stem; 0 is the stem alone, -1 nothing.
        kwargs: ``conv_cfg``, ``norm_cfg``, ``act_cfg``, ``norm_eval``,
            ``with_cp`` and ``init_cfg`` of ``BaseShuffleNet``.

    Shape:
        x: ``(B, 3, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            8, 16, 32, 32.

    Raises:
        ValueError: if widen_factor, out_indices or frozen_stages is out of
            range.

    Example:
        >>> model = MODELS.build(dict(type='ShuffleNetV2', widen_factor=0.5))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 1024, 2, 2])
    """

    stage_blocks = (4, 8, 4)
    widths_of: ClassVar[dict[float, tuple[int, ...]]] = {
        0.5: (48, 96, 192, 1024),
        1.0: (116, 232, 464, 1024),
        1.5: (176, 352, 704, 1024),
        2.0: (244, 488, 976, 2048),
    }

    def __init__(
        self,
        widen_factor: float = 1.0,
        out_indices: int | Sequence[int] = (3,),
        frozen_stages: int = -1,
        **kwargs: Any,
    ) -> None:
        check_choice(self.widths_of, widen_factor=widen_factor)
        self.widen_factor = widen_factor
        super().__init__(24, 4, out_indices, frozen_stages, **kwargs)

    def make_layers(self, in_channels: int) -> list[int]:
        """Add three layers and the last convolution."""
        widths = self.widths_of[self.widen_factor]
        for width, num_blocks in zip(widths, self.stage_blocks, strict=False):
            blocks = []
            for j in range(num_blocks):
                block = SplitShuffleBlock(
                    in_channels,
                    width,
                    stride=1 if j else 2,
                    with_cp=self.with_cp,
                    **self.cfgs,
                )
                blocks.append(block)
                in_channels = width
            self.layers.append(nn.Sequential(*blocks))
        self.layers.append(ConvModule(in_channels, widths[-1], 1, **self.cfgs))
        return list(widths)
