"""The head of SwAV."""

from __future__ import annotations

from typing import ClassVar

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS

__all__ = ['SwAVHead']


@MODELS.register_module()
class SwAVHead(BaseModule):
    """Give the features of all crops to the loss, which has the prototypes.

    Paper: Unsupervised Learning of Visual Features by Contrasting Cluster
    Assignments, NeurIPS 2020, https://arxiv.org/abs/2006.09882

    Args:
        loss: Config of the loss.

    Shape:
        pred: ``(V * B, D)``, view by view; returns: scalar.

    Example:
        >>> import torch
        >>> loss = dict(type='SwAVLoss', feat_dim=4, num_prototypes=3)
        >>> SwAVHead(loss).loss(torch.rand(2 * 5, 4)).ndim
        0
    """

    promise: ClassVar[str] = 'PretrainHead'

    def __init__(self, loss: dict | nn.Module) -> None:
        super().__init__()
        self.loss_module = loss if isinstance(loss, nn.Module) else MODELS.build(loss)

    def loss(self, pred: Tensor) -> Tensor:
        """The loss of the features.

        Args:
            pred: Features of all crops.
        """
        return self.loss_module(pred)
