import gc

import pytest

from mmlite.collecting import without_collecting
from mmlite.registry import Registry


@pytest.fixture(autouse=True)
def collecting():
    yield
    gc.unfreeze()
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


@pytest.mark.parametrize('keep', [False, True])
def test_what_is_there_is_kept_on_demand(keep):
    before = gc.get_freeze_count()
    with without_collecting(keep):
        pass
    assert (gc.get_freeze_count() > before) == keep


def test_a_registry_imports_its_package_without_collecting(tmp_path, monkeypatch):
    (tmp_path / 'package_of_parts.py').write_text('import gc\nSEEN = gc.isenabled()\n')
    monkeypatch.syspath_prepend(tmp_path)
    Registry('parts', locations=['package_of_parts']).import_from_location()
    import package_of_parts

    assert package_of_parts.SEEN is False
    assert gc.isenabled()
