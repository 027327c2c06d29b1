"""Squares on noise, with two of their corners."""

import numpy as np

from mmlite.datasets import BaseDataset
from mmlite.datasets.transforms import Field, register_field
from mmlite.registry import DATASETS


class PointField(Field):
    """Points (N, 2), x and y in pixels: they can be mirrored, and nothing else."""

    def flip(self, value, direction, size):
        if direction != 'horizontal':
            return super().flip(value, direction, size)
        mirrored = np.array(value, np.float32)
        mirrored[:, 0] = size[0] - mirrored[:, 0]
        return mirrored[::-1].copy()  # left and right are named after the picture


register_field('gt_points', PointField())


@DATASETS.register_module()
class Corners(BaseDataset):
    """The upper left and the upper right corner of a bright square."""

    def __init__(self, size=32, seed=0, **kwargs):
        self.size, self.seed = size, seed
        super().__init__(**kwargs)

    def load_data_list(self):
        rng = np.random.default_rng(self.seed)
        samples = []
        for _ in range(self.size):
            image = rng.integers(0, 60, (32, 32, 3), dtype=np.uint8)
            x, y = rng.integers(0, 16, 2)
            image[y : y + 16, x : x + 16] = 255
            points = np.array([[x, y], [x + 16, y]], np.float32)
            samples.append(dict(img=image, gt_points=points))
        return samples
