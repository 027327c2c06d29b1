"""One warning is held back, all others are shown."""

import importlib
import subprocess
import sys
import warnings

import pytest

from mmlite.quiet import QuietImport

#: As torch 2.4 warns, under a filter of its own.
MODULE = """
import warnings

with warnings.catch_warnings():
    warnings.simplefilter('always')
    for text in ('`TorchScript` support is deprecated', 'another'):
        warnings.warn(text, DeprecationWarning, stacklevel=2)
value = 3
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / 'noisy_part.py').write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield 'noisy_part'
    sys.modules.pop('noisy_part', None)


def imported(name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('ignore')
        found = importlib.import_module(name)
    return found, [str(w.message) for w in caught]


def test_without_it_no_filter_stops_the_warning(module):
    assert imported(module)[1] == ['`TorchScript` support is deprecated', 'another']


def test_only_that_warning_is_held_back(module):
    finder = QuietImport(module, '`TorchScript`')
    sys.meta_path.insert(0, finder)
    found, shown = imported(module)
    assert (found.value, shown) == (3, ['another'])
    assert finder not in sys.meta_path
    assert not isinstance(found.__loader__, type(finder))
    assert importlib.reload(found).value == 3


def test_torchs_module_is_waited_for():
    """In a process of its own, as this one has imported it."""
    code = (
        'import sys, mmlite; from mmlite.quiet import QuietImport; '
        'waiting = lambda: any(isinstance(f, QuietImport) for f in sys.meta_path); '
        'before = waiting(); import mmengine.optim; print(before, waiting())'
    )
    command = [sys.executable, '-c', code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ['True', 'False']
