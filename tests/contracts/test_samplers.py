"""What every sampler promises: an order by seed and epoch, from any place on."""

from __future__ import annotations

from itertools import islice

import pytest
from contracts.tiny import SAMPLERS, arguments_of, registered

from mmlite.datasets import BaseDataset
from mmlite.errors import ConfigError
from mmlite.registry import DATA_SAMPLERS

FEW = 12  # entries that are looked at, as some samplers never end


class Labels(BaseDataset):
    """40 samples of 4 classes, lying and standing in turn."""

    def load_data_list(self):
        sizes = [(60, 40), (40, 60)]
        return [
            dict(gt_label=i % 4, width=sizes[i % 2][0], height=sizes[i % 2][1])
            for i in range(40)
        ]


NAMES = registered(DATA_SAMPLERS, 'mmlite.datasets')

# Samplers without epochs, each with the reason.
ENDLESS = {'InfiniteSampler': 'it goes through the dataset again and again'}

for_each_sampler = pytest.mark.parametrize('name', NAMES)
for_each_with_epochs = pytest.mark.parametrize(
    'name', [name for name in NAMES if name not in ENDLESS]
)


def build(name, **changes):
    args, _ = arguments_of(name, SAMPLERS, 'SAMPLERS')
    cfg = dict(args, type=name, dataset=Labels(), seed=3, **changes)
    return DATA_SAMPLERS.build(cfg)


def order(sampler, epoch=0, start=0):
    sampler.set_epoch(epoch)
    if start:
        sampler.set_start(start)
    return list(islice(iter(sampler), FEW - start))


@for_each_with_epochs
def test_the_order_follows_from_seed_and_epoch(name):
    for epoch in (0, 2):
        assert order(build(name), epoch) == order(build(name), epoch)
    sampler = build(name)
    assert order(sampler, 1) == order(sampler, 1)


@for_each_with_epochs
def test_another_epoch_or_seed_has_another_order(name):
    if SAMPLERS[name][1]:
        assert order(build(name), 0) != order(build(name), 1)


@for_each_with_epochs
@pytest.mark.parametrize('start', [1, 5])
def test_a_resumed_epoch_goes_on_where_it_stopped(name, start):
    expected = order(build(name), 2)[start:]
    found = order(build(name), 2, start)
    assert found[: len(expected)] == expected
    again = build(name)
    order(again, 2, start)
    assert order(again, 3) == order(build(name), 3)  # the next one is whole


@pytest.mark.parametrize('name', ENDLESS)
def test_an_endless_order_follows_from_the_seed_from_any_place_on(name):
    assert order(build(name)) == order(build(name))
    assert order(build(name), start=5) == order(build(name))[5:]


@for_each_sampler
def test_indices_are_those_of_the_dataset(name):
    for entry in order(build(name)):
        for index in entry if isinstance(entry, (list, tuple)) else [entry]:
            assert 0 <= int(index) < 40


@for_each_sampler
def test_unknown_arguments_are_refused_by_name(name):
    with pytest.raises(ConfigError, match="no argument 'no_such_argument'"):
        build(name, no_such_argument=1)
