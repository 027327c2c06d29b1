"""Data loaders of whole batches: built, trained, resumed, shared by processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from support.training import ToyRunPoints, toy_cfg, toy_runner
from torch.utils.data import BatchSampler

from mmlite.config import check
from mmlite.datasets import InfiniteSampler, SeededBatchSampler
from mmlite.engine import build_dataloader
from mmlite.engine.dataloaders import batch_size_of, stop_workers
from mmlite.engine.loops import batches_from, endless_batches, set_seed
from mmlite.errors import ConfigError, DataError
from mmlite.registry import DATA_SAMPLERS, DATASETS

PK = dict(type='PKSampler', num_identities=3, num_instances=2, num_batches=5)


@DATASETS.register_module(force=True)
class BatchedPoints(ToyRunPoints):
    """Points that know their classes, sizes, and which of them were loaded."""

    def __init__(self, size: int = 40) -> None:
        super().__init__(size)
        self.loaded: list[int] = []

    def get_gt_labels(self) -> np.ndarray:
        return self.labels.numpy()

    def get_data_info(self, index: int) -> dict:
        return dict(width=1 + int(self.labels[index]) % 2, height=1)

    def __getitem__(self, index):
        self.loaded.append(int(index))
        return super().__getitem__(index)


@DATA_SAMPLERS.register_module(force=True)
class Sevens(BatchSampler):
    """A user's batch sampler, which knows nothing of epochs."""

    def __init__(self, sampler, drop_last: bool = False) -> None:
        super().__init__(sampler, 7, drop_last)


@DATA_SAMPLERS.register_module(force=True)
class Broken(SeededBatchSampler):
    """Ends in the wrong way."""

    def batches(self):
        yield [0, 1]
        next(iter(()))

    def __len__(self):
        return 2


def loader_cfg(batch_sampler, workers=0, **changes) -> dict:
    return dict(
        dataset=dict(type='BatchedPoints'),
        batch_sampler=batch_sampler,
        num_workers=workers,
        **changes,
    )


SHUFFLED = dict(type='DefaultSampler', shuffle=True)
CASES = {
    'pk': loader_cfg(PK),
    'aspect': loader_cfg(dict(type='AspectRatioBatchSampler'), batch_size=6),
    'aspect over a sampler': loader_cfg(
        dict(type='AspectRatioBatchSampler', batch_size=6), sampler=SHUFFLED
    ),
    'own': loader_cfg(dict(type='Sevens'), sampler=SHUFFLED),
}
for_each_case = pytest.mark.parametrize('case', CASES)


def inputs(batches) -> list[torch.Tensor]:
    return [batch['inputs'] for batch in batches]


@for_each_case
@pytest.mark.parametrize('workers', [0, 2])
def test_an_epoch_goes_on_where_it_was(case, workers) -> None:
    cfg = dict(CASES[case], num_workers=workers)
    loader = build_dataloader(cfg, seed=3)
    whole = [inputs(batches_from(loader, epoch)) for epoch in (0, 1)]
    assert len(whole[0]) == len(loader) and not torch.equal(whole[0][0], whole[1][0])
    again = build_dataloader(cfg, seed=3)
    for _ in range(2):
        rest = inputs(batches_from(again, 1, start=2))
        for first, second in zip(rest, whole[1][2:], strict=True):
            assert torch.equal(first, second)
    for one in (loader, again):
        stop_workers(one)


@for_each_case
def test_what_is_left_out_is_not_loaded(case) -> None:
    loader = build_dataloader(CASES[case], seed=3)
    sizes = [len(batch) for batch in inputs(batches_from(loader, 0))]
    loader.dataset.loaded.clear()
    list(batches_from(loader, 0, start=2))
    assert len(loader.dataset.loaded) == sum(sizes[2:])


@for_each_case
def test_iterations_go_over_epochs(case) -> None:
    loader = build_dataloader(CASES[case], seed=3)
    length = len(loader)
    straight = endless_batches(loader)
    row = [next(straight)['inputs'] for _ in range(2 * length + 3)]
    rest = endless_batches(build_dataloader(CASES[case], seed=3), length + 2)
    for expected in row[length + 2 :]:
        assert torch.equal(next(rest)['inputs'], expected)


@for_each_case
def test_the_seed_of_a_resumed_run(case) -> None:
    loader, other = (build_dataloader(CASES[case], seed=seed) for seed in (3, 4))
    expected = inputs(batches_from(loader, 1))
    assert not torch.equal(inputs(batches_from(other, 1))[0], expected[0])
    set_seed(other, 3)
    for first, second in zip(inputs(batches_from(other, 1)), expected, strict=True):
        assert torch.equal(first, second)


@for_each_case
def test_the_number_of_batches_can_be_limited(case) -> None:
    loader = build_dataloader(CASES[case], seed=3)
    limited = build_dataloader(dict(CASES[case], num_batch_per_epoch=3), seed=3)
    assert len(limited) == 3
    found = inputs(batches_from(limited, 1))
    whole = inputs(batches_from(loader, 1))
    assert len(found) == 3
    for first, second in zip(found, whole[:3], strict=True):
        assert torch.equal(first, second)


@for_each_case
def test_the_config_passes_the_check(case) -> None:
    cfg = toy_cfg('w', train_dataloader=CASES[case])
    assert check(cfg, build_model=False) in (None, [])


def test_the_batch_size_is_known() -> None:
    sizes = {name: batch_size_of(build_dataloader(CASES[name])) for name in CASES}
    assert sizes == {'pk': 6, 'aspect': 6, 'aspect over a sampler': 6, 'own': 7}


def test_a_batch_sampler_that_needs_a_sampler_says_so() -> None:
    with pytest.raises(ConfigError, match=r'batch_sampler.*Sevens makes batches .*add'):
        build_dataloader(loader_cfg(dict(type='Sevens')))
    with pytest.raises(ConfigError, match="the argument 'sampler'.*shuffle=True"):
        build_dataloader(dict(dataset=dict(type='BatchedPoints'), batch_size=2))
    with pytest.raises(DataError, match='AspectRatioBatchSampler gives no batch'):
        build_dataloader(
            loader_cfg(
                dict(type='AspectRatioBatchSampler', batch_size=99), drop_last=True
            )
        )


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(batch_size=2), 'batch_size has no meaning .*PKSampler makes .*None'),
        (dict(sampler=SHUFFLED), 'sampler has no meaning beside batch_sampler'),
        (dict(drop_last=True), 'drop_last has no meaning beside batch_sampler'),
        (dict(shuffle=True), 'shuffle has no meaning beside batch_sampler'),
        (
            dict(batch_sampler=BatchSampler([0, 1], 2, False), batch_size=2),
            'BatchSampler makes the batches without',
        ),
        (
            dict(
                batch_sampler=dict(type='AspectRatioBatchSampler', batch_size=6),
                batch_size=5,
            ),
            'batch_size is 5, but batch_sampler.batch_size, which would count, is 6',
        ),
        (
            dict(
                batch_sampler=dict(type='Sevens', sampler=SHUFFLED),
                sampler=dict(SHUFFLED, shuffle=False),
            ),
            'sampler is .*, but batch_sampler.sampler, which would count, is ',
        ),
    ],
)
def test_what_would_be_ignored_beside_a_batch_sampler(changes, message) -> None:
    with pytest.raises(ConfigError, match=message):
        build_dataloader(loader_cfg(PK) | changes)


def test_what_a_base_config_states_can_be_left_out_or_repeated() -> None:
    without = dict(batch_size=None, sampler=None, drop_last=None)
    alone = build_dataloader(loader_cfg(PK), seed=3)
    beside = build_dataloader(loader_cfg(PK, **without), seed=3)
    for one, other in zip(alone, beside, strict=True):
        assert torch.equal(one['inputs'], other['inputs'])
    cfg = toy_cfg('w', train_dataloader=loader_cfg(PK, **without))
    assert check(cfg, build_model=False) in (None, [])
    aspect = dict(type='AspectRatioBatchSampler', batch_size=6, drop_last=True)
    again = build_dataloader(loader_cfg(aspect, batch_size=6, drop_last=True))
    assert batch_size_of(again) == 6


def test_no_stop_iteration_escapes() -> None:
    loader = build_dataloader(loader_cfg(dict(type='Broken')), seed=0)
    with pytest.raises(RuntimeError, match='StopIteration'):
        list(batches_from(loader, 0))

    class Ends(InfiniteSampler):
        def __iter__(self):
            return iter([0, 1, 2, 3])

    sampler = Ends(BatchedPoints(), seed=0)
    cfg = dict(dataset=BatchedPoints(), sampler=sampler, batch_size=2)
    batches = endless_batches(build_dataloader(cfg))
    assert len([next(batches) for _ in range(2)]) == 2
    with pytest.raises(DataError, match='no more batches'):
        next(batches)


def weights(runner) -> torch.Tensor:
    return torch.cat([value.flatten() for value in runner.model.state_dict().values()])


@pytest.mark.parametrize('by_epoch', [True, False])
@pytest.mark.parametrize('workers', [0, pytest.param(2, marks=pytest.mark.slow)])
def test_a_resumed_run_is_bit_equal(tmp_path, workers, by_epoch) -> None:
    loops = dict(by_epoch=True, max_epochs=3)
    if not by_epoch:
        loops = dict(by_epoch=False, max_iters=15, val_interval=100)
    every = dict(type='CheckpointHook', interval=7, by_epoch=False, max_keep_ckpts=9)
    changes = dict(
        train_dataloader=dict(loader_cfg(PK, workers)),
        train_cfg=loops,
        param_scheduler=None,
        default_hooks=dict(checkpoint=every),
    )
    straight = toy_runner(tmp_path / 'a', **changes)
    straight.train()
    saved = str(tmp_path / 'a' / 'iter_7.pth')
    resumed = toy_runner(tmp_path / 'b', **changes, resume=True, load_from=saved)
    resumed.train()
    assert torch.equal(weights(straight), weights(resumed))


def test_the_learning_rate_follows_the_batch_size(tmp_path) -> None:
    runner = toy_runner(
        tmp_path,
        train_dataloader=loader_cfg(PK),
        train_cfg=dict(by_epoch=True, max_epochs=1),
        auto_scale_lr=dict(enable=True, base_batch_size=12),
        param_scheduler=None,
    )
    runner.train()
    lr = runner.optim_wrapper.optimizer.param_groups[0]['lr']
    assert lr == pytest.approx(0.1 * 6 / 12)


SCRIPT = """
import os, sys, torch
sys.path.insert(0, sys.argv[1])
import test_batch_samplers as cases
from mmlite.engine import build_dataloader
from mmlite.engine.loops import batches_from
torch.distributed.init_process_group('gloo')
found = {}
for name in ('pk', 'aspect'):
    loader = build_dataloader(cases.CASES[name], seed=3)
    batches = cases.inputs(batches_from(loader, 1, start=1))
    found[name] = len(loader), batches, loader.dataset.loaded
torch.save(found, os.environ['RANK'] + '.pth')
torch.distributed.destroy_process_group()
"""


@pytest.mark.slow
def test_two_processes_share_the_batches(tmp_path) -> None:
    Path('two.py').write_text(SCRIPT)
    tests = Path(__file__).parents[2]
    command = [sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node=2']
    command += ['--master_port', str(20000 + os.getpid() % 20000)]
    paths = os.pathsep.join([str(tests), str(tests.parent)])
    done = subprocess.run(
        [*command, 'two.py', str(Path(__file__).parent)],
        env=dict(os.environ, PYTHONPATH=paths, OMP_NUM_THREADS='1'),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    parts = [torch.load(f'{rank}.pth', weights_only=False) for rank in (0, 1)]
    whole = inputs(batches_from(build_dataloader(CASES['pk'], seed=3), 1, start=1))
    assert [part['pk'][0] for part in parts] == [5, 5]
    for together, *halves in zip(whole, *(p['pk'][1] for p in parts), strict=True):
        assert torch.equal(torch.stack(halves, 1).flatten(0, 1), together)
    lengths = {part['aspect'][0] for part in parts}
    assert lengths == {4}  # of 20 samples each, in batches of 6
    first, second = (set(part['aspect'][2]) for part in parts)
    assert not first & second
