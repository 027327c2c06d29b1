"""What every step of a pipeline has in common."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import cv2

from ...errors import DataError
from .batch_transform import BatchTransform

__all__ = [
    'BaseTransform',
    'SampleRandom',
    'batched_version_of',
    'below',
    'draws',
    'rng_of',
]

#: How a message ends whose sample could also be left out.
OR_SKIP = (
    ", or set on_error='skip' in the dataset (--cfg-options "
    'train_dataloader.dataset.on_error=skip, or that of val_ or test_dataloader)'
)


class SampleRandom(random.Random):
    """The generator of one sample, which its copies share.

    So two views that are made of copies of a sample are two draws.

    Args:
        seed: The seed.

    Example:
        >>> import copy
        >>> rng = SampleRandom(0)
        >>> copy.deepcopy(dict(rng=rng))['rng'] is rng
        True
    """

    def __copy__(self) -> SampleRandom:
        return self

    def __deepcopy__(self, memo: dict) -> SampleRandom:
        return self


def rng_of(results: dict) -> random.Random:
    """Where a transform draws its random numbers from.

    The dataset puts a generator into every sample, seeded from the sampler's
    seed, the epoch and the index, so that a sample is augmented alike whatever
    the number of workers and processes, and after a resume. A sample that was
    asked for with a plain integer has none: the module ``random`` stands in.

    Example:
        >>> rng_of(dict(rng=random.Random(0))).randint(1, 6)
        4
    """
    return results.get('rng') or random  # type: ignore[return-value]


def below(rng: random.Random, limit: int) -> int:
    """An integer from 0 to ``limit - 1``; a third of ``randrange``'s time."""
    return int(rng.random() * limit)


class BaseTransform(ABC):
    """One step of a pipeline: takes the fields of a sample, gives them back.

    A transform may replace the arrays it is given but must not write into
    them: they can belong to the dataset. It draws from :func:`rng_of` only.
    Instead of a class a plain function can be registered too.

    Override:
        transform: the fields in, the fields out; ``None`` asks the dataset for
            another sample.
        is_random: whether it may do something else to the same sample the next
            time; one that may not is done once if a dataset is kept in memory.
        reads_files: whether it only reads what a path in the sample names, so that
            it is left out where that is in memory already.
        batched: if it is random, the same for whole batches.
        states_size: which argument is the size of the image that it leaves, and
            whether that is ``'hw'``, height and width, or ``'wh'``.
        packs: whether a pipeline that ends in it gives what a batch is made of.
        former_arguments: what arguments of older versions are now, for the message.

    Example:
        >>> @TRANSFORMS.register_module(force=True)
        ... class Negative(BaseTransform):
        ...     def transform(self, results):
        ...         results['img'] = 255 - results['img']
        ...         return results
        >>> TRANSFORMS.build(dict(type='Negative'))(dict(img=np.uint8([[1]])))['img']
        array([[254]], dtype=uint8)
    """

    is_random: ClassVar[bool] = True
    reads_files: ClassVar[bool] = False
    states_size: ClassVar[dict[str, str]] = {'crop_size': 'hw', 'scale': 'wh'}
    packs: ClassVar[bool] = True
    former_arguments: ClassVar[dict[str, str]] = {}

    def __call__(self, results: dict) -> dict | None:
        """Same as ``transform``.

        Raises:
            DataError: if OpenCV does not take the arrays.
        """
        try:
            return self.transform(results)
        except cv2.error as error:
            arrays = [
                f'{name} {value.shape} of {value.dtype}'
                for name, value in results.items()
                if hasattr(value, 'dtype') and getattr(value, 'ndim', 0) > 1
            ]
            raise DataError(
                f'{type(self).__name__}: OpenCV does not take {", ".join(arrays)} '
                f'({error.err or error}); images are uint8, or float32 after '
                'to_float32=True, and not empty'
            ) from error

    @abstractmethod
    def transform(self, results: dict) -> dict | None:
        """Change the fields of one sample."""

    def batched(self) -> BatchTransform | None:
        """The counterpart that transforms whole batches; None if there is none."""
        return None

    def __repr__(self) -> str:
        shown: dict[str, Any] = {
            k: v for k, v in vars(self).items() if not k.startswith('_')
        }
        arguments = ', '.join(f'{k}={v!r}' for k, v in shown.items())
        return f'{type(self).__name__}({arguments})'


def draws(step: Any) -> bool:
    """Whether a step may be random: all are that do not say that they are not.

    What a class states does not apply to a subclass that transforms in another way.

    Example:
        >>> draws(TRANSFORMS.build(dict(type='Resize', scale=8))), draws(print)
        (False, True)
    """
    return not _states(step, 'is_random') or step.is_random


def batched_version_of(step: Any) -> BatchTransform | None:
    """The transform of batches that does what a random step does; None if none does.

    Example:
        >>> batched_version_of(TRANSFORMS.build(dict(type='RandomFlip', prob=0.5)))
        BatchRandomFlip(prob=0.5, direction='horizontal')
    """
    return step.batched() if _states(step, 'batched') else None


def _states(step: Any, name: str) -> bool:
    """Whether an attribute is from the class that transforms, or from a later one."""
    for cls in type(step).__mro__:
        if name in vars(cls):
            return isinstance(step, BaseTransform)
        if 'transform' in vars(cls) or '__call__' in vars(cls):
            return False
    return False
