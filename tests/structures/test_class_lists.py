"""Lists of classes are compared by name."""

import itertools

import pytest

from mmlite.errors import DataError
from mmlite.structures.class_lists import (
    checked_names,
    class_mapping,
    in_names_of,
    names_of_categories,
)


@pytest.mark.parametrize('count', [1, 2, 3])
def test_every_selection_is_mapped_by_name(count):
    known = ('ant', 'bee', 'cat')
    for names in itertools.permutations(known, count):
        mapping = class_mapping(names, known)
        for label, name in enumerate(names):
            assert known[label if mapping is None else mapping[label]] == name
        unchanged = names == known[:count]
        assert (mapping is None) == unchanged


def test_a_name_that_is_not_known_is_refused():
    message = r"'catt' and 1 more are not .* 2 .*\(ant, cat\); did you mean 'cat'"
    with pytest.raises(DataError, match=message):
        class_mapping(['catt', 'ant', 'bee'], ['ant', 'cat'])


@pytest.mark.parametrize(
    ('names', 'known', 'expected'),
    [
        (['a'], ('b', 'c'), True),
        (['n01440764'], ['n01443537'], True),
        (['n01440764', 'dog'], ['tench'], True),
        (['n01440764'], ['no class of ImageNet'], False),
        (['a'], None, False),
        ([], ['a'], False),
        ([1, 2], ['a', 'b'], False),
        ('ab', ['a', 'b'], False),
    ],
)
def test_what_can_be_compared(names, known, expected):
    for ours, theirs in ((names, known), (known, names)):
        assert in_names_of(ours, theirs) == (list(theirs) if expected else None)


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        ('cat', 'expected a list of the names of classes, got'),
        (None, 'expected a list'),
        ({'cat': 0}, 'expected a list'),
        (['cat', 1], 'the name of class 1 is 1; expected a string'),
        (['cat', ' '], 'the name of class 1 is empty'),
        (['cat', 'dog', 'cat'], "the class 'cat' is listed twice"),
    ],
)
def test_what_is_no_list_of_names(names, message):
    with pytest.raises(DataError, match=f'a.json: {message}'):
        checked_names(names, 'a.json')


def test_categories_are_in_the_order_of_their_ids():
    categories = [
        dict(id=2, category_name='c'),
        dict(id=0, name='a'),
        dict(id=1, category_name='b', supercategory='x'),
    ]
    assert names_of_categories(categories, 'a.json') == ('a', 'b', 'c')


@pytest.mark.parametrize(
    'categories',
    [
        'ab',
        5,
        ['a', 'b'],
        [dict(id=0)],
        [dict(category_name='a')],
        [dict(id=1, category_name='a'), dict(id=2, category_name='b')],
        [dict(id=0, category_name='a'), dict(id=0, category_name='b')],
        [dict(id='0', category_name='a')],
        [dict(id=10**400, category_name='a')],
    ],
)
def test_what_are_no_categories(categories):
    with pytest.raises(DataError, match='a.json: '):
        names_of_categories(categories, 'a.json')
