"""Errors of disparities."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...errors import DataError

__all__ = ['disparity_errors']


def disparity_errors(
    pred: Tensor, target: Tensor, mask: Tensor, thresholds: Sequence[float] = (1, 2, 3)
) -> Tensor:
    """Sums of errors over the pixels that count.

    Args:
        pred: Predicted disparity.
        target: Ground truth.
        mask: The pixels that count.
        thresholds: Errors above which a pixel is bad, in px.

    Shape:
        pred, target, mask: the same, px.
        returns: float64, ``(3 + len(thresholds), )``: the number of pixels, the sum of
        the absolute errors, how many are wrong by more than 3 px and more than 5 %
        (D1), and how many by more than each threshold.

    Raises:
        DataError: if the shapes differ.

    Example:
        >>> target = torch.tensor([100., 50., 60., 0.])
        >>> pred = target + torch.tensor([4., 3., 3.125, 9.])
        >>> disparity_errors(pred, target, target > 0, thresholds=[3]).tolist()
        [3.0, 10.125, 1.0, 2.0]
    """
    if not pred.shape == target.shape == mask.shape:
        raise DataError(
            f'a predicted disparity of {tuple(pred.shape)} and a ground truth of '
            f'{tuple(target.shape)}; a prediction has the size of the file of its '
            'image, so LoadDisparity stands behind Resize in the pipeline of a test'
        )
    error = (pred[mask] - target[mask]).abs()
    outlier = (error > 3) & (error > 0.05 * target[mask].abs())
    counts = [outlier, *(error > threshold for threshold in thresholds)]
    return torch.stack(
        [
            error.new_tensor(error.numel(), dtype=torch.float64),
            error.double().sum(),
            *(count.double().sum() for count in counts),
        ]
    )
