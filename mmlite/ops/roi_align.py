"""Features of boxes: RoIAlign over levels and images, crop and resize.

Every output bin is a weighted sum of pixels, so that one call of
``torch.nn.functional.embedding_bag`` on a table of pixels serves all boxes of all
images and levels. On a CPU this is faster than the compiled loop of torchvision.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import DataError
from .exportable import recorded_crops, recorded_roi_align
from .transfer import numbers_like

__all__ = ['crop_and_resize', 'multi_level_roi_align', 'roi_align']


def roi_align(
    feats: Tensor,
    rois: Tensor,
    output_size: int | tuple[int, int],
    spatial_scale: float = 1.0,
    sampling_ratio: int = 0,
    aligned: bool = True,
) -> Tensor:
    """RoIAlign: the mean of bilinear samples in the bins of boxes.

    Paper: Mask R-CNN, ICCV 2017, https://arxiv.org/abs/1703.06870

    Args:
        feats: The feature map.
        rois: Index of the image, and the box in pixels of the image.
        output_size: Bins along height and width.
        spatial_scale: Feature pixels per image pixel.
        sampling_ratio: Samples along each side of a bin; 0 takes one about every
            feature pixel.
        aligned: Whether the centre of a pixel lies half a pixel from its corner, as in
            mmdetection and detectron2; False is the rule of torchvision's detectors,
            in which boxes are also one pixel wide and high at least.

    Shape:
        feats: ``(B, C, H, W)``; rois: ``(R, 5)``.
        returns: ``(R, C, *output_size)``.

    Raises:
        DataError: if the shapes do not fit.

    Example:
        >>> feats = torch.arange(16.).view(1, 1, 4, 4)
        >>> roi_align(feats, torch.tensor([[0., 0., 0., 4., 4.]]), 2)
        tensor([[[[ 2.5000,  4.5000],
                  [10.5000, 12.5000]]]])
    """
    levels = torch.zeros(len(rois), dtype=torch.int64, device=rois.device)
    return multi_level_roi_align(
        [feats], rois, levels, output_size, [spatial_scale], sampling_ratio, aligned
    )


def multi_level_roi_align(
    feats: Sequence[Tensor],
    rois: Tensor,
    levels: Tensor,
    output_size: int | tuple[int, int],
    spatial_scales: Sequence[float],
    sampling_ratio: int = 0,
    aligned: bool = True,
) -> Tensor:
    """:func:`roi_align` of boxes each of which reads one of several feature maps.

    Args:
        feats: The feature maps.
        rois: Index of the image, and the box in pixels of the image.
        levels: Which map each box reads.
        output_size: Bins along height and width.
        spatial_scales: Feature pixels per image pixel of each map.
        sampling_ratio: See :func:`roi_align`.
        aligned: See :func:`roi_align`.

    Shape:
        feats: ``(B, C, H, W)`` each; rois: ``(R, 5)``; levels: ``(R, )``.
        returns: ``(R, C, *output_size)``.

    Raises:
        DataError: if the shapes do not fit, or boxes are NaN.
    """
    _check(feats, rois)
    bins = _pair(output_size)
    if torch.onnx.is_in_onnx_export():
        return recorded_roi_align(
            feats, rois, levels, bins, spatial_scales, sampling_ratio, aligned
        )
    table = _Table(feats)
    scale = numbers_like(spatial_scales, rois)[levels][:, None]
    corners = rois[:, 1:] * scale
    if aligned:
        corners = corners - 0.5
    start = corners[:, :2].flip(1)  # y, x
    size = (corners[:, 2:] - corners[:, :2]).flip(1)
    if not aligned:
        size = size.clamp(min=1)
    step = size / numbers_like(bins, size)
    images = rois[:, 0].long()
    if sampling_ratio > 0:
        ratios = (sampling_ratio, sampling_ratio)
        return table.pooled(start, step, images, levels, bins, ratios)
    wanted = step.ceil().clamp(min=1).long()
    out = table.rows.new_zeros(len(rois), table.rows.size(1), *bins)
    for ratios in wanted.unique(dim=0).tolist():
        if min(ratios) < 1:  # what NaN is as an integer
            raise DataError(
                'boxes to pool features of are NaN; a model that gives them has '
                'diverged; lower its learning rate'
            )
        own = (wanted == numbers_like(ratios, wanted)).all(1).nonzero().squeeze(1)
        part = table.pooled(
            start[own], step[own], images[own], levels[own], bins, ratios
        )
        out = out.index_copy(0, own, part)
    return out.to(feats[0].dtype)


def crop_and_resize(
    feats: Tensor, rois: Tensor, output_size: int | tuple[int, int]
) -> Tensor:
    """One bilinear sample a cell, the outer ones on the edges of the box.

    That is TensorFlow's ``tf.image.crop_and_resize``; places outside the map are 0.

    Args:
        feats: The feature map.
        rois: Index of the image, and the box as fractions of the map.
        output_size: Cells along height and width.

    Shape:
        feats: ``(B, C, H, W)``; rois: ``(R, 5)``, ``(index, x1, y1, x2, y2)``.
        returns: ``(R, C, *output_size)``.

    Example:
        >>> feats = torch.arange(9.).view(1, 1, 3, 3)
        >>> crop_and_resize(feats, torch.tensor([[0., 0., 0., 1., 1.]]), 2)
        tensor([[[[0., 2.],
                  [6., 8.]]]])
    """
    _check([feats], rois)
    cells = _pair(output_size)
    if torch.onnx.is_in_onnx_export():
        return recorded_crops(feats, rois, cells)
    last = numbers_like(feats.shape[-2:], rois) - 1
    low, high = rois[:, 1:3].flip(1) * last, rois[:, 3:].flip(1) * last
    many = numbers_like([c > 1 for c in cells], rois)
    step = (high - low) / (numbers_like(cells, rois) - 1).clamp(min=1)
    start = torch.where(many > 0, low, (low + high) / 2)
    # Samples lie in the middle of a bin.
    levels = torch.zeros(len(rois), dtype=torch.int64, device=rois.device)
    table = _Table([feats], outside=0.0)
    images = rois[:, 0].long()
    pooled = table.pooled(start - step / 2, step, images, levels, cells, (1, 1))
    return pooled.to(feats.dtype)


class _Table:
    """The pixels of several feature maps as rows.

    Args:
        feats: The feature maps.
        outside: How far out samples still read the border, in pixels.
    """

    def __init__(self, feats: Sequence[Tensor], outside: float = 1.0) -> None:
        rows = [f.permute(0, 2, 3, 1).reshape(-1, f.size(1)) for f in feats]
        exact = feats[0].dtype == torch.float64
        # Weights of half precision would move the samples by a part of a pixel.
        self.rows = torch.cat(rows).to(torch.float64 if exact else torch.float32)
        # A contiguous table is read many times faster than a permuted view.
        self.rows = self.rows.contiguous()
        sizes = [tuple(f.shape[-2:]) for f in feats]
        self.sizes = numbers_like(sizes, self.rows, torch.int64)
        starts = [0]
        for level in rows[:-1]:
            starts.append(starts[-1] + len(level))
        self.starts = numbers_like(starts, self.rows, torch.int64)
        self.outside = outside

    def pooled(
        self,
        start: Tensor,
        step: Tensor,
        images: Tensor,
        levels: Tensor,
        bins: Sequence[int],
        ratios: Sequence[int],
    ) -> Tensor:
        """Means of the samples in the bins.

        Args:
            start: Where the first bin begins, y and x in feature pixels.
            step: Size of a bin.
            images: Index of the image.
            levels: Which map.
            bins: Number of bins along y and x.
            ratios: Samples in a bin along y and x.
        """
        count, (high, wide) = len(start), bins
        width = self.sizes[levels, 1]
        axes = []
        for axis in (0, 1):
            size = self.sizes[levels, axis].to(start.dtype)
            at = self._places(start[:, axis], step[:, axis], bins[axis], ratios[axis])
            axes.append(self._corners(at, size[:, None, None]))
        (rows, row_weights), (columns, column_weights) = axes
        first = self.starts[levels] + images * self.sizes[levels].prod(1)
        base = first[:, None, None] + rows * width[:, None, None]
        index = base[:, :, None, :, None] + columns[:, None, :, None, :]
        weight = row_weights[:, :, None, :, None] * column_weights[:, None, :, None, :]
        if not count:
            return self.rows.new_zeros(0, self.rows.size(1), high, wide)
        out = F.embedding_bag(
            index.reshape(count * high * wide, -1),
            self.rows,
            mode='sum',
            per_sample_weights=weight.reshape(count * high * wide, -1).to(
                self.rows.dtype
            ),
        )
        return out.view(count, high, wide, -1).permute(0, 3, 1, 2)

    @staticmethod
    def _places(start: Tensor, step: Tensor, bins: int, ratio: int) -> Tensor:
        """Of the samples along one axis, ``(R, bins, ratio)``."""
        within = (torch.arange(ratio, device=start.device) + 0.5) / ratio
        bin_ = torch.arange(bins, device=start.device)
        at = bin_.to(start.dtype)[:, None] * step[:, None, None]
        return start[:, None, None] + at + within.to(start.dtype) * step[:, None, None]

    def _corners(self, at: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        """Both pixels beside each sample and their weights, ``(R, bins, 2 ratio)``."""
        last = size - 1
        limit = size if self.outside else last
        inside = (at >= -self.outside) & (at <= limit)
        at = at.clamp(min=0)
        low = torch.minimum(at.floor(), last)
        fraction = torch.where(low >= last, 0.0, at - low)
        high = torch.minimum(low + 1, last)
        share = inside.to(at.dtype) / at.size(-1)
        weights = torch.cat([(1 - fraction) * share, fraction * share], dim=-1)
        return torch.cat([low, high], dim=-1).long(), weights


def _check(feats: Sequence[Tensor], rois: Tensor) -> None:
    fits = all(f.ndim == 4 for f in feats) and rois.ndim == 2 and rois.size(1) == 5
    if not fits:
        shapes = [tuple(f.shape) for f in feats]
        raise DataError(
            'feature maps are (B, C, H, W) and rois (R, 5): index of the image, x1, '
            f'y1, x2, y2; got {shapes} and {tuple(rois.shape)}'
        )


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else tuple(size)
