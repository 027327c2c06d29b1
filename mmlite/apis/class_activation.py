"""Where in a picture a network looks: Grad-CAM, and attention."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor

from ..datasets import default_collate
from ..errors import UserError, did_you_mean, wrong_choice
from ..report import as_picture
from ..visualization import overlay_heat, resize_image, side_by_side, write_image
from .activation_maps import attention_rollout, grad_cam
from .inferencers import (
    GaitInferencer,
    Inferencer,
    Source,
    find_sources,
    inferencer_of,
)
from .inferencers.prediction import free_names
from .inferencers.preparing import SourceDataset

__all__ = ['ActivationMap', 'cam', 'cams']

METHODS = ('grad-cam', 'attention')


class ActivationMap:
    """Where in a picture a network looks.

    Args:
        image: What the network saw, RGB, ``(H, W, 3)``.
        heat: The map, ``(h, w)``.
        source: The picture it was made of.
        method: ``'grad-cam'`` or ``'attention'``.
        layer: The layer it is of.
        target: Number of the class that it explains; None for attention.
        target_name: The name of that class.

    Example:
        >>> found = ActivationMap(np.zeros((8, 8, 3), np.uint8), np.eye(4), 'a.png')
        >>> found.plot().shape
        (224, 448, 3)
    """

    def __init__(
        self,
        image: np.ndarray,
        heat: np.ndarray,
        source: str,
        method: str = 'grad-cam',
        layer: str = '',
        target: int | None = None,
        target_name: str = '',
    ) -> None:
        self.image = image
        self.heat = heat
        self.source = source
        self.method = method
        self.layer = layer
        self.target = target
        self.target_name = target_name

    def plot(self) -> np.ndarray:
        """The picture, and beside it the picture under the map, RGB."""
        short = min(self.image.shape[:2])
        image = resize_image(self.image, 224 if short < 224 else None)
        return side_by_side([image, overlay_heat(image, self.heat)])

    def save(self, path: str | Path) -> Path:
        """Write what :meth:`plot` gives; the ending says in which format."""
        write_image(self.plot(), path)
        return Path(path)

    def to_dict(self) -> dict[str, Any]:
        """The map and what it is of, as plain values."""
        return dict(
            source=self.source,
            method=self.method,
            layer=self.layer,
            target=self.target,
            target_name=self.target_name,
            heat=self.heat.tolist(),
        )

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        from ..visualization import encode_image

        return encode_image(self.plot())

    def __repr__(self) -> str:
        of = f' of {self.target_name}' if self.target_name else ''
        rows, columns = self.heat.shape
        return (
            f'ActivationMap({self.source!r}: {self.method}{of}, {rows} x {columns} '
            f'from {self.layer or "all layers"})'
        )


def cam(
    config: str | Path | Config,
    checkpoint: str | Path | None = None,
    image: Any = None,
    *,
    method: str = 'grad-cam',
    target: int | str | None = None,
    layer: str | None = None,
    device: str | None = None,
    overrides: Sequence[str] = (),
) -> ActivationMap:
    """Where in a picture a network looks.

    ``'grad-cam'`` (Grad-CAM, ICCV 2017, https://arxiv.org/abs/1610.02391) explains the
    score of one class, of any classifier; ``'attention'`` (attention rollout, ACL 2020,
    https://arxiv.org/abs/2005.00928) shows where a vision transformer attends, whatever
    its task.

    Args:
        config: A config, or a checkpoint that holds one.
        checkpoint: A checkpoint, if ``config`` is none.
        image: A path, an address or an array.
        method: ``'grad-cam'`` or ``'attention'``.
        target: A class, by number or name; by default the one that is predicted.
        layer: Name of the layer whose map is taken, e.g. ``'backbone.layer3'``; by
            default the last one with more than one place.
        device: Where to compute; by default a GPU if there is one.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.

    Raises:
        UserError: if the method, class or layer is unknown, or there is no map.

    Example:
        >>> digit = np.zeros((32, 32, 3), np.uint8)
        >>> cam('configs/resnet18_digits.py', image=digit, target=3).heat.shape
        (4, 4)
    """
    run = _checked(config, checkpoint, method, device, overrides)
    return _map_of(run, find_sources(image)[0], method, target, layer)


def cams(
    config: str | Path | Config,
    checkpoint: str | Path | None,
    images: Any,
    out: str | Path,
    *,
    method: str = 'grad-cam',
    target: int | str | None = None,
    layer: str | None = None,
    device: str | None = None,
    overrides: Sequence[str] = (),
) -> Iterator[tuple[ActivationMap, Path]]:
    """Write the maps of several pictures, one after the other.

    Args:
        config: See :func:`cam`, also for the other arguments.
        checkpoint: A checkpoint, if ``config`` is none.
        images: Paths, folders, patterns, addresses or arrays.
        out: A folder.
        method: ``'grad-cam'`` or ``'attention'``.
        target: A class, by number or name.
        layer: Name of a layer.
        device: Where to compute.
        overrides: ``'key.path=value'`` strings.

    Returns:
        Each map, and where it was written.
    """
    run = _checked(config, checkpoint, method, device, overrides)
    sources = find_sources(images)
    names = free_names(out, [source.name for source in sources])
    for source in sources:
        found = _map_of(run, source, method, target, layer)
        yield found, found.save(Path(out, names(source.name)))


def _checked(
    config: str | Path | Config,
    checkpoint: str | Path | None,
    method: str,
    device: str | None,
    overrides: Sequence[str],
) -> Inferencer:
    if method not in METHODS:
        raise UserError(wrong_choice('method', method, METHODS))
    return inferencer_of(config, checkpoint, device=device, overrides=overrides)


def _map_of(
    run: Inferencer,
    source: Source,
    method: str,
    target: int | str | None,
    layer: str | None,
) -> ActivationMap:
    inputs, shown = _prepared(run, source)
    if method == 'attention':
        heat = attention_rollout(run.model, inputs)
        return ActivationMap(shown, heat, source.name, method)
    number = _number(target, run.classes)
    heat, layer, number = grad_cam(run.model, inputs, number, layer)
    known = run.classes is not None and number < len(run.classes)
    name = str(run.classes[number]) if known else str(number)
    return ActivationMap(shown, heat, source.name, method, layer, number, name)


def _prepared(run: Inferencer, source: Source) -> tuple[Tensor, np.ndarray]:
    """What goes into the network, and the same as a picture."""
    if len(run.keys) > 1:
        raise UserError('a map is of one picture; this model takes several at a time')
    if isinstance(run, GaitInferencer):
        raise UserError(
            'a map is of one picture; this model takes walks of many frames'
        )
    to_rgb = getattr(run.model.data_preprocessor, 'to_rgb', False)
    dataset = SourceDataset([(source,)], run.dataset, run.keys, to_rgb=to_rgb)
    batch = default_collate([dataset[0]])
    shown = as_picture(batch['inputs'][0], dataset.bgr)
    with torch.no_grad():
        inputs = run.model.data_preprocessor(batch, False)['inputs']
    inputs = inputs[0][None] if isinstance(inputs, (list, tuple)) else inputs
    return inputs, shown


def _number(target: int | str | None, classes: Sequence[str] | None) -> int | None:
    if target is None or isinstance(target, int):
        return target
    if classes is not None and target in classes:
        return list(classes).index(target)
    if target.isdigit():
        return int(target)
    hint = did_you_mean(target, classes or ())
    raise UserError(f'there is no class {target!r}{hint}')
