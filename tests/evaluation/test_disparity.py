"""Errors of disparities, averaged by image and by pixel."""

import pytest
import torch

from mmlite.errors import DataError
from mmlite.evaluation import DisparityMetric


def sample(target, pred, **fields):
    return dict(
        gt_disparity=torch.tensor([target]),
        pred_disparity=torch.tensor([pred]),
        **{key: torch.tensor([value]) for key, value in fields.items()},
    )


def evaluated(samples, batch=2, **settings):
    metric = DisparityMetric(reduction=['image', 'pixel'], **settings)
    for i in range(0, len(samples), batch):
        metric.process(None, samples[i : i + batch])
    return metric.evaluate(len(samples))


@pytest.mark.parametrize('batch', [1, 2])
def test_by_image_and_by_pixel(batch):
    one = sample([10.0, 0.0], [14.0, 3.0])
    three = sample([5.0, 6.0, 7.0], [5.0, 6.0, 7.0])
    found = evaluated([one, three], batch)
    assert found['disparity/image_epe'] == 2 and found['disparity/pixel_epe'] == 1


@pytest.mark.parametrize(
    ('target', 'error', 'd1', 'bad'), [(100, 4, 0, 1), (50, 3, 0, 0), (60, 3.1, 1, 1)]
)
def test_single_pixels(target, error, d1, bad):
    found = evaluated([sample([float(target)], [target + error])])
    assert found['disparity/image_d1'] == 100 * d1
    assert found['disparity/image_bad_3'] == 100 * bad


def test_what_is_unknown_is_left_out():
    target = [1.0, 0.0, float('nan'), float('inf'), 200.0]
    found = evaluated([sample(target, [2.0] + [50.0] * 4)], max_disp=192)
    assert found['disparity/image_epe'] == 1
    known = sample([0.0, 4.0], [1.0, 9.0], valid=[1, 0])
    assert evaluated([known])['disparity/image_epe'] == 1


def test_images_without_a_known_pixel_are_counted():
    found = evaluated([sample([0.0], [3.0]), sample([2.0], [4.0])])
    assert found['disparity/image_epe'] == 2 and found['disparity/skipped'] == 1


def test_no_image_with_a_known_pixel_is_an_error():
    far = sample([200.0], [3.0])
    with pytest.raises(DataError, match='none of 2 images .* below max_disp=192'):
        evaluated([far, far], max_disp=192)


def test_occluded_pixels_apart():
    found = evaluated(
        [sample([4.0, 4.0, 4.0], [5.0, 5.0, 9.0], gt_occlusion=[0, 0, 1])]
    )
    assert found['disparity/noc_pixel_epe'] == 1
    assert found['disparity/occ_pixel_epe'] == 5
    assert found['disparity/pixel_epe'] == pytest.approx(7 / 3)


def test_sizes_that_differ_are_explained():
    with pytest.raises(DataError, match='LoadDisparity stands behind Resize'):
        evaluated([sample([1.0, 2.0], [1.0])])
    with pytest.raises(DataError, match='no gt_disparity'):
        evaluated([dict(pred_disparity=torch.zeros(1, 1))])
