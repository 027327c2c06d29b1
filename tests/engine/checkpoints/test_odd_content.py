"""A checkpoint of odd content ends in one line, or is gone on with: never otherwise."""

import copy

import pytest
import torch
from support.training import toy_runner

from mmlite.errors import CheckpointError

NAN = float('nan')
HUGE = 10**30


def put(*path, value):
    """A change of the entry at a path."""

    def change(checkpoint):
        *outer, last = path
        for key in outer:
            checkpoint = checkpoint[key]
        checkpoint[last] = value

    change.__name__ = '.'.join(map(str, path)) + f'={value!r}'[:40]
    return change


def drop(*path):
    """Without the entry at a path."""

    def change(checkpoint):
        *outer, last = path
        for key in outer:
            checkpoint = checkpoint[key]
        del checkpoint[last]

    change.__name__ = 'without ' + '.'.join(map(str, path))
    return change


def short_rng(checkpoint):
    state = checkpoint['rng_states'][0]
    state['torch'] = state['torch'][:10]


def unnamed_weights(checkpoint):
    checkpoint['state_dict'] = dict(enumerate(checkpoint['state_dict'].values()))


def nan_buffer(checkpoint):
    checkpoint['optimizer']['state'][0]['momentum_buffer'].fill_(NAN)


def nan_weight(checkpoint):
    checkpoint['state_dict']['head.fc.bias'][0] = NAN


def same_parameter_twice(checkpoint):
    group = checkpoint['optimizer']['param_groups'][0]
    group['params'] = [0] * len(group['params'])


def whole_numbers(checkpoint):
    state = checkpoint['state_dict']
    state['head.fc.weight'] = state['head.fc.weight'].to(torch.int8)


def sparse_weights(checkpoint):
    state = checkpoint['state_dict']
    state['head.fc.weight'] = state['head.fc.weight'].to_sparse()


def whole_buffer(checkpoint):
    buffers = checkpoint['optimizer']['state'][0]
    buffers['momentum_buffer'] = buffers['momentum_buffer'].long()


BUFFER = ('optimizer', 'state', 0, 'momentum_buffer')
GROUP = ('optimizer', 'param_groups', 0)
SCHEDULE = ('param_schedulers', 0)
REFUSED = [
    *(
        put('meta', 'epoch', value=v)
        for v in ('x', -1, NAN, None, 1.5, [1], HUGE, True)
    ),
    *(put('meta', 'iter', value=v) for v in ('x', -1, {}, HUGE)),
    *(put('meta', 'batches_per_epoch', value=v) for v in (0, 'x', -5)),
    *(put('meta', 'seed', value=v) for v in ('x', -1, NAN)),
    put('meta', 'validating', value='no'),
    put('meta', 'dataset_meta', value=[1]),
    put('meta', value=[1, 2]),
    put('meta', value={}),
    drop('meta'),
    *(put('optimizer', value=v) for v in (None, [], 'x', 3, {})),
    drop('optimizer', 'state'),
    put('optimizer', 'state', value=[1]),
    put('optimizer', 'state', 0, value=None),
    put('optimizer', 'state', 99, value={}),
    put('optimizer', 'state', 'x', value={}),
    *(put(*BUFFER, value=v) for v in (torch.ones(3), torch.ones(()), 'x', {}, 2.0)),
    nan_buffer,
    nan_weight,
    put('optimizer', 'param_groups', 0, 'nesterov', value='no'),
    whole_buffer,
    put('optimizer', 'param_groups', value={}),
    put('optimizer', 'param_groups', value=[]),
    put(*GROUP, value=None),
    put(*GROUP, 'params', value='x'),
    put(*GROUP, 'params', value=[0]),
    same_parameter_twice,
    *(put(*GROUP, 'lr', value=v) for v in ('x', NAN, [0.1], {}, -1.0)),
    *(put(*GROUP, 'momentum', value=v) for v in (float('inf'), -0.9)),
    drop(*GROUP, 'momentum'),
    put('optimizer_names', value={'optimizer': 3}),
    put('optimizer_names', value={'optimizer': [['a', 'b']]}),
    *(put('param_schedulers', value=v) for v in (None, [], 'x', {}, [1], [{}, {}])),
    put(*SCHEDULE, 'milestones', value=[2]),
    put(*SCHEDULE, 'milestones', value={'x': 1}),
    put(*SCHEDULE, 'gamma', value=NAN),
    put(*SCHEDULE, 'gamma', value='x'),
    *(put(*SCHEDULE, 'last_step', value=v) for v in (None, -7, 0.5)),
    put(*SCHEDULE, '_global_step', value=-1),
    put(*SCHEDULE, 'type', value='StepLR'),
    drop(*SCHEDULE, 'milestones'),
    put(*SCHEDULE, 'new', value=1),
    *(put('message_hub', value=v) for v in ([1], 'x', 3)),
    put('message_hub', 'log_scalars', value=[1]),
    put('message_hub', 'log_scalars', 'train/loss', value=3),
    put('message_hub', 'log_scalars', 'train/loss', value=dict(values=[1], counts=[])),
    put('message_hub', 'log_scalars', 'train/loss', value=dict(values='x', counts=[1])),
    put('message_hub', 'runtime_info', value=[1]),
    put('message_hub', 'runtime_info', 3, value=1),
    *(put('rng_states', value=v) for v in (3, 'x', [1], [{}])),
    short_rng,
    put('rng_states', 0, 'numpy', value=(1, 2)),
    put('rng_states', 0, 'python', value=None),
    *(put('state_dict', value=v) for v in (None, [], {}, 'x')),
    unnamed_weights,
    whole_numbers,
    sparse_weights,
]
TAKEN = [
    put('meta', 'cfg', value='no ( code'),
    put('meta', 'cfg', value=3),
    drop('meta', 'cfg'),
    drop('optimizer_names'),
    drop('rng_states'),
    drop('message_hub'),
    put('message_hub', 'runtime_info', 'keep_ckpt_ids', value='x'),
    put('message_hub', 'runtime_info', 'save_best', value=3),
    put('message_hub', 'runtime_info', 'best_score', value='x'),
    put('something', value={1: [None]}),
]


@pytest.fixture(scope='module')
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp('saved')
    toy_runner(folder, train_cfg=dict(by_epoch=True, max_epochs=1)).train()
    return torch.load(folder / 'epoch_1.pth', weights_only=True)


def runner_in(folder):
    return toy_runner(
        folder,
        train_cfg=dict(by_epoch=True, max_epochs=2),
        default_hooks=dict(checkpoint=dict(save_best='toy/acc', max_keep_ckpts=1)),
    )


@pytest.fixture(scope='module')
def shared_runner(tmp_path_factory):
    return runner_in(tmp_path_factory.mktemp('shared'))


def odd_file(saved, change, tmp_path):
    checkpoint = copy.deepcopy(saved)
    change(checkpoint)
    torch.save(checkpoint, tmp_path / 'odd.pth')
    return str(tmp_path / 'odd.pth')


@pytest.mark.parametrize('change', REFUSED, ids=lambda c: c.__name__)
def test_what_cannot_be_is_refused(saved, change, tmp_path, shared_runner):
    path = odd_file(saved, change, tmp_path)
    with pytest.raises(CheckpointError) as caught:
        shared_runner.resume(path)
    message = str(caught.value)
    assert message.startswith(path)
    # A list of what does not fit has a line for each.
    several = 'state_dict' in change.__name__ or change is sparse_weights
    assert message.count('\n') == 0 or several


@pytest.mark.parametrize('change', TAKEN, ids=lambda c: c.__name__)
def test_what_does_no_harm_is_taken(saved, change, tmp_path):
    runner = runner_in(tmp_path)
    runner.resume(odd_file(saved, change, tmp_path))
    runner.train()
    assert runner.iter == 10


def test_weights_that_are_nan_are_said_where_they_are_used(saved, tmp_path, capsys):
    runner = runner_in(tmp_path)
    path = odd_file(saved, nan_weight, tmp_path)
    runner.load_checkpoint(path)
    said = ''.join(capsys.readouterr())
    assert f'{path}: head.fc.bias holds NaN or infinite values' in said
