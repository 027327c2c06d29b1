"""Change a config in place, and refuse what would not be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from mmengine.config import Config, ConfigDict

from ..errors import ConfigError, Problem, did_you_mean
from ..signature import value_name
from .helpers import is_typo
from .merging import DELETE
from .overrides import Override, as_overrides
from .schema import arguments_at, top_level_hint

__all__ = ['apply_overrides', 'override_variable', 'whereabouts']


def apply_overrides(
    cfg: Config, overrides: Sequence[str | Override] | Mapping[str, Any]
) -> Config:
    """Change a config in place.

    Args:
        cfg: A config.
        overrides: Texts, or a dict of paths and values:

            - ``model.backbone.depth=34`` sets a value; see
              :func:`~mmlite.config.parse_value` for how values are written.
            - ``param_scheduler.0.end=5``, ``train_pipeline.-1.type=X``: an
              item of a list or tuple.
            - A dict goes into the dict that stands there, as in a file that
              inherits; ``_delete_=True`` in it replaces that one, and
              ``model.head._delete_=True`` empties it before the others apply,
              or removes it if none puts anything in.
            - A key that neither stands there nor is an argument of the type
              there is refused, unless it has a leading ``+``.

    Returns:
        The same config.

    Raises:
        ConfigError: for keys that are refused; names them all.

    Example:
        >>> cfg = Config(dict(train_cfg=dict(by_epoch=True, max_epochs=3)))
        >>> apply_overrides(cfg, ['train_cfg.max_epochs=5']).train_cfg.max_epochs
        5
    """
    editor = _Editor(dict(cfg.items()))
    editor.apply(as_overrides(overrides))
    if editor.problems:
        raise ConfigError(editor.problems, cfg.filename)
    for key in set(cfg.keys()) - set(editor.tree):
        cfg.pop(key)
    for key, value in editor.tree.items():
        cfg[key] = value
    return cfg


def override_variable(name: str, value: Any, changes: Sequence[Override]) -> Any:
    """The value of a variable after the overrides that concern it.

    Raises:
        ConfigError: for keys that are refused.
    """
    editor = _Editor({name: value})
    editor.apply(changes)
    if editor.problems:
        raise ConfigError(editor.problems)
    return editor.tree.get(name)


class _Refused(Exception):
    """An override that cannot be applied."""

    def __init__(self, keys: tuple[str, ...], message: str) -> None:
        self.problem = Problem('.'.join(keys), message)


class _Editor:
    """Applies overrides to a tree of dicts and lists, copying what it changes.

    A config may hold one and the same dict in several places, which must not
    change together.
    """

    def __init__(self, tree: dict[str, Any]) -> None:
        self.tree: Any = tree
        self.problems: list[Problem] = []
        self._emptied: set[tuple[str, ...]] = set()
        self._written: set[tuple[str, ...]] = set()
        self._old_types: dict[tuple[str, ...], Any] = {}

    def apply(self, changes: Sequence[Override]) -> None:
        """Apply all; what is refused is left out and noted."""
        empties = [c for c in changes if c.keys[-1] == DELETE and c.value is True]
        others = [c for c in changes if c not in empties]
        # A type comes before the arguments that it takes.
        others.sort(key=lambda c: c.keys[-1] != 'type')
        for change in [*empties, *others]:
            try:
                self.tree = self._put(self.tree, change.keys, change, ())
            except _Refused as refused:
                self.problems.append(refused.problem)
        for keys in self._emptied:
            self._drop_if_empty(keys)
        for keys, old in self._old_types.items():
            self._find_stale(keys, old)

    def _put(
        self, node: Any, rest: tuple[str, ...], change: Override, at: tuple[str, ...]
    ) -> Any:
        """The node, with the value put under the keys that are left."""
        if not rest:
            return self._lay(node, change, at)
        if rest == (DELETE,) and change.value is True and at:
            self._emptied.add(at)
            return ConfigDict()
        if isinstance(node, (list, tuple)):
            index = _index_in(node, rest[0], rest[1:], at)
            items = list(node)
            items[index] = self._put(items[index], rest[1:], change, (*at, str(index)))
            return type(node)(items)
        node = {} if node is None else node
        if not isinstance(node, Mapping):
            raise _Refused(at, f'is {value_name(node)}, which has no key {rest[0]!r}')
        key, rest = _key_in(node, rest)
        if key == '':
            message = f'the key {change.path!r} has an empty part; write one dot'
            raise _Refused((), f'{message} between two names')
        if key not in node and not change.new and at not in self._emptied:
            self._check_new(node, key, change, at)
        if key == 'type' and node.get('type') != change.value:
            self._old_types.setdefault(at, node.get('type'))
        changed = ConfigDict(node) if at else dict(node)
        changed[key] = self._put(node.get(key), rest, change, (*at, str(key)))
        return changed

    def _lay(self, node: Any, change: Override, at: tuple[str, ...]) -> Any:
        """The value, or what comes of laying a dict over a dict."""
        value = change.value
        self._written.add(at)
        if not isinstance(value, Mapping):
            return ConfigDict(value=value).value
        plain = {k: v for k, v in value.items() if k != DELETE}
        if not isinstance(node, Mapping) or value.get(DELETE):
            return ConfigDict(plain)
        for key in sorted(plain, key=lambda k: k != 'type'):
            inner = Override((*change.keys, str(key)), plain[key], change.new)
            node = self._put(node, (key,), inner, at)
        return node

    def _check_new(
        self, node: Mapping[str, Any], key: str, change: Override, at: tuple[str, ...]
    ) -> None:
        """Refuse a key that neither stands in a dict nor can."""
        allowed = arguments_at(at, node)
        if allowed and (allowed.open or key in allowed.kinds):
            return
        if allowed is None and (node.get('type') or not node):
            return  # the checker has more to say about a type that is unknown
        known = allowed.kinds if allowed else {}
        names = [str(name) for name in {**dict.fromkeys(node), **known}]
        hint = '' if is_typo(key, names) else whereabouts(key, node, at)
        hint = hint or (did_you_mean(key, names) if at else top_level_hint(key, names))
        plus = f' (to add a new key, write +{change.path}=...)'
        if not at:
            raise _Refused(at, f'unknown key {key!r}{hint}{plus}')
        hint = hint or f'; it takes {", ".join(n for n in names if n != "type")}'
        if 'type' in node:
            raise _Refused(at, f'{_name(node["type"])} has no argument {key!r}{hint}')
        raise _Refused(at, f'has no key {key!r}{hint}{"" if allowed else plus}')

    def _drop_if_empty(self, keys: tuple[str, ...]) -> None:
        """Remove a dict that was emptied, and into which nothing was put."""
        parent: Any = self.tree
        for key in keys[:-1]:
            parent = parent[int(key) if isinstance(parent, (list, tuple)) else key]
        if isinstance(parent, dict) and parent.get(keys[-1]) == {}:
            del parent[keys[-1]]

    def _find_stale(self, keys: tuple[str, ...], old: Any) -> None:
        """Note the arguments that stand in a dict only for its former type."""
        node: Any = self.tree
        for key in keys:
            node = node[int(key) if isinstance(node, (list, tuple)) else key]
        wanted = arguments_at(keys, node)
        if wanted is None or wanted.open or keys in self._emptied:
            return
        stale = [
            repr(key)
            for key in node
            if key not in wanted.kinds and (*keys, key) not in self._written
        ]
        if stale:
            path = '.'.join(keys)
            self.problems.append(
                Problem(
                    path,
                    f'{_name(node["type"])} has no argument {", ".join(stale)}, left '
                    f'over from {_name(old)}; add {path}._delete_=True to start from '
                    'an empty dict',
                )
            )


def _name(kind: Any) -> str:
    return kind if isinstance(kind, str) else getattr(kind, '__name__', str(kind))


def whereabouts(key: str, node: Any, at: tuple[str, ...] = ()) -> str:
    """A hint with the places further in where a key stands.

    Args:
        key: The key.
        node: The dict or list to look in.
        at: Where that stands.
    """
    places = list(islice(_places(key, node, at), 2))
    return f'; did you mean {" or ".join(places)}?' if places else ''


def _places(key: str, node: Any, at: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, (list, tuple)):
        node = dict(enumerate(node))
    if not isinstance(node, Mapping):
        return
    for name, value in node.items():
        if name == key and at:
            yield '.'.join((*at, key))
        else:
            yield from _places(key, value, (*at, str(name)))


def _key_in(
    node: Mapping[str, Any], rest: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """The key that comes next; one that holds dots itself if it stands there."""
    by_name = {str(key): key for key in node}
    for n in range(1, len(rest) + 1):
        if (name := '.'.join(rest[:n])) in by_name:
            return by_name[name], rest[n:]
    return rest[0], rest[1:]


def _index_in(
    items: Sequence[Any], key: str, rest: tuple[str, ...], at: tuple[str, ...]
) -> int:
    """The index that a key stands for, counted from the front."""
    count = len(items)
    kind = 'tuple' if isinstance(items, tuple) else 'list'
    try:
        index = int(key)
    except ValueError:
        path = '.'.join(at)
        holders = [
            i
            for i, item in enumerate(items)
            if isinstance(item, Mapping) and key in item
        ]
        hint = '.'.join([path, str(holders[0] if holders else 0), key, *rest])
        message = f'is a {kind} of {count}, which takes an index, not {key!r}'
        raise _Refused(at, f'{message}; e.g. {hint}=...') from None
    if not -count <= index < count:
        raise _Refused(at, f'is a {kind} of {count}, and has no item {index}')
    return index % count
