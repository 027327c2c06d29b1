"""From a folder of data to a recipe that trains on it."""

from .making import new_recipe, recipe_for_training

__all__ = ['new_recipe', 'recipe_for_training']
