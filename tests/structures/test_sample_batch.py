from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import torch
from mmengine.model import BaseDataPreprocessor
from mmengine.structures import BaseDataElement
from torch import Tensor
from torch.utils.data._utils.pin_memory import pin_memory

from mmlite.errors import DataError
from mmlite.structures import (
    DataSample,
    MultiLabelDataSample,
    SampleBatch,
    Taken,
    check_labels,
    defer_field,
    field_names,
    gather_field,
    has_field,
    has_meta,
    meta_values,
    move_field,
    packed_field,
    scatter_field,
    set_meta,
)


def sample(label, path='', **fields):
    made = DataSample(metainfo=dict(img_path=path)).set_gt_label(label)
    made.set_data(fields)
    return made


def labels_of(samples):
    return [s.gt_label.tolist() for s in samples]


@pytest.fixture
def batch():
    return SampleBatch(sample(label, f'{label}.png') for label in (3, 1, 4))


def test_reads_like_a_list(batch):
    assert len(batch) == 3
    assert labels_of(batch) == [[3], [1], [4]]
    assert [s.img_path for s in batch] == ['3.png', '1.png', '4.png']
    assert batch[-1].gt_label.tolist() == [4]
    assert batch[np.int64(1)] is batch[1] is batch[-2]
    assert labels_of(batch[1:]) == [[1], [4]] and batch[0] in batch
    assert batch == list(batch) and batch != list(batch)[:2] and batch != 3
    assert not SampleBatch() and SampleBatch() == []
    for place in (3, -4):
        with pytest.raises(IndexError):
            batch[place]


def test_a_field_is_one_tensor(batch):
    assert batch.field('gt_label').tolist() == [3, 1, 4]
    assert batch.field('gt_score') is None
    assert batch.keys() == ['gt_label']
    assert batch.metainfo == dict(img_path=['3.png', '1.png', '4.png'])


def test_samples_come_back_as_they_were():
    given = [
        sample(
            [i] * (i + 1),
            pred_score=torch.tensor([0.5, i]),
            embedding=torch.tensor([1.0 * i]),
            mask=torch.full((2, 3), i),
            scalar=torch.tensor(i),
            array=np.full(2, i),
            boxes=BaseDataElement(at=torch.ones(i)),
        )
        for i in range(3)
    ]
    given[1].set_field(7, 'only_here')
    given[2].set_metainfo(dict(flip=True))
    batch = SampleBatch(given)
    assert batch.field('pred_score').shape == (3, 2)
    assert batch.field('embedding').shape == (3,)
    for before, after in zip(given, batch, strict=True):
        assert type(after) is DataSample
        assert after.metainfo == before.metainfo
        assert set(after.keys()) == set(before.keys())
        for name in ('gt_label', 'pred_score', 'embedding', 'mask', 'scalar'):
            assert torch.equal(after.get(name), before.get(name))
        assert after.boxes is before.boxes and after.array is before.array


# The type of a field by its name, whatever is in it.
KINDS = {
    'gt_label': (torch.tensor([3]), Tensor),
    'pred_score': (torch.rand(4), Tensor),
    'pred_embedding': (torch.rand(4, 2), Tensor),
    'several labels': (torch.tensor([3, 1]), list),
    'gt_bboxes': (torch.rand(2, 4), list),
    'pred_disparity': (torch.rand(5, 6), list),
    'sils': (torch.zeros(3, 8, 8), list),
    'nobody_registered': (torch.rand(1), list),
}


@pytest.mark.parametrize('name', KINDS)
def test_the_type_of_a_field_follows_from_its_kind(name):
    value, expected = KINDS[name]
    name = 'gt_label' if ' ' in name else name
    made = SampleBatch([DataSample(**{name: value})] * 2)
    filled = SampleBatch.of(2)
    filled.set_field(name, torch.stack([value] * 2))
    looked_at = SampleBatch([DataSample(**{name: value})] * 2)
    list(looked_at)
    for batch in (made, filled, looked_at, made.to('cpu'), made.take(torch.arange(2))):
        column = batch.field(name)
        assert isinstance(column, expected) or expected is list
        assert isinstance(column, Tensor) == (expected is Tensor)
        assert torch.equal(batch[1].get(name), value)


@pytest.mark.parametrize('counts', [(1, 1), (1, 2), (0, 1), (2, 2), (0, 0)])
def test_several_labels_are_a_list_however_many_there_are(counts):
    labels = [torch.arange(count) for count in counts]
    samples = [MultiLabelDataSample().set_gt_label(own) for own in labels]
    made = SampleBatch(samples)
    filled = SampleBatch.of(2, dict(gt_label=labels), kind=MultiLabelDataSample)
    sent = pickle.loads(pickle.dumps(made))
    looked_at = SampleBatch(samples)
    list(looked_at)
    made.set_field('pred_label', labels)
    batches = [made, filled, sent, looked_at, made.to('cpu'), *made.split(2)]
    for batch in (*batches, made.take(torch.arange(2))):
        for name in {'gt_label', *batch.keys()}:
            column = batch.field(name)
            assert type(column) is not Tensor and isinstance(column, Sequence)
            assert [each.tolist() for each in column] == [
                *map(list, map(range, counts))
            ]
        assert all(type(sample) is MultiLabelDataSample for sample in batch)
    # One sample of several labels among others makes it such a batch.
    mixed = SampleBatch([DataSample().set_gt_label(1), samples[0]])
    assert type(mixed.field('gt_label')) is list


def test_values_that_differ_stay_apart():
    values = [torch.ones(2), torch.ones(2, dtype=torch.long), np.ones(2)]
    batch = SampleBatch(DataSample(gt_score=value) for value in values)
    assert all(s.gt_score is value for s, value in zip(batch, values, strict=True))
    weight = torch.nn.Parameter(torch.ones(2))
    pair = [DataSample(gt_score=weight), DataSample(gt_score=torch.ones(2))]
    assert SampleBatch(pair)[0].gt_score is weight
    learned = torch.ones(2, requires_grad=True)
    batch = SampleBatch([DataSample(gt_score=learned)] * 2)
    assert batch[0].gt_score is learned


def test_what_is_set_in_a_sample_counts_for_the_batch(batch):
    batch[1].set_gt_label(9)
    assert batch.field('gt_label').tolist() == [3, 9, 4]
    for i, one in enumerate(batch):
        one.set_pred_score([0.0, i])
    assert batch.field('pred_score').tolist() == [[0, 0], [0, 1], [0, 2]]
    batch[0].img_path_2 = 'x'
    assert has_field(batch, 'img_path_2') and 'img_path_2' not in batch[1]
    del batch[2].gt_label
    with pytest.raises(DataError, match=r'sample 2 .*\(4.png\) has no gt_label'):
        gather_field(batch, 'gt_label')


def test_what_is_written_into_a_sample_counts_for_the_batch(batch):
    batch[1].gt_label[0] = 9
    assert batch.field('gt_label').tolist() == [3, 9, 4]
    batch[0].new_field = 1
    assert batch.field('new_field') == [1, ..., ...]
    batch[1].gt_label[0] = 8
    assert batch.field('gt_label').tolist() == [3, 8, 4]


def test_what_is_set_in_the_batch_counts_for_its_samples(batch):
    first = batch[0]
    batch.set_field('pred_label', torch.tensor([5, 6, 7]))
    batch.set_field('names', ['a', 'b', 'c'])
    assert first.pred_label.tolist() == [5] and first.names == 'a'
    assert batch[0] is first and batch[2].names == 'c'
    with pytest.raises(ValueError, match='gt_label has 2 values for 3 samples'):
        batch.set_field('gt_label', torch.zeros(2))


def test_meta_information_is_read_alike(batch):
    for samples in (batch, list(copy.deepcopy(batch))):
        assert meta_values(samples, 'img_path') == ['3.png', '1.png', '4.png']
        assert meta_values(samples, 'flip', False) == [False] * 3
        assert has_meta(samples, 'img_path') and not has_meta(samples, 'flip')
        set_meta(samples, 'scale', [1, 2, 3])
        assert meta_values(samples, 'scale') == [1, 2, 3]
        with pytest.raises(ValueError):
            set_meta(samples, 'scale', [1])
        samples[0].set_metainfo(dict(flip=True))
        set_meta(samples, 'scale', [4, 5, 6])  # now that they were looked at
        assert meta_values(samples, 'flip', False) == [True, False, False]
        assert [s.scale for s in samples] == [4, 5, 6]
        assert 'scale' in samples[1].metainfo_keys()
    assert not has_meta([], 'img_path')


LOOKS = dict(
    field=lambda batch: batch.field('pred_label'),
    sample=lambda batch: batch[1],
    take=lambda batch: batch.take(torch.tensor([0])),
    to=lambda batch: batch.to('cpu'),
    copy=copy.deepcopy,
    bounds=lambda batch: batch.bounds('pred_label'),
)


@pytest.mark.parametrize('look', LOOKS.values(), ids=LOOKS)
def test_a_deferred_field_is_computed_once(batch, look):
    calls = []

    def compute():
        calls.append(1)
        return torch.tensor([5, 6, 7])

    batch.set_field('pred_label', torch.zeros(3))  # of an earlier epoch
    defer_field(batch, 'pred_label', compute)
    assert batch.field('gt_label').tolist() == [3, 1, 4] and len(batch) == 3
    assert 'pred_label' in repr(batch) and 'pred_label' in batch.keys() and not calls
    look(batch)
    assert batch.field('pred_label').tolist() == [5, 6, 7]
    assert batch.bounds('pred_label') == (5, 7)
    assert [s.pred_label.item() for s in batch] == [5, 6, 7] and calls == [1]


def test_a_deferred_field_of_samples_that_were_looked_at(batch):
    first = batch[0]
    defer_field(batch, 'pred_label', lambda: torch.tensor([5, 6, 7]))
    assert first.pred_label.tolist() == [5]
    batch = SampleBatch(batch)
    defer_field(batch, 'pred_label', lambda: 1 / 0)
    batch.set_field('pred_label', torch.tensor([5, 6, 7]))  # in its place
    assert batch[1].pred_label.tolist() == [6]
    defer_field(SampleBatch(batch), 'pred_label', lambda: torch.zeros(2))
    with pytest.raises(ValueError, match='pred_label has 2 values for 3 samples'):
        defer_field(batch, 'pred_label', lambda: torch.zeros(2))


def test_the_functions_do_the_same_to_both(batch):
    for samples in (batch, list(copy.deepcopy(batch))):
        assert gather_field(samples, 'gt_label').tolist() == [3, 1, 4]
        scatter_field(samples, 'gt_score', torch.arange(6.0).view(3, 2))
        scatter_field(samples, 'pred_label', torch.tensor([5, 6, 7]))
        scatter_field(samples, 'rows', torch.arange(6).view(3, 2))
        assert set(field_names(samples)) == {
            *('gt_label', 'gt_score', 'pred_label', 'rows')
        }
        assert gather_field(samples, 'gt_score').tolist() == [0, 1, 2, 3, 4, 5]
        assert gather_field(samples, 'rows').tolist() == [0, 1, 2, 3, 4, 5]
        assert samples[1].gt_score.tolist() == [2, 3]
        assert samples[1].pred_label.tolist() == [6]
        assert has_field(samples, 'gt_score') and not has_field(samples, 'nothing')
        with pytest.raises(DataError, match=r'sample 0 .*\(3.png\) has no nothing'):
            gather_field(samples, 'nothing')
        with pytest.raises(DataError, match=r'label 4 \(4.png\) is not a class'):
            check_labels(samples, 4)
        for name in ('gt_label', 'gt_score'):
            move_field(samples, name, torch.device('meta'))
        assert samples[2].gt_score.is_meta and samples[2].gt_score.shape == (2,)
        assert samples[2].gt_label.is_meta and samples[2].gt_label.shape == (1,)
        with pytest.raises(ValueError):
            scatter_field(samples, 'rows', torch.zeros(2))
    assert field_names([]) == [] and not has_field([], 'gt_label')
    assert packed_field(batch, 'gt_score').shape == (3, 2)
    assert packed_field(batch, 'rows') is None


def test_ragged_fields_are_moved_and_gathered():
    batch = SampleBatch([sample([1, 2]), sample([3])])
    assert packed_field(batch, 'gt_label') is None
    assert gather_field(batch, 'gt_label').tolist() == [1, 2, 3]
    move_field(batch, 'gt_label', torch.device('meta'))
    assert [s.gt_label.shape for s in batch] == [(2,), (1,)]
    assert batch[0].gt_label.is_meta


def test_to_makes_another_batch(batch):
    batch.set_field('boxes', [BaseDataElement(at=torch.ones(i)) for i in range(3)])
    moved = batch.to('meta', non_blocking=True)
    assert moved.field('gt_label').is_meta and moved[1].boxes.at.is_meta
    assert moved.metainfo == batch.metainfo
    assert batch.field('gt_label').tolist() == [3, 1, 4]


def test_mmengine_moves_it(batch):
    moved = BaseDataPreprocessor().to('meta')(dict(data_samples=batch))
    assert isinstance(moved['data_samples'], SampleBatch)
    assert all(one.gt_label.is_meta for one in moved['data_samples'])
    assert moved['data_samples'][1].img_path == '1.png'


def test_torch_pins_it(batch, monkeypatch):
    monkeypatch.setattr(torch.Tensor, 'pin_memory', lambda self, *args: self + 100)
    pinned = pin_memory(batch)
    assert isinstance(pinned, SampleBatch)
    assert pinned.field('gt_label').tolist() == [103, 101, 104]


def test_take(batch):
    batch.set_field('names', ['a', 'b', 'c'])
    taken = batch.take(torch.tensor([2, 0, 2]))
    assert labels_of(taken) == [[4], [3], [4]]
    assert [s.names for s in taken] == ['c', 'a', 'c']
    assert taken[0].img_path == '4.png'
    taken[0].set_gt_label(0)
    assert labels_of(batch) == [[3], [1], [4]]
    again = pickle.loads(pickle.dumps(taken))
    assert again.metainfo['img_path'] == ['4.png', '3.png', '4.png']


def test_taken_looks_up_late():
    class Source(list):
        asked = 0

        def __getitem__(self, place):
            self.asked += 1
            return super().__getitem__(place)

    source = Source('abc')
    taken = Taken(source, torch.tensor([2, 1]))
    assert len(taken) == 2 and source.asked == 0
    assert list(taken) == ['c', 'b'] and taken[-1] == 'b'


def test_split(batch):
    batch.set_field('ragged', [torch.ones(i) for i in range(3)])
    batch[2].set_gt_label(0)
    for whole in (batch, batch.take(torch.tensor([0, 1, 2]))):
        first, second = whole.split(2)
        assert labels_of(first) == [[3], [1]] and labels_of(second) == [[0]]
        assert [len(s.ragged) for s in first] == [0, 1]
        assert second[0].img_path == '4.png'
        (alone,) = whole.split(9)
        assert labels_of(alone) == labels_of(whole)
    assert SampleBatch().split(2) == []


def test_pickles_and_copies_are_equal(batch):
    scores = torch.rand(3, 2000)
    batch.set_field('gt_score', scores)
    batch.set_field('ragged', [torch.ones(i) for i in range(3)])
    batch[0].set_pred_label(2)
    for other in (
        pickle.loads(ForkingPickler.dumps(batch)),
        pickle.loads(pickle.dumps(batch)),
        copy.deepcopy(batch),
    ):
        assert labels_of(other) == labels_of(batch)
        assert other.field('gt_label').dtype == torch.int64
        assert torch.equal(other.field('gt_score'), scores)
        assert [len(s.ragged) for s in other] == [0, 1, 2]
        assert other.metainfo == batch.metainfo
        assert other[0].pred_label.tolist() == [2] and 'pred_label' not in other[1]
        other[0].gt_label[0] = 7
        assert batch[0].gt_label.tolist() == [3]


def test_labels_cost_no_shared_memory(batch):
    assert b'rebuild_storage' not in bytes(ForkingPickler.dumps(batch))


def test_repr(batch):
    assert repr(batch) == 'SampleBatch of 3 with gt_label'
    assert repr(SampleBatch()) == 'SampleBatch of 0 with no field'


def test_bounds(batch):
    assert batch.bounds('gt_label') == (1, 4)
    assert batch.bounds('nothing') is None
    # They travel: a batch of another process does not look at its labels again.
    there = pickle.loads(pickle.dumps(batch))
    there.field('gt_label').fill_(77)
    assert there.bounds('gt_label') == (1, 4)
    for part in (batch.take(torch.tensor([0])), batch.split(1)[0], batch.to('meta')):
        assert part.bounds('gt_label') == (1, 4)
    batch.set_field('gt_label', torch.tensor([5, 6, 7]))
    assert batch.bounds('gt_label') == (5, 7)
    batch.set_field('gt_label', torch.tensor([0.5, 1.0, 2.0]))
    assert batch.bounds('gt_label') is None
    assert batch.to('meta').bounds('gt_label') is None
    batch.set_field('gt_label', torch.tensor([5, 6, 7]))
    batch[0].set_gt_label(9)
    assert batch.bounds('gt_label') == (6, 9)
    assert SampleBatch([sample([1, 2]), sample([3])]).bounds('gt_label') is None


def test_bounds_that_are_too_wide_refuse_nothing(batch):
    batch.bounds('gt_label')
    part = batch.take(torch.tensor([1]))
    assert part.bounds('gt_label') == (1, 4)
    check_labels(part, 2)
    with pytest.raises(DataError, match=r'label 4 \(4.png\) is not a class'):
        check_labels(batch, 2)
