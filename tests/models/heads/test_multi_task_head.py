import pytest
import torch
from torch.nn import functional as F

from mmlite.errors import ConfigError
from mmlite.models.classifiers import ImageClassifier
from mmlite.registry import MODELS
from mmlite.structures import DataSample, MultiTaskDataSample, SampleBatch

HEADS = dict(
    gender=dict(type='LinearClsHead', num_classes=2),
    wear=dict(type='MultiLabelLinearClsHead', num_classes=4),
)


@pytest.fixture
def head():
    torch.manual_seed(0)
    return MODELS.build(dict(type='MultiTaskHead', task_heads=HEADS, in_channels=8))


@pytest.fixture
def feats():
    return (torch.randn(3, 8, generator=torch.Generator().manual_seed(0)),)


def gender(label):
    return MultiTaskDataSample(gender=DataSample().set_gt_label(label))


def test_each_head_learns_from_the_images_of_its_task(head, feats):
    samples = [gender(1), MultiTaskDataSample(), gender(0)]
    samples[1].wear = DataSample().set_gt_label([0, 3])
    losses = head.loss(feats, samples)
    logits = head.task_heads['gender'].fc(feats[0][[0, 2]])
    expected = F.cross_entropy(logits, torch.tensor([1, 0]))
    torch.testing.assert_close(losses['gender_loss'], expected)
    logits = head.task_heads['wear'].fc(feats[0][[1]])
    target = torch.tensor([[1.0, 0.0, 0.0, 1.0]])
    expected = F.binary_cross_entropy_with_logits(logits, target, reduction='sum')
    torch.testing.assert_close(losses['wear_loss'], expected)
    assert losses['gender_mask_size'] == 2
    assert losses['wear_mask_size'] == 1


def test_a_task_without_labels_has_a_gradient_of_zero(head, feats):
    losses = head.loss(feats, [gender(0)] * 3)
    assert losses['wear_loss'] == 0
    losses['wear_loss'].backward()
    assert not any(p.grad.any() for p in head.task_heads['wear'].parameters())


def test_heads_of_several_tasks_in_heads(feats):
    inner = dict(type='MultiTaskHead', task_heads=HEADS)
    head = MODELS.build(
        dict(type='MultiTaskHead', task_heads=dict(a=inner), in_channels=8)
    )
    losses = head.loss(feats, [DataSample(a=gender(1)) for _ in range(3)])
    assert set(losses) == {
        *('a_gender_loss', 'a_gender_mask_size', 'a_wear_loss', 'a_wear_mask_size'),
        'a_mask_size',
    }
    assert head.predict(feats)[0].a.gender.pred_score.shape == (2,)
    assert set(head.scores(feats)) == {'a_gender_scores', 'a_wear_scores'}


@pytest.mark.parametrize('kind', [list, SampleBatch])
def test_a_prediction_says_whether_there_was_an_annotation(head, feats, kind):
    given = kind([gender(1), MultiTaskDataSample(), gender(0)])
    predicted = head.predict(feats, given)
    assert [s.gender.eval_mask for s in predicted] == [True, False, True]
    assert not any(s.wear.eval_mask for s in predicted)
    assert predicted[0].gender.gt_label.tolist() == [1]
    assert predicted[0].wear.pred_score.shape == (4,)


def test_it_trains_and_predicts_in_a_classifier(head):
    model = ImageClassifier(
        dict(type='LeNet5'),
        head=dict(type='MultiTaskHead', task_heads=HEADS) | dict(in_channels=120),
        neck=dict(type='GlobalAveragePooling'),
    )
    images = [torch.randint(0, 256, (1, 32, 32), dtype=torch.uint8) for _ in range(2)]
    batch = dict(inputs=images, data_samples=[gender(0), gender(1)])
    data = model.data_preprocessor(batch, training=True)
    assert model(**data, mode='loss')['gender_loss'] > 0
    model.eval()
    assert len(model.test_step(batch)) == 2
    assert set(model.export_outputs(torch.rand(1, 1, 32, 32))) == {
        'gender_scores',
        'wear_scores',
    }


def test_widths_of_each_head_are_compared():
    head = dict(type='MultiTaskHead', task_heads=HEADS, in_channels=7)
    message = r'head.task_heads.gender.in_channels is 7, but the neck gives 120'
    with pytest.raises(ConfigError, match=message):
        ImageClassifier(
            dict(type='LeNet5'), dict(type='GlobalAveragePooling'), head=head
        )


@pytest.mark.parametrize(
    ('heads', 'message'),
    [
        ({}, 'a dict with the config of a head for each task'),
        (dict(a=3), r'task_heads.a is the config of a head, got 3'),
        (dict(a=dict(type='LinearHead')), r"task_heads.a: unknown type 'LinearHead'"),
    ],
)
def test_wrong_configs_name_their_place(heads, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build(dict(type='MultiTaskHead', task_heads=heads))
