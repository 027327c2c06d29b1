"""What every transform promises."""

from __future__ import annotations

import copy
import inspect
import pickle
import random
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from contracts.tiny import OTHER_DTYPE, STEPS, arguments_of, names_of

from mmlite.errors import ConfigError
from mmlite.registry import TRANSFORMS
from mmlite.structures import DataSample
from mmlite.visualization import write_image

#: They need an extra, give pictures of Pillow, or are other names of these.
OF_EXTRAS = ('Albu', 'Albumentations', 'NumpyToPIL', 'ToNumpy', 'ToPIL')
for_each_step = pytest.mark.parametrize(
    'name', [name for name in names_of('transforms') if name not in OF_EXTRAS]
)

IMAGE = np.random.default_rng(0).integers(0, 256, (33, 47, 3), np.uint8)


def build(name, **changes):
    return TRANSFORMS.build(
        dict(arguments_of(name, STEPS, 'STEPS'), type=name, **changes)
    )


#: Steps of frames without boxes; all others are given images, and boxes.
OF_SEQUENCES = (
    'ElasticDistortion',
    'LoadSequence',
    'RandomPerspective',
    'RandomRotate',
    'SampleFrames',
    'SilhouetteCut',
    'SkeletonMaps',
)


@pytest.fixture
def sample(tmp_path, request):
    """A sample of odd size, as a dataset gives it."""
    name = request.node.callspec.params.get('name')
    others = ('instances', 'gt_bboxes') if name in OF_SEQUENCES else SEQUENCE_FIELDS
    sample = {k: v for k, v in whole_sample(tmp_path).items() if k not in others}
    if name == 'SilhouetteCut':  # beside an image, frames that need no cut
        sample['sils'] = np.zeros((3, 64, 44), np.uint8)
    return sample


SEQUENCE_FIELDS = ('sils', 'poses', 'seq_paths')


def whole_sample(tmp_path):
    write_image(IMAGE, tmp_path / 'image.png')
    image = IMAGE.copy()
    return dict(
        img=image,
        sils=np.stack([IMAGE[..., 0]] * 3),
        poses=np.ones((3, 17, 3), np.float32),
        seq_paths=['a walk that is loaded already'],
        img_path=str(tmp_path / 'image.png'),
        img_shape=image.shape[:2],
        ori_shape=image.shape[:2],
        gt_label=3,
        instances=[],
        gt_bboxes=np.zeros((0, 4), np.float32),
        sample_idx=5,
    )


def run(step, sample, seed=0):
    return step(dict(sample, rng=random.Random(seed)))


def arrays(value: object) -> Iterator[np.ndarray]:
    """All images in what a transform gives."""
    if isinstance(value, torch.Tensor):
        yield value.numpy()
    elif isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from arrays(item)


def images_of(results):
    return list(arrays(results.get('inputs', results.get('img'))))


@for_each_step
def test_images_stay_what_they_are(name, sample):
    images = images_of(run(build(name), sample))
    assert images
    for image in images:
        assert image.size > 0
        assert (image.dtype == np.uint8) == (name not in OTHER_DTYPE)


@for_each_step
def test_the_image_given_is_left_alone(name, sample):
    for seed in range(5):
        run(build(name), sample, seed)
        np.testing.assert_array_equal(sample['img'], IMAGE)


@for_each_step
def test_read_only_images_are_accepted(name, sample):
    sample['img'].flags.writeable = False
    for seed in range(5):
        assert images_of(run(build(name), sample, seed))


@for_each_step
def test_randomness_comes_from_the_sample_alone(name, sample):
    step = build(name)
    results = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        results.append(images_of(run(step, sample, seed=7)))
    for first, second in zip(*results, strict=True):
        np.testing.assert_array_equal(first, second)


@for_each_step
def test_it_runs_without_a_seed(name, sample):
    assert images_of(build(name)(sample))


@for_each_step
def test_grey_images_pass(name, sample):
    args = dict(mean=[120.0], std=[60.0]) if name == 'Normalize' else {}
    step = build(name, **args)
    for grey in (IMAGE[..., 0], IMAGE[..., :1]):
        for seed in range(3):
            result = run(step, dict(sample, img=grey.copy()), seed)
            assert images_of(result)


@for_each_step
def test_the_shape_stated_is_the_shape_given(name, sample):
    results = run(build(name), sample)
    if 'img' in results and isinstance(results['img'], np.ndarray):
        assert tuple(results['img_shape']) == results['img'].shape[:2]


@for_each_step
def test_the_label_is_kept(name, sample):
    if name == 'PackMultiTaskInputs':
        pytest.skip('its labels are by task')
    results = run(build(name), sample)
    packed = results.get('data_samples')
    if isinstance(packed, DataSample):
        assert packed.gt_label.tolist() == [3]
    else:
        assert results['gt_label'] in (3, [3, 3])


@for_each_step
def test_copies_and_pickles_do_the_same(name, sample):
    step = build(name)
    expected = images_of(run(step, sample))
    for other in (copy.deepcopy(step), pickle.loads(pickle.dumps(step))):
        for first, second in zip(expected, images_of(run(other, sample)), strict=True):
            np.testing.assert_array_equal(first, second)


def in_lists(value):
    """As JSON and YAML have it, which have no tuples."""
    if isinstance(value, dict):
        return {key: in_lists(item) for key, item in value.items()}
    return [in_lists(item) for item in value] if type(value) in (list, tuple) else value


@for_each_step
def test_lists_mean_what_tuples_do(name, sample):
    parameters = inspect.signature(TRANSFORMS.get(name)).parameters
    stated = {k: p.default for k, p in parameters.items() if type(p.default) is tuple}
    stated |= arguments_of(name, STEPS, 'STEPS')
    expected = images_of(run(build(name), sample))
    listed = images_of(run(build(name, **in_lists(stated)), sample))
    for first, second in zip(expected, listed, strict=True):
        np.testing.assert_array_equal(first, second)


@for_each_step
def test_it_can_be_printed(name):
    assert repr(build(name)).startswith(name)


@for_each_step
def test_unknown_arguments_are_refused_by_name(name):
    with pytest.raises(ConfigError, match="no argument 'no_such_argument'"):
        build(name, no_such_argument=1)
