"""A start is quiet, and mistakes are reported with their place."""

import errno
import gc
import json
import logging
import os
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.runner import Runner as TheirRunner
from support.training import their_cfg, toy_cfg, toy_runner
from torch.utils.data import Dataset

from mmlite.engine import Runner, build_dataloader
from mmlite.errors import CheckpointError, ConfigError, DataError, UserError
from mmlite.registry import LOOPS, MODELS, RUNNERS


@pytest.mark.parametrize('key', ['env_cfg', 'randomness'])
def test_none_stands_for_the_default(tmp_path, key):
    cfg = toy_cfg(tmp_path)
    cfg[key] = None
    assert Runner.from_cfg(cfg).model is not None
    assert cfg[key] is None  # it is left as it was


def test_the_terminal_shows_little_and_the_file_everything(tmp_path, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        toy_runner(tmp_path).train()
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        'model     ToyRunModel, 83 parameters',
        'train     40 samples, 3 classes',
        'val       21 samples, 3 classes',
        'device    cpu',
        f'work_dir  {tmp_path}',
    ]
    assert lines[5].startswith('epoch 1/3  loss ')
    assert lines[6].startswith('epoch 1/3  val  toy/acc ')
    assert lines[-2].endswith(f'results in {tmp_path}')
    assert lines[-1] == f'report    {tmp_path}/report.html'
    assert len(lines) == 13
    (log,) = tmp_path.glob('*/*.log')
    text = log.read_text()
    for part in (
        'System environment',
        'Hooks will be executed',
        'optim_wrapper = dict',
    ):
        assert part in text
    assert all(line in text for line in lines)


def test_warnings_and_errors_are_shown(tmp_path, capsys):
    runner = toy_runner(tmp_path)
    runner.logger.warning('look out')
    runner.logger.error('too late')
    assert capsys.readouterr().out == 'warning: look out\nerror: too late\n'


def test_a_log_level_of_the_config(tmp_path, capsys):
    toy_runner(tmp_path, log_level=logging.WARNING).train()
    assert capsys.readouterr().out == ''


def test_runs_of_one_second_stay_apart(tmp_path):
    """Also those of one name in other folders, whose loggers are global."""
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        runners = [toy_runner(tmp_path / d) for d in 'aaabbb']
    assert len({r.log_dir for r in runners}) == 6
    assert len({r.experiment_name for r in runners}) == 6
    visualizer = dict(type='Visualizer', name='mine', vis_backends=[])
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        two = [toy_runner(tmp_path, visualizer=visualizer) for _ in range(2)]
    assert two[0].visualizer is not two[1].visualizer


def test_an_unwritable_work_dir(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match=r'file/run: Not a directory.*--work-dir'):
        toy_runner(tmp_path / 'file/run')


def loader(**changes):
    return toy_cfg('').train_dataloader | changes


MISTAKES = {
    "model: unknown type 'ToyRunModell'; did you mean": dict(
        model=dict(type='ToyRunModell')
    ),
    "optim_wrapper.optimizer: unknown type 'SDG'; did you mean 'SGD'": dict(
        optim_wrapper=dict(optimizer=dict(type='SDG', lr=1))
    ),
    "optim_wrapper.optimizer: SGD has no argument 'lrr'": dict(
        optim_wrapper=dict(optimizer=dict(type='SGD', lrr=1))
    ),
    'optim_wrapper.optimizer.lr is -1.0, expected at least 0': dict(
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=-1.0))
    ),
    "optim_wrapper: OptimWrapper has no argument 'clip_grads'": dict(
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1), clip_grads={})
    ),
    'optim_wrapper.constructor: unknown type': dict(
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1), constructor='Mine')
    ),
    "param_scheduler.0: unknown type 'MultiStepLRR'": dict(
        param_scheduler=[dict(type='MultiStepLRR', milestones=[1])]
    ),
    "param_scheduler: MultiStepLR needs the argument 'milestones'": dict(
        param_scheduler=dict(type='MultiStepLR')
    ),
    'param_scheduler: the key type is missing': dict(
        param_scheduler=dict(milestones=[1], gamma=0.1)
    ),
    'param_scheduler: ': dict(
        param_scheduler=dict(type='LinearLR', start_factor=0.1, begin=5, end=3)
    ),
    "train_dataloader.dataset: unknown type 'ToyRunPoint'": dict(
        train_dataloader=loader(dataset=dict(type='ToyRunPoint'))
    ),
    "train_dataloader.sampler: unknown type 'DefaultSample'": dict(
        train_dataloader=loader(sampler=dict(type='DefaultSample'))
    ),
    'train_dataloader.batch_size is 0, expected at least 1': dict(
        train_dataloader=loader(batch_size=0)
    ),
    "train_dataloader has no key 'num_worker'; did you mean 'num_workers'?": dict(
        train_dataloader=loader(num_worker=2)
    ),
    "train_dataloader.collate_fn: unknown type 'default_colate'": dict(
        train_dataloader=loader(collate_fn=dict(type='default_colate'))
    ),
    "val_evaluator: unknown type 'ToyRunHit'": dict(
        val_evaluator=dict(type='ToyRunHit')
    ),
    "val_evaluator.1: unknown type 'Acuracy'": dict(
        val_evaluator=[dict(type='ToyRunHits'), dict(type='Acuracy')]
    ),
    "train_cfg: EpochBasedTrainLoop has no argument 'max_iters'": dict(
        train_cfg=dict(by_epoch=True, max_epochs=1, max_iters=5)
    ),
    "train_cfg: EpochBasedTrainLoop needs the argument 'max_epochs'": dict(
        train_cfg=dict(by_epoch=True)
    ),
    'train_cfg.val_interval is 0, expected at least 1': dict(
        train_cfg=dict(by_epoch=True, max_epochs=1, val_interval=0)
    ),
    "default_hooks has no hook 'checkpont'; did you mean 'checkpoint'": dict(
        default_hooks=dict(checkpont=dict(interval=2))
    ),
    "default_hooks.checkpoint: CheckpointHook has no argument 'intervl'": dict(
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', intervl=1))
    ),
    "custom_hooks.0: unknown type 'EMAHok'": dict(custom_hooks=[dict(type='EMAHok')]),
    "log_processor.custom_cfg.0.method_name is 'meen', but there are ": dict(
        log_processor=dict(custom_cfg=[dict(data_src='loss', method_name='meen')])
    ),
    "log_processor.custom_cfg.0.window_size is 'globl'; expected a number": dict(
        log_processor=dict(custom_cfg=[dict(data_src='loss', window_size='globl')])
    ),
    "log_processor: LogProcessor has no argument 'windw_size'": dict(
        log_processor=dict(windw_size=1)
    ),
    'val_evaluator is missing, though there is val_dataloader': dict(
        val_evaluator=None
    ),
    "auto_scale_lr: needs the argument 'base_batch_size' (int)": dict(
        auto_scale_lr=dict(enable=True)
    ),
}


@pytest.mark.parametrize('message', MISTAKES)
def test_a_mistake_names_its_place(tmp_path, message):
    with pytest.raises(ConfigError) as caught:
        toy_runner(tmp_path, **MISTAKES[message]).train()
    assert str(caught.value).startswith(message)
    assert len(str(caught.value).splitlines()) == 1


def test_fewer_samples_than_a_batch(tmp_path):
    with pytest.raises(DataError, match='40 samples, fewer than one batch of 64'):
        build_dataloader(loader(batch_size=64, drop_last=True))
    with pytest.raises(DataError, match='holds no samples'):
        build_dataloader(loader(dataset=dict(type='ToyRunPoints', size=0)))


def test_loaders_are_fast_by_default():
    plain, working = build_dataloader(loader()), build_dataloader(loader(num_workers=2))
    assert not plain.persistent_workers
    assert working.persistent_workers
    assert working.pin_memory == torch.cuda.is_available()
    asked = dict(persistent_workers=True, prefetch_factor=4, pin_memory=True)
    build_dataloader(loader(**asked))


class Garbage:
    """What only Python's garbage collection finds; it counts who comes upon it."""

    collected_by = []

    def __init__(self):
        self.myself = self

    def __del__(self):
        self.collected_by.append(os.getpid())


class CollectedBy(Dataset):
    """Looks for garbage where a sample is loaded, and notes who collected some."""

    def __len__(self):
        return 2

    def __getitem__(self, index):
        gc.collect()
        return torch.tensor([os.getpid(), *Garbage.collected_by])


def test_workers_leave_what_they_inherit_alone():
    """To free a tensor of the GPU in a forked process would end it."""
    asked = dict(num_workers=1, dataset=CollectedBy(), batch_size=1)
    working = build_dataloader(loader(**asked, persistent_workers=False))
    gc.collect()  # what other tests left behind would be counted too
    gc.disable()  # or this process may be the first to come upon it
    try:
        Garbage.collected_by.clear()
        Garbage()
        assert [len(batch[0]) for batch in working] == [1, 1]
        assert Garbage.collected_by == []
        gc.collect()
    finally:
        gc.enable()
    assert Garbage.collected_by == [os.getpid()]


def test_validating_and_testing_alone(tmp_path):
    """Also with a best checkpoint to save, which only training has."""
    hooks = dict(checkpoint=dict(save_best='toy/acc'))
    runner = toy_runner(tmp_path, default_hooks=hooks)
    assert runner.val()['toy/count'] == 21
    assert runner.test()['toy/count'] == 21
    assert not list(tmp_path.glob('*.pth'))
    assert list(runner.built_loops) == ['val', 'test']


def test_load_from_of_another_number_of_classes(tmp_path, capsys):
    toy_runner(tmp_path).train()
    model = dict(type='ToyRunModel', num_classes=4)
    tuned = toy_runner(
        tmp_path / 'b', model=model, load_from=str(tmp_path / 'epoch_3.pth')
    )
    with pytest.raises(CheckpointError, match='does not fill the model'):
        tuned.val()
    with pytest.raises(CheckpointError, match='does not fill the model'):
        tuned.test()
    tuned.train()
    out = capsys.readouterr().out
    assert 'head.fc.weight  (3, 8) in the checkpoint, (4, 8) in the model' in out


def test_a_checkpoint_may_have_more_than_is_tested(tmp_path, capsys):
    state = toy_runner(tmp_path).model.state_dict() | dict(more=torch.ones(1))
    torch.save(state, tmp_path / 'more.pth')
    runner = toy_runner(tmp_path, load_from=str(tmp_path / 'more.pth'))
    assert runner.test()['toy/count'] == 21
    assert 'only in the checkpoint: more' in capsys.readouterr().out


class FullDisk:
    """Has no room for anything larger than so many bytes."""

    def __init__(self, monkeypatch, room):
        self.room, self.original = room, tempfile.TemporaryFile
        monkeypatch.setattr(tempfile, 'TemporaryFile', self.open)

    @contextmanager
    def open(self, **kwargs):
        with self.original(**kwargs) as file:
            yield SimpleNamespace(write=self.write)
            assert file.tell() == 0

    def write(self, data):
        if len(data) > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk(tmp_path, monkeypatch):
    FullDisk(monkeypatch, 20_000)
    with pytest.raises(UserError) as caught:
        toy_runner(tmp_path)
    assert str(caught.value) == (
        f'cannot write to the work_dir {tmp_path}: No space left on device; '
        'make room, or choose another with --work-dir'
    )


def test_a_disk_that_fills_up(tmp_path, monkeypatch):
    runner = toy_runner(tmp_path)
    disk = FullDisk(monkeypatch, 20_000)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fail(*args):
        raise full

    monkeypatch.setattr(type(runner), 'load_or_resume', fail)
    with pytest.raises(UserError, match='No space left on device; make room'):
        runner.train()
    disk.room = 100_000  # it is another disk that is full
    with pytest.raises(OSError, match='No space left') as caught:
        toy_runner(tmp_path).train()
    assert caught.value is full


def test_a_log_that_cannot_be_written_is_reported_once(tmp_path, capsys, monkeypatch):
    def fail():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    runner = toy_runner(tmp_path)
    for handler in runner.logger.handlers:
        if isinstance(handler, logging.FileHandler):
            monkeypatch.setattr(handler, 'flush', fail)
    for i in range(3):
        runner.logger.info(f'hello {i}')
    captured = capsys.readouterr()
    assert captured.err == ''
    lines = captured.out.splitlines()
    line, *more = [line for line in lines if not line.startswith('hello')]
    assert line.startswith('warning: cannot write to ')
    assert line.endswith('No space left on device')
    assert not more


def test_accumulating_is_no_reason_for_a_warning(tmp_path):
    wrapper = toy_cfg(tmp_path).optim_wrapper | dict(accumulative_counts=2)
    with warnings.catch_warnings():
        warnings.simplefilter('error', UserWarning)
        toy_runner(
            tmp_path,
            optim_wrapper=wrapper,
            param_scheduler=dict(type='ConstantLR', by_epoch=False),
        ).train()


def test_load_from_of_another_model(tmp_path):
    torch.save(torch.nn.Conv2d(3, 3, 3).state_dict(), tmp_path / 'other.pth')
    runner = toy_runner(tmp_path, load_from=str(tmp_path / 'other.pth'))
    with pytest.raises(CheckpointError, match='is of another model'):
        runner.train()


def test_other_scopes_of_old_configs_are_accepted(tmp_path, capsys):
    runner = toy_runner(tmp_path, default_scope='mmpretrain')
    runner.train()
    assert 'warning' not in capsys.readouterr().out
    assert DefaultScope.get_current_instance().scope_name == 'mmlite'


def test_names_are_ours():
    assert RUNNERS.get('Runner') is Runner
    for name in ('EpochBasedTrainLoop', 'IterBasedTrainLoop', 'ValLoop', 'TestLoop'):
        assert LOOPS.get(name).__module__.startswith('mmlite.')


def test_auto_scale_lr(tmp_path):
    """Batch 8 where 16 was meant: half of 0.1, cut tenfold after two epochs."""
    scale = dict(enable=True, base_batch_size=16)
    runner = toy_runner(tmp_path, auto_scale_lr=scale)
    runner.train()
    assert runner.optim_wrapper.get_lr()['lr'] == [pytest.approx(0.005)]


@pytest.mark.filterwarnings('ignore')
def test_it_trains_validates_and_logs_as_mmengine_does(tmp_path):
    # mmengine's loaders draw from the generator that dropout draws from too.
    changes = dict(
        model=dict(type='ToyRunModel', drop=0.0),
        optim_wrapper=dict(
            # A fused step rounds otherwise.
            optimizer=dict(type='SGD', lr=0.1, momentum=0.9, fused=False),
            clip_grad=dict(max_norm=1.0),
        ),
        # As mmengine's are where nothing is said of it.
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=2, ignore_last=True)
        ),
        log_processor=dict(window_size=10),
    )
    ours = toy_runner(tmp_path / 'a', **changes)
    ours.train()
    theirs = TheirRunner.from_cfg(their_cfg(tmp_path / 'b', **changes))
    theirs.train()
    for a, b in zip(
        ours.model.state_dict().values(),
        theirs.model.state_dict().values(),
        strict=True,
    ):
        assert torch.equal(a, b)
    logs = []
    for runner in (ours, theirs):
        text = Path(runner.log_dir, 'vis_data', 'scalars.json').read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        logs.append([{k: v for k, v in x.items() if 'time' not in k} for x in lines])
    # mmengine's rows of a validation do not say when it was.
    val = [row for row in logs[0] if 'toy/acc' in row]
    assert [(r.pop('epoch'), r.pop('iter')) for r in val] == [(1, 5), (2, 10), (3, 15)]
    assert logs[0] == logs[1]
    assert 'grad_norm' in logs[0][0]


@pytest.mark.parametrize('options', [True, dict(backend='eager')])
def test_compiling_keeps_the_names(tmp_path, monkeypatch, options):
    compiled = []
    monkeypatch.setattr(
        torch.nn.Module, 'compile', lambda self, **kwargs: compiled.append(kwargs)
    )
    monkeypatch.setattr('mmlite.engine.assembly._on_gpu', lambda: True)
    runner = toy_runner(tmp_path, compile=options)
    runner.train()
    assert compiled == [{} if options is True else options]
    saved = torch.load(tmp_path / 'epoch_3.pth', weights_only=True)
    assert 'backbone.0.weight' in saved['state_dict']


@pytest.mark.parametrize(
    ('options', 'compiles'),
    [(True, False), (dict(mode='default'), False), (dict(backend='eager'), True)],
)
def test_a_cpu_gains_nothing_by_compiling(tmp_path, monkeypatch, options, compiles):
    compiled = []
    monkeypatch.setattr(
        torch.nn.Module, 'compile', lambda self, **kwargs: compiled.append(kwargs)
    )
    toy_runner(tmp_path, compile=options).train()
    assert bool(compiled) == compiles


@MODELS.register_module(force=True)
class ToyRunRetriever(MODELS.get('ToyRunModel')):
    """Holds a loader of samples to compare with."""

    def __init__(self, prototype, **kwargs):
        super().__init__(**kwargs)
        self.prototype = prototype


def test_a_loader_inside_a_model_is_built(tmp_path):
    gallery = loader(batch_size=7, dataset=dict(type='ToyRunPoints', size=21))
    model = dict(type='ToyRunRetriever', prototype=gallery)
    runner = toy_runner(tmp_path, model=model)
    assert [len(batch['inputs']) for batch in runner.model.prototype] == [7, 7, 7]
    assert runner.model.prototype.sampler.seed == runner.seed
    assert runner.cfg.model.prototype.batch_size == 7  # the config is as it was
    runner.train()
    wrong = dict(model, prototype=dict(gallery, batch_size=0))
    with pytest.raises(ConfigError, match=r'^model.prototype.batch_size is 0'):
        toy_runner(tmp_path, model=wrong)


def test_advice_is_a_warning_of_the_run(tmp_path, capsys):
    keys = dict(custom_keys={'bacbone': dict(lr_mult=0.1)})
    wrapper = dict(optimizer=dict(type='SGD', lr=0.1), paramwise_cfg=keys)
    toy_runner(tmp_path, optim_wrapper=wrapper, resume_from=None).train()
    out = capsys.readouterr().out
    assert "custom_keys: 'bacbone' (did you mean 'backbone'?): in the name of" in out
    assert 'resume_from is not read' in out


def test_a_runner_needs_a_folder(tmp_path):
    cfg = toy_cfg(tmp_path)
    cfg.work_dir = None
    with pytest.raises(ConfigError, match='work_dir is missing'):
        Runner.from_cfg(cfg)
    cfg = toy_cfg(tmp_path).to_dict()
    assert isinstance(Runner.from_cfg(cfg), Runner)  # a dict will do


def test_a_test_says_nothing_about_the_training(tmp_path, capsys):
    schedule = dict(type='LinearLR', by_epoch=True, begin=0, end=1)
    optimizer = dict(type='SGD', lr=0.1)
    wrapper = dict(optimizer=optimizer, paramwise_cfg=dict(custom_keys=dict(qqq={})))
    runner = toy_runner(tmp_path, param_scheduler=schedule, optim_wrapper=wrapper)
    runner.test()
    assert 'warning' not in capsys.readouterr().out
    runner.train()
    out = capsys.readouterr().out
    for place in ('param_scheduler.end', 'optim_wrapper.paramwise_cfg.custom_keys'):
        assert out.count(f'warning: {place}') == 1
