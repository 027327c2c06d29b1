"""The heads of MAE, MixMIM and SparK: a loss of pixels, patch by patch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from mmengine.model import BaseModule
from torch import Tensor

from ...errors import DataError
from ...ops import patchify, unpatchify
from ...registry import MODELS

__all__ = ['MAEPretrainHead', 'MixMIMPretrainHead', 'SparKPretrainHead']

L2_LOSS = dict(type='PixelReconstructionLoss', criterion='L2')


@MODELS.register_module()
class MAEPretrainHead(BaseModule):
    """Compare the predicted pixels of the hidden patches with those of the image.

    Paper: Masked Autoencoders Are Scalable Vision Learners, CVPR 2022,
    https://arxiv.org/abs/2111.06377

    Args:
        loss: Config of the loss.
        norm_pix: Whether the pixels of each patch are normalised first, by the unbiased
            variance; a flat patch becomes 0.
        patch_size: Edge of a patch, in pixels.
        in_channels: Channels of the image.

    Override:
        construct_target: what is to be predicted of an image.

    Shape:
        pred: ``(B, L, patch_size * patch_size * in_channels)``.
        target: the images, ``(B, in_channels, H, W)``.
        mask: ``(B, L)``, 1 where a patch was hidden.
        returns: scalar.

    Raises:
        DataError: if an image has another number of channels, or cannot be cut
            into patches.

    Example:
        >>> import torch
        >>> head = MAEPretrainHead(patch_size=2, in_channels=1)
        >>> images = torch.ones(1, 1, 2, 4)
        >>> head.loss(torch.zeros(1, 2, 4), images, torch.tensor([[0., 1.]]))
        tensor(1.)
    """

    promise: ClassVar[str] = 'PretrainHead'

    def __init__(
        self,
        loss: dict = L2_LOSS,
        norm_pix: bool = False,
        patch_size: int = 16,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        self.norm_pix = norm_pix
        self.patch_size = patch_size
        # Not in_channels: that is the width of the features a part is given.
        self.image_channels = in_channels
        self.loss_module = MODELS.build(loss)

    def patchify(self, imgs: Tensor) -> Tensor:
        """Cut images into patches; see :func:`mmlite.ops.patchify`."""
        if imgs.shape[1] != self.image_channels:
            raise DataError(
                f'{type(self).__name__} was built for images of {self.image_channels} '
                f'channels, got {imgs.shape[1]}; set '
                f'model.head.in_channels={imgs.shape[1]}'
            )
        return patchify(imgs, self.patch_size)

    def unpatchify(self, x: Tensor, grid: Sequence[int] | None = None) -> Tensor:
        """Put images together; see :func:`mmlite.ops.unpatchify`."""
        return unpatchify(x, self.patch_size, self.image_channels, grid)

    def construct_target(self, target: Tensor) -> Tensor:
        """The patches of images, normalised if ``norm_pix`` is set."""
        target = self.patchify(target)
        if not self.norm_pix:
            return target
        var, mean = target.var(dim=-1, keepdim=True), target.mean(dim=-1, keepdim=True)
        return (target - mean) / (var + 1e-6).sqrt()

    def reconstruct(self, pred: Tensor, target: Tensor) -> Tensor:
        """The predicted images, with the mean and variance of each patch put back.

        Args:
            pred: As for :meth:`loss`.
            target: The images.

        Returns:
            ``(B, in_channels, H, W)``.
        """
        if self.norm_pix:
            patches = self.patchify(target)
            var = patches.var(dim=-1, keepdim=True)
            pred = pred * (var + 1e-6).sqrt() + patches.mean(dim=-1, keepdim=True)
        grid = [side // self.patch_size for side in target.shape[2:]]
        return self.unpatchify(pred, grid)

    def loss(self, pred: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """The loss of the hidden patches."""
        return self.loss_module(pred, self.construct_target(target), mask)


@MODELS.register_module()
class MixMIMPretrainHead(MAEPretrainHead):
    """Compare the two images of each mixture with what is predicted of them.

    The arguments are those of :class:`MAEPretrainHead`.

    Shape:
        x_rec: ``(2 * B, L, D)``: the first images of the mixtures, then the others.
        target: the images, ``(B, C, H, W)``; the other of each is the one at the
            mirrored place of the batch.
        mask: ``(1, L, 1)``, 1 where a token was of the other image.

    Example:
        >>> import torch
        >>> head = MixMIMPretrainHead(patch_size=2)
        >>> mask = torch.tensor([[[0.], [1.]]])
        >>> head.loss(torch.zeros(2, 2, 12), torch.ones(1, 3, 2, 4), mask)
        tensor(1.)
    """

    def unmix(self, x_rec: Tensor, mask: Tensor) -> Tensor:
        """What is predicted of the hidden patches of every image, ``(B, L, D)``."""
        first, second = x_rec.chunk(2)
        return first * mask + second.flip(0) * (1 - mask)

    def loss(self, x_rec: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """The loss of all patches: each was hidden in one of two mixtures."""
        return self.loss_module(self.unmix(x_rec, mask), self.construct_target(target))


@MODELS.register_module()
class SparKPretrainHead(MAEPretrainHead):
    """Compare the predicted image with the hidden places of the image.

    Paper: Designing BERT for Convolutional Networks: Sparse and Hierarchical Masked
    Modeling, ICLR 2023, https://arxiv.org/abs/2301.03580

    Args:
        loss: Config of the loss.
        norm_pix: As in :class:`MAEPretrainHead`.
        patch_size: Edge of a hidden cell, in pixels.
        in_channels: Channels of the image.

    Shape:
        pred, target: ``(B, C, H, W)``.
        active_mask: ``(B, 1, H / patch_size, W / patch_size)``, true where the
            image was seen.

    Example:
        >>> import torch
        >>> head = SparKPretrainHead(norm_pix=False, patch_size=2)
        >>> seen = torch.tensor([[[[True, False]]]])
        >>> head.loss(torch.zeros(1, 3, 2, 4), torch.ones(1, 3, 2, 4), seen)
        tensor(1.)
    """

    def __init__(
        self,
        loss: dict = L2_LOSS,
        norm_pix: bool = True,
        patch_size: int = 32,
        in_channels: int = 3,
    ) -> None:
        super().__init__(loss, norm_pix, patch_size, in_channels)

    def loss(self, pred: Tensor, target: Tensor, active_mask: Tensor) -> Tensor:
        """The loss of the hidden places."""
        hidden = active_mask.logical_not().flatten(1).to(pred.dtype)
        return super().loss(self.patchify(pred), target, hidden)
