"""What is shown of disparities, of rank lists of pictures, and of walks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ..evaluation.functional.part_distance import part_distances
from ..evaluation.metrics.walks import Walk, places_of
from ..structures import DataSample
from ..visualization import disparity_colours, error_colours
from .blocks import Block, Picture, Pictures, Ranking, Rankings
from .evidence import (
    ClassEvidence,
    DrawnEvidence,
    Evidence,
    Origin,
    sample_name,
    short_name,
)

__all__ = ['evidence_for']


class DisparityEvidence(Evidence):
    """Disparities and their errors, beside the left view."""

    shown: ClassVar[int] = 4

    def blocks(self, metrics: Mapping[str, Any], evaluator: Any) -> list[Block]:
        """Four pictures a sample: view, prediction, ground truth, error."""
        pictures: list[Picture] = []
        for place, sample in enumerate(self.samples if self.origin.stride else ()):
            pictures += self._row(place, sample)
        if not pictures:
            return []
        note = (
            'Blue is far, red is near. In the map of errors blue is small and red is '
            'large, white is 3 px or 5 %, and black is unknown.'
        )
        return [Pictures('Disparities', note, pictures, columns=4)]

    def _row(self, place: int, sample: DataSample) -> list[Picture]:
        name = self.title_of(place, sample)
        predicted = _map(sample, 'pred_disparity')
        target = _map(sample, 'gt_disparity')
        row = [Picture.of(self.origin.picture(place), name, f'left view of {name}')]
        if predicted is None:
            return row
        known = np.zeros((0,)) if target is None else target[_known(target)]
        top = float(known.max()) if known.size else None
        end = max(float(predicted.max()), 1e-6) if top is None else top
        scale = f'blue 0 to red {end:.3g} px'
        colours = disparity_colours(predicted, end)
        row.append(_map_picture(colours, f'prediction, {scale}', name))
        if target is not None and target.shape == predicted.shape:
            colours = disparity_colours(target, top)
            row.append(_map_picture(colours, f'ground truth, {scale}', name))
            errors = np.abs(predicted - target)[_known(target)]
            mean = f'{errors.mean():.2f} px on average' if errors.size else 'unknown'
            error = error_colours(predicted, target)
            row.append(_map_picture(error, f'error, {mean}', name))
        return row


def _map(sample: DataSample, name: str) -> np.ndarray | None:
    value = sample.get(name)
    if not isinstance(value, Tensor):
        return None
    return value.detach().cpu().float().reshape(value.shape[-2:]).numpy()


def _known(target: np.ndarray) -> np.ndarray:
    return np.isfinite(target) & (target > 0)


def _map_picture(colours: np.ndarray, caption: str, name: str) -> Picture:
    return Picture.of(colours, caption, f'{caption} of {name}')


class RankEvidence(Evidence):
    """What is found for the first queries."""

    found: ClassVar[int] = 6

    def __init__(self, origin: Origin, gallery: Origin | None = None) -> None:
        super().__init__(origin)
        self.gallery = gallery

    def blocks(self, metrics: Mapping[str, Any], evaluator: Any) -> list[Block]:
        """A rank list for each query."""
        if self.gallery is None or not self.origin.stride:
            return []
        rankings = [
            self._ranking(place, sample)
            for place, sample in enumerate(self.samples)
            if isinstance(sample.get('pred_label'), Tensor)
        ]
        note = 'The query, then what is found, the most similar first.'
        return [Rankings('Rank lists', note, rankings)] if rankings else []

    def _ranking(self, place: int, sample: DataSample) -> Ranking:
        right = _relevant(sample)
        every = sample.get('pred_score')
        places = sample.pred_label[: self.found].tolist()
        ordered = len(every) == len(sample.pred_label) and (
            bool((every[:-1] >= every[1:]).all())
        )
        scores = [float(every[i if ordered else p]) for i, p in enumerate(places)]
        found = []
        for rank, (match, score) in enumerate(zip(places, scores, strict=True), 1):
            is_right = match in right
            name = short_name(sample_name(self.gallery.dataset, match))
            caption = f'{rank}. {score:.3f}, {name}'
            alt = f'rank {rank}, {"right" if is_right else "wrong"}, {score:.3f}'
            mark = 'right' if is_right else 'wrong'
            picture = self.gallery.picture(match)
            found.append(Picture.of(picture, caption, alt, mark if right else ''))
        name = self.title_of(place, sample)
        query = Picture.of(self.origin.picture(place), 'query', f'query {name}')
        return Ranking(query, found)


def _relevant(sample: DataSample) -> set[int]:
    """The places of the gallery that a query should find."""
    score = sample.get('gt_score')
    if isinstance(score, Tensor):
        return set(score.nonzero().flatten().tolist())
    label = sample.get('gt_label')
    return set(label.tolist()) if isinstance(label, Tensor) else set()


class WalkEvidence(Evidence):
    """Which walks are found for a walk, among the first of an evaluation."""

    shown: ClassVar[int] = 6
    found: ClassVar[int] = 4
    kept: ClassVar[int] = 400

    def take(self, outputs: Sequence[DataSample]) -> None:
        """Keep the embeddings of the first walks."""
        for sample in outputs if len(self.samples) < self.kept else ():
            self.samples.append(sample)
        self.count += len(outputs)

    def blocks(self, metrics: Mapping[str, Any], evaluator: Any) -> list[Block]:
        """A rank list for some walks, each of another person."""
        walks = [_walk(sample) for sample in self.samples]
        if not self.origin.stride or not walks or None in walks:
            return []
        probes, gallery = _sides(walks, evaluator)
        chosen: dict[int, int] = {}
        for place in probes:
            chosen.setdefault(walks[place].label, place)
        rankings = [
            self._ranking(place, walks, gallery)
            for place in list(chosen.values())[: self.shown]
        ]
        rankings = [ranking for ranking in rankings if ranking.found]
        note = 'A walk, then the most similar ones of the gallery'
        note += ', of other views.' if _has_views(walks) else '.'
        return [Rankings('Rank lists', note, rankings)] if rankings else []

    def _ranking(self, place: int, walks: list[Walk], gallery: list[int]) -> Ranking:
        probe = walks[place]
        several = _has_views(walks)
        others = [
            i
            for i in gallery
            if i != place and not (several and walks[i].view == probe.view)
        ]
        if not others:
            return Ranking(Picture(''))
        stacked = torch.stack([walks[i].embedding for i in others])
        distances = part_distances(probe.embedding[None], stacked, 'euc')[0]
        found = []
        for rank, near in enumerate(distances.argsort()[: self.found].tolist(), 1):
            walk = walks[others[near]]
            is_right = walk.label == probe.label
            caption = f'{rank}. {walk.subject}, {walk.type}, view {walk.view}'
            alt = f'rank {rank}, {"right" if is_right else "wrong"}: {caption[3:]}'
            picture = self.origin.picture(others[near], frames=3)
            mark = 'right' if is_right else 'wrong'
            found.append(Picture.of(picture, caption, alt, mark))
        caption = f'{probe.subject}, {probe.type}, view {probe.view}'
        picture = self.origin.picture(place, frames=3)
        query = Picture.of(picture, caption, f'walk of {caption}')
        return Ranking(query, found)


def _has_views(walks: Sequence[Walk]) -> bool:
    """Whether walks were seen from several views; the own one does not count then."""
    return len({walk.view for walk in walks}) > 1


def _walk(sample: DataSample) -> Walk | None:
    embedding, label = sample.get('pred_embedding'), sample.get('gt_label')
    known = [sample.get(name) for name in ('type', 'view')]
    if embedding is None or label is None or None in known:
        return None
    subject = str(sample.get('subject', int(label)))
    embedding = embedding.detach().cpu().float()
    return Walk(embedding, int(label), subject, *map(str, known))


def _sides(walks: list[Walk], evaluator: Any) -> tuple[list[int], list[int]]:
    """Probes and gallery: of the protocol of a metric, or all walks each."""
    everyone = list(range(len(walks)))
    for metric in getattr(evaluator, 'metrics', ()):
        protocol = getattr(metric, 'protocol', None)
        if protocol is not None:
            patterns = [p for each in protocol.probe.values() for p in each]
            sides = places_of(walks, patterns), places_of(walks, protocol.gallery)
            if all(sides):
                return sides
    return everyone, everyone


#: What is kept, by the ``task`` that a whole states.
_BY_TASK: dict[str, type[Evidence]] = {
    'classification': ClassEvidence,
    'detection': DrawnEvidence,
    'gait': WalkEvidence,
    'stereo': DisparityEvidence,
}


def evidence_for(task: str, origin: Origin, gallery: Origin | None = None) -> Evidence:
    """What keeps the samples of an evaluation, for a task.

    Args:
        task: As a whole states it; others have their samples drawn.
        origin: Where the samples come from.
        gallery: Where what is looked up comes from, in retrieval.

    Example:
        >>> type(evidence_for('stereo', Origin([]))).__name__
        'DisparityEvidence'
    """
    if task == 'retrieval':
        return RankEvidence(origin, gallery)
    return _BY_TASK.get(task, DrawnEvidence)(origin)
