"""The blocks and stages of Swin Transformer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from ..layers import (
    FFN,
    PatchMerging,
    ShiftWindowMSA,
    build_norm_layer,
    check_arguments,
    checkpointed,
)
from .archs import one_each

__all__ = [
    'SwinBlock',
    'SwinBlockSequence',
    'blocks_of',
    'merging',
]

LAYER_NORM = dict(type='LN')
GELU = dict(type='GELU')


class SwinBlock(BaseModule):
    """Attention within windows and a feed-forward network, each after a norm.

    Args:
        embed_dims: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        window_size: Rows and columns of a window.
        shift: Whether the windows are shifted by half their size.
        ffn_ratio: Hidden width of the feed-forward network over ``D``.
        drop_path: Rate of stochastic depth, a fraction.
        pad_small_map: Whether a map smaller than a window is padded.
        attn_cfgs: Further arguments of :class:`ShiftWindowMSA`.
        ffn_cfgs: Further arguments of :class:`FFN`.
        norm_cfg: Config of the norms.
        with_cp: Whether to save memory by computing activations again in the backward
            pass.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, H * W, D)``; returns the same shape.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        window_size: int = 7,
        shift: bool = False,
        ffn_ratio: float = 4.0,
        drop_path: float = 0.0,
        pad_small_map: bool = False,
        attn_cfgs: dict | None = None,
        ffn_cfgs: dict | None = None,
        norm_cfg: dict = LAYER_NORM,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.with_cp = with_cp
        drop = dict(type='DropPath', drop_prob=drop_path)
        attn = dict(
            embed_dims=embed_dims,
            num_heads=num_heads,
            shift_size=window_size // 2 if shift else 0,
            window_size=window_size,
            dropout_layer=drop,
            pad_small_map=pad_small_map,
        )
        ffn = dict(
            embed_dims=embed_dims,
            feedforward_channels=int(embed_dims * ffn_ratio),
            dropout_layer=drop,
            act_cfg=GELU,
        )
        check_arguments(FFN, ffn_cfgs or {}, 'ffn_cfgs', [*ffn])
        self._init_parts(
            build_norm_layer(norm_cfg, embed_dims)[1],
            {**attn, **(attn_cfgs or {})},
            build_norm_layer(norm_cfg, embed_dims)[1],
            {**ffn, **(ffn_cfgs or {})},
        )

    def _init_parts(
        self, norm1: nn.Module, attn: dict, norm2: nn.Module, ffn: dict
    ) -> None:
        self.norm1 = norm1
        self.attn = ShiftWindowMSA(**attn)
        self.norm2 = norm2
        self.ffn = FFN(**ffn)

    def forward(self, x: Tensor, hw_shape: Sequence[int]) -> Tensor:
        """Attention within the windows of a map, then a network on each token."""

        def run(x: Tensor) -> Tensor:
            return self._run(x, hw_shape)

        return checkpointed(self, run, x) if self.with_cp else run(x)

    def _run(self, x: Tensor, hw_shape: Sequence[int]) -> Tensor:
        x = x + self.attn(self.norm1(x), hw_shape)
        return self.ffn(self.norm2(x), identity=x)


class SwinBlockSequence(BaseModule):
    """One stage: blocks, every second with shifted windows, then a merging.

    Args:
        embed_dims: Width of the tokens.
        depth: Number of blocks.
        num_heads: Number of attention heads.
        window_size: Rows and columns of a window.
        downsample: Whether a :class:`PatchMerging` follows.
        downsample_cfg: Further arguments of it.
        drop_paths: Rate of stochastic depth of the blocks, a fraction or one for each.
        block_cfgs: Further arguments of a block, or a list with one dict each.
        with_cp: Whether to save memory by computing activations again in the backward
            pass.
        pad_small_map: Whether a map smaller than a window is padded.
        init_cfg: Config of the initialisation.

    Override:
        block_type, block_args: the class of the blocks, and what it takes besides.
        make_downsample: the layer that joins tokens.
    """

    block_type: ClassVar[type[nn.Module]] = SwinBlock
    block_args: Mapping[str, Any] = MappingProxyType({})

    def __init__(
        self,
        embed_dims: int,
        depth: int,
        num_heads: int,
        window_size: int = 7,
        downsample: bool = False,
        downsample_cfg: dict | None = None,
        drop_paths: float | Sequence[float] = 0.0,
        block_cfgs: dict | Sequence[dict] | None = None,
        with_cp: bool = False,
        pad_small_map: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        common = dict(
            embed_dims=embed_dims,
            num_heads=num_heads,
            window_size=window_size,
            with_cp=with_cp,
            pad_small_map=pad_small_map,
            **self.block_args,
        )
        self.blocks = blocks_of(self.block_type, depth, common, drop_paths, block_cfgs)
        self.downsample = None
        if downsample:
            self.downsample = self.make_downsample(embed_dims, downsample_cfg)

    def make_downsample(self, embed_dims: int, cfg: dict | None) -> nn.Module:
        """The layer that joins tokens."""
        return merging(embed_dims, cfg)

    @property
    def out_channels(self) -> int:
        """Width of the tokens that go out."""
        if self.downsample is None:
            return self.embed_dims
        return self.downsample.out_channels

    def forward(
        self, x: Tensor, in_shape: Sequence[int], do_downsample: bool = True
    ) -> tuple[Tensor, tuple[int, int]]:
        """Tokens of a map, and the rows and columns of them afterwards."""
        for block in self.blocks:
            x = block(x, in_shape)
        if self.downsample is None or not do_downsample:
            return x, tuple(in_shape)
        return self.downsample(x, in_shape)


def blocks_of(
    block_type: type[nn.Module],
    depth: int,
    common: dict[str, Any],
    drop_paths: float | Sequence[float],
    block_cfgs: dict | Sequence[dict] | None,
) -> ModuleList:
    """The blocks of a stage; every second one has shifted windows."""
    if not isinstance(drop_paths, Sequence):
        drop_paths = [drop_paths] * depth
    given = [*common, 'shift', 'drop_path']
    cfgs = one_each(block_cfgs, depth, block_type, given, 'block_cfgs')
    return ModuleList(
        block_type(**{**common, 'shift': i % 2 == 1, 'drop_path': drop_paths[i], **cfg})
        for i, cfg in enumerate(cfgs)
    )


def merging(embed_dims: int, cfg: dict | None, **common: Any) -> PatchMerging:
    """The layer that halves a map and doubles its channels, if ``cfg`` says no more."""
    common |= dict(in_channels=embed_dims, out_channels=2 * embed_dims)
    check_arguments(PatchMerging, cfg or {}, 'downsample_cfg', [*common])
    return PatchMerging(**{**common, **(cfg or {})})
