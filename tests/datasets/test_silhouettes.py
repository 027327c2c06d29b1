"""Pictures of silhouettes, and poses, as they are made ready."""

import numpy as np
import pytest

from mmlite.datasets.silhouettes import black_and_white, centred, prepare_walk
from mmlite.datasets.transforms import follow_person, skeleton_maps
from mmlite.errors import DataError


def body(height=90, width=70, left=30, wide=12):
    frame = np.zeros((height, width), np.uint8)
    frame[5 : height - 10, left : left + wide] = 255
    return frame


@pytest.mark.parametrize('kind', [np.uint8, np.uint16, np.int64])
def test_masks_of_0_and_1_are_those_of_0_and_255(kind):
    frame = body()
    mask = (frame > 0).astype(kind)
    np.testing.assert_array_equal(centred(mask), centred(frame))
    np.testing.assert_array_equal(centred(frame > 0), centred(frame))


def test_the_middle_is_in_the_middle_wherever_somebody_stands():
    for left in (0, 3, 30, 58):
        cut = centred(body(left=left))
        assert cut.shape == (64, 64)
        columns = np.flatnonzero(cut[32] > 127)
        # 12 of 75 rows, brought to 64 rows, are 10 columns around column 32.
        assert abs(columns.mean() - 31.5) <= 1.5
        assert len(columns) == pytest.approx(12 * 64 / 75, abs=1.5)


def test_rows_are_cut_to_the_body():
    cut = centred(body())
    assert (cut[[0, 63], 32] > 127).all()


def test_black_frames_are_dropped_by_name():
    found = prepare_walk([('1.png', body()), ('2.png', 0 * body()), ('3.png', body())])
    assert found.dropped == ['2.png'] and len(found.frames) == 2
    empty = prepare_walk([('1.png', 0 * body())])
    assert empty.frames.shape == (0, 64, 64) and empty.dropped == ['1.png']


def test_what_is_no_silhouette_is_refused():
    with pytest.raises(DataError, match=r'an array \(H, W\) of integers'):
        centred(np.zeros((4, 4, 3), np.uint8))


def pose(x=0.0):
    joints = np.ones((17, 3), np.float32)
    joints[:, 0] = x + np.arange(17)
    joints[:, 1] = 3.0 * np.arange(17)
    return joints


def test_a_person_is_followed_without_a_jump():
    frames = [pose()[None], np.stack([pose(100), pose(1)]), np.zeros((0, 17, 3))]
    found = follow_person([*frames, np.stack([pose(90), pose(2)])])
    assert found[:, 0, 0].tolist() == [0, 1, 0, 2]
    assert not found[2].any()


def test_a_joint_without_confidence_leaves_nothing():
    whole = pose()
    whole[16, 2] = 0
    moved = whole.copy()
    moved[16, :2] = 0  # where detectors put joints that they do not see
    maps, others = skeleton_maps(whole[None]), skeleton_maps(moved[None])
    np.testing.assert_array_equal(maps, others)
    assert maps[0, :3, :3].max() == 0


def test_an_empty_frame_is_an_empty_map():
    maps = skeleton_maps(np.stack([pose(), np.zeros((17, 3))]))
    assert maps[0].max() > 200 and maps[1].max() == 0


def test_one_joint_alone_is_a_blob_in_the_middle():
    single = np.zeros((1, 17, 3))
    single[0, 5] = 300, 200, 1
    maps = skeleton_maps(single, size=65)
    assert np.unravel_index(maps[0, ..., 0].argmax(), (65, 65)) == (32, 32)
    assert maps[..., 1].max() == 0


def test_other_joints_are_refused():
    with pytest.raises(DataError, match=r'poses must be \(S, 17, 3\).*18 joints'):
        skeleton_maps(np.zeros((2, 18, 3)))
    with pytest.raises(DataError, match=r'poses must be \(S, 17, 3\)'):
        follow_person([np.zeros((1, 18, 3))])


def person(value=255, ground=0):
    """A frame of somebody who stands in the middle."""
    frame = np.full((80, 60), ground, np.uint8)
    frame[5:75, 20:40] = value
    return frame


def test_silhouettes_stay_and_masks_of_two_levels_become_black_and_white():
    assert (black_and_white([person()], 'walk')[0] == person()).all()
    assert (black_and_white([person(1)], 'walk')[0] == person()).all()
    assert (black_and_white([person(76)], 'walk', coloured=True)[0] == person()).all()
    assert (black_and_white([person() / 255], 'walk')[0] == person()).all()


def test_photographs_and_black_on_white_are_refused():
    ramp = np.linspace(0, 255, 80 * 60).reshape(80, 60).astype(np.uint8)
    # Three fifths of a ramp lie between the first and the last fifth of its values.
    with pytest.raises(DataError, match=r'walk: expected .* 60 % of the pixels'):
        black_and_white([ramp, ramp], 'walk')
    dark = person(255)
    dark[:12] = 128  # 720 of 4,800
    black_and_white([dark], 'walk')
    with pytest.raises(DataError, match='got colour photographs, it seems: 15 %'):
        black_and_white([dark], 'walk', coloured=True)
    with pytest.raises(DataError, match='got black on white; invert'):
        black_and_white([person(0, ground=255)], 'walk')


@pytest.mark.parametrize('size', [63, 64])
@pytest.mark.parametrize('place', [0, 20, 50])
def test_sides_of_any_length(size, place):
    frame = np.zeros((63, 60), np.uint8)
    frame[:, place : place + 10] = 255
    assert centred(frame, size).shape == (size, size)


def test_16_bits_are_brought_to_8_and_others_refused():
    deep = person().astype(np.uint16) * 257
    assert (black_and_white([deep], 'walk')[0] == person()).all()
    for frame in (person().astype(np.int32) * 2, person() * -1.0, person() * np.nan):
        with pytest.raises(DataError, match=r'silhouettes must lie in \[0, 255\]'):
            black_and_white([frame], 'walk')
