"""Text files of paths and labels."""

from pathlib import Path

import pytest

from mmlite.datasets.list_file import ListFile
from mmlite.errors import DataError


def read(text, classes=None, extensions=('.png', '.jpg')):
    Path('t.txt').write_text(text, encoding='utf-8')
    lines = ListFile('t.txt', extensions)
    return (*lines.labelled(classes), lines.classes)


@pytest.mark.parametrize(
    ('text', 'classes', 'expected'),
    [
        ('a.png 1\nb.JPG 0', None, (['a.png', 'b.JPG'], [1, 0], None)),
        ('a.png\t1\r\nb.png\t0\r\n', None, (['a.png', 'b.png'], [1, 0], None)),
        ('\ufeffa.png 12', None, (['a.png'], [12], None)),
        (
            'my cat.png golden retriever\nx.png/b c.jpg cat',
            None,
            (
                ['my cat.png', 'x.png/b c.jpg'],
                [1, 0],
                ('cat', 'golden retriever'),
            ),
        ),
        ('a.png golden retriever', ['cat', 'golden retriever'], (['a.png'], [1], None)),
        # No ending says where the path ends: the longest class does.
        (
            'n/a golden retriever',
            ['retriever', 'golden retriever'],
            (['n/a'], [1], None),
        ),
        ('n/a golden retriever', ['retriever'], (['n/a golden'], [0], None)),
        ('n/a 1', ['x', 'y'], (['n/a'], [1], None)),
        # Classes that are numbers are names first.
        ('a.png 10', ['7', '10'], (['a.png'], [1], None)),
    ],
)
def test_lines(text, classes, expected):
    assert read(text, classes) == expected


@pytest.mark.parametrize(
    ('text', 'classes', 'message'),
    [
        ('a.png 0\nb.png 1.5', None, 't.txt:2: label .1.5. is not an integer'),
        ('a.png 0\nb.png nan', None, 't.txt:2: label .nan. is not an integer'),
        ('a.png 0\nb.png 1\nc.png x', None, 't.txt:3: label .x. is not an integer'),
        ('a.png 0 1', None, "t.txt:1: '0 1' are several labels"),
        ('a.png -1', None, 't.txt:1: label -1 is not a class'),
        (f'a.png {10**19}', None, r't.txt:1: label 1000\d+ is not a class'),
        (f'a.png {"9" * 5000}', None, r't.txt:1: label 9{20}\.\.\. is not a class'),
        ('a.png 2', ['x', 'y'], 't.txt:1: label 2 is not a class; they go from 0 to 1'),
        ('a.png x\nb.png z', ['x', 'y'], "t.txt:2: 'z' is none of the 2 classes"),
        ('a.png', None, 't.txt:1: expected "path label"'),
        ('a\0.png 1', None, 't.txt:1: a line of text has no null character'),
    ],
)
def test_mistakes_are_named_with_their_line(text, classes, message):
    with pytest.raises(DataError, match=message):
        read(text, classes)
