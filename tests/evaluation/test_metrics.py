from __future__ import annotations

import copy
import itertools

import pytest
import torch
from golden import mmpretrain_metrics as peer
from mmengine.evaluator import BaseMetric
from support.devices import on_each_device
from support.two_processes import evaluate_part

from mmlite.errors import ConfigError, DataError
from mmlite.evaluation import Evaluator
from mmlite.evaluation.metrics import (
    Accuracy,
    AveragePrecision,
    ConfusionMatrix,
    MultiLabelMetric,
    SingleLabelMetric,
)
from mmlite.evaluation.metrics import base as metrics_base
from mmlite.registry import EVALUATORS, METRICS
from mmlite.structures import DataSample

ALL_ITEMS = ['precision', 'recall', 'f1-score', 'support']


def samples(with_score=True, multi=False, as_dict=False):
    """The peer's inputs as what a model returns."""
    made = []
    for score, label, multi_label in zip(
        peer.SCORE, peer.LABEL, peer.MULTI_LABEL, strict=True
    ):
        sample = DataSample().set_pred_label(score.argmax())
        if with_score:
            sample.set_pred_score(score)
        if multi:
            sample.set_gt_score(multi_label)
        else:
            sample.set_gt_label(label)
        made.append(sample.to_dict() if as_dict else sample)
    return made


def run(cfg, data_samples, batch_size=16):
    metric = METRICS.build(cfg)
    for start in range(0, len(data_samples), batch_size):
        metric.process(None, data_samples[start : start + batch_size])
    return metric.evaluate(len(data_samples))


@pytest.mark.parametrize('as_dict', [False, True])
def test_accuracy_is_the_peers(as_dict):
    cfg = dict(type='Accuracy', topk=(1, 3), thrs=(0.0, 0.2))
    assert run(cfg, samples(as_dict=as_dict)) == {
        'accuracy/top1_thr-0.00': pytest.approx(peer.ACCURACY[0][0]),
        'accuracy/top1_thr-0.20': pytest.approx(peer.ACCURACY[0][1]),
        'accuracy/top3_thr-0.00': pytest.approx(peer.ACCURACY[1][0]),
        'accuracy/top3_thr-0.20': pytest.approx(peer.ACCURACY[1][1]),
    }
    calculated = Accuracy.calculate(peer.SCORE, peer.LABEL, (1, 3), (0.0, 0.2))
    torch.testing.assert_close(calculated, torch.tensor(peer.ACCURACY))


def test_accuracy_names_its_results_as_the_peer():
    data = samples()
    assert set(run(dict(type='Accuracy', thrs=0.6), data)) == {'accuracy/top1'}
    assert set(run(dict(type='Accuracy', topk=5, thrs=None), data)) == {'accuracy/top5'}
    assert set(run(dict(type='Accuracy', thrs=[0.6, None]), data)) == {
        'accuracy/top1_thr-0.60',
        'accuracy/top1_no-thr',
    }
    assert set(run(dict(type='Accuracy', prefix='val'), data)) == {'val/top1'}


def test_accuracy_takes_labels_where_there_is_no_score():
    data = samples(with_score=False)
    expected = {'accuracy/top1': pytest.approx(peer.ACCURACY[0][0])}
    assert run(dict(type='Accuracy'), data) == expected
    assert run(dict(type='Accuracy', thrs=(0.0, 0.6, None)), data) == expected
    with pytest.raises(DataError, match='needs the pred_score'):
        run(dict(type='Accuracy', topk=(1, 5)), data)


def test_top5_of_3_classes_is_a_mistake_of_the_config():
    sample = DataSample().set_gt_label(0).set_pred_score([0.1, 0.2, 0.7])
    with pytest.raises(DataError, match=r'Accuracy: top-5 .* pred has 3'):
        run(dict(type='Accuracy', topk=(1, 5)), [sample])


@pytest.mark.parametrize('average', ['macro', 'micro', None])
def test_single_label_metric_is_the_peers(average):
    cfg = dict(type='SingleLabelMetric', items=ALL_ITEMS, average=average)
    end = {'macro': '', 'micro': '_micro', None: '_classwise'}[average]
    expected = {
        f'single-label/{item}{end}': pytest.approx(value, abs=1e-5)
        for item, value in zip(ALL_ITEMS, peer.SINGLE_LABEL[average], strict=True)
    }
    assert run(cfg, samples()) == expected
    assert run(dict(cfg, num_classes=7), samples(with_score=False)) == expected
    ((precision, _, _, support),) = SingleLabelMetric.calculate(
        peer.SCORE, peer.LABEL, average=average
    )
    assert precision.tolist() == expected[f'single-label/precision{end}']
    assert support.tolist() == expected[f'single-label/support{end}']


def test_single_label_metric_names_its_results_as_the_peer():
    cfg = dict(type='SingleLabelMetric', items=['recall'], thrs=(0.0, 0.6, None))
    assert set(run(cfg, samples())) == {
        'single-label/recall_thr-0.00',
        'single-label/recall_thr-0.60',
        'single-label/recall_no-thr',
    }
    cfg = dict(
        type='SingleLabelMetric', items=['recall'], thrs=(0.5, 0.6), average=None
    )
    assert 'single-label/recall_thr-0.50_classwise' in run(cfg, samples())


def test_single_label_metric_needs_to_know_the_number_of_classes():
    with pytest.raises(DataError, match='SingleLabelMetric: .* set num_classes'):
        run(dict(type='SingleLabelMetric'), samples(with_score=False))
    with pytest.raises(DataError, match='labels go from 0 to 3'):
        run(dict(type='SingleLabelMetric', num_classes=4), samples())


@pytest.mark.parametrize('average', ['macro', 'micro', None])
def test_multi_label_metric_is_the_peers(average):
    cfg = dict(type='MultiLabelMetric', thr=0.2, items=ALL_ITEMS, average=average)
    end = {'macro': '', 'micro': '_micro', None: '_classwise'}[average]
    values = peer.MULTI_LABEL_SCORES[average]
    expected = {
        f'multi-label/{item}_thr-0.20{end}': pytest.approx(value, abs=1e-5)
        for item, value in zip(ALL_ITEMS, values, strict=True)
    }
    assert run(cfg, samples(multi=True)) == expected
    calculated = MultiLabelMetric.calculate(
        peer.SCORE, peer.MULTI_LABEL, thr=0.2, average=average
    )
    for value, item in zip(calculated, expected.values(), strict=True):
        assert value.tolist() == item


def test_multi_label_metric_names_its_results_as_the_peer():
    data = samples(multi=True)
    for args, name in (
        (dict(), 'recall'),
        (dict(topk=2), 'recall_top2'),
        (dict(thr=0.3, topk=2), 'recall_thr-0.30'),
        (dict(topk=1, average=None), 'recall_top1_classwise'),
    ):
        cfg = dict(type='MultiLabelMetric', items=['recall'], **args)
        assert set(run(cfg, data)) == {f'multi-label/{name}'}


def test_multi_label_metric_from_class_indices():
    pred = [[0, 3], [0, 2], [1, 2], [2, 3]]
    target = [[0], [1, 3], [0, 1, 2], [3]]
    scores = MultiLabelMetric.calculate(
        pred,
        target,
        pred_indices=True,
        target_indices=True,
        num_classes=4,
        average=None,
    )
    # by hand: class 0 is predicted twice and there twice, once both; and so on
    assert scores.precision.tolist() == pytest.approx([50, 100, 100 / 3, 50])
    assert scores.recall.tolist() == pytest.approx([50, 50, 100, 50])
    with pytest.raises(ValueError, match='give num_classes'):
        MultiLabelMetric.calculate(pred, target, pred_indices=True)


@pytest.mark.parametrize(
    ('average', 'name'), [('macro', 'mAP'), (None, 'AP_classwise')]
)
def test_average_precision_is_the_peers(average, name):
    cfg = dict(type='AveragePrecision', average=average)
    expected = pytest.approx(peer.AVERAGE_PRECISION[average], abs=1e-5)
    assert run(cfg, samples(multi=True)) == {f'multi-label/{name}': expected}
    calculated = AveragePrecision.calculate(peer.SCORE, peer.MULTI_LABEL, average)
    assert calculated.tolist() == expected


@pytest.mark.parametrize('kind', ['MultiLabelMetric', 'AveragePrecision'])
def test_multi_label_ground_truth_may_be_labels_or_scores(kind):
    by_label = samples(multi=True)
    for sample, target in zip(by_label, peer.MULTI_LABEL, strict=True):
        sample.set_gt_label(target.nonzero()[:, 0])
        del sample.gt_score
    assert run(dict(type=kind), by_label) == run(dict(type=kind), samples(multi=True))
    with pytest.raises(DataError, match=f'{kind}: pred_score is needed'):
        run(dict(type=kind), samples(with_score=False))


def test_confusion_matrix_is_the_peers():
    expected = torch.tensor(peer.CONFUSION_MATRIX)
    by_score = run(dict(type='ConfusionMatrix'), samples())
    assert torch.equal(by_score['confusion_matrix/result'], expected)
    by_label = run(
        dict(type='ConfusionMatrix', num_classes=7), samples(with_score=False)
    )
    assert torch.equal(by_label['confusion_matrix/result'], expected)
    assert torch.equal(ConfusionMatrix.calculate(peer.SCORE, peer.LABEL), expected)
    with pytest.raises(DataError, match='give num_classes'):
        run(dict(type='ConfusionMatrix'), samples(with_score=False))


def test_confusion_matrix_is_drawn():
    import matplotlib.pyplot as plt

    counts = torch.tensor([[3, 1], [0, 2]])
    figure = ConfusionMatrix.plot(
        counts, include_values=True, classes=['cat', 'dog'], show=False
    )
    axes, colorbar = figure.axes
    assert [text.get_text() for text in axes.texts] == ['3', '1', '0', '2']
    assert [text.get_text() for text in axes.get_yticklabels()] == ['cat', 'dog']
    plt.close(figure)


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(type='Accuracy', topk=()), 'topk must be positive'),
        (dict(type='Accuracy', topk='5'), 'expects int'),
        (dict(type='SingleLabelMetric', items=['recal']), "did you mean 'recall'"),
        (dict(type='SingleLabelMetric', average='mean'), "'macro' | 'micro' | None"),
        (dict(type='MultiLabelMetric', thrs=0.3), "did you mean 'thr'"),
        (dict(type='AveragePrecision', average='micro'), "expects 'macro' | None"),
    ],
)
def test_mistakes_are_found_when_building(cfg, message):
    with pytest.raises(ConfigError) as error:
        METRICS.build(cfg)
    assert message in str(error.value)


def test_a_sample_without_ground_truth_is_named():
    sample = DataSample().set_pred_score([0.1, 0.9])
    sample.set_metainfo(dict(img_path='a.png'))
    with pytest.raises(DataError, match='one gt_label per sample, but a.png has none'):
        run(dict(type='Accuracy'), [sample])
    sample.set_gt_label([0, 1])
    with pytest.raises(DataError, match=r'a.png has the labels \[0, 1\]'):
        run(dict(type='Accuracy'), [sample])


def test_no_samples_give_no_results():
    assert run(dict(type='Accuracy'), []) == {}


def test_a_second_pass_starts_from_nothing():
    metric = Accuracy()
    for label, expected in ((0, 100.0), (1, 0.0)):
        metric.process(
            None, [DataSample().set_gt_label(label).set_pred_score([0.9, 0.1])]
        )
        assert metric.evaluate(1) == {'accuracy/top1': expected}


class World:
    """Several processes, one after the other: each is given what the others hold."""

    def __init__(self, monkeypatch, metrics):
        self.metrics, self.rank = metrics, 0
        dist_info = lambda: (self.rank, len(metrics))  # noqa: E731
        monkeypatch.setattr(metrics_base, 'get_dist_info', dist_info)
        monkeypatch.setattr(metrics_base, 'all_gather_object', self.gather)

    def evaluate(self, size):
        # The first pass learns what each process would send, the last one counts.
        self.sent = {}
        results = []
        for _ in range(3):
            results = [self._evaluate_one(rank, size) for rank in range(self.size)]
        return results

    @property
    def size(self):
        return len(self.metrics)

    def _evaluate_one(self, rank, size):
        self.rank, self.call = rank, 0
        return copy.deepcopy(self.metrics[rank]).evaluate(size)

    def gather(self, value):
        self.sent[self.rank, self.call] = value
        values = [self.sent.get((rank, self.call), value) for rank in range(self.size)]
        self.call += 1
        return values


@pytest.mark.parametrize('padded', [True, False])
@pytest.mark.parametrize(
    'cfg',
    [
        dict(type='Accuracy', topk=(1, 3)),
        dict(type='SingleLabelMetric', average=None, items=ALL_ITEMS),
        dict(type='MultiLabelMetric', thr=0.2, items=ALL_ITEMS),
        dict(type='AveragePrecision'),
        dict(type='ConfusionMatrix'),
    ],
    ids=lambda cfg: cfg['type'],
)
@pytest.mark.parametrize('world_size', [3, 7])
def test_several_processes_find_what_one_finds(monkeypatch, cfg, padded, world_size):
    multi = cfg['type'] in ('MultiLabelMetric', 'AveragePrecision')
    data = samples(multi=multi)[:5] + samples(multi=multi)[20:37]
    expected = run(cfg, data)
    metrics = []
    for rank in range(world_size):
        own = data[rank::world_size]
        if padded and len(own) < -(-len(data) // world_size):
            own = own + data[:1]
        metrics.append(METRICS.build(cfg))
        for start in range(0, len(own), 2):
            metrics[-1].process(None, own[start : start + 2])
    for result in World(monkeypatch, metrics).evaluate(len(data)):
        assert str(result) == str(expected)


def test_the_share_of_a_process_is_mmengines(monkeypatch):
    """As if all rows were dealt out in turn, and cut off at the dataset's size."""
    for counts in itertools.product(range(4), repeat=3):
        for size in range(sum(counts) + 1):
            rows = [[(rank, i) for i in range(n)] for rank, n in enumerate(counts)]
            merged = [r for turn in itertools.zip_longest(*rows) for r in turn if r]
            kept = [r[0] for r in merged[:size]]
            for rank in range(3):
                monkeypatch.setattr(
                    metrics_base, 'get_dist_info', lambda rank=rank: (rank, 3)
                )
                assert metrics_base.own_share(counts, size) == kept.count(rank)


class Foreign(BaseMetric):
    """As in other packages: reads samples as dicts."""

    default_prefix = 'foreign'

    def process(self, data_batch, data_samples):
        self.results += [sample['gt_label'].item() for sample in data_samples]

    def compute_metrics(self, results):
        return dict(labels=results)


def test_the_evaluator_feeds_own_and_foreign_metrics():
    cfg = dict(type='Evaluator', metrics=[dict(type='Accuracy'), Foreign()])
    evaluator = EVALUATORS.build(cfg)
    assert isinstance(evaluator, Evaluator)
    evaluator.dataset_meta = dict(classes=['cat'])
    assert evaluator.metrics[0].dataset_meta == dict(classes=['cat'])
    evaluator.process(samples()[:4])
    result = evaluator.evaluate(4)
    assert result['foreign/labels'] == peer.LABEL[:4].tolist()
    assert 'accuracy/top1' in result


def test_the_evaluator_says_which_metric_is_wrong():
    with pytest.raises(ConfigError, match="metrics.1: unknown type 'Acuracy'; did you"):
        EVALUATORS.build(
            dict(
                type='Evaluator', metrics=[dict(type='Accuracy'), dict(type='Acuracy')]
            )
        )


def test_two_metrics_give_no_result_of_one_name():
    evaluator = Evaluator([dict(type='Accuracy'), dict(type='Accuracy', topk=(1, 3))])
    evaluator.process(samples())
    with pytest.raises(ConfigError, match="'accuracy/top1'; give one of them a prefix"):
        evaluator.evaluate(len(samples()))
    second = dict(type='Accuracy', prefix='second')
    evaluator = Evaluator([dict(type='Accuracy'), second])
    evaluator.process(samples())
    assert evaluator.evaluate(len(samples())).keys() == {
        'accuracy/top1',
        'second/top1',
    }


def test_the_evaluator_takes_one_metric_alone():
    evaluator = Evaluator(dict(type='Accuracy'))
    assert [type(metric) for metric in evaluator.metrics] == [Accuracy]


@on_each_device
def test_two_real_processes_find_what_one_finds(tmp_path, device):
    data = samples()[:15]
    torch.multiprocessing.spawn(evaluate_part, (tmp_path, data, device), nprocs=2)
    expected = run(dict(type='Accuracy', topk=(1, 3)), data)
    for rank in range(2):
        assert torch.load(tmp_path / f'{rank}.pth') == expected
