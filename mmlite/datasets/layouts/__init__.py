"""Look at a folder of data, and say what it holds."""

from .found import Found
from .looking import TASKS, look

__all__ = ['TASKS', 'Found', 'look']
