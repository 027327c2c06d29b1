"""Describe walks by embeddings, and compare them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from ...datasets import Compose
from ...datasets.silhouettes import black_and_white, prepare_walk
from ...datasets.transforms.sequence_files import (
    ARRAY_FILES,
    PICTURES,
    folders_below,
    has_colours,
    natural,
    pictures_in,
    read_array,
    read_grey,
)
from ...datasets.transforms.sequences import shows_anybody
from ...errors import DataError, UserError
from ...evaluation.functional import part_distances
from ...structures import DataSample
from .base import Inferencer
from .prediction import Prediction
from .preparing import OR_LEAVE_OUT, advise, loader_of
from .sources import Source, check_loading

__all__ = ['GaitInferencer', 'GaitPrediction', 'find_walks']

_SHOWN = 8  # frames of a picture


class GaitPrediction(Prediction):
    """The embedding of a walk.

    Args:
        sources: The walk.
        sample: The sample, with ``pred_embedding``.
        classes: Not used.
        first: The walk that it is compared with, e.g. the first of several.

    Attributes:
        embedding: ``(D, P)``.

    Example:
        >>> sample = DataSample()
        >>> sample.pred_embedding = torch.ones(4, 2)
        >>> walk = GaitPrediction([Source('a')], sample)
        >>> walk.distance(walk)
        0.0
    """

    def __init__(
        self,
        sources: Sequence[Source],
        sample: DataSample,
        classes: Sequence[str] | None = None,
        first: GaitPrediction | None = None,
    ) -> None:
        super().__init__(sources, sample, classes)
        self.first = first

    @property
    def embedding(self) -> torch.Tensor:
        """The embedding of each part."""
        return self.sample.pred_embedding

    def distance(self, other: GaitPrediction, metric: str = 'euc') -> float:
        """Distance to another walk, the mean over the parts; small is similar.

        Args:
            other: The walk.
            metric: ``'euc'`` or ``'cos'``.
        """
        one, two = self.embedding, other.embedding
        if metric == 'euc':  # exactly 0 for the same walk
            return (one - two).norm(dim=0).mean().item()
        return part_distances(one[None], two[None], metric).item()

    def to_dict(self) -> dict[str, Any]:
        """The embedding, and the distance to the walk that it is compared with."""
        found = super().to_dict()
        if self.first is not None:
            found.update(
                distance=self.distance(self.first), compared_with=self.first.name
            )
        return found

    def text(self) -> str:
        """The size of the embedding, and the distance to the first walk."""
        parts = f'embedding {tuple(self.embedding.shape)}'
        if self.first is None:
            return parts
        return f'{parts}, {self.distance(self.first):.4f} from {self.first.name}'

    @property
    def image(self) -> np.ndarray:
        """Some of the frames side by side."""
        frames = read_walk(self.sources[0])
        places = np.linspace(0, len(frames) - 1, min(_SHOWN, len(frames)))
        return np.concatenate(list(frames[places.round().astype(int)]), axis=1)


class GaitInferencer(Inferencer):
    """Describes walks by embeddings; each is compared with the first.

    A walk is a ``.pkl``, ``.npy`` or ``.npz`` file, a folder of pictures, or an array
    ``(S, H, W)``. Silhouettes of other sizes than the data set's are cut and centred
    as ``tools/prepare_gait.py`` does it.

    Example:
        >>> import warnings
        >>> warnings.simplefilter('ignore')  # of the random weights
        >>> predict = GaitInferencer('configs/gait/gaitbase_tiny_1xb32-400i_walkers.py')
        >>> walk = np.full((5, 64, 44), 255, np.uint8)
        >>> results = predict([walk, walk])
        >>> results[1]['distance']
        0.0
    """

    def names(self, inputs: Any) -> list[str]:
        """Names of the walks."""
        return [walk.name for walk in find_walks(inputs)]

    def stream(
        self,
        inputs: Any,
        batch_size: int = 1,
        num_workers: int = 0,
        on_error: str = 'raise',
    ) -> Iterator[GaitPrediction]:
        """Describe one batch of walks after the other; see :class:`Inferencer`."""
        check_loading(batch_size, num_workers, on_error)
        walks = find_walks(inputs)
        dataset = WalkDataset(
            walks, self.dataset['pipeline'], on_error == 'skip', OR_LEAVE_OUT
        )
        self._first: GaitPrediction | None = None
        place = 0
        for batch in loader_of(dataset, batch_size, num_workers):
            sources = [(walk,) for walk in walks[place : place + len(batch)]]
            place += len(batch)
            yield from self._predict(sources, batch)

    def prediction(
        self, sources: Sequence[Source], sample: DataSample
    ) -> GaitPrediction:
        """The embedding of a walk."""
        found = GaitPrediction(sources, sample, self.classes, self._first)
        self._first = self._first or found
        return found


class WalkDataset(Dataset):
    """Walks that go through the pipeline of a test.

    Args:
        walks: The walks.
        pipeline: The steps of the test.
        skip_errors: Whether a walk that cannot be read gives its error as the sample,
            instead of raising it.
        advice: How the message of that error ends, where it is raised.
    """

    bgr = False

    def __init__(
        self,
        walks: Sequence[Source],
        pipeline: Sequence,
        skip_errors: bool = False,
        advice: str = '',
    ) -> None:
        self.walks = walks
        self.advice = advice
        self.pipeline = Compose(pipeline)
        self.skip_errors = skip_errors

    def __len__(self) -> int:
        return len(self.walks)

    def __getitem__(self, index: int) -> dict | UserError:
        walk = self.walks[index]
        known = dict(subject='', type='', view='', sample_idx=index)
        try:
            sils = read_walk(walk)
            return self.pipeline(dict(known, sils=sils, seq_paths=[walk.name]))
        except UserError as error:
            advise(error, '' if self.skip_errors else self.advice)
            if self.skip_errors:
                return error
            raise


def read_walk(walk: Source) -> np.ndarray:
    """The silhouettes of a walk, 64 rows high, ``(S, 64, W)``, uint8.

    Raises:
        DataError: if a frame cannot be read, they are no silhouettes, or none shows
            anybody.
    """
    coloured = False
    if walk.array is not None:
        frames = [(str(i), frame) for i, frame in enumerate(walk.array)]
    elif os.path.isdir(walk.path):
        ordered = pictures_in(walk.path)
        frames = [(name, read_grey(f'{walk.path}/{name}')) for name in ordered]
        coloured = bool(ordered) and has_colours(f'{walk.path}/{ordered[0]}')
    else:
        array = read_array(walk.path)
        frames = [(str(i), frame) for i, frame in enumerate(array)]
    names = [name for name, _ in frames]
    sils = black_and_white([frame for _, frame in frames], walk.name, coloured)
    if {frame.shape for frame in sils} in ({(64, 64)}, {(64, 44)}):
        found = np.stack(sils)
    else:
        found = prepare_walk(zip(names, sils, strict=True)).frames
    if not len(found) or not shows_anybody(found):
        raise DataError(f'{walk.name}: none of {len(frames)} frames shows anybody')
    return found


def find_walks(inputs: Any) -> list[Source]:
    """The walks that an input names.

    Args:
        inputs: A file with an array, a folder of pictures, a folder with such files
            and folders somewhere in it, an array ``(S, H, W)``, or a list of these.

    Raises:
        DataError: if there is none.

    Example:
        >>> [walk.name for walk in find_walks(np.zeros((3, 64, 44), np.uint8))]
        ['array_0']
    """
    items = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    found: list[Source] = []
    for number, item in enumerate(items):
        if isinstance(item, (np.ndarray, torch.Tensor)):
            array = np.asarray(item)
            if array.ndim != 3 or not len(array):
                raise DataError(
                    f'a walk in memory is an array (S, H, W), got {array.shape}'
                )
            found.append(Source(f'array_{number}', array=array))
        else:
            found += _in_place(os.path.expanduser(os.fspath(item)))
    if not found:
        raise DataError('there is no walk to predict on')
    return found


def _in_place(path: str) -> Iterator[Source]:
    if os.path.isfile(path):
        if not path.endswith(ARRAY_FILES):
            raise DataError(
                f'{path} is not a walk: name a folder of pictures, or a file '
                f'{", ".join(ARRAY_FILES)}'
            )
        yield Source(path, path)
        return
    if not os.path.isdir(path):
        raise DataError(f'there is no walk {path}')
    empty = True
    for root, names in folders_below(path):
        arrays = sorted((n for n in names if n.endswith(ARRAY_FILES)), key=natural)
        if not arrays and any(n.lower().endswith(PICTURES) for n in names):
            arrays = ['']
        for name in arrays:
            empty = False
            whole = os.path.join(root, name) if name else root
            yield Source(whole, whole)
    if empty:
        raise DataError(f'{path} holds no walk: pictures, or {", ".join(ARRAY_FILES)}')
