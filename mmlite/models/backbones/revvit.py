"""Reversible vision transformer.

Paper: Reversible Vision Transformers, CVPR 2022, https://arxiv.org/abs/2302.04869
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, ClassVar, Literal

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.autograd import Function

from ...errors import check_choice
from ...registry import MODELS
from ..layers import FFN, MultiheadAttention, build_norm_layer, drop_path
from .token_outputs import format_tokens
from .vision_transformer import LAYER_NORM, VisionTransformer

__all__ = ['RevVisionTransformer']

GELU = dict(type='GELU')
FUSIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    'add': torch.add,
    'max': torch.maximum,
    'min': torch.minimum,
    'avg': lambda a, b: (a + b) / 2,
    'concat': lambda a, b: torch.cat((a, b), dim=-1),
}


class RevTransformerEncoderLayer(BaseModule):
    """A layer of two streams whose input can be computed from its output.

    Args:
        embed_dims: Width ``D`` of the tokens of a stream.
        num_heads: Number of attention heads.
        feedforward_channels: Hidden width of the feed-forward network.
        drop_rate: Dropout after the projections, a fraction.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        drop_path_rate: Rate of stochastic depth, a fraction.
        num_fcs: Linear layers of the feed-forward network.
        qkv_bias: Whether queries, keys and values have a bias.
        act_cfg: Config of the activation.
        norm_cfg: Config of the norms.
        init_cfg: Config of the initialisation.

    Shape:
        x1, x2: ``(B, L, D)``; returns two of the same shape.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        qkv_bias: bool = True,
        act_cfg: dict = GELU,
        norm_cfg: dict = LAYER_NORM,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.ln1 = build_norm_layer(norm_cfg, embed_dims)[1]
        self.attn = MultiheadAttention(
            embed_dims,
            num_heads,
            attn_drop=attn_drop_rate,
            proj_drop=drop_rate,
            qkv_bias=qkv_bias,
        )
        self.ln2 = build_norm_layer(norm_cfg, embed_dims)[1]
        self.ffn = FFN(
            embed_dims,
            feedforward_channels,
            num_fcs=num_fcs,
            ffn_drop=drop_rate,
            act_cfg=act_cfg,
            add_identity=False,
        )
        self.drop_path_rate = drop_path_rate

    def init_weights(self) -> None:
        """As init_cfg says; Xavier for the feed-forward network."""
        super().init_weights()
        for module in self.ffn.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.normal_(module.bias, std=1e-6)

    def attend(self, x: Tensor) -> Tensor:
        """What the second stream adds to the first."""
        return drop_path(self.attn(self.ln1(x)), self.drop_path_rate, self.training)

    def feed(self, x: Tensor) -> Tensor:
        """What the first stream adds to the second."""
        return drop_path(self.ffn(self.ln2(x)), self.drop_path_rate, self.training)

    def forward(self, x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
        """Both streams, one after the other."""
        y1 = x1 + self.attend(x2)
        return y1, x2 + self.feed(y1)


class _RandomState:
    """The state of the generators of the CPU and of a tensor's GPU."""

    def __init__(self, x: Tensor) -> None:
        self.device = x.device
        self.cpu = torch.get_rng_state()
        self.cuda = torch.cuda.get_rng_state(x.device) if x.is_cuda else None

    def restore(self) -> None:
        torch.set_rng_state(self.cpu)
        if self.cuda is not None:
            torch.cuda.set_rng_state(self.cuda, self.device)


class _Reversible(Function):
    """All layers, of which only the last output is kept for the gradient.

    The weights come as arguments, so that autograd knows of them.
    """

    @staticmethod
    def forward(
        ctx: Any, layers: Sequence[nn.Module], x1: Tensor, x2: Tensor, *weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        ctx.layers, ctx.states = layers, []
        ctx.autocast = None
        kind = x1.device.type
        if kind != 'meta':
            dtype = torch.get_autocast_dtype(kind)
            ctx.autocast = (kind, dtype, torch.is_autocast_enabled(kind))
        for layer in layers:
            before = _RandomState(x1)
            x1 = x1 + layer.attend(x2)
            ctx.states.append((before, _RandomState(x1)))
            x2 = x2 + layer.feed(x1)
        ctx.save_for_backward(x1, x2)
        return x1, x2

    @staticmethod
    def backward(ctx: Any, d1: Tensor, d2: Tensor) -> tuple[Tensor | None, ...]:
        y1, y2 = ctx.saved_tensors
        now = _RandomState(y1)
        grads: list[Tensor | None] = []
        with torch.autocast(*ctx.autocast) if ctx.autocast else nullcontext():
            for layer, (first, second) in zip(
                reversed(ctx.layers), reversed(ctx.states), strict=True
            ):
                fed, more, own2 = _again(layer, layer.feed, y1, d2, second)
                d1, y2 = d1 + more, y2 - fed
                attended, more, own1 = _again(layer, layer.attend, y2, d1, first)
                d2, y1 = d2 + more, y1 - attended
                both = zip(own1, own2, strict=True)
                grads[:0] = [a if b is None else b for a, b in both]
        now.restore()
        return None, d1, d2, *grads


def _again(
    layer: nn.Module,
    function: Callable[[Tensor], Tensor],
    x: Tensor,
    grad: Tensor,
    state: _RandomState,
) -> tuple[Tensor, Tensor, list[Tensor | None]]:
    """``function(x)`` with the same draws; the gradients of x and of all weights."""
    state.restore()
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        out = function(x)
    weights = list(layer.parameters())
    wanted = [x, *(w for w in weights if w.requires_grad)]
    found = torch.autograd.grad(out, wanted, grad.to(out.dtype), allow_unused=True)
    rest = iter(found[1:])
    own = [next(rest) if w.requires_grad else None for w in weights]
    return out.detach(), found[0], own


@MODELS.register_module()
class RevVisionTransformer(VisionTransformer):
    """A vision transformer of two streams that keeps no activations of its layers.

    In the backward pass the input of every layer is computed from its output, so
    that memory does not grow with the number of layers.

    Args:
        arch: A name or a dict as in :class:`VisionTransformer`.
        out_type: As in :class:`VisionTransformer`; the mean is not normalised.
        with_cls_token: Whether there is a class token.
        norm_cfg: Config of the norms.
        final_norm: Whether there is a norm after the last layer.
        fusion_mode: How both streams are joined: ``'add'``, ``'max'``, ``'min'``,
            ``'avg'``, or ``'concat'``, which doubles the width.
        no_custom_backward: Whether activations are kept for the backward pass, as
            usual, instead of being computed again from the output.
        kwargs: Arguments of :class:`VisionTransformer`.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: that of the last layer, as in :class:`VisionTransformer`.

    Raises:
        ValueError: if fusion_mode is unknown.

    Example:
        >>> model = MODELS.build(
        ...     dict(type='RevVisionTransformer', arch='deit-tiny', img_size=64))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 384])
    """

    num_extra_tokens = 1
    layer_type: ClassVar[type[nn.Module]] = RevTransformerEncoderLayer

    def __init__(
        self,
        arch: str | dict = 'base',
        out_type: Literal['raw', 'cls_token', 'featmap', 'avg_featmap'] = 'avg_featmap',
        with_cls_token: bool = False,
        norm_cfg: dict = LAYER_NORM,
        final_norm: bool = True,
        fusion_mode: str = 'concat',
        no_custom_backward: bool = False,
        **kwargs: Any,
    ) -> None:
        check_choice(FUSIONS, fusion_mode=fusion_mode)
        self.fusion_mode = fusion_mode
        super().__init__(
            arch,
            out_type=out_type,
            with_cls_token=with_cls_token,
            norm_cfg=norm_cfg,
            final_norm=final_norm,
            out_indices=-1,
            **kwargs,
        )
        self.no_custom_backward = no_custom_backward
        if final_norm:
            self.ln1 = build_norm_layer(norm_cfg, 2 * self.embed_dims)[1]
        if out_type == 'avg_featmap':
            del self.ln2
        self._freeze_stages()

    def _make_layers(self, common: dict[str, Any], *args: Any) -> nn.ModuleList:
        common.pop('layer_scale_init_value')
        return super()._make_layers(common, *args)

    @property
    def feature_specs(self) -> tuple:
        """Width of the output, and the stride of a map."""
        (spec,) = super().feature_specs
        factor = 2 if self.fusion_mode == 'concat' else 1
        return (spec._replace(channels=spec.channels * factor),)

    def encode(
        self, x: Tensor, patch_resolution: tuple[int, int]
    ) -> tuple[Tensor, ...]:
        """The feature of the last layer."""
        first = second = x
        if self.training and torch.is_grad_enabled() and not self.no_custom_backward:
            weights = [w for layer in self.layers for w in layer.parameters()]
            first, second = _Reversible.apply(self.layers, first, second, *weights)
        else:
            for layer in self.layers:
                first, second = layer(first, second)
        if self.final_norm:
            joined = self.ln1(torch.cat((first, second), dim=-1))
            first, second = joined.chunk(2, dim=-1)
        x = FUSIONS[self.fusion_mode](first, second)
        extra = self.num_extra_tokens
        return (format_tokens(x, self.out_type, patch_resolution, extra),)
