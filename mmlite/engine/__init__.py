"""The engine: runner, loops, hooks, optimizers, checkpoints."""

from .checkpoints import LoadReport, load_checkpoint, load_state, save_checkpoint
from .dataloaders import build_dataloader
from .hooks import (
    CheckpointHook,
    EMAHook,
    FreezeAfterHook,
    IterTimerHook,
    LoggerHook,
    LookaheadHook,
    NanLossHook,
    PatchWhiteningHook,
    ProgressHook,
    RuntimeInfoHook,
    VisualizationHook,
)
from .interrupt import Interrupted
from .log_processor import LogProcessor
from .loops import EpochBasedTrainLoop, IterBasedTrainLoop, TestLoop, ValLoop
from .optimizers import (
    AmpOptimWrapper,
    ChainedOptimizer,
    Muon,
    MuonOptimWrapperConstructor,
    OptimWrapper,
    amp_supported,
)
from .runner import Runner
from .schedulers import TriangularLR, TriangularParamScheduler
from .wrappers import MMDistributedDataParallel

__all__ = [
    'AmpOptimWrapper',
    'ChainedOptimizer',
    'CheckpointHook',
    'EMAHook',
    'EpochBasedTrainLoop',
    'FreezeAfterHook',
    'Interrupted',
    'IterBasedTrainLoop',
    'IterTimerHook',
    'LoadReport',
    'LogProcessor',
    'LoggerHook',
    'LookaheadHook',
    'MMDistributedDataParallel',
    'Muon',
    'MuonOptimWrapperConstructor',
    'NanLossHook',
    'OptimWrapper',
    'PatchWhiteningHook',
    'ProgressHook',
    'Runner',
    'RuntimeInfoHook',
    'TestLoop',
    'TriangularLR',
    'TriangularParamScheduler',
    'ValLoop',
    'VisualizationHook',
    'amp_supported',
    'build_dataloader',
    'load_checkpoint',
    'load_state',
    'save_checkpoint',
]
