import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmlite.errors import DataError, TrainingError
from mmlite.models import BaseModel
from mmlite.models.base import is_summed
from mmlite.structures import DataSample, SampleBatch


class Line(BaseModel):
    """y = w x, fitted to y = 3 x."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.w = nn.Parameter(torch.tensor(1.0))

    def extract_feat(self, inputs):
        return self.w * inputs

    def loss(self, inputs, data_samples):
        error = self.extract_feat(inputs) - 3 * inputs
        return dict(loss=error.square(), size=len(inputs))

    def predict(self, inputs, data_samples=None):
        scores = self.extract_feat(inputs)
        return [DataSample().set_pred_score(score[None]) for score in scores]


X = torch.tensor([1.0, 2.0])


def test_each_mode():
    model = Line()
    assert model(X).tolist() == [1, 2]
    assert model(X, mode='loss')['loss'].tolist() == [4, 16]
    assert [s.pred_score.item() for s in model(X, mode='predict')] == [1, 2]


def test_mistyped_mode():
    with pytest.raises(ValueError, match="'tensor', 'loss' or 'predict'.*mean 'loss'"):
        Line()(X, mode='los')


@pytest.mark.parametrize('mode', ['tensor', 'loss', 'predict'])
def test_undefined_mode(mode):
    with pytest.raises(NotImplementedError, match='BaseModel does not define'):
        BaseModel()(X, mode=mode)


def test_train_step_of_mmengine():
    model = Line()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    log = model.train_step(dict(inputs=X), OptimWrapper(optimizer))
    assert log['loss'].item() == 10  # the mean of 4 and 16
    assert log['size'].item() == 2
    # d/dw of the mean of (w - 3)² x² is 2 (w - 3) mean(x²)
    assert model.w.item() == pytest.approx(1 - 0.01 * 2 * -2 * 2.5)


def test_val_and_test_step_of_mmengine():
    for step in (Line().val_step, Line().test_step):
        assert [s.pred_score.item() for s in step(dict(inputs=X))] == [1, 2]


@pytest.mark.parametrize(
    ('key', 'expected'),
    [
        ('loss', True),
        ('loss_bbox', True),
        ('rpn_loss', True),
        ('decode.loss_ce', True),
        ('loss_aux.acc', False),
        ('my_loss_log', False),
        ('glossy', False),
        ('accuracy_top-1', False),
    ],
)
def test_what_counts_as_a_loss(key, expected):
    assert is_summed(key) is expected


def test_total_is_the_sum_of_the_losses():
    w = torch.tensor(2.0, requires_grad=True)
    losses = {
        'loss_cls': w * 3,
        'aux.loss_box': [w, torch.tensor([1.0, 3.0])],
        'rpn_loss': 0.5,
        'my_loss_log': torch.tensor(100.0),
        'acc': torch.tensor([1, 0]),
    }
    total, log = Line().parse_losses(losses)
    total.backward()
    assert w.grad.item() == 4
    assert {key: value.item() for key, value in log.items()} == {
        'loss': 6 + 4 + 0.5,
        'loss_cls': 6,
        'aux.loss_box': 4,
        'rpn_loss': 0.5,
        'my_loss_log': 100,
        'acc': 0.5,
    }
    assert not any(value.requires_grad for value in log.values())


def test_a_single_loss_is_optimised_as_it_is():
    loss = torch.tensor(2.0, requires_grad=True)
    total, log = Line().parse_losses(dict(loss=loss))
    assert total is loss
    assert list(log) == ['loss']


def test_nothing_is_read_from_the_device():
    # A tensor on the meta device has no value that could be read.
    losses = dict(loss_a=torch.zeros(3, device='meta'), acc=torch.zeros(()))
    total, log = Line().parse_losses(losses)
    assert total.is_meta
    assert log['loss'].is_meta


@pytest.mark.parametrize(
    ('losses', 'message'),
    [
        (
            dict(loss=torch.tensor(1.0), aux_loss=torch.tensor(2.0)),
            "'loss' is kept for the total, but stands beside 'aux_loss'; rename it",
        ),
        (dict(acc=torch.tensor(1.0)), r"nothing to optimise among \['acc'\]"),
        ({}, 'nothing to optimise'),
        (dict(loss='1.0'), r"'loss' .* got '1.0' \(str\)"),
        (dict(loss=[]), r"'loss' .* got \[\] \(list\)"),
        (dict(loss=[torch.tensor(1.0), None]), r'got None \(NoneType\)'),
    ],
)
def test_wrong_losses(losses, message):
    with pytest.raises(TrainingError, match=message):
        Line().parse_losses(losses)


def test_a_loss_may_stand_beside_what_is_only_logged():
    total, _ = Line().parse_losses(dict(loss=torch.tensor(1.0), my_loss_log=7.0))
    assert total.item() == 1


def test_the_default_data_preprocessor_is_that_of_the_class():
    class Grey(Line):
        default_data_preprocessor = 'ClsDataPreprocessor'

    own = Grey(data_preprocessor=dict(mean=[1.0], std=[2.0])).data_preprocessor
    assert own.std.item() == 2
    assert type(Grey().data_preprocessor) is type(own)
    assert type(Line().data_preprocessor).__name__ == 'BaseDataPreprocessor'


def test_variants_of_images_need_a_model_that_merges_them():
    samples = [SampleBatch.of(2), SampleBatch.of(2)]
    with pytest.raises(DataError, match='2 variants of each image.*the tta_pipeline'):
        BaseModel()([torch.zeros(2, 3, 8, 8)] * 2, samples, mode='predict')
