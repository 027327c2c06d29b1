"""Training does not wait for the device between two log lines."""

import torch
from mmengine.hooks import Hook
from support.training import toy_runner
from torch.utils._python_dispatch import TorchDispatchMode


class CountReads(TorchDispatchMode):
    """Counts what would wait for a GPU."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


class Counting(Hook):
    """Counts in all iterations but those that log."""

    def before_train_iter(self, runner, **kwargs):
        self.mode = CountReads()
        self.mode.__enter__()

    def after_train_iter(self, runner, **kwargs):
        self.mode.__exit__(None, None, None)
        self.counts = [*getattr(self, 'counts', []), self.mode.count]


def test_no_host_reads_between_log_lines(tmp_path):
    runner = toy_runner(
        tmp_path,
        train_cfg=dict(by_epoch=False, max_iters=40),
        default_hooks=dict(logger=dict(interval=20), nan_check=None),
        optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=0.1), clip_grad=dict(max_norm=1.0)
        ),
        param_scheduler=None,
        val_dataloader=None,
        val_cfg=None,
        val_evaluator=None,
    )
    counting = Counting()
    runner.register_hook(counting, 'LOWEST')
    runner.train()
    assert sum(counting.counts) == 0
