"""Names of classes from a label map of TensorFlow's Object Detection API."""

from __future__ import annotations

import re

from ..errors import DataError

__all__ = ['UNUSED', 'label_map_names']

#: What a class is called whose id stands for nothing.
UNUSED = 'N/A'
_ITEM = re.compile(r'item\s*\{(.*?)\}', re.DOTALL)
_FIELD = re.compile(r'(\w+)\s*:\s*("[^"]*"|\'[^\']*\'|[^\s,]+)')


def label_map_names(text: str, source: str) -> tuple[str, ...]:
    """The names of classes, that of id 1 first, whatever the order in the file.

    Ids that stand for nothing, as in COCO's, become classes without objects.

    Args:
        text: A ``.pbtxt`` file, ``item { id: 1 name: 'cat' }`` for each class; its
            ``display_name`` goes before its ``name``.
        source: Where it stands, for the message.

    Raises:
        DataError: if an item has no id of its own from 1 on, or no name.

    Example:
        >>> label_map_names("item { id: 3 name: 'c' } item { name: 'a' id: 1 }", 'x')
        ('a', 'N/A 2', 'c')
    """
    names: dict[int, str] = {}
    for body in _ITEM.findall(re.sub(r'#.*', '', text)):
        fields = {key: value.strip('"\'') for key, value in _FIELD.findall(body)}
        name = fields.get('display_name') or fields.get('name')
        number = fields.get('id', '')
        if not number.isdigit() or not name:
            shown = ' '.join(body.split())
            raise DataError(f'{source}: item {{ {shown} }} has no id and name')
        if int(number) == 0:
            raise DataError(
                f'{source}: {name!r} has the id 0, which label maps keep for the '
                'background; count from 1'
            )
        if int(number) in names:
            raise DataError(
                f'{source}: {name!r} has the id {number} of {names[int(number)]!r}; '
                'give each an id of its own'
            )
        names[int(number)] = name
    ids = range(1, max(names, default=0) + 1)
    return tuple(names.get(i, f'{UNUSED} {i}') for i in ids)
