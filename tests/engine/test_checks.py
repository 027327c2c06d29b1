"""A classifier needs an output for every class of its data."""

import pytest
from support.training import ToyRunPoints
from torch import nn

from mmlite.engine.checks import check_classes
from mmlite.errors import ConfigError
from mmlite.models.classifiers import ImageClassifier


class Rotations(ImageClassifier):
    """Learns something else than the classes of the dataset."""

    learns_classes = False

    def loss(self, inputs, data_samples):
        return self.head.loss(self.extract_feat(inputs), data_samples)


def built(kind, num_classes):
    head = dict(type='LinearClsHead', num_classes=num_classes, in_channels=3)
    return kind(nn.Flatten(), head=head)


def test_fewer_outputs_than_classes():
    with pytest.raises(ConfigError) as caught:
        check_classes(built(ImageClassifier, 2), ToyRunPoints(), 'my.py')
    assert str(caught.value) == (
        'my.py: model.head.num_classes is 2, but ToyRunPoints has 3 classes; '
        'set model.head.num_classes=3'
    )


def test_more_outputs_than_classes_are_warned_of(capsys):
    check_classes(built(ImageClassifier, 5), ToyRunPoints(), None)
    assert 'num_classes is 5, but ToyRunPoints has 3' in capsys.readouterr().out


def test_as_many_outputs_as_classes(capsys):
    check_classes(built(ImageClassifier, 3), ToyRunPoints(), None)
    assert capsys.readouterr().out == ''


def test_a_loss_of_its_own_counts_what_it_likes():
    check_classes(built(Rotations, 2), ToyRunPoints(), None)
