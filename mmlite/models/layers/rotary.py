"""Rotary position embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from mmengine.utils import to_2tuple
from torch import Tensor

__all__ = ['RotaryEmbeddingFast']


class RotaryEmbeddingFast(BaseModule):
    """Rotate pairs of channels by an angle that depends on the place of the patch.

    Half of the channels turn with the row, half with the column. Another grid
    of patches than the first is spread over the same angles. As in mmpretrain, the
    two channels of a pair have the waves of neighbours, so that lengths change.

    Paper: EVA-02, https://arxiv.org/abs/2303.11331

    Args:
        embed_dims: Width of a head, a multiple of 4.
        patch_resolution: Rows and columns of patches.
        theta: Base of the wave lengths.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, heads, L, embed_dims)``; returns the same shape.

    Example:
        >>> rope = RotaryEmbeddingFast(8, (2, 3))
        >>> rope(torch.zeros(1, 2, 6, 8), (2, 3)).shape
        torch.Size([1, 2, 6, 8])
    """

    def __init__(
        self,
        embed_dims: int,
        patch_resolution: int | Sequence[int],
        theta: float = 10000.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.half_dim = embed_dims // 2
        self.patch_resolution = to_2tuple(patch_resolution)
        self.theta = theta
        angles = self._angles(self.patch_resolution)
        self.register_buffer('freqs_cos', angles.cos())
        self.register_buffer('freqs_sin', angles.sin())

    def _angles(
        self, patch_resolution: Sequence[int], device: torch.device | None = None
    ) -> Tensor:
        """``(L, embed_dims)``, in radians."""
        waves = torch.arange(0, self.half_dim, 2, device=device).float() / self.half_dim
        waves = self.theta**-waves
        sides = []
        for length in patch_resolution:
            place = torch.arange(length, device=device) / length * self.half_dim
            sides.append((place[:, None] * waves).repeat(1, 2))
        rows, columns = patch_resolution
        down = sides[0][:, None].expand(rows, columns, -1)
        right = sides[1][None].expand(rows, columns, -1)
        return torch.cat((down, right), dim=-1).flatten(0, 1)

    def forward(self, x: Tensor, patch_resolution: Sequence[int]) -> Tensor:
        """Turn the queries or keys x of a grid of patches."""
        cos, sin = self.freqs_cos, self.freqs_sin
        if tuple(patch_resolution) != self.patch_resolution:
            angles = self._angles(patch_resolution, x.device)
            cos, sin = angles.cos(), angles.sin()
        first, second = x.unflatten(-1, (-1, 2)).unbind(-1)
        turned = torch.stack((-second, first), dim=-1).flatten(-2)
        return (x * cos + turned * sin).to(x.dtype)
