"""Boxes from COCO, VOC and YOLO: what is read, what is refused, and back again."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import torch
from support.oversized import write_oversized_png

from mmlite.apis import convert_detection
from mmlite.datasets import (
    CocoDataset,
    ConcatDataset,
    RepeatDataset,
    Shapes,
    VOCDetection,
    YoloDataset,
)
from mmlite.errors import DataError, DataNotFoundError, UserError
from mmlite.evaluation import CocoMetric
from mmlite.structures import DataSample

ROW = dict(image_id=1, category_id=3, bbox=[1, 2, 3, 4])


def coco(tmp_path, annotations, images=None, categories=None, **kwargs):
    """A dataset of such a file; 20x10 pixels an image."""
    images = images or [dict(id=1, file_name='a.jpg', width=20, height=10)]
    categories = categories or [dict(id=3, name='a'), dict(id=7, name='b')]
    content = dict(images=images, categories=categories, annotations=annotations)
    (tmp_path / 'boxes.json').write_text(json.dumps(content))
    return CocoDataset('boxes.json', data_root=str(tmp_path), **kwargs)


def test_coco(tmp_path):
    data = coco(
        tmp_path,
        [
            dict(ROW, id=0, area=5, iscrowd=0),
            dict(image_id=1, category_id=7, bbox=[0, 0, 20, 10], iscrowd=1),
        ],
    )
    info = data[0]
    assert data.CLASSES == ('a', 'b')
    assert info['img_path'] == str(tmp_path / 'a.jpg')
    assert info['img_id'] == 1
    assert info['gt_bboxes'].tolist() == [[1, 2, 4, 6], [0, 0, 20, 10]]
    assert info['gt_bboxes'].dtype == np.float32
    assert info['gt_bboxes_labels'].tolist() == [0, 1]
    assert info['gt_bboxes_labels'].dtype == np.int64
    assert info['gt_ignore_flags'].tolist() == [False, True]
    assert info['gt_area'].tolist() == [5, 200]
    assert data.get_cat_ids(0) == [0, 1]


def test_labels_follow_names_not_ids(tmp_path):
    """The label of a class is its place in classes; results get its id back."""
    data = coco(tmp_path, [dict(ROW, category_id=7)], classes=('b', 'a'))
    assert data[0]['gt_bboxes_labels'].tolist() == [0]
    assert data.metainfo['cat_ids'] == [7, 3]
    data.use_classes(('c', 'a', 'b'))
    assert data[0]['gt_bboxes_labels'].tolist() == [2]


def test_a_label_map_counts_from_1_in_any_order(tmp_path):
    """The class of an id is the id less 1; ids that are left out have no objects."""
    path = tmp_path / 'map.pbtxt'
    path.write_text(
        'item {\n  id: 3  # last\n name: "b"\n}\nitem { id: 1 name: \'a\' }'
    )
    data = coco(tmp_path, [ROW, dict(ROW, category_id=7)], classes='map.pbtxt')
    assert data.CLASSES == ('a', 'N/A 2', 'b')
    assert data[0]['gt_bboxes_labels'].tolist() == [0, 2]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ("item { id: 0 name: 'a' }", "'a' has the id 0, .*background; count from 1"),
        (
            "item { id: 1 name: 'a' } item { id: 1 name: 'b' }",
            "'b' has the id 1 of 'a'",
        ),
        ("item { name: 'a' }", r"item \{ name: 'a' \} has no id and name"),
        ('', 'names no class'),
    ],
)
def test_label_maps_that_make_no_sense(tmp_path, text, message):
    (tmp_path / 'map.pbtxt').write_text(text)
    with pytest.raises(DataError, match=message):
        coco(tmp_path, [ROW], classes='map.pbtxt')


def test_labels_can_be_ids(tmp_path):
    data = coco(tmp_path, [dict(ROW), dict(ROW, category_id=7)], label_is_id=True)
    assert data[0]['gt_bboxes_labels'].tolist() == [2, 6]
    assert data.metainfo['cat_ids'] == list(range(1, 8))
    assert data.CLASSES[2:4] == ('a', 'N/A 4')
    with pytest.raises(DataError, match='takes the classes of the file'):
        coco(tmp_path, [], label_is_id=True, classes=['a'])
    with pytest.raises(DataError, match='set ann_file'):
        CocoDataset()


@pytest.mark.parametrize(
    ('classes', 'message'),
    [
        (
            ('cat', 'dog'),
            r'0 of 2 annotations matched the classes \[cat, dog\]; the file has \[b, a',
        ),
        (('a', 'bb', 'b'), r"the class 'bb' is not in .*which has \[a, b\]; did you"),
    ],
)
def test_classes_that_the_file_lacks(tmp_path, classes, message):
    rows = [dict(ROW, category_id=7), dict(ROW)]
    with pytest.raises(DataError, match=message):
        coco(tmp_path, rows, classes=classes)


@pytest.mark.parametrize('number', ['7', 7.0])
def test_ids_of_other_types(tmp_path, number):
    assert coco(tmp_path, [dict(ROW, category_id=number)])[0]['gt_bboxes_labels'] == [1]


def test_annotations_with_one_id_are_all_kept(tmp_path):
    images = [dict(id=i, file_name=f'{i}.jpg', width=9, height=9) for i in (1, 2)]
    data = coco(tmp_path, [dict(ROW, id=1), dict(ROW, id=1, image_id=2)], images)
    assert [len(data[i]['gt_bboxes']) for i in (0, 1)] == [1, 1]


@pytest.mark.parametrize(
    ('row', 'message'),
    [
        (dict(image_id=5), r'annotations.0 \(id 4\): there is no image 5 among the 1'),
        (dict(category_id=5), 'there is no category 5 among the 2'),
        (dict(image_id='x'), "image_id is 'x', expected an integer"),
        (dict(bbox=[1, 2, 3]), r'bbox is \[1, 2, 3\]'),
        (dict(bbox=[1, 2, float('nan'), 3]), 'expected four finite numbers'),
    ],
)
def test_annotations_of_coco_that_make_no_sense(tmp_path, row, message):
    with pytest.raises(DataError, match=message):
        coco(tmp_path, [dict(ROW, id=4, **row)])


def test_two_images_or_classes_with_one_id(tmp_path):
    images = [dict(id=1, file_name=name) for name in ('a.jpg', 'b.jpg')]
    with pytest.raises(DataError, match=r"'b.jpg' has the id 1 of 'a.jpg'"):
        coco(tmp_path, [], images)
    categories = [dict(id=1, name='a'), dict(id=1, name='b')]
    images = [dict(id=1, file_name='a.jpg', width='wide', height=3)]
    with pytest.raises(DataError, match="image 1: width is 'wide', height 3; expected"):
        coco(tmp_path, [], images)
    with pytest.raises(DataError, match="'b' has the id 1 of 'a'"):
        coco(tmp_path, [], categories=categories)


def test_boxes_without_an_area_or_outside_are_left_out(tmp_path):
    boxes = [[1, 1, 0, 5], [1, 1, 5, -2], [30, 1, 5, 5], [15, 5, 10, 10]]
    data = coco(tmp_path, [dict(ROW, bbox=box) for box in boxes])
    assert data[0]['gt_bboxes'].tolist() == [[15, 5, 20, 10]]


def test_empty_images(tmp_path):
    images = [dict(id=i, file_name=f'{i}.jpg', width=9, height=9) for i in range(3)]
    rows = [dict(ROW), dict(ROW, image_id=2, iscrowd=1)]
    everything = coco(tmp_path, rows, images)
    assert len(everything) == 3
    assert everything[0]['gt_bboxes'].shape == (0, 4)
    wanted = dict(filter_empty_gt=True)
    assert len(coco(tmp_path, rows, images, filter_cfg=wanted)) == 1
    assert len(coco(tmp_path, rows, images, filter_cfg=wanted, test_mode=True)) == 3
    with pytest.raises(DataError, match='leaves none of 3 images'):
        coco(tmp_path, [], images, filter_cfg=wanted)
    with pytest.raises(DataError, match=r'filter_empty_gt and min_size, got \[.least'):
        coco(tmp_path, rows, images, filter_cfg=dict(least=3))
    small = dict(min_size=10)
    with pytest.raises(DataError, match='leaves none'):
        coco(tmp_path, rows, images, filter_cfg=small)


def test_annotations_may_have_the_id_0(tmp_path):
    """pycocotools takes 0 for "no object", and finds nothing."""
    data = coco(tmp_path, [dict(ROW, id=0), dict(ROW, id=1, bbox=[9, 1, 5, 5])])
    found = perfect(data)
    metric = CocoMetric()
    metric.process(None, found)
    assert metric.evaluate(1)['coco/bbox_mAP'] == pytest.approx(1)


def perfect(data):
    """What a detector that makes no mistake gives."""
    samples = []
    for info in (data[i] for i in range(len(data))):
        fields = {k: torch.as_tensor(v) for k, v in info.items() if k.startswith('gt_')}
        sample = DataSample(**fields)
        sample.set_field(sample.gt_bboxes.clone(), 'pred_bboxes')
        sample.set_field(torch.ones(len(sample.gt_bboxes)), 'pred_scores')
        sample.set_field(sample.gt_bboxes_labels.clone(), 'pred_labels')
        samples.append(sample)
    return samples


OBJECT = (
    '<object><name>{}</name>{}<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax>'
)
OBJECT += '<ymax>{}</ymax></bndbox></object>'


def voc(tmp_path, *objects, size=(10, 10), **kwargs):
    for folder in ('Annotations', 'JPEGImages', 'ImageSets/Main'):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    sides = '<size><width>{}</width><height>{}</height></size>'.format(*size)
    text = f'<annotation>{sides}{"".join(objects)}</annotation>'
    (tmp_path / 'Annotations' / '000001.xml').write_text(text)
    (tmp_path / 'ImageSets' / 'Main' / 'train.txt').write_text('000001\n')
    return VOCDetection(str(tmp_path), split='train', **kwargs)


def test_voc_counts_from_1_and_holds_both_ends(tmp_path):
    """The whole image has its own width, and a box from 0 stays inside."""
    data = voc(
        tmp_path,
        OBJECT.format('cat', '', 1, 1, 10, 10),
        OBJECT.format('dog', '<difficult>1</difficult>', 0, '3.5', 5, 6),
        OBJECT.format('unknown', '', 1, 1, 2, 2),
    )
    info = data[0]
    assert info['gt_bboxes'].tolist() == [[0, 0, 10, 10], [0, 2.5, 5, 6]]
    assert info['gt_ignore_flags'].tolist() == [False, True]
    assert [data.CLASSES[i] for i in info['gt_bboxes_labels']] == ['cat', 'dog']
    assert info['img_path'].endswith('JPEGImages/000001.jpg')


def test_voc_of_other_classes(tmp_path):
    thing = OBJECT.format('bolt', '', 1, 1, 5, 5)
    with pytest.raises(DataError, match=r'0 of 1 annotations.*the file has \[bolt\]'):
        voc(tmp_path, thing)
    assert len(voc(tmp_path, thing, classes=['nut', 'bolt'])[0]['gt_bboxes']) == 1


def test_voc_that_makes_no_sense(tmp_path):
    with pytest.raises(DataError, match="bndbox/xmax is 'inf', expected a number"):
        voc(tmp_path, OBJECT.format('cat', '', 1, 1, 'inf', 5))
    with pytest.raises(DataError, match="bndbox/xmin is 'x', expected a number"):
        voc(tmp_path, OBJECT.format('cat', '', 'x', 1, 5, 5))
    with pytest.raises(DataError, match='not valid XML'):
        voc(tmp_path, '<object>')
    with pytest.raises(DataNotFoundError, match='nowhere'):
        VOCDetection('nowhere')


def yolo(tmp_path, lines, yaml='train: images/train\nnames: [a, b]\n', **kwargs):
    for kind in ('images', 'labels'):
        (tmp_path / kind / 'train').mkdir(parents=True, exist_ok=True)
    for name in ('1', '2'):
        path = tmp_path / 'images' / 'train' / f'{name}.png'
        cv2.imwrite(str(path), np.zeros((10, 20, 3), np.uint8))
    (tmp_path / 'labels' / 'train' / '1.txt').write_text('\n'.join(lines))
    (tmp_path / 'data.yaml').write_text(yaml)
    return YoloDataset(data_root=str(tmp_path), **kwargs)


def test_yolo(tmp_path):
    """Fractions of 20x10 pixels; a polygon is its box; no file, no objects."""
    data = yolo(tmp_path, ['1 0.5 0.5 0.5 0.4', '0 0.1 0.2 0.5 0.2 0.3 0.8'])
    assert [len(data[i]['gt_bboxes']) for i in (0, 1)] == [2, 0]
    np.testing.assert_allclose(data[0]['gt_bboxes'], [[5, 3, 15, 7], [2, 2, 10, 8]])
    assert data[0]['gt_bboxes_labels'].tolist() == [1, 0]
    assert data.CLASSES == ('a', 'b')
    named = 'train: [images/train]\nnames: {0: x, 1: y}\n'
    assert yolo(tmp_path, ['1.0 0.5 0.5 0.5 0.4'], named).CLASSES == ('x', 'y')


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('2 0.5 0.5 0.5 0.5', 'txt:1: the class 2 has no name; names has 2'),
        ('0 0.5 0.5 0.5', 'expected a class and 4 numbers'),
        ('0 0.5 0.5 x 1', 'expected numbers'),
        ('0 10 5 8 4', 'is not a fraction of the image'),
        ('0.7 0.5 0.5 0.5 0.5', 'txt:1: the class is 0.7, expected an integer'),
        ('nan 0.5 0.5 0.5 0.5', 'txt:1: the class is nan, expected an integer'),
        ('', r'no object to learn from in 2 images .*2\.txt, does not exist'),
        ('0 0.5 0.5 0 0.5', 'no object to learn from in 2 images'),
    ],
)
def test_lines_of_yolo_that_make_no_sense(tmp_path, line, message):
    with pytest.raises(DataError, match=message):
        yolo(tmp_path, [line])


def test_files_of_yolo_that_make_no_sense(tmp_path):
    with pytest.raises(DataError, match="a dict with names and 'val'"):
        yolo(tmp_path, [], test_mode=True)
    with pytest.raises(DataNotFoundError, match='neither a folder nor'):
        yolo(tmp_path, [], 'train: other\nnames: [a]\n')
    with pytest.raises(DataError, match='the keys of names'):
        yolo(tmp_path, [], 'train: images/train\nnames: {1: a}\n')


def test_formats_are_converted_and_back(tmp_path):
    """COCO to VOC to YOLO to COCO gives the boxes that there were."""
    images = tmp_path / 'images'
    images.mkdir()
    rng = np.random.default_rng(0)
    records, rows = [], []
    for number in range(3):
        cv2.imwrite(str(images / f'{number}.jpg'), np.zeros((60, 90, 3), np.uint8))
        name = f'{number}.jpg'
        records.append(dict(id=number, file_name=name, width=90, height=60))
        for _ in range(number):
            box = [*rng.integers(0, 30, 2).tolist(), *rng.uniform(1, 30, 2).tolist()]
            category = int(rng.choice([3, 7]))
            rows.append(dict(image_id=number, category_id=category, bbox=box))
    first = coco(tmp_path, rows, records, data_prefix='images')
    names = tmp_path / 'names.txt'
    names.write_text('a\nb\n')
    convert_detection(
        'coco', 'voc', tmp_path, tmp_path / 'v', ann_file='boxes.json', images='images'
    )
    convert_detection('voc', 'yolo', tmp_path / 'v', tmp_path / 'y', classes=str(names))
    written = convert_detection('yolo', 'coco', tmp_path / 'y', tmp_path / 'c')
    last = CocoDataset(str(written))
    assert last.CLASSES == first.CLASSES
    for place in range(3):
        one, other = first[place], last[place]
        np.testing.assert_allclose(one['gt_bboxes'], other['gt_bboxes'], atol=1e-4)
        assert one['gt_bboxes_labels'].tolist() == other['gt_bboxes_labels'].tolist()


def test_what_cannot_be_converted(tmp_path):
    with pytest.raises(UserError, match="format must be .*got 'csv'"):
        convert_detection('coco', 'csv', tmp_path, tmp_path)
    coco(tmp_path, [ROW])
    with pytest.raises(DataError, match='there is no image'):
        convert_detection('coco', 'yolo', tmp_path, tmp_path, ann_file='boxes.json')


def test_boxes_of_shapes_are_around_what_is_drawn():
    shapes, again = Shapes(split='train', num_train=6), Shapes(split='train')
    sizes = []
    for place in range(6):
        info = shapes[place]
        assert np.array_equal(info['img'], again[place]['img'])
        boxes = info['gt_bboxes']
        assert ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) >= info['gt_area']).all()
        assert (boxes >= 0).all()
        assert (boxes <= 128).all()
        sizes.append(len(boxes))
    assert min(sizes) >= 1
    assert not np.array_equal(shapes[0]['img'], Shapes(split='test')[0]['img'])


def test_classes_of_shapes_keep_their_names():
    plain, other = Shapes(), Shapes(classes=Shapes.METAINFO['classes'][::-1])
    names = [[d.CLASSES[i] for i in d[0]['gt_bboxes_labels']] for d in (plain, other)]
    assert names[0] == names[1]
    with pytest.raises(DataError, match="'circle' and 4 more are not among the 1"):
        plain.use_classes(['star'])


@pytest.mark.parametrize(
    'change',
    [
        dict(bbox='1234'),
        dict(bbox={'x': 1}),
        dict(bbox=[1, 2, 10**400, 4]),
        dict(area=float('nan')),
        dict(area=-1),
        dict(iscrowd='no'),
    ],
)
def test_objects_of_coco_that_are_none(tmp_path, change):
    with pytest.raises(DataError, match=r'annotations.0 \(id None\): bbox is'):
        coco(tmp_path, [dict(ROW, **change)])


def test_texts_for_numbers_in_coco(tmp_path):
    rows = [dict(ROW, iscrowd='0'), dict(ROW, iscrowd='1', bbox=['1', '2', '3', '4'])]
    info = coco(tmp_path, rows)[0]
    assert info['gt_ignore_flags'].tolist() == [False, True]
    assert info['gt_bboxes'].tolist() == [[1, 2, 4, 6]] * 2
    images = [dict(id=1, file_name='a.jpg', width=-20, height=10)]
    with pytest.raises(DataError, match='width is -20, height 10; expected pixels'):
        coco(tmp_path, [ROW], images)


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        ('train: 5\nnames: [a]', 'train is 5, expected a folder'),
        ('train: {a: b}\nnames: [a]', "train is {'a': 'b'}, expected a folder"),
        ('train: images\nnames: {0: a, x: b}', 'keys of names'),
        ('1: images\nx: images', "'train', got"),
        ('train: images\nnc: 3\nnames: [a, b]', 'nc is 3, but names has 2 classes'),
    ],
)
def test_data_yaml_that_makes_no_sense(tmp_path, content, said):
    (tmp_path / 'images').mkdir()
    (tmp_path / 'data.yaml').write_text(content)
    with pytest.raises(DataError, match=said):
        YoloDataset(data_root=str(tmp_path))


def test_a_picture_of_yolo_that_claims_to_be_huge(tmp_path):
    (tmp_path / 'images').mkdir()
    write_oversized_png(tmp_path / 'images/0.png')
    (tmp_path / 'data.yaml').write_text('train: images\nnames: [a]')
    with pytest.raises(DataError, match='cannot read the image .*0.png'):
        YoloDataset(data_root=str(tmp_path))


@pytest.mark.parametrize(
    ('encoding', 'mark'),
    [('utf-8', b'\xef\xbb\xbf'), ('iso-8859-1', b''), ('utf-16', b'')],
)
def test_xml_says_how_it_is_encoded(tmp_path, encoding, mark):
    for folder in ('Annotations', 'ImageSets/Main', 'JPEGImages'):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / 'ImageSets/Main/train.txt').write_text('1\n')
    box = '<xmin>1</xmin><ymin>1</ymin><xmax>4</xmax><ymax>4</ymax>'
    marks = ('', '<difficult>0</difficult>', '<difficult>False</difficult>')
    objects = [
        f'<object><name>caf\u00e9</name>{m}<bndbox>{box}</bndbox></object>'
        for m in (*marks, '<difficult>1</difficult>')
    ]
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<annotation>'
    text += ''.join(objects) + '</annotation>'
    path = tmp_path / 'Annotations/1.xml'
    path.write_bytes(mark + text.encode(encoding))
    cfg = dict(data_root=str(tmp_path), split='train', classes=['caf\u00e9'])
    flags = VOCDetection(**cfg)[0]['gt_ignore_flags'].tolist()
    assert flags == [False, False, False, True]
    path.write_text('<?xml version="1.0" encoding="martian"?><annotation/>')
    with pytest.raises(DataError, match='is not valid XML: unknown encoding'):
        VOCDetection(**cfg)


@pytest.mark.parametrize('wrapper', [None, 'RepeatDataset', 'ConcatDataset'])
def test_a_class_keeps_its_id_when_labels_change(tmp_path, wrapper):
    data = coco(tmp_path, [dict(ROW, category_id=3), dict(ROW, category_id=7)])
    assert data.metainfo['cat_ids'] == [3, 7]
    if wrapper == 'RepeatDataset':
        data = RepeatDataset(data, times=1)
    elif wrapper:
        data = ConcatDataset([data])
    data.use_classes(['new', 'b', 'a'])
    assert data.metainfo['cat_ids'] == [1, 7, 3]
    assert data[0]['gt_bboxes_labels'].tolist() == [2, 1]


@pytest.mark.parametrize('lazily', [(False, True), (True, False), (True, True)])
def test_one_file_twice_of_which_a_part_is_read_later(tmp_path, lazily):
    parts = [coco(tmp_path, [ROW], lazy_init=lazy) for lazy in lazily]
    joined = ConcatDataset(parts)
    assert len(joined) == 2
    assert joined.metainfo['cat_ids'] == [3, 7]
    assert [joined[i]['gt_bboxes_labels'].tolist() for i in range(2)] == [[0], [0]]


@pytest.mark.parametrize('lazy', [False, True])
def test_files_of_coco_are_joined_by_the_names_of_classes(tmp_path, lazy):
    """Label 0 of the first file is b, which is label 1 of the second one."""
    folders = [tmp_path / name for name in 'xy']
    for folder in folders:
        folder.mkdir()
    some = coco(folders[0], [ROW], categories=[dict(id=3, name='b')], lazy_init=lazy)
    every = coco(folders[1], [dict(ROW, category_id=7)], lazy_init=lazy)
    joined = ConcatDataset([some, every], lazy_init=lazy)
    labels = [joined[i]['gt_bboxes_labels'].tolist() for i in range(2)]
    assert labels == [[1], [1]]
    assert joined.metainfo['classes'] == ('a', 'b')
    other = coco(folders[0], [ROW], categories=[dict(id=3, name='c')])
    with pytest.raises(DataError, match=r'datasets\.0 has 1 classes'):
        ConcatDataset([other, every])


def loaded(tmp_path, image, box, noted, capsys):
    """The warnings of loading images whose annotation notes that size."""
    cv2.imwrite(str(tmp_path / 'a.jpg'), image)
    images = [dict(id=1, file_name='a.jpg', width=noted[0], height=noted[1])]
    pipeline = [dict(type='LoadImageFromFile')]
    data = coco(tmp_path, [dict(ROW, bbox=box)], images, pipeline=pipeline)
    capsys.readouterr()
    assert data[0]['ori_shape'] == data[0]['img_shape'] == (240, 320)
    return capsys.readouterr().out.splitlines()


def test_boxes_of_an_image_of_another_size(tmp_path, capsys):
    """Those that reach beyond the file are refused, others are reported once."""
    image = np.zeros((240, 320, 3), np.uint8)
    assert loaded(tmp_path, image, [10, 10, 300, 200], (320, 240), capsys) == []
    with pytest.raises(DataError, match='320 x 240 .* for 640 x 480, and reach beyond'):
        loaded(tmp_path, image, [400, 300, 100, 100], (640, 480), capsys)
    (said,) = loaded(tmp_path, image, [10, 10, 100, 100], (640, 480), capsys)
    assert 'a.jpg has 320 x 240 pixels, but its boxes are annotated for 640 x' in said


@pytest.mark.parametrize(
    ('colour', 'noted', 'advice'),
    [
        ('color', (10, 20), None),
        ('color', (20, 10), "color_type='color_ignore_orientation'"),
        ('color_ignore_orientation', (20, 10), None),
        ('color_ignore_orientation', (10, 20), "color_type='color'"),
    ],
)
def test_a_rotated_image_has_the_size_that_is_loaded(
    tmp_path, capsys, colour, noted, advice
):
    """An EXIF orientation is said where width and height are exchanged by it."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6  # rotated by 90 degrees
    Image.new('RGB', (20, 10)).save(tmp_path / 'rotated.jpg', exif=exif)
    images = [dict(id=1, file_name='rotated.jpg', width=noted[0], height=noted[1])]
    pipeline = [dict(type='LoadImageFromFile', color_type=colour)]
    data = coco(tmp_path, [ROW], images, pipeline=pipeline)
    capsys.readouterr()
    assert data[0]['img'].shape[:2] == ((20, 10) if colour == 'color' else (10, 20))
    said = capsys.readouterr().out.splitlines()
    assert [advice in each for each in said] == ([True] if advice else [])


def test_one_file_of_several_images_is_reported(tmp_path, capsys):
    images = [
        dict(id=number, file_name=name, width=20, height=10)
        for number, name in ((1, 'a.jpg'), (5, 'b.jpg'), (8, 'a.jpg'))
    ]
    assert len(coco(tmp_path, [ROW], images)) == 3
    assert (
        "'a.jpg' is the file of 2 images, with the ids 1, 8;" in capsys.readouterr().out
    )
    coco(tmp_path, [ROW], images[:2])
    assert 'is the file of' not in capsys.readouterr().out


def test_what_is_marked_as_ignored_is_not_learned(tmp_path):
    box = dict(image_id=1, category_id=3, bbox=[1, 2, 3, 4])
    data = coco(tmp_path, [box, dict(box, ignore=1), dict(box, ignore=0, iscrowd=1)])
    assert data[0]['gt_ignore_flags'].tolist() == [False, True, True]
