"""Images with alpha, or of any number of channels."""

import random
from io import BytesIO

import numpy as np
import pytest
import torch
from contracts.tiny import STEPS

from mmlite.errors import DataError, UserError
from mmlite.registry import TRANSFORMS

#: Steps that load, or take, other fields than images, or need an extra.
OF_OTHER_FIELDS = (
    'Albu',
    'Albumentations',
    'Collect',
    'FilterAnnotations',
    'LoadAnnotations',
    'LoadSequence',
    'NumpyToPIL',
    'SampleFrames',
    'SkeletonMaps',
    'ToPIL',
    'ToTensor',
    'Transpose',
)
PIXELS = np.random.default_rng(0).integers(0, 256, (12, 15, 4), dtype=np.uint8)


def with_pillow(kind):
    from PIL import Image

    return {
        'L': lambda: Image.fromarray(PIXELS[..., 0].copy()),
        '1': lambda: Image.fromarray(PIXELS[..., 0] > 128),
        'RGB': lambda: Image.fromarray(PIXELS[..., :3].copy()),
        'RGBA': lambda: Image.fromarray(PIXELS, 'RGBA'),
        'LA': lambda: Image.fromarray(PIXELS[..., :2].copy(), 'LA'),
        'P': lambda: Image.fromarray(PIXELS[..., :3].copy()).quantize(16),
        'P with transparency': lambda: with_pillow('P'),
        'I;16': lambda: Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257),
    }[kind]()


@pytest.mark.parametrize(
    'kind', ['L', '1', 'RGB', 'RGBA', 'LA', 'P', 'P with transparency', 'I;16']
)
def test_unchanged_is_the_same_with_every_backend(tmp_path, kind):
    pytest.importorskip('PIL')
    options = dict(transparency=3) if kind == 'P with transparency' else {}
    with_pillow(kind).save(tmp_path / 'a.png', **options)
    loaded = [
        TRANSFORMS.build(
            dict(
                type='LoadImageFromFile',
                color_type='unchanged',
                imdecode_backend=backend,
            )
        )(dict(img_path=str(tmp_path / 'a.png')))['img']
        for backend in ('cv2', 'pillow')
    ]
    assert loaded[0].dtype == loaded[1].dtype
    np.testing.assert_array_equal(*loaded)


def test_alpha_comes_last_behind_bgr(tmp_path):
    pytest.importorskip('PIL')
    with_pillow('RGBA').save(tmp_path / 'a.png')
    for backend in ('cv2', 'pillow'):
        load = dict(
            type='LoadImageFromFile', color_type='unchanged', imdecode_backend=backend
        )
        img = TRANSFORMS.build(load)(dict(img_path=str(tmp_path / 'a.png')))['img']
        np.testing.assert_array_equal(img, PIXELS[..., [2, 1, 0, 3]])


@pytest.mark.parametrize('backend', ['cv2', 'pillow'])
def test_the_first_frame_of_a_gif(tmp_path, backend):
    image = pytest.importorskip('PIL.Image')
    frames = [image.fromarray(np.full((4, 4), grey, np.uint8)) for grey in (40, 200)]
    frames[0].save(tmp_path / 'a.gif', save_all=True, append_images=frames[1:])
    load = TRANSFORMS.build(dict(type='LoadImageFromFile', imdecode_backend=backend))
    img = load(dict(img_path=str(tmp_path / 'a.gif')))['img']
    assert img.shape == (4, 4, 3) and (img == 40).all()


def test_a_gif_that_opencv_does_not_read(tmp_path, monkeypatch):
    image = pytest.importorskip('PIL.Image')
    buffer = BytesIO()
    image.fromarray(np.full((4, 4), 40, np.uint8)).save(buffer, 'GIF')
    (tmp_path / 'a.gif').write_bytes(buffer.getvalue())
    monkeypatch.setattr('cv2.imdecode', lambda *args: None)
    load = TRANSFORMS.build(dict(type='LoadImageFromFile'))
    assert (load(dict(img_path=str(tmp_path / 'a.gif')))['img'] == 40).all()


def applied(cfg, img):
    results = TRANSFORMS.build(cfg)(dict(img=img, rng=random.Random(3), epoch=0))
    found = results.get('img', results.get('inputs'))
    return found[0] if isinstance(found, list) else found


RESIZING = ('RandomResizedCrop', 'Resize', 'ResizeEdge')
CASES = [dict(STEPS[name], type=name) for name in STEPS if name != 'LoadImageFromFile']
CASES += [dict(STEPS[name], type=name, backend='pillow') for name in RESIZING]


@pytest.mark.parametrize('channels', [2, 4, 5])
@pytest.mark.parametrize('step', CASES, ids=lambda step: step['type'])
def test_steps_work_or_say_what_they_take(step, channels):
    if step['type'] in OF_OTHER_FIELDS:
        pytest.skip('it does not look at the image alone')
    img = np.random.default_rng(0).integers(0, 256, (33, 47, channels), dtype=np.uint8)
    try:
        out = applied(step, img)
    except UserError as error:
        assert str(channels) in str(error)
    else:
        assert channels in (out.shape[-1], out.shape[0])


COLOURS = [
    dict(brightness=(1.5, 1.5)),
    dict(contrast=(0.5, 0.5)),
    dict(saturation=(0.2, 0.2)),
    dict(hue=(0.2, 0.2)),
]


@pytest.mark.parametrize('args', COLOURS, ids=str)
def test_colours_change_as_without_alpha_which_stays(args):
    cfg = dict(type='ColorJitter', **args)
    plain = applied(cfg, PIXELS[..., :3].copy())
    out = applied(cfg, PIXELS)
    np.testing.assert_array_equal(out[..., :3], plain)
    np.testing.assert_array_equal(out[..., 3], PIXELS[..., 3])


ERASE = dict(type='RandomErasing', erase_prob=1.0)


@pytest.mark.parametrize('colour', [9, [9, 9, 9], [1, 2, 3, 4]])
def test_erasing_fills_every_channel(colour):
    img = np.full((20, 20, 4), 255, np.uint8)
    out = applied(dict(ERASE, fill_color=colour), img)
    erased = (out != 255).any(-1)
    assert 0 < erased.sum() < 400
    expected = colour if isinstance(colour, list) and len(colour) == 4 else [9] * 4
    assert (out[erased] == expected).all()


def test_a_colour_of_three_does_not_fill_four_channels():
    message = 'RandomErasing: fill_color has 3 values, but the images? ha.* 4 channels'
    erase = TRANSFORMS.build(dict(ERASE, fill_color=[1, 2, 3]))
    with pytest.raises(DataError, match=message):
        erase(dict(img=np.zeros((20, 20, 4), np.uint8)))
    with pytest.raises(DataError, match=message):
        erase.batched()(torch.zeros(2, 4, 20, 20))


@pytest.mark.parametrize(
    'name',
    ['AutoContrast', 'Brightness', 'Equalize', 'GaussianBlur', 'Invert', 'Posterize']
    + ['Sharpness', 'Solarize', 'SolarizeAdd', 'ColorJitter', 'NumpyToPIL'],
)
@pytest.mark.parametrize('dtype', [np.uint16, np.int32, bool])
def test_grey_levels_are_of_8_bits(name, dtype):
    step = TRANSFORMS.build(dict(STEPS[name], type=name))
    with pytest.raises(DataError, match=np.dtype(dtype).name):
        step(dict(img=PIXELS.astype(dtype), rng=random.Random(0)))


def test_sequences_are_of_files():
    with pytest.raises(DataError, match='the sample has no seq_paths'):
        TRANSFORMS.build(dict(type='LoadSequence'))(dict(img_path='a.png'))


@pytest.mark.parametrize(
    ('cfg', 'dtype'),
    [
        (dict(type='Resize', scale=8), np.int32),
        (dict(type='RandomResizedCrop', scale=8), bool),
        (dict(type='RandomRotate', prob=1.0), np.float16),
        (dict(type='MAERandomResizedCrop', size=8), np.float32),
    ],
)
def test_types_that_cannot_be_interpolated_are_named(cfg, dtype):
    with pytest.raises(DataError, match=f'{np.dtype(dtype).name}.*uint8'):
        TRANSFORMS.build(cfg)(dict(img=PIXELS.astype(dtype), rng=random.Random(0)))
