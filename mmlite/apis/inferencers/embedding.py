"""Describe pictures by embeddings."""

from __future__ import annotations

from .prediction import Prediction

__all__ = ['EmbeddingPrediction']


class EmbeddingPrediction(Prediction):
    """The embedding of a picture by a model that was trained without labels.

    Its key is ``pred_embedding``, which is similar for similar pictures.

    Args:
        sources: What it was predicted from.
        sample: The sample, with ``pred_embedding``.
        classes: Not used.

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
        'the model has no classes: it gives an embedding of each picture, and similar '
        'pictures have similar ones. --out FILE.npz writes them; mmlite '
        'extract-features writes those of a dataset, mmlite knn measures how well they '
        'separate the classes of labelled pictures'
    )

    def text(self) -> str:
        """The size of the embedding."""
        return f'an embedding of {self.sample.pred_embedding.numel()} numbers'
