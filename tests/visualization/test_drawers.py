import cv2
import numpy as np
import pytest
import torch

from mmlite.structures import DataSample
from mmlite.visualization import (
    DRAWERS,
    Drawer,
    UniversalVisualizer,
    captioned,
    contact_sheet,
)
from mmlite.visualization.legends import _room as room

IMAGE = np.full((40, 60, 3), 100, np.uint8)


@pytest.fixture
def visualizer():
    return UniversalVisualizer()


def draw(visualizer, sample, image=IMAGE, **kwargs):
    return visualizer.add_datasample('a', image, sample, **kwargs)


def changed(drawn, image=IMAGE):
    return (drawn != image).any(axis=2)


def test_a_sample_without_fields_leaves_the_image_as_it_is(visualizer):
    assert np.array_equal(draw(visualizer, None), IMAGE)
    assert np.array_equal(draw(visualizer, DataSample()), IMAGE)


def test_boxes_are_drawn_at_the_size_of_the_picture(visualizer):
    boxes = torch.tensor([[5.0, 10.0, 25.0, 15.0]])  # of an image of half the size
    sample = DataSample(metainfo=dict(img_shape=(20, 30)), pred_bboxes=boxes)
    rows, columns = np.nonzero(changed(draw(visualizer, sample)))
    assert (rows.min(), rows.max()) == (20, 30)
    assert (columns.min(), columns.max()) == (10, 50)
    assert np.array_equal(draw(visualizer, sample, draw_pred=False), IMAGE)
    empty = DataSample(pred_bboxes=torch.zeros(0, 4), gt_bboxes=torch.zeros(0, 4))
    assert np.array_equal(draw(visualizer, empty), IMAGE)


def test_boxes_bear_their_classes(visualizer, monkeypatch):
    texts = []
    monkeypatch.setattr(cv2, 'putText', lambda image, text, *args: texts.append(text))
    sample = DataSample(
        pred_bboxes=torch.tensor([[80.0, 20, 99, 50], [0, 60, 40, 99]]),
        pred_bboxes_labels=torch.tensor([1, 0]),
        pred_bboxes_scores=torch.tensor([0.75, 0.5]),
        gt_bboxes=torch.tensor([[10.0, 20, 40, 50]]),
        gt_bboxes_labels=torch.tensor([1]),
    )
    image = np.zeros((100, 200, 3), np.uint8)
    drawn = draw(visualizer, sample, image, classes=['ant', 'bee'])
    assert texts == ['bee', 'bee 0.75', 'ant 0.50']  # the target and the best go first
    assert drawn.shape == image.shape
    texts.clear()
    draw(visualizer, sample, image, classes=['ant', 'bee'], pred_score_thr=0.6)
    assert texts == ['bee', 'bee 0.75']


def test_labels_keep_clear_of_each_other_and_of_the_edge():
    image = np.zeros((60, 90, 3), np.uint8)
    taken = []
    for box in [(2, 2, 70, 40), (5, 4, 70, 42), (6, 5, 70, 44), (80, 0, 89, 9)]:
        x1, y1, x2, y2 = place = room(image, box, 'cat', 0.4, taken)
        assert 0 <= x1 < x2 <= 90 and 0 <= y1 < y2 <= 60
        for a, b, c, d in taken:
            assert x2 <= a or c <= x1 or y2 <= b or d <= y1
        taken.append(place)
    assert room(image, (80, 0, 89, 9), 'a word that is wider', 0.4, []) is None


def test_a_label_without_room_is_left_to_a_legend(visualizer, monkeypatch):
    texts = []
    monkeypatch.setattr(cv2, 'putText', lambda image, text, *args: texts.append(text))
    boxes = torch.tensor([[2.0, 2, 14, 14]]).repeat(3, 1)
    labels = torch.tensor([0, 0, 1])
    sample = DataSample(gt_bboxes=boxes, gt_bboxes_labels=labels)
    image = np.zeros((16, 16, 3), np.uint8)  # no word fits
    drawn = draw(visualizer, sample, image, classes=['anteater', 'bumblebee'])
    strip = drawn[16:]
    assert len(strip) == 2 * 13  # a line for each class, not for each box
    colours = [tuple(strip[13 * line + 4, 5]) for line in (0, 1)]
    assert len({(255, 255, 255), *colours}) == 3
    assert tuple(drawn[13, 13]) == colours[1]  # the mark of the last box


def test_of_many_boxes_the_best_are_drawn(visualizer, monkeypatch):
    texts = []
    monkeypatch.setattr(cv2, 'putText', lambda image, text, *args: texts.append(text))
    scores = torch.linspace(0.5, 0.99, 50)[torch.randperm(50)]
    corners = torch.arange(50)[:, None] % 10 * 60 + torch.tensor([0, 20.0])
    rows = torch.arange(50)[:, None] // 10 * 60 + torch.tensor([20, 40.0])
    boxes = torch.stack([corners[:, 0], rows[:, 0], corners[:, 1], rows[:, 1]], dim=1)
    sample = DataSample(pred_bboxes=boxes, pred_scores=scores)
    draw(visualizer, sample, np.zeros((300, 600, 3), np.uint8))
    best = [f'{score:.2f}' for score in sorted(scores.tolist())[:-21:-1]]
    assert texts == [*best, '20 best of 50 boxes']


def test_disparities_stand_beside_the_picture(visualizer):
    target = torch.tensor([[0.0, 10.0], [5.0, float('inf')]])
    sample = DataSample(gt_disparity=target, pred_disparity=target[None] / 2)
    drawn = draw(visualizer, sample)
    assert drawn.shape[0] == 40
    assert np.array_equal(drawn[:, :60], IMAGE)
    gt, pred, scale = drawn[:, 60:120], drawn[:, 120:180], drawn[:, 180:]
    # The bar has the colours of the map: that of 10 px at its upper end.
    assert np.array_equal(scale[0, 6], gt[0, 30])
    np.testing.assert_allclose(scale[20, 6].astype(int), pred[0, 40], atol=12)
    assert not gt[:20, :30].any() and not gt[20:, 30:].any()  # unknown
    assert gt[:20, 30:].any()
    # One scale: a prediction of 5 has the colour of a ground truth of 5.
    assert np.array_equal(pred[:20, 30:], gt[20:, :30])


def test_silhouettes_are_drawn_below(visualizer):
    sample = DataSample(sils=torch.ones(20, 4, 3))
    drawn = draw(visualizer, sample)
    assert drawn.shape == (40 + 10, 60, 3)  # 8 frames: 4 x 24, as wide as the image
    assert (drawn[40:] == 255).all()


@pytest.mark.parametrize('shape', [(12, 8, 6), (12, 3, 8, 6)])
def test_frames_are_drawn_on(visualizer, shape):
    frames = np.zeros(shape, np.uint8)
    drawn = draw(visualizer, DataSample(), frames)
    assert drawn.shape == (8, 8 * 6, 3)
    assert contact_sheet(frames, count=2).shape == (8, 12, 3)


def test_what_was_seen_and_made_of_it_stand_before_the_picture(visualizer):
    made = torch.full((3, 4, 6), 300.0)
    sample = DataSample(pred_reconstruction=made, pred_masked=torch.zeros(3, 4, 6))
    drawn = draw(visualizer, sample)
    assert drawn.shape == (40, 180, 3)
    assert (drawn[:, :60] == 0).all() and (drawn[:, 60:120] == 255).all()
    assert np.array_equal(drawn[:, 120:], draw(visualizer, DataSample()))


def test_a_kind_of_ones_own(visualizer, monkeypatch):
    invert = Drawer(('inverted',), lambda image, sample, look: 255 - image)
    monkeypatch.setitem(DRAWERS, 'inverted', invert)
    drawn = draw(visualizer, DataSample(inverted=True))
    assert np.array_equal(drawn, 255 - IMAGE)


def test_a_walk_without_frames_leaves_the_picture(visualizer):
    walk = DataSample(sils=torch.zeros(0, 4, 4))
    assert np.array_equal(draw(visualizer, walk), IMAGE)


def test_maps_of_a_sequence_are_drawn_by_their_maximum():
    frames = torch.zeros(3, 2, 4, 5)
    frames[0, 0, 1, 1], frames[0, 1, 2, 3] = 1.0, 0.5
    sheet = contact_sheet(frames)
    assert sheet.shape == (4, 15, 3)
    assert (sheet[1, 1] == 255).all() and (sheet[2, 3] == 127).all()
    assert sheet.sum() == 3 * (255 + 127)


def test_a_long_caption_is_written_smaller_then_cut_in_front():
    picture = np.zeros((8, 90), np.uint8)

    def written(line):
        shown = captioned(picture, [line])
        assert (shown[-8:] == 0).all()
        return shown[:-8]

    assert written('00.png').min() < 100
    assert not np.array_equal(written('0' * 15), written('0' * 16))
    assert np.array_equal(written('b' * 40 + 'a'), written('b' * 80 + 'a'))
    assert not np.array_equal(written('b' * 40 + 'a'), written('b' * 40 + 'o'))
