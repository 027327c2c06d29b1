"""The vision transformer of MAE, and those that leave out patches as it does.

Papers: Masked Autoencoders Are Scalable Vision Learners, CVPR 2022,
https://arxiv.org/abs/2111.06377; MILAN: Masked Image Pretraining on Language
Assisted Representation, https://arxiv.org/abs/2208.06049; Improving Pixel-based MIM
by Reducing Wasted Modeling Capability, ICCV 2023, https://arxiv.org/abs/2308.00261
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from ...ops import gather_tokens, num_kept, random_keep, split_tokens
from ...registry import MODELS
from ..layers import build_2d_sincos_position_embedding, resize_pos_embed
from .vision_transformer import VisionTransformer

__all__ = ['MAEViT', 'MFFViT', 'MILANViT']


@MODELS.register_module()
class MAEViT(VisionTransformer):
    """A :class:`VisionTransformer` that sees only some of the patches.

    The position embedding is fixed: sines and cosines.

    Args:
        arch: As in :class:`VisionTransformer`.
        out_type: What is returned of a layer for a whole image.
        mask_ratio: Share of the patches that is left out; at least one is kept.
        kwargs: Arguments of :class:`VisionTransformer`.

    Override:
        random_masking: draws which patches are kept.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: with ``mask=True`` the tokens of what is seen
            ``(B, 1 + kept, D)``, the class token first; the mask ``(B, L)``, 0 where
            a patch is kept and 1 where it is left out; and where each patch stands
            among the kept and then the others ``(B, L)``. With ``mask=None`` what
            :class:`VisionTransformer` gives.

    Raises:
        ValueError: if mask_ratio is not between 0 and 1.

    Example:
        >>> arch = dict(
        ...     embed_dims=8, num_layers=2, num_heads=1, feedforward_channels=8)
        >>> model = MODELS.build(dict(type='MAEViT', arch=arch, img_size=64))
        >>> tokens, mask, ids_restore = model(torch.zeros(1, 3, 64, 64))
        >>> tokens.shape, int(mask.sum()), ids_restore.shape
        (torch.Size([1, 5, 8]), 12, torch.Size([1, 16]))
    """

    def __init__(
        self,
        arch: str | dict = 'base',
        out_type: Literal['raw', 'cls_token', 'featmap', 'avg_featmap'] = 'raw',
        mask_ratio: float = 0.75,
        **kwargs: Any,
    ) -> None:
        super().__init__(arch, out_type=out_type, **kwargs)
        self.pos_embed.requires_grad_(False)
        self.mask_ratio = mask_ratio
        self.num_patches = self.patch_resolution[0] * self.patch_resolution[1]
        num_kept(self.num_patches, mask_ratio)

    def init_weights(self) -> None:
        """Fixed positions, and the embedding as if it were a linear layer."""
        super().init_weights()
        if self.is_pretrained:
            return
        table = build_2d_sincos_position_embedding(
            self.patch_resolution, self.embed_dims, cls_token=True
        )
        self.pos_embed.data.copy_(table)
        nn.init.xavier_uniform_(self.patch_embed.projection.weight.data.flatten(1))
        nn.init.normal_(self.cls_token, std=0.02)

    def random_masking(
        self, x: Tensor, mask_ratio: float = 0.75
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Draw which patches are kept, as many of each image.

        Args:
            x: Patches, ``(B, L, D)``.
            mask_ratio: Share of the patches that is left out.

        Returns:
            Those kept ``(B, kept, D)``; the mask ``(B, L)``, 1 where a patch is left
            out; and where each patch stands among the kept and then the others
            ``(B, L)``.
        """
        keep, restore, mask = random_keep(*x.shape[:2], mask_ratio, x.device)
        return gather_tokens(x, keep), mask, restore

    def forward(self, x: Tensor, mask: bool | None = True) -> Any:
        """The tokens of a masked image, or the features of a whole one."""
        if not mask:
            return super().forward(x)
        patches, cls_token = self.embed_apart(x)
        seen, hidden, restore = self.random_masking(patches, self.mask_ratio)
        return self.encode_seen(seen, cls_token), hidden, restore

    def embed_apart(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The patches, and the class token of each image, with their positions."""
        patches, size = self.patch_embed(x)
        table = resize_pos_embed(
            self.pos_embed, self.patch_resolution, size, self.interpolate_mode
        )
        cls_token = (self.cls_token + table[:, :1]).expand(x.shape[0], -1, -1)
        return patches + table[:, 1:], cls_token

    def encode_seen(self, seen: Tensor, cls_token: Tensor) -> Tensor:
        """The last tokens of the patches that are seen, ``(B, 1 + kept, D)``."""
        x = self.pre_norm(self.drop_after_pos(torch.cat((cls_token, seen), dim=1)))
        for layer in self.layers:
            x = layer(x)
        return self.ln1(x) if self.final_norm else x


@MODELS.register_module()
class MILANViT(MAEViT):
    """A :class:`MAEViT` that prefers to keep the important patches.

    Args:
        kwargs: Arguments of :class:`MAEViT`.

    Override:
        attention_masking: draws which patches are kept.

    Shape:
        importance: ``(B, L)``, at least 0: weights of the draw; ``None`` gives the
            features of the whole image.
        returns: the tokens of what is seen ``(B, 1 + kept, D)``; where each patch
            stands among the kept and then the others ``(B, L)``; and the numbers of
            the kept ``(B, kept)`` and of the others.

    Example:
        >>> arch = dict(
        ...     embed_dims=8, num_layers=2, num_heads=1, feedforward_channels=8)
        >>> model = MODELS.build(dict(type='MILANViT', arch=arch, img_size=64))
        >>> tokens, *ids = model(torch.zeros(1, 3, 64, 64), torch.ones(1, 16))
        >>> tokens.shape, [i.shape[1] for i in ids]
        (torch.Size([1, 5, 8]), [16, 4, 12])
    """

    def attention_masking(
        self, x: Tensor, mask_ratio: float, importance: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Draw which patches are kept, the important ones more often.

        Args:
            x: Patches, ``(B, L, D)``.
            mask_ratio: Share of the patches that is left out.
            importance: Weights of the draw, ``(B, L)``.

        Returns:
            Those kept; where each patch stands; the numbers of the kept and of the
            others.
        """
        length = x.shape[1]
        order = torch.multinomial(importance.to(x.device), length)
        kept = num_kept(length, mask_ratio)
        keep, restore, _ = split_tokens(order, kept)
        return gather_tokens(x, keep), restore, keep, order[:, kept:]

    def forward(self, x: Tensor, importance: Tensor | None) -> Any:
        """The tokens of a masked image, or the features of a whole one."""
        if importance is None:
            return super().forward(x, mask=None)
        patches, cls_token = self.embed_apart(x)
        seen, *ids = self.attention_masking(patches, self.mask_ratio, importance)
        return self.encode_seen(seen, cls_token), *ids


@MODELS.register_module()
class MFFViT(MAEViT):
    """A :class:`MAEViT` whose last tokens are a mean of several layers.

    Args:
        kwargs: Arguments of :class:`MAEViT`; ``out_indices`` names the layers.

    Shape:
        returns: with ``mask=True`` what :class:`MAEViT` gives, and the share of
            every layer in the mean, ``(len(out_indices), )``.

    Example:
        >>> arch = dict(
        ...     embed_dims=8, num_layers=2, num_heads=1, feedforward_channels=8)
        >>> model = MODELS.build(
        ...     dict(type='MFFViT', arch=arch, img_size=64, out_indices=[0, 1]))
        >>> model(torch.zeros(1, 3, 64, 64))[3].shape
        torch.Size([2])
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        count = len(self.out_indices)
        self.proj_layers = nn.ModuleList(
            nn.Linear(self.embed_dims, self.embed_dims) for _ in range(count - 1)
        )
        self.proj_weights = nn.Parameter(torch.ones(count, 1, 1, 1), count > 1)

    def forward(self, x: Tensor, mask: bool | None = True) -> Any:
        """The mean tokens of a masked image, or the features of a whole one."""
        if not mask:
            return super().forward(x, mask=None)
        patches, cls_token = self.embed_apart(x)
        seen, hidden, restore = self.random_masking(patches, self.mask_ratio)
        x = self.pre_norm(self.drop_after_pos(torch.cat((cls_token, seen), dim=1)))
        found = []
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i in self.out_indices:
                found.append(x)
        *early, last = found
        early = [fc(e) for fc, e in zip(self.proj_layers, early, strict=True)]
        share = self.proj_weights.softmax(dim=0)
        x = (torch.stack((*early, last)) * share).sum(dim=0)
        return self.ln1(x) if self.final_norm else x, hidden, restore, share.flatten()
