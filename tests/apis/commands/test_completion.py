"""What shells complete is what the commands take."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from mmlite.apis.cli import main
from mmlite.apis.commands import COMMANDS


def script(shell: str, capsys) -> str:
    """What the command prints for a shell."""
    assert main(['completion', shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize('shell', ['bash', 'zsh', 'fish'])
def test_every_command_and_its_flags_are_there(shell, capsys):
    text = script(shell, capsys)
    for command in COMMANDS:
        assert command.name in text
    for flag in ('data', 'resume', 'work-dir', 'show-dir'):
        assert f'--{flag}' in text or f'-l {flag}' in text
    assert 'local_rank' not in text  # for older launchers alone


@pytest.mark.parametrize('shell', ['bash', 'zsh', 'fish'])
def test_the_shell_reads_it(shell, capsys, tmp_path):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f'{shell} is not installed')
    path = tmp_path / 'script'
    path.write_text(script(shell, capsys))
    subprocess.run([program, '-n', str(path)], check=True)


@pytest.mark.skipif(shutil.which('bash') is None, reason='bash is not installed')
@pytest.mark.parametrize(
    ('words', 'found'),
    [
        (['mmlite', 'tr'], ['train']),
        (['mmlite', 'train', '--res'], ['--resume']),
        (['mmlite', 'train', 'some'], ['some file.py']),
    ],
)
def test_bash_completes(words, found, capsys, tmp_path):
    (tmp_path / 'some file.py').touch()
    text = script('bash', capsys)
    quoted = ' '.join(f"'{word}'" for word in words)
    ask = (
        f'COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _mmlite; '
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    result = subprocess.run(
        ['bash', '-c', f'{text}\n{ask}'], text=True, capture_output=True, cwd=tmp_path
    )
    assert result.stdout.splitlines() == found, result.stderr


def test_an_unknown_shell(capsys):
    with pytest.raises(SystemExit):
        main(['completion', 'csh'])
    assert 'invalid choice' in capsys.readouterr().err
