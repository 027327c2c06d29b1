"""Files of disparities are read and written to the bit."""

import io
import struct

import cv2
import numpy as np
import pytest
from support.oversized import write_oversized_png

from mmlite.datasets.transforms import (
    decode_disparity,
    decode_pfm,
    encode_disparity,
    encode_pfm,
)
from mmlite.errors import DataError
from mmlite.registry import TRANSFORMS

EXPECTED = np.float32([[3, 4], [1, 2]])  # the bottom row is the first in the file


@pytest.mark.parametrize(
    ('header', 'order'),
    [
        (b'Pf\n2 2\n-1.0\n', '<'),
        (b'Pf\n2 2\n1.0\n', '>'),
        (b'Pf\n2\n2\n-1.0\n', '<'),
        (b'Pf\n2  2\n-1.0\n', '<'),
        (b'Pf 2 2 -1\r\n', '<'),
    ],
)
def test_dialects_of_pfm(header, order):
    values = decode_pfm(header + struct.pack(f'{order}4f', 1, 2, 3, 4))
    np.testing.assert_array_equal(values, EXPECTED)
    assert values.flags.c_contiguous and values.flags.writeable
    assert values.dtype == np.float32 and values.dtype.isnative


def test_the_scale_of_a_pfm_file_is_reported_and_not_applied():
    with pytest.warns(UserWarning, match='scale -2, which is not applied'):
        values = decode_pfm(b'Pf\n2 2\n-2\n' + struct.pack('<4f', 1, 2, 3, 4))
    np.testing.assert_array_equal(values, EXPECTED)


@pytest.mark.parametrize('shape', [(3, 5), (3, 5, 3)])
def test_pfm_to_the_bit(shape):
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    values.flat[:3] = np.inf, -np.inf, 1e-42
    data = encode_pfm(values)
    assert decode_pfm(data).tobytes() == values.tobytes()
    assert encode_pfm(decode_pfm(data)) == data


@pytest.mark.parametrize(
    ('data', 'message'),
    [
        (b'P6\n2 2\n255\n' + bytes(12), 'is not a PFM file: expected a header'),
        (b'Pf\n2 2\n0\n' + bytes(16), 'a number other than 0'),
        (b'Pf\n0 2\n-1.0\n', 'claims no pixel'),
        (b'Pf\n2 2\n-1.0\n' + bytes(15), 'is cut off: 2x2 take 16 bytes, .* has 15'),
    ],
)
def test_what_is_no_pfm_file_is_refused(data, message):
    with pytest.raises(DataError, match=message):
        decode_pfm(data, 'a.pfm')


def png_of(stored):
    return cv2.imencode('.png', stored)[1].tobytes()


def test_16_bits_of_a_png_file():
    stored = np.uint16([[17873, 0, 1, 65535]])
    values = decode_disparity(png_of(stored), 'a.png')
    assert values.tolist() == [[69.81640625, 0, 0.00390625, 255.99609375]]
    again = encode_disparity(values, 'a.png')
    assert cv2.imdecode(np.frombuffer(again, np.uint8), -1).tolist() == stored.tolist()
    assert decode_disparity(png_of(stored), 'a.png', scale=128).flat[0] == 17873 / 128


def test_small_and_large_disparities_in_a_png_file():
    with pytest.warns(UserWarning, match='do not fit into 16 bits'):
        data = encode_disparity(np.float32([[0.001, 300, np.inf, -1, 2.501]]), 'a.png')
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), -1)
    assert stored.tolist() == [[1, 65535, 0, 0, 640]]


@pytest.mark.parametrize(
    'stored', [np.uint8([[80, 4]]), np.zeros((1, 2, 3), np.uint16)]
)
def test_pictures_are_no_disparities(stored):
    with pytest.raises(DataError, match='one channel of 16 bits'):
        decode_disparity(png_of(stored), 'a.png')


def test_other_files_are_refused():
    with pytest.raises(DataError, match='got .*jpg'):
        decode_disparity(b'', 'a.jpg')
    with pytest.raises(DataError, match='got .*jpg'):
        encode_disparity(np.zeros((1, 1)), 'a.jpg')


def array_file(array, ending, **named):
    file = io.BytesIO()
    np.savez(file, **named) if ending == '.npz' else np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    ('data', 'ending'),
    [
        (b'', '.npy'),
        (b'', '.npz'),
        (b'junk', '.npy'),
        (b'PK\x03\x04junk', '.npz'),
        (array_file(np.ones((2, 3)), '.npy')[:-4], '.npy'),
        (array_file(None, '.npz', a=np.ones((2, 3)))[:-30], '.npz'),
        (array_file(None, '.npz'), '.npz'),
        (array_file(np.array([['a', 'b']]), '.npy'), '.npy'),
    ],
)
def test_damaged_arrays_are_refused(data, ending):
    with pytest.raises(DataError, match=f'a{ending} holds no array of numbers'):
        decode_disparity(data, f'a{ending}')


def test_unknown_disparities_are_loaded_as_zero(tmp_path):
    path = tmp_path / 'a.pfm'
    path.write_bytes(encode_pfm(np.float32([[1, 0, np.nan, np.inf]])))
    sample = dict(disparity_path=str(path))
    dense = TRANSFORMS.build(dict(type='LoadDisparity', zero_is_known=True))
    assert dense(dict(sample))['valid'].tolist() == [[1, 1, 0, 0]]
    sparse = TRANSFORMS.build(dict(type='LoadDisparity'))(dict(sample))
    assert sparse['gt_disparity'].tolist() == [[1, 0, 0, 0]]
    assert 'valid' not in sparse


def test_what_is_not_in_the_visible_disparity_is_occluded(tmp_path):
    for name, values in (('all', [[3, 4, 0]]), ('visible', [[3, 0, 0]])):
        data = encode_disparity(np.float32(values), 'a.png')
        (tmp_path / f'{name}.png').write_bytes(data)
    load = TRANSFORMS.build(dict(type='LoadDisparity'))
    sample = dict(
        disparity_path=str(tmp_path / 'all.png'),
        noc_path=str(tmp_path / 'visible.png'),
    )
    assert load(sample)['gt_occlusion'].tolist() == [[0, 1, 0]]


def test_a_missing_file_is_named():
    load = TRANSFORMS.build(dict(type='LoadDisparity'))
    with pytest.raises(DataError, match=r'cannot read nowhere\.pfm'):
        load(dict(disparity_path='nowhere.pfm'))


@pytest.mark.parametrize('name', ['a.png', 'a.pfm', 'a.npy', 'b.npy'])
def test_files_that_claim_or_hold_what_is_no_disparity(tmp_path, name):
    path = tmp_path / name
    if name == 'a.png':
        write_oversized_png(path, depth=16, kind=0)
    elif name == 'a.pfm':
        path.write_bytes(b'Pf\n' + b'9' * 5000 + b' 1\n-1.0\n')
    else:
        np.save(path, np.zeros((2, 2), complex if name == 'a.npy' else 'M8[s]'))
    with pytest.raises(DataError, match=name):
        decode_disparity(path.read_bytes(), str(path))


def test_paths_and_maps_that_cannot_be_read(tmp_path):
    load = TRANSFORMS.build(dict(type='LoadDisparity'))
    with pytest.raises(DataError, match='cannot read .*null'):
        load(dict(disparity_path='a\0.png'))
    write_oversized_png(tmp_path / 'a.png', kind=0)
    with pytest.raises(DataError, match=r'a.png is not an image'):
        load(dict(occlusion_path=str(tmp_path / 'a.png')))
    cfg = dict(type='LoadAnnotations', with_bbox=False, with_label=False, with_seg=True)
    load = TRANSFORMS.build(cfg)
    with pytest.raises(DataError, match='cannot read the map .*null'):
        load(dict(seg_map_path='a\0.png'))
    with pytest.raises(DataError, match=r'a.png is no image'):
        load(dict(seg_map_path=str(tmp_path / 'a.png')))


def test_nothing_is_written_of_no_pixel_and_divided_by_no_scale():
    with pytest.raises(DataError, match=r'a pixel at least, got the shape \(0, 3\)'):
        encode_pfm(np.zeros((0, 3)))
    data = png_of(np.ones((2, 2), np.uint16))
    for scale in (0, -256, np.nan):
        with pytest.raises(ValueError, match='scale must be positive'):
            decode_disparity(data, 'a.png', scale)
        with pytest.raises(ValueError, match='scale must be positive'):
            encode_disparity(np.ones((2, 2)), 'a.png', scale)


def test_negative_disparities_of_the_other_view_may_have_gaps(tmp_path):
    path = str(tmp_path / 'right.pfm')
    (tmp_path / 'right.pfm').write_bytes(encode_pfm(np.float32([[-3, np.inf, np.nan]])))
    loaded = TRANSFORMS.build(dict(type='LoadDisparity'))(dict(disparity_tgt_path=path))
    assert loaded['gt_disparity_tgt'].tolist() == [[3, 0, 0]]
