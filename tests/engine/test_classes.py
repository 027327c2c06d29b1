"""What is tested on has the classes that the model is trained on, by name."""

import itertools
from functools import partial

import numpy as np
import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmlite.config import check_config, load_config
from mmlite.datasets import BaseDataset, Shapes
from mmlite.datasets.storage import ArrayList
from mmlite.engine import Runner
from mmlite.engine.checks import check_classes
from mmlite.engine.classes import classes_of_checkpoint, follow_classes
from mmlite.errors import ConfigError
from mmlite.registry import DATASETS, MODELS

NAMES = ('red', 'green', 'blue')


@DATASETS.register_module()
class ColouredSquares(BaseDataset):
    """Squares of the colours that the classes are named after, two of each."""

    def load_data_list(self):
        labels = np.repeat(np.arange(len(self.CLASSES)), 2)
        images = np.zeros((len(labels), 2, 2, 3), np.uint8)
        for image, label in zip(images, labels, strict=True):
            name = self.CLASSES[label]
            image[..., NAMES.index(name) if name in NAMES else 0] = 200
        return ArrayList(images, labels)


@DATASETS.register_module()
class PlainSquares(torch.utils.data.Dataset):
    """The same as any dataset of torch, whose labels nobody can change."""

    def __init__(self, classes):
        pipeline = [dict(type='PackInputs')]
        self.inner = ColouredSquares(classes=classes, pipeline=pipeline)
        self.metainfo = dict(classes=classes)

    def __len__(self):
        return len(self.inner)

    def __getitem__(self, index):
        return self.inner[index]


@MODELS.register_module()
class MeanColour(nn.Module):
    """The mean of each channel."""

    def forward(self, images):
        return (images.mean((2, 3)),)


def cfg_of(work_dir, train=NAMES, test=NAMES, kind='ColouredSquares', **changes):
    def loader(kind, classes, **args):
        pipeline = dict(pipeline=[dict(type='PackInputs')])
        return dict(
            batch_size=4,
            dataset=dict(
                type=kind, classes=classes, **(pipeline if kind[0] == 'C' else {})
            ),
            sampler=dict(type='DefaultSampler', shuffle=False),
            **args,
        )

    in_memory = changes.pop('in_memory', False)
    evaluated = loader(kind, test, **dict(in_memory=True) if in_memory else {})
    return Config(
        dict(
            model=dict(
                type='ImageClassifier',
                backbone=dict(type='MeanColour'),
                head=dict(type='LinearClsHead', num_classes=3, in_channels=3, topk=1),
            ),
            work_dir=str(work_dir),
            train_dataloader=loader('ColouredSquares', train),
            val_dataloader=evaluated,
            test_dataloader=evaluated,
            train_cfg=dict(max_epochs=1),
            val_cfg=dict(),
            test_cfg=dict(),
            val_evaluator=dict(type='Accuracy', topk=1),
            test_evaluator=dict(type='Accuracy', topk=1),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.0)),
        )
        | changes
    )


def weights(names):
    """Those of a model that knows all colours, whose outputs are in this order."""
    weight = torch.eye(3)[[NAMES.index(name) for name in names]]
    return {'head.fc.weight': weight, 'head.fc.bias': torch.zeros(3)}


def checkpoint(path, names=NAMES, **meta):
    torch.save(dict(meta=meta, state_dict=weights(names)), path)
    return str(path)


def trained(cfg):
    """A model that is right from the beginning is trained, and validated."""
    runner = Runner.from_cfg(cfg)
    model = runner.model
    model.init_weights = lambda: model.load_state_dict(weights(NAMES), strict=False)
    runner.train()
    return runner


TESTED = [names for count in (1, 3) for names in itertools.permutations(NAMES, count)]


@pytest.mark.parametrize('names', TESTED, ids='-'.join)
def test_any_order_and_any_part_give_the_same_accuracy(tmp_path, names):
    source = checkpoint(tmp_path / 'a.pth', dataset_meta=dict(classes=NAMES))
    runner = Runner.from_cfg(cfg_of(tmp_path, test=names, load_from=source))
    assert runner.test()['accuracy/top1'] == 100
    assert runner.test_loop.evaluator.dataset_meta['classes'] == NAMES
    assert runner.visualizer.dataset_meta['classes'] == NAMES


@pytest.mark.parametrize('in_memory', [False, True])
def test_a_validation_while_training(tmp_path, in_memory):
    names = NAMES[::-1]
    runner = trained(cfg_of(tmp_path, test=names, in_memory=in_memory))
    best = runner.message_hub.get_scalar('val/accuracy/top1').current()
    assert best == 100
    assert runner.val_loop.dataloader.dataset.CLASSES == NAMES


def test_a_test_of_data_in_memory(tmp_path):
    source = checkpoint(tmp_path / 'a.pth', dataset_meta=dict(classes=NAMES))
    cfg = cfg_of(tmp_path, test=NAMES[1:], load_from=source, in_memory=True)
    assert Runner.from_cfg(cfg).test()['accuracy/top1'] == 100


def refused(run):
    with pytest.raises(ConfigError) as caught:
        run()
    return str(caught.value)


def test_other_classes_are_refused(tmp_path):
    source = checkpoint(tmp_path / 'a.pth', dataset_meta=dict(classes=NAMES))
    for names in (['red', 'grin'], ['grin', 'red', 'blue']):
        cfg = cfg_of(tmp_path, test=names, load_from=source)
        assert refused(Runner.from_cfg(cfg).test) == (
            f'test_dataloader.dataset: ColouredSquares does not fit {source}, which '
            "the model is trained on: the class 'grin' is not among the 3 known ones "
            "(red, green, blue); did you mean 'green'?"
        )
        message = refused(partial(trained, cfg_of(tmp_path, test=names)))
        assert message.startswith(
            'val_dataloader.dataset: ColouredSquares does not fit train_dataloader'
        )


def test_labels_that_nobody_can_change(tmp_path):
    source = checkpoint(tmp_path / 'a.pth', dataset_meta=dict(classes=NAMES))
    cfg = cfg_of(tmp_path, kind='PlainSquares', load_from=source)
    assert Runner.from_cfg(cfg).test()['accuracy/top1'] == 100
    cfg = cfg_of(tmp_path, test=NAMES[::-1], kind='PlainSquares', load_from=source)
    message = refused(Runner.from_cfg(cfg).test)
    assert 'state them as they are there: red, green, blue' in message


@pytest.mark.parametrize(
    'meta',
    [
        dict(dataset_meta=dict(classes=list(NAMES))),
        dict(dataset_meta=dict(CLASSES=NAMES)),
        dict(CLASSES=NAMES),
    ],
)
def test_checkpoints_of_all_ages_say_their_classes(meta):
    assert tuple(classes_of_checkpoint(dict(meta=meta))) == NAMES


@pytest.mark.parametrize(
    'checkpoint',
    [
        {},
        dict(meta=None),
        dict(meta=[1]),
        dict(meta=dict(dataset_meta='abc')),
        dict(meta=dict(dataset_meta=dict(classes='abc'), CLASSES=5)),
    ],
)
def test_checkpoints_that_say_none(checkpoint):
    assert classes_of_checkpoint(checkpoint) is None


@pytest.mark.parametrize('classes', [None, [], [1, 2], 'abc'])
def test_nothing_to_compare_with(tmp_path, classes):
    source = checkpoint(tmp_path / 'a.pth', dataset_meta=dict(classes=classes))
    cfg = cfg_of(tmp_path, test=NAMES[::-1], load_from=source)
    # As before: green is in the middle of both lists.
    assert Runner.from_cfg(cfg).test()['accuracy/top1'] == pytest.approx(100 / 3)


def test_wordnet_ids_are_not_compared_with_other_words(tmp_path, capsys):
    wordnet = [f'n{i:08d}' for i in range(3)]
    for name, known in (('a.pth', wordnet), ('b.pth', wordnet[:2])):
        source = checkpoint(tmp_path / name, dataset_meta=dict(classes=known))
        runner = Runner.from_cfg(cfg_of(tmp_path, load_from=source))
        assert runner.test()['accuracy/top1'] == 100
        said = capsys.readouterr().out
        assert f"has {len(known)}, e.g. 'n00000000', and their names cannot" in said


def test_classes_of_imagenet_are_compared_across_both_kinds_of_names(tmp_path):
    ids, words = ['n01440764', 'n01443537', 'n01484850'], ['tench', 'goldfish', 'shark']
    words[2] = 'great white shark'
    for known, tested in ((ids, words[::-1]), (words, ids[::-1])):
        source = checkpoint(tmp_path / 'a.pth', dataset_meta=dict(classes=known))
        runner = Runner.from_cfg(cfg_of(tmp_path, test=tested, load_from=source))
        runner.test()
        labels = runner.test_loop.dataloader.dataset.get_gt_labels()
        assert labels.tolist() == [2, 2, 1, 1, 0, 0]


def test_no_advice_that_would_break_the_training(tmp_path, capsys):
    trained(cfg_of(tmp_path, test=NAMES[:2]))
    assert 'num_classes' not in capsys.readouterr().out
    plain = cfg_of(tmp_path, test=[f'n{i:08d}' for i in range(4)])
    message = refused(lambda: trained(plain))
    assert 'model.head.num_classes is 3, but ColouredSquares has 4 classes' in message
    assert 'set model.head.num_classes' not in message


def test_the_check_costs_nothing_per_iteration(tmp_path, monkeypatch):
    runner = trained(cfg_of(tmp_path, test=NAMES[::-1]))

    def never(*args):
        raise AssertionError('labels are looked up while data are loaded')

    monkeypatch.setattr(BaseDataset, 'use_classes', never)
    monkeypatch.setattr('mmlite.structures.class_lists.class_mapping', never)
    assert runner.val_loop.run()['accuracy/top1'] == 100
    assert type(runner.val_loop.dataloader.dataset.data_list) is ArrayList


@pytest.mark.parametrize('kind', ['SSD', 'FasterRCNN', 'TimmClassifier'])
def test_detectors_and_wrapped_models_are_compared_too(kind):
    class Detector(nn.Module):
        learns_classes = MODELS.get(kind).learns_classes

    data = Shapes(num_train=2)
    names = list(data.CLASSES)
    before = [data.get_data_info(i)['gt_bboxes_labels'].tolist() for i in range(2)]
    known = names[::-1]
    loader = torch.utils.data.DataLoader(data)
    assert follow_classes(Detector(), loader, known, 'a.pth')
    after = [data.get_data_info(i)['gt_bboxes_labels'].tolist() for i in range(2)]
    assert after == [[4 - label for label in labels] for labels in before]
    with pytest.raises(ConfigError, match='2 more are not among the 2 known'):
        follow_classes(Detector(), loader, known[:2], 'a.pth')


def test_a_detector_with_too_few_classes(repo_root):
    cfg = load_config(repo_root / 'configs/ssd/ssd_tiny_1xb16-30e_shapes.py')
    cfg.model.num_classes = 2
    problems = check_config(cfg, build_model=False)
    assert [str(p) for p in problems] == [
        'model.num_classes is 2, but Shapes has 5 classes; set model.num_classes=5'
    ]
    model = nn.Identity()
    model.num_classes, model.learns_classes = 2, True
    with pytest.raises(ConfigError, match=r'^model.num_classes is 2, but Shapes has 5'):
        check_classes(model, Shapes(num_train=1), None)
