"""What users call: training, testing, and a model with its weights.

Each is imported when it is first asked for, so that the command line answers
``--help`` at once.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    'DetectionInferencer': 'inferencers',
    'Flops': 'counting',
    'GaitInferencer': 'inferencers',
    'ImageClassificationInferencer': 'inferencers',
    'ImageRetrievalInferencer': 'inferencers',
    'Inferencer': 'inferencers',
    'ReconstructionInferencer': 'inferencers',
    'analyze': 'analyzing',
    'bench': 'benching',
    'browse': 'browsing',
    'cam': 'class_activation',
    'convert_checkpoint': 'converting_checkpoints',
    'convert_detection': 'converting',
    'dry_run': 'dry_running',
    'export': 'exporting',
    'extract_features': 'extracting',
    'find_lr': 'lr_finder',
    'flops': 'counting',
    'get_model': 'zoo.building',
    'inferencer_of': 'inferencers',
    'init_model': 'model',
    'knn': 'neighbours',
    'list_models': 'zoo.cards',
    'model_card': 'zoo.cards',
    'new_recipe': 'recipes',
    'pack_dataset': 'packing',
    'predict': 'predicting',
    'prepare_gait': 'preparing_gait',
    'prepare_training': 'training',
    'publish': 'publishing',
    'push': 'zoo.hub',
    'register_inferencer': 'inferencers',
    'reparameterize': 'reparameterizing',
    'report': 'reporting',
    'test': 'testing',
    'train': 'training',
}

__all__ = [
    'DetectionInferencer',
    'Flops',
    'GaitInferencer',
    'ImageClassificationInferencer',
    'ImageRetrievalInferencer',
    'Inferencer',
    'ReconstructionInferencer',
    'analyze',
    'bench',
    'browse',
    'cam',
    'convert_checkpoint',
    'convert_detection',
    'dry_run',
    'export',
    'extract_features',
    'find_lr',
    'flops',
    'get_model',
    'inferencer_of',
    'init_model',
    'knn',
    'list_models',
    'model_card',
    'new_recipe',
    'pack_dataset',
    'predict',
    'prepare_gait',
    'prepare_training',
    'publish',
    'push',
    'register_inferencer',
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
