"""Vision transformers that see a mask token in the place of a hidden patch.

Papers: Masked Feature Prediction for Self-Supervised Visual Pre-Training, CVPR 2022,
https://arxiv.org/abs/2112.09133; BEiT: BERT Pre-Training of Image Transformers, ICLR
2022, https://arxiv.org/abs/2106.08254; Context Autoencoder for Self-Supervised
Representation Learning, IJCV 2023, https://arxiv.org/abs/2202.03026
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn

from ...errors import DataError
from ...ops import flat_mask, gather_tokens, hide_tokens, separate
from ...registry import MODELS
from ..layers import build_2d_sincos_position_embedding
from .beit import BEiTViT
from .vision_transformer import VisionTransformer

__all__ = ['BEiTPretrainViT', 'CAEPretrainViT', 'MaskFeatViT']

OutType = Literal['raw', 'cls_token', 'featmap', 'avg_featmap']


@MODELS.register_module()
class MaskFeatViT(VisionTransformer):
    """A :class:`VisionTransformer` that sees a mask token where a patch is hidden.

    Args:
        arch: As in :class:`VisionTransformer`.
        out_type: What is returned of a layer for a whole image.
        kwargs: Arguments of :class:`VisionTransformer`.

    Shape:
        x: ``(B, in_channels, H, W)``.
        mask: ``(B, L)`` or ``(B, rows, columns)``, 1 where a patch is hidden.
        returns: the last tokens ``(B, 1 + L, D)``, the class token first; without a
            mask what :class:`VisionTransformer` gives.

    Example:
        >>> arch = dict(
        ...     embed_dims=8, num_layers=1, num_heads=1, feedforward_channels=8)
        >>> model = MODELS.build(dict(type='MaskFeatViT', arch=arch, img_size=32))
        >>> model(torch.zeros(1, 3, 32, 32), torch.ones(1, 2, 2)).shape
        torch.Size([1, 5, 8])
    """

    def __init__(
        self, arch: str | dict = 'base', out_type: OutType = 'raw', **kwargs: Any
    ) -> None:
        super().__init__(arch, out_type=out_type, **kwargs)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, self.embed_dims))
        self.num_patches = self.patch_resolution[0] * self.patch_resolution[1]

    def init_weights(self) -> None:
        """A truncated normal for all weights."""
        super().init_weights()
        if self.is_pretrained:
            return
        for parameter in (self.cls_token, self.mask_token, self.pos_embed):
            trunc_normal_(parameter, std=0.02)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d)):
                trunc_normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Any:
        """The tokens of a masked image, or the features of a whole one."""
        if mask is None:
            return super().forward(x)
        patches, size = self.patch_embed(x)
        x = self.place(hide_tokens(patches, mask, self.mask_token), size)
        for layer in self.layers:
            x = layer(x)
        return self.ln1(x) if self.final_norm else x


@MODELS.register_module()
class BEiTPretrainViT(BEiTViT):
    """A :class:`BEiTViT` that sees a mask token where a patch is hidden.

    Args:
        arch: As in :class:`BEiTViT`.
        final_norm: Whether there is a norm after the last layer.
        out_type: What is returned of a layer for a whole image.
        use_rel_pos_bias: Whether each layer has a bias for each offset.
        use_shared_rel_pos_bias: Whether all layers share one.
        kwargs: Arguments of :class:`BEiTViT`.

    Attributes:
        shared_rel_pos_bias: The bias of the last call with a mask, for the neck;
            None without a shared one.

    Shape:
        x: ``(B, in_channels, H, W)``.
        mask: ``(B, rows, columns)``, 1 where a patch is hidden.
        returns: one ``(B, 1 + L, D)`` per index; without a mask what
            :class:`BEiTViT` gives.

    Example:
        >>> arch = dict(
        ...     embed_dims=8, num_layers=1, num_heads=1, feedforward_channels=8)
        >>> model = MODELS.build(dict(type='BEiTPretrainViT', arch=arch, img_size=32))
        >>> model(torch.zeros(1, 3, 32, 32), torch.ones(1, 2, 2))[0].shape
        torch.Size([1, 5, 8])
    """

    def __init__(
        self,
        arch: str | dict = 'base',
        final_norm: bool = True,
        out_type: OutType = 'raw',
        use_rel_pos_bias: bool = False,
        use_shared_rel_pos_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            arch,
            final_norm=final_norm,
            out_type=out_type,
            use_rel_pos_bias=use_rel_pos_bias,
            use_shared_rel_pos_bias=use_shared_rel_pos_bias,
            **kwargs,
        )
        self.mask_token = nn.Parameter(torch.zeros(1, 1, self.embed_dims))
        self.shared_rel_pos_bias: Tensor | None = None

    def init_weights(self) -> None:
        """As init_cfg says; branches start smaller the deeper they lie."""
        super().init_weights()
        if self.is_pretrained:
            return
        trunc_normal_(self.cls_token, std=0.02)
        trunc_normal_(self.mask_token, std=0.02)
        with torch.no_grad():
            for depth, layer in enumerate(self.layers, 1):
                layer.attn.proj.weight.div_(math.sqrt(2.0 * depth))
                layer.ffn.layers[1].weight.div_(math.sqrt(2.0 * depth))

    def layer_context(self, patch_resolution: tuple[int, int]) -> dict[str, Any]:
        """As in :class:`BEiTViT`; the shared bias is kept."""
        context = super().layer_context(patch_resolution)
        self.shared_rel_pos_bias = context['rel_pos_bias']
        return context

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, ...]:
        """The tokens of a masked image, or the features of a whole one."""
        if mask is None:
            return super().forward(x)
        patches, size = self.patch_embed(x)
        x = self.place(hide_tokens(patches, mask, self.mask_token), size)
        context, outs = self.layer_context(size), []
        for i, layer in enumerate(self.layers):
            x = layer(x, **context)
            if self.final_norm and i == self.num_layers - 1:
                x = self.ln1(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__, shared_rel_pos_bias=None)


@MODELS.register_module()
class CAEPretrainViT(BEiTViT):
    """A :class:`BEiTViT` that sees only the patches which are not hidden.

    The position embedding is fixed: sines and cosines.

    Args:
        arch: As in :class:`BEiTViT`.
        final_norm: Whether there is a norm after the last layer.
        out_type: What is returned of a layer for a whole image.
        use_abs_pos_emb: Whether there is a position embedding; it is needed.
        use_rel_pos_bias: Whether each layer has a bias for each offset; with one it
            takes no mask.
        layer_scale_init_value: Initial value of the factors on every branch; 0 has
            none.
        init_cfg: Config of the initialisation.
        kwargs: Arguments of :class:`BEiTViT`.

    Shape:
        x: ``(B, in_channels, H, W)``.
        mask: ``(B, L)`` of bool, true where a patch is hidden; as many of each
            image.
        returns: the tokens ``(B, 1 + kept, D)``; without a mask what
            :class:`BEiTViT` gives.

    Raises:
        ValueError: if there is no position embedding.
        DataError: if the images have different numbers of hidden patches.

    Example:
        >>> arch = dict(
        ...     embed_dims=8, num_layers=1, num_heads=1, feedforward_channels=8)
        >>> model = MODELS.build(dict(type='CAEPretrainViT', arch=arch, img_size=32))
        >>> mask = torch.tensor([[True, False, False, False]])
        >>> model(torch.zeros(1, 3, 32, 32), mask).shape
        torch.Size([1, 4, 8])
    """

    def __init__(
        self,
        arch: str | dict = 'base',
        final_norm: bool = True,
        out_type: OutType = 'raw',
        use_abs_pos_emb: bool = True,
        use_rel_pos_bias: bool = False,
        layer_scale_init_value: float | None = None,
        init_cfg: dict | list[dict] | None = (
            dict(type='Constant', val=1, layer=['LayerNorm']),
            dict(type='TruncNormal', std=0.02, layer=['Conv2d']),
            dict(type='Xavier', distribution='uniform', layer=['Linear']),
        ),
        **kwargs: Any,
    ) -> None:
        if not use_abs_pos_emb:
            raise ValueError('the decoder of CAE needs positions; set use_abs_pos_emb')
        super().__init__(
            arch,
            final_norm=final_norm,
            out_type=out_type,
            use_abs_pos_emb=True,
            use_rel_pos_bias=use_rel_pos_bias,
            layer_scale_init_value=layer_scale_init_value or 0.0,
            init_cfg=list(init_cfg) if isinstance(init_cfg, tuple) else init_cfg,
            **kwargs,
        )
        self.pos_embed.requires_grad_(False)
        self.num_patches = self.patch_resolution[0] * self.patch_resolution[1]

    def init_weights(self) -> None:
        """As init_cfg says; sines and cosines for the positions."""
        super().init_weights()
        if self.is_pretrained:
            return
        table = build_2d_sincos_position_embedding(
            self.patch_resolution, self.embed_dims, cls_token=True
        )
        self.pos_embed.data.copy_(table)
        trunc_normal_(self.cls_token, std=0.02)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Any:
        """The tokens of a masked image, or the features of a whole one."""
        if mask is None:
            return super().forward(x)
        patches, size = self.patch_embed(x)
        x = self.place(patches, size)
        hidden = flat_mask(mask, patches).bool()
        counts = set(hidden.sum(dim=1).tolist())
        if len(counts) > 1:
            raise DataError(
                'CAE hides as many patches of every image; set min_num_patches of '
                'BEiTMaskGenerator equal to num_masking_patches'
            )
        shown, _ = separate(hidden, hidden.size(1) - counts.pop())
        x = torch.cat((x[:, :1], gather_tokens(x[:, 1:], shown)), dim=1)
        for layer in self.layers:
            x = layer(x)
        return self.ln1(x) if self.final_norm else x
