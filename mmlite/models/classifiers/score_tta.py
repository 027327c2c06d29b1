"""Test-time augmentation of classifiers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseTTAModel
from torch import Tensor, nn

from ...errors import DataError
from ...ops import numbers_like
from ...registry import MODELS
from ...structures import DataSample, scatter_field
from ..joining import build_part


@MODELS.register_module()
class AverageClsScoreTTA(BaseTTAModel):
    """Classify several views of each image, and average their scores.

    A batch holds its views first: ``inputs[v]`` and ``data_samples[v]`` are an
    ordinary batch of view ``v``.

    Args:
        module: Config of the classifier, or the module itself.
        data_preprocessor: Config of the data preprocessor, in place of the
            classifier's own.

    Example:
        >>> views = [DataSample().set_pred_score(s) for s in ([1., 0.], [0.4, 0.6])]
        >>> tta = AverageClsScoreTTA(MODELS.build(dict(
        ...     type='ImageClassifier', backbone=dict(type='LeNet5'))))
        >>> tta.merge_preds([views])[0].pred_score
        tensor([0.7000, 0.3000])
    """

    def __init__(
        self,
        module: dict | nn.Module,
        data_preprocessor: dict | nn.Module | None = None,
    ) -> None:
        if isinstance(module, dict) and data_preprocessor is not None:
            module = dict(module, data_preprocessor=data_preprocessor)
        super().__init__(build_part('module', module))

    def merge_preds(
        self, data_samples_list: Sequence[Sequence[DataSample]]
    ) -> list[DataSample]:
        """One sample per image, with the merged score and its best class.

        Args:
            data_samples_list: The views of each image.
        """
        scores = [view.pred_score for views in data_samples_list for view in views]
        stacked = torch.stack(scores).unflatten(0, (len(data_samples_list), -1))
        merged = self.merge_scores(stacked)
        samples = [views[0].new() for views in data_samples_list]
        scatter_field(samples, 'pred_score', merged.unbind())
        scatter_field(samples, 'pred_label', merged.argmax(1, keepdim=True).unbind())
        return samples

    def merge_scores(self, scores: Tensor) -> Tensor:
        """The mean of the scores.

        Shape:
            scores: ``(B, V, K)``; returns: ``(B, K)``.
        """
        return scores.mean(dim=1)


@MODELS.register_module()
class AverageClsLogitTTA(AverageClsScoreTTA):
    """Classify several views of each image, and average their logits.

    That is, the scores are averaged geometrically. A confident view counts more than
    with :class:`~mmlite.models.classifiers.AverageClsScoreTTA`.

    Args:
        module: Config of the classifier, or the module itself.
        weights: Weight of each view, in the order of the test pipeline; None weights
            all equally.
        data_preprocessor: Config of the data preprocessor, in place of the
            classifier's own.

    Raises:
        ValueError: if a weight is negative, or all are 0.
        DataError: if there are not as many views as weights.

    Example:
        >>> tta = AverageClsLogitTTA(MODELS.build(dict(
        ...     type='ImageClassifier', backbone=dict(type='LeNet5'))), weights=[2, 1])
        >>> views = torch.tensor([[[0., 3.], [3., 0.]]]).softmax(2)
        >>> tta.merge_scores(views).argmax(1)
        tensor([1])
    """

    def __init__(
        self,
        module: dict | nn.Module,
        weights: Sequence[float] | None = None,
        data_preprocessor: dict | nn.Module | None = None,
    ) -> None:
        if weights is not None and (min(weights) < 0 or not any(weights)):
            raise ValueError(f'weights must be positive, or 0, got {list(weights)}')
        super().__init__(module, data_preprocessor)
        self.weights = None if weights is None else [w / sum(weights) for w in weights]

    def merge_scores(self, scores: Tensor) -> Tensor:
        """The softmax of the mean of the logits.

        Shape:
            scores: ``(B, V, K)``; returns: ``(B, K)``.
        """
        views = scores.size(1)
        weights = self.weights or [1 / views] * views
        if len(weights) != views:
            raise DataError(
                f'tta_model.weights has {len(weights)} values, but tta_pipeline makes '
                f'{views} views; set one weight for each'
            )
        tiny = torch.finfo(scores.dtype).tiny  # the logarithm of 0 would win them all
        logits = scores.clamp(min=tiny).log()
        weighed = logits * numbers_like(weights, logits)[:, None]
        return weighed.sum(dim=1).softmax(dim=1)
