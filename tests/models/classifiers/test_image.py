import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmlite.errors import ConfigError, DataError
from mmlite.models.classifiers import ImageClassifier
from mmlite.models.data_preprocessors import ClsDataPreprocessor, Mixup
from mmlite.registry import MODELS
from mmlite.structures import DataSample, FeatureSpec


class Tiny(nn.Module):
    """A backbone with two feature maps."""

    feature_specs = (FeatureSpec(4, stride=2), FeatureSpec(6, stride=4))

    def __init__(self):
        super().__init__()
        self.layer1 = nn.Conv2d(3, 4, 2, stride=2)
        self.layer2 = nn.Conv2d(4, 6, 2, stride=2)

    def forward(self, x):
        x = self.layer1(x)
        return x, self.layer2(x)


HEAD = dict(type='LinearClsHead', num_classes=5, in_channels=6)


def build(**kwargs):
    cfg = dict(neck=dict(type='GlobalAveragePooling'), head=HEAD)
    return MODELS.build(dict(type='ImageClassifier', backbone=Tiny(), **cfg | kwargs))


def batch(*labels, size=8):
    samples = [DataSample().set_gt_label(label) for label in labels]
    inputs = torch.randint(0, 256, (len(labels), 3, size, size), dtype=torch.uint8)
    return dict(inputs=inputs, data_samples=samples)


IMAGES = torch.rand(2, 3, 8, 8)


def test_each_stage():
    model = build(head=dict(HEAD, type='VisionTransformerClsHead', hidden_dim=7))
    assert [tuple(x.shape) for x in model.extract_feat(IMAGES, 'backbone')] == [
        (2, 4, 4, 4),
        (2, 6, 2, 2),
    ]
    feats = model.extract_feat(IMAGES)
    assert [tuple(x.shape) for x in feats] == [(2, 4), (2, 6)]
    assert model.extract_feat(IMAGES, stage='pre_logits').shape == (2, 7)
    many = model.extract_feats([IMAGES, IMAGES[:1]], stage='pre_logits')
    assert [tuple(x.shape) for x in many] == [(2, 7), (1, 7)]


def test_mistyped_stage():
    with pytest.raises(ValueError, match="got 'nek'; did you mean 'neck'"):
        build().extract_feat(IMAGES, stage='nek')


def test_each_mode():
    model = build()
    logits = model(IMAGES)
    torch.testing.assert_close(logits, model.head.fc(model.extract_feat(IMAGES)[-1]))
    samples = [DataSample().set_gt_label(label) for label in (0, 4)]
    losses = model(IMAGES, samples, mode='loss')
    expected = -logits.log_softmax(dim=1)[[0, 1], [0, 4]].mean()
    torch.testing.assert_close(losses['loss'], expected)
    predicted = model(IMAGES, samples, mode='predict')
    for sample, row in zip(predicted, logits, strict=True):
        torch.testing.assert_close(sample.pred_score, row.softmax(dim=0))
    assert predicted[0] is samples[0]


def test_steps_of_mmengine():
    model = build(data_preprocessor=dict(mean=[127.5], std=[127.5]))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    data = batch(0, 1, 4, 4)
    history = [
        model.train_step(data, OptimWrapper(optimizer))['loss'].item()
        for _ in range(20)
    ]
    assert history[-1] < history[0]
    predicted = model.val_step(data)
    assert [len(sample.pred_score) for sample in predicted] == [5] * 4
    assert len(model.test_step(batch(3))) == 1


def test_several_necks():
    pool = dict(type='GlobalAveragePooling')
    model = build(neck=[nn.Identity(), pool])
    assert isinstance(model.neck, nn.Sequential)
    assert model(IMAGES).shape == (2, 5)
    assert 'neck' not in ''.join(model.state_dict())


def test_parts_that_are_built_already():
    head = MODELS.build(HEAD)
    pool = MODELS.build(dict(type='GlobalAveragePooling'))
    model = ImageClassifier(Tiny(), pool, head, data_preprocessor=ClsDataPreprocessor())
    assert model.head is head
    assert model.data_preprocessor.num_classes == 5


def test_without_a_head():
    model = build(head=None)
    assert not model.with_head
    assert model.with_neck
    assert [tuple(x.shape) for x in model(IMAGES)] == [(2, 4), (2, 6)]


@pytest.mark.parametrize(
    'call',
    [
        lambda model: model(IMAGES, [], mode='loss'),
        lambda model: model(IMAGES, mode='predict'),
        lambda model: model.extract_feat(IMAGES, stage='pre_logits'),
    ],
    ids=['loss', 'predict', 'pre_logits'],
)
def test_what_needs_a_head(call):
    with pytest.raises(ValueError, match=r'model.head is None; set model.head, e\.g\.'):
        call(build(head=None))


def test_without_a_neck():
    model = build(neck=None)
    assert not model.with_neck
    assert model.extract_feat(IMAGES)[-1].shape == (2, 6, 2, 2)
    with pytest.raises(DataError, match='GlobalAveragePooling'):
        model(IMAGES)


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (
            dict(head=dict(HEAD, in_channels=77)),
            'head.in_channels is 77, but the neck gives 6; '
            'set model.head.in_channels=6',
        ),
        (
            dict(neck=None, head=dict(HEAD, in_channels=4)),
            'head.in_channels is 4, but the backbone gives 6; '
            'set model.head.in_channels=6',
        ),
        (
            dict(head=dict(HEAD, num_classes=0)),
            'head: LinearClsHead: num_classes must be positive, got 0',
        ),
        (
            dict(neck=[dict(type='GlobalAveragePool')]),
            "neck.0: unknown type 'GlobalAveragePool'; did you mean "
            "'GlobalAveragePooling'?",
        ),
        (
            dict(data_preprocessor=dict(men=[1.0])),
            "data_preprocessor: ClsDataPreprocessor has no argument 'men'; did you "
            "mean 'mean'?",
        ),
        (
            dict(train_cfg=dict(augments=[dict(type='Mixup', alpha=-1.0)])),
            'train_cfg.augments.0: Mixup: alpha must be positive, got -1.0',
        ),
        (
            dict(train_cfg=dict(augments='Mixup')),
            "train_cfg: expected a dict with a type, got 'Mixup' (str)",
        ),
        (
            dict(train_cfg=dict(augments=[Mixup])),
            f'train_cfg: expected a dict with a type, got {Mixup} (type); write '
            'dict(type=Mixup)',
        ),
        (
            dict(head=[HEAD]),
            'head is a list of 1, expected one head; write the dict without the list, '
            "or dict(type='MultiTaskHead', task_heads=...) for several",
        ),
        (
            dict(train_cfg=dict(augments=[]), data_preprocessor=ClsDataPreprocessor()),
            'ImageClassifier: train_cfg is a part of the config of the data '
            'preprocessor, and has no effect on a module; give batch_augments to '
            'that module',
        ),
    ],
)
def test_wrong_config(cfg, message):
    with pytest.raises(ConfigError) as caught:
        build(**cfg)
    assert str(caught.value) == message


def test_config_is_left_alone():
    preprocessor = dict(mean=[1.0], std=[1.0])
    head = dict(HEAD, loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1))
    train_cfg = dict(augments=dict(type='Mixup', alpha=1.0))
    before = [repr(cfg) for cfg in (preprocessor, head, train_cfg)]
    build(data_preprocessor=preprocessor, head=head, train_cfg=train_cfg)
    assert [repr(cfg) for cfg in (preprocessor, head, train_cfg)] == before


def test_augments_of_train_cfg_mix_training_batches():
    model = build(train_cfg=dict(augments=dict(type='Mixup', alpha=1.0)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    data = batch(0, 1, 2, 3)
    assert model.train_step(data, OptimWrapper(optimizer))['loss'].isfinite()
    assert data['data_samples'][0].gt_score.shape == (5,)


def test_augments_of_the_preprocessor_go_before_train_cfg():
    def swap(inputs, scores):
        return inputs, scores

    model = build(
        train_cfg=dict(augments=dict(type='Mixup', alpha=1.0)),
        data_preprocessor=dict(batch_augments=swap),
    )
    assert model.data_preprocessor.batch_augments is swap


def test_head_tells_the_number_of_classes():
    model = build(data_preprocessor=dict(num_classes=1000, to_onehot=True))
    data = model.data_preprocessor(batch(4))
    assert data['data_samples'][0].gt_score.tolist() == [0, 0, 0, 0, 1]
    with pytest.raises(DataError, match='label 5 .*model.head.num_classes is 5'):
        model.data_preprocessor(batch(5))


def test_another_preprocessor():
    model = build(data_preprocessor=dict(type='BaseDataPreprocessor'))
    assert type(model.data_preprocessor).__name__ == 'BaseDataPreprocessor'
    assert model.val_step(dict(inputs=IMAGES))[0].pred_score.shape == (5,)


def test_pretrained_stands_for_init_cfg():
    expected = dict(type='Pretrained', checkpoint='a.pth')
    assert build(pretrained='a.pth').init_cfg == expected


def test_state_has_the_names_of_mmpretrain():
    assert set(build().state_dict()) == {
        'backbone.layer1.weight',
        'backbone.layer1.bias',
        'backbone.layer2.weight',
        'backbone.layer2.bias',
        'head.fc.weight',
        'head.fc.bias',
    }


def test_layer_depth():
    model = build()
    with pytest.raises(ConfigError, match='Tiny does not define get_layer_depth'):
        model.get_layer_depth('head.fc.weight')
    model.backbone.get_layer_depth = lambda name, prefix: (len(prefix), len(name))
    assert model.get_layer_depth('head.fc.weight') == (9, 14)


def test_builds_on_the_meta_device():
    with torch.device('meta'):
        model = build(
            data_preprocessor=dict(mean=[1.0], std=[1.0]),
            train_cfg=dict(augments=dict(type='CutMix', alpha=1.0)),
        )
    assert model.head.fc.weight.is_meta


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision(dtype):
    model = build(data_preprocessor=dict(mean=[127.5], std=[127.5])).to(dtype)
    got = model.val_step(batch(1, 2))
    assert got[0].pred_score.dtype == dtype
