import copy

import pytest
import torch
from torch import nn

from mmlite.errors import ConfigError, DataError, TrainingError
from mmlite.models.gait import BaseModel
from mmlite.registry import MODELS
from mmlite.structures import DataSample, Ragged, SampleBatch


class SmallNet(BaseModel):
    """Takes settings as the guides have it."""

    def __init__(self, cfgs, is_training):
        super().__init__(cfgs, is_training)

    def build_network(self, model_cfg):
        self.scale = nn.Parameter(torch.tensor(float(model_cfg['start'])))

    def forward(self, inputs):
        (frames,), labels, *_ = inputs
        feat = self.scale * frames.mean(dim=1)
        return dict(
            training_feat=dict(aux=feat.mean()),
            inference_feat=dict(embeddings=feat, pred_kind=labels),
            visual_summary={'image/frames': frames},
        )


class SeesTheInputs(SmallNet):
    """Its own output on top of another one's."""

    def forward(self, inputs):
        self.seen = inputs
        outputs = super().forward(inputs)
        return dict(outputs, inference_feat=dict(twice=2 * self.scale.expand(2)))


FRAMES = torch.arange(12.0).view(2, 3, 2)
SAMPLES = [
    DataSample(metainfo=dict(type='nm', view='090')).set_gt_label(i) for i in (3, 1)
]


def build(kind='SmallNet', **settings):
    return MODELS.build(dict(type=kind, **dict(start=2, **settings)))


@pytest.mark.parametrize(
    'made',
    [
        lambda: build(),
        lambda: SmallNet(dict(model_cfg=dict(model='SmallNet', start=2)), True),
        lambda: SmallNet(dict(start=2), is_training=True),
        lambda: SmallNet(start=2),
        lambda: copy.deepcopy(build()),
    ],
)
def test_settings_come_in_many_ways(made):
    model = made()
    assert model.scale == 2 and model.training
    assert 'model' not in model.model_cfg


def test_it_may_start_in_evaluation():
    assert not SmallNet(dict(start=2), False).training


def test_keywords_of_its_own():
    class WithKeywords(BaseModel):
        def __init__(self, width=3, **kwargs):
            super().__init__(**kwargs)
            self.fc = nn.Linear(width, 1)

    assert MODELS.build(dict(type='WithKeywords', width=5)).fc.in_features == 5
    with pytest.raises(ConfigError, match="WithKeywords has no argument 'widht'"):
        MODELS.build(dict(type='WithKeywords', widht=5))


def test_settings_that_are_missing_or_idle(caplog):
    with pytest.raises(ConfigError, match='start is needed by SmallNet.build_network'):
        MODELS.build(dict(type='SmallNet', strat=2))
    with pytest.raises(ConfigError, match="; did you mean 'strat'"):
        MODELS.build(dict(type='SmallNet', strat=2))


def test_each_mode():
    model = build()
    assert model(FRAMES)['inference_feat']['embeddings'].shape == (2, 2)
    assert model(FRAMES, SAMPLES, mode='loss') == dict(loss_aux=2 * FRAMES.mean())
    predicted = model(FRAMES, SAMPLES, mode='predict')
    for sample, frames, label in zip(predicted, FRAMES, (3, 1), strict=True):
        torch.testing.assert_close(sample.pred_embedding, 2 * frames.mean(dim=0))
        assert sample.pred_kind.tolist() == [label]
    assert torch.equal(model.visual_summary['image/frames'], FRAMES)
    assert not model.visual_summary['image/frames'].requires_grad


def test_a_subclass_calls_the_forward_of_its_base():
    model = build('SeesTheInputs')
    predicted = model(FRAMES, SampleBatch(SAMPLES), mode='predict')
    assert [s.pred_twice.item() for s in predicted] == [4, 4]
    (frames,), labels, types, views, lengths = model.seen
    assert torch.equal(frames, FRAMES) and lengths is None
    assert labels.tolist() == [3, 1]
    assert (types, views) == (['nm', 'nm'], ['090', '090'])


def test_sequences_of_several_lengths_are_packed_for_training():
    model = build('SeesTheInputs')
    walks = Ragged([torch.zeros(3, 4), torch.ones(2, 4)])
    model(walks, SAMPLES, mode='loss')
    (frames,), *_, lengths = model.seen
    assert frames.shape == (1, 5, 4) and frames[0, 3:].min() == 1
    assert lengths.tolist() == [[3, 2]]


def test_sequences_of_several_lengths_are_predicted_apart():
    model = build()
    walks = Ragged([torch.rand(n, 4) for n in (3, 2, 3)])
    samples = [DataSample().set_gt_label(i) for i in range(3)]
    predicted = model(walks, samples, mode='predict')
    for sample, found, walk in zip(samples, predicted, walks, strict=True):
        assert found is sample
        torch.testing.assert_close(found.pred_embedding, 2 * walk.mean(dim=0))
        assert found.pred_kind == sample.gt_label


class Disparity(BaseModel):
    """Its disparity is one number."""

    def build_network(self):
        self.number = nn.Parameter(torch.tensor(1.0))

    def forward(self, inputs):
        self.seen = inputs
        found = self.number.expand(len(inputs['ref_img']), 1, *(4, 4))
        hidden = dict(disp_hidden=...)  # as in the guide
        return dict(
            training_disp=dict(disp_est=found, **hidden),
            inference_disp=dict(disp_est=found),
            visual_summary={...},
        )


def stereo_batch(model, target):
    samples = [DataSample(gt_disparity=t) for t in target]
    image = torch.zeros(len(target), 3, 3, 2)
    data = dict(inputs=dict(ref_img=image, tgt_img=image), data_samples=samples)
    return model.data_preprocessor(data, training=True)


def test_a_disparity_is_compared_with_the_ground_truth_by_default():
    model = Disparity(
        max_disp=5,
        data_preprocessor=dict(type='StereoDataPreprocessor', pad_size_divisor=4),
    )
    target = torch.full((2, 3, 2), 9.0)  # too far for max_disp
    target[0, 0] = torch.tensor([1.5, 4.0])
    target[1, 1] = torch.tensor([0.0, float('inf')])  # neither is known
    data = stereo_batch(model, target)
    losses = model(**data, mode='loss')
    # Smooth L1 of 0.5 and 3: 0.125 and 2.5, over the two pixels that count.
    assert losses == dict(loss_disp_est=torch.tensor((0.125 + 2.5) / 2))
    assert model.seen['disp_gt'].shape == model.seen['mask'].shape == (2, 4, 4)
    assert model.seen['mask'].sum() == 2
    for sample in model(**data, mode='predict'):
        assert sample.pred_disparity.shape == (1, 3, 2)
        assert sample.gt_disparity.shape == (3, 2)


def test_pixels_that_are_not_valid_do_not_count():
    model = Disparity()
    sample = DataSample(
        gt_disparity=torch.full((4, 4), 2.0), valid=torch.zeros(4, 4).bool()
    )
    inputs = dict(ref_img=torch.zeros(1, 3, 4, 4))
    assert model(inputs, [sample], mode='loss')['loss_disp_est'] == 0
    assert set(model(inputs)) == {'training_disp', 'inference_disp', 'visual_summary'}
    assert set(model.seen) == {'ref_img'}


@pytest.mark.parametrize(
    ('found', 'expected'),
    [
        (torch.tensor(3.0), dict(loss=3.0)),
        (
            (torch.tensor(3.0), {'scalar/train/loss_x': 1.0, 'acc': 2.0}),
            {'loss': 3.0, 'scalar/train/loss_x': 1.0, 'info/acc': 2.0},
        ),
        (dict(loss_a=torch.tensor(3.0)), dict(loss_a=3.0)),
    ],
)
def test_get_loss_decides(found, expected):
    class Decides(SmallNet):
        def get_loss(self, outputs):
            assert 'training_feat' in outputs
            return found

    model = Decides(start=1)
    losses = model(FRAMES, SAMPLES, mode='loss')
    assert losses == expected
    assert model.parse_losses(losses)[0] == 3


def test_get_loss_with_the_inputs():
    class Version2(SmallNet):
        def forward(self, data):
            return dict(pred=self.scale)

        def get_loss(self, model_preds, input_data):
            return model_preds['pred'] * input_data[1].sum()

    assert Version2(start=1)(FRAMES, SAMPLES, mode='loss')['loss'] == 4


def test_backbones():
    class Taker(BaseModel):
        def build_network(self, model_cfg):
            self.Backbone = self.get_backbone(model_cfg)

    one = dict(type='LeNet5')
    assert Taker().Backbone is None
    assert type(Taker(backbone_cfg=one).Backbone).__name__ == 'LeNet5'
    assert type(BaseModel(backbone_cfg=one).Backbone).__name__ == 'LeNet5'
    assert len(Taker(backbone_cfg=[one, one]).Backbone) == 2
    assert type(Taker().get_backbone(one)).__name__ == 'LeNet5'
    with pytest.raises(ConfigError, match="backbone_cfg.1: unknown type 'LeNet6'"):
        Taker(backbone_cfg=[one, dict(type='LeNet6')])


@pytest.mark.parametrize(
    ('outputs', 'mode', 'error', 'message'),
    [
        (dict(inference_feat={}), 'loss', TrainingError, 'gives nothing for training'),
        (dict(training_a=dict(x=1), training_b=dict(x=1)), 'loss', TrainingError,
         r"two of training_\* give \['x'\]"),
        (dict(training_a=[1]), 'loss', TrainingError, r'training_a must be a dict'),
        (7, 'loss', TrainingError, 'forward returns a dict .* got a int'),
        (dict(visual_summary=[1]), 'predict', TrainingError, 'summary must be a dict'),
        (dict(inference_a=dict(x=torch.zeros(3))), 'predict', DataError,
         "'x' has one entry a sample, so 2, got"),
    ],
)  # fmt: skip
def test_wrong_outputs(outputs, mode, error, message):
    class Wrong(SmallNet):
        def forward(self, inputs):
            return outputs

    with pytest.raises(error, match=message):
        Wrong(start=1)(FRAMES, SAMPLES, mode=mode)


def test_names_need_no_decorator_and_bear_one():
    first = type('Renamed', (SmallNet,), {})
    assert MODELS.get('Renamed') is first
    second = MODELS.register_module()(type('Renamed', (SmallNet,), {}))
    assert MODELS.get('Renamed') is second
    MODELS.register_module('Alias')(second)
    assert MODELS.get('Alias') is second
    with pytest.warns(UserWarning, match='ResNet stays mmlite'):
        type('ResNet', (SmallNet,), {})
