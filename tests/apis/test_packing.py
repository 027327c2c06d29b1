"""Decoding a dataset once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.runs import DIGITS

from mmlite.apis import pack_dataset
from mmlite.apis.cli import main
from mmlite.datasets import Digits, PackedDataset
from mmlite.datasets.packed_files import open_images, read_index
from mmlite.errors import ConfigError, DataError, UserError
from mmlite.registry import DATASETS
from mmlite.visualization import write_image

LOAD = dict(type='LoadImageFromFile')
EDGE = dict(type='ResizeEdge', scale=8)
CROP = dict(type='CenterCrop', crop_size=8)


@pytest.fixture
def pets():
    """A folder with images of several sizes in two splits."""
    rng = np.random.default_rng(0)
    for split in ('train', 'val'):
        for i in range(5):
            folder = Path('pets', split, ('cat', 'dog')[i % 2])
            folder.mkdir(parents=True, exist_ok=True)
            image = rng.integers(0, 256, (10 + i, 12, 3), dtype=np.uint8)
            write_image(image, folder / f'{i}.png')
    return dict(type='CustomDataset', data_root='pets')


def assert_same(packed, dataset):
    assert len(packed) == len(dataset) > 0
    assert packed.CLASSES == dataset.CLASSES
    for ours, theirs in zip(packed, dataset, strict=True):
        assert np.array_equal(ours['img'], theirs['img'])
        assert ours['gt_label'] == theirs['gt_label']
        assert ours['img_path'] == theirs['img_path']


@pytest.mark.parametrize('workers', [0, 1])
def test_a_folder(pets, workers):
    out = pack_dataset(
        'pets', 'out', split='val', short_edge=8, center_crop=True, num_workers=workers
    )
    expected = DATASETS.build(dict(pets, split='val', pipeline=[LOAD, EDGE, CROP]))
    assert_same(PackedDataset(str(out)), expected)
    made = read_index(out)['made_by']
    assert made['dataset'] == 'CustomDataset' and made['pipeline'][0] == LOAD


def test_a_fixed_size(pets):
    pack_dataset(dict(pets, split='train', pipeline=[LOAD]), 'out', size=(6, 4))
    steps = [LOAD, dict(type='Resize', scale=(6, 4))]
    expected = DATASETS.build(dict(pets, split='train', pipeline=steps))
    assert_same(PackedDataset('out'), expected)


def test_the_dataset_of_a_config(pets, capsys):
    Path('config.py').write_text(
        'repeated = dict(type="RepeatDataset", times=3, dataset=dict(\n'
        '    type="CustomDataset", data_root="pets", split="train",\n'
        '    pipeline=[\n'
        '        dict(type="LoadImageFromFile", color_type="grayscale"),\n'
        '        dict(type="RandomFlip", prob=0.5), dict(type="PackInputs")]))\n'
        'train_dataloader = dict(dataset=repeated)\n'
        'val_dataloader = dict(dataset=repeated.pop("dataset"))\n'
        'val_dataloader["dataset"]["split"] = "val"\n'
        'repeated["dataset"] = dict(val_dataloader["dataset"], split="train")\n'
    )
    command = ['pack-dataset', 'config.py', 'out', '--size', '6', '4']
    assert main([*command, '--num-workers', '0']) == 0
    shown = capsys.readouterr()
    assert "dict(type='PackedDataset', data_root='out')" in shown.out
    assert '100% of 5 images' in shown.err
    grey = dict(LOAD, color_type='grayscale')
    steps = [grey, dict(type='Resize', scale=(6, 4))]
    expected = DATASETS.build(dict(pets, split='train', pipeline=steps))
    got = PackedDataset('out')
    assert got[1]['img'].shape == (4, 6, 1)
    assert np.array_equal(got[1]['img'][..., 0], expected[1]['img'])

    options = ['--split', 'val', '--cfg-options', 'val_dataloader.dataset.indices=2']
    assert (
        main(['pack-dataset', 'config.py', 'other', '--size', '6', '4', *options]) == 0
    )
    assert len(PackedDataset('other')) == 2


def test_images_that_no_file_holds():
    pack_dataset(DIGITS, 'out', ['val_dataloader.dataset.indices=7'], split='val')
    digits = Digits(split='test', indices=7)
    assert np.array_equal(open_images('out'), digits.data_list.images)
    packed = PackedDataset('out')
    assert packed.get_gt_labels().tolist() == digits.get_gt_labels().tolist()


def test_images_of_several_sizes(pets, capsys):
    command = ['pack-dataset', 'pets', 'out', '--split', 'train', '--num-workers', '0']
    assert main(command) == 1
    shown = capsys.readouterr().err
    assert 'of one size' in shown and 'pets/train/cat/2.png' in shown
    assert 'Traceback' not in shown and not Path('out').exists()


def test_broken_images(pets, capsys):
    Path('pets/val/cat/2.png').write_bytes(b'no image')
    options = dict(split='val', size=4, num_workers=1)
    with pytest.raises(DataError, match=r'^pets/val/cat/2.png is not an image'):
        pack_dataset('pets', 'out', **options)
    pack_dataset('pets', 'out', on_error='skip', **options)
    names = [Path(sample['img_path']).name for sample in PackedDataset('out')]
    assert names == ['0.png', '4.png', '1.png', '3.png']


def test_several_labels_and_scores(tmp_path):
    Path('a.json').write_text(
        '{"metainfo": {}, "data_list": ['
        '{"img_path": "0.png", "gt_label": [1, 2], "gt_score": [0.5, 0.25]}]}'
    )
    write_image(np.zeros((4, 4, 3), np.uint8), '0.png')
    cfg = dict(type='BaseDataset', ann_file='a.json', pipeline=[LOAD])
    pack_dataset(cfg, 'out', num_workers=0)
    sample = PackedDataset('out', pipeline=[dict(type='PackInputs')])[0]
    assert sample['data_samples'].gt_label.tolist() == [1, 2]
    assert sample['data_samples'].gt_score.tolist() == [0.5, 0.25]
    assert PackedDataset('out').CLASSES is None


def annotated(**fields):
    """A dataset of one 8x8 image with these fields."""
    write_image(np.arange(192, dtype=np.uint8).reshape(8, 8, 3), '0.png')
    sample = dict(img_path='0.png', **fields)
    Path('a.json').write_text(json.dumps(dict(metainfo={}, data_list=[sample])))
    return dict(type='BaseDataset', ann_file='a.json')


def test_boxes_are_kept_and_resized_with_the_image():
    box = dict(bbox=[2, 0, 6, 4], bbox_label=1, ignore_flag=1)
    cfg = annotated(instances=[box], walk='nm-01', angle=90, tags=['a', 'b'])
    cfg['pipeline'] = [LOAD, dict(type='LoadAnnotations')]
    pack_dataset(cfg, 'out', size=4, num_workers=0)
    sample = PackedDataset('out')[0]
    assert sample['img'].shape == (4, 4, 3)
    assert sample['gt_bboxes'].tolist() == [[1, 0, 3, 2]]
    assert sample['gt_bboxes'].dtype == np.float32
    assert sample['gt_bboxes_labels'].tolist() == [1]
    assert sample['gt_ignore_flags'].tolist() == [True]
    assert (sample['walk'], sample['angle']) == ('nm-01', 90)
    assert sample['tags'] == ['a', 'b'] and 'instances' not in sample
    flip = dict(type='RandomFlip', prob=1.0)
    mirrored = PackedDataset('out', pipeline=[flip, dict(type='PackInputs')])[0]
    assert mirrored['data_samples'].gt_bboxes.tolist() == [[1, 0, 3, 2]]
    cfg = annotated(instances=[])
    cfg['pipeline'] = [LOAD, dict(type='LoadAnnotations')]
    pack_dataset(cfg, 'empty', num_workers=0)
    assert PackedDataset('empty')[0]['gt_bboxes'].shape == (0, 4)


@pytest.mark.parametrize(
    ('fields', 'options', 'message'),
    [
        (dict(instances=[]), dict(size=4), 'instances would no longer fit .*LoadAnno'),
        (dict(seg_map_path='0.png'), dict(size=4), 'seg_map_path would no longer fit'),
        (dict(gt_bboxes=[[0, 0, 1, 1]], gt_masks=[[[1]]]), {}, 'gt_masks cannot be'),
        (dict(sils=[[[1]]]), {}, 'the field sils cannot be packed: only one image'),
        (dict(heat=[[1, 2]]), dict(size=4), 'the field heat .*register_field'),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(fields, options, message):
    cfg = dict(annotated(**fields), pipeline=[LOAD])
    with pytest.raises(DataError, match=message):
        pack_dataset(cfg, 'out', num_workers=0, **options)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(size=4, short_edge=8), 'size goes with neither short_edge nor'),
        (dict(center_crop=True), 'center_crop needs short_edge'),
        (dict(size=4, interpolation='bilinaer'), 'interpolation'),
        (dict(overrides=['a=1'], size=4), '--cfg-options change a config'),
    ],
)
def test_wrong_options(pets, options, message):
    with pytest.raises(UserError, match=message):
        pack_dataset('pets', 'out', split='val', **options)


def test_wrong_configs(pets):
    Path('config.py').write_text(
        'both = [dict(type="Digits"), dict(type="Digits")]\n'
        'train_dataloader = dict(dataset=dict(type="ConcatDataset", datasets=both))\n'
    )
    with pytest.raises(
        ConfigError, match='train_dataloader.dataset is made of several'
    ):
        pack_dataset('config.py', 'out')
    with pytest.raises(ConfigError, match='val_dataloader has no dataset to pack'):
        pack_dataset('config.py', 'out', split='val')
    with pytest.raises(UserError):
        pack_dataset('nowhere.py', 'out')


@pytest.mark.parametrize(
    'sizes', [dict(size=(0, 5)), dict(size=-1), dict(short_edge=0)]
)
def test_sizes_of_nothing_are_refused(pets, sizes):
    with pytest.raises(UserError, match=r'at least 1 pixel, got (0|-1)$'):
        pack_dataset(dict(pets, split='train', pipeline=[LOAD]), 'out', **sizes)
    assert not Path('out').exists()
