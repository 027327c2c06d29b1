"""What folders are found to hold, and what is said of odd ones."""

from __future__ import annotations

import json
import os
import shutil
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from support import tiny_folders
from support.tiny_folders import picture

from mmlite.datasets.layouts import TASKS, look
from mmlite.datasets.layouts.walks import _PREPARED
from mmlite.errors import DataError, DataNotFoundError
from mmlite.registry import DATASETS


def built(found, split: str):
    """The dataset of a split, its lists written."""
    for path, text in found.files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return DATASETS.build(dict(dict(type='CustomDataset'), **found.splits[split]))


@pytest.mark.parametrize(
    ('make', 'task', 'layout', 'counts', 'classes'),
    [
        (tiny_folders.class_folders, 'classification', 'class folders', (10, 2), 2),
        (tiny_folders.coco, 'detection', 'COCO', (6, 6), 2),
        (tiny_folders.yolo, 'detection', 'YOLO', (5, 1), 2),
        (tiny_folders.voc, 'detection', 'Pascal VOC', (5, 1), 2),
        (tiny_folders.walks, 'gait', 'walks', (16, 8), 4),
        (tiny_folders.pairs, 'stereo', 'pairs', (4, 1), None),
    ],
)
def test_the_task_is_seen_and_its_datasets_read(make, task, layout, counts, classes):
    make(Path('data'))
    kind, found = look('data', 'lists')
    assert (kind, found.layout, found.num_classes) == (task, layout, classes)
    assert tuple(found.counts[split] for split in ('train', 'val')) == counts
    for split, count in zip(('train', 'val'), counts, strict=True):
        dataset = built(found, split)
        assert len(dataset) == count
        if split == 'train' and classes:
            assert len(dataset.metainfo['classes']) == classes
    assert not set(found.pictures) - {
        str(p) for p in Path('data').absolute().rglob('*')
    }


def test_what_is_held_out_is_the_same_wherever_the_folder_lies():
    tiny_folders.class_folders(Path('a/pets'), each=10)
    tiny_folders.class_folders(Path('b/elsewhere'), each=10)
    one, two = (look(folder, 'lists')[1].files for folder in ('a/pets', 'b/elsewhere'))
    assert list(one.values()) == list(two.values())
    picture(Path('a/pets/cat/more.png'))
    (more,) = (
        text
        for path, text in look('a/pets', 'lists')[1].files.items()
        if path.name == 'val.txt'
    )
    before = one[Path('lists/val.txt').absolute()].splitlines()
    assert len(set(before) & set(more.splitlines())) >= 3  # of 4


@pytest.mark.parametrize('name', ['Train', 'training'])
@pytest.mark.parametrize('other', ['valid', 'Validation', 'VAL'])
def test_splits_go_by_several_names(name, other):
    for split, each in ((name, 3), (other, 2)):
        tiny_folders.class_folders(Path('pets', split), each=each)
    _, found = look('pets', 'lists')
    assert found.counts == dict(train=6, val=4)
    assert len(built(found, 'val')) == 4


def test_odd_names_and_files():
    """Mixed endings, hidden files, blanks, other letters, files that are no images."""
    for name in (
        'dog breed/été 1.JPG',
        'dog breed/sub folder/2.Png',
        '猫/a.jpeg',
        '猫/b.BMP',
        '猫/.hidden.png',
        '.cache/x.png',
    ):
        picture(Path('pets', name))
    Path('pets/猫/notes.txt').write_text('no image')
    Path('pets/README.md').write_text('no image')
    Path('pets/empty').mkdir()
    picture(Path('pets/loose.png'))
    task, found = look('pets', 'lists')
    assert (task, found.num_classes) == ('classification', 2)
    assert sum(found.counts.values()) == 4
    assert any('no image in empty' in note for note in found.notes)
    assert any('1 images in' in note and 'left out' in note for note in found.notes)
    dataset = built(found, 'train')
    assert dataset.CLASSES == ('dog breed', '猫')
    paths = [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
    assert all(map(os.path.exists, paths))


def test_one_image_a_class_holds_nothing_out():
    tiny_folders.class_folders(Path('pets'), each=1)
    _, found = look('pets', 'lists')
    assert found.counts == dict(train=2)
    assert 'val' not in found.splits


def test_a_folder_that_cannot_be_written_to_is_only_read():
    tiny_folders.class_folders(Path('pets'))
    for folder in ('pets', 'pets/cat'):
        Path(folder).chmod(0o555)
    times = {p: p.stat().st_mtime_ns for p in Path('pets').rglob('*')}
    try:
        _, found = look('pets', 'lists')
        built(found, 'train')
    finally:
        for folder in ('pets', 'pets/cat'):
            Path(folder).chmod(0o755)
    assert {p: p.stat().st_mtime_ns for p in Path('pets').rglob('*')} == times


def folder_of(*names: str) -> Path:
    for name in names:
        picture(Path('data', name))
    return Path('data')


@pytest.mark.parametrize(
    ('names', 'task', 'says'),
    [
        ((), None, ': the folder is empty; understood are'),
        (('1.png', '2.png'), None, '2 images without labels'),
        (('only/1.png',), None, "one class alone, 'only', with 1 images"),
        (('a/1.png', 'b/1.png'), 'detection', 'no data for detection; found a/'),
        (('a/1.png', 'b/1.png'), 'stereo', 'no data for stereo'),
        (('val/a/1.png', 'test/a/1.png'), None, 'no folder train; call the folder'),
        (
            ('train/a/1.png', 'train/b/1.png', 'val/c/1.png'),
            None,
            "the training has no class 'c', but a, b",
        ),
        (('train/a/1.png', 'Training/a/1.png'), None, 'are both called as data for'),
        (('left/1.png', 'right/2.png'), None, 'has no right view'),
        (('left/1.png', 'right/1.png'), None, 'no disparity of one'),
        (('images/1.png', 'labels/1.png'), None, 'nothing names the classes'),
        (('only/1.png',), 'retrieval', 'needs two folders of images, one a thing'),
        (('1/nm/000/1.png', '2/nm/000/1.png'), 'gait', 'a training needs four'),
        (('1/nm/000/1.png',), 'gait', 'walks of 1 identity (1); a training needs'),
    ],
)
def test_odd_folders_are_refused_in_one_line(names, task, says):
    Path('data').mkdir()
    folder_of(*names)
    with pytest.raises(DataError) as raised:
        look('data', 'lists', task)
    text = str(raised.value)
    assert says in text
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    ('make', 'says'),
    [
        (tiny_folders.yolo, 'other/ has images/ and labels/ (detection)'),
        (tiny_folders.coco, 'other/ has annotations/ (detection)'),
        (tiny_folders.voc, 'other/ has Annotations/ (detection)'),
        (tiny_folders.pairs, 'other/ has left and right views (stereo)'),
        (tiny_folders.walks, 'other/ has identity/type/view/ (gait)'),
    ],
)
def test_a_folder_of_several_data_sets_is_refused(make, says):
    tiny_folders.class_folders(Path('data/pets'))
    make(Path('data/other'))
    with pytest.raises(DataError) as raised:
        look('data', 'lists')
    text = str(raised.value)
    assert 'data: other/ is a data set of its own, not a class' in text
    assert says in text
    assert f'--data {Path("data/other").absolute()}' in text
    assert len(text.splitlines()) == 1


def test_several_data_sets_with_splits_are_no_classes_unless_asked_for():
    for name, split in product(('pets', 'cars', 'more', 'yet'), ('train', 'val')):
        tiny_folders.class_folders(Path('data', name, split), each=1)
    with pytest.raises(
        DataError, match=r'cars/, more/, pets/ and 1 more are data sets'
    ):
        look('data', 'lists')
    assert look('data', 'lists', 'classification')[1].num_classes == 4


def test_classes_with_folders_in_them_are_taken():
    """Left and right shoes are no views of one pair, their names are others."""
    names = (
        'shoe/left/1.png',
        'shoe/right/2.png',
        'hat/labels/1.png',
        'hat/train/1.png',
    )
    for name in names:
        picture(Path('data', name))
    assert look('data', 'lists')[0] == 'classification'


def test_a_class_folder_without_an_image_is_named():
    tiny_folders.class_folders(Path('pets'))
    Path('pets/fish').mkdir()
    notes = look('pets', 'lists')[1].notes
    assert notes.count('no image in fish, which is no class then') == 1


def test_a_file_an_absent_folder_and_an_unknown_task():
    Path('file').touch()
    with pytest.raises(DataError, match='is a file; give the folder'):
        look('file', 'lists')
    with pytest.raises(DataNotFoundError, match='does not exist'):
        look('nowhere', 'lists')
    tiny_folders.class_folders(Path('pets'))
    with pytest.raises(DataError, match="no task 'gaits'; did you mean 'gait'"):
        look('pets', 'lists', 'gaits')


def test_layouts_that_are_understood_are_listed():
    Path('data/sub').mkdir(parents=True)
    with pytest.raises(DataError) as raised:
        look('data', 'lists')
    for layouts in TASKS.values():
        for layout in layouts:
            assert layout.text in str(raised.value)


def test_boxes_beside_their_images():
    tiny_folders.voc(Path('data'), beside=True)
    task, found = look('data', 'lists')
    assert (task, found.layout) == ('detection', 'Pascal VOC')
    assert built(found, 'train')[0]['gt_bboxes'].tolist() == [[8, 8, 40, 40]]


def test_a_list_of_voc_is_kept():
    tiny_folders.voc(Path('data'))
    lists = Path('data/ImageSets/Main')
    lists.mkdir(parents=True)
    (lists / 'train.txt').write_text('img 0\nimg 1\n')
    (lists / 'val.txt').write_text('img 2\n')
    _, found = look('data', 'lists')
    assert found.counts == dict(train=2, val=1)


def test_yolo_without_a_file_that_describes_it():
    tiny_folders.yolo(Path('data'), with_yaml=False)
    _, found = look('data', 'lists')
    assert built(found, 'train').CLASSES == ('cup', 'hat')


@pytest.mark.parametrize('names', ['3', '[1, 2]', '{0: {a: 1}}', 'cup'])
def test_names_of_yolo_that_are_none(names):
    tiny_folders.yolo(Path('data'))
    Path('data/data.yaml').write_text(f'train: images\nnames: {names}\n')
    with pytest.raises(DataError, match=r'data\.yaml: names: (expected|the name)'):
        look('data', 'lists')


def test_yolo_whose_paths_begin_above_the_folder():
    """As Roboflow writes them: the folders lie beside the file all the same."""
    for split in ('train', 'valid'):
        tiny_folders.yolo(Path('data', split), each=2)
        Path('data', split, 'data.yaml').unlink()
    Path('data/data.yaml').write_text(
        'train: ../train/images\nval: ../valid/images\nnames: {0: cup, 1: hat}\n'
    )
    _, found = look('data', 'lists')
    assert found.counts == dict(train=2, val=2)
    assert len(built(found, 'val')) == 2


def test_coco_of_one_file_is_split_by_the_names_of_its_images():
    tiny_folders.coco(Path('data'), splits=('train',), each=10)
    _, found = look('data', 'lists')
    assert found.counts == dict(train=8, val=2)
    names = {
        path.name: {row['file_name'] for row in json.loads(text)['images']}
        for path, text in found.files.items()
    }
    assert not names['train.json'] & names['val.json']
    assert len(names['train.json'] | names['val.json']) == 10
    assert len(built(found, 'val')) == 2


def test_coco_of_other_classes_or_missing_images():
    tiny_folders.coco(Path('data'))
    path = Path('data/annotations/instances_val.json')
    content = json.loads(path.read_text())
    content['categories'][0]['name'] = 'bowl'
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r'its categories are not those of instances_t'):
        look('data', 'lists')
    path.write_text(json.dumps(content['annotations']))
    notes = look('data', 'lists')[1].notes
    assert notes[0].startswith("annotations/instances_val.json: not in COCO's format")
    path.with_name('instances_train.json').rename(path)
    path.write_text('[]')
    with pytest.raises(
        DataError, match=r'instances_val\.json: expected .*, got a list'
    ):
        look('data', 'lists')
    shutil.rmtree('data')
    tiny_folders.coco(Path('data'))
    path.unlink()
    for image in Path('data/train').iterdir():
        image.unlink()
    with pytest.raises(DataError, match="'train_0.jpg', which is neither beside it"):
        look('data', 'lists')


def test_walks_as_pictures_and_of_another_size():
    for person in '0123':
        for kind in ('nm-01', 'nm-02'):
            for number in range(3):
                tiny_folders.silhouette(
                    Path('data', person, kind, '000', f'{number}.png'), 64, 44
                )
    task, found = look('data', 'lists')
    assert (task, found.extra['frames']) == ('gait', 3)
    assert found.extra['evaluator']['type'] == 'GaitRetrieval'  # one view alone
    np.save('data/0/nm-01/000/x.npy', np.zeros((4, 90, 70), np.uint8))
    assert (90, 70) not in _PREPARED
    with pytest.raises(DataError, match='prepare-gait cuts and centres'):
        look('data', 'lists')


def test_walks_that_show_nobody():
    tiny_folders.walks(Path('data'), people=4)  # 16 walks, all of which are looked at
    files = sorted(Path('data').rglob('*.npy'))
    np.save(files[5], np.zeros((8, 64, 44), np.uint8))
    _, found = look('data', 'lists')
    (note,) = [note for note in found.notes if 'nobody' in note]
    assert note.startswith('1 of 16 walks that were looked at show nobody')
    assert f'e.g. of {files[5].parent.absolute()}' in note
    for path in files:
        np.save(path, np.zeros((8, 64, 44), np.uint8))
    with pytest.raises(DataError, match='data: 16 of 16 walks .* show nobody'):
        look('data', 'lists')


@pytest.mark.parametrize(
    ('types', 'gallery', 'probe'),
    [
        ('nm-01 nm-02', 'nm-01', dict(NM='nm-02')),
        ('bg-01 cl-01 nm-01', 'nm-01', dict(BG='bg-01', CL='cl-01')),
        (
            'bg-01 bg-02 nm-01 nm-02 nm-03',
            'nm-01 nm-02',
            dict(NM='nm-03', BG='bg-01 bg-02'),
        ),
        ('cl-02 nm-02 nm-05 nm-06', 'nm-02', dict(NM='nm-05 nm-06', CL='cl-02')),
        ('bg-01 nm-05 nm-06', 'nm-05', dict(NM='nm-06', BG='bg-01')),
        ('bg-01 cl-01', 'bg-01', dict(others='cl-01')),
        ('bg-01 nm-01 run', 'bg-01', dict(others='nm-01 run')),
    ],
)
def test_types_called_as_those_of_casia_b_have_its_protocol(types, gallery, probe):
    for person, kind, view in product('abcdef', types.split(), ('000', '090')):
        tiny_folders.silhouette(Path('data', person, kind, view, '1.png'), 64, 64)
    _, found = look('data', 'lists', 'gait')
    wanted = {name: kinds.split() for name, kinds in probe.items()}
    protocol = dict(gallery=gallery.split(), probe=wanted)
    assert found.extra['evaluator'] == dict(type='CrossViewRank', protocol=protocol)


def test_all_types_of_casia_b_have_its_named_protocol():
    counts = dict(nm=6, bg=2, cl=2)
    types = [
        f'{name}-{n:02}' for name, many in counts.items() for n in range(1, many + 1)
    ]
    for person, kind in product('abcdef', types):
        folder = Path('data', person, kind, '090')
        tiny_folders.silhouette(folder / '1.png', 64, 64)
    _, found = look('data', 'lists', 'gait')
    wanted = dict(type='GaitRetrieval', protocol='CASIA-B')  # a single view
    assert found.extra['evaluator'] == wanted


def test_class_folders_with_folders_in_them_are_no_walks():
    for name in ('cat/outside/cloudy/1.png', 'dog/inside/dark/1.png'):
        picture(Path('data', name))
    assert look('data', 'lists')[0] == 'classification'


def test_views_under_other_names_are_no_classes():
    for view, number in product(('image_Left', 'image_Right'), '012'):
        picture(Path('data', view, f'{number}.png'))
    with pytest.raises(DataError, match='image_Left/ and image_Right/ hold images of'):
        look('data', 'lists')
    assert look('data', 'lists', 'classification')[1].num_classes == 2
    Path('data/image_Left/0.png').rename('data/image_Left/3.png')
    assert look('data', 'lists')[0] == 'classification'


def test_pairs_have_the_range_of_their_disparities():
    tiny_folders.pairs(Path('data'))
    assert look('data', 'lists')[1].extra['largest'] == 6  # as they are shifted by


def test_a_split_of_pairs_is_kept():
    for split, each in (('train', 3), ('val', 2)):
        tiny_folders.pairs(Path('data', split), each=each)
    task, found = look('data', 'lists')
    assert (task, found.counts) == ('stereo', dict(train=3, val=2))
    assert len(built(found, 'val')) == 2


def test_names_that_no_list_can_hold():
    tiny_folders.class_folders(Path('pets'), ('cat\tdog', 'other'))
    with pytest.raises(DataError, match='or has a tab'):
        look('pets', 'lists')


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (
            lambda content: content['images'][1].update(id=0),
            "the images 'train_0.jpg' and 'train_1.jpg' have the same id 0",
        ),
        (
            lambda content: content['annotations'][2].update(image_id=55),
            '1 of 6 annotations are of an image .* has image_id 55',
        ),
        (
            lambda content: [
                row.update(id=str(row['id'])) for row in content['images']
            ],
            "6 of 6 annotations .* the first image has the id '0'",
        ),
        (lambda content: content['annotations'].clear(), 'no annotations to learn'),
    ],
)
def test_coco_whose_boxes_are_of_no_image(change, message):
    path = tiny_folders.coco(Path('data'), ('train',)) / 'annotations'
    path /= 'instances_train.json'
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=message):
        look('data', 'lists')
