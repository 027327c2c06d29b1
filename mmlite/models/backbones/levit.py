"""LeViT.

Paper: LeViT: a Vision Transformer in ConvNet's Clothing for Faster Inference,
ICCV 2021, https://arxiv.org/abs/2104.01136
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, ModuleList, Sequential
from torch import Tensor, nn

from ...errors import DataError
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    DropPath,
    build_activation_layer,
    build_norm_layer,
    distance_index,
    fuse_children,
    fuse_conv_norm,
    norm_as_affine,
)
from .archs import pick_arch, zoo
from .base_backbone import BaseBackbone, check_out_indices

__all__ = ['LeViT']

HSWISH = dict(type='HSwish')
BN = dict(type='BN')
BN1D = dict(type='BN1d')


class ConvolutionBatchNorm(BaseModule):
    """A convolution without a bias, and a norm.

    Args:
        in_channel: Channels of the input.
        out_channel: Channels of the output.
        norm_cfg: Config of the norm.
        kwargs: Arguments of ``torch.nn.Conv2d``.
    """

    def __init__(
        self, in_channel: int, out_channel: int, norm_cfg: dict = BN, **kwargs: Any
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channel, out_channel, bias=False, **kwargs)
        self.bn = build_norm_layer(norm_cfg, out_channel)[1]

    def forward(self, x: Tensor) -> Tensor:
        """Both of x."""
        return self.bn(self.conv(x))

    def fuse(self) -> nn.Conv2d:
        """Both as one convolution."""
        weight, bias = fuse_conv_norm(self.conv, self.bn)
        self.conv.weight.copy_(weight)
        self.conv.bias = nn.Parameter(bias)
        return self.conv


class LinearBatchNorm(BaseModule):
    """A linear layer without a bias, and a norm over all tokens.

    Args:
        in_feature: Width of the input.
        out_feature: Width of the output.
        norm_cfg: Config of the norm.

    Shape:
        x: ``(B, L, in_feature)``; returns ``(B, L, out_feature)``.
    """

    def __init__(
        self, in_feature: int, out_feature: int, norm_cfg: dict = BN1D
    ) -> None:
        super().__init__()
        self.linear = nn.Linear(in_feature, out_feature, bias=False)
        self.bn = build_norm_layer(norm_cfg, out_feature)[1]

    def forward(self, x: Tensor) -> Tensor:
        """Both of x."""
        x = self.linear(x)
        return self.bn(x.flatten(0, 1)).reshape_as(x)

    def fuse(self) -> nn.Linear:
        """Both as one linear layer."""
        scale, shift = norm_as_affine(self.bn)
        self.linear.weight.mul_(scale[:, None])
        self.linear.bias = nn.Parameter(shift)
        return self.linear


class HybridBackbone(BaseModule):
    """Four convolutions of stride 2 that turn an image into a map of tokens.

    Args:
        embed_dim: Width of the tokens.
        act_cfg: Config of the activations.
        norm_cfg: Config of the norms.

    Shape:
        x: ``(B, 3, H, W)``; returns ``(B, embed_dim, H / 16, W / 16)``.
    """

    def __init__(
        self, embed_dim: int, act_cfg: dict = HSWISH, norm_cfg: dict = BN
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        in_channels = 3
        for part in (8, 4, 2, 1):
            layers += [build_activation_layer(act_cfg)] if layers else []
            width = embed_dim // part
            args = dict(kernel_size=3, stride=2, padding=1)
            layers.append(ConvolutionBatchNorm(in_channels, width, norm_cfg, **args))
            in_channels = width
        self.patch_embed = Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """A map of tokens."""
        return self.patch_embed(x)


class Residual(BaseModule):
    """A block with a shortcut around it.

    Args:
        block: The block.
        drop_path_rate: Stochastic depth, a fraction.
    """

    def __init__(self, block: nn.Module, drop_path_rate: float = 0.0) -> None:
        super().__init__()
        self.block = block
        self.drop_path = nn.Identity()
        if drop_path_rate > 0:
            self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor) -> Tensor:
        """The block of x, added to x."""
        return x + self.drop_path(self.block(x))


class _BiasedAttention(BaseModule):
    """Attention with a bias for each distance.

    Override:
        forward: queries, keys and values of x, handed to :meth:`_attend`.
    """

    def _init_bias(
        self, num_heads: int, key_dim: int, resolution: int, stride: int
    ) -> None:
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.resolution = resolution
        index, count = distance_index((resolution, resolution), stride)
        self.attention_biases = nn.Parameter(torch.zeros(num_heads, count))
        self.register_buffer('attention_bias_idxs', index)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Tokens ``(B, L, heads * D)`` from three ``(B, L, heads, D)``."""
        bias = self.attention_biases[:, self.attention_bias_idxs][None]
        out = F.scaled_dot_product_attention(
            q.transpose(1, 2),
            k.transpose(1, 2),
            v.transpose(1, 2),
            attn_mask=bias.to(q.dtype),
        )
        return out.transpose(1, 2).flatten(2)


class Attention(_BiasedAttention):
    """Self-attention with a bias for each distance, and norms.

    Args:
        dim: Width ``D`` of the tokens.
        key_dim: Width of a key.
        num_heads: Attention heads.
        attn_ratio: Width of a value over that of a key.
        act_cfg: Config of the activation.
        resolution: Rows, and columns, of tokens.

    Shape:
        x: ``(B, L, D)``; returns the same shape.
    """

    def __init__(
        self,
        dim: int,
        key_dim: int,
        num_heads: int = 8,
        attn_ratio: float = 4,
        act_cfg: dict = HSWISH,
        resolution: int = 14,
    ) -> None:
        super().__init__()
        self._init_bias(num_heads, key_dim, resolution, 1)
        self.value_dim = int(attn_ratio * key_dim)
        width = self.value_dim * num_heads
        self.qkv = LinearBatchNorm(dim, width + 2 * key_dim * num_heads)
        self.proj = nn.Sequential(
            build_activation_layer(act_cfg), LinearBatchNorm(width, dim)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Let every token of x look at all of them."""
        qkv = self.qkv(x).unflatten(2, (self.num_heads, -1))
        parts = (self.key_dim, self.key_dim, self.value_dim)
        return self.proj(self._attend(*qkv.split(parts, dim=3)))


class Subsample(BaseModule):
    """Every second token of every second row.

    Args:
        stride: From token to token.
        resolution: Rows, and columns, of tokens.
    """

    def __init__(self, stride: int, resolution: int) -> None:
        super().__init__()
        self.stride = stride
        self.resolution = resolution

    def forward(self, x: Tensor) -> Tensor:
        """Some of the tokens ``(B, L, D)``."""
        x = x.unflatten(1, (self.resolution, self.resolution))
        return x[:, :: self.stride, :: self.stride].flatten(1, 2)


class AttentionSubsample(_BiasedAttention):
    """Attention of every second token of every second row to all of them.

    Args:
        in_dim: Width of the tokens.
        out_dim: Width of the output.
        key_dim: Width of a key.
        num_heads: Attention heads.
        attn_ratio: Width of a value over that of a key.
        act_cfg: Config of the activation.
        stride: From token to token.
        resolution: Rows, and columns, of tokens.

    Shape:
        x: ``(B, L, in_dim)``; returns ``(B, L', out_dim)``.
    """

    def __init__(
        self,
        in_dim: int,
        out_dim: int,
        key_dim: int,
        num_heads: int = 8,
        attn_ratio: float = 2,
        act_cfg: dict = HSWISH,
        stride: int = 2,
        resolution: int = 14,
    ) -> None:
        super().__init__()
        self._init_bias(num_heads, key_dim, resolution, stride)
        self.value_dim = int(attn_ratio * key_dim)
        self.sub_resolution = (resolution - 1) // stride + 1
        width = self.value_dim * num_heads
        self.kv = LinearBatchNorm(in_dim, width + key_dim * num_heads)
        self.q = nn.Sequential(
            Subsample(stride, resolution), LinearBatchNorm(in_dim, key_dim * num_heads)
        )
        self.proj = nn.Sequential(
            build_activation_layer(act_cfg), LinearBatchNorm(width, out_dim)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Fewer tokens."""
        kv = self.kv(x).unflatten(2, (self.num_heads, -1))
        k, v = kv.split((self.key_dim, self.value_dim), dim=3)
        q = self.q(x).unflatten(2, (self.num_heads, -1))
        return self.proj(self._attend(q, k, v))


class MLP(nn.Sequential):
    """Two linear layers with norms, and an activation in between.

    Args:
        embed_dim: Width of the tokens.
        mlp_ratio: Hidden width over ``embed_dim``.
        act_cfg: Config of the activation.
    """

    def __init__(
        self, embed_dim: int, mlp_ratio: float, act_cfg: dict = HSWISH
    ) -> None:
        super().__init__()
        hidden = int(embed_dim * mlp_ratio)
        self.linear1 = LinearBatchNorm(embed_dim, hidden)
        self.activation = build_activation_layer(act_cfg)
        self.linear2 = LinearBatchNorm(hidden, embed_dim)


@MODELS.register_module()
class LeViT(BaseBackbone):
    """A pyramid of transformers whose norms can be folded into linear layers.

    Args:
        arch: ``'128s'``, ``'128'``, ``'192'``, ``'256'``, ``'384'``, or a dict
            with the keys ``embed_dims``, ``num_heads``, ``depths`` and
            ``key_dims``.
        img_size: Pixels of the image; it takes no other.
        patch_size: Pixels of a patch.
        attn_ratio: Width of a value over that of a key.
        mlp_ratio: Hidden width of the feed-forward networks over that of the
            tokens; 0 has none.
        act_cfg: Config of the activations.
        hybrid_backbone: Makes the first part from the width of the tokens.
        out_indices: Which stages are returned; negative counts from the end.
        deploy: Whether the norms are folded into other layers at once.
        drop_path_rate: Stochastic depth of every block, a fraction.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, 3, H, W)`` with ``img_size``.
        returns: one map per index, ``(B, D, H / 16 / 2**i, W / 16 / 2**i)``.

    Raises:
        ValueError: if arch or out_indices is out of range.
        DataError: if an image has another size.

    Example:
        >>> model = MODELS.build(dict(type='LeViT', arch='128s')).eval()
        >>> model(torch.zeros(1, 3, 224, 224))[0].shape
        torch.Size([1, 384, 4, 4])
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        'embed_dims num_heads depths key_dims',
        s128=('128s', ([128, 256, 384], [4, 6, 8], [2, 3, 4], [16, 16, 16])),
        m128=('128', ([128, 256, 384], [4, 8, 12], [4, 4, 4], [16, 16, 16])),
        m192=('192', ([192, 288, 384], [3, 5, 6], [4, 4, 4], [32, 32, 32])),
        m256=('256', ([256, 384, 512], [4, 6, 8], [4, 4, 4], [32, 32, 32])),
        m384=('384', ([384, 512, 768], [6, 9, 12], [4, 4, 4], [32, 32, 32])),
    )

    def __init__(
        self,
        arch: str | dict,
        img_size: int = 224,
        patch_size: int = 16,
        attn_ratio: float = 2,
        mlp_ratio: float = 2,
        act_cfg: dict = HSWISH,
        hybrid_backbone: Callable[[int], nn.Module] = HybridBackbone,
        out_indices: int | Sequence[int] = -1,
        deploy: bool = False,
        drop_path_rate: float = 0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.arch = pick_arch(arch, self.arch_zoo)
        self.embed_dims = self.arch['embed_dims']
        self.num_stages = len(self.embed_dims)
        self.out_indices = check_out_indices(out_indices, self.num_stages)
        self.patch_size = patch_size
        self.patch_embed = hybrid_backbone(self.embed_dims[0])
        self.resolutions: list[int] = []
        self.stages = ModuleList()
        attn = dict(attn_ratio=attn_ratio, act_cfg=act_cfg)
        mlp = dict(mlp_ratio=mlp_ratio, act_cfg=act_cfg)
        resolution = img_size // patch_size
        for i in range(self.num_stages):
            blocks = self._first_blocks(i, resolution, mlp, drop_path_rate)
            resolution = blocks[0].sub_resolution if i else resolution
            self.resolutions.append(resolution)
            for _ in range(self.arch['depths'][i]):
                layer = Attention(
                    self.embed_dims[i],
                    self.arch['key_dims'][i],
                    self.arch['num_heads'][i],
                    resolution=resolution,
                    **attn,
                )
                blocks.append(Residual(layer, drop_path_rate))
                blocks += self._mlp(i, mlp, drop_path_rate)
            self.stages.append(Sequential(*blocks))
        self.deploy = False
        if deploy:
            self.switch_to_deploy()

    def _first_blocks(
        self, i: int, resolution: int, mlp: dict, drop_path_rate: float
    ) -> list[nn.Module]:
        if not i:
            return []
        before, key_dim = self.embed_dims[i - 1], self.arch['key_dims'][i]
        downsample = AttentionSubsample(
            before,
            self.embed_dims[i],
            key_dim,
            num_heads=before // key_dim,
            attn_ratio=4,
            act_cfg=mlp['act_cfg'],
            resolution=resolution,
        )
        return [downsample, *self._mlp(i, mlp, drop_path_rate)]

    def _mlp(self, i: int, mlp: dict, drop_path_rate: float) -> list[nn.Module]:
        if mlp['mlp_ratio'] <= 0:
            return []
        return [Residual(MLP(self.embed_dims[i], **mlp), drop_path_rate)]

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every output."""
        return tuple(
            FeatureSpec(self.embed_dims[i], self.patch_size * 2**i)
            for i in self.out_indices
        )

    def switch_to_deploy(self) -> None:
        """Fold every norm into the layer before it; the outputs stay equal."""
        if not self.deploy:
            fuse_children(self)
            self.deploy = True

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the stages that out_indices names."""
        size = x.shape[2:]
        x = self.patch_embed(x)
        if tuple(x.shape[2:]) != (self.resolutions[0],) * 2:
            side = self.resolutions[0] * self.patch_size
            raise DataError(
                f'LeViT was built for images of {(side, side)} pixels, got '
                f'{tuple(size)}; resize them, or set model.backbone.img_size'
            )
        x = x.flatten(2).transpose(1, 2)
        outs = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i in self.out_indices:
                side = self.resolutions[i]
                outs.append(x.transpose(1, 2).unflatten(2, (side, side)).contiguous())
        return tuple(outs)
