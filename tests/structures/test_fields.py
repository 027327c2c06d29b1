import pytest
import torch
from mmengine.structures import BaseDataElement
from support.samples import labelled

from mmlite.errors import DataError
from mmlite.structures import (
    DataSample,
    check_labels,
    gather_field,
    move_field,
    scatter_field,
)


def test_gather():
    assert gather_field(labelled(3, [1, 2], 0), 'gt_label').tolist() == [3, 1, 2, 0]


def test_gather_names_the_sample_without_the_field():
    samples = [*labelled(3), DataSample().set_gt_score([0.5, 0.5])]
    samples[1].set_metainfo(dict(img_path='b.png'))
    with pytest.raises(DataError, match=r'sample 1 .*\(b.png\) has no gt_label.*score'):
        gather_field(samples, 'gt_label')


def test_scatter():
    samples = labelled(0, 0)
    scatter_field(samples, 'gt_label', torch.tensor([4, 5]).split(1))
    assert [sample.gt_label.tolist() for sample in samples] == [[4], [5]]


@pytest.mark.parametrize('labels', [(1, 2, 3), (1, [2, 3], 4)], ids=['even', 'ragged'])
def test_move_tensors(labels):
    samples = labelled(*labels)
    shapes = [sample.gt_label.shape for sample in samples]
    move_field(samples, 'gt_label', torch.device('meta'))
    assert all(sample.gt_label.is_meta for sample in samples)
    assert [sample.gt_label.shape for sample in samples] == shapes


def test_move_keeps_values():
    samples = labelled(1, [2, 3], 4)
    move_field(samples, 'gt_label', torch.device('cpu'))
    assert [sample.gt_label.tolist() for sample in samples] == [[1], [2, 3], [4]]


def test_move_what_is_no_tensor():
    boxes = BaseDataElement(bboxes=torch.zeros(1, 4))
    samples = [DataSample(gt_instances=boxes, name='a'), *labelled(1)]
    for name in ('gt_instances', 'name'):
        move_field(samples, name, torch.device('meta'))
    assert samples[0].gt_instances.bboxes.is_meta
    assert samples[0].name == 'a'
    assert 'name' not in samples[1]


def test_labels_that_fit():
    samples = labelled(0, 9)
    check_labels(samples, 10)
    check_labels([], 10)
    check_labels([DataSample()], 10)


@pytest.mark.parametrize(
    ('label', 'message'),
    [
        (12, r'label 12 \(a.png\) .*num_classes is 10.*from 0 to 9; set .*=13 or more'),
        (-1, r'label -1 \(a.png\) .*labels start at 0'),
    ],
)
def test_labels_that_do_not_fit(label, message):
    samples = labelled(3, label)
    samples[1].set_metainfo(dict(img_path='a.png'))
    with pytest.raises(DataError, match=message):
        check_labels(samples, 10)


def test_labels_on_a_device_are_not_waited_for():
    samples = labelled(99)
    move_field(samples, 'gt_label', torch.device('meta'))
    check_labels(samples, 10)
