"""What users call: training, testing, and a model with its weights."""

from .model import init_model
from .test import test
from .train import prepare_training, train

__all__ = ['init_model', 'prepare_training', 'test', 'train']
