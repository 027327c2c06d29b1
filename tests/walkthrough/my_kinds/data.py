"""Small data that a network can learn."""

import numpy as np

from mmlite.datasets import BaseDataset
from mmlite.registry import DATASETS

SIDE = 32


@DATASETS.register_module()
class Bars(BaseDataset):
    """A bar of one of three colours on noise, with its box."""

    METAINFO = dict(classes=('red', 'green', 'blue'))

    def __init__(self, size=24, seed=0, **kwargs):
        self.size, self.seed = size, seed
        super().__init__(**kwargs)

    def load_data_list(self):
        rng = np.random.default_rng(self.seed)
        samples = []
        for i in range(self.size):
            image = rng.integers(0, 100, (SIDE, SIDE, 3), dtype=np.uint8)
            x, y = rng.integers(0, SIDE - 16, 2)
            image[y : y + 8, x : x + 16, i % 3] = 255
            box = np.array([[x, y, x + 16, y + 8]], np.float32)
            label = np.array([i % 3])
            samples.append(
                dict(img=image, gt_label=i % 3, gt_bboxes=box, gt_bboxes_labels=label)
            )
        return samples

    def get_gt_labels(self):
        return np.arange(self.size) % 3


@DATASETS.register_module()
class Queries(Bars):
    """Bars, each with the places of those of its colour in a gallery of 12."""

    def load_data_list(self):
        samples = super().load_data_list()
        return [
            dict(img=s['img'], gt_label=list(range(s['gt_label'], 12, 3)))
            for s in samples
        ]


@DATASETS.register_module()
class Walks(BaseDataset):
    """Silhouettes of 4 to 6 frames; each identity is as wide as it is."""

    def __init__(self, size=12, **kwargs):
        self.size = size
        super().__init__(**kwargs)

    def load_data_list(self):
        samples = []
        for i in range(self.size):
            frames = np.zeros((4 + i % 3, 64, 44), np.uint8)
            for step, frame in enumerate(frames):
                half = 4 + 4 * (i % 3) + step % 2
                frame[4:60, 22 - half : 22 + half] = 255
            known = dict(subject=f'{i % 3}', type=f'nm-0{1 + i // 6}', view='090')
            samples.append(dict(known, sils=frames, gt_label=i % 3))
        return samples

    def get_gt_labels(self):
        return np.arange(self.size) % 3


@DATASETS.register_module()
class Pairs(BaseDataset):
    """Noise that is seen shifted by 2 px."""

    def load_data_list(self):
        rng = np.random.default_rng(0)
        samples = []
        for width in (22, 26, 22, 30):
            right = rng.integers(0, 256, (20, width + 2, 3), dtype=np.uint8)
            shift = np.full((20, width), 2, np.float32)
            left, right = right[:, 2:], right[:, :-2]
            samples.append(dict(ref_img=right, tgt_img=left, gt_disparity=shift))
        return samples
