"""What users call: training, testing, and a model with its weights."""

from .model import init_model
from .testing import test
from .training import prepare_training, train

__all__ = ['init_model', 'prepare_training', 'test', 'train']
