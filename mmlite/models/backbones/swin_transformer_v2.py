"""Swin Transformer V2.

Paper: Swin Transformer V2: Scaling Up Capacity and Resolution, CVPR 2022,
https://arxiv.org/abs/2111.09883
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from mmengine.model import BaseModule
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from ...registry import MODELS
from ..layers import FFN, ShiftWindowMSA, WindowMSAV2, build_norm_layer
from .archs import check_lengths, one_each, zoo
from .swin_transformer import LAYER_NORM, SwinTransformer
from .swin_transformer_blocks import SwinBlock, blocks_of, merging

__all__ = ['SwinBlockV2', 'SwinBlockV2Sequence', 'SwinTransformerV2']

ARCH_KEYS = 'embed_dims depths num_heads extra_norm_every_n_blocks'


class SwinBlockV2(SwinBlock):
    """A :class:`SwinBlock` with cosine attention, and norms at the end of branches.

    Args:
        embed_dims: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        window_size: Rows and columns of a window.
        extra_norm: Whether a norm follows the block as well.
        norm_cfg: Config of the norms.
        pretrained_window_size: Edge of the window that relative positions are scaled
            by; 0 is ``window_size``.
        kwargs: Arguments of :class:`SwinBlock`.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        window_size: int = 8,
        extra_norm: bool = False,
        norm_cfg: dict = LAYER_NORM,
        pretrained_window_size: int | Sequence[int] = 0,
        **kwargs: Any,
    ) -> None:
        self.pretrained_window_size = to_2tuple(pretrained_window_size)
        super().__init__(
            embed_dims, num_heads, window_size, norm_cfg=norm_cfg, **kwargs
        )
        self.norm3 = nn.Identity()
        if extra_norm:
            self.norm3 = build_norm_layer(norm_cfg, embed_dims)[1]

    def _init_parts(
        self, norm1: nn.Module, attn: dict, norm2: nn.Module, ffn: dict
    ) -> None:
        self.attn = ShiftWindowMSA(
            **attn,
            window_msa=WindowMSAV2,
            pretrained_window_size=self.pretrained_window_size,
        )
        self.norm1 = norm1
        self.ffn = FFN(**{'add_identity': False, **ffn})
        self.norm2 = norm2

    def _run(self, x: Tensor, hw_shape: Sequence[int]) -> Tensor:
        x = x + self.norm1(self.attn(x, hw_shape))
        return self.norm3(x + self.norm2(self.ffn(x)))


class SwinBlockV2Sequence(BaseModule):
    """One stage: a merging, then blocks, every second with shifted windows.

    Args:
        embed_dims: Width of the tokens that come in.
        depth: Number of blocks.
        num_heads: Number of attention heads.
        window_size: Rows and columns of a window.
        downsample: Whether a merging comes first.
        downsample_cfg: Further arguments of it.
        drop_paths: Rate of stochastic depth of the blocks, a fraction or one for each.
        block_cfgs: Further arguments of a block, or a list with one dict each.
        with_cp: Whether to save memory by computing activations again in the backward
            pass.
        pad_small_map: Whether a map smaller than a window is padded.
        extra_norm_every_n_blocks: After how many blocks a further norm follows; 0 has
            none.
        pretrained_window_size: Edge of the window that relative positions are scaled
            by; 0 is ``window_size``.
        init_cfg: Config of the initialisation.
    """

    def __init__(
        self,
        embed_dims: int,
        depth: int,
        num_heads: int,
        window_size: int = 8,
        downsample: bool = False,
        downsample_cfg: dict | None = None,
        drop_paths: float | Sequence[float] = 0.0,
        block_cfgs: dict | Sequence[dict] | None = None,
        with_cp: bool = False,
        pad_small_map: bool = False,
        extra_norm_every_n_blocks: int = 0,
        pretrained_window_size: int | Sequence[int] = 0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.downsample = merging(embed_dims, downsample_cfg) if downsample else None
        self.embed_dims = self.downsample.out_channels if downsample else embed_dims
        common = dict(
            embed_dims=self.embed_dims,
            num_heads=num_heads,
            window_size=window_size,
            with_cp=with_cp,
            pad_small_map=pad_small_map,
            pretrained_window_size=pretrained_window_size,
        )
        every = extra_norm_every_n_blocks
        extra = [bool(every) and (i + 1) % every == 0 for i in range(depth)]
        cfgs = one_each(
            block_cfgs,
            depth,
            SwinBlockV2,
            [*common, 'shift', 'drop_path'],
            'block_cfgs',
        )
        cfgs = [{'extra_norm': e, **cfg} for e, cfg in zip(extra, cfgs, strict=True)]
        self.blocks = blocks_of(SwinBlockV2, depth, common, drop_paths, cfgs)

    @property
    def out_channels(self) -> int:
        """Width of the tokens that go out."""
        return self.embed_dims

    def forward(
        self, x: Tensor, in_shape: Sequence[int]
    ) -> tuple[Tensor, tuple[int, int]]:
        """Tokens of a map, and the rows and columns of them afterwards."""
        if self.downsample is not None:
            x, in_shape = self.downsample(x, in_shape)
        for block in self.blocks:
            x = block(x, in_shape)
        return x, tuple(in_shape)


@MODELS.register_module()
class SwinTransformerV2(SwinTransformer):
    """A :class:`SwinTransformer` that scales to larger models and images.

    A checkpoint for another window loads: what depends on the window is computed.

    Args:
        arch: ``'tiny'``, ``'small'``, ``'base'``, ``'large'``, ``'huge'``,
            ``'giant'``, or a dict with the keys ``embed_dims``, ``depths``,
            ``num_heads`` and ``extra_norm_every_n_blocks``.
        img_size: As in :class:`SwinTransformer`.
        window_size: Rows and columns of a window, or one for each stage.
        pretrained_window_sizes: Edge of the windows of each stage in the model that the
            weights are from, which relative positions are scaled by; 0 is that of this
            model.
        kwargs: Arguments of :class:`SwinTransformer`, but
            ``out_after_downsample``.

    Shape:
        As in :class:`SwinTransformer`.

    Raises:
        ValueError: if there are not as many windows as stages.

    Example:
        >>> model = MODELS.build(dict(type='SwinTransformerV2', arch='tiny'))
        >>> model(torch.zeros(1, 3, 256, 256))[0].shape
        torch.Size([1, 768, 8, 8])
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        ARCH_KEYS,
        tiny=('t tiny', (96, [2, 2, 6, 2], [3, 6, 12, 24], 0)),
        small=('s small', (96, [2, 2, 18, 2], [3, 6, 12, 24], 0)),
        base=('b base', (128, [2, 2, 18, 2], [4, 8, 16, 32], 0)),
        large=('l large', (192, [2, 2, 18, 2], [6, 12, 24, 48], 0)),
        huge=('h huge', (352, [2, 2, 18, 2], [8, 16, 32, 64], 6)),
        giant=('g giant', (512, [2, 2, 42, 4], [16, 32, 64, 128], 6)),
    )
    stage_type: ClassVar[type[nn.Module]] = SwinBlockV2Sequence
    _version = 1

    def __init__(
        self,
        arch: str | dict = 'tiny',
        img_size: int | Sequence[int] = 256,
        window_size: int | Sequence[int] = 8,
        pretrained_window_sizes: Sequence[int] = (0, 0, 0, 0),
        **kwargs: Any,
    ) -> None:
        windows = window_size
        if isinstance(windows, int):
            windows = (window_size,) * len(pretrained_window_sizes)
        self.window_sizes = tuple(windows)
        self.pretrained_window_sizes = tuple(pretrained_window_sizes)
        super().__init__(
            arch,
            img_size,
            window_size=8,
            out_after_downsample=False,
            **kwargs,
        )

    def _stage_args(self, i: int) -> dict[str, Any]:
        check_lengths(
            self.num_layers,
            'stages',
            window_sizes=self.window_sizes,
            pretrained_window_sizes=self.pretrained_window_sizes,
        )
        return dict(
            window_size=self.window_sizes[i],
            pretrained_window_size=self.pretrained_window_sizes[i],
            downsample=i > 0,
            downsample_cfg=dict(use_post_norm=True),
            extra_norm_every_n_blocks=self.arch_settings['extra_norm_every_n_blocks'],
        )

    def encode(self, x: Tensor, hw_shape: tuple[int, int]) -> tuple[Tensor, ...]:
        """The features of the stages, from tokens ``(B, L, D)``."""
        outs = []
        for i, stage in enumerate(self.stages):
            x, hw_shape = stage(x, hw_shape)
            if i in self.out_indices:
                outs.append(self._map(x, hw_shape, i))
        return tuple(outs)

    def _depth_in(self, stage: int, parts: list[str]) -> int:
        if parts[0] == 'downsample':  # comes before the blocks of its stage
            return sum(self.depths[:stage])
        return super()._depth_in(stage, parts)
