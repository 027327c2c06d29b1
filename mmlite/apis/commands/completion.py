"""The command ``mmlite completion``."""

from __future__ import annotations

import argparse

from .common import Command

__all__ = ['COMMAND', 'SHELLS']

_BASH = """\
# mmlite completion bash >> ~/.bash_completion
_mmlite() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" words=""
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{commands}"
    else
        case "${{COMP_WORDS[1]}}" in
{cases}
        esac
    fi
    # Not mapfile, which the bash of macOS lacks.
    if [ "$COMP_CWORD" -eq 1 ] || [ "${{word#-}}" != "$word" ]; then
        COMPREPLY=($(compgen -W "$words" -- "$word"))
    else
        local IFS=$'\n'
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
        _files
        return
    fi
    case "$words[2]" in
{cases}
    esac
}}
compdef _mmlite mmlite
"""


def _bash(commands: dict[str, tuple[str, list[str]]]) -> str:
    cases = [
        f'            {name}) words="{" ".join(flags)}" ;;'
        for name, (_, flags) in commands.items()
    ]
    return _BASH.format(commands=' '.join(commands), cases='\n'.join(cases))


def _zsh(commands: dict[str, tuple[str, list[str]]]) -> str:
    names = ' '.join(
        _quoted(f'{name}:{summary}') for name, (summary, _) in commands.items()
    )
    cases = [
        f'        {name}) compadd -- {" ".join(flags)} ;;'
        for name, (_, flags) in commands.items()
    ]
    return _ZSH.format(commands=names, cases='\n'.join(cases))


def _fish(commands: dict[str, tuple[str, list[str]]]) -> str:
    lines = ['# mmlite completion fish > ~/.config/fish/completions/mmlite.fish']
    for name, (summary, flags) in commands.items():
        lines.append(
            f'complete -c mmlite -n __fish_use_subcommand -f -a {name} '
            f'-d {_quoted(summary)}'
        )
        lines += [
            f"complete -c mmlite -n '__fish_seen_subcommand_from {name}' "
            f'-l {flag.removeprefix("--")}'
            for flag in flags
        ]
    return '\n'.join(lines) + '\n'


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


def _described(command: Command) -> tuple[str, list[str]]:
    """The summary of a command, and its long flags."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    flags = [
        flag
        for action in parser._actions
        for flag in action.option_strings
        if flag.startswith('--') and action.help != argparse.SUPPRESS
    ]
    return command.summary, flags


COMMAND = Command(
    'completion', 'print what lets a shell complete commands', _add_arguments, _run
)
