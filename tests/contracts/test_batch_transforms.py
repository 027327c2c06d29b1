"""What every transform of batches promises."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from contracts.tiny import BATCH_STEPS, KEEP_PLACE, STEPS, arguments_of, names_of

from mmlite.datasets.transforms import BatchTransform, refuse_left_behind
from mmlite.errors import ConfigError, DataError
from mmlite.registry import MODELS, TRANSFORMS
from mmlite.structures import DataSample, SampleBatch

for_each_step = pytest.mark.parametrize('name', names_of('batch_transforms'))
for_each_dtype = pytest.mark.parametrize('dtype', [torch.uint8, torch.float32])


def build(name, **changes):
    args = arguments_of(name, BATCH_STEPS, 'BATCH_STEPS')
    return TRANSFORMS.build(dict(args, type=name, **changes))


def images(dtype=torch.uint8, channels=3, batch=16):
    return torch.randint(0, 256, (batch, channels, 9, 12)).to(dtype)


@for_each_step
@for_each_dtype
def test_type_and_memory_stay_what_they_are(name, dtype):
    given = images(dtype)
    before = given.clone()
    result = build(name)(given)
    assert result.dtype == dtype and result.shape[:2] == given.shape[:2]
    assert torch.equal(given, before)
    assert not torch.equal(result[..., :8, :10], given[..., :8, :10])


@for_each_step
def test_each_image_depends_on_its_own_numbers_alone(name):
    step, given = build(name), images()
    numbers = torch.rand(16, step.count)
    together = step.apply(given, numbers)
    for i in range(16):
        alone = step.apply(given[i : i + 1], numbers[i : i + 1])
        assert torch.equal(alone[0], together[i])


@for_each_step
def test_extreme_numbers_are_in_order(name):
    step, given = build(name), images()
    for number in (0, 1 - 2**-24):
        step.apply(given, torch.full((16, step.count), number))


@for_each_step
def test_it_draws_from_the_generator_of_torch(name):
    step, given = build(name), images()
    results = []
    for _ in range(2):
        torch.manual_seed(7)
        results.append(step(given))
    assert torch.equal(*results)
    assert not torch.equal(step(given), results[0])


@for_each_step
def test_seeds_make_numbers(name):
    step = build(name)
    numbers = step.draw(np.arange(5), np.arange(5, dtype=np.uint64), epoch=0)
    assert numbers.shape == (5, step.count) and numbers.dtype == np.float32
    assert (numbers >= 0).all() and (numbers < 1).all()


@for_each_step
def test_grey_images_pass(name):
    assert build(name)(images(channels=1)).size(1) == 1


@for_each_step
def test_nothing_is_read_from_the_device(name):
    step = build(name)
    result = step.apply(images().to('meta'), torch.rand(16, step.count, device='meta'))
    assert result.is_meta and result.shape[:2] == (16, 3)


@for_each_step
def test_copies_and_pickles_do_the_same(name):
    step, given = build(name), images()
    numbers = torch.rand(16, step.count)
    for other in (copy.deepcopy(step), pickle.loads(pickle.dumps(step))):
        assert torch.equal(other.apply(given, numbers), step.apply(given, numbers))


@for_each_step
def test_it_is_the_batched_version_of_a_transform(name):
    single = name.removeprefix('Batch')
    args = arguments_of(name, BATCH_STEPS, 'BATCH_STEPS')
    batched = TRANSFORMS.build(dict(args, type=single)).batched()
    assert repr(batched) == repr(build(name))
    assert repr(batched).startswith(name)


@for_each_step
def test_what_is_no_batch_is_refused(name):
    for wrong in (dict(img=np.zeros((4, 4, 3))), [images()[0]], images()[0]):
        with pytest.raises(DataError, match=f'{name} takes .*batch_transforms'):
            build(name)(wrong)


@for_each_step
def test_unknown_arguments_are_refused_by_name(name):
    with pytest.raises(ConfigError, match="no argument 'no_such_argument'"):
        build(name, no_such_argument=1)


@for_each_step
@pytest.mark.parametrize('as_list', [True, False])
def test_fields_are_not_left_behind(name, as_list):
    step = build(name)
    labelled = DataSample(gt_label=torch.tensor([1]), gt_score=torch.ones(3))
    words = DataSample(gt_label=torch.tensor([1]), words=['a'], number=3)
    for samples in ([labelled], [words], []):
        samples = samples if as_list else SampleBatch(samples)
        refuse_left_behind([step, torch.nn.Identity()], samples)
    for field, value in (
        ('gt_bboxes', torch.zeros(1, 4)),
        ('gt_seg_map', torch.zeros(4, 4)),
        ('gt_bboxes_labels', torch.zeros(1)),
        ('mask', torch.zeros(4, 4)),
        ('unknown', torch.zeros(4, 4)),
    ):
        samples = [DataSample(gt_label=torch.tensor([1]), **{field: value})]
        samples = samples if as_list else SampleBatch(samples)
        if name in KEEP_PLACE:
            refuse_left_behind([step], samples)
        else:
            match = f'{name} moves the images .*{field}.*pipeline'
            with pytest.raises(DataError, match=match):
                refuse_left_behind([step], samples)


@for_each_step
def test_several_inputs_are_not_moved_apart(name):
    pair = dict(ref_img=images(torch.float32), tgt_img=images(torch.float32))
    step = dict(arguments_of(name, BATCH_STEPS, 'BATCH_STEPS'), type=name)
    prepare = MODELS.build(dict(type='StereoDataPreprocessor', batch_transforms=[step]))
    prepare(dict(inputs=pair))
    if name in KEEP_PLACE:
        prepare(dict(inputs=pair), training=True)
        return
    with pytest.raises(DataError, match=f'{name} would move ref_img and tgt_img apart'):
        prepare(dict(inputs=pair), training=True)


@for_each_step
def test_what_moves_says_so(name):
    place = torch.arange(9 * 12.0).view(1, 1, 9, 12).expand(16, 1, 9, 12)
    result = build(name)(place)
    kept = (result == place) if result.shape == place.shape else torch.zeros(1)
    changed = result[~kept.bool()] if result.shape == place.shape else result
    assert build(name).moves or changed.unique().numel() == 1  # one colour
    assert (name in KEEP_PLACE) != build(name).moves


@pytest.mark.parametrize('name', names_of('transforms'))
def test_every_transform_says_whether_it_is_random(name):
    if name.startswith('Albu'):
        pytest.importorskip('albumentations')
    step = TRANSFORMS.build(dict(arguments_of(name, STEPS, 'STEPS'), type=name))
    assert isinstance(getattr(step, 'is_random', True), bool)
    batched = getattr(step, 'batched', lambda: None)()
    assert batched is None or isinstance(batched, BatchTransform)
