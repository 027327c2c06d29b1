"""The classifier of images: backbone, neck, head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from ...errors import wrong_choice
from ...registry import MODELS
from ...structures import DataSample
from ..data_preprocessors import ClsDataPreprocessor
from ..joining import check_one_head, preprocessor_cfg
from .base import BaseClassifier

STAGES = ('backbone', 'neck', 'pre_logits')


@MODELS.register_module()
class ImageClassifier(BaseClassifier):
    """Classify images: backbone, then neck, then head.

    The widths of the parts are compared when the model is built. A subclass whose
    loss is about something else than the classes of the dataset states
    ``learns_classes = False``.

    Args:
        backbone: Config of the backbone, or the module itself.
        neck: Config of the neck, or of several in sequence.
        head: Config of the head; without one the model only gives features.
        pretrained: Checkpoint of the whole model; short for ``init_cfg=dict(
            type='Pretrained', checkpoint=...)``.
        train_cfg: ``dict(augments=..., probs=...)``: what
            :class:`~mmlite.models.data_preprocessors.RandomBatchAugment` does
            to training batches, e.g. Mixup.
        data_preprocessor: Config of the data preprocessor, or the module
            itself; the type may be left out for ``ClsDataPreprocessor``. Such
            a one takes ``num_classes`` from the head, if that has it.
        init_cfg: How the weights are initialised, as mmengine has it.

    Shape:
        inputs: ``(B, C, H, W)``.
        returns: logits ``(B, K)`` with ``mode='tensor'``.

    Raises:
        ConfigError: if the config of a part is wrong, or the parts do not fit.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='ImageClassifier',
        ...     backbone=dict(type='ResNet_CIFAR', depth=18, base_channels=8),
        ...     neck=dict(type='GlobalAveragePooling'),
        ...     head=dict(type='LinearClsHead', num_classes=10, in_channels=64)))
        >>> model(torch.rand(2, 3, 32, 32)).shape
        torch.Size([2, 10])
        >>> model.predict(torch.rand(1, 3, 32, 32))[0].pred_score.shape
        torch.Size([10])
    """

    learns_classes: ClassVar[bool] = True
    loss_in_one_graph: ClassVar[bool] = True
    class_counts: ClassVar[tuple[str, ...]] = ('head.num_classes',)
    task = 'classification'

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | list | nn.Module | None = None,
        head: dict | nn.Module | None = None,
        pretrained: str | None = None,
        train_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        if pretrained is not None:
            init_cfg = dict(type='Pretrained', checkpoint=pretrained)
        super().__init__(init_cfg, preprocessor_cfg(data_preprocessor, train_cfg))
        check_one_head(head)
        self.join(backbone, neck, head=head)
        num_classes = getattr(self.head, 'num_classes', None)
        if num_classes and isinstance(self.data_preprocessor, ClsDataPreprocessor):
            self.data_preprocessor.num_classes = num_classes

    def forward_tensor(self, inputs: Tensor) -> Any:
        """The logits, or the features if there is no head."""
        feats = self.extract_feat(inputs)
        return feats if self.head is None else self.head(feats)

    def extract_feat(self, inputs: Tensor, stage: str = 'neck') -> Any:
        """The features of the images.

        Args:
            inputs: Images, ``(B, C, H, W)``.
            stage: ``'backbone'`` or ``'neck'`` for the output of that part, as
                a tuple with one entry per output of the backbone (without a
                neck both are the same); ``'pre_logits'`` for what enters the
                last layer of the head.

        Raises:
            ValueError: if the stage is unknown, or ``'pre_logits'`` is asked
                for without a head.

        Example:
            >>> model = ImageClassifier(nn.Conv2d(3, 8, 1), nn.AvgPool2d(4))
            >>> model.extract_feat(torch.rand(2, 3, 4, 4), stage='backbone').shape
            torch.Size([2, 8, 4, 4])
        """
        if stage not in STAGES:
            raise ValueError(wrong_choice('stage', stage, STAGES))
        feats = self.backbone(inputs)
        if stage == 'backbone':
            return feats
        if (neck := self.neck) is not None:
            feats = neck(feats)
        if stage == 'neck':
            return feats
        return self._need_head("stage='pre_logits'").pre_logits(feats)

    def export_outputs(self, inputs: Tensor) -> dict[str, Tensor]:
        """The ``scores`` of the classes, or the features if there is no head."""
        if self.head is None:
            return super().export_outputs(inputs)
        scores = self.head.scores(self.extract_feat(inputs))
        return scores if isinstance(scores, dict) else dict(scores=scores)

    def loss(
        self, inputs: Tensor, data_samples: Sequence[DataSample]
    ) -> dict[str, Tensor]:
        """The losses of the head.

        Args:
            inputs: Images, ``(B, C, H, W)``.
            data_samples: One sample per image, with ``gt_label`` or
                ``gt_score``.
        """
        head = self._need_head('the loss')
        return head.loss(self.extract_feat(inputs), data_samples)

    def predict(
        self,
        inputs: Tensor,
        data_samples: Sequence[DataSample] | None = None,
        **kwargs: Any,
    ) -> Sequence[DataSample]:
        """The samples with ``pred_score`` ``(K, )`` and ``pred_label``.

        Args:
            inputs: Images, ``(B, C, H, W)``.
            data_samples: The samples to be completed; None makes new ones.
            kwargs: Further arguments of the ``predict`` of the head.
        """
        head = self._need_head('a prediction')
        return head.predict(self.extract_feat(inputs), data_samples, **kwargs)

    def _need_head(self, what: str) -> nn.Module:
        head = self.head
        if head is None:
            raise ValueError(
                f'{what} needs a head, but model.head is None; set model.head, e.g. '
                "dict(type='LinearClsHead', num_classes=..., in_channels=...), or "
                'take the features with extract_feat'
            )
        return head
