"""Let steps work on fields of other names than they look for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import DataError
from ...registry import TRANSFORMS
from .base import BaseTransform, rng_of
from .compose import Compose
from .fields import FIELDS, FixedField

__all__ = ['KeyMapper', 'TransformBroadcaster']

#: Stands for a field that the steps are not to see.
_HIDDEN = object()


@TRANSFORMS.register_module()
class KeyMapper(BaseTransform):
    """Rename fields, do steps, and rename the fields back.

    The steps see a field under the name that ``mapping`` gives it, and the other
    fields of the sample as they are. What they leave is given back under the names of
    ``remapping``; nothing else that they changed is. Where there is no remapping, all
    is given back.

    Args:
        transforms: The steps, or one; none rename only.
        mapping: For the names that the steps look for, the field of the sample: its
            name, a list or a dict of names for several fields as one, or ``...`` for
            a field that they are not to see. ``None`` renames nothing.
        remapping: Likewise for what is given back: for the names that the steps
            leave, the field of the sample that it becomes, or ``...`` to leave it out.
        auto_remap: Whether ``mapping`` is the remapping too; ``None`` is whether there
            is no ``remapping``.
        allow_nonexist_keys: Whether a field of ``mapping`` may be missing; the steps
            do not see it then.

    Shape:
        img: As the steps give it.

    Raises:
        ValueError: if ``auto_remap`` is set beside ``remapping``.
        DataError: if a field of ``mapping`` or ``remapping`` is missing, or the steps
            move a field with the image that is not given back.

    Example:
        >>> step = TRANSFORMS.build(dict(
        ...     type='KeyMapper', mapping=dict(img='picture'),
        ...     transforms=[dict(type='Resize', scale=4)]))
        >>> step(dict(picture=np.zeros((8, 8))))['picture'].shape
        (4, 4)
    """

    def __init__(
        self,
        transforms: Any = None,
        mapping: Mapping[str, Any] | None = None,
        remapping: Mapping[str, Any] | None = None,
        auto_remap: bool | None = None,
        allow_nonexist_keys: bool = False,
    ) -> None:
        if auto_remap and remapping is not None:
            raise ValueError(
                'remapping has no meaning with auto_remap=True; leave one of them out'
            )
        if transforms is None:
            transforms = []
        several = isinstance(transforms, (list, tuple))
        self.transforms = Compose(transforms if several else [transforms])
        self.mapping = mapping
        self.auto_remap = remapping is None if auto_remap is None else auto_remap
        self.remapping = mapping if self.auto_remap else remapping
        self.allow_nonexist_keys = allow_nonexist_keys

    def transform(self, results: dict) -> dict | None:
        """Rename, do the steps, rename back."""
        found = self._run(self._inside(results), self.remapping)
        return None if found is None else self._given_back(results, found)

    def _inside(self, results: dict) -> dict:
        """The sample as the steps see it, with what is hidden marked as such."""
        if self.mapping is None:
            return dict(results)
        renamed = {name: self._taken(results, m) for name, m in self.mapping.items()}
        # A field is seen under its new name alone: there it moves.
        others = set(_names_in(self.mapping))
        return {**{k: v for k, v in results.items() if k not in others}, **renamed}

    def _taken(self, results: dict, m: Any) -> Any:
        if isinstance(m, Mapping):
            return {name: self._taken(results, inner) for name, inner in m.items()}
        if isinstance(m, (list, tuple)):
            return type(m)(self._taken(results, inner) for inner in m)
        if m is ... or (m not in results and self.allow_nonexist_keys):
            return _HIDDEN
        if m not in results:
            raise DataError(
                f'{type(self).__name__}: the sample has no field {m!r} (mapping), it '
                f'has {sorted(results)}; set allow_nonexist_keys=True if it may be '
                'missing'
            )
        return results[m]

    def _run(self, inputs: dict, given: Collection[str] | None) -> dict | None:
        """Do the steps, and add what they were not to see.

        Args:
            inputs: The sample as the steps see it.
            given: The fields that are given back; ``None`` for all.
        """
        seen = {name: v for name, v in inputs.items() if v is not _HIDDEN}
        outputs = self.transforms(dict(seen))
        if outputs is None:
            return None
        if given is not None:
            self._refuse_lost(seen, outputs, given)
        return {**inputs, **outputs}

    def _refuse_lost(self, inputs: dict, outputs: dict, given: Collection[str]) -> None:
        """Check that no field was moved whose new place nobody takes."""
        for name, value in outputs.items():
            field, old = FIELDS.get(name), inputs.get(name)
            if name in given or field is None or type(field) is FixedField:
                continue
            if value is not old and not _alike(value, old):
                raise DataError(
                    f'{type(self).__name__}: its steps change the field {name}, which '
                    f'is not given back; {self._advice(name)}'
                )

    def _advice(self, name: str) -> str:
        return (
            f'add {name}={name!r} to its mapping, or {name}=... if they are not to '
            'see it'
        )

    def _given_back(self, results: dict, found: dict) -> dict:
        if self.remapping is None:
            return {**results, **{k: v for k, v in found.items() if v is not _HIDDEN}}
        return {**results, **self._renamed(found, self.remapping, '')}

    def _renamed(self, value: Any, m: Any, place: str) -> dict:
        """Fields of the sample that a value becomes, by their names."""
        if m is ... or value is _HIDDEN:
            return {}
        if isinstance(m, Mapping):
            parts = [(name, inner, f'{place}.{name}') for name, inner in m.items()]
        elif isinstance(m, (list, tuple)):
            parts = [(i, inner, f'{place}.{i}') for i, inner in enumerate(m)]
        else:
            return {m: value}
        found = {}
        for key, inner, path in parts:
            found.update(
                self._renamed(self._part(value, key, len(m), path), inner, path)
            )
        return found

    def _part(self, value: Any, key: Any, count: int, path: str) -> Any:
        """One entry of what the steps left, where the remapping looks for it."""
        if isinstance(key, str) and isinstance(value, Mapping) and key in value:
            return value[key]
        fits = isinstance(value, (list, tuple)) and len(value) == count
        if isinstance(key, int) and fits:
            return value[key]
        if isinstance(value, Mapping):
            got = f'the keys {sorted(map(str, value))}'
        elif isinstance(value, (list, tuple)):
            got = f'{len(value)} entries'
        else:
            got = f'a {type(value).__name__}'
        raise DataError(
            f'{type(self).__name__}: its steps leave nothing for the remapping at '
            f'{path[1:]!r}, but {got}'
        )


def _names_in(m: Any) -> list[str]:
    """All names of fields in a mapping."""
    if isinstance(m, Mapping):
        m = list(m.values())
    if isinstance(m, (list, tuple)):
        return [name for inner in m for name in _names_in(inner)]
    return [] if m is ... else [m]


def _alike(value: Any, other: Any) -> bool:
    """Whether a field is what it was, if perhaps of another type."""
    return other is not None and np.array_equal(np.asarray(value), np.asarray(other))


@TRANSFORMS.register_module()
class TransformBroadcaster(KeyMapper):
    """Do the same steps on several fields, one after the other.

    A list of fields in ``mapping``, or a field that is a list, is taken entry by entry;
    what the steps leave is given back likewise.

    Args:
        transforms: The steps, or one.
        mapping: See :class:`KeyMapper`; for each name a list, all of one length.
            ``None`` takes every field that is a list.
        remapping: See :class:`KeyMapper`.
        auto_remap: See :class:`KeyMapper`.
        allow_nonexist_keys: See :class:`KeyMapper`.
        share_random_params: Whether every entry is drawn with the same random
            numbers, so that e.g. all are flipped, or none. What depends on the size of
            the image too, as the place of a crop, is alike for images of one size.

    Shape:
        img: As the steps give it.

    Raises:
        ValueError: if ``auto_remap`` is set beside ``remapping``.
        DataError: if there is no list, or they have several lengths, or the steps move
            a field with the image that is no list; and as :class:`KeyMapper`.

    Example:
        >>> step = TRANSFORMS.build(dict(
        ...     type='TransformBroadcaster', mapping=dict(img=['a', 'b']),
        ...     share_random_params=True,
        ...     transforms=[dict(type='RandomCrop', crop_size=2)]))
        >>> pair = step(dict(a=np.eye(4), b=np.eye(4)))
        >>> bool((pair['a'] == pair['b']).all()), pair['a'].shape
        (True, (2, 2))
    """

    def __init__(
        self,
        transforms: Any,
        mapping: Mapping[str, Any] | None = None,
        remapping: Mapping[str, Any] | None = None,
        auto_remap: bool | None = None,
        allow_nonexist_keys: bool = False,
        share_random_params: bool = False,
    ) -> None:
        super().__init__(
            transforms, mapping, remapping, auto_remap, allow_nonexist_keys
        )
        self.share_random_params = share_random_params

    def transform(self, results: dict) -> dict | None:
        """Do the steps for each entry."""
        rng = rng_of(results)
        state = rng.getstate() if self.share_random_params else None
        made = []
        inputs = self._inside(results)
        lists = self._lists(inputs)
        given = lists if self.remapping is None else self.remapping
        for entry in self._entries(inputs, lists):
            if state is not None:
                rng.setstate(state)
            one = self._run(entry, given)
            if one is None:
                return None
            made.append(one)
        names = [name for name in made[0] if all(name in one for one in made)]
        found = {name: [one[name] for one in made] for name in names}
        if self.remapping is None:  # what is no list stays as it was
            found = {name: value for name, value in found.items() if name in lists}
        return self._given_back(results, found)

    def _advice(self, name: str) -> str:
        if self.mapping is not None:
            return super()._advice(name)
        return (
            f'make {name} a list with an entry for each image, or name in mapping the '
            f'fields to go through, with {name}=... if they are not to see it'
        )

    def _lists(self, inputs: dict) -> dict[str, Any]:
        """The fields to go through, as the steps see them."""
        if self.mapping is None:
            return {k: v for k, v in inputs.items() if isinstance(v, list)}
        lists = {name: inputs[name] for name in self.mapping}
        return {name: value for name, value in lists.items() if value is not _HIDDEN}

    def _entries(self, inputs: dict, lists: dict[str, Any]) -> list[dict]:
        """The sample once for each entry of its lists."""
        lengths = {
            name: len(value) if _is_row(value) else None
            for name, value in lists.items()
        }
        counts = set(lengths.values())
        if len(counts) != 1 or counts & {None, 0}:
            raise DataError(
                'TransformBroadcaster needs lists of one length, 1 or more; got '
                + (
                    ', '.join(f'{k}: {_counted(v)}' for k, v in lengths.items())
                    or 'none'
                )
                + '; name in mapping the fields to go through'
            )
        return [
            {**inputs, **{name: lists[name][i] for name in lengths}}
            for i in range(counts.pop())
        ]


def _is_row(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _counted(count: int | None) -> str:
    return 'no list' if count is None else f'{count} entries'
