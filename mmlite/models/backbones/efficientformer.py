"""EfficientFormer.

Paper: EfficientFormer: Vision Transformers at MobileNet Speed, NeurIPS 2022,
https://arxiv.org/abs/2206.01191
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from mmengine.model import BaseModule, Sequential
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    AttentionWithBias,
    ConvModule,
    DropPath,
    LayerScale,
    NormedConvMlp,
    build_activation_layer,
    build_norm_layer,
    drop_path_rates,
)
from .archs import pick_arch
from .base_backbone import (
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
)
from .poolformer import Pooling

__all__ = ['EfficientFormer', 'Meta3D', 'Meta4D']

BATCH_NORM = dict(type='BN')
GROUP_NORM = dict(type='GN', num_groups=1)
LAYER_NORM = dict(type='LN')
GELU = dict(type='GELU')


class _LinearMlp(BaseModule):
    """A feed-forward network on tokens."""

    def __init__(self, dim: int, hidden: int, act_cfg: dict, drop: float) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.act = build_activation_layer(act_cfg)
        self.drop1 = nn.Dropout(drop)
        self.fc2 = nn.Linear(hidden, dim)
        self.drop2 = nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        return self.drop2(self.fc2(self.drop1(self.act(self.fc1(x)))))


class _Meta(BaseModule):
    """What both kinds of block share: scaled shortcuts around two branches."""

    def _add_ends(
        self,
        dim: int,
        drop_path: float,
        use_layer_scale: bool,
        data_format: str,
    ) -> None:
        self.drop_path = DropPath(drop_path)
        self.ls1 = self.ls2 = nn.Identity()
        if use_layer_scale:
            self.ls1 = LayerScale(dim, data_format=data_format)
            self.ls2 = LayerScale(dim, data_format=data_format)


class Meta3D(_Meta):
    """Attention and a feed-forward network on tokens, each with a shortcut.

    Args:
        dim: Width of the tokens.
        mlp_ratio: Hidden width of the feed-forward network over ``dim``.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activation.
        drop: Dropout of the feed-forward network, a fraction.
        drop_path: Rate of stochastic depth, a fraction.
        use_layer_scale: Whether both branches have a ``LayerScale``.

    Shape:
        x: ``(B, 49, D)``; returns the same.

    Example:
        >>> Meta3D(16)(torch.zeros(1, 49, 16)).shape
        torch.Size([1, 49, 16])
    """

    def __init__(
        self,
        dim: int,
        mlp_ratio: float = 4.0,
        norm_cfg: dict = LAYER_NORM,
        act_cfg: dict = GELU,
        drop: float = 0.0,
        drop_path: float = 0.0,
        use_layer_scale: bool = True,
    ) -> None:
        super().__init__()
        self.norm1 = build_norm_layer(norm_cfg, dim)[1]
        self.token_mixer = AttentionWithBias(dim)
        self.norm2 = build_norm_layer(norm_cfg, dim)[1]
        self.mlp = _LinearMlp(dim, int(dim * mlp_ratio), act_cfg, drop)
        self._add_ends(dim, drop_path, use_layer_scale, 'channels_last')

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        x = x + self.drop_path(self.ls1(self.token_mixer(self.norm1(x))))
        return x + self.drop_path(self.ls2(self.mlp(self.norm2(x))))


class Meta4D(_Meta):
    """Pooling and a feed-forward network on maps, each with a shortcut.

    Args:
        dim: Number of channels.
        pool_size: Edge of the pooling window, in pixels.
        mlp_ratio: Hidden width of the feed-forward network over ``dim``.
        act_cfg: Config of the activation.
        drop: Dropout of the feed-forward network, a fraction.
        drop_path: Rate of stochastic depth, a fraction.
        use_layer_scale: Whether both branches have a ``LayerScale``.

    Shape:
        x: ``(B, C, H, W)``; returns the same.

    Example:
        >>> Meta4D(8)(torch.zeros(2, 8, 4, 4)).shape
        torch.Size([2, 8, 4, 4])
    """

    def __init__(
        self,
        dim: int,
        pool_size: int = 3,
        mlp_ratio: float = 4.0,
        act_cfg: dict = GELU,
        drop: float = 0.0,
        drop_path: float = 0.0,
        use_layer_scale: bool = True,
    ) -> None:
        super().__init__()
        self.token_mixer = Pooling(pool_size)
        self.mlp = NormedConvMlp(dim, int(dim * mlp_ratio), act_cfg=act_cfg, drop=drop)
        self._add_ends(dim, drop_path, use_layer_scale, 'channels_first')

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        x = x + self.drop_path(self.ls1(self.token_mixer(x)))
        return x + self.drop_path(self.ls2(self.mlp(x)))


class _Flat(nn.Module):
    """A map as tokens."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(2).transpose(1, 2)


def _arch(layers: Sequence[int], widths: Sequence[int], vit_num: int) -> dict[str, Any]:
    return dict(
        layers=list(layers),
        embed_dims=list(widths),
        downsamples=[False, True, True, True],
        vit_num=vit_num,
    )


@MODELS.register_module()
class EfficientFormer(BaseBackbone):
    """PoolFormer whose last blocks attend.

    Args:
        arch: ``'l1'``, ``'l3'`` or ``'l7'``, or a dict with ``layers``,
            ``embed_dims``, ``downsamples`` (whether a stage halves the size)
            and ``vit_num``, how many of the last blocks attend.
        in_channels: Channels of the image.
        pool_size: Edge of the pooling window, in pixels.
        mlp_ratios: Hidden width of the feed-forward networks on tokens over the width
            of the stage; on maps it is always 4.
        reshape_last_feat: Whether tokens of the last stage become a map again.
        out_indices: Which stages are returned, counted from 0.
        frozen_stages: How many stages keep their weights, beside the stem; 0 is
            the stem alone, -1 nothing.
        act_cfg: Config of the activations.
        drop_rate: Dropout of the feed-forward networks, a fraction.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            from 0.
        use_layer_scale: Whether every branch has a ``LayerScale``.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, 224, 224)``; any size if no block attends.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            4, 8, 16, 32. The last is ``(B, C, L)``, of tokens, if its blocks
            attend and reshape_last_feat is false.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='EfficientFormer', arch='l1'))
        >>> model(torch.zeros(1, 3, 224, 224))[0].shape
        torch.Size([1, 448, 49])
    """

    arch_settings: ClassVar[dict[str, dict[str, Any]]] = {
        'l1': _arch((3, 2, 6, 4), (48, 96, 224, 448), 1),
        'l3': _arch((4, 4, 12, 6), (64, 128, 320, 512), 4),
        'l7': _arch((6, 6, 18, 8), (96, 192, 384, 768), 8),
    }
    num_extra_tokens = 0

    def __init__(
        self,
        arch: str | dict[str, Any] = 'l1',
        in_channels: int = 3,
        pool_size: int = 3,
        mlp_ratios: float = 4,
        reshape_last_feat: bool = False,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = -1,
        act_cfg: dict = GELU,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        use_layer_scale: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        keys = ('layers', 'embed_dims', 'downsamples', 'vit_num')
        arch = pick_arch(arch, self.arch_settings)
        self.layers, self.embed_dims, self.downsamples, self.vit_num = (
            arch[key] for key in keys
        )
        if not 0 <= self.vit_num <= self.layers[-1]:
            raise ValueError(
                f'arch.vit_num={self.vit_num} must be from 0 to {self.layers[-1]}, the '
                'blocks of the last stage'
            )
        self.num_stages = len(self.layers)
        self.reshape_last_feat = reshape_last_feat
        self.out_indices = check_out_indices(out_indices, self.num_stages)
        self.frozen_stages = check_frozen_stages(frozen_stages, self.num_stages)
        self._on_maps = dict(
            pool_size=pool_size,
            act_cfg=act_cfg,
            drop=drop_rate,
            use_layer_scale=use_layer_scale,
        )
        self._on_tokens = dict(self._on_maps, mlp_ratio=mlp_ratios)
        del self._on_tokens['pool_size']
        first = self.embed_dims[0]
        strided = dict(stride=2, padding=1, bias=True, norm_cfg=BATCH_NORM)
        self.patch_embed = Sequential(
            ConvModule(in_channels, first // 2, 3, **strided),
            ConvModule(first // 2, first, 3, **strided),
        )
        rates = drop_path_rates(drop_path_rate, self.layers)
        self.network = nn.ModuleList(
            self._stage(i, rates[i], dict(strided, act_cfg=None))
            for i in range(self.num_stages)
        )
        for i in self.out_indices:
            norm_cfg = LAYER_NORM if self._gives_tokens(i) else GROUP_NORM
            norm = build_norm_layer(norm_cfg, self.embed_dims[i])[1]
            self.add_module(f'norm{i}', norm)
        self.freeze_parts()

    def _gives_tokens(self, stage: int) -> bool:
        last = stage == self.num_stages - 1
        return last and self.vit_num > 0 and not self.reshape_last_feat

    def _stage(self, index: int, rates: Sequence[float], strided: dict) -> nn.Module:
        width = self.embed_dims[index]
        layers: list[nn.Module] = []
        if self.downsamples[index]:
            before = self.embed_dims[max(index - 1, 0)]
            layers.append(ConvModule(before, width, 3, **strided))
        first_of_tokens = len(rates)
        if index == self.num_stages - 1:
            first_of_tokens -= self.vit_num
        for place, rate in enumerate(rates):
            if place == first_of_tokens:
                layers.append(_Flat())
            if place < first_of_tokens:
                layers.append(Meta4D(width, drop_path=rate, **self._on_maps))
            else:
                layers.append(Meta3D(width, drop_path=rate, **self._on_tokens))
        return nn.Sequential(*layers)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width of every stage that is returned; its stride if it is a map."""
        return tuple(
            FeatureSpec(self.embed_dims[i])
            if self._gives_tokens(i)
            else FeatureSpec(
                self.embed_dims[i], 4 * 2 ** sum(self.downsamples[: i + 1])
            )
            for i in self.out_indices
        )

    def frozen_parts(self) -> list[nn.Module]:
        """The stem, as many stages as frozen_stages says, and their norms."""
        count = self.frozen_stages
        if count < 0:
            return []
        norms = [getattr(self, f'norm{i}') for i in self.out_indices if i < count]
        return [self.patch_embed, *self.network[:count], *norms]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the stages that out_indices names."""
        x = self.patch_embed(x)
        outs = []
        for i, stage in enumerate(self.network):
            size = [
                -(-side // 2) if self.downsamples[i] else side for side in x.shape[2:]
            ]
            x = stage(x)
            if i in self.out_indices:
                norm = getattr(self, f'norm{i}')
                if x.ndim == 4:
                    outs.append(norm(x))
                elif self.reshape_last_feat:
                    outs.append(norm(x.transpose(1, 2).unflatten(2, size)))
                else:
                    outs.append(norm(x).transpose(1, 2))
        return tuple(outs)
