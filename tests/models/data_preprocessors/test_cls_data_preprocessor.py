import pytest
import torch
from mmengine.structures import BaseDataElement
from support.samples import labelled

from mmlite.errors import ConfigError, DataError
from mmlite.models.data_preprocessors import ClsDataPreprocessor
from mmlite.registry import MODELS
from mmlite.structures import DataSample

MEAN, STD = [10.0, 20.0, 30.0], [2.0, 4.0, 8.0]


def images(*shape):
    return torch.randint(0, 256, shape, dtype=torch.uint8)


def normalized(image, mean=MEAN, std=STD):
    """By definition, one channel at a time."""
    channels = zip(image.tolist(), mean, std, strict=True)
    return torch.tensor(
        [[[(value - m) / s for value in row] for row in x] for x, m, s in channels]
    )


@pytest.mark.parametrize('batch', [1, 3])
def test_normalizes(batch):
    x = images(batch, 3, 4, 5)
    got = ClsDataPreprocessor(MEAN, STD)(dict(inputs=x))['inputs']
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, torch.stack([normalized(image) for image in x]))


def test_mean_and_std_are_in_the_order_after_the_flip():
    x = images(2, 3, 4, 4)
    got = ClsDataPreprocessor(MEAN, STD, to_rgb=True)(dict(inputs=x))['inputs']
    expected = torch.stack([normalized(image[[2, 1, 0]]) for image in x])
    torch.testing.assert_close(got, expected)


def test_gray_images_are_not_flipped():
    x = images(2, 1, 4, 4)
    got = ClsDataPreprocessor([10.0], [2.0], to_rgb=True)(dict(inputs=x))['inputs']
    torch.testing.assert_close(got, (x.float() - 10) / 2)


def test_without_normalization():
    x = images(2, 3, 4, 4)
    got = ClsDataPreprocessor()(dict(inputs=x))['inputs']
    assert got.dtype == torch.float32
    assert torch.equal(got, x.float())


@pytest.mark.parametrize('dtype', [torch.uint8, torch.float32])
@pytest.mark.parametrize('cfg', [{}, dict(mean=MEAN, std=STD, to_rgb=True)])
def test_what_the_loader_gave_is_left_alone(cfg, dtype):
    x = images(2, 3, 4, 4).to(dtype)
    before = x.clone()
    ClsDataPreprocessor(**cfg)(dict(inputs=x, data_samples=labelled(0, 1)), True)
    assert torch.equal(x, before)


def test_memory_format_is_kept():
    x = images(2, 3, 4, 4).to(memory_format=torch.channels_last)
    got = ClsDataPreprocessor(MEAN, STD, to_rgb=True)(dict(inputs=x))['inputs']
    assert got.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_follows_a_model_in_half_precision(dtype):
    x = images(2, 3, 4, 4)
    got = ClsDataPreprocessor(MEAN, STD).to(dtype)(dict(inputs=x))['inputs']
    assert got.dtype == dtype
    expected = torch.stack([normalized(image) for image in x])
    torch.testing.assert_close(got.float(), expected, rtol=0.02, atol=0.1)


def test_pads_to_a_multiple():
    x = images(2, 3, 5, 8)
    prepare = ClsDataPreprocessor(MEAN, STD, pad_size_divisor=4, pad_value=7)
    got = prepare(dict(inputs=x))['inputs']
    assert got.shape == (2, 3, 8, 8)
    torch.testing.assert_close(got[1, :, :5], normalized(x[1]))
    assert (got[:, :, 5:] == 7).all()


def test_list_of_equal_sizes_is_a_batch():
    x = images(3, 3, 4, 5)
    prepare = ClsDataPreprocessor(MEAN, STD)
    got = prepare(dict(inputs=list(x)))['inputs']
    assert torch.equal(got, prepare(dict(inputs=x))['inputs'])


@pytest.mark.parametrize('divisor', [1, 4])
def test_list_of_odd_sizes_is_padded(divisor):
    ragged = [images(3, 5, 3), images(3, 2, 7), images(3, 1, 1)]
    prepare = ClsDataPreprocessor(MEAN, STD, divisor, pad_value=-1, to_rgb=True)
    got = prepare(dict(inputs=ragged), training=True)['inputs']
    assert got.shape == ((3, 3, 5, 7) if divisor == 1 else (3, 3, 8, 8))
    for image, place in zip(ragged, got, strict=True):
        height, width = image.shape[1:]
        expected = normalized(image[[2, 1, 0]])
        torch.testing.assert_close(place[:, :height, :width], expected)
        assert (place[:, height:] == -1).all()
        assert (place[:, :, width:] == -1).all()


def test_samples_flow_through():
    samples = labelled(3, 1)
    got = ClsDataPreprocessor()(dict(inputs=images(2, 3, 4, 4), data_samples=samples))
    assert all(a is b for a, b in zip(got['data_samples'], samples, strict=True))
    assert 'gt_score' not in samples[0]


def test_no_samples():
    got = ClsDataPreprocessor()(dict(inputs=images(2, 3, 4, 4)))
    assert got['data_samples'] is None


def test_everything_goes_to_the_device():
    prepare = ClsDataPreprocessor(MEAN, STD, to_onehot=True, num_classes=4).to('meta')
    samples = labelled(3, [0, 1])
    samples[0].gt_instances = BaseDataElement(bboxes=torch.zeros(1, 4))
    data = dict(inputs=images(2, 3, 4, 4), data_samples=samples)
    got = prepare(data, training=True)
    assert got['inputs'].is_meta
    assert all(sample.gt_label.is_meta for sample in samples)
    assert all(sample.gt_score.is_meta for sample in samples)
    assert samples[0].gt_instances.bboxes.is_meta


def test_samples_of_another_kind_are_cast():
    prepare = ClsDataPreprocessor().to('meta')
    data = dict(inputs=images(1, 3, 4, 4), data_samples=[torch.zeros(2)])
    assert prepare(data)['data_samples'][0].is_meta


@pytest.mark.parametrize('training', [True, False])
def test_one_hot(training):
    prepare = ClsDataPreprocessor(to_onehot=True, num_classes=3)
    samples = labelled(2, 0)
    prepare(dict(inputs=images(2, 3, 4, 4), data_samples=samples), training)
    assert [s.gt_score.tolist() for s in samples] == [[0, 0, 1], [1, 0, 0]]
    assert [s.gt_label.tolist() for s in samples] == [[2], [0]]


def test_one_hot_of_several_labels():
    prepare = ClsDataPreprocessor(to_onehot=True, num_classes=3)
    samples = labelled([0, 2], [], 1)
    prepare(dict(inputs=images(3, 3, 4, 4), data_samples=samples))
    got = [sample.gt_score.tolist() for sample in samples]
    assert got == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]


def test_number_of_classes_from_the_samples():
    samples = [DataSample(metainfo=dict(num_classes=3)).set_gt_label(1)]
    data = dict(inputs=images(1, 3, 4, 4), data_samples=samples)
    ClsDataPreprocessor(to_onehot=True)(data)
    assert samples[0].gt_score.tolist() == [0, 1, 0]


def test_scores_are_not_made_twice():
    samples = [DataSample().set_gt_label(1).set_gt_score([0.5, 0.5])]
    prepare = ClsDataPreprocessor(to_onehot=True, num_classes=2)
    prepare(dict(inputs=images(1, 3, 4, 4), data_samples=samples))
    assert samples[0].gt_score.tolist() == [0.5, 0.5]


def half(inputs, scores):
    """A batch augmentation."""
    return inputs / 2, scores / 2


def test_augments_only_in_training():
    x = images(2, 3, 4, 4)
    prepare = ClsDataPreprocessor(num_classes=2, batch_augments=half)
    samples = labelled(0, 1)
    got = prepare(dict(inputs=x, data_samples=samples), training=False)
    assert torch.equal(got['inputs'], x.float())
    assert samples[1].gt_score.tolist() == [0, 1]

    samples = labelled(0, 1)
    got = prepare(dict(inputs=x, data_samples=samples), training=True)
    assert torch.equal(got['inputs'], x / 2)
    assert samples[1].gt_score.tolist() == [0, 0.5]
    assert samples[1].gt_label.tolist() == [1]


def test_augments_from_a_config():
    prepare = ClsDataPreprocessor(
        num_classes=2, batch_augments=dict(augments=dict(type='Mixup', alpha=0.8))
    )
    assert 'RandomBatchAugment(1 Mixup(alpha=0.8))' in repr(prepare)
    samples = labelled(0, 1)
    prepare(dict(inputs=images(2, 3, 4, 4), data_samples=samples), training=True)
    for sample in samples:
        assert sample.gt_score.sum().item() == pytest.approx(1)


@pytest.mark.parametrize('nothing', [None, {}])
def test_no_augments(nothing):
    assert ClsDataPreprocessor(batch_augments=nothing).batch_augments is None


def test_there_is_no_state():
    assert ClsDataPreprocessor(MEAN, STD).state_dict() == {}


def test_builds_on_the_meta_device():
    with torch.device('meta'):
        assert ClsDataPreprocessor(MEAN, STD).mean.is_meta


def test_repr_tells_the_numbers():
    got = repr(ClsDataPreprocessor([1.0], [2.0], to_rgb=True))
    assert got == 'ClsDataPreprocessor(mean=[1.0], std=[2.0], to_rgb=True)'


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(mean=MEAN), 'one value per channel each'),
        (dict(mean=MEAN, std=[1.0]), 'one value per channel each'),
        (dict(pad_size_divisor=0), 'at least 1, got 0'),
        (dict(batch_augments=dict(augment=[])), r'batch_augments: .*no argument .augm'),
        (
            dict(batch_augments=dict(augments=[dict(type='Mixupp')])),
            "batch_augments.augments.0: unknown type 'Mixupp'; did you mean 'Mixup'",
        ),
    ],
)
def test_wrong_arguments(cfg, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build(dict(type='ClsDataPreprocessor', **cfg))


@pytest.mark.parametrize(
    ('cfg', 'data', 'message'),
    [
        ({}, (1, 2), 'got a tuple; .*PackInputs'),
        ({}, dict(img=1), r"got a dict with the keys \['img'\]"),
        ({}, dict(inputs=images(3, 4, 4)), r'got a tensor of shape \(3, 4, 4\)'),
        (
            dict(mean=MEAN, std=STD),
            dict(inputs=images(1, 1, 4, 4)),
            '1 channels, but model.data_preprocessor.mean has 3 values',
        ),
        (
            {},
            dict(inputs=[images(3, 4, 4), images(1, 5, 4)]),
            r'\(3, 4, 4\), \(1, 5, 4\)',
        ),
        (
            dict(num_classes=3),
            dict(inputs=images(2, 3, 4, 4), data_samples=labelled(2, 3)),
            'label 3 is not a class: model.head.num_classes is 3',
        ),
        (
            dict(to_onehot=True),
            dict(inputs=images(1, 3, 4, 4), data_samples=labelled(2)),
            'set model.data_preprocessor.num_classes',
        ),
        (
            dict(batch_augments=half),
            dict(inputs=images(1, 3, 4, 4), data_samples=[DataSample()]),
            'batch augmentations mix labels',
        ),
        (
            dict(num_classes=3),
            dict(inputs=images(2, 3, 4, 4), data_samples=[*labelled(1), DataSample()]),
            'sample 1 of the batch has no gt_label',
        ),
    ],
)
def test_wrong_data(cfg, data, message):
    with pytest.raises(DataError, match=message):
        ClsDataPreprocessor(**cfg)(data, training=True)
