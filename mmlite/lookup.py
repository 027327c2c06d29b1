"""What a name in a config may stand for.

A config names what is registered. Beside that, the dotted path of a class is a
name, as long as the class is of the kind that its place holds: a path can lead to
any function of any package, and to build that would be to run whatever a config
names.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

__all__ = [
    'HOLDS',
    'PUBLISHED_SCOPES',
    'built_elsewhere',
    'can_hold',
    'class_at',
    'find_inside',
    'loaded_object',
    'no_place_for',
    'now_called',
    'plain_function',
    'scoped',
    'type_name',
    'without_scope',
]

#: Packages in whose configs a name may begin with the package: it is our own then.
PUBLISHED_SCOPES = ('mmlite', 'mmengine', 'mmpretrain', 'mmcls', 'mmcv')

#: What parts of older versions of OpenMMLab's packages are now.
FORMER_NAMES = dict.fromkeys(
    ('DefaultFormatBundle', 'PackClsInputs', 'PackDetInputs', 'PackSelfSupInputs'),
    'PackInputs',
)

#: What a class must be that is not registered, for a place to hold it.
HOLDS = {
    'models': 'torch.nn:Module',
    'model_wrappers': 'torch.nn:Module',
    'weight_initializers': 'mmengine.model.weight_init:BaseInit',
    'datasets': 'torch.utils.data:Dataset',
    'data_samplers': 'torch.utils.data:Sampler',
    'transforms': '__call__',
    'runners': 'mmengine.runner:Runner',
    'loops': 'mmengine.runner:BaseLoop',
    'hooks': 'mmengine.hooks:Hook',
    'log_processors': 'mmengine.runner:LogProcessor',
    'optimizers': 'torch.optim:Optimizer',
    'optim_wrappers': 'mmengine.optim:BaseOptimWrapper',
    'optim_wrapper_constructors': '__call__',
    'param_schedulers': 'mmengine.optim:_ParamScheduler',
    'metrics': 'mmengine.evaluator:BaseMetric',
    'evaluators': 'mmengine.evaluator:Evaluator',
    'visualizers': 'mmengine.visualization:Visualizer',
    'visbackends': 'mmengine.visualization:BaseVisBackend',
}


def scoped(key: str) -> tuple[str | None, str]:
    """The scope that a name states, and the name in it.

    Example:
        >>> scoped('mmpretrain.ResNet'), scoped('mine.Net'), scoped('torch.nn.ReLU')
        ((None, 'ResNet'), ('mine', 'Net'), ('torch', 'nn.ReLU'))
    """
    scope, dot, name = key.partition('.')
    if not dot:
        return None, key
    if scope in PUBLISHED_SCOPES and '.' not in name:
        return None, name
    return scope, name


def now_called(name: str, known: Collection[str]) -> str:
    """What a message says of a part that has another name now; '' of any other.

    Example:
        >>> now_called('mmcls.PackClsInputs', ['PackInputs'])
        "; that is now 'PackInputs'"
    """
    now = FORMER_NAMES.get(scoped(name)[1])
    return f'; that is now {now!r}' if now in known else ''


def class_at(path: str) -> Any:
    """The class or function at a dotted path, or ``None``; imports its package.

    Example:
        >>> class_at('torch.nn.ReLU').__name__, class_at('json'), class_at('a..b')
        ('ReLU', None, None)
    """
    parts = path.split('.')
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        return None
    for split in range(len(parts) - 1, 0, -1):
        try:
            found: Any = import_module('.'.join(parts[:split]))
        except ModuleNotFoundError:
            continue
        except Exception:  # the import of a package may raise anything
            return None
        for name in parts[split:]:
            found = getattr(found, name, None)
        return found if callable(found) else None
    return None


def loaded_object(path: str) -> Any:
    """What stands at a dotted path in a module that is imported already, or None.

    Nothing is imported, and nothing is called.
    """
    parts = path.split('.')
    for split in range(len(parts) - 1, 0, -1):
        found: Any = sys.modules.get('.'.join(parts[:split]))
        if found is None:
            continue
        for name in parts[split:]:
            found = inspect.getattr_static(found, name, None)
        return found
    return None


def can_hold(kinds: Sequence[str], target: Any) -> bool:
    """Whether a class is of one of the kinds that a place holds.

    Args:
        kinds: ``'module:Class'`` for a subclass of that one, ``'__call__'`` for
            any class whose instances have that method.
        target: A class; anything else cannot be held.

    Example:
        >>> import os
        >>> from torch import nn
        >>> can_hold(['torch.nn:Module'], nn.ReLU), can_hold(['__call__'], os.system)
        (True, False)
    """
    return inspect.isclass(target) and any(_is_kind(target, kind) for kind in kinds)


def _is_kind(target: type, kind: str) -> bool:
    module, _, name = kind.partition(':')
    if name:
        return issubclass(target, getattr(import_module(module), name))
    return inspect.isfunction(inspect.getattr_static(target, kind, None))


def no_place_for(found: Any, kinds: Sequence[str], registry: str) -> str:
    """That something was found, and cannot be built where it stands.

    Args:
        found: A class or a function that is not registered.
        kinds: What a class that is not registered must be there.
        registry: The name of the registry.
    """
    name = f'{found.__module__}.{getattr(found, "__qualname__", found)}'
    what = 'class' if inspect.isclass(found) else 'function'
    wanted = ' or '.join(kinds).replace(':', '.')
    expected = f'; an unregistered class must be a {wanted} here' if kinds else ''
    return (
        f'{name} is a {what} that is not registered{expected}; register it with '
        f'@{registry.upper()}.register_module() and name its module in custom_imports'
    )


#: What mmengine builds out of a part's config, by itself and without looking: the key
#: below which it stands, and the registry.
_BUILT_ELSEWHERE = {
    'init_cfg': 'WEIGHT_INITIALIZERS',
    'vis_backends': 'VISBACKENDS',
}


#: What of it says where it belongs, and is no argument.
_OF_OVERRIDES = ('override', 'name')


def built_elsewhere(
    cfg: Any, keys: tuple[str, ...] = (), registry: str = ''
) -> Iterator[tuple[tuple[str, ...], str, Mapping[str, Any]]]:
    """What mmengine builds out of a config without looking at it.

    Args:
        cfg: A dict or list.
        keys: Where it stands.
        registry: In which registry what stands in it is looked up, if in one.

    Example:
        >>> init = dict(type='Constant', override=dict(type='Normal', name='fc'))
        >>> [(keys, kind['type']) for keys, _, kind in built_elsewhere(
        ...     dict(type='Net', head=dict(init_cfg=init)))]
        [(('head', 'init_cfg'), 'Constant'),
         (('head', 'init_cfg', 'override'), 'Normal')]
    """
    if isinstance(cfg, (list, tuple)):
        cfg = dict(enumerate(cfg))
    elif isinstance(cfg, Mapping) and registry and 'type' in cfg:
        given = {key: value for key, value in cfg.items() if key not in _OF_OVERRIDES}
        yield keys, registry, given
    for key, value in cfg.items() if isinstance(cfg, Mapping) else ():
        if isinstance(value, (Mapping, list, tuple)):
            inner = _BUILT_ELSEWHERE.get(key, registry)
            yield from built_elsewhere(value, (*keys, str(key)), inner)


def find_inside(inner: Any, outer: Any) -> tuple[str, ...]:
    """The keys that lead from ``outer`` to ``inner``, by identity or value."""
    for same in (lambda a: a is inner, lambda a: a == inner):
        if keys := _search(same, outer):
            return keys
    return ()


def _search(same: Any, outer: Any) -> tuple[str, ...]:
    items: Any = ()
    if isinstance(outer, Mapping):
        items = outer.items()
    elif isinstance(outer, (list, tuple)):
        items = enumerate(outer)
    for key, value in items:
        if isinstance(value, (Mapping, list, tuple)):
            if same(value):
                return (str(key),)
            if keys := _search(same, value):
                return (str(key), *keys)
    return ()


def without_scope(cfg: Any) -> Any:
    """The dict without a scope of published configs, whose names are ours too."""
    if cfg.get('_scope_') not in PUBLISHED_SCOPES:
        return cfg
    return type(cfg)({k: v for k, v in cfg.items() if k != '_scope_'})


def plain_function(cfg: Any, registry: Any) -> Any:
    """The plain function that a dict with a type names in a registry; None if none."""
    target = cfg.get('type') if isinstance(cfg, Mapping) else None
    if isinstance(target, str):
        target = registry.get(target)
    return target if inspect.isfunction(target) else None


def type_name(target: Any) -> str:
    """The name of what a config gives as a type."""
    return target if isinstance(target, str) else getattr(target, '__name__', '?')
