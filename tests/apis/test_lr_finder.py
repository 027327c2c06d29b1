"""A sweep of learning rates, of any family, of which only a plot and a table stay."""

import math
import warnings

import pytest
import torch
from mmengine.hooks import Hook
from support.runs import DIGITS, ROOT, TINY

from mmlite.apis import find_lr
from mmlite.apis.cli import main
from mmlite.apis.lr_finder import falls, steepest
from mmlite.errors import UserError
from mmlite.registry import HOOKS, MODELS

SSD = str(ROOT / 'configs/ssd/ssd_tiny_1xb16-30e_shapes.py')
SMALL_SSD = (
    'train_dataloader.batch_size=2',
    '+train_dataloader.dataset.num_train=8',
    'model.feature_extractor.backbone.base_channels=4',
    'model.feature_extractor.backbone.stem_channels=4',
)


@pytest.mark.parametrize(
    ('config', 'overrides'),
    [(DIGITS, TINY), pytest.param(SSD, SMALL_SSD, marks=pytest.mark.slow)],
)
def test_a_plot_and_a_table_are_all_that_stays(
    config, overrides, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(7)
    words = ['lr-finder', config, '--num-iters', '10', '--out', 'out/sweep.png']
    state = torch.get_rng_state()
    assert main([*words, '--cfg-options', *overrides]) == 0
    assert torch.equal(state, torch.get_rng_state())
    files = {p.name for p in tmp_path.rglob('*') if p.is_file()}
    assert files == {'sweep.png', 'sweep.csv'}
    assert (tmp_path / 'out/sweep.png').read_bytes().startswith(b'\x89PNG')
    head, *rows = (tmp_path / 'out/sweep.csv').read_text().split()
    assert head == 'lr,loss,running_mean' and 3 <= len(rows) <= 10
    assert 'sweep.png' in capsys.readouterr().out


class Seen(Hook):
    """Keeps the learning rates that the optimizer steps with."""

    lrs = []

    def after_train_iter(self, runner, **kwargs):
        self.lrs.append([g['lr'] for g in runner.optim_wrapper.param_groups])


@pytest.mark.parametrize(
    'mode', ['exp', pytest.param('linear', marks=pytest.mark.slow)]
)
def test_the_learning_rate_rises_and_groups_keep_their_ratio(
    mode, tmp_path, monkeypatch
):
    monkeypatch.setitem(HOOKS.module_dict, 'Seen', Seen)
    monkeypatch.setattr(Seen, 'lrs', [])
    found = find_lr(
        DIGITS,
        [
            *TINY,
            '+custom_hooks=[dict(type="Seen", priority="LOWEST")]',
            'optim_wrapper.paramwise_cfg='
            'dict(custom_keys={"head.fc.bias": dict(lr_mult=0.5)})',
        ],
        start_lr=1e-6,
        end_lr=1e-3,
        num_iters=10,
        mode=mode,
        out=tmp_path / 'a.png',
    )
    wanted = [1e-6 * 1000 ** (i / 9) for i in range(10)]
    if mode == 'linear':
        wanted = [1e-6 + (1e-3 - 1e-6) * i / 9 for i in range(10)]
    assert found.lrs == pytest.approx(wanted)
    assert len(Seen.lrs) == 9  # the last iteration ends the run
    for lrs, lr in zip(Seen.lrs, wanted, strict=False):
        assert sorted({round(x / lr, 6) for x in lrs}) == [0.5, 1.0]


def sweep_of(losses, monkeypatch, tmp_path):
    """Run the command on a model whose losses are given; warnings are errors."""
    given = iter(losses)

    def loss(self, inputs, data_samples):
        return dict(loss=self.head.fc.weight.sum() * 0 + next(given))

    monkeypatch.setattr(MODELS.get('ImageClassifier'), 'loss', loss)
    words = ['lr-finder', DIGITS, '--num-iters', str(len(losses))]
    with warnings.catch_warnings():
        warnings.filterwarnings('error', module='mmlite')
        out = str(tmp_path / 'a.png')
        assert main([*words, '--out', out, '--cfg-options', *TINY]) == 0


@pytest.mark.parametrize(
    'losses',
    [[2.0] * 12, [2.0 + i / 10 for i in range(12)], [2.0, 1.9] + [2.0] * 10],
    ids=['level', 'rising', 'noise'],
)
def test_a_loss_that_does_not_fall_suggests_nothing(
    losses, monkeypatch, tmp_path, capsys
):
    sweep_of(losses, monkeypatch, tmp_path)
    said = capsys.readouterr().out
    assert 'does not fall by more than it varies, from 1e-06 to 1' in said
    assert '--num-iters 48' in said and '--start-lr' in said
    assert 'fastest' not in said and 'optim_wrapper' not in said
    assert (tmp_path / 'a.png').is_file()


def test_a_loss_that_falls_suggests_a_learning_rate(monkeypatch, tmp_path, capsys):
    """By one an iteration: its mean, too, is least at the last one."""
    sweep_of([20.0 - i for i in range(12)], monkeypatch, tmp_path)
    said = capsys.readouterr().out
    assert 'the loss falls fastest at' in said and 'least at 1;' in said
    assert 'train with --cfg-options optim_wrapper.optimizer.lr=' in said


@pytest.mark.parametrize(('noise', 'wanted'), [(0.1, True), (2.0, False)])
def test_a_fall_counts_where_it_exceeds_the_noise(noise, wanted):
    """A fall of one in all, under losses that go up and down by the noise.

    The steps are -1/20 +- 2 * noise in turns, whose deviation is 2 * noise; of a
    single loss that is sqrt(2) * noise, 0.14 or 2.8, to which a fall of one compares.
    """
    smoothed = [3 - i / 20 for i in range(21)]
    losses = [v + noise * (-1) ** i for i, v in enumerate(smoothed)]
    assert falls(losses, smoothed) is wanted


def test_it_ends_where_training_diverges(tmp_path, monkeypatch):
    """The loss is no number from the sixth iteration on."""
    whole = MODELS.get('ImageClassifier')
    right, calls = whole.loss, []

    def loss(self, inputs, data_samples):
        calls.append(1)
        factor = math.nan if len(calls) > 5 else 1.0
        return {k: v * factor for k, v in right(self, inputs, data_samples).items()}

    monkeypatch.setattr(whole, 'loss', loss)
    out = tmp_path / 'a.png'
    assert len(find_lr(DIGITS, TINY, num_iters=50, out=out).losses) == 5
    assert len(calls) == 6
    calls.extend([1] * 5)
    with pytest.raises(UserError, match=r'diverged after 0 iterations.*lower start_lr'):
        find_lr(DIGITS, TINY, num_iters=50, out=out)


def test_where_a_loss_falls_fastest():
    """A step of the logarithm between 1e-3 and 1e-1; then it rises steeply."""
    lrs = [10.0**-e for e in range(5, -1, -1)]
    # Central differences: (2 - 5) / 2 at 1e-3 is the steepest, (1.5 - 4) / 2 follows.
    assert steepest(lrs, [5, 5, 4, 2, 1.5, 60]) == (1e-3, 1e-1)
    # Over the learning rate itself a fall at small ones is the steepest.
    assert steepest(lrs, [5, 4, 3.9, 2, 1.5, 60], 'linear') == (1e-5, 1e-1)


@pytest.mark.parametrize(
    'arguments', [dict(start_lr=1.0), dict(num_iters=3), dict(mode='cos')]
)
def test_a_range_that_makes_no_sense(arguments):
    with pytest.raises(UserError, match='a sweep needs 0 < start_lr < end_lr'):
        find_lr(DIGITS, TINY, **arguments)
