"""COCO's average precision: closed forms, and pycocotools' figures of drawn boxes."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlite.errors import DataError, MissingDependencyError
from mmlite.evaluation import CocoMetric, VOCMetric
from mmlite.evaluation.functional import Detections, Objects, coco_curves
from mmlite.evaluation.functional.coco_backends import BACKENDS
from mmlite.structures import DataSample

GOLDEN = Path(__file__).parent.parent / 'golden' / 'detection' / 'coco.json'


def sample(gold=(), found=(), scores=(), labels=None, found_labels=None, **fields):
    """An image, from lists of boxes."""

    def classes(given, boxes):
        return torch.tensor([0] * len(boxes) if given is None else given).long()

    extra = {k: v for k, v in fields.items() if k.startswith('gt_')}
    metainfo = {k: v for k, v in fields.items() if k not in extra}
    return DataSample(
        metainfo=metainfo,
        gt_bboxes=torch.tensor(gold).float().reshape(-1, 4),
        gt_bboxes_labels=classes(labels, gold),
        pred_bboxes=torch.tensor(found).float().reshape(-1, 4),
        pred_scores=torch.tensor(scores).float(),
        pred_labels=classes(found_labels, found),
        **extra,
    )


def figures(samples, metric=CocoMetric, classes=None, **kwargs):
    metric = metric(**kwargs)
    if classes is not None:
        metric.dataset_meta = dict(classes=classes)
    metric.process(None, samples)
    found = metric.evaluate(len(samples))
    return {key.partition('/')[2]: value for key, value in found.items()}


def row(count, start=0):
    """Boxes of 10x10 pixels in a row, apart from each other."""
    return [[20 * i, 0, 20 * i + 10, 10] for i in range(start, start + count)]


def test_two_of_three_found():
    image = sample(row(3), row(2), [0.9, 0.8])
    assert figures([image])['bbox_mAP'] == pytest.approx(67 / 101)
    assert figures([image], VOCMetric)['mAP'] == pytest.approx(2 / 3)
    old = figures([image], VOCMetric, eval_mode='11points')
    assert old['AP50'] == pytest.approx(7 / 11)


def test_one_of_two_images_found():
    images = [sample(row(1), row(1), [0.9]), sample(row(1))]
    assert figures(images)['bbox_mAP'] == pytest.approx(51 / 101)


def test_detections_in_a_crowd_do_not_count():
    crowd, other = [0, 0, 200, 200], [500, 500, 550, 550]
    inside = [[0, 0, 50, 50], [60, 60, 110, 110], [120, 120, 170, 170]]
    image = sample(
        [crowd, other],
        [*inside, other],
        [0.9, 0.89, 0.88, 0.5],
        gt_ignore_flags=torch.tensor([True, False]),
    )
    assert figures([image])['bbox_mAP'] == pytest.approx(1)


def test_the_best_100_of_an_image_and_class_count():
    many = [[12 * (i % 15), 12 * (i // 15)] * 2 for i in range(150)]
    many = [[x, y, x + 10, y + 10] for x, y, _, _ in many]
    scores = np.linspace(0.9, 0.1, 150).tolist()
    image = sample(many, many, scores)
    assert figures([image])['bbox_mAP'] == pytest.approx(67 / 101)
    assert figures([image], max_dets=(1, 10, 300))['bbox_mAP'] == pytest.approx(1)
    labels = [0] * 75 + [1] * 75
    two = sample(many, many, scores, labels=labels, found_labels=labels)
    assert figures([two])['bbox_mAP'] == pytest.approx(1)


def test_both_limits_of_detections_are_named(monkeypatch):
    said = []
    place = 'mmlite.evaluation.metrics.coco_metric.print_log'
    monkeypatch.setattr(place, lambda text, **kwargs: said.append(text))
    many = row(101)
    figures([sample(many, many, np.linspace(0.9, 0.1, 101).tolist())])
    (line,) = said
    assert 'up to 101 detections an image (max_per_img)' in line
    assert 'the 100 best of each image and class count (max_dets)' in line


def test_an_image_without_objects_lowers_precision():
    images = [sample(row(1), row(1), [0.5]), sample([], row(1), [0.9])]
    assert figures(images)['bbox_mAP'] == pytest.approx(0.5)
    assert figures(images, VOCMetric)['mAP'] == pytest.approx(0.5)


def test_a_class_without_objects_does_not_count(caplog):
    image = sample(row(1), row(2), [0.9, 0.8], found_labels=[0, 1])
    for metric in (CocoMetric, VOCMetric):
        found = figures([image], metric, classes=['a', 'b'], classwise=True)
        assert max(found.values()) == pytest.approx(1)
        assert found['a_precision'] == pytest.approx(1)
        assert 'b_precision' not in found
    assert figures([image])['bbox_mAP'] == pytest.approx(1)


def test_no_object_at_all():
    found = figures([sample([], row(1), [0.9])])
    assert set(found.values()) == {-1.0}
    assert figures([sample([], row(1), [0.9])], VOCMetric)['mAP'] == -1


def test_no_detection_at_all():
    found = figures([sample(row(2))])
    assert found['bbox_mAP'] == found['bbox_AR@100'] == 0


def test_areas_are_those_of_the_annotation():
    image = sample([[0, 0, 40, 40]], [[0, 0, 40, 40]], [0.9])
    assert figures([image])['bbox_mAP_m'] == pytest.approx(1)
    image.set_field(torch.tensor([1000.0]), 'gt_area')  # below 32²
    found = figures([image])
    assert found['bbox_mAP_s'] == pytest.approx(1)
    assert found['bbox_mAP_m'] == -1


def test_it_compares_in_pixels_of_the_loaded_image():
    """The pipeline resized 333x500 to 100x150: two factors, not one."""
    whole = sample(
        [[0, 0, 100, 150]],
        [[0, 0, 333, 500]],
        [0.9],
        scale_factor=(100 / 333, 150 / 500),
    )
    found = figures([whole], iou_thrs=[0.9999])
    assert found['bbox_mAP'] == pytest.approx(1)


def drawn(seed, images=8, classes=3):
    """Boxes at whole pixels: crowds, equal scores, objects close to each other."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(5, images)
    image = np.repeat(np.arange(images), count)
    corner = rng.integers(0, 200, (len(image), 2))
    side = rng.integers(4, 150, (len(image), 2))
    box = np.concatenate([corner, corner + side], axis=1).astype(float)
    label = rng.integers(0, classes, len(image))
    area = side.prod(axis=1) * rng.integers(2, 5, len(image)) / 4
    gold = Objects(image, label, box, rng.random(len(image)) < 0.1, area)
    of = np.repeat(np.arange(len(image)), rng.integers(0, 4, len(image)))
    near = box[of] + rng.integers(-9, 10, (len(of), 4))
    near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)
    score = rng.integers(1, 9, len(of)) / 8
    label = np.where(rng.random(len(of)) < 0.8, label[of], 0)
    return Detections(image[of], label, near, score), gold


@pytest.mark.parametrize('seed', range(3))
def test_it_is_what_pycocotools_gives(seed):
    """Figures of pycocotools 2.0.11, see tests/golden/detection/coco.json."""
    wanted = json.loads(GOLDEN.read_text())[str(seed)]
    curves = coco_curves(*drawn(seed), num_classes=3)
    for t, k, a, mean in wanted['precision']:
        assert curves.precision[t, :, k, a].mean() == pytest.approx(mean, abs=1e-12)
    recall = np.array(wanted['recall'])
    np.testing.assert_allclose(curves.recall, recall, atol=1e-12)


@pytest.mark.parametrize('name', BACKENDS)
def test_packages_of_others_give_the_same(name):
    pytest.importorskip(name)
    own = coco_curves(*drawn(5), num_classes=3)
    other = BACKENDS[name](*drawn(5), 3, np.linspace(0.5, 0.95, 10), (1, 10, 100))
    for mine, theirs in zip(own, other, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-12)


@pytest.mark.parametrize('name', BACKENDS)
def test_a_package_that_is_absent_is_named(name, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, name, None)
    monkeypatch.setitem(__import__('sys').modules, f'{name}.coco', None)
    with pytest.raises(MissingDependencyError, match=r'mmlite\[detection\]'):
        figures([sample(row(1), row(1), [0.5])], backend=name)


def test_it_writes_results_with_the_ids_of_the_file(tmp_path, capsys):
    boxes = [[1, 2, 4, 8], [0, 0, np.nan, 1], [0, 0, 1, np.inf]]
    image = sample([], boxes, [0.5, 0.4, 0.3], found_labels=[1, 1, 1], img_id=7)
    metric = CocoMetric(outfile_prefix=str(tmp_path / 'val'), format_only=True)
    metric.dataset_meta = dict(classes=['a', 'b'], cat_ids=[3, 9])
    metric.process(None, [image])
    assert metric.evaluate(1) == {}
    assert json.loads((tmp_path / 'val.bbox.json').read_text()) == [
        dict(image_id=7, category_id=9, bbox=[1, 2, 3, 6], score=0.5)
    ]
    said = '2 boxes with NaN or infinite values are left out, e.g. of the image 7'
    assert said in capsys.readouterr().out


@pytest.mark.parametrize('metric', [CocoMetric, VOCMetric])
def test_it_draws_precision_over_recall(metric, tmp_path):
    path = tmp_path / 'pictures' / 'curve.png'
    image = sample(row(2), row(1), [0.5])
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        figures([image], metric, curve_file=str(path))
    assert path.read_bytes().startswith(b'\x89PNG')


def test_difficult_objects_of_voc_do_not_count():
    """A difficult one found twice is neither right nor wrong."""
    boxes = row(2)
    image = sample(
        boxes,
        [boxes[0], boxes[0], boxes[1]],
        [0.9, 0.8, 0.7],
        gt_ignore_flags=torch.tensor([True, False]),
    )
    assert figures([image], VOCMetric)['mAP'] == pytest.approx(1)


def test_an_object_of_voc_is_found_once():
    """Right, wrong (found already), right: precision 1, 1/2, 2/3."""
    boxes = row(2)
    image = sample(boxes, [boxes[0], boxes[0], boxes[1]], [0.9, 0.8, 0.7])
    assert figures([image], VOCMetric)['mAP'] == pytest.approx((1 + 2 / 3) / 2)


def test_what_cannot_be_compared_is_named():
    with pytest.raises(DataError, match='compares pred_bboxes'):
        figures([DataSample(gt_bboxes=torch.zeros(0, 4))])
    with pytest.raises(DataError, match='1 of 1 scores of a sample are NaN'):
        figures([sample(row(1), row(1), [float('nan')])])
    with pytest.raises(DataError, match='label 2 is none of the 2 classes'):
        figures([sample([], row(1), [0.5], found_labels=[2])], classes=['a', 'b'])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(max_dets=(10, 1)), 'max_dets must be rising numbers'),
        (dict(format_only=True), 'set outfile_prefix'),
        (dict(backend='other'), 'backend must be'),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        CocoMetric(**arguments)
