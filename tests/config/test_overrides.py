import argparse

import pytest

from mmlite.config import OverrideAction
from mmlite.config.overrides import Override, as_overrides, parse_override
from mmlite.errors import ConfigError


@pytest.mark.parametrize(
    ('text', 'override'),
    [
        ('lr=1e-3', Override(('lr',), 1e-3)),
        ('a.b.0.c=x=y', Override(('a', 'b', '0', 'c'), 'x=y')),
        ('+a.b=[1,2]', Override(('a', 'b'), [1, 2], new=True)),
        ('s=', Override(('s',), '')),
    ],
)
def test_parse_override(text, override):
    assert parse_override(text) == override


@pytest.mark.parametrize('text', ['lr', '=3', '+=3', ''])
def test_what_is_no_override(text):
    with pytest.raises(ValueError) as caught:
        parse_override(text)
    assert str(caught.value) == f'expected KEY=VALUE, got {text!r}'


def test_a_dict_of_overrides():
    assert as_overrides({'a.b': '1', '+c': None}) == [
        Override(('a', 'b'), '1'),
        Override(('c',), None, new=True),
    ]


def test_all_bad_texts_are_reported():
    with pytest.raises(ConfigError) as caught:
        as_overrides(['a=1', 'lr', 'b=[1'])
    assert str(caught.value) == (
        "expected KEY=VALUE, got 'lr'\nthe bracket '[' is not closed in '[1'"
    )


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument('--cfg-options', nargs='+', action=OverrideAction, default=[])
    return parser


def test_the_option_can_be_repeated_and_keeps_the_order(parser):
    line = ['--cfg-options', 'b=1', 'a=hello world', '--cfg-options', 'b=[2, 3]']
    args = parser.parse_args(line)
    assert args.cfg_options == ['b=1', 'a=hello world', 'b=[2, 3]']
    assert parser.parse_args([]).cfg_options == []


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('lr', "expected KEY=VALUE, got 'lr'"),
        ('lr=[1', "the bracket '[' is not closed in '[1'"),
    ],
)
def test_the_option_refuses_what_it_cannot_read(parser, text, message):
    with pytest.raises(argparse.ArgumentError) as caught:
        parser.parse_args(['--cfg-options', text])
    assert str(caught.value) == f'argument --cfg-options: {message}'


def test_a_value_that_is_nested_too_deep():
    with pytest.raises(ConfigError, match='the value of a is nested too deep'):
        as_overrides(['a=' + '[' * 2000 + ']' * 2000])
