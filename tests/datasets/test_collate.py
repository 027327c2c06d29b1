from __future__ import annotations

import copy
import pickle
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import torch

from mmlite.datasets import default_collate
from mmlite.errors import DataError
from mmlite.registry import FUNCTIONS
from mmlite.structures import DataSample


def sample(height: int, label: int) -> dict:
    return dict(
        inputs=torch.full((3, height, 5), label, dtype=torch.uint8),
        data_samples=DataSample().set_gt_label(label),
    )


def test_images_of_one_size_become_one_tensor() -> None:
    batch = default_collate([sample(4, 1), sample(4, 2)])
    assert batch['inputs'].shape == (2, 3, 4, 5)
    assert batch['inputs'].dtype == torch.uint8
    assert batch['inputs'][1].unique().tolist() == [2]
    assert [s.gt_label.item() for s in batch['data_samples']] == [1, 2]
    assert FUNCTIONS.get('default_collate') is default_collate


def test_ragged_images_stay_a_list() -> None:
    batch = default_collate([sample(4, 1), sample(6, 2)])
    assert [tuple(x.shape) for x in batch['inputs']] == [(3, 4, 5), (3, 6, 5)]


def test_views_are_collated_one_by_one() -> None:
    views = [
        dict(inputs=[sample(4, i)['inputs'], sample(6, i)['inputs']]) for i in (1, 2)
    ]
    first, second = default_collate(views)['inputs']
    assert first.shape == (2, 3, 4, 5) and second.shape == (2, 3, 6, 5)
    uneven = [dict(views=[1, 2]), dict(views=[3])]
    assert default_collate(uneven)['views'] == [[1, 2], [3]]


def test_everything_else_is_listed() -> None:
    batch = default_collate([dict(name='a', size=1), dict(name='b', size=2)])
    assert batch == dict(name=['a', 'b'], size=[1, 2])


def test_a_small_label_costs_no_shared_memory() -> None:
    data = ForkingPickler.dumps(sample(4, 3)['data_samples'])
    assert b'rebuild_storage' not in bytes(data)
    again = pickle.loads(data)
    assert again.gt_label.tolist() == [3] and again.gt_label.dtype == torch.int64


def test_all_fields_survive_the_way() -> None:
    before = DataSample(metainfo=dict(img_path='a.png')).set_gt_score([0.5, 0.5])
    before.half = torch.ones(2, dtype=torch.bfloat16)
    before.large = torch.ones(5000)
    before.array = np.arange(3)
    before.weight = torch.ones(2, requires_grad=True)
    for after in (pickle.loads(pickle.dumps(before)), copy.deepcopy(before)):
        assert after.metainfo == before.metainfo
        assert sorted(after.keys()) == sorted(before.keys())  # they have no order
        for name in ('gt_score', 'half', 'large'):
            assert torch.equal(after.get(name), before.get(name))
        assert isinstance(after.array, np.ndarray) and after.weight.requires_grad
        after.gt_score[0] = 9
        assert before.gt_score[0] == 0.5


def test_torch_collates_samples_too():
    """As a collate function of the user's own does that leaves the rest to torch's."""
    samples = [
        dict(inputs=torch.full((3, 2, 2), i), data_samples=DataSample().set_gt_label(i))
        for i in (4, 2)
    ]
    batch = torch.utils.data.default_collate(samples)
    assert batch['inputs'][:, 0, 0, 0].tolist() == [4, 2]
    assert batch['data_samples'].field('gt_label').tolist() == [4, 2]


def test_samples_that_are_not_packed_and_differ() -> None:
    with pytest.raises(DataError, match=r"no 'flip'; end the pipeline .*PackInputs"):
        default_collate([dict(img=1, flip=True), dict(img=2)])
