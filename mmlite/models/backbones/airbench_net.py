"""The network of airbench."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import PatchWhitening, build_activation_layer, build_norm_layer
from .base_backbone import BaseBackbone, check_out_indices

__all__ = ['AirbenchBlock', 'AirbenchNet']

NORM = dict(type='BiasBN', momentum=0.4, eps=1e-12)
GELU = dict(type='GELU')
DIRAC = dict(type='Dirac', layer='Conv2d')


class AirbenchBlock(BaseModule):
    """Two 3x3 convolutions, of which the first halves the image.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.

    Shape:
        x: ``(B, C, H, W)``; returns: ``(B, C', H // 2, W // 2)``.
    """

    def __init__(
        self, in_channels: int, out_channels: int, norm_cfg: dict, act_cfg: dict
    ) -> None:
        super().__init__()
        self.conv1 = _conv3x3(in_channels, out_channels)
        self.pool = nn.MaxPool2d(2)
        self.norm1 = build_norm_layer(norm_cfg, out_channels)[1]
        self.conv2 = _conv3x3(out_channels, out_channels)
        self.norm2 = build_norm_layer(norm_cfg, out_channels)[1]
        self.activate = build_activation_layer(act_cfg)

    def forward(self, x: Tensor) -> Tensor:
        """Features of half the size."""
        x = self.activate(self.norm1(self.pool(self.conv1(x))))
        return self.activate(self.norm2(self.conv2(x)))


def _conv3x3(in_channels: int, out_channels: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)


@MODELS.register_module()
class AirbenchNet(BaseBackbone):
    """A small plain network that learns CIFAR-10 in seconds.

    Paper: 94% on CIFAR-10 in 3.29 Seconds on a Single GPU,
    https://arxiv.org/abs/2404.00498. Differs from it in: the last pooling is
    left to a neck (``GlobalMaxPooling``), the factor on the logits to a head
    (``ScaledLinearClsHead``).

    A whitening of 2x2 patches, then three blocks without residuals. The
    whitening is computed from training images by ``PatchWhiteningHook``; the
    other convolutions start as the identity on their first channels.

    Args:
        in_channels: Channels of the image.
        widths: Channels of each block.
        whitening_size: Edge of a whitened patch, in pixels.
        out_indices: Which blocks are returned, counted from 0; negative ones are
            counted from the end.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: ``(B, widths[i], H / 2 ** (i + 1), W / 2 ** (i + 1))`` for each
        ``i`` of ``out_indices``.

    Raises:
        ValueError: if there are no widths, or ``out_indices`` are not among
            them.

    Example:
        >>> model = MODELS.build(dict(type='AirbenchNet'))
        >>> model(torch.zeros(1, 3, 32, 32))[0].shape
        torch.Size([1, 256, 3, 3])
    """

    def __init__(
        self,
        in_channels: int = 3,
        widths: Sequence[int] = (64, 256, 256),
        whitening_size: int = 2,
        out_indices: int | Sequence[int] = (-1,),
        norm_cfg: dict = NORM,
        act_cfg: dict = GELU,
        init_cfg: dict | list[dict] | None = DIRAC,
    ) -> None:
        super().__init__(init_cfg)
        if not widths:
            raise ValueError('widths has one number of channels for each block')
        self.widths = tuple(widths)
        self.out_indices = check_out_indices(out_indices, len(self.widths))
        self.whiten = PatchWhitening(in_channels, whitening_size)
        self.activate = build_activation_layer(act_cfg)
        before = (self.whiten.out_channels, *self.widths)
        self.blocks = nn.ModuleList(
            AirbenchBlock(a, b, norm_cfg, act_cfg)
            for a, b in zip(before, self.widths, strict=False)
        )

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of the blocks in ``out_indices``."""
        return tuple(
            FeatureSpec(self.widths[i], 2 ** (i + 1)) for i in self.out_indices
        )

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of x after the blocks in ``out_indices``."""
        x = self.activate(self.whiten(x))
        outputs = []
        for i, block in enumerate(self.blocks[: self.out_indices[-1] + 1]):
            x = block(x)
            if i in self.out_indices:
                outputs.append(x)
        return tuple(outputs)
