"""What a model says of one input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...structures import DataSample
from ...visualization import UniversalVisualizer, write_image
from .sources import Source

__all__ = ['Prediction']


class Prediction(Mapping):
    """What a model predicts for one input; reads like a dict of plain values.

    Args:
        sources: What it was predicted from: one picture, or the views of it.
        sample: The sample, with ``pred_*`` fields on the CPU.
        classes: Names of the classes; None if they are not known.

    Attributes:
        sources: As given.
        sample: As given; its fields are tensors.
        classes: As given.

    Example:
        >>> sample = DataSample().set_pred_label(1).set_pred_score([0.25, 0.75])
        >>> prediction = Prediction([Source('a.png')], sample, ['cat', 'dog'])
        >>> prediction['pred_label'], prediction['pred_score']
        (1, [0.25, 0.75])
    """

    def __init__(
        self,
        sources: Sequence[Source],
        sample: DataSample,
        classes: Sequence[str] | None = None,
    ) -> None:
        self.sources = tuple(sources)
        self.sample = sample
        self.classes = classes

    @property
    def name(self) -> str:
        """How its input is called: a path, an address, or ``'array'``."""
        return self.sources[0].name

    @property
    def image(self) -> np.ndarray:
        """The first picture that it was predicted from, RGB, read again if need be."""
        return self.sources[0].read()

    def to_dict(self) -> dict[str, Any]:
        """All predicted fields as plain values, e.g. to be written as JSON."""
        fields = {
            key: value for key, value in self.sample.items() if key.startswith('pred_')
        }
        return {key: _plain(value) for key, value in fields.items()}

    def text(self) -> str:
        """The prediction in one line."""
        return ', '.join(f'{key} {_short(value)}' for key, value in self.items())

    def plot(self) -> np.ndarray:
        """The picture with the prediction drawn onto it, RGB, ``(H, W, 3)``."""
        visualizer = UniversalVisualizer()
        visualizer.dataset_meta = dict(classes=self.classes)
        return visualizer.visualize_cls(self.image, self.sample, resize=self._edge())

    def save(self, path: str | Path) -> Path:
        """Write what :meth:`plot` gives; the ending says in which format."""
        write_image(self.plot(), path)
        return Path(path)

    def _edge(self) -> int | None:
        """Small pictures are enlarged so that text on them can be read."""
        short = min(self.image.shape[:2])
        return 224 if short < 224 else None

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        import cv2

        return cv2.imencode('.png', self.plot()[..., ::-1])[1].tobytes()

    def __getitem__(self, key: str) -> Any:
        return self.to_dict()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.to_dict())

    def __len__(self) -> int:
        return len(self.to_dict())

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.name!r}: {self.text()})'


def _plain(value: Any) -> Any:
    """A tensor as a number, if it holds one, else as lists."""
    if isinstance(value, torch.Tensor):
        value = value.cpu()
        return value.item() if value.numel() == 1 else value.tolist()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value


def _short(value: Any) -> str:
    if isinstance(value, list):
        shape = np.shape(value)
        return str(value) if np.size(value) <= 8 else f'of shape {shape}'
    return f'{value:.4g}' if isinstance(value, float) else str(value)
