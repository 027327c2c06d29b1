import importlib.util
import random

import numpy as np
import pytest

from mmlite.errors import ConfigError, DataError
from mmlite.registry import TRANSFORMS

IMAGE = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
FLIP = dict(type='HorizontalFlip', p=1.0)
BLUR = dict(type='Blur', blur_limit=3, p=1.0)
HAS_IT = importlib.util.find_spec('albumentations') is not None
needs_it = pytest.mark.skipif(not HAS_IT, reason='albumentations is not installed')


def albu(*transforms, **arguments):
    return TRANSFORMS.build(dict(type='Albu', transforms=[*transforms], **arguments))


@pytest.mark.skipif(HAS_IT, reason='albumentations is installed')
def test_without_albumentations():
    with pytest.raises(ConfigError, match=r"pip install 'mmlite\[albumentations"):
        albu(FLIP)


@needs_it
def test_a_map_goes_along_with_the_image():
    step = albu(FLIP, keymap=dict(img='image', gt_seg_map='mask'))
    given = dict(img=IMAGE, gt_seg_map=IMAGE[..., 0], gt_label=3)
    found = step(given)
    np.testing.assert_array_equal(found['img'], IMAGE[:, ::-1])
    np.testing.assert_array_equal(found['gt_seg_map'], IMAGE[:, ::-1, 0])
    assert (found['img_shape'], found['gt_label']) == ((6, 8), 3)


@needs_it
def test_a_turned_image_says_its_shape():
    found = albu(dict(type='OneOf', transforms=[dict(type='Transpose', p=1)], p=1))
    assert found(dict(img=IMAGE))['img_shape'] == (8, 6)


@needs_it
def test_boxes_are_not_left_behind():
    sample = dict(img=IMAGE, gt_bboxes=np.ones((1, 4), np.float32))
    with pytest.raises(DataError, match='moves img, but not gt_bboxes'):
        albu(BLUR, FLIP)(sample)
    assert albu(BLUR)(sample)['img'].shape == IMAGE.shape


@needs_it
def test_a_sample_with_the_same_generator_is_changed_equally():
    step = albu(dict(type='RandomBrightnessContrast', p=1.0))
    found = [step(dict(img=IMAGE, rng=random.Random(i)))['img'] for i in (0, 0, 1)]
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()


@needs_it
@pytest.mark.parametrize(
    ('transforms', 'message'),
    [
        ([dict(type='Blurr')], r"transforms\[0\]: .* no 'Blurr'; did you mean 'Blur'"),
        ([dict(p=0.5)], r"transforms\[0\] must be a dict with a 'type'"),
        ([dict(FLIP, p='often')], r'transforms\[0\]: HorizontalFlip: '),
        ([dict(type='OneOf', transforms=[dict(type='Bl')])], r's\[0\]\.transforms\[0'),
    ],
)
def test_what_cannot_be_built(transforms, message):
    with pytest.raises(ConfigError, match=message):
        albu(*transforms)


@needs_it
def test_a_field_that_is_absent():
    with pytest.raises(DataError, match="no field 'img' .keymap., it has ..gt_label"):
        albu(FLIP)(dict(gt_label=1))
