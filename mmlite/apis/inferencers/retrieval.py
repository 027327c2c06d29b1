"""Find pictures that are similar to pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from torch.utils.data import DataLoader

from ...datasets import default_collate
from ...errors import DataError
from ...report import as_picture, sample_name, short_name
from ...structures import DataSample
from ...visualization import labelled_sheet
from .base import Inferencer
from .prediction import Prediction
from .preparing import SourceDataset
from .sources import Source, find_sources, in_groups

__all__ = ['ImageRetrievalInferencer', 'RetrievalPrediction']


class RetrievalPrediction(Prediction):
    """What is similar to a picture.

    Its keys are ``pred_label``, the places in the gallery, the most similar first,
    ``pred_score``, their similarities, and, where these are known, ``matches``, the
    names of the pictures: their paths, if they are files.

    Args:
        sources: What it was predicted from.
        sample: The sample, with ``pred_score`` and ``pred_label``.
        names: Names of the pictures of the gallery, or None.
        all_scores: Whether ``pred_score`` is that of the whole gallery in its order,
            rather than of what was found.
        picture_of: Gives the picture at a place of the gallery; None if there is none.

    Example:
        >>> sample = DataSample(pred_label=torch.tensor([1, 0]))
        >>> sample.pred_score = torch.tensor([0.25, 0.75])
        >>> RetrievalPrediction([Source('a.png')], sample, ['b.png', 'c.png']).top(1)
        [('c.png', 0.75)]
    """

    def __init__(
        self,
        sources: Sequence[Source],
        sample: DataSample,
        names: Sequence[str] | None = None,
        all_scores: bool = True,
        picture_of: Callable[[int], np.ndarray] | None = None,
    ) -> None:
        super().__init__(sources, sample)
        self.names = names
        self.picture_of = picture_of
        self._all_scores = all_scores

    def to_dict(self) -> dict[str, Any]:
        """Places, similarities and names as plain values."""
        places, scores = self.sample.pred_label, self.sample.pred_score
        # Of the whole gallery in its order, or of what was found.
        scores = scores[places] if self._all_scores else scores
        others = scores > -torch.inf  # a picture of the gallery does not find itself
        places, scores = places[others], scores[others]
        found = dict(pred_label=places.tolist(), pred_score=scores.tolist())
        if self.names is not None:
            found['matches'] = [str(self.names[place]) for place in found['pred_label']]
        return found

    def top(self, count: int = 5) -> list[tuple[str, float]]:
        """The most similar pictures, or their places, with their similarities."""
        found = self.to_dict()
        names = found.get('matches', [str(place) for place in found['pred_label']])
        pairs = zip(names, found['pred_score'], strict=True)
        return [pair for pair, _ in zip(pairs, range(count), strict=False)]

    def plot(self, count: int = 5) -> np.ndarray:
        """The picture, and the most similar ones beside it, RGB.

        Args:
            count: How many of them.
        """
        row = [('query', self.image)]
        places = self.to_dict()['pred_label'] if self.picture_of else ()
        for (name, score), place in zip(self.top(count), places, strict=False):
            shown = f'{score:.3f} {short_name(name)}'
            row.append((shown, self.picture_of(place)))
        return labelled_sheet([row], height=224)

    def text(self) -> str:
        """The most similar pictures in one line."""
        return ', '.join(f'{name} {score:.3f}' for name, score in self.top())


class GalleryNames(Sequence[str]):
    """Names of the pictures of a dataset, each when it is asked for.

    Args:
        dataset: The gallery.

    Example:
        >>> from mmlite.datasets import Digits
        >>> GalleryNames(Digits(split='test'))[2]
        '#2 (class 3)'
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, place: Any) -> Any:
        return sample_name(self.dataset, place)


class ImageRetrievalInferencer(Inferencer):
    """Finds what is similar in a gallery; see :class:`Inferencer`.

    Args:
        config: A config file or a loaded config, or a checkpoint that holds it.
        checkpoint: A checkpoint file or URL.
        prototype: The gallery: a path, folder, pattern, or a list of pictures, which
            are prepared as the queries are; a ``DataLoader``; or features ``(M, D)``.
            By default that of the config.
        prototype_cache: A file for the features of the gallery: read if it is there,
            else written. It must be of the same model and gallery; names and
            pictures are those of ``prototype``, or of the config.
        prepare_batch_size: Pictures of the gallery that are encoded together.
        kwargs: Further arguments of :class:`Inferencer`.

    Raises:
        DataError: if the cache is of another number of pictures than the gallery.

    Example:
        >>> find = ImageRetrievalInferencer(
        ...     'configs/retrieval/arcface_resnet18_1xb64_digits.py',
        ...     prototype=[np.zeros((16, 16, 3), np.uint8)])
        >>> find(np.zeros((16, 16, 3), np.uint8))[0]['matches']
        ['array_0']
    """

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path | None = None,
        prototype: Any = None,
        prototype_cache: str | Path | None = None,
        prepare_batch_size: int = 8,
        **kwargs: Any,
    ) -> None:
        super().__init__(config, checkpoint, **kwargs)
        self.gallery_names: Sequence[str] | None = None
        self._gallery: list[Source] | None = None
        if isinstance(prototype, (DataLoader, torch.Tensor)):
            self.model.prototype = prototype
        elif prototype is not None:
            self.model.prototype = self._loader(prototype, prepare_batch_size)
        images = self.model.gallery  # in a cache they have neither name nor picture
        self._images = images.dataset if images.has_images else None
        if self.gallery_names is None and self._images is not None:
            self.gallery_names = GalleryNames(self._images)
        if prototype_cache is not None and Path(prototype_cache).is_file():
            self._read_cache(prototype_cache)
        elif prototype_cache is not None:
            self.model.dump_prototype(prototype_cache)

    def _read_cache(self, path: str | Path) -> None:
        self.model.prototype = str(path)
        self.model.prepare_prototype()
        count = len(self.model.prototype_vecs)
        if self._images is not None and count != len(self._images):
            raise DataError(
                f'{path} has the features of {count} pictures, but the gallery '
                f'{len(self._images)}; remove the file to have it written anew'
            )

    def _loader(self, prototype: Any, batch_size: int) -> DataLoader:
        samples = in_groups(find_sources(prototype), len(self.keys))
        self.gallery_names = [sources[0].name for sources in samples]
        self._gallery = [sources[0] for sources in samples]
        to_rgb = getattr(self.model.data_preprocessor, 'to_rgb', False)
        dataset = SourceDataset(samples, self.dataset, self.keys, to_rgb=to_rgb)
        return DataLoader(dataset, batch_size, collate_fn=default_collate)

    def prediction(
        self, sources: Sequence[Source], sample: DataSample
    ) -> RetrievalPrediction:
        """What is similar to a picture."""
        return RetrievalPrediction(
            sources,
            sample,
            self.gallery_names,
            all_scores=self.model.topk == -1,
            picture_of=self._picture_of(),
        )

    def _picture_of(self) -> Callable[[int], np.ndarray] | None:
        if self._gallery is not None:
            return lambda place: self._gallery[place].read()
        dataset = self._images
        if dataset is None:
            return None
        bgr = getattr(self.model.data_preprocessor, 'to_rgb', False)
        return lambda place: as_picture(dataset[place]['inputs'], bgr)
