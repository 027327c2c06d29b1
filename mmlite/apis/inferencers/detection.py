"""Find objects in pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from ...errors import UserError
from ...structures import DataSample
from .base import Inferencer
from .prediction import Prediction
from .sources import Source

__all__ = ['DetectionInferencer', 'DetectionPrediction']


class DetectionPrediction(Prediction):
    """The objects in a picture, the most certain first.

    Its keys are ``bboxes`` (``(x1, y1, x2, y2)`` in pixels of the picture), ``scores``,
    ``labels`` and ``names``, lists with one entry an object.

    Args:
        sources: What it was predicted from.
        sample: The sample, with ``pred_bboxes``, ``pred_scores`` and ``pred_labels``.
        classes: Names of the classes; None if they are not known.

    Example:
        >>> sample = DataSample(
        ...     pred_bboxes=torch.tensor([[1., 2., 5., 8.]]),
        ...     pred_scores=torch.tensor([0.75]), pred_labels=torch.tensor([1]))
        >>> found = DetectionPrediction([Source('a.png')], sample, ['cat', 'dog'])
        >>> found['names'], found['bboxes'], found.text()
        (['dog'], [[1.0, 2.0, 5.0, 8.0]], '1 box: 1 dog, best 0.75')
    """

    def to_dict(self) -> dict[str, Any]:
        """Boxes, scores, labels and names as lists."""
        labels = self.sample.pred_labels.tolist()
        return dict(
            bboxes=self.sample.pred_bboxes.tolist(),
            scores=self.sample.pred_scores.tolist(),
            labels=labels,
            names=[self.class_name(label) for label in labels],
        )

    def text(self) -> str:
        """How many of each class, and the best score of each."""
        found = self.to_dict()
        best: dict[str, float] = {}
        for name, score in zip(found['names'], found['scores'], strict=True):
            best[name] = max(score, best.get(name, score))
        counts = Counter(found['names'])
        total = sum(counts.values())
        classes = [f'{n} {name}, best {best[name]:.2f}' for name, n in counts.items()]
        return f'{_boxes(total)}: {"; ".join(classes)}' if total else 'no box'


def _boxes(count: int) -> str:
    return '1 box' if count == 1 else f'{count} boxes'


class DetectionInferencer(Inferencer):
    """Finds objects in pictures; see :class:`Inferencer`.

    Args:
        config: A config, or a checkpoint that holds its config.
        checkpoint: A checkpoint, if ``config`` is none.
        device: Where to compute; by default a GPU if there is one.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.
        score_thr: Objects with a lower score are left out.

    Example:
        >>> config = 'configs/ssd/ssd_tiny_1xb16-30e_shapes.py'
        >>> find = DetectionInferencer(config, score_thr=0.9)
        >>> find(np.zeros((128, 128, 3), np.uint8))[0]['bboxes']
        []
    """

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path | None = None,
        device: str | torch.device | None = None,
        overrides: Sequence[str] = (),
        score_thr: float = 0.3,
    ) -> None:
        if not 0 <= score_thr <= 1:
            raise UserError(f'score_thr must lie in [0, 1], got {score_thr}')
        self.score_thr = score_thr
        super().__init__(config, checkpoint, device, overrides)

    def prediction(
        self, sources: Sequence[Source], sample: DataSample
    ) -> DetectionPrediction:
        """The objects in a picture."""
        kept = sample.pred_scores >= self.score_thr
        for name in ('pred_bboxes', 'pred_scores', 'pred_labels'):
            sample.set_field(sample.get(name)[kept], name)
        return DetectionPrediction(sources, sample, self.classes)
