"""ConvMixer.

Paper: Patches Are All You Need?, TMLR 2023, https://arxiv.org/abs/2201.09792
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import build_activation_layer, build_norm_layer
from .archs import pick_arch
from .base_backbone import (
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
    run_stages,
)

__all__ = ['ConvMixer']

BATCH_NORM = dict(type='BN')
GELU = dict(type='GELU')


class _Residual(nn.Module):
    """A module with a shortcut around it."""

    def __init__(self, fn: nn.Module) -> None:
        super().__init__()
        self.fn = fn

    def forward(self, x: Tensor) -> Tensor:
        return self.fn(x) + x


@MODELS.register_module()
class ConvMixer(BaseBackbone):
    """Patches, mixed by depth-wise and 1x1 convolutions in turn.

    Args:
        arch: ``'768/32'``, ``'1024/20'`` or ``'1536/20'``, or a dict with
            ``embed_dims``, ``depth``, ``patch_size`` and ``kernel_size``.
        in_channels: Channels of the image.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        out_indices: Which blocks are returned, counted from 0.
        frozen_stages: How many blocks keep weights and statistics.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, embed_dims, H / patch_size, W / patch_size)`` per
            index.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range.

    Example:
        >>> arch = dict(embed_dims=8, depth=2, patch_size=8, kernel_size=3)
        >>> model = MODELS.build(dict(type='ConvMixer', arch=arch))
        >>> model(torch.zeros(2, 3, 64, 64))[0].shape
        torch.Size([2, 8, 8, 8])
    """

    arch_settings: ClassVar[dict[str, dict[str, int]]] = {
        '768/32': dict(embed_dims=768, depth=32, patch_size=7, kernel_size=7),
        '1024/20': dict(embed_dims=1024, depth=20, patch_size=14, kernel_size=9),
        '1536/20': dict(embed_dims=1536, depth=20, patch_size=7, kernel_size=9),
    }

    def __init__(
        self,
        arch: str | dict[str, int] = '768/32',
        in_channels: int = 3,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = GELU,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        arch = pick_arch(arch, self.arch_settings)
        width = self.embed_dims = arch['embed_dims']
        self.depth = arch['depth']
        self.patch_size = arch['patch_size']
        self.kernel_size = arch['kernel_size']
        self.out_indices = check_out_indices(out_indices, self.depth)
        self.frozen_stages = check_frozen_stages(frozen_stages, self.depth)
        self.act = build_activation_layer(act_cfg)

        def followed(conv: nn.Module) -> tuple[nn.Module, nn.Module, nn.Module]:
            return conv, self.act, build_norm_layer(norm_cfg, width)[1]

        patches = nn.Conv2d(in_channels, width, self.patch_size, self.patch_size)
        self.stem = nn.Sequential(*followed(patches))
        blocks = []
        for _ in range(self.depth):
            depthwise = nn.Conv2d(
                width, width, self.kernel_size, groups=width, padding='same'
            )
            spatial = _Residual(nn.Sequential(*followed(depthwise)))
            blocks.append(nn.Sequential(spatial, *followed(nn.Conv2d(width, width, 1))))
        self.stages = nn.Sequential(*blocks)
        self.freeze_parts()

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride, the same for every block."""
        return (FeatureSpec(self.embed_dims, self.patch_size),) * len(self.out_indices)

    def frozen_parts(self) -> list[nn.Module]:
        """As many blocks as frozen_stages says."""
        return list(self.stages[: max(self.frozen_stages, 0)])

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the blocks that out_indices names."""
        return run_stages(self.stem(x), self.stages, self.out_indices)
