from __future__ import annotations

import random
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.oversized import write_oversized_png

from mmlite.datasets import BaseDataset, SeededIndex
from mmlite.datasets.storage import ArrayList
from mmlite.errors import ConfigError, DataError, DataNotFoundError
from mmlite.registry import DATASETS


class Numbers(BaseDataset):
    METAINFO = dict(classes=('even', 'odd'))

    def load_data_list(self) -> list[dict]:
        return [dict(number=i, gt_label=i % 2) for i in range(10)]


class Arrays(BaseDataset):
    def load_data_list(self) -> ArrayList:
        images = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
        return ArrayList(images, np.arange(10) % 2)


@pytest.mark.parametrize('cls', [Numbers, Arrays])
@pytest.mark.parametrize(
    ('indices', 'expected'),
    [
        (None, range(10)),
        (3, [0, 1, 2]),
        (-2, [8, 9]),
        ([7, 1, -1], [7, 1, 9]),
        (99, range(10)),
    ],
)
@pytest.mark.parametrize('packed', [True, False])
def test_indices_choose_samples(cls, indices, expected, packed: bool) -> None:
    dataset = cls(indices=indices, serialize_data=packed)
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    numbers = [i['number'] if 'number' in i else int(i['img'].item()) for i in infos]
    assert numbers == list(expected)
    assert [info['sample_idx'] for info in infos] == list(range(len(infos)))
    assert dataset.get_gt_labels().tolist() == [n % 2 for n in expected]
    subset = dataset.get_subset([0, 1])
    assert len(subset) == 2 and len(dataset) == len(list(expected))


def test_an_index_that_is_not_there_is_refused() -> None:
    with pytest.raises(DataError, match='10 samples, but indices names 10'):
        Numbers(indices=[1, 10])
    with pytest.raises(IndexError):
        Numbers().get_data_info(10)
    assert Numbers().get_data_info(-1)['sample_idx'] == 9


@pytest.mark.parametrize('packed', [True, False])
def test_changing_a_sample_does_not_change_the_dataset(packed: bool) -> None:
    dataset = Numbers(serialize_data=packed)
    dataset[0]['number'] = 77
    assert dataset[0]['number'] == 0
    with pytest.raises(ValueError, match='read-only'):
        Arrays()[0]['img'][...] = 1
    inputs = Arrays(pipeline=[dict(type='PackInputs')])[3]['inputs']
    inputs += 1
    assert Arrays()[3]['img'] == 3


def test_classes_come_from_class_argument_or_metainfo(tmp_path: Path) -> None:
    assert Numbers().CLASSES == ('even', 'odd')
    assert Numbers(metainfo=dict(classes=['a', 'b'])).class_to_idx == {'a': 0, 'b': 1}
    assert Numbers(classes=['c']).metainfo == dict(classes=('c',))
    assert Numbers.METAINFO == dict(classes=('even', 'odd'))
    assert Numbers().get_cat_ids(3) == [1]
    with pytest.raises(DataNotFoundError, match="classes='none.txt' is not a file"):
        Numbers(classes='none.txt')


def test_lazy_init_reads_when_needed() -> None:
    dataset = Numbers(lazy_init=True)
    assert 'initialized' in repr(dataset)
    assert len(dataset) == 10
    assert 'Number of samples: \t10' in repr(dataset)


def test_the_generator_of_a_sample_depends_on_its_seed_alone() -> None:
    dataset = Numbers(pipeline=[lambda results: results['rng'].random()])
    assert dataset[SeededIndex(3, 5)] == random.Random(5).random()
    assert dataset[SeededIndex(4, 5)] == dataset[SeededIndex(3, 5)]
    assert 'rng' not in Numbers()[3]


def test_openmmlab_annotation_files(tmp_path: Path) -> None:
    path = tmp_path / 'ann.json'
    path.write_text(
        '{"metainfo": {"classes": ["x", "y"]}, '
        '"data_list": [{"img_path": "a.png", "gt_label": [0, 1]}]}'
    )
    dataset = BaseDataset('ann.json', data_root=str(tmp_path), data_prefix='imgs')
    assert dataset.CLASSES == ('x', 'y')
    assert dataset.get_data_info(0)['img_path'] == str(tmp_path / 'imgs' / 'a.png')
    assert dataset.get_cat_ids(0) == [0, 1]
    path.write_text('{"data": []}')
    with pytest.raises(
        DataError, match=r'ann.json: expected a dict with the keys metainfo'
    ):
        BaseDataset(str(path))
    path.write_text('{"metainfo": {}, "data_list": [{"img": 1}]}')
    with pytest.raises(DataError, match=r'ann.json:1: data_list.0: .*img_path'):
        BaseDataset(str(path))
    path.write_text('{')
    with pytest.raises(DataError, match=r'ann.json'):
        BaseDataset(str(path))


def test_pickled_annotations_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / 'ann.pkl').touch()
    with pytest.raises(DataError, match='expected a .json or .yaml file'):
        BaseDataset(str(tmp_path / 'ann.pkl'))
    with pytest.raises(DataNotFoundError, match='does not exist'):
        BaseDataset('none.json')
    with pytest.raises(DataError, match='has no ann_file'):
        BaseDataset()


def write_images(root: Path) -> None:
    for i in range(4):
        (root / 'x').mkdir(exist_ok=True)
        cv2.imwrite(str(root / 'x' / f'{i}.png'), np.full((2, 2, 3), i, np.uint8))
    (root / 'x' / '1.png').write_bytes(b'no image')
    (root / 'x' / '2.png').write_bytes(b'')


def test_an_unreadable_image_is_raised_or_skipped(tmp_path: Path, capsys) -> None:
    write_images(tmp_path)
    cfg = dict(
        type='CustomDataset',
        data_root=str(tmp_path),
        pipeline=[dict(type='LoadImageFromFile')],
    )
    with pytest.raises(DataError, match=r"x/1.png is not an image .*on_error='skip'"):
        DATASETS.build(cfg)[1]
    dataset = DATASETS.build(dict(cfg, on_error='skip'))
    for _ in range(3):
        assert dataset[SeededIndex(1, 0)]['sample_idx'] == 3
        assert dataset[2]['sample_idx'] == 3
    log = capsys.readouterr().out
    for i in (1, 2):
        skipped = f'skipped sample {i}, the next stands in for it: {tmp_path}/x/{i}.png'
        assert log.count(skipped) == 1
    assert 'on_error' not in log


def test_a_dataset_without_one_usable_sample_ends() -> None:
    dataset = Numbers(pipeline=[lambda results: None], max_refetch=20)
    with pytest.raises(DataError, match='21 samples in a row'):
        dataset[0]
    dataset = Numbers(pipeline=[lambda results: None], test_mode=True)
    with pytest.raises(DataError, match='gave nothing for sample 0'):
        dataset[0]


def test_mistakes_in_a_pipeline_have_a_place() -> None:
    steps = [dict(type='PackInputs'), dict(type='RandomFlip', prb=1.0)]
    with pytest.raises(ConfigError) as caught:
        DATASETS.build(dict(type='Digits', pipeline=steps))
    assert str(caught.value).startswith('pipeline.1: ')
    assert "did you mean 'prob'" in str(caught.value)
    with pytest.raises(ConfigError, match=r'on_error: .*raise'):
        DATASETS.build(dict(type='Digits', on_error='ignore'))


@pytest.mark.parametrize('backend', ['cv2', 'pillow'])
def test_an_image_that_claims_to_be_huge(tmp_path: Path, backend: str) -> None:
    if backend == 'pillow':
        pytest.importorskip('PIL')
    write_images(tmp_path)
    write_oversized_png(tmp_path / 'x' / '3.png')
    load = dict(type='LoadImageFromFile', imdecode_backend=backend)
    cfg = dict(type='CustomDataset', data_root=str(tmp_path), pipeline=[load])
    with pytest.raises(DataError, match=r'3.png is not .*header claims more pixels'):
        DATASETS.build(cfg)[3]
    assert DATASETS.build(dict(cfg, on_error='skip'))[3]['sample_idx'] == 0
    empty = dict(load, ignore_empty=True)
    assert DATASETS.build(dict(cfg, pipeline=[empty]))[3]['sample_idx'] == 0


def test_a_path_that_no_file_can_have() -> None:
    class Named(BaseDataset):
        def load_data_list(self):
            return [dict(img_path='a\0.png')]

    with pytest.raises(DataError, match='cannot read the image .*null'):
        Named(pipeline=[dict(type='LoadImageFromFile')])[0]


@pytest.mark.parametrize('cls', [Numbers, Arrays])
def test_indices_that_are_not_there(cls, capsys) -> None:
    for none in (0, [], slice(0)):
        with pytest.raises(DataError, match='leaves none of 10 samples'):
            cls(indices=none)
    with pytest.raises(DataError, match='names 10'):
        cls(indices=[10])
    for odd in ([True], [0.5], ['1']):
        with pytest.raises(DataError, match='expected integers'):
            cls(indices=odd)
    assert len(cls(indices=np.int64(3))) == 3 == len(cls(indices=slice(2, 5)))
    assert 'which are all taken' not in capsys.readouterr().err
    assert len(cls(indices=-11)) == 10
    assert 'indices=-11, but there are 10 samples' in ''.join(capsys.readouterr())
