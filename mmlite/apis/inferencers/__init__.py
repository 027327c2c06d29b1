"""Predict with a trained model: one inferencer a task over one base."""

from .base import Inferencer, register_inferencer
from .classification import ClassPrediction, ImageClassificationInferencer
from .detection import DetectionInferencer, DetectionPrediction
from .gait import GaitInferencer, GaitPrediction
from .prediction import Prediction, Predictions
from .reconstruction import ReconstructionInferencer, ReconstructionPrediction
from .retrieval import ImageRetrievalInferencer, RetrievalPrediction
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
    'ImageRetrievalInferencer',
    'Inferencer',
    'Prediction',
    'Predictions',
    'ReconstructionInferencer',
    'ReconstructionPrediction',
    'RetrievalPrediction',
    'Source',
    'StereoInferencer',
    'StereoPrediction',
    'find_sources',
    'inferencer_of',
    'register_inferencer',
]
