"""What the metrics of gait recognition keep of a walk, and who looks for whom."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from ...errors import ConfigError, DataError, check_choice, did_you_mean
from ..functional.cross_view import Sequences
from ..functional.part_distance import METRICS as DISTANCES
from .base import Sample
from .sample_metric import SampleMetric

__all__ = [
    'PROTOCOLS',
    'Protocol',
    'Walk',
    'WalkMetric',
    'as_ranks',
    'chosen',
    'places_of',
    'protocol_of',
]


class Walk(NamedTuple):
    """What is kept of a sample."""

    embedding: Tensor
    label: int
    subject: str
    type: str
    view: str


class WalkMetric(SampleMetric):
    """Base: keeps the embedding of each walk, and what is known of it.

    Override:
        evaluate_walks: the results of all walks.
    """

    default_prefix: ClassVar[str] = 'gait'

    def __init__(
        self,
        metric: str = 'euc',
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        check_choice(DISTANCES, metric=metric)
        self.metric = metric

    def objects(self, data_samples: Sequence[Sample]) -> list[Walk]:
        """The embedding, identity, type and view of each sample."""
        return [self._walk(sample) for sample in data_samples]

    def _walk(self, sample: Sample) -> Walk:
        embedding = sample.get('pred_embedding')
        label = sample.get('gt_label')
        if embedding is None or label is None:
            raise DataError(
                f'{type(self).__name__} needs pred_embedding and gt_label of each '
                'sample; the model returns inference_feat=dict(embeddings=...)'
            )
        known = [sample.get(key) for key in ('type', 'view')]
        if None in known:
            raise DataError(
                f'{type(self).__name__} needs type and view of each sample; set '
                "meta_keys=('subject', 'type', 'view') of PackInputs"
            )
        label = int(label)
        subject = str(sample.get('subject', label))
        # A copy, as a part of a batch would keep all of it in memory.
        return Walk(
            embedding.detach().cpu().float().clone(), label, subject, *map(str, known)
        )

    def compute_metrics(self, results: list[Walk]) -> dict[str, float]:
        """The results of all walks."""
        sizes = {tuple(walk.embedding.shape) for walk in results}
        if len(sizes) > 1:
            raise DataError(
                f'{type(self).__name__}: the embeddings of all walks have one shape, '
                f'got {sorted(sizes)}'
            )
        embeddings = torch.stack([walk.embedding for walk in results])
        lost = embeddings.isnan().reshape(len(embeddings), -1).any(dim=1)
        if lost.any():
            raise DataError(
                f'{type(self).__name__}: the embeddings of {int(lost.sum())} of '
                f'{len(lost)} walks are NaN; the model has diverged, or half precision '
                'overflowed'
            )
        for place, walk in enumerate(results):
            results[place] = walk._replace(embedding=embeddings[place])
        return self.evaluate_walks(results, embeddings)

    @abstractmethod
    def evaluate_walks(
        self, walks: Sequence[Walk], embeddings: Tensor
    ) -> dict[str, float]:
        """The results by name."""


class Protocol(NamedTuple):
    """Which walks are probes, and which the gallery; patterns of types.

    Args:
        gallery: Patterns, of which one matches the type.
        probe: Patterns for each condition, by its name.
    """

    gallery: Sequence[str]
    probe: Mapping[str, Sequence[str]]


#: The protocols by the names of their data sets.
PROTOCOLS: dict[str, Protocol] = {
    'CASIA-B': Protocol(
        ['nm-0[1-4]'],
        dict(NM=['nm-0[56]'], BG=['bg-0[12]'], CL=['cl-0[12]']),
    ),
    'OUMVLP': Protocol(['01'], dict(NM=['00'])),
    'SUSTech1K': Protocol(
        ['*00-nm*'],
        dict(
            Normal=['*01-nm*'],
            Bag=['*bg*'],
            Clothing=['*cl*'],
            Carrying=['*cr*'],
            Umbrella=['*ub*'],
            Uniform=['*uf*'],
            Occlusion=['*oc*'],
            Night=['*nt*'],
            Overall=['*01*', '*02*', '*03*', '*04*'],
        ),
    ),
    'CASIA-E': Protocol(
        ['[HL]-scene1-nm-[12]'],
        {
            name.upper(): [f'[HL]-scene{scene}-{name}*' for scene in ('2', '3', '3_s')]
            for name in ('nm', 'bg', 'cl')
        },
    ),
}


def as_ranks(topk: int | Sequence[int]) -> tuple[int, ...]:
    """One rank or several, as a tuple.

    Raises:
        ValueError: if there is none, or one is below 1.

    Example:
        >>> as_ranks(5)
        (5,)
    """
    ranks = (topk,) if isinstance(topk, int) else tuple(topk)
    if not ranks or min(ranks) < 1:
        raise ValueError(f'topk are numbers from 1 on, got {topk}')
    return ranks


def protocol_of(protocol: str | Mapping[str, Any]) -> Protocol:
    """A protocol by its name, or one's own.

    Raises:
        ConfigError: if there is none of that name, or it lacks a part.
    """
    if isinstance(protocol, Mapping):
        if set(protocol) != {'gallery', 'probe'} or not isinstance(
            protocol['probe'], Mapping
        ):
            raise ConfigError(
                "protocol must be a name, or dict(gallery=['nm-0[1-4]'], "
                f"probe=dict(NM=['nm-0[56]'])), got {dict(protocol)}"
            )
        return Protocol(protocol['gallery'], _in_order(protocol['probe']))
    if protocol not in PROTOCOLS:
        hint = did_you_mean(protocol, PROTOCOLS)
        raise ConfigError(
            f'there is no protocol {protocol!r}{hint or "; there are "}'
            f'{"" if hint else ", ".join(PROTOCOLS)}; or give a dict'
        )
    return PROTOCOLS[protocol]


def _in_order(probe: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Conditions in the order of the papers, others as given.

    A checkpoint keeps a config with its keys sorted; so a test lists them as the
    training did.
    """
    known = dict.fromkeys(name for p in PROTOCOLS.values() for name in p.probe)
    there = {name: probe[name] for name in known if name in probe}
    return there | dict(probe)


def _matches(walk: Walk, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(walk.type, pattern) for pattern in patterns)


def places_of(walks: Sequence[Walk], patterns: Sequence[str]) -> list[int]:
    """Where the walks are whose type matches one of the patterns."""
    return [i for i, walk in enumerate(walks) if _matches(walk, patterns)]


def chosen(
    walks: Sequence[Walk], embeddings: Tensor, places: Sequence[int]
) -> Sequences:
    """Some of the walks; of all of them nothing is copied."""
    if len(places) != len(walks):
        embeddings = embeddings[list(places)]
    labels = torch.tensor([walks[i].label for i in places])
    return Sequences(embeddings, labels, [walks[i].view for i in places])
