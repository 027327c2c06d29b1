"""What every dataset promises: samples through a pipeline, classes by name."""

from __future__ import annotations

import inspect

import pytest
from contracts.tiny import registered

from mmlite.datasets import BaseDataset
from mmlite.errors import ConfigError
from mmlite.registry import DATASETS
from mmlite.signature import arguments_of

CLASSES = {
    name: DATASETS.get(name)
    for name in registered(DATASETS, 'mmlite.datasets')
    if inspect.isclass(DATASETS.get(name))
}
NAMES = [name for name, kind in CLASSES.items() if issubclass(kind, BaseDataset)]
for_each_dataset = pytest.mark.parametrize('name', NAMES)


@for_each_dataset
def test_it_takes_what_every_dataset_takes(name):
    wanted = arguments_of(DATASETS.get(name))
    assert {'pipeline', 'metainfo'} <= wanted.kinds.keys()
    assert not wanted.open, 'a mistyped argument would pass unseen'


@for_each_dataset
def test_the_names_of_its_classes_are_distinct(name):
    classes = DATASETS.get(name).METAINFO.get('classes', ())
    assert len(set(classes)) == len(classes)
    assert all(isinstance(name, str) and name for name in classes)


@for_each_dataset
def test_unknown_arguments_are_refused_by_name(name):
    with pytest.raises(ConfigError, match="no argument 'no_such_argument'"):
        DATASETS.build(dict(type=name, data_root='nowhere', no_such_argument=1))
