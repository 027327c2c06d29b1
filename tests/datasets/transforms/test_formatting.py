from __future__ import annotations

import numpy as np
import pytest
import torch

from mmlite.errors import DataError
from mmlite.registry import TRANSFORMS
from mmlite.structures import MultiLabelDataSample

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
    sizes = dict(img_shape=(4, 6), ori_shape=(4, 6))
    assert sample.metainfo == dict(img_path='a.png', flip=False, num_classes=5, **sizes)
    assert 'unasked' not in sample


@pytest.mark.parametrize('label', [[0, 2], np.array([0, 2]), torch.tensor([0, 2])])
def test_several_labels(label) -> None:
    sample = pack(dict(img=IMG, gt_label=label))['data_samples']
    assert sample.gt_label.tolist() == [0, 2]
    assert type(sample) is MultiLabelDataSample


def test_views() -> None:
    views = dict(img=[IMG, IMG[:2]], gt_label=np.int64(1), img_shape=[(4, 6), (2, 6)])
    packed = pack(views)
    assert [tuple(view.shape) for view in packed['inputs']] == [(3, 4, 6), (3, 2, 6)]
    assert packed['data_samples'].gt_label.tolist() == [1]
    assert packed['data_samples'].img_shape == [(4, 6), (2, 6)]
    del views['img_shape']
    assert pack(views)['data_samples'].img_shape == [(4, 6), (2, 6)]


def test_tensors_stay_as_they_are() -> None:
    tensor = torch.zeros(3, 2, 2)
    packed = pack(dict(img=tensor))
    assert packed['inputs'] is tensor and packed['data_samples'].img_shape == (2, 2)


def test_own_meta_keys_beside_the_sizes() -> None:
    sample = pack(dict(img=IMG, a=1, flip=True), meta_keys=('a',))['data_samples']
    assert sample.metainfo == dict(a=1, img_shape=(4, 6), ori_shape=(4, 6))


def test_the_original_size_is_that_before_the_first_step() -> None:
    results = TRANSFORMS.build(dict(type='CenterCrop', crop_size=2))(dict(img=IMG))
    sample = pack(results)['data_samples']
    assert sample.img_shape == (2, 2) and sample.ori_shape == (4, 6)


def test_several_inputs_become_a_dict() -> None:
    pair = dict(ref_img=IMG, tgt_img=IMG[:, ::-1], gt_disparity=np.ones((4, 6)))
    packed = pack(pair, input_key=['ref_img', 'tgt_img'])
    assert list(packed['inputs']) == ['ref_img', 'tgt_img']
    planes = IMG.transpose(2, 0, 1)
    np.testing.assert_array_equal(packed['inputs']['ref_img'], planes)
    np.testing.assert_array_equal(packed['inputs']['tgt_img'], planes[..., ::-1])
    sample = packed['data_samples']
    assert sample.gt_disparity.shape == (4, 6) and sample.img_shape == (4, 6)
    with pytest.raises(DataError, match="no field 'tgt_img'.*input_key"):
        pack(dict(ref_img=IMG), input_key=['ref_img', 'tgt_img'])
    with pytest.raises(ValueError, match='at least one field'):
        pack({}, input_key=[])


def test_sequences_keep_their_frames_in_front() -> None:
    walk = np.arange(5 * 4 * 6).astype(np.uint8).reshape(5, 4, 6)
    packed = pack(dict(sils=walk), input_key='sils')
    np.testing.assert_array_equal(packed['inputs'], walk)
    assert packed['data_samples'].img_shape == (4, 6)
    film = np.stack([IMG, IMG + 1])
    inputs = pack(dict(sils=film), input_key='sils')['inputs']
    assert inputs.shape == (2, 3, 4, 6)
    np.testing.assert_array_equal(inputs[1], (IMG + 1).transpose(2, 0, 1))


def test_ground_truth_is_packed_as_tensors() -> None:
    sample = pack(
        dict(
            img=IMG,
            gt_bboxes=[[0, 1, 2, 3]],
            gt_bboxes_labels=np.array([4]),
            gt_ignore_flags=[False],
            gt_masks=np.ones((1, 4, 6), np.uint8),
            gt_seg_map=np.full((4, 6), 7, '>i2'),
            extra=np.array([1.5, 2.5], '>f8'),
            words=['a', 'b'],
            count=3,
        ),
        algorithm_keys=('extra', 'words', 'count'),
    )['data_samples']
    assert sample.gt_bboxes.tolist() == [[0, 1, 2, 3]]
    assert sample.gt_bboxes_labels.tolist() == [4]
    assert sample.gt_ignore_flags.tolist() == [False]
    assert sample.gt_masks.shape == (1, 4, 6)
    assert sample.gt_seg_map.dtype == torch.int16 and (sample.gt_seg_map == 7).all()
    assert sample.extra.tolist() == [1.5, 2.5] and sample.extra.dtype == torch.float64
    assert sample.words == ['a', 'b'] and sample.count == 3


@pytest.mark.parametrize('empty', [[], (), np.zeros(0), np.zeros((0, 4)), [[]]])
def test_no_boxes_of_any_shape(empty) -> None:
    sample = pack(dict(img=IMG, gt_bboxes=empty))['data_samples']
    assert sample.gt_bboxes.shape == (0, 4)


def test_what_is_not_numeric_is_refused_in_one_line() -> None:
    image = pytest.importorskip('PIL.Image').fromarray(IMG)
    named = np.array(['a', 'b'])
    objects = np.array([IMG, None], object)
    for results, options, match in (
        (dict(img=image), {}, 'the field img: .*a Pillow image of size .*np.asarray'),
        (dict(img=[image, image]), {}, 'the field img: .*a Pillow image'),
        (dict(img=objects), {}, 'the field img: .*array of object'),
        (dict(img=IMG, a=named), dict(algorithm_keys=['a']), 'the field a: .*<U1'),
        (dict(img=IMG, a=image), dict(algorithm_keys=['a']), 'the field a: .*Pillow'),
        (dict(img=IMG[None]), {}, r'the field img: .*\(1, 4, 6, 3\)'),
        (
            dict(walk=IMG),
            dict(input_key='walk'),
            "the field walk: .*register_field.'walk', ImageField",
        ),
    ):
        with pytest.raises(DataError, match=f'^PackInputs: {match}') as caught:
            pack(results, **options)
        assert '\n' not in str(caught.value)
