"""Cut the features of boxes out of feature maps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...ops import box_area, crop_and_resize, multi_level_roi_align, numbers_like
from ...registry import MODELS

__all__ = ['CropAndResizeExtractor', 'RoIAlignExtractor']


class _RoIExtractor(nn.Module):
    """Base of what gives one map of a fixed size for each box.

    Attributes:
        output_size: Height and width of the maps.
    """

    output_size: int

    def forward(
        self,
        feats: Sequence[Tensor],
        boxes: Sequence[Tensor],
        image_size: tuple[int, int],
    ) -> Tensor:
        """The features of all boxes of all images.

        Args:
            feats: The feature maps.
            boxes: The boxes of each image, in pixels; a tensor ``(B, P, 4)`` if there
                are as many of each.
            image_size: Height and width of the images, with their padding.
        """
        raise NotImplementedError


def _rois(boxes: Sequence[Tensor] | Tensor) -> Tensor:
    """``(R, 5)``: index of the image, and the box."""
    if isinstance(boxes, Tensor):
        images = torch.arange(boxes.size(0), device=boxes.device).to(boxes.dtype)
        index = images.view(-1, 1, 1).expand(-1, boxes.size(1), 1)
        return torch.cat([index, boxes], dim=2).reshape(-1, 5)
    return torch.cat(
        [torch.cat([b.new_full((len(b), 1), i), b], 1) for i, b in enumerate(boxes)]
    )


@MODELS.register_module()
class RoIAlignExtractor(_RoIExtractor):
    """RoIAlign on the map that suits the size of a box.

    Papers: Mask R-CNN, https://arxiv.org/abs/1703.06870; Feature Pyramid Networks,
    https://arxiv.org/abs/1612.03144: a box of ``canonical_size`` pixels reads the map
    of stride ``2 ** canonical_level``, one of half the size the next larger map.

    Args:
        output_size: Height and width of the features of a box.
        sampling_ratio: See :func:`~mmlite.ops.roi_align`.
        aligned: See :func:`~mmlite.ops.roi_align`; False is torchvision's.
        num_levels: How many maps are read, the first ones; ``None`` is all.
        canonical_size: In pixels.
        canonical_level: See above.

    Shape:
        feats: ``(B, C, H, W)`` each; boxes: ``(R_i, 4)`` for each image.
        returns: ``(R, C, output_size, output_size)``.

    Example:
        >>> extract = RoIAlignExtractor(output_size=2)
        >>> boxes = [torch.tensor([[0., 0., 8., 8.]])]
        >>> extract([torch.ones(1, 3, 4, 4)], boxes, image_size=(16, 16)).shape
        torch.Size([1, 3, 2, 2])
    """

    def __init__(
        self,
        output_size: int = 7,
        sampling_ratio: int = 2,
        aligned: bool = False,
        num_levels: int | None = None,
        canonical_size: float = 224,
        canonical_level: int = 4,
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.sampling_ratio = sampling_ratio
        self.aligned = aligned
        self.num_levels = num_levels
        self.canonical_size = canonical_size
        self.canonical_level = canonical_level

    def forward(
        self,
        feats: Sequence[Tensor],
        boxes: Sequence[Tensor],
        image_size: tuple[int, int],
    ) -> Tensor:
        """The features of all boxes of all images."""
        feats = feats[: self.num_levels]
        # Strides are powers of 2, which padded sizes may not show exactly.
        steps = [round(math.log2(image_size[0] / int(f.size(-2)))) for f in feats]
        rois = _rois(boxes)
        return multi_level_roi_align(
            feats,
            rois,
            self._levels(rois[:, 1:], steps),
            self.output_size,
            [2.0**-step for step in steps],
            self.sampling_ratio,
            self.aligned,
        )

    def _levels(self, boxes: Tensor, steps: Sequence[int]) -> Tensor:
        side = box_area(boxes).sqrt() / self.canonical_size
        level = (self.canonical_level + side.log2() + 1e-6).floor()
        return (level.clamp(steps[0], steps[-1]) - steps[0]).long()

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        return (
            f'output_size={self.output_size}, sampling_ratio={self.sampling_ratio}, '
            f'aligned={self.aligned}'
        )


@MODELS.register_module()
class CropAndResizeExtractor(_RoIExtractor):
    """Crop a box, resize it bilinearly, and take the largest values of its parts.

    The way of TensorFlow's Faster R-CNN; it reads the last map.

    Args:
        crop_size: Height and width of the crop.
        maxpool_kernel_size: Of the pooling.
        maxpool_stride: Of the pooling.

    Shape:
        feats: ``(B, C, H, W)`` each; boxes: ``(R_i, 4)`` for each image.
        returns: ``(R, C, output_size, output_size)``.

    Example:
        >>> extract = CropAndResizeExtractor(crop_size=14)
        >>> boxes = [torch.tensor([[0., 0., 8., 8.]])]
        >>> extract([torch.ones(1, 3, 4, 4)], boxes, image_size=(16, 16)).shape
        torch.Size([1, 3, 7, 7])
    """

    def __init__(
        self, crop_size: int = 14, maxpool_kernel_size: int = 2, maxpool_stride: int = 2
    ) -> None:
        super().__init__()
        self.crop_size = crop_size
        self.maxpool_kernel_size = maxpool_kernel_size
        self.maxpool_stride = maxpool_stride
        self.output_size = (crop_size - maxpool_kernel_size) // maxpool_stride + 1

    def forward(
        self,
        feats: Sequence[Tensor],
        boxes: Sequence[Tensor],
        image_size: tuple[int, int],
    ) -> Tensor:
        """The features of all boxes of all images."""
        height, width = image_size
        rois = _rois(boxes)
        whole = numbers_like([1, width, height, width, height], rois)
        crops = crop_and_resize(feats[-1], rois / whole, self.crop_size)
        return F.max_pool2d(crops, self.maxpool_kernel_size, self.maxpool_stride)
