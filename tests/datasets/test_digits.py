"""The digits against what is published about them."""

from __future__ import annotations

import numpy as np
import pytest

from mmlite.datasets import Digits, DigitsRetrieval, TurnedDigits
from mmlite.registry import DATASETS

COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # UCI, per digit


def test_the_two_splits_make_the_published_set() -> None:
    train, test = Digits(split='train'), Digits(split='test')
    assert len(train) + len(test) == 1797
    labels = np.concatenate([train.get_gt_labels(), test.get_gt_labels()])
    assert np.bincount(labels).tolist() == COUNTS
    held_out = np.bincount(test.get_gt_labels())
    assert held_out.tolist() == [round(count / 5) for count in COUNTS]


def test_the_splits_share_no_image_and_depend_on_the_seed_alone() -> None:
    def images(**kwargs) -> list[bytes]:
        dataset = Digits(size=8, channels=1, **kwargs)
        return [info['img'].tobytes() for info in dataset.data_list]

    train, test = images(split='train'), images(split='test')
    assert not set(train) & set(test)
    assert test == images(test_mode=True)
    assert test != images(split='test', seed=1)


def test_pixels_are_the_published_values_scaled() -> None:
    sklearn = pytest.importorskip('sklearn.datasets')
    published = sklearn.load_digits().images
    datasets = [Digits(split=s, size=8, channels=1) for s in ('train', 'test')]
    ours = np.concatenate([d.data_list.images[..., 0] for d in datasets])
    assert ours.min() == 0 and ours.max() == 255
    values = np.rint(ours.astype(float) * 16 / 255)
    assert sorted(v.tobytes() for v in values) == sorted(v.tobytes() for v in published)


def test_size_and_channels() -> None:
    dataset = DATASETS.build(dict(type='Digits', size=20, channels=2))
    image = dataset.get_data_info(0)['img']
    assert image.shape == (20, 20, 2) and image.dtype == np.uint8
    np.testing.assert_array_equal(image[..., 0], image[..., 1])
    assert dataset.CLASSES == tuple('0123456789')


def named(dataset) -> dict[str, set[bytes]]:
    """The images of each class, by its name."""
    found: dict[str, set[bytes]] = {name: set() for name in dataset.CLASSES}
    for info in dataset.data_list:
        found[dataset.CLASSES[int(info['gt_label'])]].add(info['img'].tobytes())
    return found


def test_each_orientation_is_a_class() -> None:
    upright = DigitsRetrieval(split='train', size=8, channels=1)
    turned = TurnedDigits(size=8, channels=1)
    assert len(turned) == 8 * len(upright)
    classes = named(turned)
    assert len(classes) == 48
    expected: dict[str, set[bytes]] = {name: set() for name in classes}
    for info in upright.data_list:
        for mirrored, img in (('', info['img']), (' mirrored', info['img'][:, ::-1])):
            for angle in (0, 90, 180, 270):
                name = f'{info["gt_label"]}{mirrored}' + f' turned by {angle}' * (
                    angle > 0
                )
                expected[name].add(img.tobytes())
                img = img.swapaxes(0, 1)[::-1]  # a quarter turn to the left
    assert classes == expected


def test_classes_in_another_order_keep_their_images() -> None:
    for cfg in (dict(type='TurnedDigits'), dict(type='DigitsRetrieval')):
        cfg = dict(cfg, size=8, channels=1)
        one = DATASETS.build(cfg)
        other = DATASETS.build(dict(cfg, classes=one.CLASSES[::-1]))
        assert named(one) == named(other)
