from pathlib import Path

import cv2
import numpy as np
import pytest
from support.runs import DIGITS

from mmlite.apis import browse
from mmlite.errors import ConfigError, UserError

CONFIGS = Path(DIGITS).parent


def pictures(folder):
    return sorted(path.name for path in Path(folder).glob('*.png'))


def test_each_step_has_a_picture(tmp_path):
    sheet = browse(DIGITS, tmp_path, number=2, start=3)
    assert pictures(tmp_path) == [
        f'{place}_{step}_{name}.png'
        for place in (3, 4)
        for step, name in enumerate(('as_stored', 'RandomCrop', 'PackInputs'))
    ] + ['contact_sheet.png']
    stored = cv2.imread(str(tmp_path / '3_0_as_stored.png'))
    packed = cv2.imread(str(tmp_path / '3_2_PackInputs.png'))
    cropped = cv2.imread(str(tmp_path / '3_1_RandomCrop.png'))
    assert stored.shape == (32, 32, 3)
    assert (packed == cropped).all() and (stored != cropped).any()
    # Two rows of three pictures of 160 pixels each.
    assert cv2.imread(str(sheet)).shape == (8 + 2 * 186, 8 + 3 * 168, 3)


def test_a_seed_is_an_augmentation(tmp_path):
    for name, seed in (('a', 1), ('b', 1), ('c', 2)):
        browse(DIGITS, tmp_path / name, number=1, seed=seed)
    one, same, other = (
        (tmp_path / name / '0_1_RandomCrop.png').read_bytes() for name in 'abc'
    )
    assert one == same != other


def test_boxes_are_drawn(tmp_path):
    browse(CONFIGS / 'ssd/ssd_tiny_1xb16-30e_shapes.py', tmp_path, number=1)
    green = np.array([0, 200, 0])
    for path in tmp_path.glob('0_*.png'):
        image = cv2.imread(str(path))
        assert (image == green).all(axis=2).sum() > 50, path.name


@pytest.mark.parametrize(
    ('config', 'height', 'width', 'beside'),
    [
        # Left view, the disparity beside it and its scale, and the right view.
        ('stereo/tinystereo_1xb8-40e_scenes.py', 64, 3 * 160, 60),
        ('gait/gaitbase_tiny_1xb32-400i_walkers.py', 64, 6 * 44, 1),
        ('simclr/simclr_resnet18_1xb256_digits.py', 16, 2 * 16, 1),
    ],
)
@pytest.mark.slow
def test_pairs_sequences_and_views(tmp_path, config, height, width, beside):
    browse(CONFIGS / config, tmp_path, number=1)
    last = next(iter(tmp_path.glob('0_*_PackInputs.png')))
    shape = cv2.imread(str(last)).shape
    assert shape[0] == height and width <= shape[1] < width + beside


def test_a_mask_is_shown_beside_its_image(tmp_path):
    steps = [
        dict(
            type='SimMIMMaskGenerator',
            input_size=32,
            mask_patch_size=8,
            model_patch_size=8,
            mask_ratio=0.5,
        ),
        dict(type='PackInputs', algorithm_keys=['mask']),
    ]
    dataset = dict(type='Digits', split='train', pipeline=steps)
    browse(dict(train_dataloader=dict(dataset=dataset)), tmp_path, number=1)
    image = cv2.imread(str(tmp_path / '0_2_PackInputs.png'))
    assert image.shape == (32, 64, 3)
    right = image[:, 32:, 0]
    assert set(np.unique(right)) == {0, 255}
    assert (right == 255).mean() == 0.5


def test_wrappers_are_looked_into(tmp_path):
    inner = dict(type='Shapes', num_train=8, pipeline=[dict(type='RandomFlip', prob=1)])
    mosaic = [dict(type='Mosaic', img_scale=(64, 64)), dict(type='PackInputs')]
    inner = dict(type='RepeatDataset', times=2, dataset=inner)
    dataset = dict(type='MultiImageMixDataset', dataset=inner, pipeline=mosaic)
    browse(dict(train_dataloader=dict(dataset=dataset)), tmp_path, number=1, start=9)
    assert pictures(tmp_path) == [
        '9_0_as_stored.png',
        '9_1_RandomFlip.png',
        '9_2_Mosaic.png',
        '9_3_PackInputs.png',
        'contact_sheet.png',
    ]
    # A legend may stand below.
    shape = cv2.imread(str(tmp_path / '9_2_Mosaic.png')).shape
    assert shape[0] >= 128 and shape[1] == 128


@pytest.mark.parametrize(
    ('options', 'error', 'message'),
    [
        (dict(phase='trian'), UserError, "phase must be 'train', 'val' or 'test'"),
        (dict(start=-1), UserError, 'there are 1438 samples, from 0 to 1437'),
        (
            dict(overrides=['train_dataloader=None']),
            ConfigError,
            'train_dataloader.dataset is missing',
        ),
        (
            dict(overrides=['train_dataloader.dataset.pipeline.0.type=RandomCrip']),
            ConfigError,
            r'train_dataloader.dataset.pipeline.0: unknown type .*RandomCrop',
        ),
    ],
)
def test_mistakes(tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        browse(DIGITS, tmp_path, **options)
