"""The command ``mmlite completion``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import NamedTuple

from .common import Command, suggested

__all__ = ['COMMAND', 'SHELLS']

_BASH = """\
# mmlite completion bash >> ~/.bash_completion
_mmlite() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" words="" values=""
    local before="${{COMP_WORDS[COMP_CWORD-1]}}"
    if [ "$word" = "=" ]; then  # --option=value is three words
        word=""
    elif [ "$before" = "=" ]; then
        before="${{COMP_WORDS[COMP_CWORD-2]}}"
    fi
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{commands}"
    else
        case "${{COMP_WORDS[1]}}" in
{cases}
        esac
        case "${{COMP_WORDS[1]}} $before" in
{values}
        esac
    fi
    local IFS=$' \n'
    # Not mapfile, which the bash of macOS lacks.
    if [ -n "$values" ] && [ "${{word#-}}" = "$word" ]; then
        COMPREPLY=($(compgen -W "$values" -- "$word"))
        [ ${{#COMPREPLY[@]}} -gt 0 ] && return
    fi
    if [ "$COMP_CWORD" -eq 1 ] || [ "${{word#-}}" != "$word" ]; then
        COMPREPLY=($(compgen -W "$words" -- "$word"))
    else
        IFS=$'\n'
        COMPREPLY=($(compgen -f -- "$word"))
    fi
}}
complete -o filenames -F _mmlite mmlite
"""
_ZSH = """\
#compdef mmlite
# mmlite completion zsh > ~/.zfunc/_mmlite, with fpath+=~/.zfunc before compinit
_mmlite() {{
    if (( CURRENT == 2 )); then
        local -a commands=({commands})
        _describe command commands
        return
    fi
    if [[ "$words[CURRENT]" != -* ]]; then
        case "$words[2] $words[CURRENT-1]" in
{values}
        esac
        _files
        return
    fi
    case "$words[2]" in
{cases}
    esac
}}
compdef _mmlite mmlite
"""


class _Option(NamedTuple):
    """An option of a command, or what stands at its first place.

    Args:
        flag: E.g. ``'--task'``; empty for a place.
        values: What it may be, as far as that is known.
        bare: Whether it stands alone, without a value.
    """

    flag: str
    values: list[str]
    bare: bool


_Described = dict[str, tuple[str, list[_Option]]]


def _bash(commands: _Described) -> str:
    cases = [
        f'            {name}) words="{_flags(options)}" ;;'
        for name, (_, options) in commands.items()
    ]
    values = [
        f'            {words}) values="{" ".join(given)}" ;;'
        for words, given in _values(commands)
    ]
    return _BASH.format(
        commands=' '.join(commands), cases='\n'.join(cases), values='\n'.join(values)
    )


def _zsh(commands: _Described) -> str:
    names = ' '.join(
        _quoted(f'{name}:{summary}') for name, (summary, _) in commands.items()
    )
    cases = [
        f'        {name}) compadd -- {_flags(options)} ;;'
        for name, (_, options) in commands.items()
    ]
    values = [
        f'            {words}) compadd -- {" ".join(given)} ;;'
        for words, given in _values(commands)
    ]
    return _ZSH.format(commands=names, cases='\n'.join(cases), values='\n'.join(values))


def _fish(commands: _Described) -> str:
    lines = ['# mmlite completion fish > ~/.config/fish/completions/mmlite.fish']
    for name, (summary, options) in commands.items():
        lines.append(
            f'complete -c mmlite -n __fish_use_subcommand -f -a {name} '
            f'-d {_quoted(summary)}'
        )
        for option in options:
            line = f"complete -c mmlite -n '__fish_seen_subcommand_from {name}'"
            if option.flag:
                line += f' -l {option.flag.removeprefix("--")}'
                line += '' if option.bare else ' -r'
            if option.values:
                line += f' -a {_quoted(" ".join(option.values))}'
            lines.append(line)
    return '\n'.join(lines) + '\n'


def _flags(options: list[_Option]) -> str:
    return ' '.join(option.flag for option in options if option.flag)


def _values(commands: _Described) -> Iterator[tuple[str, list[str]]]:
    """What follows a command, or an option of it, where that is known."""
    for name, (_, options) in commands.items():
        for option in options:
            if option.values:
                before = option.flag or name
                yield f'"{name} {before}"', option.values


def _quoted(text: str) -> str:
    """A text within single quotes, as all three shells read it."""
    return "'" + text.replace("'", '’') + "'"


#: What makes the script of each shell, from the summaries and flags of the commands.
SHELLS = {'bash': _bash, 'fish': _fish, 'zsh': _zsh}


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('shell', choices=sorted(SHELLS), help='shell to print it for')


def _run(args: argparse.Namespace) -> int:
    from . import COMMANDS

    print(SHELLS[args.shell]({c.name: _described(c) for c in COMMANDS}), end='')
    return 0


def _described(command: Command) -> tuple[str, list[_Option]]:
    """The summary of a command, and its long options."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    shown = [a for a in parser._actions if a.help != argparse.SUPPRESS]
    options = [
        _Option(flag, suggested(action), action.nargs == 0)
        for action in shown
        for flag in action.option_strings
        if flag.startswith('--')
    ]
    first = next((action for action in shown if not action.option_strings), None)
    if first is not None and (values := suggested(first)):
        options.append(_Option('', values, False))
    return command.summary, options


COMMAND = Command(
    'completion', 'print what lets a shell complete commands', _add_arguments, _run
)
