"""The confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ...registry import METRICS
from ..functional import confusion_matrix
from .base import RowMetric, target_and_prediction

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@METRICS.register_module()
class ConfusionMatrix(RowMetric):
    """Number of samples by true class (row) and predicted class (column).

    It reads ``gt_label`` and ``pred_score`` of the data samples, or
    ``pred_label`` where there is no score. The result is named
    ``confusion_matrix/result``.

    Args:
        num_classes: Number of classes; by default the number of scores.
        collect_device: See :class:`RowMetric`.
        prefix: Stands before the name, instead of ``confusion_matrix``.

    Shape:
        result: int64, ``(K, K)``.

    Raises:
        DataError: when evaluating, if ``num_classes`` is not known or too
            small for the labels.

    Example:
        >>> from mmlite.structures import DataSample
        >>> metric = ConfusionMatrix()
        >>> sample = DataSample().set_gt_label(0).set_pred_score([0.4, 0.6])
        >>> metric.process(None, [sample])
        >>> metric.evaluate(1)
        {'confusion_matrix/result': tensor([[0, 1],
                [0, 0]])}
    """

    default_prefix = 'confusion_matrix'

    def __init__(
        self,
        num_classes: int | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.num_classes = num_classes

    fields = staticmethod(target_and_prediction)

    def rows(self, target: Tensor, prediction: Tensor) -> Tensor:
        """True and predicted class of each sample, int64, ``(B, 2)``."""
        if prediction.ndim == 2:
            self.num_classes = self.num_classes or prediction.size(1)
            prediction = prediction.argmax(dim=1)
        return torch.stack([target.to(prediction.device), prediction], dim=1)

    def summarise(self, rows: Tensor) -> Tensor:
        """The confusion matrix of this process's samples."""
        return confusion_matrix(rows[:, 1], rows[:, 0], self.num_classes)

    def compute_metrics(self, results: list[Tensor]) -> dict[str, Tensor]:
        """The sum of the matrices of all processes."""
        return {'result': sum(results)}

    def result_names(self) -> list[str]:
        """The matrix."""
        return ['result']

    calculate = staticmethod(confusion_matrix)

    @staticmethod
    def plot(
        confusion_matrix: Tensor,
        include_values: bool = False,
        cmap: str = 'viridis',
        classes: Sequence[str] | None = None,
        colorbar: bool = True,
        show: bool = True,
    ) -> Figure:
        """Draw a confusion matrix with matplotlib.

        Args:
            confusion_matrix: Counts, ``(K, K)``, as from :meth:`calculate`.
            include_values: Whether to write the counts into the cells.
            cmap: Name of matplotlib's colour map.
            classes: Names of the classes; by default their indices.
            colorbar: Whether to draw the scale beside the matrix.
            show: Whether to open a window.
        """
        import matplotlib.pyplot as plt

        counts = confusion_matrix.cpu().numpy()
        num_classes = len(counts)
        figure, axes = plt.subplots(figsize=(max(6.0, num_classes / 2),) * 2)
        image = axes.imshow(counts, cmap=cmap)
        if include_values:
            middle = (counts.min() + counts.max()) / 2
            for (row, column), count in np.ndenumerate(counts):
                colour = image.cmap(1.0 if count < middle else 0.0)
                axes.text(column, row, str(count), ha='center', va='center', c=colour)
        if colorbar:
            figure.colorbar(image, ax=axes)
        names = list(range(num_classes)) if classes is None else classes
        axes.set(
            xticks=range(num_classes),
            yticks=range(num_classes),
            xticklabels=names,
            yticklabels=names,
            xlabel='Predicted class',
            ylabel='True class',
        )
        axes.tick_params(axis='x', labelrotation=45)
        if show:
            plt.show()
        return figure
