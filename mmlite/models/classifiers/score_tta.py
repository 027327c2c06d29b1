"""Test-time augmentation of classifiers."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseTTAModel
from torch import nn

from ...registry import MODELS
from ...structures import DataSample
from ..base import build_part


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
        """One sample per image, with the mean score and its best class.

        Args:
            data_samples_list: The views of each image.
        """
        return [_merge(views) for views in data_samples_list]


def _merge(views: Sequence[DataSample]) -> DataSample:
    score = sum(view.pred_score for view in views) / len(views)
    merged = views[0].new()
    return merged.set_pred_score(score).set_pred_label(score.argmax())
