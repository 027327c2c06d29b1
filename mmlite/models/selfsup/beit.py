"""BEiT and BEiT v2."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from ...registry import MODELS
from ...structures import DataSample
from .masked import MaskedImageModel, masks_of

__all__ = ['BEiT']


@MODELS.register_module()
class BEiT(MaskedImageModel):
    """Predict which visual word stands in a hidden patch.

    Papers: BEiT: BERT Pre-Training of Image Transformers, ICLR 2022,
    https://arxiv.org/abs/2106.08254; BEiT v2: Masked Image Modeling with
    Vector-Quantized Visual Tokenizers, https://arxiv.org/abs/2208.06366

    Args:
        args, kwargs: Arguments of
            :class:`~mmlite.models.selfsup.BaseSelfSupervisor`: the backbone
            ``BEiTPretrainViT``; for v1 the head ``BEiTV1Head`` and the target
            generator ``DALL-E``; for v2 the neck ``BEiTV2Neck``, the head
            ``BEiTV2Head`` and the target generator ``VQKD``.

    Shape:
        inputs: two ``(B, C, H, W)``: what the backbone sees, and what the target is
            made of; every sample has a ``mask`` ``(rows, columns)``, 1 where a patch
            is hidden.

    Example:
        >>> arch = dict(
        ...     embed_dims=8, num_layers=1, num_heads=1, feedforward_channels=8)
        >>> model = MODELS.build(dict(
        ...     type='BEiT',
        ...     backbone=dict(type='BEiTPretrainViT', arch=arch, img_size=32),
        ...     head=dict(type='BEiTV1Head', embed_dims=8, num_embed=16,
        ...               loss=dict(type='CrossEntropyLoss')),
        ...     target_generator=dict(type='DALL-E', n_hid=8, vocab_size=16)))
        >>> sample = DataSample()
        >>> sample.mask = torch.eye(2)
        >>> views = [torch.rand(1, 3, 32, 32), torch.rand(1, 3, 16, 16)]
        >>> list(model.loss(views, [sample]))
        ['loss']
    """

    loss_in_one_graph: ClassVar[bool] = False

    def loss(
        self, inputs: list[Tensor], data_samples: list[DataSample]
    ) -> dict[str, Tensor]:
        """The losses of the hidden patches.

        Args:
            inputs: What the backbone sees, and what the target is made of.
            data_samples: One sample per image, with ``mask``.

        Returns:
            ``loss``; with a neck ``loss_1`` of the last layer, and ``loss_2`` of
            the neck.
        """
        images, originals = inputs
        mask = masks_of(data_samples).to(images.device)
        latent = self.backbone(images, mask)
        with torch.no_grad():
            target = self.target_generator(originals)
        if not self.with_neck:
            return dict(loss=self.head.loss(latent[0], target, mask))
        bias = self.backbone.shared_rel_pos_bias
        feats = self.neck(latent, rel_pos_bias=bias)
        loss_1, loss_2 = self.head.loss(*feats, target, mask)
        return dict(loss_1=loss_1, loss_2=loss_2)
