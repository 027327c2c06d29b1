"""What every metric promises: the figures of a dataset, however it is cut up."""

from __future__ import annotations

import copy

import pytest
import torch
from contracts.tiny import METRIC_CASES, arguments_of, registered

from mmlite.registry import METRICS
from mmlite.structures import DataSample, SampleBatch

for_each_metric = pytest.mark.parametrize(
    'name', registered(METRICS, 'mmlite.evaluation')
)


def scores(size):
    """Scores of 5 classes, and single labels."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.rand(size, 5, generator=generator)
    return [
        DataSample().set_gt_label(i % 5).set_pred_score(row / row.sum())
        for i, row in enumerate(rows)
    ]


def boxes(size):
    """Boxes of 3 classes, as many as the image has a number, and shifted ones."""
    generator = torch.Generator().manual_seed(0)
    samples = []
    for i in range(size):
        corners = 40 * torch.rand(i % 4, 2, generator=generator)
        gold = torch.cat([corners, corners + 20], dim=1)
        labels = torch.arange(i % 4) % 3
        sample = DataSample(gt_bboxes=gold, gt_bboxes_labels=labels)
        sample.set_field(gold + i % 3, 'pred_bboxes')
        sample.set_field(torch.rand(i % 4, generator=generator), 'pred_scores')
        sample.set_field(labels, 'pred_labels')
        samples.append(sample)
    return samples


def walks(size):
    """Embeddings of walks of two identities, of two types and views."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for i in range(size):
        known = dict(type=f'nm-0{1 + i % 2}', view='000' if i % 4 < 2 else '090')
        sample = DataSample(metainfo=known).set_gt_label(i // 4 % 2)
        sample.pred_embedding = torch.rand(3, 2, generator=generator)
        found.append(sample)
    return found


def disparities(size):
    """Maps of several sizes, some pixels of which are unknown or occluded."""
    generator = torch.Generator().manual_seed(0)
    samples = []
    for i in range(size):
        target = torch.rand(5, 6 + i, generator=generator) * 20
        samples.append(
            DataSample(
                gt_disparity=target.where(target > 4, 0),
                pred_disparity=target + torch.randn(target.shape, generator=generator),
                gt_occlusion=(target > 15).byte(),
            )
        )
    return samples


def tasks(size):
    """Scores of one task."""
    return [DataSample(a=sample) for sample in scores(size)]


def difficult(size):
    """Scores, and classes that some images show with difficulty."""
    samples = scores(size)
    for i, sample in enumerate(samples):
        sample.set_metainfo(dict(gt_label_difficult=[(i + 1) % 5] if i % 2 else []))
    return samples


def embeddings(size):
    """Features of three classes."""
    generator = torch.Generator().manual_seed(0)
    return [
        DataSample(pred_embedding=row).set_gt_label(i % 3)
        for i, row in enumerate(torch.rand(size, 4, generator=generator))
    ]


def cues(size):
    """Scores of ImageNet's classes, for images whose folder is a category."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for i, row in enumerate(torch.rand(size, 1000, generator=generator)):
        sample = DataSample(
            metainfo=dict(img_path=f'{"cat" if i % 2 else "dog"}/{i}.png')
        )
        found.append(sample.set_pred_score(row))
    return found


#: What a metric can be given, by the name that its case states.
PREDICTIONS = dict(
    embeddings=embeddings,
    boxes=boxes,
    cues=cues,
    difficult=difficult,
    disparities=disparities,
    scores=scores,
    tasks=tasks,
    walks=walks,
)


def evaluated(name, sizes, kind=list, size=None):
    args, given = arguments_of(name, METRIC_CASES, 'METRIC_CASES')
    metric = METRICS.build(dict(copy.deepcopy(args), type=name))
    samples = PREDICTIONS[given](12)
    for count in sizes:
        metric.process(None, kind(samples[:count]))
        samples = samples[count:]
    return metric.evaluate(12 if size is None else size)


def same(a, b):
    assert a.keys() == b.keys()
    for key in a:
        torch.testing.assert_close(torch.as_tensor(a[key]), torch.as_tensor(b[key]))


@for_each_metric
def test_names_begin_with_the_prefix(name):
    prefix = METRICS.get(name).default_prefix
    if not prefix:
        pytest.skip('the names of its results begin with the task')
    results = evaluated(name, [12])
    assert results
    assert all(key.startswith(f'{prefix}/') for key in results)


@for_each_metric
def test_names_are_those_that_it_says_beforehand(name):
    args, _ = arguments_of(name, METRIC_CASES, 'METRIC_CASES')
    metric = METRICS.build(dict(copy.deepcopy(args), type=name))
    said = metric.result_names()
    if said is None:
        assert args.get('classwise')
        return
    before = f'{metric.prefix}/' if metric.prefix else ''
    # Some are left out where the data have nothing of their kind.
    assert len(set(said)) == len(said)
    assert set(evaluated(name, [12])) <= {f'{before}{each}' for each in said}


@for_each_metric
@pytest.mark.parametrize('sizes', [[1] * 12, [5, 5, 2]])
def test_it_does_not_matter_how_the_samples_are_cut_into_batches(name, sizes):
    same(evaluated(name, sizes), evaluated(name, [12]))


@for_each_metric
def test_batches_and_lists_give_the_same(name):
    same(evaluated(name, [5, 7], SampleBatch), evaluated(name, [12]))


@for_each_metric
def test_samples_that_fill_up_a_batch_do_not_count(name):
    same(evaluated(name, [5, 7], size=9), evaluated(name, [9], size=9))


@for_each_metric
def test_it_forgets_what_it_has_evaluated(name):
    args, given = arguments_of(name, METRIC_CASES, 'METRIC_CASES')
    metric = METRICS.build(dict(copy.deepcopy(args), type=name))
    found = []
    for _ in range(2):
        metric.process(None, PREDICTIONS[given](12))
        found.append(metric.evaluate(12))
    same(*found)
