"""The encoders of RAFT-Stereo: features to match, and the context to update from."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ['RAFTContextEncoder', 'RAFTEncoder', 'RAFTResidual']


def _norm(kind: str, channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels) if kind == 'batch' else nn.InstanceNorm2d(channels)


class RAFTResidual(nn.Module):
    """Two convolutions and a shortcut, whose norm has two names.

    Args:
        in_channels: Width of the input.
        channels: Width of the result.
        norm: ``'batch'`` or ``'instance'``.
        stride: Of the first convolution.
    """

    def __init__(
        self, in_channels: int, channels: int, norm: str, stride: int = 1
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, 1)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1)
        self.norm1 = _norm(norm, channels)
        self.norm2 = _norm(norm, channels)
        self.downsample = None
        if stride != 1 or in_channels != channels:
            self.norm3 = _norm(norm, channels)
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, stride), self.norm3
            )

    def forward(self, x: Tensor) -> Tensor:
        """The features, of the new width and size."""
        y = torch.relu(self.norm1(self.conv1(x)))
        y = torch.relu(self.norm2(self.conv2(y)))
        return torch.relu((x if self.downsample is None else self.downsample(x)) + y)


class _Trunk(nn.Module):
    """What both encoders begin with."""

    def __init__(self, norm: str, num_halvings: int) -> None:
        super().__init__()
        self.norm1 = _norm(norm, 64)
        self.conv1 = nn.Conv2d(3, 64, 7, 1 + (num_halvings > 2), 3)
        width = 64
        plan = ((64, 1), (96, 1 + (num_halvings > 1)), (128, 1 + (num_halvings > 0)))
        for i, (channels, stride) in enumerate(plan, 1):
            setattr(self, f'layer{i}', self._layer(width, channels, norm, stride))
            width = channels

    @staticmethod
    def _layer(width: int, channels: int, norm: str, stride: int) -> nn.Sequential:
        first = RAFTResidual(width, channels, norm, stride)
        return nn.Sequential(first, RAFTResidual(channels, channels, norm))

    def trunk(self, x: Tensor) -> Tensor:
        """128 channels."""
        x = torch.relu(self.norm1(self.conv1(x)))
        return self.layer3(self.layer2(self.layer1(x)))

    def init_weights(self) -> None:
        """Kaiming initialisation by the fan-out."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(
                    layer.weight, mode='fan_out', nonlinearity='relu'
                )


class RAFTEncoder(_Trunk):
    """Features of one view, to be matched with those of the other one.

    Args:
        out_channels: Their width.
        num_halvings: How often the size is halved.

    Shape:
        x: ``(B, 3, H, W)``; returns: ``(B, C, H / 2 ** n, W / 2 ** n)``.
    """

    def __init__(self, out_channels: int, num_halvings: int) -> None:
        super().__init__('instance', num_halvings)
        self.conv2 = nn.Conv2d(128, out_channels, 1)
        self.init_weights()

    def forward(self, x: Tensor) -> Tensor:
        """The features."""
        return self.conv2(self.trunk(x))


class RAFTContextEncoder(_Trunk):
    """Hidden states and their context at three sizes.

    Args:
        hidden_dims: Widths of the hidden states, from coarse to fine.
        context_dims: Widths of the contexts, likewise.
        norm: ``'batch'`` or ``'instance'``.
        num_halvings: How often the size is halved for the finest of them.
        scales: What the finest, the next and the coarsest are called.
    """

    def __init__(
        self,
        hidden_dims: Sequence[int],
        context_dims: Sequence[int],
        norm: str,
        num_halvings: int,
        scales: Sequence[str] = ('08', '16', '32'),
    ) -> None:
        super().__init__(norm, num_halvings)
        self.scales = tuple(scales)
        self.layer4 = self._layer(128, 128, norm, 2)
        self.layer5 = self._layer(128, 128, norm, 2)
        for place, scale in zip((2, 1, 0), self.scales, strict=True):
            heads = []
            for dims in (hidden_dims, context_dims):
                conv = nn.Conv2d(128, dims[place], 3, padding=1)
                residual = [RAFTResidual(128, 128, norm)] if place else []
                heads.append(nn.Sequential(*residual, conv) if residual else conv)
            setattr(self, f'outputs{scale}', nn.ModuleList(heads))
        self.init_weights()

    def freeze_from(self, count: int) -> None:
        """Let what only sizes from ``count`` on need stay as it is."""
        layers = (None, 'layer4', 'layer5')
        for i, scale in enumerate(self.scales):
            if i >= count:
                getattr(self, f'outputs{scale}').requires_grad_(False)
                getattr(self, layers[i]).requires_grad_(False)

    def forward(
        self, x: Tensor, num_layers: int, num_left: int | None = None
    ) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """State and context at each size, from fine to coarse; and the trunk.

        Args:
            x: Images.
            num_layers: Number of sizes.
            num_left: How many of the images are left views; only these have states.
        """
        whole = self.trunk(x)
        y = whole if num_left is None else whole[:num_left]
        found = []
        for i in range(num_layers):
            if i:
                y = (self.layer4, self.layer5)[i - 1](y)
            heads = getattr(self, f'outputs{self.scales[i]}')
            found.append((heads[0](y), heads[1](y)))
        return found, whole
