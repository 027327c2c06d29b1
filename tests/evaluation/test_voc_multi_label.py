import pytest
from golden import mmpretrain_metrics as peer

from mmlite.errors import DataError
from mmlite.registry import METRICS
from mmlite.structures import DataSample


def samples():
    for score, label, hard in zip(
        peer.VOC_SCORE, peer.MULTI_LABEL, peer.DIFFICULT, strict=True
    ):
        difficult = hard.nonzero().flatten().tolist()
        sample = DataSample(metainfo=dict(gt_label_difficult=difficult))
        yield sample.set_gt_label(label.nonzero().flatten()).set_pred_score(score)


def evaluate(**cfg):
    metric = METRICS.build(cfg)
    metric.process(None, list(samples()))
    return metric.evaluate(40)


@pytest.mark.parametrize('as_positive', [None, True, False])
def test_equals_mmpretrain(as_positive):
    of_counts, of_ranks = peer.VOC[as_positive]
    cfg = dict(difficult_as_positive=as_positive)
    found = evaluate(type='VOCMultiLabelMetric', thr=0.5, **cfg)
    assert list(found.values()) == pytest.approx(of_counts, rel=1e-4)
    found = evaluate(type='VOCAveragePrecision', average=None, **cfg)
    (by_class,) = found.values()
    assert by_class == pytest.approx(of_ranks, rel=1e-4)


def test_a_dataset_without_difficult_labels():
    metric = METRICS.build(dict(type='VOCAveragePrecision'))
    sample = DataSample().set_gt_label([0]).set_pred_score([0.5])
    with pytest.raises(DataError, match='needs gt_label_difficult'):
        metric.process(None, [sample])
