from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmlite.datasets import CustomDataset, ImageNet
from mmlite.errors import ConfigError, DataError, DataNotFoundError
from mmlite.registry import DATASETS


def images(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = cv2.imencode('.png', np.full((4, 6, 3), 9, np.uint8))[1]
        path.write_bytes(data.tobytes())


def found(dataset: CustomDataset, root: Path) -> dict[str, int]:
    samples = [dataset.get_data_info(i) for i in range(len(dataset))]
    return {
        Path(s['img_path']).relative_to(root).as_posix(): s.get('gt_label')
        for s in samples
    }


def test_train_and_val_folders(tmp_path: Path) -> None:
    images(tmp_path, 'train/cat/1.png', 'train/dog/d/2.png', 'val/dog/3.png')
    train = CustomDataset(data_root=str(tmp_path), split='train')
    val = CustomDataset(data_root=str(tmp_path), split='val')
    assert found(train, tmp_path) == {'train/cat/1.png': 0, 'train/dog/d/2.png': 1}
    # val has no cats; a dog keeps the index that it has in train
    assert found(val, tmp_path) == {'val/dog/3.png': 1}
    assert train.CLASSES == val.CLASSES == ('cat', 'dog')
    assert val.class_to_idx == {'cat': 0, 'dog': 1}


def test_unicode_blanks_and_loading(tmp_path: Path) -> None:
    images(tmp_path, 'große Hunde/mein hund.png', '猫/1.png')
    dataset = CustomDataset(
        data_root=str(tmp_path), pipeline=[dict(type='LoadImageFromFile')]
    )
    assert dataset.CLASSES == ('große Hunde', '猫')
    assert dataset[0]['img'].shape == (4, 6, 3)


@pytest.mark.parametrize('below', ['', 'train/'])
def test_an_absent_split_is_held_out(tmp_path: Path, below: str) -> None:
    names = [f'{below}{c}/{i}.png' for c in ('cat', 'dog') for i in range(10)]
    images(tmp_path, *names)
    train, val = (
        found(CustomDataset(data_root=str(tmp_path), split=split), tmp_path)
        for split in ('train', 'val')
    )
    assert len(val) == 4 and list(val.values()) == [0, 0, 1, 1]
    assert sorted([*train, *val]) == sorted(names)
    half = CustomDataset(data_root=str(tmp_path), split='val', val_fraction=0.5)
    assert set(val) < set(found(half, tmp_path))
    other = CustomDataset(data_root=str(tmp_path), split='val', seed=1)
    assert set(val) != set(found(other, tmp_path))


def test_without_labels(tmp_path: Path) -> None:
    images(tmp_path, 'b.png', 'sub/a.png', 'val/c.png')
    dataset = CustomDataset(data_root=str(tmp_path), with_label=False)
    assert list(found(dataset, tmp_path)) == ['b.png', 'sub/a.png', 'val/c.png']
    dataset = CustomDataset(data_root=str(tmp_path), with_label=False, split='val')
    assert found(dataset, tmp_path) == {'val/c.png': None}


@pytest.mark.parametrize(
    ('text', 'labels', 'classes'),
    [
        ('a.png 1\nx y/b.png 0\n\n', [1, 0], None),
        ('\ufeffa.png dog\nx y/b.png cat', [1, 0], ('cat', 'dog')),
        ('a.png\tbig dog\nx y/b.png\tcat', [0, 1], ('big dog', 'cat')),
    ],
)
def test_annotation_file(tmp_path: Path, text, labels, classes) -> None:
    images(tmp_path, 'img/a.png', 'img/x y/b.png')
    (tmp_path / 'list.txt').write_text(text, encoding='utf-8')
    dataset = CustomDataset(
        data_root=str(tmp_path), data_prefix='img', ann_file='list.txt'
    )
    assert list(found(dataset, tmp_path).items()) == [
        ('img/a.png', labels[0]),
        ('img/x y/b.png', labels[1]),
    ]
    assert dataset.CLASSES == classes


def test_annotation_file_in_other_forms(tmp_path: Path) -> None:
    images(tmp_path, 'a b.png')
    (tmp_path / 'list.txt').write_text('a b.png\n')
    args = dict(data_root=str(tmp_path), ann_file='list.txt')
    dataset = CustomDataset(with_label=False, **args)
    assert found(dataset, tmp_path) == {'a b.png': None}
    (tmp_path / 'list.json').write_text(
        '{"metainfo": {"classes": ["x"]}, "data_list": '
        '[{"img_path": "a b.png", "gt_label": 0}]}'
    )
    dataset = CustomDataset(data_root=str(tmp_path), ann_file='list.json')
    assert found(dataset, tmp_path) == {'a b.png': 0}
    assert dataset.CLASSES == ('x',)


def test_classes_given_as_list_and_as_file(tmp_path: Path) -> None:
    images(tmp_path, 'cat/1.png', 'dog/2.png')
    (tmp_path / 'names.txt').write_text('dog\nowl\ncat\n')
    for classes in (['dog', 'owl', 'cat'], str(tmp_path / 'names.txt')):
        dataset = CustomDataset(data_root=str(tmp_path), classes=classes)
        assert dataset.get_gt_labels().tolist() == [2, 0]
    with pytest.raises(DataError, match="did you mean 'dogg'"):
        CustomDataset(data_root=str(tmp_path), classes=['dogg', 'cat'])


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('a.png\n', r'list.txt:1: expected "path label", got .a.png'),
        ('a.png 0\na.png -1\n', r'list.txt:2: label -1 is not a class'),
        ('a.png cat\na.png dgo\n', r"list.txt:2: 'dgo'.*did you mean 'dog'"),
        ('a.png 0\na.png dgo\n', r"list.txt:2: 'dgo' is none of the 2 classes"),
        ('a.png 2\n', r'list.txt:1: label 2 is not a class; they go from 0 to 1'),
        ('', 'no image was found in .*list.txt'),
        ('b.png 0\n', r"lists 'b.png', but .*b.png does not exist"),
    ],
)
def test_mistakes_in_an_annotation_file(tmp_path: Path, text, message) -> None:
    images(tmp_path, 'a.png')
    (tmp_path / 'list.txt').write_text(text)
    with pytest.raises(DataError, match=message):
        CustomDataset(
            data_root=str(tmp_path), ann_file='list.txt', classes=['cat', 'dog']
        )


def wrong(**kwargs) -> str:
    with pytest.raises(DataNotFoundError) as caught:
        CustomDataset(**kwargs)
    assert 'expected train/<class>/*.jpg and val/<class>/*.jpg' in str(caught.value)
    assert 'found' in str(caught.value)
    return str(caught.value)


def test_wrong_layouts_are_answered_with_the_trees(tmp_path: Path) -> None:
    root = str(tmp_path / 'pets')
    assert 'does not exist' in wrong(data_root=root)
    (tmp_path / 'pets').mkdir()
    assert f'no image was found in {root}' in wrong(data_root=root)
    images(tmp_path / 'pets', 'a.png')
    message = wrong(data_root=root)
    assert 'no class folders' in message and 'with_label=False' in message
    assert f'{root}/: a.png' in message
    images(tmp_path / 'pets', 'train/cat/a.png', 'val/cat/b.png')
    assert "set split='train'" in wrong(data_root=root)
    assert 'there is no folder test' in wrong(data_root=root, split='test')


def test_a_class_that_train_does_not_know_is_refused(tmp_path: Path) -> None:
    images(tmp_path, 'train/cat/1.png', 'val/kat/2.png')
    with pytest.raises(DataError, match='val/kat is none of the 1 classes; did you'):
        CustomDataset(data_root=str(tmp_path), split='val')


def test_arguments_that_cannot_be(tmp_path: Path) -> None:
    for args in (dict(), dict(data_root='x', val_fraction=1.0)):
        with pytest.raises(ConfigError):
            DATASETS.build(dict(type='CustomDataset', **args))


def test_imagenet_layouts(tmp_path: Path) -> None:
    images(
        tmp_path, 'train/n02/x.JPEG', 'train/n01/y.JPEG', 'val/v.JPEG', 'test/t.JPEG'
    )
    root = dict(data_root=str(tmp_path))
    train = ImageNet(split='train', **root)
    assert found(train, tmp_path) == {'train/n01/y.JPEG': 0, 'train/n02/x.JPEG': 1}
    with pytest.raises(DataNotFoundError, match='no class folders'):
        ImageNet(split='val', **root)
    (tmp_path / 'meta').mkdir()
    (tmp_path / 'meta' / 'val.txt').write_text('v.JPEG 1\n')
    val = ImageNet(split='val', **root)
    assert found(val, tmp_path) == {'val/v.JPEG': 1}
    assert val.CLASSES == train.CLASSES == ('n01', 'n02')
    test = ImageNet(split='test', **root)
    assert found(test, tmp_path) == {'test/t.JPEG': None}


def test_classes_in_capitals_are_those_of_old_configs(tmp_path):
    samples = [dict(img_path='a.jpg', gt_label=0), dict(img_path='b.jpg', gt_label='x')]
    path = tmp_path / 'a.json'
    content = dict(metainfo=dict(CLASSES=['y', 'x']), data_list=samples)
    path.write_text(json.dumps(content))
    data = CustomDataset(ann_file=str(path))
    assert data.CLASSES == ('y', 'x')
    assert data.get_gt_labels().tolist() == [0, 1]
    data = CustomDataset(ann_file=str(path), metainfo=dict(CLASSES=['x', 'y']))
    assert data.CLASSES == ('x', 'y')
    assert data.get_data_info(1)['gt_label'] == 0
