"""Heads that compare what is predicted of hidden patches with a target."""

from __future__ import annotations

from typing import ClassVar

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...ops import separate
from ...registry import MODELS

__all__ = [
    'BEiTV1Head',
    'BEiTV2Head',
    'CAEHead',
    'MIMHead',
    'SimMIMHead',
    'iTPNClipHead',
]

LINEAR = dict(type='TruncNormal', layer='Linear', std=0.02, bias=0)


@MODELS.register_module()
class MIMHead(BaseModule):
    """Compare predicted features with target features.

    Args:
        loss: Config of the loss, which takes a mask.

    Shape:
        pred, target: ``(B, L, D)``; mask: ``(B, L)``, 1 where it counts, or None.
        returns: scalar.

    Example:
        >>> head = MIMHead(dict(type='PixelReconstructionLoss', criterion='L2'))
        >>> head.loss(torch.ones(1, 2, 3), torch.zeros(1, 2, 3))
        tensor(1.)
    """

    promise: ClassVar[str] = 'PretrainHead'

    def __init__(self, loss: dict) -> None:
        super().__init__()
        self.loss_module = MODELS.build(loss)

    def loss(self, pred: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """The loss of the features."""
        return self.loss_module(pred, target, mask)


@MODELS.register_module()
class SimMIMHead(BaseModule):
    """Compare a predicted image with the image where it was hidden.

    Args:
        patch_size: Edge in pixels of what one entry of the mask stands for.
        loss: Config of the loss.

    Shape:
        pred, target: ``(B, C, H, W)``; mask: ``(B, rows, columns)``.
        returns: scalar.

    Example:
        >>> head = SimMIMHead(
        ...     2, dict(type='PixelReconstructionLoss', criterion='L1', channel=3))
        >>> images = torch.ones(1, 3, 2, 4)
        >>> head.loss(torch.zeros(1, 3, 2, 4), images, torch.tensor([[[0., 1.]]]))
        tensor(1.)
    """

    promise: ClassVar[str] = 'PretrainHead'

    def __init__(self, patch_size: int, loss: dict) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.loss_module = MODELS.build(loss)

    def loss(self, pred: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """The loss of the hidden pixels."""
        size = self.patch_size
        pixels = mask.repeat_interleave(size, 1).repeat_interleave(size, 2)
        return self.loss_module(pred, target, pixels[:, None].to(pred.dtype))


class _WordHead(BaseModule):
    """Base of heads that predict the visual word of hidden patches.

    Args:
        embed_dims: Width of the features.
        num_embed: Number of visual words.
        loss: Config of the loss of logits.
        init_cfg: Config of the initialisation.
    """

    promise: ClassVar[str] = 'PretrainHead'

    def __init__(
        self,
        embed_dims: int,
        num_embed: int,
        loss: dict,
        init_cfg: dict | list[dict] | None = LINEAR,
    ) -> None:
        super().__init__(init_cfg)
        self.cls_head = nn.Linear(embed_dims, num_embed)
        self.loss_module = MODELS.build(loss)

    def _loss(self, feats: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        places = mask.flatten().nonzero().squeeze(1)
        hidden = self.cls_head(feats.flatten(0, 1)[places])
        return self.loss_module(hidden, target.flatten(0, 1)[places])


@MODELS.register_module()
class BEiTV1Head(_WordHead):
    """Predict the visual word of hidden patches, as BEiT does.

    Args:
        embed_dims: Width of the features.
        num_embed: Number of visual words.
        loss: Config of the loss of logits.
        init_cfg: Config of the initialisation.

    Shape:
        feats: ``(B, 1 + L, embed_dims)``, the class token first.
        target: ``(B, num_embed, rows, columns)``: the logits of a tokenizer.
        mask: ``(B, rows, columns)``, 1 where a patch is hidden.
        returns: scalar.

    Example:
        >>> head = BEiTV1Head(8, num_embed=4, loss=dict(type='CrossEntropyLoss'))
        >>> words = torch.rand(1, 4, 2, 2)
        >>> head.loss(torch.zeros(1, 5, 8), words, torch.eye(2)[None]).ndim
        0
    """

    def loss(self, feats: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """The loss of the hidden patches."""
        return self._loss(feats[:, 1:], target.argmax(dim=1).flatten(1), mask)


@MODELS.register_module()
class BEiTV2Head(_WordHead):
    """Predict the visual word of hidden patches twice, as BEiT v2 does.

    Args:
        embed_dims: Width of the features.
        num_embed: Number of visual words.
        loss: Config of the loss of logits.
        init_cfg: Config of the initialisation.

    Shape:
        feats, feats_cls_pt: ``(B, L, embed_dims)``, of the backbone and of the neck.
        target: ``(B, L)``: the visual words.
        mask: ``(B, rows, columns)``, 1 where a patch is hidden.
        returns: two scalars.

    Example:
        >>> head = BEiTV2Head(8, num_embed=4, loss=dict(type='CrossEntropyLoss'))
        >>> feats, words = torch.zeros(1, 4, 8), torch.zeros(1, 4, dtype=torch.long)
        >>> len(head.loss(feats, feats, words, torch.eye(2)[None]))
        2
    """

    def loss(
        self, feats: Tensor, feats_cls_pt: Tensor, target: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The losses of the hidden patches."""
        each = (feats, feats_cls_pt)
        first, second = (self._loss(feat, target, mask) for feat in each)
        return first, second


@MODELS.register_module()
class iTPNClipHead(_WordHead):  # noqa: N801 (mmpretrain's name)
    """Predict CLIP's features of hidden patches.

    Args:
        embed_dims: Width of the features.
        num_embed: Width of CLIP's features.
        loss: Config of the loss of features.
        init_cfg: Config of the initialisation.

    Shape:
        feats: ``(B, L, embed_dims)``; target: ``(B, L, num_embed)``.
        mask: ``(B, rows, columns)``, 1 where a patch is hidden.
        returns: scalar.

    Example:
        >>> head = iTPNClipHead(8, num_embed=4, loss=dict(type='L1Loss'))
        >>> target = torch.zeros(1, 4, 4)
        >>> head.loss(torch.zeros(1, 4, 8), target, torch.eye(2)[None]).ndim
        0
    """

    def loss(self, feats: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """The loss of the hidden patches."""
        return self._loss(feats, target, mask)


@MODELS.register_module()
class CAEHead(BaseModule):
    """Compare predicted words, and predicted features, of hidden patches.

    Args:
        loss: Config of ``CAELoss``.
        init_cfg: Config of the initialisation.

    Shape:
        logits: ``(B * hidden, K)``.
        logits_target: ``(B, K, rows, columns)``: the logits of a tokenizer.
        latent_pred, latent_target: ``(B, hidden, D)``.
        mask: ``(B, L)`` of bool, true where a patch is hidden.
        returns: the loss of the words, and of the features.

    Example:
        >>> head = CAEHead(dict(type='CAELoss', lambd=2))
        >>> feats, mask = torch.zeros(1, 1, 8), torch.tensor([[True, False]])
        >>> losses = head.loss(
        ...     torch.zeros(1, 4), torch.rand(1, 4, 1, 2), feats, feats + 1, mask)
        >>> losses[1]
        tensor(2.)
    """

    promise: ClassVar[str] = 'PretrainHead'

    def __init__(self, loss: dict, init_cfg: dict | list[dict] | None = None) -> None:
        super().__init__(init_cfg)
        self.loss_module = MODELS.build(loss)

    def loss(
        self,
        logits: Tensor,
        logits_target: Tensor,
        latent_pred: Tensor,
        latent_target: Tensor,
        mask: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """The losses of the hidden patches."""
        words = logits_target.argmax(dim=1).flatten(1)
        _, hidden = separate(mask.bool(), words.size(1) - latent_pred.size(1))
        words = words.gather(1, hidden).flatten()
        return self.loss_module(logits, words, latent_pred, latent_target)
