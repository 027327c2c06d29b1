"""Classes of ImageNet in words and as WordNet ids are the same classes."""

import pytest

from mmlite.structures import class_mapping, in_names_of
from mmlite.structures.wordnet import _words, renamed, wordnet_ids

WORDS = _words()
IDS, NAMES = list(WORDS), list(WORDS.values())
ORDERS = [slice(None), slice(None, None, -1), slice(3, 400, 7)]
CRANE = 'crane'  # the bird is 134, the machine 517


def test_the_list_is_that_of_imagenet():
    assert len(IDS) == 1000 and sorted(IDS) == IDS
    assert [n for n in NAMES if NAMES.count(n) > 1] == [CRANE] * 2
    # Classes that papers and other packages know by these numbers.
    found = [WORDS[IDS[i]].split(', ')[0] for i in (0, 207, 281, 817, 134, 517, 999)]
    names = ['tench', 'golden retriever', 'tabby', 'sports car', CRANE, CRANE]
    assert found == [*names, 'toilet tissue']


def test_names_in_the_usual_order():
    assert wordnet_ids(NAMES) == IDS
    own_words = ['rooster' if n == 'cock' else n for n in NAMES]
    assert wordnet_ids(own_words) == IDS


@pytest.mark.parametrize('order', ORDERS[1:])
@pytest.mark.parametrize('style', [str, str.title, lambda n: n.split(', ')[0]])
def test_every_name_in_any_order(order, style):
    ids = [
        each
        for each in IDS[order]
        if wordnet_ids([style(WORDS[each])]) == [each]  # but for a few shared names
    ]
    assert len(ids) > 0.96 * len(IDS[order])
    assert wordnet_ids([style(WORDS[each]) for each in ids]) == ids
    assert renamed(ids, [style(WORDS[i]) for i in ids]) == [
        style(WORDS[i]) for i in ids
    ]


def test_names_that_are_not_understood():
    for names in (['dragon'], [CRANE], ['tench', 'tench'], NAMES[::-1]):
        assert wordnet_ids(names) is None
    assert wordnet_ids(['x'] * 1000) is None


@pytest.mark.parametrize('order', ORDERS)
def test_labels_are_mapped_across_both_kinds(order):
    chosen = [each for each in IDS if WORDS[each] != CRANE]
    ids, names = chosen, [WORDS[each] for each in chosen]
    expected = list(range(len(chosen)))[order]
    for ours, theirs in ((ids[order], names), (names[order], ids)):
        found = class_mapping(ours, in_names_of(ours, theirs))
        assert (found or list(range(len(ours)))) == expected
