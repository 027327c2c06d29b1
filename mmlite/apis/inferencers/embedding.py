"""Describe pictures by embeddings."""

from __future__ import annotations

from .prediction import Prediction

__all__ = ['EmbeddingPrediction']


class EmbeddingPrediction(Prediction):
    """What a model that was trained without labels makes of a picture.

    Its key is ``pred_embedding``, numbers that are alike for pictures that are alike.

    Args:
        sources: What it was predicted from.
        sample: The sample, with ``pred_embedding``.
        classes: Kept for the sake of the base.

    Example:
        >>> import torch
        >>> from mmlite.apis.inferencers import Source
        >>> from mmlite.structures import DataSample
        >>> from mmlite.apis.inferencers import Source
        >>> from mmlite.structures import DataSample
        >>> sample = DataSample()
        >>> sample.pred_embedding = torch.ones(512)
        >>> EmbeddingPrediction([Source('a.png')], sample).text()
        'an embedding of 512 numbers'
    """

    hint = (
        'the model has no classes: it describes each picture by numbers, which are '
        'alike for pictures that are alike. --out FILE.npz writes them; mmlite '
        'extract-features writes those of a dataset, mmlite knn says how well they '
        'tell the classes of labelled pictures apart'
    )

    def text(self) -> str:
        """How many numbers it is."""
        return f'an embedding of {self.sample.pred_embedding.numel()} numbers'
