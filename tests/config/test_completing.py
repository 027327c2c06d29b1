"""What a config leaves open comes from its data."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tiny_folders import class_folders, coco

from mmlite.config import check, check_config, load_config
from mmlite.errors import ConfigError

FOLDER = """
_base_ = [
    'mmlite::_base_/models/{model}.py',
    'mmlite::_base_/datasets/{data}.py',
    'mmlite::_base_/schedules/adamw_coslr_30e.py',
    'mmlite::_base_/default_runtime.py',
]
"""


def written(text: str, name: str = 'mine.py', **words: str) -> Path:
    path = Path(name)
    path.write_text(FOLDER.format(**words) + text)
    return path


def test_ten_lines_are_enough_for_a_folder():
    for split in ('train', 'val'):
        class_folders(Path('pets', split), ('a', 'b', 'c'))
    path = written(
        'model = dict(head=dict(num_classes=None))\n'
        "train_dataloader = dict(dataset=dict(data_root='pets'))\n"
        "val_dataloader = dict(dataset=dict(data_root='pets'))\n",
        model='resnet18',
        data='folder_224',
    )
    assert len(path.read_text().strip().splitlines()) <= 10
    cfg = load_config(path)
    assert check_config(cfg, build_model=False) == []
    assert cfg.model.head.num_classes == 3
    assert cfg.model.head.topk == cfg.val_evaluator.topk == (1,)
    assert cfg.test_dataloader == cfg.val_dataloader
    assert cfg.test_evaluator == cfg.val_evaluator


def test_what_is_stated_stays():
    class_folders(Path('pets'), ('a', 'b', 'c'))
    path = written(
        'model = dict(head=dict(num_classes=7, topk=(1, 5)))\n'
        "train_dataloader = dict(dataset=dict(data_root='pets'))\n"
        "val_dataloader = dict(dataset=dict(data_root='pets'))\n"
        'test_dataloader = None\n',
        model='resnet18',
        data='folder_224',
    )
    cfg = load_config(path)
    assert cfg.model.head.num_classes == 7
    assert cfg.val_evaluator.topk == (1, 5)
    assert cfg.test_dataloader is None and 'test_evaluator' not in cfg


def test_classes_of_boxes_are_counted_in_their_file():
    coco(Path('cups'))
    path = written(
        'model = dict(num_classes=None)\n'
        "train_dataloader = dict(dataset=dict(data_root='cups',\n"
        "    ann_file='annotations/instances_train.json', data_prefix='train'))\n"
        "val_dataloader = dict(dataset=dict(data_root='cups',\n"
        "    ann_file='annotations/instances_val.json', data_prefix='val'))\n",
        model='ssd_tiny',
        data='boxes',
    )
    assert load_config(path).model.num_classes == 2


def test_a_head_that_states_no_number_is_given_one():
    dataset = dict(type='Digits')
    head = dict(type='LinearClsHead', in_channels=64)
    cfg = load_config(
        dict(
            model=dict(type='ImageClassifier', head=head),
            train_dataloader=dict(dataset=dataset),
        )
    )
    assert cfg.model.head.num_classes == 10


def test_data_that_are_not_there_are_said_to_be_needed():
    path = written(
        'model = dict(head=dict(num_classes=None))\n'
        "train_dataloader = dict(dataset=dict(data_root='nowhere'))\n",
        model='resnet18',
        data='folder_224',
    )
    cfg = load_config(path)
    assert cfg.model.head.num_classes is None
    with pytest.raises(ConfigError, match='head.num_classes is left open.*nowhere'):
        check(cfg)


def test_a_config_without_a_validation_gets_no_test():
    cfg = load_config(dict(val_dataloader=dict(), model=dict(type='MAE')))
    assert 'test_dataloader' not in cfg
