"""The decoders of MAE and MixMIM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from ...errors import DataError
from ...ops import gather_tokens, square
from ...registry import MODELS
from ..layers import (
    TransformerEncoderLayer,
    build_2d_sincos_position_embedding,
    build_norm_layer,
)

__all__ = ['MAEPretrainDecoder', 'MixMIMPretrainDecoder']

LAYER_NORM = dict(type='LN', eps=1e-6)


@MODELS.register_module()
class MAEPretrainDecoder(BaseModule):
    """From the tokens of the patches that were seen to the pixels of all.

    Paper: Masked Autoencoders Are Scalable Vision Learners, CVPR 2022,
    https://arxiv.org/abs/2111.06377

    Args:
        num_patches: Number of patches of a square image, or rows and columns of
            patches.
        patch_size: Edge of a patch, in pixels.
        in_chans: Channels of the image.
        embed_dim: Width of the tokens that it is given.
        decoder_embed_dim: Width of its own tokens.
        decoder_depth: Number of its layers.
        decoder_num_heads: Number of attention heads of each layer.
        mlp_ratio: Hidden width of the feed-forward networks over that of tokens.
        norm_cfg: Config of the norms.
        predict_feature_dim: Width of the output; None is the number of values in a
            patch, ``patch_size ** 2 * in_chans``.
        init_cfg: Config of the initialisation.

    Override:
        layer_type: class of the layers.
        has_cls_token: whether the tokens begin with a class token.

    Shape:
        x: ``(B, 1 + kept, embed_dim)``.
        ids_restore: ``(B, L)``: where each patch stands among the kept and then the
            others.
        returns: ``(B, L, patch_size * patch_size * in_chans)``.

    Raises:
        DataError: if there are not ``num_patches`` patches.

    Example:
        >>> decode = MAEPretrainDecoder(
        ...     num_patches=4, patch_size=2, embed_dim=8, decoder_embed_dim=8,
        ...     decoder_depth=1, decoder_num_heads=2)
        >>> decode(torch.zeros(1, 1 + 1, 8), torch.tensor([[2, 0, 1, 3]])).shape
        torch.Size([1, 4, 12])
    """

    promise: ClassVar[str] = 'PretrainNeck'
    layer_type: ClassVar[type[nn.Module]] = TransformerEncoderLayer
    has_cls_token: ClassVar[bool] = True

    def __init__(
        self,
        num_patches: int | Sequence[int] = 196,
        patch_size: int = 16,
        in_chans: int = 3,
        embed_dim: int = 1024,
        decoder_embed_dim: int = 512,
        decoder_depth: int = 8,
        decoder_num_heads: int = 16,
        mlp_ratio: float = 4,
        norm_cfg: dict = LAYER_NORM,
        predict_feature_dim: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        one = isinstance(num_patches, int)
        self.grid = square(num_patches) if one else tuple(num_patches)
        self.num_patches = self.grid[0] * self.grid[1]
        width = decoder_embed_dim
        self.decoder_embed = nn.Linear(embed_dim, width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        positions = torch.zeros(1, self.num_patches + self.has_cls_token, width)
        self.decoder_pos_embed = nn.Parameter(positions, requires_grad=False)
        self.decoder_blocks = ModuleList(
            self.layer_type(
                width, decoder_num_heads, int(mlp_ratio * width), norm_cfg=norm_cfg
            )
            for _ in range(decoder_depth)
        )
        name, norm = build_norm_layer(norm_cfg, width, postfix=1)
        self.decoder_norm_name = name
        self.add_module(name, norm)
        if predict_feature_dim is None:
            predict_feature_dim = patch_size**2 * in_chans
        self.decoder_pred = nn.Linear(width, predict_feature_dim)

    @property
    def decoder_norm(self) -> nn.Module:
        """The norm after the last layer."""
        return getattr(self, self.decoder_norm_name)

    def init_weights(self) -> None:
        """As init_cfg says; sines and cosines for the positions."""
        super().init_weights()
        table = build_2d_sincos_position_embedding(
            self.grid, self.decoder_pos_embed.shape[-1], cls_token=self.has_cls_token
        )
        self.decoder_pos_embed.data.copy_(table)
        nn.init.normal_(self.mask_token, std=0.02)

    def forward(self, x: Tensor, ids_restore: Tensor) -> Tensor:
        """What is predicted of every patch."""
        x = self.place(x, ids_restore)
        for block in self.decoder_blocks:
            x = block(x)
        return self.decoder_pred(self.decoder_norm(x))[:, 1:]

    def place(self, x: Tensor, ids_restore: Tensor) -> Tensor:
        """All tokens of the decoder at their positions, ``(B, 1 + L, D)``.

        Those of the patches that were left out are the mask token.
        """
        length = ids_restore.shape[1]
        if length != self.num_patches:
            raise DataError(
                f'{type(self).__name__} was built for {self.num_patches} patches, got '
                f'{length}; set model.neck.num_patches, or resize the images'
            )
        x = self.decoder_embed(x)
        hidden = self.mask_token.expand(len(x), length + 1 - x.shape[1], -1)
        patches = torch.cat((x[:, 1:], hidden.to(x.dtype)), dim=1)
        patches = gather_tokens(patches, ids_restore)
        return torch.cat((x[:, :1], patches), dim=1) + self.decoder_pos_embed


@MODELS.register_module()
class MixMIMPretrainDecoder(MAEPretrainDecoder):
    """From the tokens of mixed images to the pixels of both.

    Paper: MixMIM: Mixed and Masked Image Modeling for Efficient Visual
    Representation Learning, CVPR 2023, https://arxiv.org/abs/2205.13137

    Args:
        encoder_stride: Edge in pixels of what a token stands for.
        in_chans: Channels of the image.
        predict_feature_dim: Width of the output; None is the number of values in what a
            token stands for.
        kwargs: Arguments of :class:`MAEPretrainDecoder`.

    Shape:
        x: ``(B, L, embed_dim)``; mask: ``(1, L, 1)``, 1 where a token is of the
            other image.
        returns: ``(2 * B, L, encoder_stride ** 2 * in_chans)``: the first images
            of the mixtures, then the others.

    Example:
        >>> decode = MixMIMPretrainDecoder(
        ...     num_patches=4, encoder_stride=2, embed_dim=8, decoder_embed_dim=8,
        ...     decoder_depth=1, decoder_num_heads=2)
        >>> decode(torch.zeros(1, 4, 8), torch.zeros(1, 4, 1)).shape
        torch.Size([2, 4, 12])
    """

    has_cls_token: ClassVar[bool] = False

    def __init__(
        self,
        encoder_stride: int = 32,
        in_chans: int = 3,
        predict_feature_dim: int | None = None,
        **kwargs: Any,
    ) -> None:
        width = predict_feature_dim or encoder_stride**2 * in_chans
        super().__init__(in_chans=in_chans, predict_feature_dim=width, **kwargs)
        self.encoder_stride = encoder_stride

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """What is predicted of the patches of both images."""
        x = self.decoder_embed(x)
        first = torch.where(mask.bool(), self.mask_token.to(x.dtype), x)
        second = torch.where(mask.bool(), x, self.mask_token.to(x.dtype))
        x = torch.cat((first, second)) + self.decoder_pos_embed
        for block in self.decoder_blocks:
            x = block(x)
        return self.decoder_pred(self.decoder_norm(x))
