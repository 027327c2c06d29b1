"""Image pairs of noise, and a metric that reads disparities."""

import numpy as np
from mmengine.evaluator import BaseMetric

from mmlite.datasets import BaseDataset
from mmlite.registry import DATASETS, METRICS


@DATASETS.register_module()
class Pairs(BaseDataset):
    def __init__(self, sizes=((9, 14),) * 4, **kwargs):
        self.sizes = sizes
        super().__init__(**kwargs)

    def load_data_list(self):
        rng = np.random.default_rng(0)
        return [
            dict(
                ref_img=rng.integers(0, 256, (*size, 3), dtype=np.uint8),
                tgt_img=rng.integers(0, 256, (*size, 3), dtype=np.uint8),
                gt_disparity=rng.uniform(-1, 8, size).astype(np.float32),
            )
            for size in self.sizes
        ]


@METRICS.register_module()
class EndPointError(BaseMetric):
    def process(self, data_batch, data_samples):
        for sample in data_samples:
            predicted, target = sample['pred_disparity'], sample['gt_disparity']
            assert predicted.shape[-2:] == target.shape[-2:]
            self.results.append(
                (predicted - target)[..., target > 0].abs().mean().item()
            )

    def compute_metrics(self, results):
        return dict(epe=sum(results) / len(results), count=len(results))
