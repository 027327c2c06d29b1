"""What all self-supervised algorithms share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from ...structures import DataSample, SampleBatch, scatter_field
from ..base import BaseModel
from ..joining import Joined, build_part
from ..layers import last_feature

__all__ = ['BaseSelfSupervisor', 'BaseSelfSupvisor']


class BaseSelfSupervisor(Joined, BaseModel):
    """Base of the models that learn from images without labels.

    Override:
        loss: images, or views of them, to a dict of losses.
        extract_feat: images to features, if that is not the backbone alone.

    Args:
        backbone: Config of the backbone, or the module itself.
        neck: Config of the neck, or of several in sequence.
        head: Config of the head, which has the loss.
        target_generator: Config of what makes the target from the images, e.g.
            ``HOGGenerator``.
        pretrained: Checkpoint of the whole model; short for ``init_cfg=dict(
            type='Pretrained', checkpoint=...)``.
        data_preprocessor: Config of the data preprocessor, or the module itself;
            the type may be left out for ``SelfSupDataPreprocessor``.
        init_cfg: How the weights are initialised, as mmengine has it.

    Attributes:
        num_views: How many views of an image it compares, 1 if it takes the image as
            it is; None if it needs a pipeline of its own.

    Shape:
        inputs: ``(B, C, H, W)``, or a list of them for views.
        returns: what the backbone gives with ``mode='tensor'``.

    Raises:
        ValueError: if there is no backbone.
        ConfigError: if the config of a part is wrong, or the parts do not fit.

    Example:
        >>> import torch
        >>> class Denoise(BaseSelfSupervisor):
        ...     def loss(self, inputs, data_samples):
        ...         noisy = inputs + torch.randn_like(inputs)
        ...         return dict(loss=(self.backbone(noisy) - inputs).pow(2).mean())
        >>> model = Denoise(nn.Conv2d(3, 3, 3, padding=1))
        >>> model(torch.rand(2, 3, 8, 8), mode='loss')['loss'].ndim
        0
    """

    default_data_preprocessor: ClassVar[str] = 'SelfSupDataPreprocessor'
    predicts: ClassVar[bool] = False
    num_views: ClassVar[int | None] = None

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | list | nn.Module | None = None,
        head: dict | nn.Module | None = None,
        target_generator: dict | nn.Module | None = None,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        if backbone is None:
            raise ValueError(
                f'the first argument of {type(self).__name__} is the backbone, got '
                'None; a subclass calls super().__init__(backbone, neck, head, '
                'init_cfg=init_cfg)'
            )
        if pretrained is not None:
            init_cfg = dict(type='Pretrained', checkpoint=pretrained)
        super().__init__(data_preprocessor, init_cfg)
        self.join(backbone, neck, head=head)
        self.target_generator = build_part('target_generator', target_generator)

    @property
    def with_target_generator(self) -> bool:
        """Whether there is a target generator."""
        return getattr(self, 'target_generator', None) is not None

    def extract_feat(self, inputs: Tensor) -> Any:
        """The features of the images: what the backbone gives.

        Args:
            inputs: Images, ``(B, C, H, W)``.
        """
        return self.backbone(inputs)

    def loss(
        self, inputs: Tensor | list[Tensor], data_samples: list[DataSample]
    ) -> dict[str, Tensor]:
        """The losses by name.

        Args:
            inputs: Images, ``(B, C, H, W)``, or a list of them for views.
            data_samples: What the pipeline knows of each image, e.g. its ``mask``.
        """
        raise self._undefined('loss')

    def predict(
        self, inputs: Tensor, data_samples: Sequence[DataSample] | None = None
    ) -> Sequence[DataSample]:
        """The samples with ``pred_embedding`` ``(D, )``, for metrics of features.

        It is the last feature, averaged over its places.

        Args:
            inputs: Images, ``(B, C, H, W)``.
            data_samples: The samples to be completed; None makes new ones.
        """
        embeddings = _pooled(self.whole_features(inputs))
        if data_samples is None:
            data_samples = SampleBatch.of(len(embeddings))
        scatter_field(data_samples, 'pred_embedding', embeddings)
        return data_samples

    def export_outputs(self, inputs: Tensor) -> dict[str, Tensor]:
        """The ``embedding`` that :meth:`predict` gives, and the features before it.

        Args:
            inputs: Images, ``(B, C, H, W)``.
        """
        feats = self.whole_features(inputs)
        levels = (feats,) if isinstance(feats, Tensor) else feats
        named = {f'feat_{i}': feat for i, feat in enumerate(levels)}
        return dict(embedding=_pooled(feats)) | named


def _pooled(feats: Tensor | Sequence[Tensor]) -> Tensor:
    """The last feature, averaged over its places, ``(B, D)``."""
    last = last_feature(feats)
    if last.ndim == 3:  # (B, L, D), tokens
        return last.mean(dim=1)
    return last.flatten(2).mean(dim=2) if last.ndim > 2 else last


#: The name under which the tutorials of mmpretrain import it.
BaseSelfSupvisor = BaseSelfSupervisor
