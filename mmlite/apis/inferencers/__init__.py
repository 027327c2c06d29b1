"""Predict with a trained model: one inferencer a task over one base."""

from .base import Inferencer
from .classification import ClassPrediction, ImageClassificationInferencer
from .detection import DetectionInferencer, DetectionPrediction
from .gait import GaitInferencer, GaitPrediction
from .prediction import Prediction
from .sources import Source, find_sources
from .stereo import StereoInferencer, StereoPrediction
from .tasks import inferencer_of

__all__ = [
    'ClassPrediction',
    'DetectionInferencer',
    'DetectionPrediction',
    'GaitInferencer',
    'GaitPrediction',
    'ImageClassificationInferencer',
    'Inferencer',
    'Prediction',
    'Source',
    'StereoInferencer',
    'StereoPrediction',
    'find_sources',
    'inferencer_of',
]
