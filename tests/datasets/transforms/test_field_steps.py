import numpy as np
import pytest
import torch

from mmlite.errors import ConfigError, DataError
from mmlite.registry import TRANSFORMS


def run(results, kind, **arguments):
    return TRANSFORMS.build(dict(type=kind, **arguments))(results)


def test_the_axes_of_each_field_are_turned():
    image = np.arange(24).reshape(2, 3, 4)
    found = run(dict(img=image, gt_label=1), 'Transpose', keys=['img'], order=(2, 0, 1))
    assert found['img'].shape == (4, 2, 3)
    assert (found['img'][3, 1, 2], found['gt_label']) == (image[1, 2, 3], 1)


def test_axes_that_are_not_there():
    with pytest.raises(DataError, match=r'the field img \(\(2, 3\)\) does not have'):
        run(dict(img=np.ones((2, 3))), 'Transpose', keys=['img'], order=(2, 0, 1))


@pytest.mark.parametrize(
    'step',
    [
        dict(type='Collect'),
        dict(type='Transpose', order=[0]),
        dict(type='ToTensor'),
        dict(type='ImageToTensor'),
    ],
)
def test_a_field_that_is_absent(step):
    with pytest.raises(DataError, match=r"no field 'img' \(keys\), it has \['a'\]"):
        TRANSFORMS.build(dict(step, keys=['img']))(dict(a=1))


def test_numbers_lists_and_arrays_become_tensors():
    sample = dict(a=3, b=0.5, c=[1.5, 2], d=dict(e=np.array([1, 2]), f='x'), g=0)
    found = run(sample, 'ToTensor', keys=['a', 'b', 'c', 'd.e'])
    expected = dict(a=3, b=0.5, c=[1.5, 2.0])
    for key, value in expected.items():
        assert torch.equal(found[key], torch.tensor(value))
    assert torch.equal(found['d']['e'], torch.tensor([1, 2]))
    assert (found['d']['f'], found['g']) == ('x', 0)
    assert isinstance(sample['d']['e'], np.ndarray)  # it may belong to the dataset


def test_one_label_stays_one_label():
    image = np.zeros((4, 6, 3), np.uint8)
    sample = run(dict(img=image, gt_label=3), 'ImageToTensor', keys=['img'])
    sample = run(sample, 'ToTensor', keys=['gt_label'])
    packed = run(sample, 'PackInputs')
    assert type(packed['data_samples']).__name__ == 'DataSample'
    assert packed['data_samples'].gt_label.tolist() == [3]
    assert packed['data_samples'].img_shape == (4, 6)
    assert packed['inputs'].shape == (3, 4, 6)


@pytest.mark.parametrize('shape', [(2, 3), (2, 3, 4)])
def test_channels_come_first(shape):
    image = np.arange(np.prod(shape)).reshape(shape)
    found = run(dict(img=image[:, ::-1]), 'ImageToTensor', keys=['img'])['img']
    assert found.is_contiguous()
    expected = image[:, ::-1].reshape(2, 3, -1).transpose(2, 0, 1)
    np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize(
    ('kind', 'key', 'message'),
    [
        ('ToTensor', 'name', 'the field name: expected numbers, got a str'),
        ('ToTensor', 'rows', 'the field rows: expected numbers, got a list'),
        ('ToTensor', 'meta.y', r"no field 'meta\.y' \(keys\), it has \['x'\]"),
        ('ToTensor', 'name.y', r"no field 'name\.y'"),
        ('ImageToTensor', 'rows', 'the field rows: expected numbers, got a list'),
        ('ImageToTensor', 'flat', r'the field flat: expected an image .* \(3,\)'),
    ],
)
def test_what_cannot_become_a_tensor(kind, key, message):
    rows = [[1], [1, 2]]
    sample = dict(name='x', rows=rows, meta=dict(x=1), flat=np.ones(3))
    with pytest.raises(DataError, match=message):
        run(sample, kind, keys=[key])


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(type='Resize', size=(256, -1)), "'size'; that is now scale, or of one"),
        (dict(type='RandomResizedCrop', size=224), "'size'; that is now scale$"),
        (dict(type='RandomFlip', flip_prob=0.5), "'flip_prob'; that is now prob"),
        (dict(type='Collect', keys=['img'], meta_keys=()), 'meta_keys of PackInputs'),
        (dict(type='DefaultFormatBundle'), "that is now 'PackInputs'"),
        (dict(type='mmcls.PackClsInputs'), "that is now 'PackInputs'"),
    ],
)
def test_steps_of_older_versions(cfg, message):
    with pytest.raises(ConfigError, match=message):
        TRANSFORMS.build(cfg)
