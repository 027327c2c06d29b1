"""A part states which promise it keeps, and is tested by that."""

from __future__ import annotations

import pytest
from contracts.tiny import PROMISES, names_of, promise_of

PARTS = [(kind, name) for kind in PROMISES for name in names_of(kind)]


@pytest.mark.parametrize(('kind', 'name'), PARTS)
def test_a_part_states_what_it_promises(kind, name):
    promise = promise_of(name)
    assert promise in PROMISES[kind], (
        f'{name} states promise={promise!r}; set the class attribute promise to one of '
        f'{PROMISES[kind]}, or write the contract of another one'
    )
