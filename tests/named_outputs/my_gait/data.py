"""Walks of noise, and a metric that reads embeddings."""

import numpy as np
from mmengine.evaluator import BaseMetric

from mmlite.datasets import BaseDataset
from mmlite.registry import DATASETS, METRICS


@DATASETS.register_module()
class Walks(BaseDataset):
    def __init__(self, lengths=(4, 4, 4, 4), **kwargs):
        self.lengths = lengths
        super().__init__(**kwargs)

    def load_data_list(self):
        rng = np.random.default_rng(0)
        return [
            dict(
                sils=rng.integers(0, 256, (length, 16, 12), dtype=np.uint8),
                gt_label=i % 3,
                type=f'nm-0{i % 2}',
                view=f'{18 * i:03d}',
            )
            for i, length in enumerate(self.lengths)
        ]


@METRICS.register_module()
class MeanNorm(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += [s['pred_embedding'].norm().item() for s in data_samples]

    def compute_metrics(self, results):
        return dict(mean_norm=sum(results) / len(results), count=len(results))
