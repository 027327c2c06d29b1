"""The nearest vectors of a gallery, exactly, in bounded memory."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import check_choice

__all__ = ['nearest']


def nearest(
    queries: Tensor,
    gallery: Tensor,
    k: int,
    chunk: int | None = None,
    backend: str = 'torch',
) -> tuple[Tensor, Tensor]:
    """The ``k`` vectors of the gallery with the highest cosines to each query.

    The gallery is looked at in chunks, so that beside it only a chunk and its
    similarities are in memory. Equal similarities keep the order of the gallery.

    Args:
        queries: ``(N, D)``.
        gallery: ``(M, D)``; moved to the device of the queries chunk by chunk.
        k: How many are wanted; all there are if there are fewer.
        chunk: How many vectors are compared at once; by default 2,048 on a CPU, whose
            cache holds these with their similarities, and 8,192 elsewhere.
        backend: ``'torch'``, or ``'faiss'``, which is an optional extra; it does not
            say in which order equal similarities come.

    Returns:
        The cosines, from -1 to 1, the highest first, and the places in the gallery,
        ``(N, min(k, M))``.

    Raises:
        ValueError: if the widths differ, a number is out of range, or the backend is
            unknown.
        ImportError: if faiss is wanted, and not installed.

    Example:
        >>> gallery = torch.tensor([[4.0, -3.0], [3.0, 4.0], [6.0, 8.0]])
        >>> nearest(torch.tensor([[0.6, 0.8]]), gallery, k=2)[1]
        tensor([[1, 2]])
    """
    if queries.ndim != 2 or gallery.ndim != 2 or queries.size(1) != gallery.size(1):
        raise ValueError(
            'queries and gallery are vectors of one width, (N, D) and (M, D), got '
            f'{tuple(queries.shape)} and {tuple(gallery.shape)}'
        )
    if chunk is None:
        chunk = 2**11 if queries.device.type == 'cpu' else 2**13
    if k < 1 or chunk < 1 or not len(gallery):
        raise ValueError(
            'k, chunk and the size of the gallery must be at least 1, got '
            f'{k}, {chunk} and {len(gallery)}'
        )
    check_choice(('torch', 'faiss'), backend=backend)
    search = _by_faiss if backend == 'faiss' else _by_torch
    scores, places = search(F.normalize(queries, dim=1), gallery, k, chunk)
    return scores.clamp(-1, 1), places


def _by_torch(
    queries: Tensor, gallery: Tensor, k: int, chunk: int
) -> tuple[Tensor, Tensor]:
    k = min(k, len(gallery))
    best = queries.new_full((len(queries), k), -torch.inf)
    places = torch.zeros(len(queries), k, dtype=torch.long, device=queries.device)
    width = min(chunk, len(gallery))
    scores_of = queries.new_empty(len(queries), width)  # one buffer for all chunks
    unit_of = queries.new_empty(width, queries.size(1))
    for start in range(0, len(gallery), chunk):
        part = gallery[start : start + chunk].to(queries)
        scores, unit = scores_of[:, : len(part)], unit_of[: len(part)]
        lengths = torch.linalg.vector_norm(part, dim=1, keepdim=True).clamp_min(1e-12)
        torch.mm(queries, torch.div(part, lengths, out=unit).t(), out=scores)
        # What is not better than all that was found comes too late; NaN stays NaN.
        rows = (~(scores.amax(dim=1) <= best[:, -1])).nonzero().flatten()
        found, at = _stable_topk(
            scores if len(rows) == len(scores) else scores[rows], k
        )
        # What stands further left is further ahead in the gallery.
        best[rows], order = _stable_topk(torch.cat((best[rows], found), dim=1), k)
        places[rows] = torch.cat((places[rows], at + start), dim=1).gather(1, order)
    return best, places


def _stable_topk(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k highest of each row, the first of equal ones first."""
    k = min(k, scores.size(1))
    if 4 * k >= scores.size(1):
        values, at = scores.sort(dim=1, descending=True, stable=True)
        return values[:, :k], at[:, :k]
    values, at = scores.topk(k + 1, dim=1)
    cut = values[:, k - 1] == values[:, k]  # which of the equal ones is chance
    at, order = at[:, :k].sort(dim=1)
    values, order = values.gather(1, order).sort(dim=1, descending=True, stable=True)
    at = at.gather(1, order)
    if cut.any():
        again = scores[cut].sort(dim=1, descending=True, stable=True)
        values[cut], at[cut] = again.values[:, :k], again.indices[:, :k]
    return values, at


def _by_faiss(
    queries: Tensor, gallery: Tensor, k: int, chunk: int
) -> tuple[Tensor, Tensor]:
    try:
        import faiss
    except ImportError as error:
        raise ImportError(
            "backend='faiss' needs the package faiss: pip install 'mmlite[faiss]'; "
            "backend='torch' finds the same without it"
        ) from error
    index = faiss.IndexFlatIP(gallery.size(1))
    for start in range(0, len(gallery), chunk):
        part = F.normalize(gallery[start : start + chunk].float(), dim=1)
        index.add(part.cpu().numpy())
    k = min(k, len(gallery))
    scores, places = index.search(queries.float().cpu().numpy(), k)
    found = torch.from_numpy(scores), torch.from_numpy(places)
    return found[0].to(queries), found[1].to(queries.device)
