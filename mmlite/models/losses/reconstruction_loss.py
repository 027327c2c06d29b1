"""How far a reconstruction is from what was hidden."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import DataError, check_choice
from ...ops import at_least_float32
from ...registry import MODELS

__all__ = ['PixelReconstructionLoss', 'masked_mean']

CRITERIA = {'L1': F.l1_loss, 'L2': F.mse_loss}


@MODELS.register_module()
class PixelReconstructionLoss(nn.Module):
    """Mean difference where something was masked.

    Args:
        criterion: ``'L1'`` or ``'L2'``: absolute or squared difference.
        channel: Divisor of the mean over what is masked: for images ``(B, C, H, W)``
            with a mask ``(B, 1, H, W)`` their number of channels; None divides by 1.

    Shape:
        pred, target: ``(B, L, D)``, of which the mean over ``D`` is taken; or any
            other, the same.
        mask: ``(B, L)``, or what is broadcast to ``pred``; 1 where it counts. None
            counts everything.
        returns: scalar; 0 if nothing was masked.

    Raises:
        ValueError: if criterion is unknown.
        DataError: if shapes differ, or images have another number of channels.

    Example:
        >>> import torch
        >>> pred, target = torch.tensor([[[1.], [9.]]]), torch.tensor([[[3.], [0.]]])
        >>> PixelReconstructionLoss('L2')(pred, target, torch.tensor([[1., 0.]]))
        tensor(4.)
    """

    promise: ClassVar[str] = 'PretrainLoss'

    def __init__(self, criterion: Literal['L1', 'L2'], channel: int | None = None):
        super().__init__()
        check_choice(CRITERIA, criterion=criterion)
        self.criterion = criterion
        self.channel = channel

    def forward(
        self, pred: Tensor, target: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """The mean difference; see the class for shapes."""
        if pred.shape != target.shape:
            raise DataError(
                f'the prediction is {tuple(pred.shape)}, but its target '
                f'{tuple(target.shape)}; see that the neck gives as many channels and '
                'patches as the images have'
            )
        if self.channel and pred.ndim == 4 and pred.shape[1] != self.channel:
            raise DataError(
                f'PixelReconstructionLoss was built for {self.channel} channels, got '
                f'images of {pred.shape[1]}; set model.head.loss.channel='
                f'{pred.shape[1]}'
            )
        pred, target = at_least_float32(pred), at_least_float32(target)
        loss = CRITERIA[self.criterion](pred, target, reduction='none')
        if loss.ndim == 3:
            loss = loss.mean(dim=-1)
        return masked_mean(loss, mask, self.channel or 1)

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        return f'criterion={self.criterion!r}, channel={self.channel}'


def masked_mean(loss: Tensor, mask: Tensor | None, channel: int = 1) -> Tensor:
    """The mean of ``loss`` where ``mask`` is 1; 0 if it is nowhere."""
    if mask is None:
        return loss.mean()
    return (loss * mask).sum() / mask.sum().clamp(min=1) / channel
