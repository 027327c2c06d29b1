"""Errors that a user can cause, and so can correct.

The command line prints their message alone, without a traceback; everything
else that is raised is a defect of the program and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

__all__ = [
    'CheckpointError',
    'ConfigError',
    'DataError',
    'DataNotFoundError',
    'MissingDependencyError',
    'Problem',
    'TrainingError',
    'UserError',
    'at',
    'check_at_least',
    'check_choice',
    'check_fraction',
    'check_positive',
    'did_you_mean',
    'edit_distance',
    'needs_package',
    'suggestion',
    'wrong_choice',
]


class UserError(Exception):
    """Base of all errors whose message says what a user can do.

    Attributes:
        exit_code: What the command line exits with.
    """

    exit_code = 1


class DataError(UserError, ValueError):
    """Data is there, but is not what the config says."""


class DataNotFoundError(DataError):
    """Data is absent, and could not be downloaded."""


class CheckpointError(UserError, ValueError):
    """A checkpoint cannot be read, or belongs to another model."""


class TrainingError(UserError, RuntimeError):
    """Training cannot go on, e.g. because the loss is NaN."""


class MissingDependencyError(UserError, ImportError):
    """An optional package is not installed.

    Args:
        package: The package that is missing.
        extra: The extra of mmlite that installs it.
        purpose: What needs it.

    Example:
        >>> print(MissingDependencyError('safetensors', 'io', 'a .safetensors file'))
        a .safetensors file needs the package 'safetensors'; pip install 'mmlite[io]'
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}; pip install 'mmlite[{extra}]'"
        )
        self.name = package


@contextmanager
def needs_package(package: str, extra: str, purpose: str) -> Iterator[None]:
    """Import an optional package within, and say what to do where that fails.

    Args:
        package: The package.
        extra: The extra of mmlite that installs it.
        purpose: What needs it.

    Raises:
        MissingDependencyError: if it is not installed.
        UserError: if it is, and fails: a torchvision that was built for another torch
            does so with a ``RuntimeError``.

    Example:
        >>> with needs_package('torchvision', 'timm', 'TIMMBackbone'):
        ...     raise RuntimeError('operator torchvision::nms does not exist')
        Traceback (most recent call last):
        mmlite.errors.UserError: TIMMBackbone needs the package 'torchvision', ...
    """
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(package, extra, purpose) from error
    except Exception as error:
        raise UserError(
            f'{purpose} needs the package {package!r}, which is there but cannot be '
            f'imported: {type(error).__name__}: {error}; a torchvision that was built '
            'for another torch fails in this way: install both from the same index'
        ) from error


class Problem:
    """One thing that is wrong with a config.

    Args:
        path: Where it is, e.g. ``'model.backbone'``; ``''`` is the root.
        message: What was expected, what came, and what to do. One that begins
            with ``is`` or ``has`` reads on from the path.

    Example:
        >>> print(Problem('model', "unknown type 'ResNett'"))
        model: unknown type 'ResNett'
        >>> print(Problem('model.head.num_classes', 'is 5, but there are 10 classes'))
        model.head.num_classes is 5, but there are 10 classes
    """

    def __init__(self, path: str, message: str) -> None:
        self.path = path
        self.message = message

    def under(self, *keys: str) -> Problem:
        """The same problem seen from further out."""
        return Problem(
            '.'.join([*keys, self.path] if self.path else keys), self.message
        )

    def __str__(self) -> str:
        if not self.path:
            return self.message
        sign = ' ' if self.message.startswith(('is ', 'has ')) else ': '
        return f'{self.path}{sign}{self.message}'


class ConfigError(UserError, ValueError):
    """One or more mistakes in a config.

    Args:
        problems: The mistakes; a plain string is one at the root.
        source: The config file, if there is one.
        cfg: The dict that could not be built; lets the builder of the dict
            around it find out under which key it stands.

    Example:
        >>> print(ConfigError([Problem('model.neck', "no argument 'in'")], 'a.py'))
        a.py: model.neck: no argument 'in'
    """

    def __init__(
        self,
        problems: str | Iterable[Problem],
        source: str | None = None,
        cfg: object = None,
    ) -> None:
        if isinstance(problems, str):
            problems = [Problem('', problems)]
        self.problems = list(problems)
        self.source = source
        self.cfg = cfg
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f'{self.source}: ' if self.source else ''
        return '\n'.join(head + str(problem) for problem in self.problems)

    def under(self, *keys: str) -> ConfigError:
        """The same error seen from further out, e.g. ``err.under('model')``."""
        return ConfigError([p.under(*keys) for p in self.problems], self.source)


@contextmanager
def at(*keys: str) -> Iterator[None]:
    """Put ``keys`` before the path of every config error inside.

    One that names its file has its whole path already.

    Example:
        >>> with at('train_dataloader', 'dataset'):
        ...     raise ConfigError('unknown type')
        Traceback (most recent call last):
        mmlite.errors.ConfigError: train_dataloader.dataset: unknown type
    """
    try:
        yield
    except ConfigError as error:
        if error.source is not None:
            raise
        raise ConfigError(error.under(*keys).problems) from error.__cause__


def check_at_least(least: float, **settings: float | None) -> None:
    """Check that settings are large enough; those that are None are not checked.

    Raises:
        ValueError: if one is not.

    Example:
        >>> check_at_least(0, lr=-1.0)
        Traceback (most recent call last):
        ValueError: lr must be at least 0, got -1.0
    """
    for name, value in settings.items():
        if value is not None and not value >= least:
            raise ValueError(f'{name} must be at least {least}, got {value!r}')


def check_positive(**settings: float | None) -> None:
    """Check that settings are above 0; those that are None are not checked.

    Raises:
        ValueError: if one is not.

    Example:
        >>> check_positive(temperature=0.0)
        Traceback (most recent call last):
        ValueError: temperature must be positive, got 0.0
    """
    for name, value in settings.items():
        if value is not None and not value > 0:
            raise ValueError(f'{name} must be positive, got {value!r}')


def check_fraction(**settings: float | None) -> None:
    """Check that settings lie in [0, 1]; those that are None are not checked.

    Raises:
        ValueError: if one does not.

    Example:
        >>> check_fraction(prob=1.5)
        Traceback (most recent call last):
        ValueError: prob must lie in [0, 1], got 1.5
    """
    for name, value in settings.items():
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f'{name} must lie in [0, 1], got {value!r}')


def check_choice(choices: Iterable[object], **settings: object) -> None:
    """Check that settings are among some choices.

    Raises:
        ValueError: if one is not.

    Example:
        >>> check_choice(('horizontal', 'vertical'), direction='vertcal')
        Traceback (most recent call last):
        ValueError: direction must be 'horizontal' or 'vertical', got 'vertcal'; did ...
    """
    for name, value in settings.items():
        if value not in choices:
            raise ValueError(wrong_choice(name, value, choices))


def wrong_choice(name: str, value: object, choices: Iterable[object]) -> str:
    """What to say of a setting that is not among some choices.

    Example:
        >>> wrong_choice('dim', 4, [1, 2, 3])
        'dim must be 1, 2 or 3, got 4'
    """
    *others, last = map(repr, choices)
    listed = f'{", ".join(others)} or {last}' if others else last
    hint = did_you_mean(value, choices) if isinstance(value, str) else ''
    return f'{name} must be {listed}, got {value!r}{hint}'


def did_you_mean(word: object, words: Iterable[object], cutoff: float = 0.6) -> str:
    """A hint at the end of an error message, or ``''`` if nothing is near.

    Args:
        word: What was written.
        words: What could have been.
        cutoff: The least similarity that counts, from 0 to 1 (identical).

    Example:
        >>> did_you_mean('dept', ['depth', 'style'])
        "; did you mean 'depth'?"
    """
    by_lower = {str(w).lower(): str(w) for w in words}
    near = difflib.get_close_matches(str(word).lower(), by_lower, n=1, cutoff=cutoff)
    return f'; did you mean {by_lower[near[0]]!r}?' if near else ''


def suggestion(word: object, words: Collection[object]) -> str:
    """The end of an error message: the word that is near, or else all there are.

    Args:
        word: What was written.
        words: What could have been.

    Example:
        >>> suggestion('mon', ['sun', 'moon']), suggestion('x', ['sun', 'moon'])
        ("; did you mean 'moon'?", '; there are sun, moon')
    """
    return did_you_mean(word, words) or f'; there are {", ".join(map(str, words))}'


def edit_distance(a: str, b: str) -> int:
    """The number of typos that lead from one word to another.

    A typo is a letter too many, too few or wrong, or two letters swapped (the
    Damerau-Levenshtein distance in which no letter is edited twice).

    Example:
        >>> edit_distance('modle', 'model'), edit_distance('wraper', 'wrapper')
        (1, 1)
    """
    two_above: list[int] = []
    above: list[int] = []
    row = list(range(len(b) + 1))
    for i in range(1, len(a) + 1):
        two_above, above, row = above, row, [i]
        for j in range(1, len(b) + 1):
            typos = min(
                above[j] + 1, row[-1] + 1, above[j - 1] + (a[i - 1] != b[j - 1])
            )
            if i > 1 and j > 1 and a[i - 2 : i] == b[j - 1] + b[j - 2]:
                typos = min(typos, two_above[j - 2] + 1)
            row.append(typos)
    return row[-1]
