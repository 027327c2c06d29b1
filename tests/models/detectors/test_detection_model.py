from __future__ import annotations

import copy

import pytest
import torch
from contracts.tiny import WHOLES
from torch import nn

from mmlite.errors import CheckpointError, ConfigError, DataError
from mmlite.models.detectors.ground_truth import in_pixels, normalized
from mmlite.registry import MODELS
from mmlite.structures import DataSample

for_each_detector = pytest.mark.parametrize('name', ['FasterRCNN', 'SSD', 'RetinaNet'])


def build(name, **changes):
    torch.manual_seed(0)
    cfg = {**copy.deepcopy(WHOLES[name][0]), **changes}
    model = MODELS.build(dict(cfg, type=name))
    model.init_weights()
    return model


def image(height=64, width=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(3, height, width, generator=generator)


def sample(boxes, labels, size=(64, 64), **fields):
    fields = dict(
        gt_bboxes=torch.tensor(boxes), gt_bboxes_labels=torch.tensor(labels), **fields
    )
    return DataSample(metainfo=dict(img_shape=size, ori_shape=size), **fields)


def test_boxes_at_the_interface_are_fractions_with_y_first():
    boxes = torch.tensor([[10.0, 20.0, 30.0, 60.0]])
    out = normalized(boxes, size=(100, 50))
    torch.testing.assert_close(out, torch.tensor([[0.2, 0.2, 0.6, 0.6]]))
    torch.testing.assert_close(in_pixels(out, (100, 50)), boxes)


@for_each_detector
def test_the_sequence_of_training_is_what_forward_does(name):
    """preprocess, predict, loss: as in TensorFlow's Object Detection API."""
    model = build(name).train()
    boxes, labels = [[8.0, 16.0, 40.0, 48.0]], [2]
    torch.manual_seed(1)
    expected = model(image()[None], [sample(boxes, labels)], mode='loss')
    model.provide_groundtruth(
        [torch.tensor([[0.25, 0.125, 0.75, 0.625]])], [torch.tensor([[0.0, 0.0, 1.0]])]
    )
    assert model.groundtruth_has_field('boxes')
    assert not model.groundtruth_has_field('weights')
    (given,) = model.groundtruth_lists('boxes')
    torch.testing.assert_close(given, torch.tensor([[0.25, 0.125, 0.75, 0.625]]))
    torch.manual_seed(1)
    preprocessed, shapes = model.preprocess(image()[None])
    losses = model.loss(model.predict(preprocessed, shapes), shapes)
    assert shapes.tolist() == [[64, 64, 3]]
    for key, value in losses.items():
        torch.testing.assert_close(value, expected[key])


@for_each_detector
def test_the_sequence_of_evaluation_gives_fractions_and_classes(name):
    model = build(name).eval()
    with torch.no_grad():
        preprocessed, shapes = model.preprocess([image(), image(48, 64)])
        found = model.postprocess(model.predict(preprocessed, shapes), shapes)
    count = found['num_detections']
    assert count.dtype == torch.float32 and count.shape == (2,)
    assert found['detection_boxes'].shape[2] == 4
    assert found['detection_boxes'].min() >= 0 and found['detection_boxes'].max() <= 1
    assert found['detection_classes'].max() < 3  # never the background
    for i, own in enumerate(count.int().tolist()):
        assert (found['detection_scores'][i, own:] == 0).all()
    assert found['raw_detection_scores'].shape[2] == 3


@for_each_detector
def test_images_are_padded_where_no_box_reaches(name):
    model = build(name, pad_to_multiple=32).eval()
    ready, shapes = model.preprocess([image(40, 50)])
    assert ready.shape == (1, 3, 64, 64) and shapes.tolist() == [[40, 50, 3]]
    assert (ready[..., 40:, :] == 0).all() and (ready[..., 50:] == 0).all()
    with torch.no_grad():
        ((boxes, _, _),) = model.detect(model.predict(ready, shapes), shapes)
    assert boxes[:, [0, 2]].max() <= 50 and boxes[:, [1, 3]].max() <= 40


def test_the_extractor_preprocesses_each_image_before_it_is_padded():
    model = build('SSD')
    model.feature_extractor.preprocess = lambda x: x - 7.0
    ready, _ = model.preprocess([torch.full((3, 64, 64), 7.5), torch.ones(3, 32, 64)])
    assert (ready[0] == 0.5).all()
    assert (ready[1, :, 32:] == 0).all() and (ready[1, :, :32] == -6).all()


@for_each_detector
def test_predictions_are_in_pixels_of_the_image_as_it_was_loaded(name):
    """Twice as wide and three times as high as what the network sees."""
    model = build(name).eval()
    plain = sample([], [])
    scaled = DataSample(
        metainfo=dict(
            img_shape=(64, 64), ori_shape=(192, 128), scale_factor=(0.5, 1 / 3)
        )
    )
    with torch.no_grad():
        model(image()[None], [plain], mode='predict')
        model(image()[None], [scaled], mode='predict')
    factor = torch.tensor([2.0, 3.0, 2.0, 3.0])
    torch.testing.assert_close(scaled.pred_bboxes, plain.pred_bboxes * factor)
    assert torch.equal(scaled.pred_labels, plain.pred_labels)


@for_each_detector
def test_resizing_inside_the_model_leaves_boxes_in_their_image(name):
    resizer = dict(type='FixedShapeResizer', height=64, width=64)
    model = build(name, image_resizer=resizer)
    small = sample([[2.0, 4.0, 10.0, 12.0]], [1], size=(16, 32))
    model.train()
    losses = model(image(16, 32)[None], [small], mode='loss')
    assert all(value.isfinite() for value in losses.values())
    with torch.no_grad():
        (found,) = model.eval()(image(16, 32)[None], [small], mode='predict')
    assert found.pred_bboxes[:, 2].max() <= 32 and found.pred_bboxes[:, 3].max() <= 16


@for_each_detector
def test_batches_with_empty_images_and_crowds_have_finite_losses(name):
    model = build(name).train()
    none = torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64)
    empty = DataSample(
        metainfo=dict(img_shape=(64, 64)), gt_bboxes=none[0], gt_bboxes_labels=none[1]
    )
    crowd = sample([[0.0, 0.0, 60.0, 60.0]], [0], gt_ignore_flags=torch.tensor([True]))
    flat = sample([[5.0, 5.0, 5.0, 30.0]], [0])
    outside = sample([[-20.0, 10.0, 90.0, 50.0]], [1])
    for batch in ([empty], [crowd], [flat], [outside], [empty, crowd, flat, outside]):
        inputs = torch.stack([image(seed=i) for i in range(len(batch))])
        losses = model(inputs, batch, mode='loss')
        assert all(value.isfinite() for value in losses.values())
        if outside not in batch:
            assert losses['loss_bbox'] == 0
        sum(losses.values()).backward()


def test_an_image_without_objects_is_all_background_to_retinanet():
    """A·C anchors of the prior score, each .75 · p² · -ln(1 - p), divided by 1."""
    model = build('RetinaNet').train()
    nn.init.zeros_(model.bbox_head.retina_cls.weight)
    nn.init.constant_(model.bbox_head.retina_cls.bias, -torch.tensor(99.0).log())
    losses = model(image()[None], [sample([], [])], mode='loss')
    anchors = (8 * 8 + 4 * 4) * 3
    expected = anchors * 3 * 7.53775e-7
    assert losses['loss_cls'].item() == pytest.approx(expected, rel=1e-4)


@for_each_detector
@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        (dict(gt_bboxes_labels=torch.tensor([1])), 'no gt_bboxes'),
        (dict(gt_bboxes=torch.zeros(1, 4)), 'no gt_bboxes_labels'),
        (
            dict(gt_bboxes=torch.eye(4), gt_bboxes_labels=torch.tensor([1])),
            '4 gt_bboxes, 1 gt_bboxes_labels',
        ),
        (
            dict(
                gt_bboxes=torch.tensor([[0.0, 0.0, 9.0, 9.0]]),
                gt_bboxes_labels=torch.tensor([3]),
            ),
            r'labels \[3\].*from 0 to 2',
        ),
        (
            dict(
                gt_bboxes=torch.tensor([[0.0, 0.0, 9.0, float('inf')]]),
                gt_bboxes_labels=torch.tensor([0]),
            ),
            'boxes finite',
        ),
        (
            dict(
                gt_bboxes=torch.tensor([[0.0, 0.0, 9.0, 9.0], [float('nan')] * 4]),
                gt_bboxes_labels=torch.tensor([0, 1]),
            ),
            r'labels \[0, 1\] and the boxes .*nan.*boxes finite',
        ),
        (
            dict(
                gt_bboxes=torch.tensor([[0.0, 0.0, 9.0, 9.0], [0, 0, float('nan'), 9]]),
                gt_bboxes_labels=torch.tensor([0, 1]),
                gt_ignore_flags=torch.tensor([False, True]),
            ),
            'nan.*boxes finite',
        ),
    ],
)
def test_ground_truth_that_does_not_fit_is_named(name, fields, message):
    with pytest.raises(DataError, match=message):
        build(name).train()(image()[None], [DataSample(**fields)], mode='loss')


@pytest.mark.parametrize('crowd', [False, True])
def test_boxes_at_the_interface_are_finite(crowd):
    model = build('RetinaNet')
    boxes = torch.tensor([[0.0, 0.0, 0.5, 0.5], [0.0, float('nan'), 0.5, 0.5]])
    classes, crowds = torch.eye(3)[:2], torch.tensor([False, crowd])
    fine = (boxes[:1], classes[:1], None, crowds[:1])
    model.provide_groundtruth(*zip(fine, fine, strict=True))
    with pytest.raises(DataError, match='sample 1 of the batch .*nan.*boxes finite'):
        both = zip(fine, (boxes, classes, None, crowds), strict=True)
        model.provide_groundtruth(*both)


def test_images_as_bytes_are_refused():
    with pytest.raises(DataError, match='float32 images, got torch.uint8'):
        build('SSD').preprocess(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))


def test_proposals_alone_are_a_detector_too():
    cfg = {k: v for k, v in WHOLES['FasterRCNN'][0].items() if k != 'roi_head'}
    model = MODELS.build(dict(cfg, type='FasterRCNN', number_of_stages=1))
    losses = model.train()(image()[None], [sample([], [])], mode='loss')
    assert set(losses) == {'loss_rpn_cls', 'loss_rpn_bbox'}
    (found,) = model.eval()(image()[None], mode='predict')
    assert len(found.pred_bboxes) > 0 and (found.pred_labels == 0).all()


@for_each_detector
def test_norms_can_be_frozen_by_config(name):
    model = build(name, freeze_batchnorm=True).train()
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms and not any(norm.training for norm in norms)
    assert not any(p.requires_grad for norm in norms for p in norm.parameters())
    before = [norm.running_mean.clone() for norm in norms]
    model(image()[None], [sample([], [])], mode='loss')
    for norm, mean in zip(norms, before, strict=True):
        assert torch.equal(norm.running_mean, mean)


@for_each_detector
def test_a_classifier_is_restored_and_reported(name, tmp_path):
    backbone = WHOLES[name][0]['feature_extractor']['backbone']
    classifier = MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(backbone, out_indices=(2,)),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes=5, in_channels=16),
        )
    )
    path = tmp_path / 'classifier.pth'
    torch.save(dict(state_dict=classifier.state_dict()), path)
    model = build(name, fine_tune_checkpoint=str(path))
    own = model.feature_extractor.backbone.state_dict()
    for key, value in classifier.backbone.state_dict().items():
        assert torch.equal(own[key], value)
    report = build(name).restore(str(path), 'classification')
    counted = [key for key in own if not key.endswith('num_batches_tracked')]
    assert report.matched == len(counted) and report.mismatched == []


@for_each_detector
def test_a_detector_is_restored_in_part_or_whole(name):
    source, model = build(name), build(name)
    for parameter in source.parameters():
        nn.init.constant_(parameter, 0.25)
    head = 'rpn_head' if name == 'FasterRCNN' else 'bbox_head'
    model.restore(source.state_dict(), 'detection')
    weights = list(model.feature_extractor.parameters())
    assert all((p == 0.25).all() for p in weights)
    assert not all((p == 0.25).all() for p in getattr(model, head).parameters())
    model.restore(source.state_dict(), 'detection', True)
    assert all((p == 0.25).all() for p in model.parameters())


def test_a_checkpoint_in_which_nothing_fits_is_an_error():
    with pytest.raises(CheckpointError, match='nothing for.*is it of another backbone'):
        build('SSD').restore({'encoder.weight': torch.zeros(2)})
    with pytest.raises(ValueError, match="got 'segmentation'"):
        build('SSD').restore({}, 'segmentation')


def rows_of(kind, outputs):
    """Boxes with all that belongs to them."""
    names = [f'{kind}_{what}' for what in ('boxes', 'scores', 'classes')]
    fields = [outputs[name].float() for name in names if name in outputs]
    return torch.cat([f if f.ndim == 3 else f.unsqueeze(2) for f in fields], dim=2)


@for_each_detector
def test_what_is_exported_is_what_postprocess_gives(name):
    """Of an image that the model resizes and pads."""
    resizer = dict(type='FixedShapeResizer', height=60, width=60)
    model = build(name, image_resizer=resizer, pad_to_multiple=32).eval()
    images = torch.stack([image(40, 50), image(40, 50, seed=1)])
    with torch.no_grad():
        found = model.export_outputs(images)
        ready, shapes = model.preprocess(images)
        wanted = model.postprocess(model.predict(ready, shapes), shapes)
        derived = model.derived_outputs(found, images)
    assert found.keys() == wanted.keys()
    assert torch.equal(found['num_detections'], wanted['num_detections'])
    for kind in ('detection', 'raw_detection'):
        ours, theirs = (rows_of(kind, outputs) for outputs in (found, wanted))
        # Rounding decides on the order of scores that are nearly equal.
        apart = torch.cdist(ours[:, : theirs.size(1)], theirs, p=torch.inf)
        assert apart.amin(1).max() < 1e-5 and apart.amin(2).max() < 1e-5
        assert not ours[:, theirs.size(1) :].any()
    assert bool(derived) == (name != 'FasterRCNN')
    for key, value in derived.items():
        torch.testing.assert_close(value, found[key])


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (
            dict(feature_extractor=dict(type='FPNExtractr')),
            "did you mean 'FPNExtractor'",
        ),
        (dict(num_classes=0), 'num_classes must be at least 1'),
        (dict(bbox_head=dict(type='SSDHead', num_classes=9)), 'anchors for 6 maps'),
        (
            dict(
                feature_extractor=dict(
                    type='ClassifierRCNNExtractor',
                    backbone=dict(type='ResNet', depth=18),
                    cut='layer3',
                )
            ),
            'has no extract_features',
        ),
        (
            dict(
                feature_extractor=dict(
                    type='SSDMultiMapExtractor',
                    backbone=dict(type='VisionTransformer', img_size=64),
                )
            ),
            'feature_extractor.backbone.*needs feature maps',
        ),
    ],
)
def test_what_a_config_gets_wrong_is_explained(changes, message):
    with pytest.raises(ConfigError, match=message):
        build('SSD', **changes)


@pytest.mark.parametrize(
    ('cut', 'message'), [('layer9', 'layer3'), ('layer4', 'cannot be cut')]
)
def test_a_cut_that_is_not_there_is_explained(cut, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build(
            dict(
                type='ClassifierRCNNExtractor',
                backbone=dict(type='ResNet', depth=18),
                cut=cut,
            )
        )
