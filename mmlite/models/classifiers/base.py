"""What all classifiers share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from ..base import BaseModel


class BaseClassifier(BaseModel):
    """Base of the wholes that classify images.

    Override:
        extract_feat, loss, predict: as in
            :class:`~mmlite.models.base.BaseModel`.

    Args:
        init_cfg: How the weights are initialised, as mmengine has it.
        data_preprocessor: Config of what brings a batch to the device, or the
            module itself.
    """

    def __init__(
        self,
        init_cfg: dict | list | None = None,
        data_preprocessor: dict | nn.Module | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)

    @property
    def with_neck(self) -> bool:
        """Whether there is a neck."""
        return getattr(self, 'neck', None) is not None

    @property
    def with_head(self) -> bool:
        """Whether there is a head."""
        return getattr(self, 'head', None) is not None

    def extract_feats(self, multi_inputs: Sequence[Tensor], **kwargs: Any) -> list[Any]:
        """The features of several batches, e.g. views of the same images.

        Args:
            multi_inputs: The batches.
            kwargs: Arguments of ``extract_feat``.
        """
        return [self.extract_feat(inputs, **kwargs) for inputs in multi_inputs]
