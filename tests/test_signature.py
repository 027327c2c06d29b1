from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Optional, Protocol

import numpy as np
import pytest
from mmengine.config import ConfigDict
from mmengine.optim import AmpOptimWrapper, LinearLR
from torch import Tensor, nn
from torch.optim import SGD

from mmlite.signature import (
    argument_problems,
    arguments_of,
    default_of,
    fits,
    kind_name,
    value_name,
)


class Base:
    def __init__(self, depth: int, style='pytorch'): ...


class HandsOn(Base):
    def __init__(self, width: float = 1.0, **kwargs):
        super().__init__(**kwargs)


class SetsOne(Base):
    def __init__(self, **kwargs):
        super().__init__(18, **kwargs)


class SetsOneByName(Base):
    def __init__(self, **kwargs):
        Base.__init__(self, style='caffe', **kwargs)


class Keeps(Base):
    def __init__(self, **kwargs):
        self.kwargs = kwargs
        super().__init__(**kwargs)


class Module(nn.Module):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)


class NoConstructor(HandsOn):
    pass


@pytest.mark.parametrize(
    ('target', 'required', 'names', 'is_open'),
    [
        (Base, ('depth',), {'depth', 'style'}, False),
        (HandsOn, ('depth',), {'width', 'depth', 'style'}, False),
        (NoConstructor, ('depth',), {'width', 'depth', 'style'}, False),
        (SetsOne, (), {'style'}, False),
        (SetsOneByName, ('depth',), {'depth'}, False),
        (Keeps, (), set(), True),
        (Module, (), set(), False),
        (nn.Module, (), set(), False),
        (dict, (), set(), True),
        (lambda a, *args, b=1, **kwargs: None, ('a',), {'a', 'b'}, True),
    ],
)
def test_arguments_of(target, required, names, is_open):
    arguments = arguments_of(target)
    assert arguments.required == required
    assert set(arguments.kinds) == names
    assert arguments.open is is_open


def test_arguments_of_a_scheduler_are_without_what_its_mixin_sets():
    arguments = arguments_of(LinearLR)
    assert arguments.required == ('optimizer',)
    assert 'param_name' not in arguments.kinds
    assert not arguments.open


def test_arguments_of_wrapper_and_optimizer():
    assert {'optimizer', 'clip_grad', 'dtype'} <= set(arguments_of(AmpOptimWrapper)[1])
    assert arguments_of(SGD).required == ('params',)


def test_a_default_widens_an_annotation():
    def function(a: dict = None, b: int = 0.5, c: int = 3): ...

    assert argument_problems(function, dict(a=None, b='x', c=3)) == []
    assert [p.path for p in argument_problems(function, dict(a=3, c='x'))] == ['a', 'c']


class Untestable(Protocol):
    def method(self): ...


@pytest.mark.parametrize(
    ('value', 'kind'),
    [
        (1, int),
        (1, float),
        (True, bool),
        ([1, 2], tuple[int, int]),
        ([1, 2], Sequence[int]),
        ((1, 2), list),
        ([[1, 2], [3]], Sequence[Sequence[int]]),
        (ConfigDict(a=1), dict),
        ({}, Mapping[str, int]),
        (dict(type='X'), nn.Module),
        ('x', Path),
        ([1.0], np.ndarray),
        ('relu', Callable),
        (None, int | None),
        (None, Optional[int]),  # noqa: UP045
        (None, Any),
        ('a', Literal['a', 'b']),
        (nn.Identity(), int),
        (3, 'a string that nothing resolves'),
        (3, Untestable),
        (0.1, float | Tensor),
        ([1.0, 2.0], Tensor | None),
    ],
)
def test_what_fits(value, kind):
    assert fits(value, kind)


@pytest.mark.parametrize(
    ('value', 'kind'),
    [
        ('18', int),
        (1.0, int),
        (True, int),
        (True, float),
        (1, bool),
        (1, str),
        ([1], int),
        ('ab', Sequence[str]),
        (['a'], Sequence[int]),
        ([1, 'a'], tuple[int, int]),
        ([1], dict),
        (None, int),
        ('c', Literal['a', 'b']),
        ('x', int | float | None),
        (3, nn.Module),
        ('fast', float | Tensor),
        (dict(a=1), Tensor),
    ],
)
def test_what_does_not_fit(value, kind):
    assert not fits(value, kind)


def build(depth: int, out_indices: Sequence[int] = (), norm: dict | None = None): ...


@pytest.mark.parametrize(
    ('args', 'lines'),
    [
        (dict(depth=18), []),
        (dict(), ["build needs the argument 'depth' (int)"]),
        (dict(dept=18), ["build has no argument 'dept'; did you mean 'depth'?"]),
        (
            dict(depth=18, dept=34),
            ["build has no argument 'dept'; did you mean 'depth'?"],
        ),
        (
            dict(depth=18, zzz=1),
            ["build has no argument 'zzz'; it takes out_indices, norm"],
        ),
        (dict(depth='18'), ["depth: build expects int, got '18' (str)"]),
        (
            dict(depth=18, norm='BN', out_indices=3),
            [
                "norm: build expects dict | None, got 'BN' (str)",
                'out_indices: build expects Sequence[int], got 3 (int)',
            ],
        ),
        (
            dict(depht=18, norm=3),
            [
                "build has no argument 'depht'; did you mean 'depth'?",
                'norm: build expects dict | None, got 3 (int)',
            ],
        ),
    ],
)
def test_argument_problems(args, lines):
    assert [str(p) for p in argument_problems(build, args)] == lines


def test_what_is_given_is_neither_missing_nor_unknown():
    assert argument_problems(build, dict(taken=1), given=('depth', 'taken')) == []


def test_nothing_to_take():
    (problem,) = argument_problems(Module, dict(a=1))
    assert str(problem) == "Module has no argument 'a'; it takes no other"


@pytest.mark.parametrize(
    ('kind', 'name'),
    [
        (int, 'int'),
        (int | None, 'int | None'),
        (Optional[str], 'str | None'),  # noqa: UP045
        (Sequence[int], 'Sequence[int]'),
        (tuple[int, int], 'tuple[int, int]'),
        (Literal['a', 'b'], "'a' | 'b'"),
    ],
)
def test_kind_name(kind, name):
    assert kind_name(kind) == name


@pytest.mark.parametrize(
    ('value', 'name'),
    [
        (None, 'None'),
        ('a', "'a' (str)"),
        (ConfigDict(a=1), "{'a': 1} (dict)"),
        (list(range(100)), '[0, 1, 2, 3, 4, 5, ...] (list)'),
    ],
)
def test_value_name(value, name):
    assert value_name(value) == name


@pytest.mark.parametrize(
    ('target', 'name', 'default'),
    [
        (Base, 'depth', None),
        (Base, 'style', 'pytorch'),
        (NoConstructor, 'style', 'pytorch'),
        (NoConstructor, 'width', 1.0),
        (SetsOneByName, 'style', None),  # not that of the class below
        (Keeps, 'style', None),
        (Base, 'nothing', None),
    ],
)
def test_default_of(target, name, default):
    assert default_of(target, name) == default


class Abstract(ABC):
    @abstractmethod
    def transform(self, results): ...


class Typo(Abstract):
    def transfrom(self, results): ...


def test_a_method_that_is_not_defined_is_named():
    assert argument_problems(type('Done', (Typo,), dict(transform=len)), {}) == []
    typo, bare = (str(*argument_problems(kind, {})) for kind in (Typo, Abstract))
    missing = "does not define the method 'transform'"
    assert typo == f"Typo {missing}; did you mean it by 'transfrom'?"
    assert bare == f'Abstract {missing}'
