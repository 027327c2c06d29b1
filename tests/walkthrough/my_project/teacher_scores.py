import json

from mmlite.datasets.transforms import BaseTransform
from mmlite.registry import TRANSFORMS


@TRANSFORMS.register_module()
class TeacherScores(BaseTransform):
    """Give every sample the class probabilities that a teacher predicted.

    Args:
        path: What ``mmlite test --out`` wrote on the same samples.
    """

    def __init__(self, path: str) -> None:
        with open(path) as file:
            rows = json.load(file)
        self.scores = {row['sample_idx']: row['pred_score'] for row in rows}

    def transform(self, results: dict) -> dict:
        results['gt_score'] = self.scores[results['sample_idx']]
        return results
