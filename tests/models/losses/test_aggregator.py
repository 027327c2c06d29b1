import pytest
import torch

from mmlite.errors import ConfigError, TrainingError
from mmlite.models.losses import BaseLoss, LossAggregator

PRED, TARGET = torch.tensor([1.0, 3.0]), torch.tensor([0.0, 1.0])  # L1: 1 and 2
L1 = dict(type='L1Loss', log_prefix='depth')
GIVEN = dict(depth=dict(pred=PRED, target=TARGET))


class HardestDistance(BaseLoss):
    """Reports more than it is."""

    def __init__(self, margin=0.0, **kwargs):
        super().__init__(**kwargs)
        self.margin = margin

    def forward(self, embeddings, labels):
        assert embeddings.dtype == torch.float32
        self.info.update(hard_loss=embeddings.max(), loss=embeddings)
        return embeddings + self.margin + 0 * labels, self.info


HARDEST = dict(type='HardestDistance', log_prefix='hardest')


@pytest.mark.parametrize(
    'loss_cfg', [L1, [L1], dict(depth=dict(type='L1Loss')), dict(depth=L1)]
)
def test_a_dict_is_the_arguments_of_the_loss_of_its_name(loss_cfg):
    assert LossAggregator(loss_cfg)(GIVEN)['loss_depth'] == 1.5


def test_losses_are_means_with_weights():
    losses = LossAggregator(
        [dict(L1, loss_term_weight=4), dict(HARDEST, loss_term_weight=0.5, margin=1)]
    )
    values = dict(embeddings=PRED.half(), labels=TARGET)
    found = losses(dict(GIVEN, hardest=values))
    assert found['loss_depth'] == 4 * 1.5
    assert found['loss_hardest'] == 0.5 * (2 + 1)
    assert found['hardest/hard_loss'] == 3
    assert set(found) == {
        *('loss_depth', 'loss_hardest', 'hardest/hard_loss', 'hardest/loss')
    }


def test_what_is_no_dict_is_the_first_argument():
    known = dict(labels=TARGET, target=TARGET, weight=torch.tensor([1.0, 0.0]))
    losses = LossAggregator([L1, HARDEST])
    found = losses(dict(depth=PRED, hardest=PRED), known)
    assert found['loss_depth'] == 0.5  # of two elements, one of weight 0
    assert found['loss_hardest'] == 2


def test_a_scalar_is_a_loss_and_nothing_is_nothing():
    found = LossAggregator(L1)(dict(GIVEN, aux=torch.tensor(7.0), none=None))
    assert found['loss_aux'] == 7
    assert 'loss_none' not in found


def test_defaults_apply_where_nothing_is_configured():
    known = dict(target=TARGET)
    defaults = dict(disp=dict(type='L1Loss'))
    found = LossAggregator(None, defaults)(dict(disp=PRED[:, None]), known)
    assert found == dict(loss_disp=torch.tensor(1.5))  # (B, 1) is meant for (B, )
    assert LossAggregator(None, defaults)({}) == {}
    with pytest.raises(ConfigError, match="gives 'disp' without a loss"):
        LossAggregator(HARDEST, defaults)(dict(disp=PRED))


@pytest.mark.parametrize(
    ('loss_cfg', 'given', 'message'),
    [
        (L1, dict(dept=PRED), "'dept' without a loss; did you mean 'depth'"),
        (L1, dict(dept=PRED), "nothing for the loss 'depth'"),
        ([L1, HARDEST], GIVEN, "loss 'hardest'; loss_cfg has 'depth', 'hardest'"),
        (None, GIVEN, "'depth' without a loss; loss_cfg is empty"),
    ],
)
def test_names_that_do_not_find_each_other(loss_cfg, given, message):
    with pytest.raises(ConfigError, match=message):
        LossAggregator(loss_cfg)(given)


def test_arguments_that_the_loss_does_not_take():
    with pytest.raises(TrainingError, match='takes embeddings, labels, but .* logits'):
        LossAggregator(HARDEST)(dict(hardest=dict(logits=PRED)))


def test_a_loss_that_is_no_tensor():
    class Nothing(BaseLoss):
        def forward(self):
            return None

    with pytest.raises(TrainingError, match=r'returns the loss .* got None'):
        LossAggregator(dict(type='Nothing', log_prefix='x'))(dict(x={}))


@pytest.mark.parametrize(
    ('loss_cfg', 'message'),
    [
        (dict(type='L1Loss'), r'^loss_cfg.log_prefix is None; it is the name'),
        ([L1, L1], r'^loss_cfg.1.log_prefix is used twice'),
        ([dict(L1, type='L1Los')], r"^loss_cfg.0: unknown type .* mean 'L1Loss'"),
        (dict(a=dict(HARDEST, loss_term_weights=2)), "mean 'loss_term_weight'"),
    ],
)
def test_wrong_configs(loss_cfg, message):
    with pytest.raises(ConfigError, match=message):
        LossAggregator(loss_cfg)


def test_a_loss_without_forward():
    with pytest.raises(NotImplementedError, match='BaseLoss has to define forward'):
        BaseLoss()()
