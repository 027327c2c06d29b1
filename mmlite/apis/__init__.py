"""What users call: training, testing, and a model with its weights.

Each is imported when it is first asked for, so that the command line answers
``--help`` at once.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    'GaitInferencer': 'inferencers',
    'DetectionInferencer': 'inferencers',
    'ImageClassificationInferencer': 'inferencers',
    'ImageRetrievalInferencer': 'inferencers',
    'Inferencer': 'inferencers',
    'convert_detection': 'converting',
    'export': 'exporting',
    'extract_features': 'extracting',
    'init_model': 'model',
    'inferencer_of': 'inferencers',
    'knn': 'neighbours',
    'new_recipe': 'recipes',
    'pack_dataset': 'packing',
    'prepare_gait': 'preparing_gait',
    'predict': 'predicting',
    'prepare_training': 'training',
    'reparameterize': 'reparameterizing',
    'test': 'testing',
    'train': 'training',
}

__all__ = [
    'DetectionInferencer',
    'GaitInferencer',
    'ImageClassificationInferencer',
    'ImageRetrievalInferencer',
    'Inferencer',
    'convert_detection',
    'export',
    'extract_features',
    'inferencer_of',
    'init_model',
    'knn',
    'new_recipe',
    'pack_dataset',
    'predict',
    'prepare_gait',
    'prepare_training',
    'reparameterize',
    'test',
    'train',
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'.{_HOMES[name]}', __name__), name)


def __dir__() -> list[str]:
    return __all__
