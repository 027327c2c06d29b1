"""Hooks: what happens beside the training itself."""

from .adaptive_margins_hook import SetAdaptiveMarginsHook
from .checkpoint_hook import CheckpointHook
from .class_num_check_hook import ClassNumCheckHook
from .dense_cl_hook import DenseCLHook
from .disparity_check_hook import DisparityCheckHook
from .early_stopping_hook import EarlyStoppingHook
from .ema_hook import EMAHook
from .freeze_after_hook import FreezeAfterHook
from .iter_timer_hook import IterTimerHook
from .logger_hook import LoggerHook
from .lookahead_hook import LookaheadHook
from .nan_loss_hook import NanLossHook
from .patch_whitening_hook import PatchWhiteningHook
from .precise_bn_hook import PreciseBNHook
from .progress_hook import ProgressHook
from .prototype_hook import PrepareProtoBeforeValLoopHook
from .report_hook import ReportHook
from .runtime_info_hook import RuntimeInfoHook
from .sim_siam_hook import SimSiamHook
from .swav_hook import SwAVHook
from .switch_recipe_hook import SwitchRecipeHook
from .visual_summary_hook import VisualSummaryHook
from .visualization_hook import VisualizationHook
from .warmup_param_hook import WarmupParamHook

__all__ = [
    'CheckpointHook',
    'ClassNumCheckHook',
    'DenseCLHook',
    'DisparityCheckHook',
    'EMAHook',
    'EarlyStoppingHook',
    'FreezeAfterHook',
    'IterTimerHook',
    'LoggerHook',
    'LookaheadHook',
    'NanLossHook',
    'PatchWhiteningHook',
    'PreciseBNHook',
    'PrepareProtoBeforeValLoopHook',
    'ProgressHook',
    'ReportHook',
    'RuntimeInfoHook',
    'SetAdaptiveMarginsHook',
    'SimSiamHook',
    'SwAVHook',
    'SwitchRecipeHook',
    'VisualSummaryHook',
    'VisualizationHook',
    'WarmupParamHook',
]
