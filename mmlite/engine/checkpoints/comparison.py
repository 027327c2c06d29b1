"""Compare what is resumed with the config that resumes it.

One function for each thing that is compared: it gives a line with both values for a
difference with which training can continue, and raises for any other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mmengine.runner import Runner
from torch import Tensor

from ...config import value_at
from ...errors import CheckpointError
from ...registry import OPTIMIZERS
from ...structures import in_names_of
from .optimizer_state import parts_of
from .saved_config import read_config
from .schedules import COUNTERS, schedules_by_place

__all__ = ['Resumed', 'check_optimizer_types', 'differences']

_ELSE = 'to train with that of the config, use the file as load_from'
_SHOWN = 6
#: Settings of groups that say how a step is computed, or are not settings.
#: Optimizers that keep the same of a parameter, and differ in weight decay alone.
_SAME_STATE = {'Adam', 'AdamW'}
_NOT_COMPARED = ('params', 'fused', 'foreach', 'capturable', 'differentiable')


class Resumed(NamedTuple):
    """A checkpoint that is about to be resumed.

    Args:
        source: The file.
        content: What it holds.
        meta: What it says of its training.
        cfg: The config it was trained with, as far as it can be read.
        with_optimizer: Whether the optimizer is restored.
        with_schedules: Whether the schedules are restored.
    """

    source: str
    content: Mapping[str, Any]
    meta: Mapping[str, Any]
    cfg: Mapping[str, Any]
    with_optimizer: bool
    with_schedules: bool

    @classmethod
    def of(
        cls,
        source: str,
        content: Mapping[str, Any],
        meta: Mapping[str, Any],
        with_optimizer: bool,
        with_schedules: bool,
    ) -> Resumed:
        """A checkpoint with the config that its text holds."""
        cfg = read_config(meta.get('cfg'))
        return cls(source, content, meta, cfg, with_optimizer, with_schedules)


def differences(runner: Runner, saved: Resumed) -> list[str]:
    """Lines on all differences, to be logged before a training continues.

    Args:
        runner: A runner whose loops, optimizer and schedules are built, and have not
            taken over anything yet.
        saved: What is about to be resumed.

    Raises:
        CheckpointError: if training cannot continue with a difference.
    """
    compared = (
        _parts_that_are_missing,
        _group_settings,
        _schedules,
        _classes,
        _data,
        _seed,
        _processes,
    )
    return [line for compare in compared for line in compare(runner, saved)]


def _differs(saved: Resumed, place: str, theirs: Any, ours: Any, used: str) -> str:
    return (
        f'{place} is {_text(ours)} in the config, but {_text(theirs)} in '
        f'{saved.source}: {used}'
    )


class _Settings(dict):
    """Shown as a call would have them."""

    def __str__(self) -> str:
        return ', '.join(f'{name}={_text(value)}' for name, value in self.items())


def _text(value: Any) -> str:
    if isinstance(value, Tensor):
        value = value.tolist()
    if isinstance(value, Counter):
        value = dict(value)
    text = str(value) if isinstance(value, _Settings) else repr(value)
    return text if len(text) <= 80 else f'{text[:77]}...'


def check_optimizer_types(runner: Runner, saved: Resumed) -> None:
    """Refuse the state of an optimizer of another type.

    Adam and AdamW keep the same of a parameter, so that one goes on from the other,
    with a warning.

    Raises:
        CheckpointError: if it is one.
    """
    if not saved.with_optimizer or 'optimizer' not in saved.content:
        return
    for place in ('optim_wrapper.optimizer.type', *_several(saved.cfg)):
        keys = place.split('.')
        theirs, ours = value_at(saved.cfg, *keys), value_at(runner.cfg, *keys)
        if theirs is None or ours is None or _same_type(theirs, ours):
            continue
        if {_type_name(theirs), _type_name(ours)} == _SAME_STATE:
            runner.logger.warning(
                _differs(saved, place, theirs, ours, 'it goes on with the moments of ')
                + f'the file, and decays weights as {_type_name(ours)} does'
            )
            continue
        raise CheckpointError(
            _differs(saved, place, theirs, ours, 'its state does not fit another ')
            + 'optimizer; set it as it was, or use the file as load_from to start '
            'a new training with its weights'
        )


def _several(cfg: Mapping[str, Any]) -> list[str]:
    parts = cfg.get('optim_wrapper')
    if not isinstance(parts, Mapping):
        return []
    return [
        f'optim_wrapper.{name}.optimizer.type'
        for name, part in parts.items()
        if isinstance(part, Mapping) and 'optimizer' in part
    ]


def _same_type(theirs: Any, ours: Any) -> bool:
    kinds = [OPTIMIZERS.get(k) if isinstance(k, str) else k for k in (theirs, ours)]
    if None not in kinds:
        return kinds[0] is kinds[1]
    return _type_name(theirs) == _type_name(ours)


def _type_name(kind: Any) -> str:
    name = kind if isinstance(kind, str) else kind.__name__
    return name.rsplit('.', 1)[-1]


def _parts_that_are_missing(runner: Runner, saved: Resumed) -> Iterator[str]:
    """Say which parts of a training the file does not hold."""
    if saved.with_optimizer and 'optimizer' not in saved.content:
        yield (
            f'{saved.source} has no state of the optimizer (as best_*.pth, or with '
            'save_optimizer=False): it starts over'
        )
    given = 'param_schedulers' in saved.content
    if saved.with_schedules and runner.param_schedulers and not given:
        yield f'{saved.source} has no state of the param_scheduler: it starts over'
    if saved.with_schedules and not runner.param_schedulers and given:
        known = list(schedules_by_place(saved.content['param_schedulers'] or ()))
        if known:
            yield (
                f'param_scheduler is None in the config, but has {len(known)} parts in '
                f'{saved.source}: the learning rate stays at its last value'
            )


def _group_settings(runner: Runner, saved: Resumed) -> Iterator[str]:
    """Compare learning rates, weight decay and the like."""
    if not saved.with_optimizer or 'optimizer' not in saved.content:
        return
    for part in parts_of(runner.optim_wrapper):
        state = saved.content['optimizer']
        for key in part.keys:
            state = state[key] if isinstance(state, Mapping) else list(state)[key]
        theirs, ours = state['param_groups'], part.optimizer.param_groups
        reported = set()
        # mmengine makes a group for each parameter: as many as they are not compared.
        for their, our in zip(theirs, ours, strict=False):
            if len(theirs) != len(ours) and reported:
                break
            for name in our:
                if (
                    name in reported
                    or name in _NOT_COMPARED
                    or name.startswith('initial_')
                ):
                    continue
                then, now = _began_with(name, their), _began_with(name, our)
                if then is None or _same(then, now) or callable(now):
                    continue
                reported.add(name)
                place = f'optim_wrapper.optimizer.{name}'
                used = f'the latter is used, that of the config is ignored; {_ELSE}'
                yield _differs(saved, place, then, now, used)
            if len(theirs) != len(ours):
                break


def _began_with(name: str, group: Mapping[str, Any]) -> Any:
    """A setting before any schedule changed it."""
    return group.get(f'initial_{name}', group.get(name))


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        a, b = (v.tolist() if isinstance(v, Tensor) else v for v in (a, b))
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, float) or isinstance(b, float):
        try:
            return abs(a - b) <= 1e-9 * max(abs(a), abs(b))
        except TypeError:
            return False
    return a == b


def _schedules(runner: Runner, saved: Resumed) -> Iterator[str]:
    """Compare the settings of schedules of the same types."""
    if not saved.with_schedules or not runner.param_schedulers:
        return
    theirs = dict(schedules_by_place(saved.content.get('param_schedulers')))
    for place, scheduler in schedules_by_place(runner.param_schedulers):
        state = theirs.get(place)
        if not isinstance(state, Mapping) or state.get('type') not in (
            None,
            type(scheduler).__name__,
        ):
            continue  # refused where it is restored
        differ = {
            name: (state[name], value)
            for name, value in vars(scheduler).items()
            if name in state
            and name not in COUNTERS
            and name not in ('min_values', 'verbose', 'total_iters', 'optimizer')
            and not name.startswith('_')
            and not callable(value)
            and not _same(state[name], value)
        }
        if differ:
            then, now = ({n: pair[i] for n, pair in differ.items()} for i in (0, 1))
            used = f'it goes on as it was, that of the config is ignored; {_ELSE}'
            name = f'{place} ({type(scheduler).__name__})'
            yield _differs(saved, name, _Settings(then), _Settings(now), used)


def _classes(runner: Runner, saved: Resumed) -> Iterator[str]:
    """Compare the names of classes."""
    theirs = value_at(saved.meta, 'dataset_meta', 'classes')
    metainfo = getattr(runner.train_dataloader.dataset, 'metainfo', None) or {}
    ours = metainfo.get('classes')
    if not all(isinstance(names, (list, tuple)) for names in (theirs, ours)):
        return
    theirs, ours = list(theirs), list(ours)
    theirs = in_names_of(ours, theirs) or theirs
    if theirs == ours:
        return
    place = 'the list of classes'
    if sorted(map(str, theirs)) == sorted(map(str, ours)):
        at = next(
            i for i, (a, b) in enumerate(zip(theirs, ours, strict=True)) if a != b
        )
        raise CheckpointError(
            f'{place} has another order in the train dataset than in {saved.source}: '
            f'number {at} is {ours[at]!r} here, {theirs[at]!r} there, so that labels '
            'would mean something else; state classes=[...] in the order of the '
            'checkpoint'
        )
    then, now = (_some(a, b) for a, b in ((theirs, ours), (ours, theirs)))
    yield _differs(saved, place, then, now, 'the labels may mean something else')


def _some(names: list, others: list) -> str:
    own = [str(n) for n in names if n not in others]
    more = f' and {len(own) - _SHOWN} more' if len(own) > _SHOWN else ''
    what = f', of these {", ".join(own[:_SHOWN])}{more} here only' if own else ''
    return f'{len(names)} names{what}'


def _data(runner: Runner, saved: Resumed) -> Iterator[str]:
    """Compare how many samples and batches there are."""
    loader = runner.train_dataloader
    size = len(loader.dataset) if hasattr(loader.dataset, '__len__') else None
    then = saved.meta.get('dataset_size')
    if None not in (size, then) and size != then:
        used = 'epochs are those of the config from now on'
        yield _differs(saved, 'the size of the train dataset', then, size, used)
        return
    then, now = saved.meta.get('batches_per_epoch'), len(loader)
    if then is not None and then != now:
        used = 'epochs are those of the config from now on'
        yield _differs(saved, 'the number of batches in an epoch', then, now, used)


def _seed(runner: Runner, saved: Resumed) -> Iterator[str]:
    """Compare the seeds; one that was drawn is taken over silently."""
    then, chosen = saved.meta.get('seed'), runner._randomness_cfg.get('seed')
    if None not in (then, chosen) and then != chosen:
        used = 'the latter is used, as the order of the samples depends on it'
        yield _differs(saved, 'randomness.seed', then, chosen, used)


def _processes(runner: Runner, saved: Resumed) -> Iterator[str]:
    """Compare the number of processes."""
    states = saved.content.get('rng_states')
    if not isinstance(states, (list, tuple)) or len(states) == runner.world_size:
        return
    kept = min(len(states), runner.world_size)
    rest = runner.world_size - kept
    used = f'{kept} of them go on with their random states'
    if rest:
        used += f', the other {rest} begin with fresh ones'
    yield (
        f'{runner.world_size} processes train, but {len(states)} in {saved.source}: '
        f'{used}, and the samples are distributed differently: the results are not '
        'those of a training that was not stopped'
    )
