"""What a user names is looked at before anything large is imported."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mmlite.errors import CheckpointError, UserError
from mmlite.given import (
    NOTHING_YET,
    check_checkpoint,
    check_folder,
    check_work_dir,
    checkpoint_in,
    resolved,
    split_words,
)

NO_TORCH = """
import sys
from mmlite.apis.cli import main
code = main(sys.argv[1:])
assert 'torch' not in sys.modules
sys.exit(code)
"""


def checkpoint(path, age):
    """A file that looks like a checkpoint, so many seconds old."""
    with zipfile.ZipFile(path, 'w') as file:
        file.writestr('data.pkl', b'')
    os.utime(path, (1e9 - age, 1e9 - age))
    return path


def test_of_a_work_dir_the_best_checkpoint_is_taken_then_the_latest(tmp_path, capsys):
    with pytest.raises(CheckpointError, match=r'no checkpoint \(\*\.pth\)'):
        checkpoint_in(tmp_path)
    cut_off = checkpoint(tmp_path / 'epoch_4.pth', 0)
    cut_off.write_bytes(cut_off.read_bytes()[:30])
    with pytest.raises(CheckpointError, match='no whole checkpoint'):
        checkpoint_in(tmp_path)
    newest = checkpoint(tmp_path / 'epoch_3.pth', 1)
    noted = checkpoint(tmp_path / 'epoch_2.pth', 2)
    assert checkpoint_in(tmp_path) == newest
    (tmp_path / 'last_checkpoint').write_text('/moved/from/epoch_2.pth')
    assert checkpoint_in(tmp_path) == noted
    checkpoint(tmp_path / 'best_top1_epoch_1.pth', 9)
    best = checkpoint(tmp_path / 'best_top5_epoch_2.pth', 5)
    assert resolved(tmp_path, say='weights') == str(best)
    assert (
        capsys.readouterr().out == f'weights   {best}, the newest best of {tmp_path}\n'
    )
    assert resolved(newest, say='weights') == str(newest)
    assert capsys.readouterr().out == ''


def test_the_best_is_that_of_the_last_training_whatever_is_newer(tmp_path, capsys):
    earlier = checkpoint(tmp_path / 'best_top1_epoch_9.pth', 0)
    own = checkpoint(tmp_path / 'best_top1_epoch_2.pth', 5)
    latest = checkpoint(tmp_path / 'epoch_3.pth', 6)
    (tmp_path / 'last_checkpoint').write_text(str(latest))
    note = tmp_path / 'best_checkpoint'
    for noted, taken, words in (
        ('best_top1_epoch_2.pth\n', own, 'the best of the last training'),
        ('', latest, f'of the last training in {tmp_path}; {earlier.name} is of an'),
        (f'{NOTHING_YET}\n', latest, 'of an earlier training: the last one has saved'),
    ):
        note.write_text(noted)
        assert resolved(tmp_path, say='weights') == str(taken)
        assert words in capsys.readouterr().out


def test_a_work_dir_stands_for_a_checkpoint_among_words(tmp_path):
    checkpoint(tmp_path / 'epoch_3.pth', 1)
    run = str(tmp_path)
    assert split_words([run, 'a.png']) == (run, None, ['a.png'])
    assert split_words(['a.py', run, 'a.png']) == ('a.py', run, ['a.png'])


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        ('train --data petz', 'petz does not exist; did you mean'),
        ('predict absent.pth pets', 'there is no checkpoint absent.pth'),
        ('predict pets pets', 'there is no checkpoint (*.pth) in the folder pets'),
        ('test pest', "no config, work_dir or checkpoint pest; did you mean 'pets'?"),
        ('report petz', "there is no work_dir petz; did you mean 'pets'?"),
    ],
)
def test_nothing_large_is_imported_to_refuse_it(tmp_path, words, message):
    (tmp_path / 'pets').mkdir()
    done = subprocess.run(
        [sys.executable, '-c', NO_TORCH, *words.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | dict(PYTHONPATH=os.path.dirname(os.path.dirname(__file__))),
    )
    assert done.returncode == 1, done.stderr
    assert message in done.stderr


def test_a_mistyped_work_dir_of_a_command_is_named(tmp_path, monkeypatch):
    (tmp_path / 'out_cls').mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no out_clss; did you mean 'out_cls'"):
        split_words(['out_clss', 'cat.png'])


@pytest.mark.parametrize(
    ('check', 'name', 'said'),
    [
        (check_work_dir, 'file', 'file is not a folder; name a work_dir'),
        (check_folder, 'file', 'file is not a folder; name the folder of the data'),
        (check_checkpoint, '.', '. is a folder, not a file; name a checkpoint'),
        (check_checkpoint, os.devnull, 'is a device, not a file; name a checkpoint'),
        (check_checkpoint, '', "expected the path or URL of a checkpoint, got ''"),
    ],
)
def test_what_is_there_but_something_else(check, name, said):
    """Of that it is never said that it does not exist, with its own name as a hint."""
    Path('file').touch()
    with pytest.raises(UserError) as caught:
        check(name)
    assert str(caught.value).endswith(said)
