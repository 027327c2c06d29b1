"""Self-attention within windows of a feature map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.model.weight_init import trunc_normal_
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from ...registry import MODELS
from .attention import biased_qkv, split_heads
from .drop import build_dropout
from .relative_position import RelativePositions, relative_position_index

__all__ = [
    'ShiftWindowMSA',
    'WindowAttention',
    'WindowMSA',
    'WindowMSAV2',
    'pad_to_windows',
    'window_partition',
    'window_reverse',
]

NO_DROP = dict(type='DropPath', drop_prob=0.0)
#: What is added to a product that the shift must not see.
_HIDDEN = -100.0


def window_partition(x: Tensor, window_size: int) -> Tensor:
    """Cut a map into windows.

    Args:
        x: ``(B, H, W, D)``, both sides multiples of ``window_size``.
        window_size: Rows and columns of a window.

    Returns:
        ``(B * windows, window_size * window_size, D)``.

    Example:
        >>> window_partition(torch.zeros(2, 4, 6, 8), 2).shape
        torch.Size([12, 4, 8])
    """
    batch, height, width, dims = x.shape
    x = x.view(
        batch,
        height // window_size,
        window_size,
        width // window_size,
        window_size,
        dims,
    )
    return x.transpose(2, 3).reshape(-1, window_size**2, dims)


def window_reverse(windows: Tensor, size: Sequence[int], window_size: int) -> Tensor:
    """Join windows to a map, the inverse of :func:`window_partition`.

    Args:
        windows: ``(B * windows, window_size * window_size, D)``.
        size: Rows and columns of the map.
        window_size: Rows and columns of a window.

    Returns:
        ``(B, H, W, D)``.
    """
    height, width = size
    x = windows.view(
        -1,
        height // window_size,
        width // window_size,
        window_size,
        window_size,
        windows.shape[-1],
    )
    return x.transpose(2, 3).reshape(-1, height, width, windows.shape[-1])


def pad_to_windows(x: Tensor, window_size: int) -> Tensor:
    """Pad a map ``(B, H, W, D)`` with zeros, right and below, to whole windows."""
    below, right = -x.shape[1] % window_size, -x.shape[2] % window_size
    return F.pad(x, (0, 0, 0, right, 0, below)) if below or right else x


class WindowAttention(BaseModule):
    """What the attentions within windows share.

    Override:
        position_bias: what is added to the products, ``(heads, L, L)``, or None.
        query_key_value: the three of x, ``(B, heads, L, D / heads)`` each.
    """

    num_heads: int
    scale: float

    def init_projection(
        self, embed_dims: int, attn_drop: float, proj_drop: float
    ) -> None:
        """Add what follows queries, keys and values."""
        self.attn_drop = attn_drop
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Attention within every window.

        Args:
            x: ``(B * windows, L, D)``.
            mask: ``(windows, L, L)``, added to the products; None adds nothing.
        """
        q, k, v = self.query_key_value(x)
        bias = self.position_bias()
        if mask is not None:
            mask = mask[:, None] if bias is None else mask[:, None] + bias
            bias = mask.repeat(x.shape[0] // len(mask), 1, 1, 1)
        elif bias is not None:
            bias = bias[None]
        out = F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=None if bias is None else bias.to(q.dtype),
            dropout_p=self.attn_drop if self.training else 0.0,
            scale=self.scale,
        )
        return self.proj_drop(self.proj(out.transpose(1, 2).flatten(2)))


class WindowMSA(RelativePositions, WindowAttention):
    """Self-attention within windows, with a bias for each offset.

    Paper: Swin Transformer, ICCV 2021, https://arxiv.org/abs/2103.14030

    Args:
        embed_dims: Width ``D`` of the tokens.
        window_size: Rows and columns of a window.
        num_heads: Attention heads.
        qkv_bias: Whether queries, keys and values have a bias.
        qk_scale: Factor on the products; ``None`` is ``1 / sqrt(D / heads)``.
        attn_drop: Dropout on the attention weights, a fraction.
        proj_drop: Dropout after the projection, a fraction.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B * windows, L, D)``; returns the same shape.

    Example:
        >>> WindowMSA(8, (2, 2), num_heads=2)(torch.zeros(6, 4, 8)).shape
        torch.Size([6, 4, 8])
    """

    def __init__(
        self,
        embed_dims: int,
        window_size: Sequence[int],
        num_heads: int,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_heads = num_heads
        self.scale = qk_scale or (embed_dims // num_heads) ** -0.5
        self.init_relative_positions(window_size, num_heads)
        self.qkv = nn.Linear(embed_dims, embed_dims * 3, bias=qkv_bias)
        self.init_projection(embed_dims, attn_drop, proj_drop)

    def init_weights(self) -> None:
        """As init_cfg says; a truncated normal for the table of offsets."""
        super().init_weights()
        trunc_normal_(self.relative_position_bias_table, std=0.02)

    def query_key_value(self, x: Tensor) -> tuple[Tensor, ...]:
        """Queries, keys and values of x."""
        return split_heads(self.qkv(x), self.num_heads)


class WindowMSAV2(WindowAttention):
    """Cosine self-attention within windows, with a bias that a network computes.

    Paper: Swin Transformer V2, CVPR 2022, https://arxiv.org/abs/2111.09883

    Args:
        embed_dims: Width ``D`` of the tokens.
        window_size: Rows and columns of a window.
        num_heads: Attention heads.
        qkv_bias: Whether queries and values have a bias.
        attn_drop: Dropout on the attention weights, a fraction.
        proj_drop: Dropout after the projection, a fraction.
        cpb_mlp_hidden_dims: Hidden width of the network of offsets.
        pretrained_window_size: Window that the offsets are measured by; 0 is
            ``window_size``.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B * windows, L, D)``; returns the same shape.

    Example:
        >>> WindowMSAV2(8, (2, 2), num_heads=2)(torch.zeros(6, 4, 8)).shape
        torch.Size([6, 4, 8])
    """

    scale = 1.0

    def __init__(
        self,
        embed_dims: int,
        window_size: Sequence[int],
        num_heads: int,
        qkv_bias: bool = True,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        cpb_mlp_hidden_dims: int = 512,
        pretrained_window_size: Sequence[int] = (0, 0),
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_heads = num_heads
        self.cpb_mlp = nn.Sequential(
            nn.Linear(2, cpb_mlp_hidden_dims),
            nn.ReLU(inplace=True),
            nn.Linear(cpb_mlp_hidden_dims, num_heads, bias=False),
        )
        self.logit_scale = nn.Parameter(torch.full((num_heads, 1, 1), math.log(10)))
        table = _log_offsets(window_size, pretrained_window_size)
        self.register_buffer('relative_coords_table', table)
        index = relative_position_index(window_size)
        self.register_buffer('relative_position_index', index)
        self.qkv = nn.Linear(embed_dims, embed_dims * 3, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(embed_dims)) if qkv_bias else None
        self.v_bias = nn.Parameter(torch.zeros(embed_dims)) if qkv_bias else None
        self.init_projection(embed_dims, attn_drop, proj_drop)

    def query_key_value(self, x: Tensor) -> tuple[Tensor, ...]:
        """Queries, times the learnt scale, and keys of length 1; values."""
        qkv = biased_qkv(x, self.qkv.weight, self.q_bias, self.v_bias)
        q, k, v = split_heads(qkv, self.num_heads)
        scale = self.logit_scale.clamp(max=math.log(100)).exp()
        q = F.normalize(q, dim=-1) * scale.to(q.dtype)
        return q, F.normalize(k, dim=-1), v

    def position_bias(self) -> Tensor:
        """``(heads, L, L)``, between 0 and 16."""
        table = self.cpb_mlp(self.relative_coords_table).view(-1, self.num_heads)
        bias = table[self.relative_position_index.flatten()]
        bias = bias.view(*self.relative_position_index.shape, -1).permute(2, 0, 1)
        return 16 * bias.sigmoid()

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: Any
    ) -> None:
        # Both follow from the window of this model, not of the checkpoint's.
        for name in ('relative_coords_table', 'relative_position_index'):
            state_dict[prefix + name] = getattr(self, name)
        super()._load_from_state_dict(state_dict, prefix, *args)


def _log_offsets(window_size: Sequence[int], measure: Sequence[int]) -> Tensor:
    """Offsets ``(1, 2 H - 1, 2 W - 1, 2)`` on a logarithmic scale from -1 to 1."""
    if not measure[0]:
        measure = window_size
    sides = [
        torch.arange(-(size - 1), size, dtype=torch.float32) / (unit - 1)
        for size, unit in zip(window_size, measure, strict=True)
    ]
    table = torch.stack(torch.meshgrid(*sides, indexing='ij'), dim=-1)[None] * 8
    return table.sign() * (table.abs() + 1).log2() / math.log2(8)


@MODELS.register_module()
class ShiftWindowMSA(BaseModule):
    """(Shifted) window attention: cut a map into windows, and attend within each.

    Paper: Swin Transformer, ICCV 2021, https://arxiv.org/abs/2103.14030

    Args:
        embed_dims: Width ``D`` of the tokens.
        num_heads: Attention heads.
        window_size: Rows and columns of a window.
        shift_size: How far the windows are shifted, in tokens.
        dropout_layer: Config of the dropout on the branch.
        pad_small_map: Whether a map smaller than a window is padded.
        window_msa: Class of the attention within a window.
        init_cfg: Config of the initialisation.
        kwargs: Further arguments of ``window_msa``.

    Shape:
        query: ``(B, H * W, D)``; returns the same shape.

    Raises:
        ValueError: if the shift is not smaller than the window; in ``forward``,
            if the map is smaller than a window and ``pad_small_map`` is false.

    Example:
        >>> layer = ShiftWindowMSA(8, num_heads=2, window_size=4, shift_size=2)
        >>> layer(torch.zeros(1, 48, 8), (6, 8)).shape
        torch.Size([1, 48, 8])
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        window_size: int,
        shift_size: int = 0,
        dropout_layer: dict | None = NO_DROP,
        pad_small_map: bool = False,
        window_msa: type[nn.Module] = WindowMSA,
        init_cfg: dict | list[dict] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg)
        if not 0 <= shift_size < window_size:
            raise ValueError(
                f'shift_size={shift_size} must be from 0 to window_size - 1 = '
                f'{window_size - 1}'
            )
        self.window_size = window_size
        self.shift_size = shift_size
        self.w_msa = window_msa(
            embed_dims=embed_dims,
            num_heads=num_heads,
            window_size=to_2tuple(window_size),
            **kwargs,
        )
        self.drop = build_dropout(dropout_layer)
        self.pad_small_map = pad_small_map

    def forward(self, query: Tensor, hw_shape: Sequence[int]) -> Tensor:
        """Attention within the windows of a map of ``hw_shape`` tokens."""
        height, width = hw_shape
        shift = self._shift(min(height, width), hw_shape)
        x = query.view(query.shape[0], height, width, -1)
        x = pad_to_windows(x, self.window_size)
        padded = x.shape[1:3]
        mask = None
        if shift:
            x = x.roll((-shift, -shift), (1, 2))
            mask = shift_mask(padded, self.window_size, shift, x.device)
        windows = self.w_msa(window_partition(x, self.window_size), mask)
        x = window_reverse(windows, padded, self.window_size)
        if shift:
            x = x.roll((shift, shift), (1, 2))
        return self.drop(x[:, :height, :width].reshape(query.shape))

    def _shift(self, smaller: int, hw_shape: Sequence[int]) -> int:
        if smaller < self.window_size and not self.pad_small_map:
            raise ValueError(
                f'a map of {tuple(hw_shape)} tokens is smaller than '
                f'window_size={self.window_size}; set pad_small_map=True, a smaller '
                'window_size, or give larger images'
            )
        if smaller == self.window_size and not self.pad_small_map:
            return 0
        return self.shift_size


def shift_mask(
    size: Sequence[int], window_size: int, shift: int, device: torch.device
) -> Tensor:
    """The mask that separates tokens which a shift has put into one window.

    Args:
        size: Rows and columns of the map, multiples of ``window_size``.
        window_size: Rows and columns of a window.
        shift: How far the map was rolled, in tokens.
        device: Of the result.

    Returns:
        ``(windows, L, L)``: 0, or -100 where two tokens were not neighbours.
    """
    bands = []
    for length in size:
        place = torch.arange(length, device=device)
        bands.append((place >= length - window_size).int() + (place >= length - shift))
    region = bands[0][:, None] * 3 + bands[1][None, :]
    region = window_partition(region[None, :, :, None], window_size).squeeze(-1)
    apart = region[:, None, :] != region[:, :, None]
    return apart * _HIDDEN
