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
    'analyze': 'analyzing',
    'bench': 'benching',
    'browse': 'browsing',
    'cam': 'class_activation',
    'convert_detection': 'converting',
    'dry_run': 'dry_running',
    'export': 'exporting',
    'extract_features': 'extracting',
    'find_lr': 'lr_finder',
    'init_model': 'model',
    'inferencer_of': 'inferencers',
    'knn': 'neighbours',
    'pack_dataset': 'packing',
    'prepare_gait': 'preparing_gait',
    'predict': 'predicting',
    'prepare_training': 'training',
    'reparameterize': 'reparameterizing',
    'report': 'reporting',
    'test': 'testing',
    'train': 'training',
}

__all__ = [
    'DetectionInferencer',
    'GaitInferencer',
    'ImageClassificationInferencer',
    'ImageRetrievalInferencer',
    'Inferencer',
    'analyze',
    'bench',
    'browse',
    'cam',
    'convert_detection',
    'dry_run',
    'export',
    'extract_features',
    'find_lr',
    'inferencer_of',
    'init_model',
    'knn',
    'pack_dataset',
    'predict',
    'prepare_gait',
    'prepare_training',
    'reparameterize',
    'report',
    'test',
    'train',
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'.{_HOMES[name]}', __name__), name)


def __dir__() -> list[str]:
    return __all__
