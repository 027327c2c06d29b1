"""The regressor and the decoder of CAE."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from mmengine.model import BaseModule, ModuleList
from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn

from ...errors import DataError
from ...registry import MODELS
from ..layers import (
    BEiTTransformerEncoderLayer,
    CAETransformerRegressorLayer,
    build_norm_layer,
)

__all__ = ['CAENeck']

LAYER_NORM = dict(type='LN', eps=1e-6)


@MODELS.register_module()
class CAENeck(BaseModule):
    """Predict the encoder's features of hidden patches, then their words.

    Paper: Context Autoencoder for Self-Supervised Representation Learning, IJCV 2023,
    https://arxiv.org/abs/2202.03026

    Args:
        num_classes: Number of visual words, the width of the output; 0 gives features.
        embed_dims: Width of the tokens.
        regressor_depth: Layers of the regressor.
        decoder_depth: Layers of the decoder.
        num_heads: Number of attention heads of each layer.
        mlp_ratio: Hidden width of the feed-forward networks over that of tokens.
        qkv_bias: Whether queries and values of the regressor have a bias.
        qk_scale: Factor on the products; ``None`` is ``1 / sqrt(D / heads)``.
        drop_rate: Dropout after the projections, a fraction.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        drop_path_rate: Rate of stochastic depth of the last layers, a fraction.
        norm_cfg: Config of the norms.
        layer_scale_init_value: Initial value of the factors on every branch; ``None``
            or 0 has none.
        mask_tokens_num: How many patches of an image are hidden.
        init_cfg: Config of the initialisation.

    Shape:
        x_unmasked, pos_embed_unmasked: ``(B, kept, embed_dims)``.
        pos_embed_masked: ``(B, mask_tokens_num, embed_dims)``.
        returns: the logits ``(B, mask_tokens_num, num_classes)``, and the features
            ``(B, mask_tokens_num, embed_dims)``.

    Raises:
        DataError: if another number of patches is hidden.

    Example:
        >>> neck = CAENeck(
        ...     num_classes=4, embed_dims=8, regressor_depth=1, decoder_depth=1,
        ...     num_heads=2, mask_tokens_num=3)
        >>> tokens = torch.zeros(1, 2, 8)
        >>> [out.shape for out in neck(tokens, torch.zeros(1, 3, 8), tokens)]
        [torch.Size([1, 3, 4]), torch.Size([1, 3, 8])]
    """

    promise: ClassVar[str] = 'PretrainNeck'

    def __init__(
        self,
        num_classes: int = 8192,
        embed_dims: int = 768,
        regressor_depth: int = 6,
        decoder_depth: int = 8,
        num_heads: int = 12,
        mlp_ratio: int = 4,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: dict = LAYER_NORM,
        layer_scale_init_value: float | None = None,
        mask_tokens_num: int = 75,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.mask_token_num = mask_tokens_num
        common = dict(
            embed_dims=embed_dims,
            num_heads=num_heads,
            feedforward_channels=mlp_ratio * embed_dims,
            drop_rate=drop_rate,
            attn_drop_rate=attn_drop_rate,
            norm_cfg=norm_cfg,
            layer_scale_init_value=layer_scale_init_value or 0.0,
        )
        self.regressors = ModuleList(
            CAETransformerRegressorLayer(
                qkv_bias=qkv_bias, qk_scale=qk_scale, drop_path_rate=rate, **common
            )
            for rate in np.linspace(0, drop_path_rate, regressor_depth).tolist()
        )
        self.decoders = ModuleList(
            BEiTTransformerEncoderLayer(
                window_size=None, use_rel_pos_bias=False, drop_path_rate=rate, **common
            )
            for rate in np.linspace(0, drop_path_rate, decoder_depth).tolist()
        )
        self.norm_regressor = build_norm_layer(norm_cfg, embed_dims)[1]
        self.norm_decoder = build_norm_layer(norm_cfg, embed_dims)[1]
        self.head: nn.Module = nn.Identity()
        if num_classes > 0:
            self.head = nn.Linear(embed_dims, num_classes)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, embed_dims))

    def init_weights(self) -> None:
        """Xavier's for linear layers, a truncated normal for the last one."""
        super().init_weights()
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        trunc_normal_(self.mask_token, std=0.02)
        if isinstance(self.head, nn.Linear):
            trunc_normal_(self.head.weight, std=0.02)

    def forward(
        self, x_unmasked: Tensor, pos_embed_masked: Tensor, pos_embed_unmasked: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The words, and the features, of the hidden patches."""
        hidden = pos_embed_masked.shape[1]
        if hidden != self.mask_token_num:
            raise DataError(
                f'CAENeck was built for {self.mask_token_num} hidden patches, got '
                f'{hidden}; set model.neck.mask_tokens_num and num_masking_patches of '
                'the mask generator to the same number'
            )
        x = self.mask_token.expand(len(x_unmasked), hidden, -1)
        places = torch.cat((pos_embed_unmasked, pos_embed_masked), dim=1)
        for layer in self.regressors:
            everything = torch.cat((x_unmasked, x), dim=1)
            x = layer(x, everything, pos_embed_masked, places)
        latent = self.norm_regressor(x)
        x = latent + pos_embed_masked
        for layer in self.decoders:
            x = layer(x, rel_pos_bias=None)
        return self.head(self.norm_decoder(x)), latent
