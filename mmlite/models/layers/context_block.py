"""Add a summary of the whole map to each position of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mmengine.model import constant_init, kaiming_init
from torch import Tensor, nn

from ...errors import check_choice
from ...registry import MODELS

__all__ = ['ContextBlock']


@MODELS.register_module()
class ContextBlock(nn.Module):
    """A global context block: one summary of the map, added to or weighing all of it.

    Paper: GCNet: Non-local Networks Meet Squeeze-Excitation Networks and Beyond,
    https://arxiv.org/abs/1904.11492. It begins as the identity, or, where it weighs,
    as a factor of one half.

    Args:
        in_channels: Channels of the map.
        ratio: Width inside over ``in_channels``, a fraction.
        pooling_type: How the map is summarised: ``'att'`` weighs its positions,
            ``'avg'`` takes their mean.
        fusion_types: What is done with the summary: ``'channel_add'`` adds it,
            ``'channel_mul'`` weighs the channels with it; or both, weighing first.

    Shape:
        x: ``(B, in_channels, H, W)``; returns the same shape.

    Raises:
        ValueError: if an argument is none of these.

    Example:
        >>> block = ContextBlock(8, ratio=0.25)
        >>> x = torch.randn(1, 8, 4, 4)
        >>> torch.equal(block(x), x)
        True
    """

    _abbr_ = 'context_block'

    def __init__(
        self,
        in_channels: int,
        ratio: float,
        pooling_type: Literal['att', 'avg'] = 'att',
        fusion_types: Sequence[str] = ('channel_add',),
    ) -> None:
        super().__init__()
        check_choice(('att', 'avg'), pooling_type=pooling_type)
        kinds = ('channel_add', 'channel_mul')
        if not fusion_types or not set(fusion_types) <= set(kinds):
            raise ValueError(
                f'fusion_types has one or both of {kinds}, got {fusion_types!r}'
            )
        width = int(in_channels * ratio)
        if width < 1:
            raise ValueError(
                f'ratio={ratio} leaves no channel of in_channels={in_channels}; '
                f'it is at least {1 / in_channels:g}'
            )
        self.pooling_type = pooling_type
        if pooling_type == 'att':
            self.conv_mask = nn.Conv2d(in_channels, 1, kernel_size=1)
        for kind in kinds:
            layers = _bottleneck(in_channels, width) if kind in fusion_types else None
            setattr(self, f'{kind}_conv', layers)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Kaiming for the weights of positions, 0 for what is done with the summary."""
        if self.pooling_type == 'att':
            kaiming_init(self.conv_mask, mode='fan_in')
        for layers in (self.channel_add_conv, self.channel_mul_conv):
            if layers is not None:
                constant_init(layers[-1], val=0)

    def spatial_pool(self, x: Tensor) -> Tensor:
        """Summarise x.

        Returns:
            ``(B, C, 1, 1)``.
        """
        if self.pooling_type == 'avg':
            return x.mean(dim=(2, 3), keepdim=True)
        weights = self.conv_mask(x).flatten(2).softmax(dim=-1)  # (B, 1, HW)
        return (x.flatten(2) @ weights.transpose(1, 2)).unsqueeze(-1)

    def forward(self, x: Tensor) -> Tensor:
        """Add the summary of x to it, or weigh it."""
        context = self.spatial_pool(x)
        if self.channel_mul_conv is not None:
            x = x * self.channel_mul_conv(context).sigmoid()
        if self.channel_add_conv is not None:
            x = x + self.channel_add_conv(context)
        return x


def _bottleneck(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, kernel_size=1),
        nn.LayerNorm([width, 1, 1]),
        nn.ReLU(inplace=True),
        nn.Conv2d(width, channels, kernel_size=1),
    )
