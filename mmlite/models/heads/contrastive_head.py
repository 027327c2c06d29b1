"""Heads that find the other view of an image among other images."""

from __future__ import annotations

from typing import ClassVar

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import check_positive
from ...ops import at_least_float32, full_precision, gather, place_in_gathered
from ...registry import MODELS

__all__ = ['ContrastiveHead', 'MoCoV3Head']


@MODELS.register_module()
class ContrastiveHead(BaseModule):
    """Find the positive among the negatives: the InfoNCE loss.

    Papers: Representation Learning with Contrastive Predictive Coding,
    https://arxiv.org/abs/1807.03748; A Simple Framework for Contrastive Learning of
    Visual Representations, ICML 2020, https://arxiv.org/abs/2002.05709

    Args:
        loss: Config of the loss, which takes the scores and the index of the positive.
        temperature: What similarities are divided by.
        init_cfg: Config of the initialisation, as in mmengine.

    Shape:
        pos: ``(B, 1)``; neg: ``(B, K)``; returns: scalar.

    Raises:
        ValueError: if the temperature is not positive.

    Example:
        >>> head = ContrastiveHead(dict(type='CrossEntropyLoss'), temperature=1.0)
        >>> head.loss(torch.zeros(2, 1), torch.zeros(2, 3))  # log 4
        tensor(1.3863)
    """

    promise: ClassVar[str] = 'PretrainHead'

    def __init__(
        self,
        loss: dict | nn.Module,
        temperature: float = 0.1,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.loss_module = loss if isinstance(loss, nn.Module) else MODELS.build(loss)
        check_positive(temperature=temperature)
        self.temperature = temperature

    def loss(self, pos: Tensor, neg: Tensor) -> Tensor:
        """The loss of similarities.

        Args:
            pos: With the positive.
            neg: With the negatives.
        """
        scores = at_least_float32(torch.cat((pos, neg), dim=1)) / self.temperature
        return self.loss_module(scores, pos.new_zeros(len(pos), dtype=torch.long))


@MODELS.register_module()
class MoCoV3Head(BaseModule):
    """Predict the key of the other view among those of the whole batch.

    Paper: An Empirical Study of Training Self-Supervised Vision Transformers, ICCV
    2021, https://arxiv.org/abs/2104.02057. The paper multiplies the loss by twice the
    temperature, which is ``loss_weight`` of the loss in the published configs.

    Args:
        predictor: Config of the predictor, a neck.
        loss: Config of the loss, which takes the scores and the index of the positive.
        temperature: What cosines are divided by.

    Shape:
        base_out, momentum_out: ``(B, D)``; returns: scalar.

    Raises:
        ValueError: if the temperature is not positive.

    Example:
        >>> predictor = dict(
        ...     type='MoCoV2Neck', in_channels=4, hid_channels=8, out_channels=4,
        ...     with_avg_pool=False)
        >>> head = MoCoV3Head(predictor, dict(type='CrossEntropyLoss'))
        >>> head.loss(torch.rand(2, 4), torch.rand(2, 4)).ndim
        0
    """

    promise: ClassVar[str] = 'PretrainHead'

    def __init__(
        self,
        predictor: dict | nn.Module,
        loss: dict | nn.Module,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        built = isinstance(predictor, nn.Module)
        self.predictor = predictor if built else MODELS.build(predictor)
        self.loss_module = loss if isinstance(loss, nn.Module) else MODELS.build(loss)
        self.in_channels = getattr(self.predictor, 'in_channels', None)
        check_positive(temperature=temperature)
        self.temperature = temperature

    def loss(self, base_out: Tensor, momentum_out: Tensor) -> Tensor:
        """The loss of the features of two views.

        Args:
            base_out: Of the encoder that learns.
            momentum_out: Of the momentum encoder, of the other view.
        """
        predicted = at_least_float32(self.predictor((base_out,))[0])
        queries = F.normalize(predicted, dim=1)
        wanted = at_least_float32(momentum_out.detach())
        keys = gather(F.normalize(wanted, dim=1))
        own = torch.arange(len(queries), device=queries.device)
        with full_precision(queries.device):
            scores = queries @ keys.t() / self.temperature
        return self.loss_module(scores, own + place_in_gathered(queries))
