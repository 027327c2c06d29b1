"""The registries. MODELS is the one registry of every model and nn part.

Each is a child of mmengine's registry of the same purpose, and imports the
package that fills it when a name is first looked up.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from mmengine import registry as root
from mmengine.registry import Registry as BaseRegistry
from mmengine.registry import build_from_cfg

from .collecting import without_collecting
from .errors import (
    ConfigError,
    MissingDependencyError,
    Problem,
    UserError,
    did_you_mean,
    edit_distance,
)
from .lookup import (
    HOLDS,
    PUBLISHED_SCOPES,
    built_elsewhere,
    can_hold,
    class_at,
    find_inside,
    no_place_for,
    now_called,
    plain_function,
    scoped,
    type_name,
    without_scope,
)
from .signature import argument_problems, no_dict, value_name

__all__ = [
    'DATASETS',
    'DATA_SAMPLERS',
    'EVALUATORS',
    'FUNCTIONS',
    'HOOKS',
    'LOG_PROCESSORS',
    'LOOPS',
    'METRICS',
    'MODELS',
    'MODEL_WRAPPERS',
    'OPTIMIZERS',
    'OPTIM_WRAPPERS',
    'OPTIM_WRAPPER_CONSTRUCTORS',
    'PARAM_SCHEDULERS',
    'RUNNERS',
    'TASK_UTILS',
    'TRANSFORMS',
    'VISBACKENDS',
    'VISUALIZERS',
    'WEIGHT_INITIALIZERS',
    'Registry',
    'use_scope',
]

_SCOPE: list[str | None] = [None]
Names = Collection[str]


def use_scope(name: str | None) -> None:
    """Let names be looked up in registries of a user's own scope first.

    That is what ``default_scope`` of a config means. Those are children of ours, or
    of mmengine's; scopes of which there is none are passed over.

    Args:
        name: The scope; None, and the scopes of OpenMMLab whose parts are here,
            stand for mmlite's registries alone.

    Example:
        >>> own = BaseRegistry('model', parent=MODELS, scope='own')
        >>> own.register_module(name='Mine', module=dict)
        <class 'dict'>
        >>> use_scope('own')
        >>> MODELS.get('Mine')
        <class 'dict'>
        >>> use_scope(None)
    """
    _SCOPE[0] = None if name in PUBLISHED_SCOPES else name


class Registry(BaseRegistry):
    """A registry whose failures say where in the config, and what to do.

    Beside mmengine's behaviour: the type, the names of the arguments and the kind of
    their values are checked before the constructor runs; a ``ValueError`` of a
    constructor, however deep, becomes a :class:`~mmlite.errors.ConfigError` with the
    path from the dict that was given to :meth:`build`.

    What is built is registered, or is a class that the place can hold: the dotted path
    of a function that is not registered is no name.

    Args:
        name: What it holds, e.g. ``'models'``.
        taken: Keys of a config dict that the build function takes for itself.
        holds: What a class that is not registered must be, see
            :func:`~mmlite.lookup.can_hold`; of none, if empty.
        kwargs: The arguments of mmengine's registry.

    Example:
        >>> MODELS.build(dict(type='ResNett', depth=18))
        Traceback (most recent call last):
        mmlite.errors.ConfigError: unknown type 'ResNett'; did you mean 'ResNet'?
    """

    def __init__(
        self,
        name: str,
        taken: Sequence[str] = (),
        holds: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self.taken = tuple(taken)
        self.holds = tuple(holds)

    def get(self, key: str) -> Any:
        """The class or function of a name, or ``None``.

        A scope of published configs (``'mmpretrain.ResNet'``) stands for our own.
        The dotted path of an importable class (``'torch.optim.SGD'``) is a name
        too, if it is registered, or a class that this place can hold.
        """
        scope, name = scoped(key)
        self.import_from_location()
        own = self._child_of(_SCOPE[0]) if scope is None else None
        if own is not None and name in own.module_dict:
            return own.module_dict[name]
        registry: BaseRegistry | None = self
        while registry is not None and scope is None:
            if name in registry.module_dict:
                return registry.module_dict[name]
            registry = registry.parent
        if (own := self._child_of(scope)) is not None:
            return own.get(name)
        found = class_at(key)
        # A function must be registered, wherever the path of one leads.
        return found if found is not None and Registry.admits(self, found) else None

    def import_from_location(self) -> None:
        """Import the packages that fill it, the first time."""
        if not self._imported:
            with without_collecting():
                super().import_from_location()

    def admits(self, target: Any) -> bool:
        """Whether something may be built here, by what it is."""
        registered = (target in names.values() for names in self._known())
        return any(registered) or can_hold(self.holds, target)

    def _known(self) -> Iterator[dict[str, Any]]:
        """What is registered here, and in each of the registries above."""
        registry: BaseRegistry | None = self
        while registry is not None:
            yield registry.module_dict
            registry = registry.parent

    def _child_of(self, scope: str | None) -> BaseRegistry | None:
        """The registry of a user's own scope, below ours or below mmengine's."""
        for registry in (self, self._get_root_registry()) if scope else ():
            child = registry.children.get(scope)
            if child is not None and child is not self:
                child.import_from_location()
                return child
        return None

    def build(self, cfg: Any, *args: Any, **kwargs: Any) -> Any:
        """Build an object from a dict with a ``type``, or several from a list.

        Raises:
            ConfigError: if the type is unknown, an argument is unknown,
                missing or of a wrong kind, or a constructor refuses a value.
        """
        if isinstance(cfg, (list, tuple)):
            return self._build_each(cfg, *args, **kwargs)
        problems = self.problems_of(cfg, given=tuple(kwargs.get('default_args') or ()))
        for keys, name, inner in built_elsewhere(cfg):
            found = REGISTRIES[name].problems_of(inner, partial=True)
            problems += [problem.under(*keys) for problem in found]
        if problems:
            raise ConfigError(problems, cfg=cfg)
        try:
            return super().build(without_scope(cfg), *args, **kwargs)
        except ConfigError as error:
            keys = find_inside(error.cfg, cfg) if error.cfg is not None else ()
            raise ConfigError(error.under(*keys).problems, cfg=cfg) from error.__cause__
        except MissingDependencyError as error:
            raise ConfigError([Problem('', str(error))], cfg=cfg) from error
        except UserError:
            raise
        except ValueError as error:
            problem = Problem('', f'{type_name(cfg["type"])}: {error}')
            raise ConfigError([problem], cfg=cfg) from error

    def _register_module(
        self,
        module: type,
        module_name: str | list[str] | None = None,
        force: bool = False,
    ) -> None:
        own = {k for k, known in self.module_dict.items() if known is module}
        names = [module_name] if isinstance(module_name, str) else module_name
        if names := [n for n in names or [module.__name__] if n not in own]:
            super()._register_module(module, names, force)

    def _build_each(self, cfgs: Any, *args: Any, **kwargs: Any) -> Any:
        for i, cfg in enumerate(cfgs):
            if isinstance(cfg, Mapping) and (problems := self.problems_of(cfg)):
                raise ConfigError([p.under(str(i)) for p in problems], cfg=cfgs)
        return super().build(cfgs, *args, **kwargs)

    def problems_of(
        self, cfg: Any, given: Names = (), partial: bool = False, hints: Names = ()
    ) -> list[Problem]:
        """What keeps ``cfg`` from being built, as far as names and kinds show.

        Args:
            cfg: A dict with a ``type``.
            given: Names that the builder adds, or takes for itself.
            partial: Whether the builder may add others too.
            hints: Those of ``given`` that a config may state.
        """
        if not isinstance(cfg, Mapping):
            return [Problem('', no_dict(cfg))]
        if 'type' not in cfg:
            if 'type' in given:
                return []
            return [Problem('', f'the key type is missing; got the keys {list(cfg)}')]
        target = cfg['type']
        if isinstance(target, str):
            target = self.get(target)
            if target is None:
                return [self.unknown(cfg['type'])]
        elif not callable(target):
            expected = 'a type is a name or a class'
            return [Problem('type', f'{expected}, got {value_name(target)}')]
        elif not self.admits(target):
            return [Problem('type', no_place_for(target, self.holds, self.name))]
        args = {k: v for k, v in cfg.items() if k not in ('type', '_scope_')}
        known, hints = {*given, *self.taken}, [*hints, *self.taken]
        return argument_problems(target, args, known, partial, hints)

    def names(self) -> list[str]:
        """All names that can be looked up here, mmengine's included."""
        self.import_from_location()
        own = self._child_of(_SCOPE[0])
        return sorted(set(own.module_dict if own else ()).union(*self._known()))

    def unknown(self, name: str) -> Problem:
        """That a type is not registered, with the name that was mistyped, if any.

        A name that is only akin, as ``Conv`` is to ``ConvNeXt``, is no hint.
        """
        if (found := class_at(name)) is not None:
            return Problem('', no_place_for(found, self.holds, self.name))
        names = self.names()
        word = name.lower()
        typos = [known for known in names if edit_distance(word, known.lower()) <= 1]
        alike = [known for known in names if known[:1].lower() == word[:1]]
        cutoff = 0.5 if typos else 0.8
        hint = now_called(name, names) or did_you_mean(name, typos or alike, cutoff)
        hint = hint or (
            f'; register it with @{self.name.upper()}.register_module() and name '
            'its module in custom_imports'
        )
        return Problem('', f'unknown type {name!r}{hint}')


class FunctionRegistry(Registry):
    """A registry of functions; a Python config may also give one itself."""

    def admits(self, target: Any) -> bool:
        """As for every registry; a function needs not be registered."""
        return inspect.isfunction(target) or super().admits(target)


class TransformRegistry(FunctionRegistry):
    """A registry in which a plain function is a transform by itself.

    Its first argument is the sample; a config states the others.

    Example:
        >>> @TRANSFORMS.register_module(force=True)
        ... def brighten(results, by=1):
        ...     return dict(results, img=results['img'] + by)
        >>> TRANSFORMS.build(dict(type='brighten', by=2))(dict(img=3))
        {'img': 5}
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, build_func=_build_transform, **kwargs)

    def problems_of(self, cfg: Any, given: Names = (), **more: Any) -> list[Problem]:
        """As for every registry; the sample is not missed."""
        function = plain_function(cfg, self)
        sample = list(inspect.signature(function).parameters)[:1] if function else []
        return super().problems_of(cfg, {*given, *sample}, **more)


def _build_transform(cfg: Any, registry: BaseRegistry, **kwargs: Any) -> Any:
    function = plain_function(cfg, registry)
    if function is None:
        return build_from_cfg(cfg, registry=registry, **kwargs)
    return partial(function, **{k: v for k, v in cfg.items() if k != 'type'})


def _child(
    name: str,
    parent: BaseRegistry,
    *places: str,
    kind: type[Registry] = Registry,
    **kwargs: Any,
) -> Registry:
    """A registry below mmengine's, filled by the packages ``places``."""
    holds = [HOLDS[name]] if name in HOLDS else []
    kwargs |= dict(scope='mmlite', locations=places)
    return kind(name, parent=parent, holds=holds, **kwargs)


MODELS = _child('models', root.MODELS, 'mmengine.model', 'mmlite.models')
TASK_UTILS = _child('task_utils', root.TASK_UTILS, 'mmlite.models')
MODEL_WRAPPERS = _child(
    'model_wrappers', root.MODEL_WRAPPERS, 'mmengine.model', 'mmlite.engine'
)
WEIGHT_INITIALIZERS = _child(
    'weight_initializers',
    root.WEIGHT_INITIALIZERS,
    'mmengine.model',
    'mmlite.models',
    'mmlite.engine',
)

DATASETS = _child('datasets', root.DATASETS, 'mmengine.dataset', 'mmlite.datasets')
DATA_SAMPLERS = _child(
    'data_samplers', root.DATA_SAMPLERS, 'mmengine.dataset', 'mmlite.datasets'
)
TRANSFORMS = _child(
    'transforms', root.TRANSFORMS, 'mmlite.datasets', kind=TransformRegistry
)
FUNCTIONS = _child(
    'functions',
    root.FUNCTIONS,
    'mmengine.dataset',
    'mmlite.datasets',
    kind=FunctionRegistry,
)

RUNNERS = _child('runners', root.RUNNERS, 'mmengine.runner', 'mmlite.engine')
LOOPS = _child('loops', root.LOOPS, 'mmengine.runner', 'mmlite.engine')
HOOKS = _child('hooks', root.HOOKS, 'mmengine.hooks', 'mmlite.engine')
LOG_PROCESSORS = _child(
    'log_processors', root.LOG_PROCESSORS, 'mmengine.runner', 'mmlite.engine'
)
OPTIMIZERS = _child('optimizers', root.OPTIMIZERS, 'mmengine.optim', 'mmlite.engine')
OPTIM_WRAPPERS = _child(
    'optim_wrappers', root.OPTIM_WRAPPERS, 'mmengine.optim', 'mmlite.engine'
)
OPTIM_WRAPPER_CONSTRUCTORS = _child(
    'optim_wrapper_constructors',
    root.OPTIM_WRAPPER_CONSTRUCTORS,
    'mmengine.optim',
    'mmlite.engine',
)
PARAM_SCHEDULERS = _child(
    'param_schedulers',
    root.PARAM_SCHEDULERS,
    'mmengine.optim',
    'mmlite.engine',
    taken=('convert_to_iter_based', 'epoch_length'),
)

METRICS = _child('metrics', root.METRICS, 'mmengine.evaluator', 'mmlite.evaluation')
EVALUATORS = _child(
    'evaluators', root.EVALUATOR, 'mmengine.evaluator', 'mmlite.evaluation'
)
VISUALIZERS = _child(
    'visualizers', root.VISUALIZERS, 'mmengine.visualization', 'mmlite.visualization'
)
VISBACKENDS = _child(
    'visbackends', root.VISBACKENDS, 'mmengine.visualization', 'mmlite.visualization'
)

#: All of them, by their names here.
REGISTRIES: dict[str, Registry] = {
    name: value
    for name, value in list(globals().items())
    if isinstance(value, Registry)
}
