"""Heads that compare the features of two views."""

from __future__ import annotations

from typing import ClassVar

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import DataError
from ...ops import at_least_float32, full_precision, gather
from ...registry import MODELS

__all__ = ['LatentCrossCorrelationHead', 'LatentPredictHead']


@MODELS.register_module()
class LatentPredictHead(BaseModule):
    """Predict the features of one view from those of another.

    Papers: Bootstrap Your Own Latent, NeurIPS 2020, https://arxiv.org/abs/2006.07733;
    Exploring Simple Siamese Representation Learning, CVPR 2021,
    https://arxiv.org/abs/2011.10566

    Args:
        loss: Config of the loss between prediction and target.
        predictor: Config of the predictor, a neck.
        init_cfg: Config of the initialisation, as in mmengine.

    Shape:
        input, target: ``(B, D)``; returns: scalar.

    Example:
        >>> import torch
        >>> predictor = dict(
        ...     type='MoCoV2Neck', in_channels=4, hid_channels=8, out_channels=4,
        ...     with_avg_pool=False)
        >>> head = LatentPredictHead(dict(type='CosineSimilarityLoss'), predictor)
        >>> head.loss(torch.rand(2, 4), torch.rand(2, 4)).ndim
        0
    """

    promise: ClassVar[str] = 'PretrainHead'

    def __init__(
        self,
        loss: dict | nn.Module,
        predictor: dict | nn.Module,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.loss_module = loss if isinstance(loss, nn.Module) else MODELS.build(loss)
        built = isinstance(predictor, nn.Module)
        self.predictor = predictor if built else MODELS.build(predictor)
        self.in_channels = getattr(self.predictor, 'in_channels', None)

    def loss(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the prediction; the target gets no gradient.

        Args:
            input: Features to predict from.
            target: Features to predict.
        """
        return self.loss_module(self.predictor((input,))[0], target.detach())


@MODELS.register_module()
class LatentCrossCorrelationHead(BaseModule):
    """Compare the features of two views over the batch, dimension by dimension.

    Paper: Barlow Twins: Self-Supervised Learning via Redundancy Reduction, ICML 2021,
    https://arxiv.org/abs/2103.03230. Differs from mmpretrain in that features are
    standardised over the batch of all processes, as the authors do.

    Args:
        in_channels: Width of the features.
        loss: Config of the loss of the cross-correlation matrix.
        init_cfg: Config of the initialisation, as in mmengine.

    Shape:
        input, target: ``(B, in_channels)``; returns: scalar.

    Raises:
        DataError: if there is one image only, while training.

    Example:
        >>> import torch
        >>> loss = dict(type='CrossCorrelationLoss')
        >>> head = LatentCrossCorrelationHead(in_channels=2, loss=loss)
        >>> x = torch.tensor([[1., 1.], [1., -1.], [-1., 1.], [-1., -1.]])
        >>> head.loss(x, 2 * x + 4).item() < 1e-6
        True
    """

    promise: ClassVar[str] = 'PretrainHead'

    def __init__(
        self,
        in_channels: int,
        loss: dict | nn.Module,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_channels = in_channels
        self.bn = nn.BatchNorm1d(in_channels, affine=False)
        self.loss_module = loss if isinstance(loss, nn.Module) else MODELS.build(loss)

    def loss(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the features of two views.

        Args:
            input: Of one view.
            target: Of the other.
        """
        input, target = gather(input), gather(target)
        if self.training and len(input) < 2:
            raise DataError(
                'LatentCrossCorrelationHead compares images over a batch, and got one '
                'image; set train_dataloader.batch_size to 2 or more, and '
                'drop_last=True'
            )
        # As many products are summed up as the batch has images.
        with full_precision(input.device):
            input, target = at_least_float32(input), at_least_float32(target)
            matrix = self.bn(input).t() @ self.bn(target) / len(input)
        return self.loss_module(matrix)
