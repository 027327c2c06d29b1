"""Boxes in the units of another format are reported, once a dataset."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmlite.datasets import CocoDataset, YoloDataset

#: Corners of boxes all over an image of 200x100 px.
CORNERS = [
    (8 * i, 9 * j, 8 * i + 20 + i, 9 * j + 10 + j)
    for i in range(0, 20, 3)
    for j in range(0, 9, 3)
]
SIDES = np.array([200, 100, 200, 100])
LOOKS = 'the boxes look like'


def sized(corners):
    """Corners as x, y, width, height."""
    return [(a, b, c - a, d - b) for a, b, c, d in corners]


def coco(boxes, size=(200, 100)):
    image = dict(id=1, file_name='a.jpg')
    if size is not None:
        image |= dict(width=size[0], height=size[1])
    rows = [
        dict(image_id=1, category_id=1, bbox=list(map(float, box))) for box in boxes
    ]
    names = [dict(id=1, name='a')]
    content = dict(images=[image], categories=names, annotations=rows)
    Path('boxes.json').write_text(json.dumps(content))
    return CocoDataset('boxes.json', test_mode=True)


def yolo(boxes):
    for kind in ('images', 'labels'):
        Path(kind).mkdir()
    cv2.imwrite('images/1.png', np.zeros((100, 200, 3), np.uint8))
    lines = [f'0 {" ".join(map(str, np.divide(box, SIDES)))}' for box in boxes]
    Path('labels/1.txt').write_text('\n'.join(lines))
    Path('data.yaml').write_text('train: images\nnames: [a]\n')
    return YoloDataset()


@pytest.mark.parametrize('size', [(200, 100), None])
def test_fractions_in_coco(size, capsys):
    coco([np.divide(box, SIDES) for box in sized(CORNERS)], size)
    said = capsys.readouterr().out
    assert said.count(LOOKS) == 1
    assert 'boxes.json: the boxes look like fractions of the image, e.g. [' in said
    assert ('of 200x100 px' in said) == (size is not None)
    assert 'a bbox of COCO is x, y, width, height, all of them in pixels' in said


def test_corners_in_coco(capsys):
    coco(CORNERS)
    said = capsys.readouterr().out
    assert said.count(LOOKS) == 1
    first = next(c for c in CORNERS if c[0] + c[2] > 204 or c[1] + c[3] > 102)
    shown = ', '.join(map(str, first))
    assert f'the boxes look like two corners, x1, y1, x2, y2, e.g. [{shown}]' in said


@pytest.mark.parametrize(
    'boxes',
    [
        sized(CORNERS),
        [(-30, -10, 260, 120)],  # around more than the image
        [(0, 0, 0, 0), (3, 4, 0, 0)],  # points
        [(150, 80, 0.5, 0.5)],  # small, but no fraction
        [],
    ],
)
def test_boxes_that_are_as_coco_wants_them(boxes, capsys):
    coco(boxes)
    assert LOOKS not in capsys.readouterr().out


def test_a_box_in_an_image_of_one_pixel(capsys):
    coco([(0, 0, 0.9, 0.9)], (1, 1))
    assert LOOKS not in capsys.readouterr().out


def test_corners_in_yolo(capsys):
    yolo(CORNERS)
    said = capsys.readouterr().out
    assert said.count(LOOKS) == 1
    assert 'data.yaml: the boxes look like two corners' in said
    assert 'a line of YOLO is class, centre x, centre y, width, height' in said


def test_boxes_that_are_as_yolo_wants_them(capsys):
    yolo([((a + c) / 2, (b + d) / 2, c - a, d - b) for a, b, c, d in CORNERS])
    assert LOOKS not in capsys.readouterr().out
