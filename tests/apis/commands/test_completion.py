"""What shells complete is what the commands take."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import redirect_stdout
from functools import cache
from io import StringIO

import pytest

from mmlite.apis.cli import main
from mmlite.apis.commands import COMMANDS


@cache
def printed(shell: str) -> str:
    """What the command prints for a shell."""
    with redirect_stdout(StringIO()) as out:
        assert main(['completion', shell]) == 0
    return out.getvalue()


@pytest.mark.parametrize('shell', ['bash', 'zsh', 'fish'])
def test_every_command_and_its_flags_are_there(shell):
    text = printed(shell)
    for command in COMMANDS:
        assert command.name in text
    for flag in ('data', 'resume', 'work-dir', 'show-dir'):
        assert f'--{flag}' in text or f'-l {flag}' in text
    assert 'local_rank' not in text  # for older launchers alone


@pytest.mark.parametrize('shell', ['bash', 'zsh', 'fish'])
def test_the_shell_reads_it(shell, tmp_path):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f'{shell} is not installed')
    path = tmp_path / 'script'
    path.write_text(printed(shell))
    subprocess.run([program, '-n', str(path)], check=True)


@pytest.mark.skipif(shutil.which('bash') is None, reason='bash is not installed')
@pytest.mark.parametrize(
    ('words', 'found'),
    [
        (['mmlite', 'tr'], ['train']),
        (['mmlite', 'train', '--res'], ['--resume']),
        (['mmlite', 'train', 'some'], ['some file.py']),
        (['mmlite', 'train', '--task', 'st'], ['stereo']),
        (['mmlite', 'train', '--task', '=', 'ga'], ['gait']),
        (['mmlite', 'train', '--model', 'gaitbase_t'], ['gaitbase_tiny']),
        (['mmlite', 'export', '--format', ''], ['onnx', 'torch-export']),
        (['mmlite', 'convert', '--from', 'mmp'], ['mmpretrain']),
        (['mmlite', 'completion', 'z'], ['zsh']),
    ],
)
def test_bash_completes(words, found, tmp_path):
    (tmp_path / 'some file.py').touch()
    text = printed('bash')
    quoted = ' '.join(f"'{word}'" for word in words)
    ask = (
        f'COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _mmlite; '
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    result = subprocess.run(
        ['bash', '-c', f'{text}\n{ask}'], text=True, capture_output=True, cwd=tmp_path
    )
    assert result.stdout.splitlines() == found, result.stderr


def test_values_in_zsh_and_fish():
    zsh = printed('zsh')
    assert '"export --format") compadd -- onnx torch-export ;;' in zsh
    assert '"train --task") compadd -- classification ' in zsh
    fish = printed('fish')
    seen = "complete -c mmlite -n '__fish_seen_subcommand_from {}' -l {}"
    assert seen.format('export', "format -r -a 'onnx torch-export'\n") in fish
    assert seen.format('export', 'dynamic\n') in fish  # takes no value


def test_an_unknown_shell(capsys):
    with pytest.raises(SystemExit):
        main(['completion', 'csh'])
    assert 'invalid choice' in capsys.readouterr().err
