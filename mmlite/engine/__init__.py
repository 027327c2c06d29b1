"""The engine: runner, loops, hooks, optimizers, checkpoints."""

from .checkpoints import LoadReport, load_checkpoint, load_state, save_checkpoint
from .dataloaders import build_dataloader
from .hooks import (
    CheckpointHook,
    EMAHook,
    IterTimerHook,
    NanLossHook,
    ProgressHook,
    RuntimeInfoHook,
    VisualizationHook,
)
from .interrupt import Interrupted
from .loops import EpochBasedTrainLoop, IterBasedTrainLoop, TestLoop, ValLoop
from .optimizers import AmpOptimWrapper, OptimWrapper, amp_supported
from .runner import Runner
from .wrappers import MMDistributedDataParallel

__all__ = [
    'AmpOptimWrapper',
    'AmpOptimWrapper',
    'CheckpointHook',
    'EMAHook',
    'EpochBasedTrainLoop',
    'Interrupted',
    'IterBasedTrainLoop',
    'IterTimerHook',
    'LoadReport',
    'MMDistributedDataParallel',
    'NanLossHook',
    'OptimWrapper',
    'ProgressHook',
    'Runner',
    'RuntimeInfoHook',
    'TestLoop',
    'ValLoop',
    'VisualizationHook',
    'amp_supported',
    'build_dataloader',
    'load_checkpoint',
    'load_state',
    'save_checkpoint',
]
