from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmlite.errors import ConfigError, DataError
from mmlite.registry import TRANSFORMS

BGR = np.random.RandomState(0).randint(0, 256, (5, 7, 3), dtype=np.uint8)


def load(path: Path, **kwargs) -> dict | None:
    cfg = dict(type='LoadImageFromFile', **kwargs)
    return TRANSFORMS.build(cfg)(dict(img_path=str(path)))


def save(path: Path, img: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, img)[1].tobytes())
    return path


all_backends = pytest.mark.parametrize('backend', ['cv2', 'pillow', 'turbojpeg'])


@all_backends
def test_colours_come_as_bgr(tmp_path: Path, backend: str) -> None:
    path = save(tmp_path / 'mit Leerzeichen' / 'bild ü.png', BGR)
    results = load(path, imdecode_backend=backend)
    np.testing.assert_array_equal(results['img'], BGR)
    assert results['img_shape'] == results['ori_shape'] == (5, 7)


@all_backends
def test_grey_16_bit_and_transparent_images(tmp_path: Path, backend: str) -> None:
    grey = BGR[..., 0]
    args = dict(imdecode_backend=backend)
    path = save(tmp_path / 'grey.png', grey)
    np.testing.assert_array_equal(load(path, **args)['img'], np.dstack([grey] * 3))
    loaded = load(path, color_type='grayscale', **args)['img']
    np.testing.assert_array_equal(loaded, grey)
    deep = save(tmp_path / 'deep.png', grey.astype(np.uint16) * 257)
    loaded = load(deep, **args)['img']
    assert loaded.dtype == np.uint8
    np.testing.assert_array_equal(loaded, np.dstack([grey] * 3))
    assert load(deep, color_type='unchanged', **args)['img'].max() > 255
    alpha = save(tmp_path / 'alpha.png', np.dstack([BGR, grey]))
    np.testing.assert_array_equal(load(alpha, **args)['img'], BGR)


@all_backends
def test_a_photograph_is_rotated_by_its_exif_orientation(tmp_path, backend) -> None:
    path = tmp_path / 'turned.jpg'
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    Image.fromarray(np.zeros((8, 16, 3), np.uint8)).save(path, exif=exif)
    shape = load(path, imdecode_backend=backend)['img'].shape
    assert shape == (16, 8, 3)
    ignored = load(
        path, imdecode_backend=backend, color_type='color_ignore_orientation'
    )
    assert ignored['img'].shape == (8, 16, 3)


@all_backends
@pytest.mark.parametrize('content', [b'', b'no image', 'half'])
@pytest.mark.parametrize('name', ['a b.png', 'a b.jpg'])
def test_a_file_that_is_no_image_is_named(tmp_path, backend, content, name) -> None:
    path = save(tmp_path / name, np.zeros((50, 50, 3), np.uint8) + BGR[0, 0])
    if content == 'half':
        content = path.read_bytes()[:40]
    path.write_bytes(content)
    message = rf"{name} is not an image .*on_error='skip'"
    with pytest.raises(DataError, match=message):
        load(path, imdecode_backend=backend)
    assert load(path, imdecode_backend=backend, ignore_empty=True) is None


def photograph(height: int, width: int) -> np.ndarray:
    """Smooth, as photographs are: neighbours differ by a few grey levels."""
    noise = np.random.RandomState(0).randint(0, 256, (height, width, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 3)


@pytest.mark.parametrize('size', [(1, 1), (17, 33), (120, 90)])
@pytest.mark.parametrize('quality', [50, 95])
@pytest.mark.parametrize('mode', ['RGB', 'L', 'CMYK'])
def test_turbojpeg_is_opencv_within_grey_levels(tmp_path, size, quality, mode) -> None:
    path = tmp_path / 'a.jpg'
    Image.fromarray(photograph(*size)).convert(mode).save(path, quality=quality)
    for color_type in ('color', 'grayscale', 'color_ignore_orientation', 'unchanged'):
        fast = load(path, imdecode_backend='turbojpeg', color_type=color_type)['img']
        exact = load(path, imdecode_backend='cv2', color_type=color_type)['img']
        assert fast.shape == exact.shape
        difference = np.abs(fast.astype(int) - exact)
        assert difference.mean() < 1.5
        assert difference.max() <= 16  # at the edges of colours


_SAMPLING = {
    'all colours': cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    'half the columns': cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    'half the rows': cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
    'half of both': cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    'a quarter of the columns': cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
}


@pytest.mark.parametrize('size', [(1, 1), (8, 16), (17, 33), (75, 101)])
@pytest.mark.parametrize('quality', [5, 75, 100])
@pytest.mark.parametrize('sampling', list(_SAMPLING))
@pytest.mark.parametrize('progressive', [0, 1])
def test_cv2_gives_the_pixels_of_opencv(
    tmp_path, size, quality, sampling, progressive
) -> None:
    """Whoever decodes; the pixels are those of noise, which hides nothing."""
    noise = np.random.RandomState(0).randint(0, 256, (*size, 3), dtype=np.uint8)
    options = {
        cv2.IMWRITE_JPEG_QUALITY: quality,
        cv2.IMWRITE_JPEG_PROGRESSIVE: progressive,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR: _SAMPLING[sampling],
    }
    path = tmp_path / 'a.jpg'
    assert cv2.imwrite(str(path), noise, [x for pair in options.items() for x in pair])
    flags = dict(color=cv2.IMREAD_COLOR, grayscale=cv2.IMREAD_GRAYSCALE)
    for color_type, flag in flags.items():
        loaded = load(path, imdecode_backend='cv2', color_type=color_type)['img']
        np.testing.assert_array_equal(loaded, cv2.imread(str(path), flag))


@pytest.mark.parametrize('mode', ['L', 'CMYK'])
def test_cv2_gives_the_pixels_of_opencv_in_other_modes(tmp_path, mode) -> None:
    path = tmp_path / 'a.jpg'
    Image.fromarray(photograph(17, 33)).convert(mode).save(path)
    loaded = load(path, imdecode_backend='cv2')['img']
    np.testing.assert_array_equal(loaded, cv2.imread(str(path)))


def test_cv2_leaves_jpegs_to_simplejpeg_where_there_is_one(
    tmp_path, monkeypatch
) -> None:
    path = save(tmp_path / 'a.jpg', photograph(8, 8))
    monkeypatch.setattr('simplejpeg.decode_jpeg', lambda *args: np.ones((8, 8, 3)))
    assert load(path, imdecode_backend='cv2')['img'].min() == 1
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    without = load(path, imdecode_backend='cv2')['img']
    np.testing.assert_array_equal(without, cv2.imread(str(path)))


def test_turbojpeg_does_not_leave_all_to_opencv(tmp_path) -> None:
    path = tmp_path / 'a.jpg'
    Image.fromarray(photograph(120, 90)).save(path, quality=50)
    fast, exact = (
        load(path, imdecode_backend=backend)['img'] for backend in ('turbojpeg', 'cv2')
    )
    assert (fast != exact).any()


def _as_it_is(results: dict) -> dict:
    return results


def test_turbojpeg_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    cfg = dict(type='LoadImageFromFile', imdecode_backend='turbojpeg')
    with pytest.raises(
        ConfigError, match=r"\Atransforms\.1: .*simplejpeg.*'mmlite\[jpeg\]'"
    ):
        TRANSFORMS.build(dict(type='Compose', transforms=[_as_it_is, cfg]))


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'cannot read the image .*none.png: .*No such'):
        load(tmp_path / 'none.png')
    with pytest.raises(DataError, match='there is no folder .*imgs: see data_root'):
        load(tmp_path / 'imgs' / 'none.png')
    assert load(tmp_path / 'none.png', ignore_empty=True) is None


def test_float32_and_file_backends(tmp_path: Path) -> None:
    path = save(tmp_path / 'a.png', BGR)
    results = load(path, to_float32=True, backend_args=dict(backend='local'))
    assert results['img'].dtype == np.float32
    np.testing.assert_array_equal(results['img'], BGR)


def test_an_unknown_colour_type_is_refused() -> None:
    with pytest.raises(ConfigError, match='color_type: .*grayscale'):
        load(Path('a.png'), color_type='colour')


def test_several_images(tmp_path: Path) -> None:
    left = save(tmp_path / 'left.png', BGR)
    right = save(tmp_path / 'right.png', BGR[::-1])
    step = TRANSFORMS.build(dict(type='LoadImageFromFile', keys=['ref_img', 'tgt_img']))
    results = step(dict(ref_img_path=str(left), tgt_img_path=str(right)))
    np.testing.assert_array_equal(results['ref_img'], BGR)
    np.testing.assert_array_equal(results['tgt_img'], BGR[::-1])
    assert results['img_shape'] == results['ori_shape'] == (5, 7)
    with pytest.raises(DataError, match='has no tgt_img_path'):
        step(dict(ref_img_path=str(left)))
    with pytest.raises(ConfigError, match='at least one image'):
        TRANSFORMS.build(dict(type='LoadImageFromFile', keys=[]))


@pytest.mark.parametrize('pixels', [np.float32([[0.1, 0.9]]), np.int32([[7, 10**6]])])
def test_pictures_of_another_range_are_not_cut_off(tmp_path, pixels):
    Image.fromarray(pixels).save(tmp_path / 'a.tif')
    with pytest.raises(DataError, match='is not an image that can be decoded'):
        load(tmp_path / 'a.tif', imdecode_backend='pillow')


@pytest.mark.parametrize('channels', [3, 4])
def test_16_bits_of_colours_stay_with_pillow_too(tmp_path: Path, channels: int) -> None:
    values = np.full((2, 3, channels), (65535, 300, 0, 40000)[:channels], np.uint16)
    path = save(tmp_path / 'a.png', values)
    for backend in ('cv2', 'pillow'):
        found = load(path, imdecode_backend=backend, color_type='unchanged')['img']
        assert found.dtype == np.uint16
        np.testing.assert_array_equal(found, values)


@all_backends
@pytest.mark.parametrize(('light', 'least', 'most'), [(0, 0, 1), (255, 220, 255)])
def test_black_and_white_of_lab(tmp_path: Path, backend, light, least, most) -> None:
    path = tmp_path / 'a.tif'  # Pillow itself turns none of it to grey
    Image.new('LAB', (4, 4), (light, 128, 128)).save(path)
    for color_type in ('color', 'grayscale', 'unchanged'):
        img = load(path, imdecode_backend=backend, color_type=color_type)['img']
        assert least <= img.min() and img.max() <= most
