import importlib.util
import random
import sys
import types

import numpy as np
import pytest

from mmlite.errors import ConfigError, DataError
from mmlite.registry import TRANSFORMS

IMAGE = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
HAS_TORCHVISION = importlib.util.find_spec('torchvision') is not None


def run(results, *steps):
    for step in steps:
        results = TRANSFORMS.build(step)(results)
    return results


def test_an_image_goes_to_pil_and_back():
    pytest.importorskip('PIL')
    to_pil = dict(type='NumpyToPIL', to_rgb=True)
    image = run(dict(img=IMAGE), to_pil)['img']
    assert image.getpixel((0, 0)) == tuple(IMAGE[0, 0, ::-1])
    back = run(dict(img=image), dict(type='PILToNumpy', to_bgr=True))
    np.testing.assert_array_equal(back['img'], IMAGE)
    assert back['img_shape'] == (6, 8)


def test_what_is_no_array():
    with pytest.raises(DataError, match='takes an array, got a str'):
        run(dict(img='a.jpg'), dict(type='ToPIL'))


@pytest.mark.skipif(HAS_TORCHVISION, reason='torchvision is installed')
def test_without_torchvision():
    with pytest.raises(ConfigError, match=r"pip install 'mmlite\[torchv"):
        TRANSFORMS.build(dict(type='torchvision/TrivialAugmentWide'))


def test_a_sample_with_the_same_generator_is_changed_equally():
    pytest.importorskip('torchvision')
    crop = dict(type='torchvision/RandomCrop', size=3)
    steps = dict(type='NumpyToPIL'), crop, dict(type='PILToNumpy')
    found = [run(dict(img=IMAGE, rng=random.Random(i)), *steps) for i in (0, 0, 1)]
    np.testing.assert_array_equal(found[0]['img'], found[1]['img'])
    assert (found[0]['img'] != found[2]['img']).any()


def test_what_moves_the_image_alone_is_refused(monkeypatch):
    class Stub:
        def __init__(self, **kwargs):
            pass

        def __call__(self, image):
            return image

    names = ('RandomHorizontalFlip', 'RandomSolarize', 'InterpolationMode')
    module = types.ModuleType('torchvision')
    module.transforms = types.SimpleNamespace(**dict.fromkeys(names, Stub))
    monkeypatch.setitem(sys.modules, 'torchvision', module)
    flip, solarise = (dict(type=f'torchvision/{name}') for name in names[:2])
    assert run(dict(img=IMAGE, gt_label=3), flip)['img'] is IMAGE
    boxes = dict(img=IMAGE, gt_bboxes=np.zeros((1, 4)))
    assert run(dict(boxes), solarise)['img'] is IMAGE
    for fields in (boxes, dict(img=IMAGE, tgt_img=IMAGE)):
        left = list(fields)[1]
        with pytest.raises(DataError, match=f'RandomHorizontalFlip .*not {left}; use'):
            run(dict(fields), flip)
