"""Find images that are similar to an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ...errors import ConfigError, DataError
from ...ops import nearest
from ...registry import MODELS
from ...structures import DataSample, Ragged, SampleBatch, meta_values, scatter_field
from ..joining import (
    build_part,
    check_channels,
    check_one_head,
    preprocessor_cfg,
)
from ..layers import last_feature
from .base import BaseRetriever
from .gallery import Prototype, fingerprint

__all__ = ['ImageToImageRetriever']


@MODELS.register_module()
class ImageToImageRetriever(BaseRetriever):
    """Encode images, and find those of a gallery that are the most similar.

    The gallery is encoded when a query first needs it, by all processes together, in
    eval mode, and again only if the weights have changed since: those of an average,
    for example, which validates.

    Args:
        image_encoder: Config of the encoder, or of several parts in sequence, or the
            module itself; gives a vector an image.
        prototype: The gallery: the config of a data loader, a data loader, features
            ``(M, D)``, or the path of a file with them.
        head: Config of the head, which has the loss.
        pretrained: Checkpoint of the whole model.
        similarity_fn: ``'cosine_similarity'``, or a function of ``(N, D)`` and
            ``(M, D)`` that gives ``(N, M)``, the more the more similar.
        train_cfg: ``dict(augments=..., probs=...)``: what
            :class:`~mmlite.models.data_preprocessors.RandomBatchAugment` does to
            training batches.
        data_preprocessor: Config of the data preprocessor, or the module itself; the
            type may be left out for ``ClsDataPreprocessor``.
        topk: How many images are found; -1 ranks the whole gallery.
        backend: What searches by cosines: ``'torch'``, or ``'faiss'``, an optional
            extra.
        init_cfg: How the weights are initialised, as mmengine has it.

    Shape:
        inputs: ``(B, C, H, W)``.
        returns: ``(B, D)``, or a tuple whose last entry is, with ``mode='tensor'``.

    Raises:
        ConfigError: if the config of a part is wrong, or the parts do not fit.
        DataError: if the features of queries and gallery have other widths.

    Example:
        >>> model = ImageToImageRetriever(
        ...     nn.Flatten(), prototype=torch.tensor([[4., -3.], [3., 4.]]), topk=1)
        >>> found = model(torch.tensor([[0.6, 0.8]]), mode='predict')[0]
        >>> found.pred_label, found.pred_score
        (tensor([1]), tensor([1.]))
    """

    class_counts: ClassVar[tuple[str, ...]] = ('head.num_classes',)

    def __init__(
        self,
        image_encoder: dict | list | nn.Module,
        prototype: Prototype,
        head: dict | nn.Module | None = None,
        pretrained: str | None = None,
        similarity_fn: str | Callable[[Tensor, Tensor], Tensor] = 'cosine_similarity',
        train_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        topk: int = -1,
        backend: str = 'torch',
        init_cfg: dict | list | None = None,
    ) -> None:
        if pretrained is not None:
            init_cfg = dict(type='Pretrained', checkpoint=pretrained)
        preprocessor = preprocessor_cfg(data_preprocessor, train_cfg)
        super().__init__(prototype, preprocessor, init_cfg)
        self.data_preprocessor.evaluates_classes = False
        self.image_encoder = build_part('image_encoder', image_encoder)
        check_one_head(head)
        self.head = build_part('head', head)
        if isinstance(self.image_encoder, nn.Sequential):
            backbone, *necks = self.image_encoder
            check_channels(backbone, nn.Sequential(*necks) or None, head=self.head)
        else:
            check_channels(self.image_encoder, head=self.head)
        if not callable(similarity_fn) and similarity_fn != 'cosine_similarity':
            raise ConfigError(
                "model.similarity_fn is 'cosine_similarity' or a function, got "
                f'{similarity_fn!r}'
            )
        if topk != -1 and topk < 1:
            raise ConfigError(
                f'model.topk must be at least 1, or -1 for all, got {topk}'
            )
        self.similarity = similarity_fn
        self.topk = topk
        self.backend = backend
        self._seen: Any = None  # of the weights that the gallery was encoded with
        self._versions: Any = None

    def extract_feat(self, inputs: Tensor) -> Any:
        """What the encoder gives.

        Args:
            inputs: Images, ``(B, C, H, W)``.
        """
        return self.image_encoder(inputs)

    def loss(
        self, inputs: Tensor, data_samples: Sequence[DataSample]
    ) -> dict[str, Tensor]:
        """The losses of the head.

        Args:
            inputs: Images, ``(B, C, H, W)``.
            data_samples: One sample per image, with ``gt_label``.
        """
        if self.head is None:
            raise ConfigError(
                'a loss needs a head, but model.head is None; set it, e.g. to '
                "dict(type='ArcFaceClsHead', num_classes=..., in_channels=...)"
            )
        return self.head.loss(self.extract_feat(inputs), data_samples)

    def predict(
        self, inputs: Tensor, data_samples: Sequence[DataSample] | None = None
    ) -> Sequence[DataSample]:
        """The samples with what was found in the gallery.

        ``pred_label`` is the places in the gallery, the most similar first. With
        ``topk=-1`` ``pred_score`` has the similarity to each image of the gallery, in
        its order; else those of the ones found.

        Args:
            inputs: Images, ``(B, C, H, W)``.
            data_samples: The samples to be completed; None makes new ones. A query
                that is an image of the gallery has its place as ``gallery_index``.
        """
        self.prepare_prototype()
        own = meta_values(data_samples or (), 'gallery_index')
        found = self.matching(self._vectors(inputs), own)
        if data_samples is None:
            data_samples = SampleBatch.of(len(found['pred_label']))
        every = self.topk == -1
        score = found['score'] if every else found['pred_score']
        scatter_field(data_samples, 'pred_score', score)
        scatter_field(data_samples, 'pred_label', found['pred_label'])
        return data_samples

    def matching(
        self, inputs: Tensor, own: Sequence[int | None] = ()
    ) -> dict[str, Tensor]:
        """Look up features in the gallery.

        Args:
            inputs: ``(N, D)``.
            own: Where each query stands in the gallery itself, or None; it does not
                find itself: its own place comes last, with a similarity of -inf.

        Returns:
            ``pred_label`` and ``pred_score``, the places and similarities of what was
            found, ``(N, k)``, the best first; ``score``, the similarities to all of
            the gallery in its order, ``(N, M)``, where all of it is ranked.
        """
        gallery = self.prototype_vecs
        if inputs.size(1) != gallery.size(1):
            raise DataError(
                f'the encoder gives features of width {inputs.size(1)}, but the'
                f' gallery has width {gallery.size(1)}; encode it with this model'
            )
        k = len(gallery) if self.topk == -1 else min(self.topk, len(gallery))
        known = any(place is not None for place in own)
        wanted = min(k + known, len(gallery))
        if callable(self.similarity):
            score = self.similarity(inputs, gallery.to(inputs.device))
            values, places = score.sort(dim=1, descending=True, stable=True)
            values, places = values[:, :wanted], places[:, :wanted]
        else:
            values, places = nearest(inputs, gallery, wanted, backend=self.backend)
        if known:
            values, places = _itself_last(values, places, own, len(gallery))
        found = dict(pred_score=values[:, :k], pred_label=places[:, :k])
        if self.topk == -1:
            found['score'] = torch.empty_like(values).scatter_(1, places, values)
        return found

    @torch.no_grad()
    def prepare_prototype(self) -> None:
        """Encode the gallery, unless that was done with the weights as they are."""
        if not self.gallery.has_images:
            if self.prototype_vecs is None:
                self.prototype_vecs = self.gallery.load()
            return
        versions = [
            -1 if p.is_inference() else p._version
            for p in self.image_encoder.parameters()
        ]
        if self.prototype_vecs is not None and versions == self._versions:
            return
        seen = fingerprint(self.image_encoder)
        if self._seen is None or not torch.equal(seen, self._seen):
            training = {module: module.training for module in self.modules()}
            self.eval()
            vectors = self.gallery.encode(self._features_of)
            self.prototype_vecs = vectors.to(self.data_preprocessor.device)
            for module, mode in training.items():
                module.training = mode
            self._seen = seen
        self._versions = versions

    def train(self, mode: bool = True) -> ImageToImageRetriever:
        """Set the mode; the weights may be others now, e.g. those of an average."""
        self._versions = None
        return super().train(mode)

    def _load_from_state_dict(self, *args: Any) -> None:
        self._versions = None
        super()._load_from_state_dict(*args)

    def _features_of(self, batch: dict[str, Any]) -> Tensor:
        return self._vectors(self.data_preprocessor(batch, False)['inputs'])

    def _vectors(self, inputs: Tensor | Ragged) -> Tensor:
        """One vector an image; those of several sizes are encoded size by size."""
        if isinstance(inputs, Ragged):
            rows: list[Any] = [None] * len(inputs)
            for group in inputs.groups():
                part = self._vectors(torch.stack([inputs[i] for i in group]))
                for place, row in zip(group, part, strict=True):
                    rows[place] = row
            return torch.stack(rows)
        feats = self.extract_feat(inputs)
        feats = last_feature(feats)
        if feats.ndim != 2:
            raise DataError(
                'the encoder of a retriever gives a vector an image, got '
                f'{tuple(feats.shape)}; add a neck, e.g. image_encoder=[backbone, '
                "dict(type='GlobalAveragePooling')]"
            )
        return feats


def _itself_last(
    values: Tensor, places: Tensor, own: Sequence[int | None], size: int
) -> tuple[Tensor, Tensor]:
    """Rankings in which the image that is looked for stands behind all others."""
    if outside := [place for place in own if not 0 <= (place or 0) < size]:
        raise DataError(
            f'gallery_index {outside[0]} is no place in a gallery of {size} images; '
            'queries and gallery are of other lists'
        )
    mine = torch.tensor([-1 if place is None else place for place in own])
    mine = places == mine.to(places.device, non_blocking=True)[:, None]
    order = mine.byte().argsort(dim=1, stable=True)
    values = values.masked_fill(mine, -torch.inf)
    return values.gather(1, order), places.gather(1, order)
