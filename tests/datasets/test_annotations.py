"""Annotation files and lists of classes, whole and damaged."""

import copy
import json
import random
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmlite.datasets import default_collate
from mmlite.datasets.annotations import class_names
from mmlite.datasets.packed_files import PackWriter
from mmlite.errors import DataError, DataNotFoundError, UserError
from mmlite.registry import DATASETS

PIPELINE = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
SAMPLES = [dict(img_path=f'a/{i}.png', gt_label=i % 2) for i in range(3)]
WHOLE = dict(metainfo=dict(classes=['x', 'y']), data_list=SAMPLES)
DEEP = sys.getrecursionlimit() * 20


@pytest.fixture
def root():
    Path('d/a').mkdir(parents=True)
    for i in range(3):
        cv2.imwrite(f'd/a/{i}.png', np.full((4, 4, 3), i, np.uint8))
    return Path('d')


def custom(name, **args):
    cfg = dict(type='CustomDataset', data_root='d', ann_file=name, pipeline=PIPELINE)
    return DATASETS.build(cfg | args)


def use(dataset):
    """All that a training does with a dataset."""
    batch = default_collate([dataset[i] for i in range(len(dataset))])
    return batch['data_samples'].field('gt_label')


def message_of(build):
    with pytest.raises(UserError) as caught:
        use(build())
    message = str(caught.value)
    assert len(message) < 500
    return message


def changed(path, value):
    content = copy.deepcopy(WHOLE)
    node = content
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return content


NEITHER_NOR = [None, True, 1.5, -1, 2, 10**20, float('nan'), 'zz', '', {}, [[0]]]


@pytest.mark.parametrize('label', NEITHER_NOR, ids=str)
def test_labels_that_are_no_classes_are_refused_with_their_line(root, label):
    content = changed(('data_list', 1, 'gt_label'), label)
    (root / 't.json').write_text(json.dumps(content, indent=1))
    line = 1 + json.dumps(content, indent=1).splitlines().index(
        '   "img_path": "a/1.png",'
    )
    message = message_of(lambda: custom('t.json'))
    assert message.startswith(f'd/t.json:{line - 1}: data_list.1: gt_label '), message


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ([], 'expected a dict with the keys metainfo and data_list'),
        ('x', 'expected a dict'),
        (dict(data_list=[]), 'expected a dict with the keys'),
        (changed(('metainfo',), ['x', 'y']), 'metainfo is .* expected a dict'),
        (changed(('data_list',), 'a.png'), "data_list is 'a.png', expected a list"),
        (changed(('data_list', 1), 'a/1.png'), r'data_list.1: expected a dict like'),
        (changed(('data_list', 1), None), r'data_list.1: expected a dict like'),
        (changed(('data_list', 1), dict(gt_label=0)), r'data_list.1: .*img_path'),
        (changed(('data_list', 1), dict(img_path='a/1.png')), 'has no gt_label'),
        (changed(('data_list', 1, 'img_path'), 5), 'img_path is 5, expected a string'),
        (changed(('data_list', 1, 'img_path'), 'a\0.png'), 'that no file name can'),
        (changed(('data_list', 1, 'img_path'), '\ud800'), 'that no file name can'),
        (changed(('metainfo', 'classes'), 'names.txt'), 'expected a list of the names'),
        (changed(('metainfo', 'classes'), ['x', 'x']), 'is listed twice'),
        (changed(('metainfo', 'classes'), ['x', None]), 'expected a string'),
        (changed(('metainfo',), dict(categories=['x'])), 'expected categories'),
        (dict(WHOLE, data_list=[]), 'no image was found'),
    ],
)
def test_files_of_another_form(root, content, message):
    (root / 't.json').write_text(json.dumps(content))
    with pytest.raises(DataError, match=rf'(?s)t\.json.*{message}|{message}.*t\.json'):
        custom('t.json')


@pytest.mark.parametrize('suffix', ['json', 'yaml'])
@pytest.mark.parametrize(
    'text',
    [
        '',
        '{',
        '[' * DEEP,
        '{"metainfo": {}, "data_list": ' + '[' * DEEP,
        '{"metainfo": {}, "data_list": [' + '9' * 5000 + ']}',
        '\0',
        '"\t',
        '- [',
    ],
    ids=range(8),
)
def test_text_that_cannot_be_parsed(root, suffix, text):
    (root / f't.{suffix}').write_text(text[: 3000 if suffix == 'yaml' else None])
    assert f't.{suffix}' in message_of(lambda: custom(f't.{suffix}'))


def test_text_of_another_encoding(root):
    (root / 't.json').write_bytes(json.dumps(WHOLE).encode('utf-16'))
    assert 'is not UTF-8 text: byte 0 is 0xff' in message_of(lambda: custom('t.json'))


def mutated(data, rng):
    """A few bytes flipped, cut out, doubled or put in."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        place, kind = rng.randrange(len(data)), rng.randrange(4)
        if kind == 0:
            data[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[place : place + rng.randint(1, 9)]
        elif kind == 2:
            data[place:place] = data[rng.randrange(len(data)) :][:20]
        else:
            odd = [b'\0', b'\xff', b'[', b'9' * 20, b'e999', b'\r\n', b'NaN', b'-']
            data[place:place] = rng.choice(odd)
        data = data or bytearray(b'x')
    return bytes(data)


def right_or_refused(build):
    """Nothing but a :class:`UserError` comes out, or labels that are classes."""
    try:
        dataset = build()
        labels = use(dataset)
    except UserError as error:
        assert str(error)
        return
    most = len(dataset.CLASSES or range(2**31))
    assert all(0 <= int(label) < most for row in labels for label in np.ravel(row))


@pytest.mark.parametrize('seed', range(40))
def test_damaged_lists_are_right_or_refused(root, seed):
    rng = random.Random(seed)
    for _ in range(5):
        (root / 't.json').write_bytes(mutated(json.dumps(WHOLE).encode(), rng))
        right_or_refused(lambda: custom('t.json'))
        by_index = b'a/0.png 0\na/1.png 1\na/2.png 0\n'
        (root / 't.txt').write_bytes(mutated(by_index, rng))
        right_or_refused(lambda: custom('t.txt'))
        (root / 't.txt').write_bytes(mutated(b'a/0.png x\na/1.png y z\n', rng))
        right_or_refused(lambda: custom('t.txt', classes=['x', 'y z']))


IMAGES = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 3), dtype=np.uint8)


@pytest.fixture
def pack():
    with PackWriter('pack', 3) as writer:
        for i, image in enumerate(IMAGES):
            writer.add(image, dict(gt_label=i % 2, img_path=f'{i}.png'))
        writer.finish(['x', 'y'])
    return Path('pack')


def packed():
    pipeline = [dict(type='PackInputs')]
    return DATASETS.build(
        dict(type='PackedDataset', data_root='pack', pipeline=pipeline)
    )


@pytest.mark.parametrize('seed', range(20))
def test_damaged_packs_are_right_or_refused(pack, seed):
    rng = random.Random(seed)
    whole = (pack / 'index.json').read_bytes()
    for _ in range(5):
        (pack / 'index.json').write_bytes(mutated(whole, rng))
        right_or_refused(packed)


@pytest.mark.parametrize('bit', range(8))
def test_every_flipped_bit_of_a_header_is_seen(pack, bit):
    whole = (pack / 'images.npy').read_bytes()
    for place in range(len(whole) - IMAGES.size):
        data = bytearray(whole)
        data[place] ^= 1 << bit
        (pack / 'images.npy').write_bytes(data)
        with pytest.raises(DataError, match=r'images\.npy is damaged'):
            packed()


@pytest.mark.parametrize('bom', [b'', b'\xef\xbb\xbf'])
@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('c.txt', 'big cat\n\n dog \n'),
        ('c.json', '["big cat", "dog"]'),
        ('c.json', '{"classes": ["big cat", "dog"]}'),
        ('c.json', '{"metainfo": {"classes": ["big cat", "dog"]}, "data_list": []}'),
        (
            'c.json',
            '{"categories": [{"id": 1, "category_name": "dog"},'
            ' {"id": 0, "name": "big cat"}]}',
        ),
        ('c.yaml', '- big cat\n- dog\n'),
        ('c.yml', 'classes: [big cat, dog]\n'),
    ],
)
def test_one_reader_of_classes(bom, name, text):
    Path('d').mkdir()
    Path('d', name).write_bytes(bom + text.encode())
    expected = ('big cat', 'dog')
    assert class_names(f'd/{name}') == class_names(name, 'd') == expected
    for args in (dict(classes=name), dict(metainfo=dict(classes=name))):
        cfg = dict(type='BaseDataset', data_root='d', lazy_init=True)
        assert DATASETS.build(cfg | args).CLASSES == expected


@pytest.mark.parametrize('text', ['', '[]', '{}', '{"classes": 5}', '[[', '[1, 2]'])
def test_files_without_classes(text):
    Path('c.json').write_text(text)
    with pytest.raises(DataError, match=r'c\.json'):
        class_names('c.json')
    Path('c.txt').write_text(' \n')
    with pytest.raises(DataError, match=r'c\.txt names no class'):
        class_names('c.txt')
    with pytest.raises(DataNotFoundError, match="classes='none.txt' is not a file"):
        class_names('none.txt')


@pytest.mark.parametrize(
    ('metainfo', 'labels', 'expected', 'classes'),
    [
        (dict(classes=['x', 'y']), ['y', 'x', 1], [1, 0, 1], ('x', 'y')),
        ({}, ['y', 'x', 'y'], [1, 0, 1], ('x', 'y')),  # sorted, as folders are
        ({}, [4, 0, 4], [4, 0, 4], None),
        (
            dict(
                categories=[
                    dict(id=1, category_name='x'),
                    dict(id=0, category_name='y'),
                ]
            ),
            ['x', 0, 1],
            [1, 0, 1],
            ('y', 'x'),
        ),
    ],
)
@pytest.mark.parametrize('suffix', ['json', 'yaml'])
def test_labels_by_name_and_by_index(root, metainfo, labels, expected, classes, suffix):
    samples = [
        dict(sample, gt_label=label)
        for sample, label in zip(SAMPLES, labels, strict=True)
    ]
    text = json.dumps(dict(metainfo=metainfo, data_list=samples))  # is YAML too
    (root / f't.{suffix}').write_text(text)
    dataset = custom(f't.{suffix}')
    assert dataset.get_gt_labels().tolist() == expected
    assert dataset.CLASSES == classes


def test_labels_under_their_other_name(root):
    samples = [dict(sample, gt_label=i % 2) for i, sample in enumerate(SAMPLES)]
    samples[0]['img_label'] = 1 - samples[0].pop('gt_label')
    content = dict(metainfo=dict(classes=['x', 'y']), data_list=samples)
    (root / 't.json').write_text(json.dumps(content))
    assert custom('t.json').get_gt_labels().tolist()[:2] == [1, 1]


def test_the_word_of_the_config_counts(root):
    content = changed(('data_list', 0, 'gt_label'), 'y')
    (root / 't.json').write_text(json.dumps(content))
    assert custom('t.json', classes=['y', 'x']).get_gt_labels()[0] == 0
    assert custom('t.json').get_gt_labels()[0] == 1
