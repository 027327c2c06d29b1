"""Published datasets, on small files in their formats."""

from pathlib import Path

import numpy as np
import pytest
from support.mat_files import write_mat

from mmlite.datasets.published import in_order_of, published_classes
from mmlite.errors import ConfigError, DataError, DataNotFoundError
from mmlite.registry import DATASETS


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace('__', '/')
        path = path.with_name(path.name + ('.txt' if not path.suffix else ''))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def row(*numbers) -> np.ndarray:
    return np.array([numbers], np.float64)


def make_cub(root: Path) -> None:
    write(
        root,
        images='1 001.A/x.jpg\n2 002.B/y.jpg\n3 200.C/z.jpg\n',
        image_class_labels='1 1\n2 2\n3 200\n',
        train_test_split='1 1\n2 0\n3 1\n',
    )


def make_caltech(root: Path) -> None:
    write(
        root, meta__train='Faces/a.jpg 1\nzebra/b.jpg 101\n', meta__test='x/c.jpg 0\n'
    )


def make_aircraft(root: Path) -> None:
    lists = {
        'train': '1 707-320\n',
        'val': '2 DHC-8-100\n',
        'trainval': '1 707-320\n2 DHC-8-100\n',
        'test': '3 Cessna 172\n',
    }
    write(root, **{f'data__images_variant_{k}': text for k, text in lists.items()})


def make_food(root: Path) -> None:
    write(root, meta__train='apple_pie/1\nwaffles/2\n', meta__test='baklava/3\n')


def make_pets(root: Path) -> None:
    write(
        root,
        annotations__trainval='Abyssinian_1 1 1 1\nyorkshire_terrier_2 37 2 25\n',
        annotations__test='american_bulldog_3 2 2 1\n',
    )


def make_sun(root: Path) -> None:
    write(
        root,
        Partitions__Training_01='/a/abbey/sun_x.jpg\n/b/badminton_court/indoor/y.jpg\n',
        Partitions__Testing_01='/a/airplane_cabin/z.jpg\n',
    )


def make_textures(root: Path) -> None:
    names = ['banded/a.jpg', 'banded/b.jpg', 'blotchy/c.jpg', 'zigzagged/d.jpg']
    images = dict(name=names, label=row(0), set=row(1, 2, 3, 1))
    images['class'] = row(1, 1, 2, 47)
    write_mat(root / 'imdb/imdb.mat', images=images)


def make_flowers(root: Path) -> None:
    write_mat(root / 'imagelabels.mat', labels=row(7, 1, 102, 3))
    write_mat(root / 'setid.mat', trnid=row(1, 3), valid=row(4), tstid=row(2))


def car(name: str, label: int, **more) -> dict:
    first = dict(relative_im_path=name) if 'test' in more else dict(fname=name)
    return first | {'bbox_x1': row(3), 'class': row(label)} | more


def make_cars(root: Path) -> None:
    cars = [
        car('car_ims/1.jpg', 1, test=row(0)),
        car('car_ims/2.jpg', 196, test=row(1)),
    ]
    write_mat(root / 'cars_annos.mat', annotations=cars)


def make_cars_of_the_devkit(root: Path) -> None:
    folder = root / 'devkit'
    train = [car('1.jpg', 1), car('2.jpg', 5)]
    write_mat(folder / 'cars_train_annos.mat', annotations=train)
    one = [car('3.jpg', 196)]  # which is a structure by itself
    write_mat(folder / 'cars_test_annos_withlabels.mat', annotations=one)


SUN = published_classes('SUN397')
AIR = published_classes('FGVCAircraft')
# Per split: paths below data_root, and labels, from 0.
CASES = {
    'CUB': (
        make_cub,
        dict(
            train={'images/001.A/x.jpg': 0, 'images/200.C/z.jpg': 199},
            test={'images/002.B/y.jpg': 1},
        ),
    ),
    'Caltech101': (
        make_caltech,
        dict(
            train={
                '101_ObjectCategories/Faces/a.jpg': 1,
                '101_ObjectCategories/zebra/b.jpg': 101,
            },
            test={'101_ObjectCategories/x/c.jpg': 0},
        ),
    ),
    'FGVCAircraft': (
        make_aircraft,
        dict(
            train={'data/images/1.jpg': 0},
            val={'data/images/2.jpg': AIR.index('DHC-8-100')},
            trainval={
                'data/images/1.jpg': 0,
                'data/images/2.jpg': AIR.index('DHC-8-100'),
            },
            test={'data/images/3.jpg': AIR.index('Cessna 172')},
        ),
    ),
    'Food101': (
        make_food,
        dict(
            train={'images/apple_pie/1.jpg': 0, 'images/waffles/2.jpg': 100},
            test={'images/baklava/3.jpg': 2},
        ),
    ),
    'OxfordIIITPet': (
        make_pets,
        dict(
            trainval={
                'images/Abyssinian_1.jpg': 0,
                'images/yorkshire_terrier_2.jpg': 36,
            },
            test={'images/american_bulldog_3.jpg': 1},
        ),
    ),
    'SUN397': (
        make_sun,
        dict(
            train={
                'SUN397/a/abbey/sun_x.jpg': 0,
                'SUN397/b/badminton_court/indoor/y.jpg': SUN.index(
                    'badminton_court_indoor'
                ),
            },
            test={'SUN397/a/airplane_cabin/z.jpg': 1},
        ),
    ),
    'DTD': (
        make_textures,
        dict(
            train={'images/banded/a.jpg': 0, 'images/zigzagged/d.jpg': 46},
            val={'images/banded/b.jpg': 0},
            trainval={
                'images/banded/a.jpg': 0,
                'images/banded/b.jpg': 0,
                'images/zigzagged/d.jpg': 46,
            },
            test={'images/blotchy/c.jpg': 1},
        ),
    ),
    'Flowers102': (
        make_flowers,
        dict(
            train={'jpg/image_00001.jpg': 6, 'jpg/image_00003.jpg': 101},
            val={'jpg/image_00004.jpg': 2},
            trainval={
                'jpg/image_00001.jpg': 6,
                'jpg/image_00003.jpg': 101,
                'jpg/image_00004.jpg': 2,
            },
            test={'jpg/image_00002.jpg': 0},
        ),
    ),
    'StanfordCars': (
        make_cars,
        dict(train={'car_ims/1.jpg': 0}, test={'car_ims/2.jpg': 195}),
    ),
    'StanfordCars, devkit': (
        make_cars_of_the_devkit,
        dict(
            train={'cars_train/1.jpg': 0, 'cars_train/2.jpg': 4},
            test={'cars_test/3.jpg': 195},
        ),
    ),
}
EVERY = [(name, split) for name, (_, splits) in CASES.items() for split in splits]


def found(dataset, root: Path) -> dict:
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return {
        Path(info['img_path']).relative_to(root).as_posix(): info['gt_label']
        for info in infos
    }


def build(name: str, root: Path, **args):
    kind = name.partition(',')[0]
    return DATASETS.build(dict(type=kind, data_root=str(root), **args))


@pytest.mark.parametrize(('name', 'split'), EVERY)
def test_the_images_of_each_split(tmp_path: Path, name: str, split: str) -> None:
    make, splits = CASES[name]
    make(tmp_path)
    dataset = build(name, tmp_path, split=split)
    assert found(dataset, tmp_path) == splits[split]
    assert dataset.get_gt_labels().tolist() == list(splits[split].values())
    assert dataset.test_mode == (split == 'test' and name != 'CUB')


DEFAULTS = dict(
    FGVCAircraft='trainval', OxfordIIITPet='trainval', DTD='trainval',
    Flowers102='trainval',
)  # fmt: skip


@pytest.mark.parametrize('name', CASES)
def test_the_default_split_and_what_is_absent(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataNotFoundError, match='does not exist; set data_root'):
        build(name, tmp_path)
    CASES[name][0](tmp_path)
    assert build(name, tmp_path).split == DEFAULTS.get(name, 'train')
    with pytest.raises(ConfigError, match="split must be .*, got 'tset'|split"):
        build(name, tmp_path, split='tset')


SIZES = dict(
    CUB=200, Caltech101=102, FGVCAircraft=100, Food101=101, OxfordIIITPet=37,
    SUN397=397, DTD=47, StanfordCars=196, VOC=20, Places205=205,
)  # fmt: skip


@pytest.mark.parametrize('name', SIZES)
def test_as_many_classes_as_published(name: str) -> None:
    names = DATASETS.get(name).METAINFO['classes']
    assert len(names) == len(set(names)) == SIZES[name]


@pytest.mark.parametrize(
    ('name', 'file', 'text', 'message'),
    [
        ('CUB', 'images.txt', '1 a b\n', 'images.txt:1: expected 2 words'),
        ('CUB', 'images.txt', '9 a.jpg\n', 'image 9 is not in image_class_labels'),
        ('CUB', 'image_class_labels.txt', '1 x\n2 2\n3 3\n', 'expected a number'),
        ('CUB', 'image_class_labels.txt', '1 201\n2 2\n3 3\n', 'the label 200 is none'),
        ('CUB', 'image_class_labels.txt', '1 0\n2 2\n3 3\n', 'the label -1 is none'),
        ('CUB', 'train_test_split.txt', '1 0\n2 0\n3 0\n', 'lists no image of split'),
        ('Caltech101', 'meta/train.txt', 'a.jpg 1.5\n', 'train.txt:1: expected a num'),
        (
            'Food101',
            'meta/train.txt',
            '\napple/1\n',
            "txt:2: 'apple' is not a class",
        ),
        ('SUN397', 'Partitions/Training_01.txt', 'x\n', "'' is not a class of SUN397"),
        ('DTD', 'imdb/imdb.mat', 'MATLAB', 'imdb.mat is damaged'),
        ('StanfordCars', 'cars_annos.mat', 'MATLAB', 'cars_annos.mat is damaged'),
    ],
)
def test_files_that_make_no_sense(tmp_path, name, file, text, message) -> None:
    CASES[name][0](tmp_path)
    (tmp_path / file).write_text(text)
    with pytest.raises(DataError, match=message):
        build(name, tmp_path)


def test_matlab_files_of_other_things(tmp_path: Path) -> None:
    write_mat(tmp_path / 'imdb/imdb.mat', images=row(1))
    with pytest.raises(DataError, match='expected a structure with name, class, set'):
        build('DTD', tmp_path)
    images = {'name': ['a.jpg'], 'class': row(1, 2), 'set': row(1)}
    write_mat(tmp_path / 'imdb/imdb.mat', images=images)
    with pytest.raises(DataError, match=r'its lists have \[1, 2, 1\] entries'):
        build('DTD', tmp_path)
    write_mat(tmp_path / 'imdb/imdb.mat', images=images | {'class': row(1.5)})
    with pytest.raises(DataError, match='expected integers'):
        build('DTD', tmp_path)
    make_flowers(tmp_path)
    write_mat(tmp_path / 'setid.mat', trnid=row(5), valid=row(4), tstid=row(2))
    with pytest.raises(DataError, match='there is no image 5'):
        build('Flowers102', tmp_path)


def test_stated_classes_are_compared_by_name(tmp_path: Path) -> None:
    make_food(tmp_path)
    names = published_classes('Food101')
    dataset = build('Food101', tmp_path, classes=names[::-1])
    assert list(found(dataset, tmp_path).values()) == [100, 0]
    others = [f'dish {i}' for i in range(101)]  # the same in other words
    dataset = build('Food101', tmp_path, classes=others)
    assert list(found(dataset, tmp_path).values()) == [0, 100]
    with pytest.raises(DataError, match="has 100 names and lacks 'waffles'"):
        build('Food101', tmp_path, classes=names[:-1])
    with pytest.raises(DataError, match="lacks 'waffles'"):
        in_order_of([*names[:-1], 'wafles'], names, [])


def test_arrays_too_follow_stated_classes() -> None:
    digits = DATASETS.build(dict(type='Digits'))
    names = [*digits.CLASSES[3:], *digits.CLASSES[:3]]
    moved = DATASETS.build(dict(type='Digits', classes=names))
    expected = [digits.CLASSES[label] for label in digits.get_gt_labels()]
    assert [names[label] for label in moved.get_gt_labels()] == expected


XML = '<annotation>{}</annotation>'
THING = '<object><name>{}</name><difficult>{}</difficult></object>'


def make_voc(root: Path) -> None:
    things = dict(
        x=[('dog', 0), ('dog', 1), ('cat', 0)], y=[('tvmonitor', 1), ('unicorn', 0)]
    )
    for name, objects in things.items():
        body = ''.join(THING.format(*thing) for thing in objects)
        write(root, **{f'Annotations__{name}.xml': XML.format(body)})
    write(root, ImageSets__Main__trainval='x\ny\n', ImageSets__Main__test='y\n')


def test_voc(tmp_path: Path) -> None:
    make_voc(tmp_path)
    names = published_classes('VOC')
    dataset = build('VOC', tmp_path)
    x, y = dataset.get_data_info(0), dataset.get_data_info(1)
    assert x['img_path'] == f'{tmp_path}/JPEGImages/x.jpg'
    cat, dog, screen = map(names.index, ('cat', 'dog', 'tvmonitor'))
    assert (x['gt_label'], x['gt_label_difficult']) == ([cat, dog], [dog])
    assert (y['gt_label'], y['gt_label_difficult']) == ([], [screen])
    assert dataset.get_cat_ids(0) == [cat, dog]
    dataset.use_classes(names[::-1])
    x = dataset.get_data_info(0)
    assert [names[::-1][i] for i in x['gt_label']] == ['cat', 'dog']
    assert [names[::-1][i] for i in x['gt_label_difficult']] == ['dog']
    unlabelled = dict(img_path='JPEGImages')
    test = build('VOC', tmp_path, split='test', test_mode=True, data_prefix=unlabelled)
    assert 'gt_label' not in test.get_data_info(0)
    with pytest.raises(ConfigError, match='ann_path'):
        build('VOC', tmp_path, data_prefix=unlabelled)
    (tmp_path / 'Annotations' / 'x.xml').write_text('<annotation>')
    with pytest.raises(DataError, match=r'x.xml is not valid XML'):
        build('VOC', tmp_path)


def test_inshop(tmp_path: Path) -> None:
    lines = ['5', 'image_name item_id evaluation_status']
    rows = 'a i1 train,b i2 train,c i1 train,d i3 gallery,e i4 gallery,f i3 gallery'
    lines += [*rows.split(','), 'g i3 query', 'h i4 query']
    write(tmp_path, Eval__list_eval_partition='\n'.join(lines))
    train, query, gallery = (
        [dataset.get_data_info(i) for i in range(len(dataset))]
        for dataset in (
            build('InShop', tmp_path, split=split)
            for split in ('train', 'query', 'gallery')
        )
    )
    assert [info['gt_label'] for info in train] == [0, 1, 0]
    assert [info['gt_label'] for info in query] == [[0, 2], [1]]
    assert [Path(info['img_path']).name for info in gallery] == ['d', 'e', 'f']
    assert all('gt_label' not in info for info in gallery)
    write(tmp_path, Eval__list_eval_partition='1\nx\ng i9 query\n')
    with pytest.raises(DataError, match=':3: the gallery has no image of i9'):
        build('InShop', tmp_path, split='query')
    write(tmp_path, Eval__list_eval_partition='1\nx\ng i9 quarry\n')
    with pytest.raises(DataError, match=':3: expected "image item split"'):
        build('InShop', tmp_path)


def test_several_labels_and_several_tasks(tmp_path: Path) -> None:
    write(tmp_path, **{
        'a.json': '{"metainfo": {"classes": ["x", "y"]}, "data_list": ['
        '{"img_path": "1.jpg", "gt_label": [1, 0]},'
        '{"img_path": "2.jpg", "gt_label": []}]}',
        'b.json': '{"metainfo": {"classes": ["x"]}, "data_list": ['
        '{"img_path": "1.jpg", "gt_label": 0}]}',
        't.json': '{"metainfo": {"tasks": ["m", "n"]}, "data_list": ['
        '{"img_path": "1.jpg", "gt_label": {"m": 3, "n": [1, 0]}},'
        '{"img_path": "2.jpg", "gt_label": {"m": 0}}]}',
        'u.json': '{"metainfo": {"tasks": ["m"]}, "data_list": ['
        '{"img_path": "1.jpg", "gt_label": {"m": 1.5}}]}',
        'v.json': '{"metainfo": {}, "data_list": []}',
        'w.json': '{"metainfo": {"tasks": ["m"]}, "data_list": ['
        '{"img_path": "1.jpg", "gt_label": {"k": 1}}]}',
    })  # fmt: skip
    several = build('MultiLabelDataset', tmp_path, ann_file='a.json')
    assert [several.get_cat_ids(i) for i in range(2)] == [[1, 0], []]
    with pytest.raises(DataError, match='b.json:1: data_list.0: gt_label is 0, expec'):
        build('MultiLabelDataset', tmp_path, ann_file='b.json')
    tasks = build('MultiTaskDataset', tmp_path, ann_file='t.json', data_prefix='img')
    assert tasks.get_data_info(0)['gt_label'] == dict(m=3, n=[1, 0])
    assert tasks.get_data_info(1)['img_path'] == f'{tmp_path}/img/2.jpg'
    for name, message in dict(
        u='gt_label 1.5 is not an integer',
        v='metainfo.tasks is None',
        w='expected a dict',
    ).items():
        with pytest.raises(DataError, match=message):
            build('MultiTaskDataset', tmp_path, ann_file=f'{name}.json')


@pytest.mark.parametrize('name', ['ImageNet21k', 'Places205'])
def test_folders_and_lists(tmp_path: Path, name: str) -> None:
    for path in ('train/abbey/1.jpg', 'train/alley/2.jpg'):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    expected = [0, 2] if name == 'Places205' else [0, 1]
    dataset = build(name, tmp_path, data_prefix='train')
    assert dataset.get_gt_labels().tolist() == expected
    write(tmp_path, meta__train='abbey/1.jpg 1\nalley/2.jpg 0\n')
    place = dict(split='train') if name == 'ImageNet21k' else dict(data_prefix='train')
    file = {} if name == 'ImageNet21k' else dict(ann_file='meta/train.txt')
    assert build(name, tmp_path, **place, **file).get_gt_labels().tolist() == [1, 0]
