"""What all retrievers share."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import torch
from mmengine.dist import is_main_process
from torch import Tensor, nn

from ..base import BaseModel
from .gallery import Gallery, Prototype

__all__ = ['BaseRetriever']


class BaseRetriever(BaseModel):
    """Base of the models that find images in a gallery.

    Override:
        extract_feat, loss, predict: as in
            :class:`~mmlite.models.base.BaseModel`.
        prepare_prototype: brings the features of the gallery up to date.

    Args:
        prototype: A data loader, or the config of one; features ``(M, D)``, or the
            file that has them.
        data_preprocessor: Config of what brings a batch to the device, or the
            module itself.
        init_cfg: How the weights are initialised, as mmengine has it.

    Attributes:
        gallery: The images, or their features.
        prototype_vecs: The features of the gallery, ``(M, D)``; None until they are
            needed.
    """

    task: ClassVar[str] = 'retrieval'
    default_data_preprocessor: ClassVar[str] = 'ClsDataPreprocessor'

    def __init__(
        self,
        prototype: Prototype,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.gallery = Gallery(prototype)
        self.prototype_vecs: Tensor | None = None

    @property
    def prototype(self) -> Prototype:
        """What the gallery is made of; another one is encoded when it is needed."""
        return self.gallery.prototype

    @prototype.setter
    def prototype(self, prototype: Prototype) -> None:
        """Take another gallery."""
        self.gallery = Gallery(prototype)
        self.prototype_vecs = None

    @property
    def prototype_inited(self) -> bool:
        """Whether there are features of the gallery."""
        return self.prototype_vecs is not None

    def prepare_prototype(self) -> None:
        """Bring the features of the gallery up to date."""
        raise self._undefined('prepare_prototype')

    def dump_prototype(self, path: str | Path) -> None:
        """Save the features of the gallery, e.g. to be given as prototype.

        Args:
            path: The file.
        """
        self.prepare_prototype()
        if is_main_process():
            torch.save(self.prototype_vecs, path)
