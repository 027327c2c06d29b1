"""Images, views, pairs and sequences of one and of several sizes."""

import numpy as np
import pytest
import torch

from mmlite.errors import ConfigError, DataError
from mmlite.models.data_preprocessors import (
    DetDataPreprocessor,
    GaitDataPreprocessor,
    ImageDataPreprocessor,
    SelfSupDataPreprocessor,
    StereoDataPreprocessor,
    TwoNormDataPreprocessor,
    pad_like_images,
    unpad,
)
from mmlite.registry import MODELS
from mmlite.structures import DataSample, Ragged, SampleBatch, meta_values

MEAN, STD = [10.0, 20.0, 30.0], [2.0, 4.0, 8.0]


def images(*shape):
    return torch.randint(0, 256, shape, dtype=torch.uint8)


def scaled(x):
    return (x - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


@pytest.mark.parametrize('swap', ['to_rgb', 'bgr_to_rgb', 'rgb_to_bgr'])
def test_views_of_several_sizes(swap):
    views = [images(2, 3, 4, 4), images(2, 3, 2, 2)]
    prepare = SelfSupDataPreprocessor(MEAN, STD, **{swap: True})
    got = prepare(dict(inputs=views))['inputs']
    for view, found in zip(views, got, strict=True):
        torch.testing.assert_close(found, scaled(view[:, [2, 1, 0]]))


def test_two_views_with_two_norms():
    x, y = images(2, 3, 4, 4), images(2, 3, 2, 2)
    prepare = TwoNormDataPreprocessor(MEAN, STD, [1.0], [2.0], to_rgb=True)
    first, second = prepare(dict(inputs=[x, y]))['inputs']
    torch.testing.assert_close(first, scaled(x[:, [2, 1, 0]]))
    torch.testing.assert_close(second, (y[:, [2, 1, 0]] - 1.0) / 2)
    with pytest.raises(DataError, match='takes two views of each image'):
        prepare(dict(inputs=x))
    with pytest.raises(ConfigError, match='second_mean and second_std'):
        MODELS.build(dict(type='TwoNormDataPreprocessor', mean=[1.0], std=[1.0]))


def test_views_whose_images_differ_in_size():
    views = [[images(3, 4, 4), images(3, 2, 2)], [images(3, 5, 5), images(3, 1, 1)]]
    first, second = ImageDataPreprocessor()(dict(inputs=views), training=True)['inputs']
    assert (first.shape, second.shape) == ((2, 3, 4, 4), (2, 3, 5, 5))
    assert torch.equal(second[1, :, :1, :1], views[1][1].float())


@pytest.mark.parametrize('kind', [list, SampleBatch])
def test_sizes_are_written_down(kind):
    samples = kind([DataSample(), DataSample()])
    ragged = [images(3, 3, 5), images(3, 6, 2)]
    prepare = DetDataPreprocessor(pad_size_divisor=4)
    got = prepare(dict(inputs=ragged, data_samples=samples), training=True)
    assert got['inputs'].shape == (2, 3, 8, 8)
    assert meta_values(samples, 'img_shape') == [(3, 5), (6, 2)]
    assert meta_values(samples, 'batch_input_shape') == [(8, 8)] * 2
    assert meta_values(samples, 'padding') == [(0, 0, 3, 5), (0, 0, 6, 2)]


def test_sizes_that_are_known_are_kept():
    samples = [DataSample(metainfo=dict(img_shape=(30, 50)))]
    ImageDataPreprocessor()(dict(inputs=images(1, 3, 4, 4), data_samples=samples))
    assert samples[0].img_shape == (30, 50)
    assert samples[0].batch_input_shape == (4, 4)
    assert samples[0].get('padding') is None


def test_in_evaluation_each_image_is_padded_to_its_own_size():
    ragged = [images(3, 3, 5), images(3, 4, 7), images(3, 9, 1)]
    got = DetDataPreprocessor(pad_size_divisor=4)(dict(inputs=ragged))['inputs']
    assert isinstance(got, Ragged)
    assert [x.shape for x in got] == [(3, 4, 8), (3, 4, 8), (3, 12, 4)]
    assert got.groups() == [[0, 1], [2]]
    one_size = DetDataPreprocessor(pad_size_divisor=4)(dict(inputs=ragged[:2]))
    assert one_size['inputs'].shape == (2, 3, 4, 8)


@pytest.mark.parametrize('several', [False, True])
def test_pairs_are_padded_by_the_edge_and_cut_back_exactly(several):
    sizes = [(3, 5), (4, 6) if several else (3, 5)]
    pair = {k: [images(3, *size) for size in sizes] for k in ('ref_img', 'tgt_img')}
    samples = [DataSample(gt_disparity=torch.rand(size)) for size in sizes]
    prepare = StereoDataPreprocessor(pad_size_divisor=4)
    got = prepare(dict(inputs=pair, data_samples=samples), training=True)['inputs']
    for key, views in pair.items():
        assert got[key].shape == (2, 3, 4, 8)
        for image, padded in zip(views, got[key], strict=True):
            _, height, width = image.shape
            image = image.float()
            assert torch.equal(padded[:, 4 - height :, :width], image)
            assert torch.equal(padded[:, 0, :width], image[:, 0])
            right = image[:, :, -1:].expand(-1, -1, 8 - width)
            assert torch.equal(padded[:, 4 - height :, width:], right)
    cut = unpad(got['ref_img'], samples)
    for image, found in zip(pair['ref_img'], cut, strict=True):
        assert torch.equal(found, image.float())
    padded = pad_like_images(samples, 'gt_disparity')
    assert padded.shape == (2, 4, 8)
    for sample, found in zip(samples, unpad(padded, samples), strict=True):
        assert torch.equal(found, sample.gt_disparity)


def test_what_was_not_padded_is_not_cut():
    samples = SampleBatch([DataSample()])
    data = dict(inputs=dict(ref_img=images(1, 3, 4, 4)), data_samples=samples)
    StereoDataPreprocessor(pad_size_divisor=4)(data)
    values = torch.rand(1, 4, 4)
    assert unpad(values, samples) is values


def test_what_is_no_map_is_not_cut():
    sample = DataSample(metainfo=dict(batch_input_shape=(4, 4), padding=(0, 1, 0, 0)))
    (value,) = unpad([torch.arange(7)], [sample])
    assert torch.equal(value, torch.arange(7))


def test_maps_of_another_size_than_the_image():
    sample = DataSample(
        metainfo=dict(batch_input_shape=(4, 4)), gt_disparity=torch.zeros(3, 4)
    )
    with pytest.raises(DataError, match=r'gt_disparity is \(3, 4\) .* images are'):
        pad_like_images([sample], 'gt_disparity')


def test_sequences_of_one_length():
    x = images(2, 5, 4, 3)
    got = GaitDataPreprocessor()(dict(inputs=x))['inputs']
    torch.testing.assert_close(got, x / 255)
    x = images(2, 5, 3, 4, 3)  # with channels
    got = GaitDataPreprocessor(MEAN, STD)(dict(inputs=x))['inputs']
    torch.testing.assert_close(got, scaled(x))


def test_three_frames_are_no_colours():
    x = images(1, 3, 4, 4)
    got = GaitDataPreprocessor(to_rgb=True)(dict(inputs=x))['inputs']
    torch.testing.assert_close(got, x / 255)


@pytest.mark.parametrize('training', [True, False])
def test_sequences_of_several_lengths(training):
    walks = [images(5, 4, 3), images(2, 4, 3)]
    got = GaitDataPreprocessor()(dict(inputs=walks), training)['inputs']
    assert isinstance(got, Ragged)
    for walk, found in zip(walks, got, strict=True):
        torch.testing.assert_close(found, walk / 255)


@pytest.mark.parametrize(
    ('kind', 'inputs', 'message'),
    [
        (GaitDataPreprocessor, images(4, 4, 3), r'\(B, S, H, W\), \(B, S, C, H, W\)'),
        (GaitDataPreprocessor, [images(5, 4, 3), images(5, 1, 4, 3)], 'one number of'),
        (StereoDataPreprocessor, images(1, 3, 4, 4), 'a dict of two inputs, got a Ten'),
        (DetDataPreprocessor, [images(1, 4, 4), images(3, 5, 4)], 'one number of chan'),
    ],
)
def test_wrong_inputs(kind, inputs, message):
    with pytest.raises(DataError, match=message):
        kind()(dict(inputs=inputs))


def test_batch_transforms_refuse_samples_with_boxes():
    flip = dict(type='BatchRandomFlip', prob=1.0)
    prepare = ImageDataPreprocessor(batch_transforms=[flip])
    samples = SampleBatch([DataSample(gt_bboxes=torch.zeros(1, 4))])
    data = dict(inputs=images(1, 3, 4, 4), data_samples=samples)
    with pytest.raises(DataError, match='BatchRandomFlip moves .* but not gt_bboxes'):
        prepare(data, training=True)
    prepare(data, training=False)


def test_numbers_that_no_batch_has():
    for cfg in (
        dict(pad_value=float('inf')),
        dict(num_classes=0),
        dict(num_classes=-1),
    ):
        with pytest.raises(ConfigError, match=f'{next(iter(cfg))} (is|must)'):
            MODELS.build(dict(type='ClsDataPreprocessor', **cfg))


@pytest.mark.parametrize(
    ('inputs', 'message'),
    [
        ([], 'tensors, or lists or dicts of them, got none; .*PackInputs'),
        (np.zeros((2, 3, 4, 4)), 'got a ndarray'),
        ([np.zeros((3, 4, 4))], 'got a list with a ndarray'),
        ([torch.zeros(4, 4), torch.zeros(4, 5)], r'a list of \(C, H, W\), got'),
    ],
)
def test_what_are_no_images_is_refused(inputs, message):
    with pytest.raises(DataError, match=message):
        ImageDataPreprocessor()(dict(inputs=inputs))


@pytest.mark.parametrize(
    'inputs', [torch.zeros(2, 3, 4, 4), [torch.zeros(3, 4, 4)] * 2]
)
def test_there_is_a_sample_for_each_image(inputs):
    with pytest.raises(DataError, match='got 2 images and 1 samples'):
        ImageDataPreprocessor()(dict(inputs=inputs, data_samples=[DataSample()]))


def test_views_are_not_mixed_and_pairs_have_two_images():
    mixing = dict(augments=dict(type='Mixup', alpha=1.0))
    cfg = dict(type='ClsDataPreprocessor', num_classes=3, batch_augments=mixing)
    samples = [DataSample().set_gt_label(1) for _ in range(2)]
    views = dict(inputs=[torch.zeros(2, 3, 4, 4)] * 2, data_samples=samples)
    with pytest.raises(DataError, match='got a list of several views'):
        MODELS.build(cfg)(views, training=True)
    pair = dict(ref_img=torch.zeros(2, 3, 4, 4), tgt_img=torch.zeros(3, 3, 4, 4))
    with pytest.raises(DataError, match=r'one number of images, got \[2, 3\]'):
        MODELS.build(dict(type='StereoDataPreprocessor'))(dict(inputs=pair))
