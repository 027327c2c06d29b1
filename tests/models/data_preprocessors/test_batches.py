"""Batches whose samples are held field by field, and what is done to whole batches."""

from __future__ import annotations

import pytest
import torch

from mmlite.errors import ConfigError, DataError
from mmlite.models.data_preprocessors import ClsDataPreprocessor
from mmlite.models.heads import ClsHead
from mmlite.registry import MODELS
from mmlite.structures import DataSample, SampleBatch

LABELS = [2, 0, 1, 2]
FLIP = dict(type='BatchRandomFlip', prob=1.0)


def images(*shape):
    return torch.randint(0, 256, shape or (4, 3, 6, 8), dtype=torch.uint8)


def batch(labels=LABELS):
    return SampleBatch(DataSample().set_gt_label(label) for label in labels)


# samples field by field


@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize('mixes', [True, False])
def test_no_sample_is_made(training, mixes, no_samples):
    augments = dict(augments=dict(type='Mixup', alpha=1.0)) if mixes else None
    prepare = ClsDataPreprocessor([1.0], [2.0], num_classes=3, batch_augments=augments)
    samples = batch()
    got = prepare(dict(inputs=images(), data_samples=samples), training)
    assert got['data_samples'] is samples
    head = ClsHead()
    logits = torch.rand(4, 3)
    loss = head.loss((logits,), samples)['loss']
    if mixes and training:
        assert samples.field('gt_score').sum(1).allclose(torch.ones(4))
    else:
        expected = torch.nn.functional.cross_entropy(logits, torch.tensor(LABELS))
        torch.testing.assert_close(loss, expected)
    predicted = head.predict((logits,), samples)
    assert predicted is samples
    assert torch.equal(predicted.field('pred_label'), logits.argmax(1))
    torch.testing.assert_close(predicted.field('pred_score'), logits.softmax(1))
    assert isinstance(head.predict((logits,)), SampleBatch)


def test_everything_goes_to_the_device(no_samples):
    prepare = ClsDataPreprocessor(to_onehot=True, num_classes=3).to('meta')
    samples = batch()
    prepare(dict(inputs=images(), data_samples=samples), training=True)
    assert samples.field('gt_label').is_meta and samples.field('gt_score').is_meta


def test_labels_are_checked_before_they_leave():
    prepare = ClsDataPreprocessor(num_classes=2).to('meta')
    samples = batch()
    with pytest.raises(DataError, match='label 2 is not a class'):
        prepare(dict(inputs=images(), data_samples=samples))


@pytest.mark.parametrize('labels', [LABELS, [[0, 2], [], [1], [2]]])
def test_one_hot(labels):
    prepare = ClsDataPreprocessor(to_onehot=True, num_classes=3)
    samples = batch(labels)
    prepare(dict(inputs=images(), data_samples=samples))
    for sample, label in zip(samples, labels, strict=True):
        chosen = label if isinstance(label, list) else [label]
        assert sample.gt_score.tolist() == [float(k in chosen) for k in range(3)]


def test_one_label_per_image():
    with pytest.raises(DataError, match='one label per image, got 5 for 4'):
        ClsHead().loss((torch.rand(4, 3),), batch([[0, 2], [1], [1], [2]]))
    with pytest.raises(DataError, match='got 4 for 2'):
        ClsHead().loss((torch.rand(2, 3),), batch())


# transforms of batches


def test_transforms_come_before_the_normalisation():
    prepare = ClsDataPreprocessor(
        [10.0, 20.0, 30.0],
        [2.0, 4.0, 8.0],
        pad_size_divisor=5,
        to_rgb=True,
        batch_transforms=[
            FLIP,
            dict(type='BatchRandomCrop', crop_size=(8, 10), padding=1, pad_val=99),
        ],
    )
    plain = ClsDataPreprocessor(
        [10.0, 20.0, 30.0], [2.0, 4.0, 8.0], pad_size_divisor=5, to_rgb=True
    )
    given = images()
    before = given.clone()
    got = prepare(dict(inputs=given), training=True)['inputs']
    whole = torch.nn.functional.pad(given.flip(-1), (1, 1, 1, 1), value=99)
    torch.testing.assert_close(got, plain(dict(inputs=whole))['inputs'])
    assert torch.equal(given, before)


def test_transforms_only_in_training():
    prepare = ClsDataPreprocessor(batch_transforms=[FLIP])
    given = images()
    assert torch.equal(prepare(dict(inputs=given))['inputs'], given.float())
    flipped = prepare(dict(inputs=given), training=True)['inputs']
    assert torch.equal(flipped, given.float().flip(-1))


def test_transforms_of_a_list_and_of_your_own():
    def invert(inputs):
        return 255 - inputs

    prepare = ClsDataPreprocessor(batch_transforms=[invert])
    given = images()
    got = prepare(dict(inputs=list(given)), training=True)['inputs']
    assert torch.equal(got, 255 - given.float())


def test_transforms_draw_what_a_resumed_run_draws():
    prepare = ClsDataPreprocessor(
        batch_transforms=[dict(type='BatchRandomCrop', crop_size=3)]
    )
    given, state = images(), torch.get_rng_state()
    first = prepare(dict(inputs=given), training=True)['inputs']
    torch.set_rng_state(state)
    assert torch.equal(prepare(dict(inputs=given), training=True)['inputs'], first)


def test_transforms_are_shown():
    prepare = ClsDataPreprocessor(batch_transforms=[FLIP])
    assert "batch_transforms=[BatchRandomFlip(prob=1.0, direction='horizontal')]" in (
        repr(prepare)
    )
    assert ClsDataPreprocessor(batch_transforms=[]).batch_transforms == []


def test_images_of_several_sizes():
    prepare = ClsDataPreprocessor(batch_transforms=[FLIP])
    ragged = [images(3, 4, 4), images(3, 5, 4)]
    with pytest.raises(DataError, match='BatchRandomFlip takes images of one size'):
        prepare(dict(inputs=ragged), training=True)
    shapes = [image.shape for image in prepare(dict(inputs=ragged))['inputs']]
    assert shapes == [image.shape for image in ragged]


@pytest.mark.parametrize(
    ('step', 'message'),
    [
        (dict(type='BatchRandomFlp'), "batch_transforms.0: .*mean 'BatchRandomFlip'"),
        (dict(FLIP, prop=1), r"batch_transforms.0: .*no argument 'prop'"),
        (dict(FLIP, prob=2), r'batch_transforms.0: .*lie in \[0, 1\]'),
    ],
)
def test_wrong_transforms(step, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build(dict(type='ClsDataPreprocessor', batch_transforms=[step]))
