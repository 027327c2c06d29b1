"""The prediction for one input."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from ...errors import UserError
from ...structures import DataSample
from ...visualization import (
    DRAWERS,
    UniversalVisualizer,
    captioned,
    encode_image,
    labelled_sheet,
    write_image,
)
from .sources import Source

__all__ = ['Prediction', 'Predictions', 'free_names']


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

    #: What the command says once about such predictions.
    hint: ClassVar[str] = ''

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
        """Name of its input: a path, an address, or ``'array'``."""
        return self.sources[0].name

    @property
    def image(self) -> np.ndarray:
        """The first picture that it was predicted from, RGB, read again if need be."""
        return self.sources[0].read()

    def class_name(self, label: int) -> str:
        """The name of a class, or its number where that is not known."""
        known = self.classes is not None and label < len(self.classes)
        return str(self.classes[label]) if known else str(label)

    def to_dict(self) -> dict[str, Any]:
        """All predicted fields as plain values, e.g. to be written as JSON."""
        # Sorted, as a sample keeps its fields in no order.
        names = sorted(key for key in self.sample.keys() if key.startswith('pred_'))
        return {name: _plain(self.sample.get(name)) for name in names}

    def text(self) -> str:
        """The prediction in one line."""
        return ', '.join(f'{key} {_short(value)}' for key, value in self.items())

    def plot(self) -> np.ndarray:
        """The picture with the prediction drawn onto it, RGB, ``(H, W, 3)``."""
        visualizer = UniversalVisualizer()
        visualizer.dataset_meta = dict(classes=self.classes)
        drawn = visualizer.visualize_cls(self.image, self.sample, resize=self._edge())
        return captioned(drawn, self.caption())

    def caption(self) -> list[str]:
        """Lines above the picture: name and prediction, where none is drawn onto it."""
        drawn = {
            'pred_label',
            *(name for each in DRAWERS.values() for name in each.fields),
        }
        shown = any(name in self.sample for name in drawn)
        return [] if shown else [self.name, self.text()]

    def save(self, path: str | Path) -> Path:
        """Write what :meth:`plot` gives; the ending says in which format."""
        write_image(self.plot(), path)
        return Path(path)

    def _edge(self) -> int | None:
        """Small pictures are enlarged so that text on them can be read."""
        short = min(self.image.shape[:2])
        return 224 if short < 224 else None

    def _repr_png_(self) -> bytes:
        """The picture that a notebook shows where it shows no HTML."""
        return encode_image(self.plot())

    def _repr_html_(self) -> str:
        """What a notebook shows: the picture, its name, and what is predicted."""
        picture = base64.b64encode(self._repr_png_()).decode()
        name, text = escape(self.name), escape(self.text())
        return (
            '<figure style="margin:0">'
            f'<img src="data:image/png;base64,{picture}" alt="{name}: {text}" '
            'style="max-width:100%">'
            f'<figcaption><b>{name}</b><br>{text}</figcaption></figure>'
        )

    def __getitem__(self, key: str) -> Any:
        return self.to_dict()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.to_dict())

    def __len__(self) -> int:
        return len(self.to_dict())

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.name!r}: {self.text()})'


class Predictions(list):
    """Predictions of several inputs: a list that can be looked at and saved.

    Example:
        >>> sample = DataSample().set_pred_label(1).set_pred_score([0.25, 0.75])
        >>> digit = np.zeros((8, 8), np.uint8)
        >>> found = Predictions([Prediction([Source('a', array=digit)], sample)] * 2)
        >>> [path.name for path in found.save('drawn')]
        ['a.png', 'a_1.png']
    """

    def to_dict(self) -> list[dict[str, Any]]:
        """A row of plain values for each, with the name of its ``input``."""
        return [dict(input=each.name, **each.to_dict()) for each in self]

    def plot(self, columns: int = 4) -> np.ndarray:
        """All of them on one sheet, RGB.

        Args:
            columns: How many make a row.
        """
        tiles = [(Path(each.name).name, each.plot()) for each in self]
        rows = [tiles[i : i + columns] for i in range(0, len(tiles), columns)]
        return labelled_sheet(rows, height=224)

    def save(self, folder: str | Path) -> list[Path]:
        """Write what each one's ``plot`` gives into a folder.

        Args:
            folder: The folder, which is made if needed.

        Returns:
            The files, named after the inputs.
        """
        names = free_names(folder, [each.name for each in self])
        return [each.save(Path(folder, names(each.name))) for each in self]

    def _repr_png_(self) -> bytes:
        """The sheet that a notebook shows where it shows no HTML."""
        return encode_image(self.plot())

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        inner = ''.join(each._repr_html_() for each in self)
        return (
            '<div style="display:grid;gap:16px;grid-template-columns:'
            f'repeat(auto-fill,minmax(220px,1fr))">{inner}</div>'
        )


def free_names(
    folder: str | Path | None, inputs: Sequence[str] = ()
) -> Callable[[str], str]:
    """Gives a file name for each input, none of them twice.

    Args:
        folder: Where they will be written, made if needed; None is nowhere.
        inputs: Names of the inputs, as far as they are known before: those of
            one name in different folders get the folders that differ into theirs.

    Raises:
        UserError: if the folder cannot be made.

    Example:
        >>> name = free_names(None)
        >>> name('a/cat.jpg'), name('b/cat.png')
        ('cat.png', 'cat_1.png')
        >>> walks = ['walks/001/nm-01/000', 'walks/002/nm-01/000']
        >>> [free_names(None, walks)(walk) for walk in walks]
        ['001_nm-01_000.png', '002_nm-01_000.png']
    """
    if folder is not None:
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f'cannot make the folder {folder}: {error}') from error
    taken: set[str] = set()
    known = _stems(inputs)

    def name_for(source: str) -> str:
        stem = known.get(source) or _stem(source)
        names = (stem, *(f'{stem}_{i}' for i in range(1, len(taken) + 2)))
        free = next(name for name in names if name not in taken)
        taken.add(free)
        return f'{free}.png'

    return name_for


def _stem(source: str) -> str:
    return Path(source.split('?')[0]).stem or 'image'


def _stems(inputs: Sequence[str]) -> dict[str, str]:
    """A file name for each input; with folders, from where those of one name differ."""
    groups: dict[str, list[str]] = {}
    for source in dict.fromkeys(inputs):
        groups.setdefault(_stem(source), []).append(source)
    found = {}
    for stem, alike in groups.items():
        folders = [Path(source.split('?')[0]).parent.parts for source in alike]
        shared = len(os.path.commonprefix(folders))
        for source, parts in zip(alike, folders, strict=True):
            found[source] = '_'.join([*parts[shared:], stem])
    return found


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
