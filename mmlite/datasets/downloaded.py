"""Datasets of a training and a test part that are downloaded if they are absent."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal

from ..errors import check_choice
from .base_dataset import BaseDataset
from .download import on_first_process

__all__ = ['DownloadedDataset']


class DownloadedDataset(BaseDataset):
    """A published dataset whose files are downloaded if they are absent.

    Override:
        provide: find the files, or download them.
        check_files: say what is missing.

    Args:
        data_root: Folder of the files.
        split: ``'train'`` or ``'test'``; ``None`` is what ``test_mode`` says.
        test_mode: Whether a sample must never be replaced by another; so for the test.
        download: Whether to download files that are absent.
        data_prefix: Folder of the files, relative to ``data_root``.
        kwargs: Further arguments of :class:`BaseDataset`.

    Raises:
        DataError: if a file is damaged.
        DataNotFoundError: if a file is absent, and cannot be downloaded.
    """

    def __init__(
        self,
        data_root: str,
        split: Literal['train', 'test'] | None = None,
        test_mode: bool = False,
        download: bool = True,
        data_prefix: str = '',
        **kwargs: Any,
    ) -> None:
        split = split or ('test' if test_mode else 'train')
        check_choice(('train', 'test'), split=split)
        self.split = split
        self.download = download
        super().__init__(
            data_root=data_root,
            data_prefix=data_prefix,
            test_mode=test_mode or split == 'test',
            **kwargs,
        )

    def prepare(self) -> None:
        """Find the files; download them if they are absent."""
        if self.download:
            on_first_process(self.provide)
        self.check_files()

    @abstractmethod
    def provide(self) -> None:
        """Find the files, or download them."""

    @abstractmethod
    def check_files(self) -> None:
        """Say what is missing.

        Raises:
            DataNotFoundError: if something is.
        """
