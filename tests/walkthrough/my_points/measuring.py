"""How far off the corners are."""

from mmlite.evaluation import SampleMetric
from mmlite.registry import METRICS


@METRICS.register_module()
class PointDistance(SampleMetric):
    """The mean distance in pixels."""

    default_prefix = 'points'

    def result_names(self):
        return ['distance']

    def objects(self, data_samples):
        return [
            float((s.pred_points - s.gt_points).norm(dim=1).mean())
            for s in data_samples
        ]

    def compute_metrics(self, results):
        return dict(distance=sum(results) / len(results))
