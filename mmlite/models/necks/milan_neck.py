"""The decoder of MILAN."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ...ops import gather_tokens
from ...registry import MODELS
from ..layers import PromptTransformerEncoderLayer
from .mae_neck import MAEPretrainDecoder

__all__ = ['MILANPretrainDecoder']


@MODELS.register_module()
class MILANPretrainDecoder(MAEPretrainDecoder):
    """A decoder that leaves the tokens of what was seen as they are.

    Paper: MILAN: Masked Image Pretraining on Language Assisted Representation,
    https://arxiv.org/abs/2208.06049

    Args:
        predict_feature_dim: Width of the output.
        kwargs: Arguments of :class:`MAEPretrainDecoder`.

    Shape:
        x: ``(B, 1 + kept, embed_dim)``.
        ids_restore: ``(B, L)``: where each patch stands among the kept and then the
            others; ids_keep, ids_dump: the numbers of the kept and of the others.
        returns: ``(B, 1 + L, predict_feature_dim)``, the class token first.

    Example:
        >>> decode = MILANPretrainDecoder(
        ...     predict_feature_dim=6, num_patches=4, embed_dim=8,
        ...     decoder_embed_dim=8, decoder_depth=1, decoder_num_heads=2)
        >>> order = torch.tensor([[1, 0, 2, 3]])
        >>> decode(torch.zeros(1, 2, 8), order, order[:, :1], order[:, 1:]).shape
        torch.Size([1, 5, 6])
    """

    layer_type: ClassVar[type[nn.Module]] = PromptTransformerEncoderLayer

    def __init__(self, predict_feature_dim: int = 512, **kwargs: Any) -> None:
        super().__init__(predict_feature_dim=predict_feature_dim, **kwargs)

    def forward(
        self, x: Tensor, ids_restore: Tensor, ids_keep: Tensor, ids_dump: Tensor
    ) -> Tensor:
        """What is predicted of the class token and of every patch."""
        x = self.place(x, ids_restore)
        cls_token, patches = x[:, :1], x[:, 1:]
        seen = torch.cat((cls_token, gather_tokens(patches, ids_keep)), dim=1)
        hidden = gather_tokens(patches, ids_dump)
        for block in self.decoder_blocks:
            hidden = block(hidden, seen, ids_restore)
        patches = torch.cat((seen[:, 1:], hidden), dim=1)
        x = torch.cat((cls_token, gather_tokens(patches, ids_restore)), dim=1)
        return self.decoder_pred(self.decoder_norm(x))
