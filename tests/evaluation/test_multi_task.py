import pytest

from mmlite.errors import ConfigError, DataError
from mmlite.evaluation.metrics import base as metrics_base
from mmlite.evaluation.metrics import multi_task
from mmlite.registry import METRICS
from mmlite.structures import DataSample


def predicted(label, score, mask=True):
    sample = DataSample(metainfo=dict(eval_mask=mask)).set_pred_score(score)
    return sample.set_gt_label(label) if mask else sample


def build(**tasks):
    return METRICS.build(dict(type='MultiTasksMetric', task_metrics=tasks))


def test_each_task_counts_its_own_images():
    metric = build(a=[dict(type='Accuracy')], b=[dict(type='Accuracy', topk=(1, 2))])
    rows = [
        DataSample(a=predicted(0, [0.7, 0, 0.3]), b=predicted(2, [0.5, 0.2, 0.3])),
        DataSample(a=predicted(0, [0, 1, 0], False), b=predicted(2, [0, 0, 1.0])),
    ]
    metric.process(None, rows)
    assert metric.evaluate(2) == {
        'a_accuracy/top1': 100,
        'b_accuracy/top1': 50,
        'b_accuracy/top2': 100,
    }


def test_metrics_of_several_tasks_in_metrics():
    inner = dict(type='MultiTasksMetric', task_metrics=dict(b=[dict(type='Accuracy')]))
    metric = build(a=[inner])
    metric.process(None, [DataSample(a=DataSample(b=predicted(1, [0.1, 0.9])))])
    assert metric.evaluate(1) == {'a_b_accuracy/top1': 100}


def test_all_metrics_know_the_dataset():
    metric = build(a=[dict(type='Accuracy')])
    metric.dataset_meta = dict(classes=('x',))
    assert metric._metrics['a'][0].dataset_meta == dict(classes=('x',))


def test_a_task_that_the_model_does_not_predict():
    with pytest.raises(DataError, match="nothing for the task 'a'"):
        build(a=[dict(type='Accuracy')]).process(None, [DataSample()])


def test_two_results_of_one_name():
    metric = build(a=[dict(type='Accuracy')] * 2)
    metric.process(None, [DataSample(a=predicted(0, [1.0, 0]))])
    with pytest.raises(DataError, match="report 'accuracy/top1'"):
        metric.evaluate(1)


def test_a_wrong_config_names_its_place():
    with pytest.raises(ConfigError, match=r"task_metrics.a.0: unknown type 'Accurac'"):
        build(a=[dict(type='Accurac')])


@pytest.mark.parametrize(('rank', 'found'), [(0, {'a_accuracy/top1': 50}), (1, {})])
def test_a_repeated_sample_does_not_count(monkeypatch, rank, found):
    """The first of three is wrong, and seen by both; the second lacks the task."""
    three = [predicted(0, [0.1, 0.9]), predicted(0, [1.0, 0], False)]
    three += [predicted(0, [1.0, 0])]
    metric = build(a=[dict(type='Accuracy')])
    for one in [*three, three[0]][rank::2]:
        metric.process(None, [DataSample(a=one)])
    monkeypatch.setattr(metrics_base, 'get_dist_info', lambda: (rank, 2))
    monkeypatch.setattr(multi_task, 'all_gather_object', lambda count: [count] * 2)
    monkeypatch.setattr(metrics_base, 'all_gather_object', lambda part: [part, part])
    assert metric.evaluate(3) == found
