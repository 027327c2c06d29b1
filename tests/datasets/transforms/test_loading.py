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


both = pytest.mark.parametrize('backend', ['cv2', 'pillow'])


@both
def test_colours_come_as_bgr(tmp_path: Path, backend: str) -> None:
    path = save(tmp_path / 'mit Leerzeichen' / 'bild ü.png', BGR)
    results = load(path, imdecode_backend=backend)
    np.testing.assert_array_equal(results['img'], BGR)
    assert results['img_shape'] == results['ori_shape'] == (5, 7)


@both
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


@both
def test_a_photograph_is_turned_as_the_camera_was_held(tmp_path, backend) -> None:
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


@both
@pytest.mark.parametrize('content', [b'', b'no image', 'half'])
def test_a_file_that_is_no_image_is_named(tmp_path, backend, content) -> None:
    path = save(tmp_path / 'a b.png', np.zeros((50, 50, 3), np.uint8) + BGR[0, 0])
    if content == 'half':
        content = path.read_bytes()[:40]
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a b.png is not an image .*on_error='skip'"):
        load(path, imdecode_backend=backend)
    assert load(path, imdecode_backend=backend, ignore_empty=True) is None


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'cannot read the image .*none.png: .*No such'):
        load(tmp_path / 'none.png')
    assert load(tmp_path / 'none.png', ignore_empty=True) is None


def test_float32_and_file_backends(tmp_path: Path) -> None:
    path = save(tmp_path / 'a.png', BGR)
    results = load(path, to_float32=True, backend_args=dict(backend='local'))
    assert results['img'].dtype == np.float32
    np.testing.assert_array_equal(results['img'], BGR)


def test_an_unknown_colour_type_is_refused() -> None:
    with pytest.raises(ConfigError, match='color_type: .*grayscale'):
        load(Path('a.png'), color_type='colour')
