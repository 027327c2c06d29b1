"""Steps for pairs of images: read disparities, and vary one of the views."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from mmengine.fileio import get

from ...errors import DataError, check_at_least, check_fraction, check_positive
from ...registry import TRANSFORMS
from .base import OR_SKIP, BaseTransform, below, rng_of
from .decoding import decode_or_none
from .disparity_files import decode_disparity
from .fields import DisparityField
from .geometry import fields_of, image_size, resize
from .image_ops import Interpolation, check_interpolation

__all__ = ['LoadDisparity', 'RandomStereoScale', 'ShiftView', 'ViewErasing']

Array = np.ndarray


@TRANSFORMS.register_module()
class LoadDisparity(BaseTransform):
    """Read the disparity of a pair, ``results['disparity_path']``, in px.

    Adds ``gt_disparity``, and where there are paths for them ``gt_disparity_tgt``
    (``disparity_tgt_path``) and ``gt_occlusion`` (``occlusion_path``: a picture that
    is ``occlusion_value`` where a pixel is occluded; or ``noc_path``: the disparity of
    the pixels that are not). Unknown disparities become 0. A sample without a path
    stays as it is: a pair to predict has none.

    In a test that resizes images it stands behind ``Resize``: predictions come back at
    the size of the file.

    Args:
        scale: What the 16 bits of PNG files are divided by; a sample may state its own
            (``disparity_scale``).
        zero_is_known: Whether a disparity of 0 counts, as in SceneFlow, where
            everything is known; ``valid`` then says which pixels do.
        backend_args: Arguments of an mmengine file backend, for paths that are not
            local.

    Shape:
        gt_disparity, gt_disparity_tgt: float32, ``(H, W)``, px.
        gt_occlusion, valid, valid_tgt: uint8, ``(H, W)``.

    Raises:
        DataError: if a file cannot be read.

    Example:
        >>> np.save('disparity.npy', np.float32([[1, np.inf]]))
        >>> load = TRANSFORMS.build(dict(type='LoadDisparity'))
        >>> load(dict(disparity_path='disparity.npy'))['gt_disparity']
        array([[1., 0.]], dtype=float32)
    """

    is_random = False
    reads_files = True

    def __init__(
        self,
        scale: float = 256.0,
        zero_is_known: bool = False,
        backend_args: dict | None = None,
    ) -> None:
        check_positive(scale=scale)
        self.scale = scale
        self.zero_is_known = zero_is_known
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Add the disparities to the sample."""
        for view in ('', '_tgt'):
            path = results.get(f'disparity{view}_path')
            if path is None:
                continue
            values = self._disparity(path, results)
            finite = np.isfinite(values)
            if view and values[finite].max(initial=0) <= 0:
                values = -values  # of the other view, some write it negative
            known = finite & (values >= 0)
            if self.zero_is_known:
                results[f'valid{view}'] = known.astype(np.uint8)
            results[f'gt_disparity{view}'] = np.where(known, values, np.float32(0))
        self._occlusion(results)
        return results

    def _occlusion(self, results: dict) -> None:
        path, other = results.get('occlusion_path'), results.get('noc_path')
        if path is not None:
            read = decode_or_none(self._read(path), cv2.IMREAD_GRAYSCALE)
            if read is None:
                raise DataError(f'{path} is not an image that can be decoded{OR_SKIP}')
            hidden = read == results.get('occlusion_value', 255)
            results['gt_occlusion'] = hidden.astype(np.uint8)
        elif other is not None and 'gt_disparity' in results:
            visible = self._disparity(other, results) > 0
            hidden = (results['gt_disparity'] > 0) & ~visible
            results['gt_occlusion'] = hidden.astype(np.uint8)

    def _disparity(self, path: str, results: dict) -> Array:
        scale = results.get('disparity_scale', self.scale)
        data = self._read(path)
        try:
            return decode_disparity(data, path, scale)
        except DataError as error:
            raise DataError(f'{error}{OR_SKIP}') from None

    def _read(self, path: str) -> bytes:
        try:
            return get(str(path), backend_args=self.backend_args)
        except (OSError, ValueError) as error:  # the second: no file can be named so
            name = path if isinstance(error, OSError) else repr(path)
            raise DataError(f'cannot read {name}: {error}{OR_SKIP}') from error


@TRANSFORMS.register_module()
class RandomStereoScale(BaseTransform):
    """Resize a pair by a random factor, sparse disparities point by point.

    Dense disparities are taken from the nearest pixel; sparse ones are moved each to
    where it belongs, so that none is lost or repeated. Values grow with the width.

    Args:
        scale_range: ``(min, max)`` of the factor's logarithm to the base 2.
        stretch: Largest logarithm by which the width grows against the height, half
            of it on either side.
        prob: Probability of it.
        sparse: Whether the ground truth is sparse, as that of KITTI.
        min_size: ``(height, width)`` that the pair has afterwards at least, e.g. that
            of the crop behind it.
        interpolation: How to resize the images, e.g. ``'bilinear'``.

    Shape:
        ref_img, tgt_img: ``(H, W, C)`` -> ``(H', W', C)``.

    Example:
        >>> step = TRANSFORMS.build(dict(
        ...     type='RandomStereoScale', scale_range=(1, 1), sparse=True))
        >>> pair = dict.fromkeys(('ref_img', 'tgt_img'), np.zeros((1, 4), np.uint8))
        >>> step(dict(pair, gt_disparity=np.float32([[0, 5, 0, 0]])))['gt_disparity']
        array([[ 0.,  0., 10.,  0.,  0.,  0.,  0.,  0.],
               [ 0.,  0.,  0.,  0.,  0.,  0.,  0.,  0.]], dtype=float32)
    """

    def __init__(
        self,
        scale_range: Sequence[float] = (-0.2, 0.5),
        stretch: float = 0.0,
        prob: float = 1.0,
        sparse: bool = False,
        min_size: Sequence[int] = (1, 1),
        interpolation: Interpolation = 'bilinear',
    ) -> None:
        check_fraction(prob=prob)
        if len(scale_range) != 2 or scale_range[0] > scale_range[1]:
            raise ValueError(f'scale_range must be (min, max), got {scale_range}')
        self.scale_range = tuple(scale_range)
        self.stretch = stretch
        self.prob = prob
        self.sparse = sparse
        self.min_size = tuple(min_size)
        check_interpolation(interpolation, 'cv2')
        self.interpolation = interpolation

    def transform(self, results: dict) -> dict:
        """Resize the pair, or do not."""
        rng = rng_of(results)
        if rng.random() >= self.prob:
            return results
        power = rng.uniform(*self.scale_range)
        turn = rng.uniform(-self.stretch, self.stretch) / 2
        old = width, height = image_size(results)
        new = (
            max(self.min_size[1], round(width * 2 ** (power + turn)), 1),
            max(self.min_size[0], round(height * 2 ** (power - turn)), 1),
        )
        maps = {}
        if self.sparse:
            found = [n for n, f in fields_of(results) if type(f) is DisparityField]
            maps = {name: results.pop(name) for name in found}
        resize(results, new, self.interpolation)
        for name, value in maps.items():
            results[name] = scattered(value, old, new)
        return results


def scattered(disparity: Array, old: Sequence[int], new: Sequence[int]) -> Array:
    """A sparse disparity at another size, each known pixel moved to its place.

    Where several fall together the largest, that of the nearest thing, stays.

    Args:
        disparity: The disparity, 0 where it is unknown.
        old: Width and height.
        new: Those of the result.

    Shape:
        disparity: ``(H, W)``, px; returns: ``(H', W')``, px.

    Example:
        >>> scattered(np.float32([[2, 4]]), (2, 1), (1, 1))
        array([[2.]], dtype=float32)
    """
    rows, columns = np.nonzero(np.isfinite(disparity) & (disparity > 0))
    values = disparity[rows, columns] * np.float32(new[0] / old[0])
    rows = (rows * new[1]) // old[1]
    columns = (columns * new[0]) // old[0]
    moved = np.zeros((new[1], new[0]), np.float32)
    np.maximum.at(moved, (rows, columns), values)
    return moved


@TRANSFORMS.register_module()
class ShiftView(BaseTransform):
    """Move the right view of a pair up or down a little, as a misaligned camera does.

    Rows at the edge are repeated; disparities stay as they are.

    Args:
        max_shift: Largest shift in rows.
        prob: Probability of it.
        key: The view that is moved.

    Shape:
        tgt_img: ``(H, W, C)``, unchanged.

    Example:
        >>> step = TRANSFORMS.build(dict(type='ShiftView', prob=0.0))
        >>> step(dict(tgt_img=np.uint8([[1], [2]])))['tgt_img'].tolist()
        [[1], [2]]
    """

    def __init__(
        self, max_shift: int = 2, prob: float = 0.5, key: str = 'tgt_img'
    ) -> None:
        check_at_least(1, max_shift=max_shift)
        check_fraction(prob=prob)
        self.max_shift = max_shift
        self.prob = prob
        self.key = key

    def transform(self, results: dict) -> dict:
        """Move the view, or do not."""
        rng = rng_of(results)
        if self.key in results and rng.random() < self.prob:
            view = results[self.key]
            shift = below(rng, 2 * self.max_shift + 1) - self.max_shift
            rows = (np.arange(len(view)) - shift).clip(0, len(view) - 1)
            results[self.key] = view[rows]
        return results


@TRANSFORMS.register_module()
class ViewErasing(BaseTransform):
    """Fill rectangles of the right view with its mean colour.

    What is hidden there is still to be matched from around it, as what is occluded.

    Args:
        prob: Probability of it.
        max_boxes: Largest number of rectangles.
        bounds: ``(min, max)`` of their sides in px.
        key: The view.

    Shape:
        tgt_img: ``(H, W, C)``, unchanged.

    Example:
        >>> step = TRANSFORMS.build(dict(
        ...     type='ViewErasing', prob=1.0, max_boxes=1, bounds=(9, 9)))
        >>> step(dict(tgt_img=np.uint8([[1, 3]])))['tgt_img'].tolist()
        [[2, 2]]
    """

    def __init__(
        self,
        prob: float = 0.5,
        max_boxes: int = 2,
        bounds: Sequence[int] = (50, 100),
        key: str = 'tgt_img',
    ) -> None:
        check_at_least(1, max_boxes=max_boxes)
        check_fraction(prob=prob)
        if not 0 < bounds[0] <= bounds[1]:
            raise ValueError(f'bounds must be (min, max) above 0, got {bounds}')
        self.prob = prob
        self.max_boxes = max_boxes
        self.bounds = tuple(bounds)
        self.key = key

    def transform(self, results: dict) -> dict:
        """Fill the rectangles, or do not."""
        rng = rng_of(results)
        if self.key not in results or rng.random() >= self.prob:
            return results
        view = results[self.key].copy()
        colour = view.mean(axis=(0, 1)).round().astype(view.dtype)
        low, high = self.bounds
        for _ in range(1 + below(rng, self.max_boxes)):
            height, width = (low + below(rng, high - low + 1) for _ in range(2))
            y = below(rng, max(len(view) - height, 0) + 1)
            x = below(rng, max(view.shape[1] - width, 0) + 1)
            view[y : y + height, x : x + width] = colour
        results[self.key] = view
        return results
