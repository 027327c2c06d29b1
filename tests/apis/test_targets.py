"""Where a file cannot go is said before the work, by every command that writes one."""

import os

import pytest

from mmlite.apis import export
from mmlite.apis.analyzing import analyze
from mmlite.apis.converting_checkpoints import convert_checkpoint
from mmlite.apis.publishing import publish
from mmlite.apis.reparameterizing import reparameterize
from mmlite.apis.targets import target_file
from mmlite.errors import UserError

NOWHERE = 'no_such_file'  # which is not looked at before the target
WRITERS = {
    'export': (lambda out: export(NOWHERE, out=out), 'onnx files'),
    'torch-export': (
        lambda out: export(NOWHERE, None, out, 'torch-export'),
        'pt2 file',
    ),
    'publish': (lambda out: publish(NOWHERE, out), '.pth or .safetensors files'),
    'convert': (lambda out: convert_checkpoint(NOWHERE, out), 'or .safetensors files'),
    'reparameterize': (lambda out: reparameterize(NOWHERE, NOWHERE, out), 'or .bin'),
    'analyze': (lambda out: analyze(NOWHERE, out=out), '.svg or .jpg files'),
}


@pytest.mark.parametrize('name', ['net.txt', 'net.zip', 'net', '.onnx'])
@pytest.mark.parametrize('writer', WRITERS)
def test_other_endings_are_refused(writer, name):
    write, expected = WRITERS[writer]
    with pytest.raises(UserError, match=expected):
        write(name)


@pytest.mark.parametrize('writer', WRITERS)
def test_folders_are_refused(writer, tmp_path):
    (tmp_path / 'there').mkdir()
    for name in ('there', 'not_there/'):
        with pytest.raises(UserError, match='is a folder; name a file in it, e.g.'):
            WRITERS[writer][0](name)
    assert [path.name for path in tmp_path.iterdir()] == ['there']


def test_a_file_in_place_of_a_folder(tmp_path):
    (tmp_path / 'a').touch()
    with pytest.raises(UserError, match='a is a file, not a folder'):
        target_file(tmp_path / 'a/b/net.pth', ('.pth',), 'weights')


def test_a_folder_without_permission(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'access', lambda path, mode: False)
    with pytest.raises(UserError, match='no permission to write a/b/net.pth'):
        target_file('a/b/net.pth', ('.pth',), 'weights')
