"""Cross entropy of the logits of each part."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor
from torch.nn import functional as F

from ...errors import DataError, check_at_least, check_fraction
from ...registry import MODELS
from .base_loss import BaseLoss

__all__ = ['PartCrossEntropyLoss']


@MODELS.register_module()
class PartCrossEntropyLoss(BaseLoss):
    """Cross entropy of scaled logits, averaged over samples and parts.

    It is OpenGait's ``CrossEntropyLoss``; here this name is that of classification.
    The loss of an empty batch is 0.

    Args:
        scale: Factor on the logits; cosines, which lie between -1 and 1, need one.
        label_smooth: Whether labels are smoothed.
        eps: Share of a label that is spread over all classes, a fraction; without
            effect unless ``label_smooth``.
        loss_term_weight: Factor on the loss.
        log_accuracy: Whether to report the accuracy, a fraction.

    Shape:
        logits: ``(B, K, P)``, or ``(B, K)``; labels: ``(B, )``, whole numbers.
        returns: scalar, and ``accuracy``, a fraction.

    Raises:
        DataError: if labels are not whole numbers, or one is not a class, where that
            can be seen without waiting for a GPU.

    Example:
        >>> loss = MODELS.build(dict(
        ...     type='PartCrossEntropyLoss', scale=1, label_smooth=False))
        >>> loss(torch.zeros(2, 4, 3), torch.tensor([0, 3]))[0]  # log 4
        tensor(1.3863)
    """

    promise: ClassVar[str] = 'PartLoss'

    def __init__(
        self,
        scale: float = 16,
        label_smooth: bool = True,
        eps: float = 0.1,
        loss_term_weight: float = 1.0,
        log_accuracy: bool = False,
    ) -> None:
        super().__init__(loss_term_weight)
        check_at_least(0, scale=scale)
        check_fraction(eps=eps)
        self.scale = scale
        self.eps = eps if label_smooth else 0.0
        self.log_accuracy = log_accuracy

    def forward(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, dict[str, Any]]:
        """The loss."""
        logits = logits.float()
        logits = logits[..., None] if logits.ndim == 2 else logits
        _check_labels(labels, logits.size(1))
        wanted = labels.long()[:, None].expand(-1, logits.size(2))
        # A row each: a map of logits has no deterministic version on a GPU.
        rows = logits.transpose(1, 2).flatten(0, 1)
        if len(rows):
            loss = F.cross_entropy(
                rows * self.scale, wanted.flatten(), label_smoothing=self.eps
            )
        else:  # whose mean would be NaN
            loss = rows.sum()
        self.info = dict(loss=loss.detach())
        if self.log_accuracy:
            right = logits.detach().argmax(dim=1) == wanted
            self.info['accuracy'] = right.float().sum() / max(1, right.numel())
        return loss, self.info


def _check_labels(labels: Tensor, class_num: int) -> None:
    if labels.is_floating_point():
        raise DataError(f'labels must be whole numbers, got {labels.dtype}')
    if labels.device.type != 'cpu' or not labels.numel():
        return
    low, high = (bound.item() for bound in labels.aminmax())
    if low < 0 or high >= class_num:
        wrong = low if low < 0 else high
        raise DataError(
            f'label {wrong} is not one of the {class_num} classes of the model; set '
            'class_num to the number of identities that are trained on'
        )
