"""A user's package with a data set and a model of each kind."""

from .data import Bars, Pairs, Queries, Walks
from .hooks import Killer
from .models import MyAgreement, MyOneBox, MyPairs, MyStem, MyWalks

__all__ = [
    'Bars',
    'Killer',
    'MyAgreement',
    'MyOneBox',
    'MyPairs',
    'MyStem',
    'MyWalks',
    'Pairs',
    'Queries',
    'Walks',
]
