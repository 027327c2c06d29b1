import gc
import subprocess
import sys

import pytest

from mmlite.collecting import starting, without_collecting
from mmlite.registry import Registry


@pytest.fixture(autouse=True)
def collecting():
    yield
    gc.enable()


def test_the_collection_goes_on_even_after_an_error():
    with pytest.raises(KeyError), without_collecting():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()


def test_who_has_switched_it_off_finds_it_off():
    gc.disable()
    with without_collecting():
        pass
    assert not gc.isenabled()


def test_a_program_keeps_what_it_begins_with():
    code = (
        'import gc; from mmlite.collecting import starting\n'
        'with starting(): import argparse\n'
        'print(gc.get_freeze_count() > 1000, gc.isenabled())'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.stdout == 'True True\n'


def test_a_program_that_does_more_keeps_nothing():
    before = gc.get_freeze_count()
    with starting():
        assert not gc.isenabled()
    assert gc.get_freeze_count() == before  # torch is there


def test_a_registry_imports_its_package_without_collecting(tmp_path, monkeypatch):
    (tmp_path / 'package_of_parts.py').write_text('import gc\nSEEN = gc.isenabled()\n')
    monkeypatch.syspath_prepend(tmp_path)
    Registry('parts', locations=['package_of_parts']).import_from_location()
    import package_of_parts

    assert package_of_parts.SEEN is False
    assert gc.isenabled()
