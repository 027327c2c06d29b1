import pytest
import torch
from support.two_processes import evaluate_mistakes, evaluate_objects

from mmlite.evaluation import Evaluator, RowMetric, SampleMetric
from mmlite.structures import DataSample, SampleBatch


class Names(SampleMetric):
    default_prefix = 'names'

    def objects(self, data_samples):
        return [sample.img_path for sample in data_samples]

    def compute_metrics(self, results):
        return dict(all=''.join(results))


def samples(names):
    return [DataSample(metainfo=dict(img_path=name)) for name in names]


def test_samples_reach_it_as_they_are():
    evaluator = Evaluator(Names())
    evaluator.process(SampleBatch(samples('ab')))
    evaluator.process(samples('ca'))  # the last one is repeated
    assert evaluator.evaluate(3) == {'names/all': 'abc'}
    assert evaluator.metrics[0].results == []


def test_nothing_is_reported_of_nothing(caplog):
    assert Names().evaluate(0) == {}


def test_one_object_a_sample():
    metric = Names()
    metric.objects = lambda data_samples: ['a']
    with pytest.raises(ValueError, match='one for each sample, so 2, got 1'):
        metric.process(None, samples('ab'))


@pytest.mark.slow
def test_two_processes_give_the_order_of_the_dataset(tmp_path):
    torch.multiprocessing.spawn(evaluate_objects, (tmp_path, 'abcde'), nprocs=2)
    for rank in (0, 1):
        found = torch.load(tmp_path / f'{rank}.pth')
        assert found == {'names/all': 'abcde'}


@pytest.mark.slow
def test_two_processes_fail_alike(tmp_path):
    """Neither waits for the other, which found a mistake in what it holds."""
    torch.multiprocessing.spawn(evaluate_mistakes, (tmp_path,), nprocs=2)
    for rank in (0, 1):
        label, walk = torch.load(tmp_path / f'{rank}.pth')
        assert 'Accuracy: 1 of 1 samples have a label that is no class' in label
        assert 'CrossViewRank: the embeddings of 2 of 2 walks are NaN' in walk


def test_without_a_prefix_results_have_their_own_names():
    class Count(SampleMetric):
        def objects(self, data_samples):
            return [1 for _ in data_samples]

        def compute_metrics(self, results):
            return dict(count=sum(results))

    class Row(RowMetric):
        def fields(self, data_samples):
            return (torch.ones(len(data_samples)),)

        def rows(self, ones):
            return ones

        def compute_metrics(self, results):
            return dict(rows=sum(part.sum().item() for part in results))

    for metric, expected in ((Count(), dict(count=2)), (Row(), dict(rows=2))):
        metric.process(None, [DataSample(), DataSample()])
        assert metric.evaluate(2) == expected
