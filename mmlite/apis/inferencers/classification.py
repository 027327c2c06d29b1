"""Predict the class of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ...structures import DataSample
from .base import Inferencer
from .prediction import Prediction
from .sources import Source

__all__ = ['ClassPrediction', 'ImageClassificationInferencer']


class ClassPrediction(Prediction):
    """The class of a picture.

    Its keys are those of mmpretrain's inferencer: ``pred_scores`` of all classes,
    ``pred_label``, the ``pred_score`` of that label, and ``pred_class``, its name
    if the classes are known.

    Args:
        sources: What it was predicted from.
        sample: The sample, with ``pred_score`` ``(K, )`` and ``pred_label``.
        classes: Names of the classes; None if they are not known.

    Example:
        >>> sample = DataSample().set_pred_label(1).set_pred_score([0.25, 0.75])
        >>> prediction = ClassPrediction([Source('a.png')], sample, ['cat', 'dog'])
        >>> prediction['pred_class'], prediction['pred_score']
        ('dog', 0.75)
        >>> prediction.top(1)
        [('dog', 0.75)]
    """

    def to_dict(self) -> dict[str, Any]:
        """Scores, label and name as plain values."""
        scores = self.sample.pred_score
        labels = self.sample.pred_label.tolist()
        names = [self.class_name(label) for label in labels]
        single = len(labels) == 1
        label_scores = scores[self.sample.pred_label].tolist()
        return dict(
            pred_scores=scores.tolist(),
            pred_label=labels[0] if single else labels,
            pred_score=label_scores[0] if single else label_scores,
            pred_class=names[0] if single else names,
        )

    def top(self, count: int = 5) -> list[tuple[str, float]]:
        """The classes with the highest scores, the best first."""
        scores = self.sample.pred_score
        best = scores.topk(min(count, len(scores)))
        return [
            (self.class_name(label), score)
            for label, score in zip(
                best.indices.tolist(), best.values.tolist(), strict=True
            )
        ]

    def text(self) -> str:
        """The best classes in one line."""
        return ', '.join(f'{name} {score:.3f}' for name, score in self.top())


class ImageClassificationInferencer(Inferencer):
    """Predicts the classes of pictures; see :class:`Inferencer`.

    Example:
        >>> predict = ImageClassificationInferencer('configs/resnet18_digits.py')
        >>> results = predict(np.zeros((32, 32, 3), np.uint8))
        >>> len(results[0]['pred_scores'])
        10
    """

    def prediction(
        self, sources: Sequence[Source], sample: DataSample
    ) -> ClassPrediction:
        """The class of a picture."""
        if 'pred_label' not in sample:
            sample.set_pred_label(torch.argmax(sample.pred_score))
        return ClassPrediction(sources, sample, self.classes)
