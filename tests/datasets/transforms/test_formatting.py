from __future__ import annotations

import numpy as np
import pytest
import torch

from mmlite.registry import TRANSFORMS

IMG = np.random.RandomState(0).randint(0, 256, (4, 6, 3), dtype=np.uint8)


def pack(results: dict, **kwargs) -> dict:
    return TRANSFORMS.build(dict(type='PackInputs', **kwargs))(results)


@pytest.mark.parametrize(
    'img', [IMG, IMG[:, ::-1], IMG[::2, 1:3], IMG[..., :1], IMG[..., 0]]
)
def test_an_image_becomes_channels_first(img: np.ndarray) -> None:
    inputs = pack(dict(img=img))['inputs']
    planes = img[None] if img.ndim == 2 else img.transpose(2, 0, 1)
    assert inputs.dtype == torch.uint8
    np.testing.assert_array_equal(inputs.numpy(), planes)


def test_labels_scores_masks_and_meta() -> None:
    sample = pack(
        dict(
            img=IMG,
            gt_label=3,
            gt_score=np.eye(5)[3],
            mask=np.ones((2, 2), bool),
            extra='x',
            img_path='a.png',
            flip=False,
            unasked=1,
        ),
        algorithm_keys=['extra', 'absent'],
    )['data_samples']
    assert sample.gt_label.tolist() == [3] and sample.gt_label.dtype == torch.int64
    assert sample.gt_score.tolist() == [0, 0, 0, 1, 0]
    assert sample.mask.tolist() == [[True, True]] * 2
    assert sample.extra == 'x'
    assert sample.metainfo == dict(img_path='a.png', flip=False, num_classes=5)
    assert 'unasked' not in sample


@pytest.mark.parametrize('label', [[0, 2], np.array([0, 2]), torch.tensor([0, 2])])
def test_several_labels(label) -> None:
    sample = pack(dict(gt_label=label))['data_samples']
    assert sample.gt_label.tolist() == [0, 2]


def test_views_and_other_inputs() -> None:
    packed = pack(dict(views=[IMG, IMG[:2]], gt_label=np.int64(1)), input_key='views')
    assert [tuple(view.shape) for view in packed['inputs']] == [(3, 4, 6), (3, 2, 6)]
    assert packed['data_samples'].gt_label.tolist() == [1]
    assert 'inputs' not in pack(dict(gt_label=1))
    tensor = torch.zeros(3, 2, 2)
    assert pack(dict(img=tensor))['inputs'] is tensor


def test_own_meta_keys() -> None:
    sample = pack(dict(img=IMG, a=1, flip=True), meta_keys=('a',))['data_samples']
    assert sample.metainfo == dict(a=1)
