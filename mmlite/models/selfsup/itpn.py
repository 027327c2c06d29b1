"""iTPN."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...registry import MODELS
from ...structures import DataSample
from .masked import MaskedImageModel, masks_of

__all__ = ['iTPN']


@MODELS.register_module()
class iTPN(MaskedImageModel):  # noqa: N801 (mmpretrain's name)
    """Pre-train a pyramid together with the backbone.

    Paper: Integrally Pre-Trained Transformer Pyramid Networks, CVPR 2023,
    https://arxiv.org/abs/2211.12735

    Args:
        args, kwargs: Arguments of
            :class:`~mmlite.models.selfsup.BaseSelfSupervisor`: the backbone
            ``iTPNHiViT``, the neck ``iTPNPretrainDecoder``; for pixels the head
            ``MAEPretrainHead``, for features of CLIP ``iTPNClipHead`` and the target
            generator ``CLIPGenerator``.

    Shape:
        inputs: for pixels ``(B, C, H, W)``; for features two of them: what the
            backbone sees, and what the target is made of, and every sample has a
            ``mask`` ``(rows, columns)``.

    Example:
        >>> arch = dict(embed_dims=32, depths=[1, 1, 2], num_heads=2)
        >>> model = MODELS.build(dict(
        ...     type='iTPN',
        ...     backbone=dict(type='iTPNHiViT', arch=arch, img_size=64),
        ...     neck=dict(
        ...         type='iTPNPretrainDecoder', num_patches=16, embed_dim=32,
        ...         fpn_dim=8, fpn_depth=1, decoder_embed_dim=16, decoder_depth=1,
        ...         decoder_num_heads=2),
        ...     head=dict(type='MAEPretrainHead', patch_size=16)))
        >>> list(model.loss(torch.rand(2, 3, 64, 64), []))
        ['loss']
    """

    def loss(self, inputs: Any, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The loss of the hidden patches.

        Args:
            inputs: Images, or two views of them.
            data_samples: One sample per image, with ``mask`` for features.
        """
        if self.backbone.reconstruction_type == 'pixel':
            latent, mask, ids_restore = self.backbone(inputs)
            pred = self.neck(latent, ids_restore)
            loss = self.head.loss(pred, inputs, mask)
            self.show_patches(inputs, pred, mask)
            return dict(loss=loss)
        images, originals = inputs
        mask = masks_of(data_samples).to(images.device)
        feats = self.neck(self.backbone(images, mask))
        with torch.no_grad():
            target, _ = self.target_generator(originals)
        return dict(loss=self.head.loss(feats, target[:, 1:], mask))
