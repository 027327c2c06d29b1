"""Protocols of gait recognition on walks that can be counted."""

import pytest
import torch

from mmlite.errors import ConfigError, DataError
from mmlite.evaluation.functional import distance_chunks, part_distances
from mmlite.registry import METRICS
from mmlite.structures import DataSample


def walk(label, kind, view, value=None, subject=None):
    known = dict(type=kind, view=view, subject=subject or str(label))
    sample = DataSample(metainfo=known).set_gt_label(label)
    value = float(label) if value is None else value
    sample.pred_embedding = torch.full((2, 3), value)
    return sample


def evaluated(samples, kind='CrossViewRank', **options):
    if kind == 'CrossViewRank':
        options.setdefault('protocol', dict(gallery=['g'], probe=dict(P=['p'])))
    metric = METRICS.build(dict(options, type=kind))
    metric.process(None, samples)
    return metric.evaluate(len(samples))


def test_the_views_are_counted_not_assumed():
    samples = [
        walk(label, kind, view)
        for label in (0, 1)
        for kind in 'gp'
        for view in ('000', '045', '090')
    ]
    assert evaluated(samples) == {'gait/P@R1': 100.0}


def test_one_view_alone_is_explained():
    samples = [walk(0, kind, '090') for kind in 'gp']
    with pytest.raises(DataError, match='no pair of two views.*probes have 090'):
        evaluated(samples)


def test_pairs_that_do_not_exist_do_not_count():
    samples = [walk(0, 'g', '000'), walk(0, 'p', '000'), walk(0, 'p', '090')]
    assert evaluated(samples) == {'gait/P@R1': 100.0}


def test_a_probe_without_a_gallery_is_wrong_or_removed():
    samples = [walk(0, 'g', '000'), walk(0, 'p', '090'), walk(7, 'p', '090')]
    assert evaluated(samples) == {'gait/P@R1': 50.0}
    assert evaluated(samples, remove_no_gallery=True) == {'gait/P@R1': 100.0}
    probes = ['0-p-090', '7-p-090']
    found = evaluated(samples, 'GaitRetrieval', probe_set=probes, topk=1)
    assert found == {'gait/R1': 100.0, 'gait/mAP': 100.0, 'gait/mINP': 100.0}


def test_ranks_of_a_gallery_in_a_row():
    # Distances to the probe at 0: 1 (wrong), 2 (right), 3 (wrong).
    samples = [
        walk(0, 'p', '090', 0.0),
        *(walk(k, 'g', '000', v) for k, v in ((1, 1.0), (0, 2.0), (2, 3.0))),
    ]
    assert evaluated(samples, topk=(1, 2)) == {'gait/P@R1': 0.0, 'gait/P@R2': 100.0}
    found = evaluated(samples, 'GaitRetrieval', probe_set=['0-p-090'], topk=(1, 2))
    expected = {'R1': 0.0, 'R2': 100.0, 'mAP': 50.0, 'mINP': 50.0}
    assert found == {f'gait/{key}': value for key, value in expected.items()}


def test_conditions_are_matched_by_patterns():
    samples = [
        walk(0, kind, view)
        for kind in ('nm-01', 'nm-05', 'bg-02', 'cl-01')
        for view in ('000', '018')
    ]
    found = evaluated(samples, protocol='CASIA-B')
    assert found == {f'gait/{name}@R1': 100.0 for name in ('NM', 'BG', 'CL')}
    assert 'gait/Bag@R1' in evaluated(
        [walk(0, k, v) for k in ('00-nm', '02-bg') for v in ('000', '090')],
        protocol='SUSTech1K',
    )


def test_what_is_missing_is_explained():
    with pytest.raises(ConfigError, match="no protocol 'CASIAB'; did you mean"):
        METRICS.build(dict(type='CrossViewRank', protocol='CASIAB'))
    with pytest.raises(DataError, match=r"types \['x'\] have no gallery"):
        evaluated([walk(0, 'x', '000')])
    with pytest.raises(ConfigError, match='needs to know the probes'):
        evaluated([walk(0, 'x', '000')], 'GaitRetrieval')
    with pytest.raises(DataError, match='needs type and view of each sample'):
        sample = DataSample().set_gt_label(0)
        sample.pred_embedding = torch.zeros(2, 2)
        evaluated([sample])
    with pytest.raises(DataError, match='needs pred_embedding'):
        evaluated([DataSample().set_gt_label(0)])


def test_the_probes_of_the_partition_are_taken():
    metric = METRICS.build(dict(type='GaitRetrieval', topk=1))
    metric.dataset_meta = dict(probe_set=('0-p-090',))
    metric.process(None, [walk(0, 'p', '090'), walk(0, 'g', '000')])
    assert metric.evaluate(2)['gait/R1'] == 100.0


@pytest.mark.parametrize('metric', ['euc', 'cos'])
def test_distances_are_those_of_each_part(metric, monkeypatch):
    monkeypatch.setattr('mmlite.evaluation.functional.part_distance._NUMBERS', 10)
    a, b = torch.randn(7, 5, 3), torch.randn(4, 5, 3)
    pieces = list(distance_chunks(a, b, metric))
    assert len(pieces) == 4  # two rows of four numbers each
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            each = [
                (x[:, p] - y[:, p]).norm()
                if metric == 'euc'
                else 1 - torch.cosine_similarity(x[:, p], y[:, p], dim=0)
                for p in range(3)
            ]
            found = torch.cat([rows for _, rows in pieces])[i, j]
            torch.testing.assert_close(found, sum(each) / 3, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        part_distances(a[:0], b, metric), torch.zeros(0, 4), rtol=0, atol=0
    )


def test_conditions_stand_in_one_order_also_where_a_config_has_its_keys_sorted():
    types = dict(NM='n', BG='b', CL='c', own='o')
    samples = [walk(0, kind, view) for kind in 'gnbco' for view in ('000', '090')]
    for names in (types, sorted(types), reversed(types)):
        probe = {name: [types[name]] for name in names}
        found = evaluated(samples, protocol=dict(gallery=['g'], probe=probe))
        assert [*found] == [f'gait/{name}@R1' for name in types]
