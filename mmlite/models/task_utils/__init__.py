"""The mathematics of detection: anchors, box coder, matchers, samplers."""

from .anchor_generators import (
    AnchorGenerator,
    BaseAnchorGenerator,
    SSDAnchorGenerator,
)
from .box_coder import BoxCoder
from .hard_example_miner import HardExampleMiner
from .image_resizers import FixedShapeResizer, KeepAspectRatioResizer
from .matchers import BACKGROUND, IGNORED, ArgMaxMatcher, BipartiteMatcher
from .samplers import BalancedSampler
from .target_assigner import TargetAssigner, Targets

__all__ = [
    'BACKGROUND',
    'IGNORED',
    'AnchorGenerator',
    'ArgMaxMatcher',
    'BalancedSampler',
    'BaseAnchorGenerator',
    'BipartiteMatcher',
    'BoxCoder',
    'FixedShapeResizer',
    'HardExampleMiner',
    'KeepAspectRatioResizer',
    'SSDAnchorGenerator',
    'TargetAssigner',
    'Targets',
]
