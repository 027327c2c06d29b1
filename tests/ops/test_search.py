"""The nearest vectors are those of a full sort."""

from __future__ import annotations

import sys

import pytest
import torch

from mmlite.ops import nearest

GENERATOR = torch.Generator().manual_seed(0)
QUERIES = torch.randn(7, 5, generator=GENERATOR)
GALLERY = torch.randn(50, 5, generator=GENERATOR)


@pytest.mark.parametrize('chunk', [1, 8, 50, 1000])
@pytest.mark.parametrize('k', [1, 3, 49, 50, 60])
def test_it_is_a_full_sort(k, chunk):
    expected = torch.cosine_similarity(QUERIES[:, None], GALLERY[None], dim=2)
    expected = expected.sort(dim=1, descending=True)
    scores, places = nearest(QUERIES, GALLERY, k, chunk=chunk)
    torch.testing.assert_close(scores, expected.values[:, :k])
    assert torch.equal(places, expected.indices[:, :k])


@pytest.mark.parametrize('chunk', [2, 5, 64])
@pytest.mark.parametrize('k', [1, 4, 9])
def test_equal_ones_keep_the_order_of_the_gallery(k, chunk):
    gallery = torch.tensor([[1.0, 0.0], [0.0, 1.0]])[torch.tensor([1, 0, 1] * 4)]
    places = nearest(torch.tensor([[2.0, 0.0]]), gallery, k, chunk=chunk)[1]
    expected = [1, 4, 7, 10, 0, 2, 3, 5, 6, 8, 9, 11]
    assert places[0].tolist() == expected[:k]


def test_what_makes_no_sense_is_refused(monkeypatch):
    with pytest.raises(ValueError, match=r'one width, .* got \(7, 5\) and \(50, 4\)'):
        nearest(QUERIES, GALLERY[:, :4], 1)
    with pytest.raises(ValueError, match='at least 1, got 0'):
        nearest(QUERIES, GALLERY, 0)
    with pytest.raises(ValueError, match="'torch' or 'faiss', got 'fais'"):
        nearest(QUERIES, GALLERY, 1, backend='fais')
    monkeypatch.setitem(sys.modules, 'faiss', None)
    with pytest.raises(ImportError, match=r"pip install 'mmlite\[faiss\]'"):
        nearest(QUERIES, GALLERY, 1, backend='faiss')


def test_faiss_finds_the_same():
    pytest.importorskip('faiss')
    scores, places = nearest(QUERIES, GALLERY, 5, backend='faiss')
    expected, order = nearest(QUERIES, GALLERY, 5)
    torch.testing.assert_close(scores, expected)
    assert torch.equal(places, order)
