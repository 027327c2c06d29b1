"""What no figure is made of, and figures that the order of samples does not change."""

import itertools

import pytest
import torch

from mmlite.errors import ConfigError, DataError
from mmlite.evaluation.functional import accuracy, average_precision, part_distances
from mmlite.registry import METRICS
from mmlite.structures import DataSample

NAN = float('nan')
BOX = torch.tensor([[0.0, 0.0, 8.0, 8.0]])


def result(kind, samples, **settings):
    """The figures of a metric; its prefix is left out."""
    metric = METRICS.build(dict(type=kind, **settings))
    for sample in samples:
        metric.process(None, [sample])
    return {k.split('/')[1]: v for k, v in metric.evaluate(len(samples)).items()}


def classified(score, label):
    return DataSample().set_gt_label(label).set_pred_score(torch.tensor(score))


def embedded(values, label=0):
    sample = DataSample().set_gt_label(label)
    sample.pred_embedding = torch.tensor(values)
    return sample


def walk(values, label, kind, view):
    sample = DataSample(metainfo=dict(type=kind, view=view)).set_gt_label(label)
    sample.pred_embedding = torch.tensor(values)
    return sample


def disparity(pred, target):
    sample = DataSample()
    sample.pred_disparity, sample.gt_disparity = (
        torch.tensor(pred),
        torch.tensor(target),
    )
    return sample


def boxes(scores=(0.9,), labels=(0,), **fields):
    given = dict(
        gt_bboxes=BOX,
        gt_bboxes_labels=torch.tensor([0]),
        pred_bboxes=BOX,
        pred_scores=torch.tensor(scores),
        pred_labels=torch.tensor(labels),
    )
    return DataSample(**given | fields)


@pytest.mark.parametrize(
    ('kind', 'sample', 'settings'),
    [
        ('Accuracy', classified([NAN, NAN], 0), dict(thrs=None)),
        ('SingleLabelMetric', classified([NAN, 0.5], 0), dict(thrs=None)),
        ('ConfusionMatrix', classified([NAN, 0.5], 0), {}),
        ('MultiLabelMetric', classified([NAN, 0.5], [0]), {}),
        ('AveragePrecision', classified([NAN, 0.5], [0]), {}),
        ('KNNAccuracy', embedded([NAN, 1.0]), {}),
        ('DisparityMetric', disparity([[NAN, 2.0]], [[10.0, 2.0]]), {}),
        ('RetrievalRecall', classified([NAN, 0.5], 0), dict(topk=1)),
        ('CrossViewRank', walk([[NAN]], 0, 'nm-01', '000'), {}),
        ('CocoMetric', boxes(scores=[NAN]), {}),
    ],
)
def test_nan_is_never_a_figure(kind, sample, settings):
    with pytest.raises(DataError, match=r'1 of \d.* NaN.*diverged'):
        result(kind, [sample], **settings)


def test_nan_is_looked_for_in_each_batch_anew():
    metric = METRICS.build(dict(type='Accuracy'))
    good, bad = classified([0.1, 0.9], 1), classified([NAN, 0.9], 1)
    for sample in (good, bad, good):
        metric.process(None, [sample])
    with pytest.raises(DataError, match='1 of 3 samples'):
        metric.evaluate(3)
    metric.process(None, [good])
    assert metric.evaluate(1) == {'accuracy/top1': 100.0}


@pytest.mark.parametrize('label', [-1, 2])
def test_labels_that_are_no_class_are_not_just_wrong(label):
    samples = [classified([0.1, 0.9], 1), classified([0.1, 0.9], label)]
    with pytest.raises(DataError, match='1 of 2 samples have a label.* from 0 to 1'):
        result('Accuracy', samples)
    with pytest.raises(ValueError, match='labels go from 0 to 1'):
        accuracy([[0.1, 0.9]], [label])


def test_average_precision_does_not_depend_on_the_order_of_equal_scores():
    # By hand: 0.9 is right (1/1); of the two at 0.5 one is right, both are found at
    # once (2/3): (1 + 2/3) / 2.
    rows = [(0.9, 1), (0.5, 1), (0.5, 0), (0.1, 0)]
    for order in itertools.permutations(rows):
        scores, target = zip(*order, strict=True)
        value = average_precision([[s] for s in scores], [[t] for t in target])
        assert value.item() == pytest.approx(100 * (1 + 2 / 3) / 2)


def test_an_image_alone_has_no_neighbour_that_names_its_class():
    assert result('KNNAccuracy', [embedded([1.0, 0.0])]) == {'loo_top1': 0.0}


def test_a_ranking_has_each_place_once():
    ranking = METRICS.get('RetrievalAveragePrecision').calculate
    with pytest.raises(DataError, match='each place of the gallery once'):
        ranking([[0, 0, 0]], [[0]], 3, pred_indices=True, target_indices=True)


def test_distances_far_from_zero_are_exact():
    far, apart = torch.tensor([[4096.0, 0.0]]), torch.tensor([[4096.0, 0.03125]])
    # squares near 2**24 lose all below 1 in float32
    assert part_distances(far, torch.cat([far, apart])).tolist() == [[0.0, 0.03125]]


def test_boxes_in_half_precision_and_with_labels_as_fractions():
    sample = boxes(pred_bboxes=BOX.bfloat16(), pred_labels=torch.zeros(1))
    empty = boxes(
        pred_bboxes=torch.zeros(0, 4),
        pred_scores=torch.zeros(0),
        pred_labels=torch.zeros(0),
        gt_bboxes=torch.zeros(0, 4),
        gt_bboxes_labels=torch.zeros(0),
    )
    assert result('CocoMetric', [sample, empty])['bbox_mAP'] == pytest.approx(1)


@pytest.mark.parametrize(
    ('changes', 'named'),
    [
        (dict(scores=[0.9, 0.8]), "'pred_scores': 2, 'pred_labels': 1"),
        (dict(gt_bboxes_labels=torch.tensor([0, 0])), "'gt_bboxes_labels': 2"),
    ],
)
def test_boxes_with_other_numbers_of_scores_or_labels(changes, named):
    with pytest.raises(DataError, match=named):
        result('CocoMetric', [boxes(**changes)])


def test_results_of_boxes_need_the_id_of_their_image(tmp_path):
    with pytest.raises(DataError, match='has no img_id'):
        result('CocoMetric', [boxes()], outfile_prefix=str(tmp_path / 'x'))
    assert not list(tmp_path.iterdir())


def test_names_of_thresholds_that_are_close_differ():
    names = set(result('VOCMetric', [boxes()], iou_thrs=[0.555, 0.56]))
    assert names == {'AP55.5', 'AP56', 'mAP'}


def test_views_may_be_numbers():
    walks = [walk([[0.0]], 7, 'nm-01', 0), walk([[0.0]], 7, 'nm-05', 90)]
    assert result('CrossViewRank', walks) == {'NM@R1': 100.0}


@pytest.mark.parametrize(
    ('samples', 'kind', 'named'),
    [
        (
            [walk([[0.0]], 0, 'nm-01', '0'), walk([[0.0, 1]], 0, 'nm-05', '1')],
            'CrossViewRank',
            r'one shape, got \[\(1, 1\), \(1, 2\)\]',
        ),
        (
            [classified([0.1, 0.9], 1), classified([0.1, 0.9, 0.2], 1)],
            'AveragePrecision',
            'several sizes',
        ),
    ],
)
def test_predictions_of_several_sizes(samples, kind, named):
    metric = METRICS.build(dict(type=kind))
    with pytest.raises(DataError, match=named):
        metric.process(None, samples)
        metric.evaluate(2)


@pytest.mark.parametrize(
    ('kind', 'settings', 'named'),
    [
        ('CocoMetric', dict(iou_thrs=1.5), 'at most 1, got 1.5'),
        ('CocoMetric', dict(iou_thrs=[]), 'at most 1'),
        ('CocoMetric', dict(max_dets=[0, 10]), 'from 1 on'),
        ('VOCMetric', dict(iou_thrs=0.0), 'above 0'),
        ('CrossViewRank', dict(topk=0), 'from 1 on, got 0'),
        ('GaitRetrieval', dict(topk=[]), 'from 1 on'),
        ('MultiLabelMetric', dict(topk=0), 'topk must be at least 1, got 0'),
        ('Accuracy', dict(thrs=[]), 'one threshold or more'),
        ('RetrievalRecall', dict(topk=[]), 'one k or more'),
    ],
)
def test_settings_of_which_no_figure_follows(kind, settings, named):
    with pytest.raises(ConfigError, match=named):
        METRICS.build(dict(type=kind, **settings))


@pytest.mark.parametrize('kind', ['Accuracy', 'SingleLabelMetric'])
def test_thresholds_that_are_close_have_a_name_each(kind):
    sample = classified([0.0015, 0.001], 0)
    found = result(kind, [sample], thrs=(0.001, 0.002))
    name = 'top1' if kind == 'Accuracy' else 'recall'
    low, high = (found[f'{name}_thr-{thr}'] for thr in ('0.001', '0.002'))
    assert low > high == 0
