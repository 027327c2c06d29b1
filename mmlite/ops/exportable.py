"""Suppression and features of boxes in a form that can be exported to ONNX.

What is recorded are the operators ``NonMaxSuppression``, ``RoiAlign`` and
``GridSample`` of ONNX, as loops over boxes cannot be; outputs have a fixed size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = [
    'ABSENT',
    'recorded_crops',
    'recorded_roi_align',
    'static_nms',
    'static_topk',
]

#: Score of what fills up a fixed number of boxes.
ABSENT = -1.0
_LEAST = ABSENT / 2  # between it and all scores


def static_nms(
    boxes: Tensor,
    scores: Tensor,
    iou_threshold: float,
    max_out: int,
    score_thr: float = _LEAST,
) -> tuple[Tensor, Tensor, Tensor]:
    """:func:`~mmlite.ops.multiclass_nms` of a batch, with outputs of a fixed size.

    Args:
        boxes: Boxes in pixels, for all classes or each class by itself.
        scores: Scores of at least 0, or :data:`ABSENT` where a box is not of a class.
        iou_threshold: A box goes if its IoU with a better one of its class is larger.
        max_out: How many boxes of an image are left at most.
        score_thr: A box needs a larger score.

    Shape:
        boxes: ``(B, N, 4)`` or ``(B, K, N, 4)``; scores: ``(B, K, N)``.
        returns: boxes ``(B, M, 4)``, scores and labels ``(B, M)``, the best first; the
        rest has the score :data:`ABSENT` and is 0. ``M`` is ``max_out``, or ``K * N``
        if that is less.

    Example:
        >>> same = torch.tensor([[[0., 0., 9., 9.], [0., 0., 9., 9.]]])
        >>> static_nms(same, torch.tensor([[[0.1, 0.3]]]), 0.5, max_out=2)[1]
        tensor([[ 0.3000, -1.0000]])
    """
    classes, count = int(scores.size(1)), int(scores.size(2))
    most = min(max_out, classes * count)
    thresholds = (most, iou_threshold, max(score_thr, _LEAST))
    if boxes.ndim == 4:
        # A class by itself is an image with one class.
        own = scores.reshape(-1, 1, count)
        places = _Suppression.apply(boxes.reshape(-1, count, 4), own, *thresholds)
    else:
        own = scores
        places = _Suppression.apply(boxes, scores, *thresholds)
        boxes = boxes.unsqueeze(1).expand(-1, classes, -1, -1)
    kept = torch.zeros_like(own).index_put(
        tuple(places.unbind(1)), torch.ones_like(places[:, 0], dtype=own.dtype)
    )
    left = torch.where(kept > 0, own, torch.full_like(own, ABSENT))
    values, flat = static_topk(left.reshape(-1, classes * count), most)
    found = boxes.reshape(-1, classes * count, 4)
    found = found.gather(1, flat.unsqueeze(-1).expand(-1, -1, 4))
    there = values > _LEAST
    labels = torch.where(there, flat // count, torch.zeros_like(flat))
    return found * there.unsqueeze(-1), values, labels


def static_topk(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The largest values along the last dimension; of equal ones the first ones.

    That is the rule of ONNX, while ``torch.topk`` takes any of them.

    Shape:
        values: ``(*, N)``; returns: values and indices ``(*, count)``.

    Example:
        >>> static_topk(torch.tensor([0.5, 0.9, 0.5]), 2)[1]
        tensor([1, 0])
    """
    if torch.onnx.is_in_onnx_export():
        return values.topk(count)
    found = values.sort(descending=True, stable=True)
    return found.values[..., :count], found.indices[..., :count]


class _Suppression(torch.autograd.Function):
    """Image, class and place of the boxes that are left, ``(R, 3)``."""

    @staticmethod
    def forward(
        ctx: Any,
        boxes: Tensor,
        scores: Tensor,
        most: int,
        iou_threshold: float,
        score_thr: float,
    ) -> Tensor:
        from .nms import batched_nms

        found = []
        for image, (own, values) in enumerate(zip(boxes, scores, strict=True)):
            labels, places = (values > score_thr).nonzero(as_tuple=True)
            kept = batched_nms(
                own[places], values[labels, places], labels, iou_threshold
            )
            rows = torch.stack([labels[kept], places[kept]], dim=1)
            found.append(torch.cat([rows.new_full((len(rows), 1), image), rows], dim=1))
        return torch.cat(found)

    @staticmethod
    def symbolic(
        g: Any,
        boxes: Any,
        scores: Any,
        most: int,
        iou_threshold: float,
        score_thr: float,
    ) -> Any:
        """The operator that ONNX has for it."""
        values = [
            g.op('Constant', value_t=torch.tensor([value], dtype=dtype))
            for value, dtype in (
                (most, torch.int64),
                (iou_threshold, torch.float32),
                (score_thr, torch.float32),
            )
        ]
        return g.op('NonMaxSuppression', boxes, scores, *values)


def recorded_roi_align(
    feats: Sequence[Tensor],
    rois: Tensor,
    levels: Tensor,
    output_size: tuple[int, int],
    spatial_scales: Sequence[float],
    sampling_ratio: int,
    aligned: bool,
) -> Tensor:
    """:func:`~mmlite.ops.multi_level_roi_align` while a model is recorded for ONNX.

    Args and shapes are the same.
    """
    parts, places = [], []
    for level, (feat, scale) in enumerate(zip(feats, spatial_scales, strict=True)):
        own = (levels == level).nonzero().squeeze(1)
        settings = (output_size, scale, sampling_ratio, aligned)
        parts.append(_RoIAlign.apply(feat, rois[own], *settings))
        places.append(own)
    found = torch.cat(parts)
    order = torch.cat(places).view(-1, 1, 1, 1).expand_as(found)
    return torch.zeros_like(found).scatter(0, order, found)


def recorded_crops(feats: Tensor, rois: Tensor, cells: tuple[int, int]) -> Tensor:
    """:func:`~mmlite.ops.crop_and_resize` while a model is recorded for ONNX.

    Args and shapes are the same; all images have as many boxes, one image's behind the
    other's.
    """
    axes = []
    for axis, count in ((2, cells[0]), (1, cells[1])):
        low, high = rois[:, axis : axis + 1], rois[:, axis + 2 : axis + 3]
        steps = max(count - 1, 1)
        share = torch.arange(count, device=rois.device).to(rois.dtype) / steps
        axes.append(low + (high - low) * (share if count > 1 else share + 0.5))
    y, x = axes[0].unsqueeze(2), axes[1].unsqueeze(1)
    grid = torch.stack([x.expand(-1, *cells), y.expand(-1, *cells)], dim=-1)
    images, channels = feats.size(0), int(feats.size(1))
    places = grid.reshape(images, -1, cells[1], 2)
    found = F.grid_sample(feats, 2 * places - 1, align_corners=True)
    inside = ((places >= 0) & (places <= 1)).all(-1).unsqueeze(1)
    found = (found * inside).reshape(images, channels, -1, *cells)
    return found.transpose(1, 2).reshape(-1, channels, *cells)


class _RoIAlign(torch.autograd.Function):
    """:func:`~mmlite.ops.roi_align`, which ONNX has too."""

    @staticmethod
    def forward(
        ctx: Any,
        feats: Tensor,
        rois: Tensor,
        output_size: tuple[int, int],
        spatial_scale: float,
        sampling_ratio: int,
        aligned: bool,
    ) -> Tensor:
        return feats.new_zeros(len(rois), feats.size(1), *output_size)

    @staticmethod
    def symbolic(
        g: Any,
        feats: Any,
        rois: Any,
        output_size: tuple[int, int],
        spatial_scale: float,
        sampling_ratio: int,
        aligned: bool,
    ) -> Any:
        """The operator that ONNX has for it."""

        def columns(first: int, last: int) -> Any:
            ends = [
                g.op('Constant', value_t=torch.tensor([value]))
                for value in (first, last, 1)
            ]
            return g.op('Slice', rois, *ends)

        axis = g.op('Constant', value_t=torch.tensor([1]))
        images = g.op('Cast', g.op('Squeeze', columns(0, 1), axis), to_i=7)
        return g.op(
            'RoiAlign',
            feats,
            columns(1, 5),
            images,
            mode_s='avg',
            output_height_i=output_size[0],
            output_width_i=output_size[1],
            sampling_ratio_i=sampling_ratio,
            spatial_scale_f=spatial_scale,
            coordinate_transformation_mode_s=(
                'half_pixel' if aligned else 'output_half_pixel'
            ),
        )
