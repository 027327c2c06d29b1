import cv2
import numpy as np
import pytest
import torch

from mmlite.structures import DataSample
from mmlite.visualization import DRAWERS, Drawer, UniversalVisualizer, contact_sheet

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
        pred_bboxes=torch.rand(2, 4),
        pred_bboxes_labels=torch.tensor([1, 0]),
        pred_bboxes_scores=torch.tensor([0.75, 0.5]),
        gt_bboxes=torch.rand(1, 4),
        gt_bboxes_labels=torch.tensor([1]),
    )
    draw(visualizer, sample, classes=['ant', 'bee'])
    assert texts == ['ant 0.50', 'bee 0.75', 'bee']  # the best is seen, the target too
    texts.clear()
    draw(visualizer, sample, classes=['ant', 'bee'], pred_score_thr=0.6)
    assert texts == ['bee 0.75', 'bee']


def test_of_many_boxes_the_best_are_drawn(visualizer, monkeypatch):
    texts = []
    monkeypatch.setattr(cv2, 'putText', lambda image, text, *args: texts.append(text))
    scores = torch.linspace(0.5, 0.99, 50)[torch.randperm(50)]
    sample = DataSample(pred_bboxes=torch.rand(50, 4), pred_scores=scores)
    draw(visualizer, sample)
    best = [f'{score:.2f}' for score in sorted(scores.tolist())[-20:]]
    assert texts == [*best, '20 best of 50 boxes']


def test_disparities_stand_beside_the_picture(visualizer):
    target = torch.tensor([[0.0, 10.0], [5.0, float('inf')]])
    sample = DataSample(gt_disparity=target, pred_disparity=target[None] / 2)
    drawn = draw(visualizer, sample)
    assert drawn.shape == (40, 180, 3)
    assert np.array_equal(drawn[:, :60], IMAGE)
    gt, pred = drawn[:, 60:120], drawn[:, 120:]
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
