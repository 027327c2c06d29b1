"""Read the ground truth of a sample: boxes, their labels and masks, maps."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from ...errors import DataError
from ...registry import TRANSFORMS
from .base import OR_SKIP, BaseTransform
from .geometry import image_size


@TRANSFORMS.register_module()
class LoadAnnotations(BaseTransform):
    """Turn the annotations of a sample into fields that move with the image.

    ``instances``, a list of dicts with ``bbox``, ``bbox_label``, ``ignore_flag`` and
    ``mask``, as OpenMMLab's detection datasets give it, becomes ``gt_bboxes``,
    ``gt_bboxes_labels``, ``gt_ignore_flags`` and ``gt_masks``; ``seg_map_path`` is
    read into ``gt_seg_map``. It stands behind ``LoadImageFromFile``, in front of any
    step that moves the image.

    Args:
        with_bbox: Whether to give boxes, and which of them to ignore.
        with_label: Whether to give their labels.
        with_seg: Whether to read the segmentation map.
        with_mask: Whether to give the masks, of polygons
            ``[[x1, y1, x2, y2, ...], ...]`` or arrays ``(H, W)``.
        backend_args: Arguments of an mmengine file backend, for paths that are not
            local.

    Shape:
        gt_bboxes: float32 ``(N, 4)``, ``(x1, y1, x2, y2)`` in pixels.
        gt_bboxes_labels: int64 ``(N, )``.
        gt_ignore_flags: bool ``(N, )``.
        gt_masks: uint8 ``(N, H, W)``.
        gt_seg_map: ``(H, W)``, as the file has it.

    Raises:
        DataError: if annotations are missing or malformed, or the image has been
            moved.

    Example:
        >>> load = TRANSFORMS.build(dict(type='LoadAnnotations'))
        >>> sample = dict(img=np.zeros((8, 8)),
        ...               instances=[dict(bbox=[1, 2, 3, 4], bbox_label=0)])
        >>> load(sample)['gt_bboxes'].tolist()
        [[1.0, 2.0, 3.0, 4.0]]
    """

    is_random = False

    def __init__(
        self,
        with_bbox: bool = True,
        with_label: bool = True,
        with_seg: bool = False,
        with_mask: bool = False,
        backend_args: dict | None = None,
    ) -> None:
        if not (with_bbox or with_label or with_seg or with_mask):
            raise ValueError(
                'one of with_bbox, with_label, with_seg and with_mask is True'
            )
        self.with_bbox = with_bbox
        self.with_label = with_label
        self.with_seg = with_seg
        self.with_mask = with_mask
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Add the fields to the sample."""
        self._check_unmoved(results)
        if self.with_bbox or self.with_label or self.with_mask:
            instances = self._instances(results)
            if self.with_bbox:
                boxes = self._each(instances, 'bbox', np.float32)
                results['gt_bboxes'] = boxes.reshape(-1, 4)
                flags = [bool(one.get('ignore_flag', 0)) for one in instances]
                results['gt_ignore_flags'] = np.array(flags, bool)
            if self.with_label:
                labels = self._each(instances, 'bbox_label', np.int64)
                results['gt_bboxes_labels'] = labels.reshape(-1)
            if self.with_mask:
                results['gt_masks'] = self._masks(instances, *image_size(results))
        if self.with_seg:
            results['gt_seg_map'] = self._map(results)
        return results

    @staticmethod
    def _check_unmoved(results: dict) -> None:
        shape, before = results.get('img_shape'), results.get('ori_shape')
        moved = None not in (shape, before) and tuple(shape) != tuple(before)
        if moved or results.get('flip') or results.get('swap_flip'):
            raise DataError(
                'LoadAnnotations: the image has been moved already, and what is read '
                'now would not fit it; put LoadAnnotations right behind '
                'LoadImageFromFile'
            )

    @staticmethod
    def _instances(results: dict) -> list[dict]:
        if 'instances' not in results:
            raise DataError(
                'LoadAnnotations: the sample has no instances (a list of '
                'dict(bbox=..., bbox_label=...)), it has '
                f'{sorted(results)}; use a dataset that gives them, or switch off '
                'with_bbox, with_label and with_mask'
            )
        return results['instances']

    @staticmethod
    def _each(instances: Sequence[dict], key: str, dtype: type) -> np.ndarray:
        width = 4 if key == 'bbox' else 1
        for place, one in enumerate(instances):
            if np.size(one.get(key, ())) != width:
                raise DataError(
                    f'LoadAnnotations: instance {place} has {key}={one.get(key)!r}, '
                    f'expected {width} number{"s" * (width > 1)}'
                )
        return np.array([one[key] for one in instances], dtype)

    @staticmethod
    def _masks(instances: Sequence[dict], width: int, height: int) -> np.ndarray:
        masks = np.zeros((len(instances), height, width), np.uint8)
        for place, (mask, one) in enumerate(zip(masks, instances, strict=True)):
            given = one.get('mask')
            if isinstance(given, np.ndarray) and given.shape == mask.shape:
                mask[:] = given > 0
            elif isinstance(given, (list, tuple)):
                for polygon in given:
                    points = np.asarray(polygon, np.float64).reshape(-1, 2)
                    cv2.fillPoly(mask, [points.round().astype(np.int32)], 1)
            else:
                raise DataError(
                    f'LoadAnnotations: the mask of instance {place} is neither a list '
                    f'of polygons nor an array ({height}, {width}): {_shown(given)}'
                )
        return masks

    def _map(self, results: dict) -> np.ndarray:
        from mmengine.fileio import get

        path = results.get('seg_map_path')
        if path is None:
            raise DataError(
                'LoadAnnotations: the sample has no seg_map_path (with_seg=True), it '
                f'has {sorted(results)}'
            )
        try:
            data = get(path, backend_args=self.backend_args)
        except (OSError, ValueError) as error:  # the second: no file can be named so
            raise DataError(f'cannot read the map {path!r}: {error}') from error
        found = _decoded(data)
        if found is None or found.ndim != 2:
            what = 'no image' if found is None else f'an image {found.shape}'
            raise DataError(
                f'{path} is {what}; expected a map (H, W), one class index a pixel'
                f'{OR_SKIP}'
            )
        return found


def _decoded(data: bytes) -> np.ndarray | None:
    """Pillow gives the indices of a palette, where OpenCV gives its colours."""
    from PIL import Image

    try:
        return np.array(Image.open(io.BytesIO(data)))
    except (
        Image.DecompressionBombError,
        MemoryError,
        OSError,
        SyntaxError,
        ValueError,
    ):
        return None


def _shown(value: Any) -> str:
    shape = getattr(value, 'shape', None)
    return type(value).__name__ if shape is None else f'an array {shape}'
