from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmlite.datasets.transforms.image_ops import (
    INTERPOLATIONS,
    flip_image,
    pad_image,
    resize_image,
)

IMG = np.random.RandomState(0).randint(0, 256, (9, 14, 3), dtype=np.uint8)


@pytest.mark.parametrize('shape', [(9, 14), (9, 14, 1), (9, 14, 3), (9, 14, 4), (1, 1)])
@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_channels_and_type_stay(shape: tuple, dtype: type) -> None:
    img = np.ones(shape, dtype)
    for out, size in (
        (flip_image(img, 'diagonal'), shape[:2]),
        (pad_image(img, (1, 2, 3, 4)), (shape[0] + 6, shape[1] + 4)),
        (resize_image(img, (5, 6)), (6, 5)),
    ):
        assert out.shape == (*size, *shape[2:]) and out.dtype == dtype
    if dtype is np.uint8:
        assert resize_image(img, (5, 6), backend='pillow').shape == (6, 5, *shape[2:])


def test_a_fill_reaches_every_channel() -> None:
    assert (pad_image(IMG, (0, 0, 1, 0), 7)[:, -1] == 7).all()
    assert (pad_image(IMG, (1, 0, 0, 0), (1, 2, 3))[:, 0] == [1, 2, 3]).all()


@pytest.mark.parametrize('interpolation', INTERPOLATIONS['pillow'])
def test_pillow_does_what_pillow_does(interpolation: str) -> None:
    method = Image.Resampling[interpolation.upper()]
    expected = np.asarray(Image.fromarray(IMG).resize((5, 4), method))
    out = resize_image(IMG, (5, 4), interpolation, 'pillow')
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize('interpolation', INTERPOLATIONS['cv2'])
def test_every_interpolation_keeps_a_flat_image_flat(interpolation: str) -> None:
    flat = np.full((9, 14, 3), 77, np.uint8)
    assert (resize_image(flat, (20, 5), interpolation) == 77).all()


def test_bilinear_is_the_formula() -> None:
    row = np.array([[0, 100, 50]], np.float32)
    out = resize_image(row, (6, 1))[0]
    centres = np.clip((np.arange(6) + 0.5) / 2 - 0.5, 0, 2)
    np.testing.assert_allclose(out, np.interp(centres, [0, 1, 2], row[0]), atol=1e-4)
