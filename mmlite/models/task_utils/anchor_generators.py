"""Anchors: the boxes that a detector starts from."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ...ops import centered_to_corners
from ...registry import TASK_UTILS

__all__ = ['AnchorGenerator', 'BaseAnchorGenerator', 'SSDAnchorGenerator']

_REMEMBERED = 8  # sizes of images whose anchors are kept

Size = tuple[int, int]


class BaseAnchorGenerator:
    """Base of what places boxes on the grid of each feature map.

    Override:
        num_base_anchors: how many boxes stand at a place of each map.
        level_anchors: the boxes of one map.
    """

    def __init__(self) -> None:
        self._known: dict[tuple, list[Tensor]] = {}

    @property
    def num_base_anchors(self) -> list[int]:
        """How many boxes stand at a place of each map."""
        raise NotImplementedError

    def level_anchors(self, level: int, size: Size, image_size: Size) -> Tensor:
        """The boxes of one map, ``(h * w * A, 4)``, on the CPU."""
        raise NotImplementedError

    def __call__(
        self,
        sizes: Sequence[Size],
        image_size: Size,
        device: torch.device | str = 'cpu',
    ) -> list[Tensor]:
        """The boxes of every map: row by row, and at each place one after the other.

        Args:
            sizes: Height and width of the maps.
            image_size: Height and width of the image, with its padding.
            device: Where the boxes are needed.

        Returns:
            ``(h * w * A, 4)`` for each map, in pixels of the image.

        Raises:
            ValueError: if there are more or fewer maps than this was made for.
        """
        if len(sizes) != len(self.num_base_anchors):
            raise ValueError(
                f'{type(self).__name__} has anchors for {len(self.num_base_anchors)} '
                f'feature maps, got {len(sizes)}; state them for each'
            )
        key = (*map(tuple, sizes), tuple(image_size), str(device))
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)))
            # Kept for training too, so these are no tensors of inference mode.
            with torch.inference_mode(False), torch.no_grad():
                self._known[key] = [
                    self.level_anchors(i, size, image_size).to(
                        device, non_blocking=True
                    )
                    for i, size in enumerate(sizes)
                ]
        return self._known[key]


def _grid(size: Size, stride: tuple[float, float], offset: float) -> Tensor:
    """Places ``(h * w, 2)``, x before y, row by row."""
    y = (torch.arange(size[0], dtype=torch.float32) + offset) * stride[0]
    x = (torch.arange(size[1], dtype=torch.float32) + offset) * stride[1]
    y, x = torch.meshgrid(y, x, indexing='ij')
    return torch.stack([x.flatten(), y.flatten()], dim=1)


@TASK_UTILS.register_module()
class AnchorGenerator(BaseAnchorGenerator):
    """Boxes of several sizes and proportions at every place of a map.

    Paper: Faster R-CNN, https://arxiv.org/abs/1506.01497; by default with rounded
    corners around the upper left corner of a place, as in torchvision. TensorFlow's
    grid has ``rounded=False``; mmdetection's too.

    Args:
        sizes: Side of the square box of each map, in pixels; several for several boxes.
        ratios: Height over width.
        strides: Image pixels between places of each map; ``None`` is the size of the
            image over that of the map, rounded down.
        center_offset: Where in its place a box is centred, 0 to 1.
        rounded: Whether corners are rounded to whole pixels, around 0.

    Shape:
        returns: ``(h * w * A, 4)`` for each map; at a place all sizes of the first
        ratio come first.

    Example:
        >>> anchors = AnchorGenerator(sizes=[[32]], ratios=[0.5, 1.0])
        >>> anchors([(1, 1)], image_size=(16, 16))
        [tensor([[-23., -11.,  23.,  11.],
                [-16., -16.,  16.,  16.]])]
    """

    def __init__(
        self,
        sizes: Sequence[float | Sequence[float]],
        ratios: Sequence[float] = (0.5, 1.0, 2.0),
        strides: Sequence[int] | None = None,
        center_offset: float = 0.0,
        rounded: bool = True,
    ) -> None:
        super().__init__()
        self.sizes = [tuple(s) if isinstance(s, (list, tuple)) else (s,) for s in sizes]
        if strides is not None and len(strides) != len(self.sizes):
            raise ValueError(
                f'strides has {len(strides)} entries, but sizes has {len(self.sizes)}; '
                'give one for each feature map'
            )
        self.ratios = tuple(ratios)
        self.strides = strides
        self.center_offset = center_offset
        self.rounded = rounded

    @property
    def num_base_anchors(self) -> list[int]:
        """How many boxes stand at a place of each map."""
        return [len(self.ratios) * len(s) for s in self.sizes]

    def base_anchors(self, level: int) -> Tensor:
        """The boxes around the origin, ``(A, 4)``."""
        sizes = torch.tensor(self.sizes[level], dtype=torch.float32)
        tall = torch.tensor(self.ratios, dtype=torch.float32).sqrt()
        width = ((1 / tall)[:, None] * sizes).flatten()
        height = (tall[:, None] * sizes).flatten()
        boxes = torch.stack([-width, -height, width, height], dim=1) / 2
        return boxes.round() if self.rounded else boxes

    def level_anchors(self, level: int, size: Size, image_size: Size) -> Tensor:
        """The boxes of one map."""
        if self.strides is None:
            stride = tuple(i // s for i, s in zip(image_size, size, strict=True))
        else:
            stride = (self.strides[level],) * 2
        at = _grid(size, stride, self.center_offset).repeat(1, 2)
        return (at[:, None] + self.base_anchors(level)).view(-1, 4)


@TASK_UTILS.register_module()
class SSDAnchorGenerator(BaseAnchorGenerator):
    """The default boxes of SSD: from small ones on large maps to large on small ones.

    Paper: SSD, ECCV 2016, https://arxiv.org/abs/1512.02325. At a place of map ``k``
    stand a square of side ``s_k``, one of ``sqrt(s_k s_(k+1))``, then for each ratio
    ``r`` a wide and a tall box of area ``s_k²``.

    Args:
        ratios: Width over height of the boxes of each map, beside squares.
        scales: Sides of the squares as fractions of the image, one more than maps;
            ``None`` are even steps from min_scale to max_scale, then 1.
        min_scale: See scales.
        max_scale: See scales.
        steps: Image pixels between places of each map; ``None`` divides the image
            evenly.
        clip: Whether no side is longer than the image's.

    Shape:
        returns: ``(h * w * A, 4)`` for each map.

    Raises:
        ValueError: if the numbers of scales or steps do not fit.

    Example:
        >>> anchors = SSDAnchorGenerator(ratios=[[2]], scales=[0.5, 1.0])
        >>> [tuple(boxes.shape) for boxes in anchors([(3, 3)], image_size=(30, 30))]
        [(36, 4)]
    """

    def __init__(
        self,
        ratios: Sequence[Sequence[float]],
        scales: Sequence[float] | None = None,
        min_scale: float = 0.15,
        max_scale: float = 0.9,
        steps: Sequence[int] | None = None,
        clip: bool = True,
    ) -> None:
        super().__init__()
        levels = len(ratios)
        if scales is None:
            between = (max_scale - min_scale) / max(levels - 1, 1)
            scales = [*(min_scale + between * i for i in range(levels)), 1.0]
        if len(scales) != levels + 1 or (steps is not None and len(steps) != levels):
            given = 'none' if steps is None else len(steps)
            raise ValueError(
                f'there are ratios for {levels} feature maps, so {levels + 1} scales '
                f'and {levels} steps; got {len(scales)} and {given}'
            )
        self.ratios = [tuple(r) for r in ratios]
        self.scales = tuple(scales)
        self.steps = steps
        self.clip = clip

    @property
    def num_base_anchors(self) -> list[int]:
        """How many boxes stand at a place of each map."""
        return [2 + 2 * len(r) for r in self.ratios]

    def base_sizes(self, level: int) -> Tensor:
        """Width and height of the boxes as fractions of the image, ``(A, 2)``."""
        scale, larger = self.scales[level : level + 2]
        sides = [(scale, scale), (math.sqrt(scale * larger),) * 2]
        for ratio in self.ratios[level]:
            wide, tall = scale * math.sqrt(ratio), scale / math.sqrt(ratio)
            sides += [(wide, tall), (tall, wide)]
        found = torch.tensor(sides)
        return found.clamp(0, 1) if self.clip else found

    def level_anchors(self, level: int, size: Size, image_size: Size) -> Tensor:
        """The boxes of one map."""
        height, width = image_size
        if self.steps is None:
            stride = (height / size[0], width / size[1])
        else:
            stride = (self.steps[level],) * 2
        at = _grid(size, stride, 0.5)
        sides = self.base_sizes(level) * torch.tensor([width, height])
        centers = at[:, None].expand(-1, len(sides), -1)
        boxes = torch.cat([centers, sides.expand(len(at), -1, -1)], dim=-1)
        return centered_to_corners(boxes).view(-1, 4)
