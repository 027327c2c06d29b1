"""What the formats of images give, whichever backend decodes them."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mmlite.datasets.transforms.image_backends import decoder_of
from mmlite.errors import DataError
from mmlite.registry import TRANSFORMS

ROW, COLUMN = np.mgrid[:8, :12]
RGB = np.stack([COLUMN * 20, ROW * 30, (ROW + COLUMN) * 13], -1).astype(np.uint8)
BGR = RGB[..., ::-1]
GREY = RGB[..., 1]
ALPHA = (COLUMN * 20).astype(np.uint8)  # nothing is seen of the first column
DEEP = BGR.astype(np.uint16) * 256 + 77
BACKENDS = ['cv2', 'pillow', 'turbojpeg']
all_backends = pytest.mark.parametrize('backend', BACKENDS)


def of_pillow(img: np.ndarray | Image.Image, kind: str, mode=None, **options) -> bytes:
    file = io.BytesIO()
    picture = img if isinstance(img, Image.Image) else Image.fromarray(img)
    (picture.convert(mode) if mode else picture).save(file, kind, **options)
    return file.getvalue()


def of_opencv(img: np.ndarray, ending: str) -> bytes:
    return cv2.imencode(ending, img)[1].tobytes()


def in_colours(grey: np.ndarray) -> np.ndarray:
    return np.dstack([grey] * 3)


#: A palette of the grey values, so that its pixels are known.
PALETTE = Image.fromarray(GREY // 30)
PALETTE.putpalette([value for i in range(256) for value in (30 * i % 256, i, 200)])
OF_PALETTE = np.dstack([np.full_like(GREY, 200), GREY // 30, GREY // 30 * 30])
OTHER = [Image.fromarray(255 - RGB)]
SEVERAL = dict(save_all=True, append_images=OTHER)
WITH_ALPHA = np.dstack([RGB, ALPHA])
LA = Image.merge('LA', [Image.fromarray(GREY), Image.fromarray(ALPHA)])
BLACK_OR_WHITE = np.where(GREY > 100, 255, 0).astype(np.uint8)

#: The bytes; what colours they give; what they give unchanged.
EXACT = {
    'png': (of_pillow(RGB, 'PNG'), BGR, BGR),
    'png, grey': (of_pillow(GREY, 'PNG'), in_colours(GREY), GREY),
    'png, alpha': (of_pillow(WITH_ALPHA, 'PNG'), BGR, np.dstack([BGR, ALPHA])),
    'png, grey and alpha': (
        of_pillow(LA, 'PNG'),
        in_colours(GREY),
        np.dstack([in_colours(GREY), ALPHA]),
    ),
    'png, 1 bit': (
        of_pillow(BLACK_OR_WHITE, 'PNG', '1'),
        in_colours(BLACK_OR_WHITE),
        BLACK_OR_WHITE,
    ),
    'png, palette': (of_pillow(PALETTE, 'PNG'), OF_PALETTE, OF_PALETTE),
    'png, palette with a transparent entry': (
        of_pillow(PALETTE, 'PNG', transparency=3),
        OF_PALETTE,
        np.dstack([OF_PALETTE, np.where(GREY // 30 == 3, 0, 255).astype(np.uint8)]),
    ),
    'png, 16 bits': (of_opencv(DEEP, '.png'), BGR, DEEP),
    'png, 16 bits of grey': (
        of_opencv(DEEP[..., 1], '.png'),
        in_colours(GREY),
        DEEP[..., 1],
    ),
    'pgm, 16 bits': (of_opencv(DEEP[..., 1], '.pgm'), in_colours(GREY), DEEP[..., 1]),
    'png, animated': (of_pillow(RGB, 'PNG', **SEVERAL), BGR, BGR),
    'webp': (of_pillow(RGB, 'WEBP', lossless=True), BGR, BGR),
    'webp, animated': (of_pillow(RGB, 'WEBP', lossless=True, **SEVERAL), BGR, BGR),
    'gif': (of_pillow(PALETTE, 'GIF'), OF_PALETTE, OF_PALETTE),
    'gif, a transparent entry': (
        of_pillow(PALETTE, 'GIF', transparency=3),
        OF_PALETTE,
        np.dstack([OF_PALETTE, np.where(GREY // 30 == 3, 0, 255).astype(np.uint8)]),
    ),
    'gif, animated': (of_pillow(PALETTE, 'GIF', **SEVERAL), OF_PALETTE, OF_PALETTE),
    'bmp': (of_pillow(RGB, 'BMP'), BGR, BGR),
    'tiff': (of_pillow(RGB, 'TIFF'), BGR, BGR),
    'tiff, several pages': (of_pillow(RGB, 'TIFF', **SEVERAL), BGR, BGR),
    'tiff, alpha': (of_pillow(WITH_ALPHA, 'TIFF'), BGR, np.dstack([BGR, ALPHA])),
    'tiff, grey and alpha': (
        of_pillow(LA, 'TIFF'),
        in_colours(GREY),
        np.dstack([in_colours(GREY), ALPHA]),
    ),
    # Without black, CMYK is the complement of the colours.
    'tiff, CMYK': (of_pillow(RGB, 'TIFF', 'CMYK'), BGR, BGR),
}


@all_backends
@pytest.mark.parametrize(('data', 'colours', 'unchanged'), EXACT.values(), ids=EXACT)
def test_each_backend_gives_the_pixels_that_were_written(
    backend, data, colours, unchanged
) -> None:
    decode = decoder_of(backend)
    for color_type in ('color', 'color_ignore_orientation'):
        np.testing.assert_array_equal(decode(data, color_type), colours)
    found = decode(data, 'unchanged')
    assert found.dtype == unchanged.dtype
    np.testing.assert_array_equal(found, unchanged)
    weights = (0.114, 0.587, 0.299)
    grey = decode(data, 'grayscale')
    assert grey.dtype == np.uint8 and grey.shape == GREY.shape
    assert np.abs(grey - colours @ weights).max() < 1.5


SMOOTH = cv2.resize(RGB, (96, 64), interpolation=cv2.INTER_CUBIC)
FULL = dict(quality=95, subsampling=0)


@all_backends
@pytest.mark.parametrize(
    'options',
    [FULL, dict(FULL, progressive=True), dict(FULL, mode='CMYK'), dict(mode='L')],
    ids=['baseline', 'progressive', 'CMYK', 'grey'],
)
def test_each_kind_of_jpeg(backend, options) -> None:
    data = of_pillow(SMOOTH, 'JPEG', **options)
    decode = decoder_of(backend)
    grey = options.get('mode') == 'L'
    expected = in_colours(np.asarray(Image.fromarray(SMOOTH).convert('L')))
    expected = expected if grey else SMOOTH[..., ::-1]
    found = decode(data, 'color')
    assert np.abs(found.astype(int) - expected).mean() < 3
    assert decode(data, 'unchanged').shape == (
        expected.shape[:2] if grey else found.shape
    )


#: What has to be done to a picture that lies as EXIF says.
UPRIGHT = {
    1: lambda img: img,
    2: lambda img: img[:, ::-1],
    3: lambda img: img[::-1, ::-1],
    4: lambda img: img[::-1],
    5: lambda img: img.swapaxes(0, 1),
    6: lambda img: img[::-1].swapaxes(0, 1),
    7: lambda img: img[::-1, ::-1].swapaxes(0, 1),
    8: lambda img: img[:, ::-1].swapaxes(0, 1),
}


@all_backends
@pytest.mark.parametrize('kind', ['JPEG', 'WEBP'])
@pytest.mark.parametrize('orientation', UPRIGHT)
def test_orientations_of_exif(backend, kind, orientation) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = FULL if kind == 'JPEG' else dict(lossless=True)
    data = of_pillow(SMOOTH, kind, exif=exif, **options)
    decode = decoder_of(backend)
    lying = decode(data, 'color_ignore_orientation')
    assert lying.shape == SMOOTH.shape
    assert np.abs(lying.astype(int) - SMOOTH[..., ::-1]).mean() < 3
    assert np.abs(decode(data, 'unchanged').astype(int) - lying).mean() < 2
    upright = UPRIGHT[orientation](lying)
    found = decode(data, 'color')
    assert found.shape == upright.shape
    # What is turned, and what is unchanged, simplejpeg leaves to OpenCV.
    assert np.abs(found.astype(int) - upright).mean() < 2


LARGE = SMOOTH[..., 0] * np.int32(999)
NUMBERS = (SMOOTH / 255).astype(np.float32)


@all_backends
@pytest.mark.parametrize(
    ('data', 'values'),
    [
        (of_pillow(NUMBERS[..., 0], 'TIFF'), NUMBERS[..., 0]),
        (of_opencv(NUMBERS, '.tif'), NUMBERS),
        (of_opencv(NUMBERS[..., 0].astype(float), '.tif'), NUMBERS[..., 0]),
        (of_pillow(LARGE, 'TIFF'), LARGE),
        (of_opencv(DEEP, '.tif'), DEEP),
    ],
    ids=['float', 'colours as floats', 'double', '32 bits', '16 bits'],
)
def test_numbers_of_tiff_files_are_kept_or_refused(
    backend, data, values, tmp_path
) -> None:
    found = decoder_of(backend)(data, 'unchanged')
    lossy = 0.02 if values is NUMBERS else 0.0  # as OpenCV 4 writes it
    np.testing.assert_allclose(found, values, rtol=0, atol=lossy)
    (tmp_path / 'a.tif').write_bytes(data)
    cfg = dict(type='LoadImageFromFile', imdecode_backend=backend)
    load, sample = TRANSFORMS.build(cfg), dict(img_path=str(tmp_path / 'a.tif'))
    if values is DEEP:
        assert np.abs(load(sample)['img'].astype(int) - BGR).max() <= 1
        return
    with pytest.raises(DataError, match=r"pixels are (float|int).*'unchanged' keeps"):
        load(sample)


NOISE = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)


@all_backends
@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'WEBP', 'BMP', 'TIFF', 'GIF', 'many'])
def test_half_a_file_is_no_picture(backend, kind) -> None:
    scans = dict(progressive=True) if kind == 'many' else {}
    data = of_pillow(NOISE, 'JPEG' if scans else kind, **scans)
    for color_type in ('color', 'grayscale', 'unchanged'):
        assert decoder_of(backend)(data[: len(data) // 2], color_type) is None
        assert decoder_of(backend)(data, color_type) is not None


def test_a_jpeg_with_something_behind_its_end_is_whole() -> None:
    data = of_pillow(NOISE, 'JPEG')
    expected = decoder_of('pillow')(data, 'color')
    for rest in (bytes(1000), b'\xff\xda a film'):
        found = decoder_of('cv2')(data + rest, 'color')
        assert np.abs(found.astype(int) - expected).max() <= 2
