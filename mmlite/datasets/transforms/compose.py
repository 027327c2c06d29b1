"""Compose transforms: one after the other, in views, for each entry of a list."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

from mmengine.dataset import Compose as BaseCompose

from ...errors import ConfigError, DataError
from ...registry import TRANSFORMS
from .base import BaseTransform
from .geometry import fields_of, image_size

Step = Callable[[dict], dict | None]


def build_steps(cfgs: Sequence[dict | Step]) -> list[Step]:
    """Build the transforms of a pipeline; callables are taken as they are.

    Raises:
        ConfigError: with the place in the pipeline, if one cannot be built.
    """
    steps = []
    for i, cfg in enumerate(cfgs):
        if callable(cfg):
            steps.append(cfg)
            continue
        try:
            steps.append(TRANSFORMS.build(cfg))
        except ConfigError as error:
            problems = error.under(str(i)).problems
            raise ConfigError(problems, cfg=cfgs) from error.__cause__
    return steps


@TRANSFORMS.register_module()
class Compose(BaseCompose):
    """Apply transforms one after the other.

    Args:
        transforms: Dicts with a ``type``, or callables. One that gives ``None``
            ends the pipeline, and the result is ``None``.

    Example:
        >>> run = Compose([dict(type='Resize', scale=8), dict(type='PackInputs')])
        >>> run(dict(img=np.zeros((16, 16, 3), np.uint8)))['inputs'].shape
        torch.Size([3, 8, 8])
    """

    def __init__(self, transforms: Sequence | None = None) -> None:
        super().__init__(None)
        self.transforms = build_steps(transforms or ())
        self._known: tuple[list[Step], list[Step]] = ([], [])

    def __call__(self, data: dict) -> dict | None:
        """Apply all transforms to a sample."""
        steps, calls = self._known
        if steps != self.transforms:
            steps = list(self.transforms)
            calls = [_method(step) for step in steps]
            self._known = steps, calls
        for call in calls:
            data = call(data)
            if data is None:
                return None
        return data


def _method(step: Step) -> Step:
    """What a step does when it is called, without a call in between."""
    plain = type(step).__call__ is BaseTransform.__call__
    return step.transform if plain else step


@TRANSFORMS.register_module()
class MultiView(BaseTransform):
    """Make several views of a sample, each drawn anew, e.g. for contrastive learning.

    Every field that moves with the image, and the image itself, becomes a list with
    one entry a view; so does ``img_shape``. All other fields stay as they were before.

    Args:
        transforms: Pipelines, each a list of steps.
        num_views: How many views each pipeline makes; one number for one pipeline.

    Shape:
        img: ``(H, W, C)`` -> a list of ``sum(num_views)`` images.

    Raises:
        ValueError: if there is not one number for each pipeline.
        DataError: if the pipelines give different fields.

    Example:
        >>> views = TRANSFORMS.build(dict(type='MultiView', num_views=2, transforms=[
        ...     [dict(type='RandomCrop', crop_size=8)]]))
        >>> [view.shape for view in views(dict(img=np.zeros((16, 16))))['img']]
        [(8, 8), (8, 8)]
    """

    def __init__(
        self, transforms: Sequence[Sequence], num_views: int | Sequence[int]
    ) -> None:
        counts = [num_views] if isinstance(num_views, int) else list(num_views)
        if len(counts) != len(transforms) or not counts or min(counts) < 1:
            raise ValueError(
                'num_views has a number of views, 1 or more, for each of '
                f'{len(transforms)} pipelines, got {num_views}'
            )
        self.num_views = counts
        self.transforms = [Compose(row) for row in transforms]

    def transform(self, results: dict) -> dict | None:
        """Make the views."""
        views = []
        for steps, count in zip(self.transforms, self.num_views, strict=True):
            for _ in range(count):
                view = steps(copy.copy(results))
                if view is None:
                    return None
                views.append(view)
        names = list(
            dict.fromkeys(name for view in views for name, _ in fields_of(dict(view)))
        )
        if not names:
            image_size(views[0])  # says what is missing
        if any('img_shape' in view for view in views):  # a step that moved it says it
            names.append('img_shape')
            for view in views:
                view.setdefault('img_shape', image_size(view)[::-1])
        for name in names:
            if not all(name in view for view in views):
                raise DataError(
                    f'MultiView: the field {name} is in some of the views only; give '
                    'every pipeline the steps that add it, or add it before MultiView'
                )
        results.setdefault('ori_shape', views[0].get('ori_shape'))
        results.update({name: [view[name] for view in views] for name in names})
        return results


@TRANSFORMS.register_module()
class ApplyToList(BaseTransform):
    """Apply steps to each entry of a field that is a list, e.g. of several paths.

    A sample whose field is no list goes through the steps as it is.

    Args:
        transforms: The steps.
        scatter_key: The field whose entries are taken one by one.
        collate_keys: Fields that become lists, with what each entry made of them; all
            others are those of the first entry.

    Raises:
        DataError: if the list is empty, or the steps leave out a field.

    Example:
        >>> resize = dict(type='Resize', scale=8)
        >>> each = TRANSFORMS.build(dict(type='ApplyToList', transforms=[resize],
        ...     scatter_key='img', collate_keys=['img_shape']))
        >>> found = each(dict(img=[np.zeros((16, 16)), np.zeros((32, 32))]))
        >>> [img.shape for img in found['img']], found['img_shape']
        ([(8, 8), (8, 8)], [(8, 8), (8, 8)])
    """

    def __init__(
        self, transforms: Sequence, scatter_key: str, collate_keys: Sequence[str]
    ) -> None:
        self.transforms = Compose(transforms)
        self.scatter_key = scatter_key
        self.collate_keys = tuple(dict.fromkeys((scatter_key, *collate_keys)))

    def transform(self, results: dict) -> dict | None:
        """Apply the steps to each entry."""
        entries = results.get(self.scatter_key)
        if not isinstance(entries, (list, tuple)):
            return self.transforms(results)
        if not entries:
            raise DataError(f'ApplyToList: the field {self.scatter_key} has no entries')
        made = []
        for entry in entries:
            one = self.transforms({**results, self.scatter_key: entry})
            if one is None:
                return None
            if absent := [key for key in self.collate_keys if key not in one]:
                raise DataError(
                    f'ApplyToList: its steps give no field {absent[0]!r} '
                    f'(collate_keys), but {sorted(one)}'
                )
            made.append(one)
        collated = {key: [one[key] for one in made] for key in self.collate_keys}
        return {**made[0], **collated}
