"""What all classifiers share."""

from __future__ import annotations

from typing import ClassVar

from torch import nn

from ..base import BaseModel
from ..joining import Joined


class BaseClassifier(Joined, BaseModel):
    """Base of the models that classify images.

    Override:
        extract_feat, loss, predict: as in
            :class:`~mmlite.models.base.BaseModel`.

    Args:
        init_cfg: How the weights are initialised, as mmengine has it.
        data_preprocessor: Config of what brings a batch to the device, or the
            module itself.
    """

    default_data_preprocessor: ClassVar[str] = 'ClsDataPreprocessor'
    tta_model: ClassVar[str | None] = 'AverageClsScoreTTA'

    def __init__(
        self,
        init_cfg: dict | list | None = None,
        data_preprocessor: dict | nn.Module | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
