"""Run the code blocks of one page: ``python run_page.py PAGE``, in a folder for it.

What a block may be, and what is done with it:

- ``python``, ``yaml``, ``json``: a first line ``# folder/name.py`` (for JSON: a
  comment ``<!-- file: name.json -->`` before the fence) writes the block to that
  file. Other ``python`` blocks run in order, in one namespace.
- ``bash``: every command runs and must succeed.
- ``console``: commands after ``$``, each with the output that it must give; ``...``
  stands for anything in a line, or for any lines. After
  ``<!-- numbers differ: REASON -->`` any number stands for any other.
- ``<!-- not run: REASON -->`` before the fence: left alone.
- ``<!-- run with: WORDS -->`` before the fence: the words are added to every mmlite
  command of the block, to save time.
"""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NamedTuple

LANGUAGES = ('bash', 'console', 'json', 'python', 'yaml')
_FENCE = re.compile(r'^```(\w*)\s*$')
_COMMENT = re.compile(r'^<!-- (not run|numbers differ|run with|file): (.+) -->$')
_FILE_NAME = re.compile(r'^# ([\w./-]+\.(?:py|yaml|yml))$')
_ANYTHING = {'...': '.*?', '...\n': r'(?:.*\n)*?'}
_NUMBER = re.compile(r'\d[\d.,:]*(?:e[+-]\d+)?')


class Block(NamedTuple):
    """One fenced block of a page; ``notes`` are the comments right above it."""

    line: int
    language: str
    text: str
    notes: dict[str, str]

    @property
    def file(self) -> str | None:
        """The file that the block is to be written to, if it names one."""
        found = _FILE_NAME.match(self.text.split('\n', 1)[0])
        return found[1] if found else self.notes.get('file')


def blocks_of(page: str) -> list[Block]:
    """All fenced blocks of a Markdown text, in order."""
    blocks: list[Block] = []
    notes: dict[str, str] = {}
    lines = iter(enumerate(page.split('\n'), 1))
    for number, line in lines:
        if fence := _FENCE.match(line):
            body = []
            for _, inner in lines:
                if inner.startswith('```'):
                    break
                body.append(inner)
            blocks.append(Block(number, fence[1], '\n'.join(body) + '\n', notes))
            notes = {}
        elif comment := _COMMENT.match(line):
            notes[comment[1]] = comment[2]
        elif line.strip():
            notes = {}
    return blocks


def run_page(path: Path) -> None:
    """Run every block of a page in the current folder."""
    names: dict = {'__name__': 'page'}
    for block in blocks_of(path.read_text()):
        try:
            if block.language in LANGUAGES and 'not run' not in block.notes:
                run_block(block, path, names)
        except BaseException:
            traceback.print_exc()
            sys.exit(f'{path}:{block.line}: this {block.language} block failed')


def run_block(block: Block, path: Path, names: dict) -> None:
    """Write or run one block."""
    if block.file:
        Path(block.file).parent.mkdir(parents=True, exist_ok=True)
        Path(block.file).write_text(block.text)
    elif block.language == 'python':
        # Line numbers of a traceback are those of the page.
        code = '\n' * block.line + block.text
        exec(compile(code, str(path), 'exec'), names)
    elif block.language == 'bash':
        for command in block.text.replace('\\\n', ' ').splitlines():
            status, output = run_command(command, block.notes.get('run with', ''))
            assert status == 0, f'{command}\nended with {status}:\n{output}'
    elif block.language == 'console':
        run_console(block)
    else:
        raise ValueError(f'a {block.language} block has to name its file')


def run_console(block: Block) -> None:
    """Run the commands of a console block, and compare what they print."""
    first, *parts = re.split(r'^\$ ', block.text.replace('\\\n', ' '), flags=re.M)
    assert not first.strip(), 'a console block begins with a command after "$ "'
    for part in parts:
        command, _, wanted = part.partition('\n')
        _, output = run_command(command, block.notes.get('run with', ''))
        if not is_like(output, wanted, 'numbers differ' in block.notes):
            raise AssertionError(f'{command}\nprinted:\n{output}\nexpected:\n{wanted}')


def is_like(output: str, wanted: str, numbers_differ: bool = False) -> bool:
    """Whether an output is the one that a page shows, ``...`` standing for anything."""
    output, wanted = (_plain(text, numbers_differ) for text in (output, wanted))
    pieces = re.split(r'(^\.\.\.\n|\.\.\.)', wanted, flags=re.M)
    pattern = ''.join(_ANYTHING.get(piece, re.escape(piece)) for piece in pieces)
    return re.fullmatch(pattern, output) is not None


def _plain(text: str, without_numbers: bool) -> str:
    lines = [' '.join(line.split()) for line in text.splitlines()]
    plain = ''.join(f'{line}\n' for line in lines if line)
    return _NUMBER.sub('0', plain) if without_numbers else plain


def run_command(command: str, more: str) -> tuple[int, str]:
    """Run one command; return its exit code and all that it printed."""
    words = shlex.split(command, comments=True)
    if not words:
        return 0, ''
    if words[0] == 'python' and words[1].startswith('tools/'):
        words[:2] = ['mmlite', Path(words[1]).stem.replace('_', '-')]
    if words[0] == 'mmlite':
        return run_mmlite(words[1:] + shlex.split(more))
    result = subprocess.run(
        ['bash', '-c', f'{command} {more}'],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return result.returncode, result.stdout


def import_before_fork() -> None:
    """Import once what every training run would import anew after the fork."""
    for name in ('matplotlib.pyplot', 'mmlite.models', 'torch._dynamo'):
        importlib.import_module(name)


def run_mmlite(arguments: list[str]) -> tuple[int, str]:
    """Run an mmlite command in a process of its own."""
    from mmlite.apis.cli import main

    if arguments[0] in ('train', 'test'):
        import_before_fork()
    with tempfile.TemporaryFile() as output:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            status = 70
            try:
                status = main(arguments)
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 1
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        return os.waitstatus_to_exitcode(status), output.read().decode()


if __name__ == '__main__':
    run_page(Path(sys.argv[1]))
