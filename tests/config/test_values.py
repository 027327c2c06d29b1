import math

import pytest

from mmlite.config import parse_value


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('3', 3),
        ('-1', -1),
        ('1e-3', 1e-3),
        ('.5', 0.5),
        ('inf', math.inf),
        ('true', True),
        ('False', False),
        ('none', None),
        ('None', None),
        ('null', None),
        ('', ''),
        ('hello world', 'hello world'),
        (' padded ', 'padded'),
        ('"1"', '1'),
        ("'true'", 'true'),
        ('" padded "', ' padded '),
        ('a.b/c-d', 'a.b/c-d'),
        ("don't", "don't"),
        ('epoch_{}.pth', 'epoch_{}.pth'),
        ('runs (old)', 'runs (old)'),
        ('[a]b', '[a]b'),
        ('https://a.b/c?x=1', 'https://a.b/c?x=1'),
        ('C:\\new', 'C:\\new'),
        ('...', '...'),
        ('2024-11-21', '2024-11-21'),
    ],
)
def test_plain_values(text, value):
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


def test_nan():
    assert math.isnan(parse_value('nan'))


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('[1, 2]', [1, 2]),
        ('[a,b]', ['a', 'b']),
        ("['a b','c']", ['a b', 'c']),
        ('[a b, c]', ['a b', 'c']),
        ('[a-b, c/d.py]', ['a-b', 'c/d.py']),
        ('[]', []),
        ('()', ()),
        ('(3,)', (3,)),
        ('(3)', (3,)),
        ('(1,(2,3))', (1, (2, 3))),
        ('[(1,2),[a,none],c]', [(1, 2), ['a', None], 'c']),
        ('1,2', [1, 2]),
        ('1,', [1]),
        ('(1,2),(3,4)', [(1, 2), (3, 4)]),
        ('/a/b,c', ['/a/b', 'c']),
        ('"/a/b,c"', '/a/b,c'),
        ('["[", ","]', ['[', ',']),
        ('{}', {}),
        ('{a: 1}', {'a': 1}),
        ('{"a b": [1, 2], 3: x}', {'a b': [1, 2], 3: 'x'}),
        ('dict()', {}),
        ('dict(a=1)', {'a': 1}),
        (
            'dict(type=SGD, betas=(0.9, 0.999), inner=dict(x="a, b"))',
            {'type': 'SGD', 'betas': (0.9, 0.999), 'inner': {'x': 'a, b'}},
        ),
        (
            '[dict(type=A), dict(type=B, p=0.5)]',
            [{'type': 'A'}, {'type': 'B', 'p': 0.5}],
        ),
    ],
)
def test_nested_values(text, value):
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('[1,2', "the bracket '[' is not closed in '[1,2'"),
        ('(1,2]', "the bracket '(' is not closed in '(1,2]'"),
        ('dict(a=[1)', "the bracket '(' is not closed in 'dict(a=[1)'"),
        ('"abc', 'the quote " is not closed in \'"abc\''),
        ('dict(a)', "expected KEY=VALUE in a dict, got 'a'"),
        ('{a}', "expected KEY:VALUE in a dict, got 'a'"),
    ],
)
def test_what_is_not_closed(text, message):
    with pytest.raises(ValueError) as caught:
        parse_value(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    'value',
    [1, -2.5, 'a', '1', 'true', 'a b, c', [], [1, 'x'], ((1, 2), 'y'), {'k': [None]}],
)
def test_what_python_prints_is_read(value):
    assert parse_value(repr(value)) == value
