"""Maps of joints and limbs from the poses of a walk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import DataError
from ...registry import TRANSFORMS
from .base import BaseTransform

__all__ = ['SkeletonMaps', 'follow_person', 'skeleton_maps']

#: Pairs of joints of COCO's 17 that limbs connect.
LIMBS = (
    *((15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6)),
    *((5, 7), (6, 8), (7, 9), (8, 10), (1, 2), (0, 1), (0, 2), (1, 3), (2, 4)),
    *((3, 5), (4, 6)),
)
_JOINTS = 17


def follow_person(frames: Sequence[np.ndarray]) -> np.ndarray:
    """Follow one person through a walk whose frames may show others.

    In the first frame that shows somebody it is the person that is most certain; then
    always the one who is nearest to where the person was, so that it never jumps.

    Args:
        frames: The poses in each frame, ``(people, 17, 3)``: x, y, confidence.

    Returns:
        ``(S, 17, 3)``; all 0 where nobody is seen.

    Raises:
        DataError: if there are other joints.

    Example:
        >>> here, there = np.ones((17, 3)), 50 * np.ones((17, 3))
        >>> poses = follow_person([here[None], np.stack([there, here])])
        >>> poses[1, 0].tolist()
        [1.0, 1.0, 1.0]
    """
    last: np.ndarray | None = None
    found = []
    for frame in frames:
        people = np.asarray(frame, np.float32).reshape(-1, *np.shape(frame)[1:])
        if not people.size:
            found.append(np.zeros((_JOINTS, 3), np.float32))
            continue
        check_joints(people)
        if last is None:
            chosen = people[people[..., 2].sum(axis=1).argmax()]
        else:
            chosen = people[np.argmin([_distance(last, person) for person in people])]
        found.append(chosen)
        if (chosen[:, 2] > 0).any():
            last = chosen
    return np.stack(found)


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    seen = (one[:, 2] > 0) & (other[:, 2] > 0)
    if not seen.any():
        return np.inf
    return np.linalg.norm(one[seen, :2] - other[seen, :2], axis=1).mean()


def check_joints(poses: np.ndarray) -> None:
    """Refuse poses that are not of COCO's 17 joints.

    Raises:
        DataError: if they are others.
    """
    if poses.ndim != 3 or poses.shape[1:] != (_JOINTS, 3):
        raise DataError(
            'poses must be (S, 17, 3), x, y and confidence of the 17 joints of COCO, '
            f'got {poses.shape}; 18 joints of OpenPose are converted by leaving out '
            'its neck and reordering'
        )


def skeleton_maps(poses: np.ndarray, size: int = 64, sigma: float = 1.0) -> np.ndarray:
    """Maps of joints and of limbs, as high as the person.

    Paper: SkeletonGait: Gait Recognition Using Skeleton Maps, AAAI 2024,
    https://arxiv.org/abs/2311.13444 (section 3.1): the middle of the person is moved
    to the middle of the map, and the height brought to it; a joint is a Gaussian, a
    limb one of the distance to its line, each as high as its confidence.

    Args:
        poses: ``(S, 17, 3)``: x, y and confidence. A joint of confidence 0 does not
            exist, and a frame without joints is empty.
        size: Height and width of the maps in pixels.
        sigma: Width of the Gaussians in pixels.

    Returns:
        ``(S, size, size, 2)``, uint8.

    Raises:
        DataError: if there are other joints.

    Example:
        >>> skeleton_maps(np.zeros((2, 17, 3))).max()
        np.uint8(0)
    """
    poses = np.asarray(poses, np.float32)
    check_joints(poses)
    maps = np.zeros((len(poses), size, size, 2), np.float32)
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    for own, pose in zip(maps, poses, strict=True):
        points = _fitted(pose, size)
        for (x, y), trust in zip(points, pose[:, 2], strict=True):
            if trust > 0:
                near = (columns - x) ** 2 + (rows - y) ** 2
                _raise_to(own[..., 0], near, trust, sigma)
        for a, b in LIMBS:
            trust = min(pose[a, 2], pose[b, 2])
            if trust > 0:
                near = _to_line(columns, rows, points[a], points[b])
                _raise_to(own[..., 1], near, trust, sigma)
    return (maps * 255).clip(0, 255).astype(np.uint8)


def _fitted(pose: np.ndarray, size: int) -> np.ndarray:
    """The joints in pixels of the map; what is not seen may lie anywhere."""
    seen = pose[pose[:, 2] > 0, :2]
    if not len(seen):
        return pose[:, :2]
    low, high = seen.min(axis=0), seen.max(axis=0)
    # Room for the Gaussians at head and foot.
    scale = 0.9 * size / max(high[1] - low[1], 1e-6)
    if high[1] == low[1]:
        scale = 1.0
    return (pose[:, :2] - (low + high) / 2) * scale + (size - 1) / 2


def _raise_to(own: np.ndarray, near: np.ndarray, trust: float, sigma: float) -> None:
    np.maximum(own, trust * np.exp(-near / (2 * sigma**2)), out=own)


def _to_line(
    columns: np.ndarray, rows: np.ndarray, a: np.ndarray, b: np.ndarray
) -> np.ndarray:
    line = b - a
    x, y = columns - a[0], rows - a[1]
    along = (x * line[0] + y * line[1]) / max(float(line @ line), 1e-6)
    along = along.clip(0, 1)
    return (x - along * line[0]) ** 2 + (y - along * line[1]) ** 2


@TRANSFORMS.register_module()
class SkeletonMaps(BaseTransform):
    """Draw ``heatmaps`` from the ``poses`` of a walk; see :func:`skeleton_maps`.

    Args:
        size: Height and width of the maps in pixels.
        sigma: Width of the Gaussians in pixels.

    Shape:
        poses: ``(S, 17, 3)``; heatmaps: ``(S, size, size, 2)``, uint8.

    Raises:
        DataError: if the sample has no poses, or other joints.

    Example:
        >>> step = TRANSFORMS.build(dict(type='SkeletonMaps'))
        >>> step(dict(poses=np.zeros((3, 17, 3))))['heatmaps'].shape
        (3, 64, 64, 2)
    """

    is_random = False

    def __init__(self, size: int = 64, sigma: float = 1.0) -> None:
        self.size = size
        self.sigma = sigma

    def transform(self, results: dict) -> dict:
        """Draw the maps."""
        if 'poses' not in results:
            raise DataError(
                "SkeletonMaps: the sample has no poses; load them with keys=('poses', )"
            )
        results['heatmaps'] = skeleton_maps(results['poses'], self.size, self.sigma)
        return results
