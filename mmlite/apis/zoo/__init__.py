"""The models there are: their cards, their networks, their weights."""

from .cards import Card, list_models, model_card
from .configs import read_config

__all__ = [
    'Card',
    'list_models',
    'model_card',
    'read_config',
]
