"""What a run needs of the machine: a folder to write to, and the other processes."""

from __future__ import annotations

import atexit
import errno
import itertools
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.utils.dl_utils import collect_env
from torch import distributed as dist

from ..errors import ConfigError, UserError, suggestion
from .ranks import OwnError

#: Where each launcher states rank, number of processes and rank on the machine.
_VARIABLES = {
    'pytorch': ('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
    'mpi': (
        'OMPI_COMM_WORLD_RANK',
        'OMPI_COMM_WORLD_SIZE',
        'OMPI_COMM_WORLD_LOCAL_RANK',
    ),
}
_HOW = {'pytorch': 'torchrun', 'slurm': 'srun', 'mpi': 'mpirun'}

#: No room, or none for this user.
_FULL = (errno.ENOSPC, errno.EDQUOT)
#: How many bytes must fit: what the config, the log and its first lines take.
_PROBE = 64 * 1024

_LAST_BREATH = 0.1  # seconds

_claimed: set[str] = set()


def prepare_work_dir(path: str) -> None:
    """Make a folder, and see that files can be written to it.

    Raises:
        UserError: if not, e.g. because the disk is full.
    """
    try:
        os.makedirs(path, exist_ok=True)
        with tempfile.TemporaryFile(dir=path, buffering=0) as file:
            file.write(bytes(_PROBE))
            file.write(bytes(1))  # the first one may be cut short without an error
    except OSError as error:
        room = 'make room, or ' if error.errno in _FULL else ''
        raise UserError(
            f'cannot write to the work_dir {path}: {error.strerror}; '
            f'{room}choose another with --work-dir'
        ) from error


def describe_system() -> dict[str, Any]:
    """The machine and the versions of what is installed, for the log.

    A torchvision that was built for another torch fails when it is imported. That
    concerns what uses it alone, so it is noted here, and the run goes on.
    """
    broken = {}
    try:
        import torchvision  # noqa: F401
    except ImportError:
        pass  # its version is left out
    except Exception as error:
        broken = {'TorchVision': f'cannot be imported: {error}'}
    with warnings.catch_warnings():  # about distutils, which mmengine asks
        warnings.simplefilter('ignore', DeprecationWarning)
        if not broken:
            return collect_env()
        sys.modules['torchvision'] = None  # for mmengine, as if it were not there
        try:
            return {**collect_env(), **broken}
        finally:
            del sys.modules['torchvision']


@contextmanager
def report_full_disk(work_dir: str) -> Iterator[None]:
    """Check whether it is the work_dir's disk that is full where something is.

    Raises:
        UserError: if it is.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            prepare_work_dir(work_dir)
        raise


def allow_tf32(allowed: bool) -> None:
    """Whether GPUs may multiply float32 with 10 bits of mantissa, 8 times as fast."""
    if torch.cuda.is_available():
        torch.set_float32_matmul_precision('high' if allowed else 'highest')
        torch.backends.cudnn.allow_tf32 = allowed


def claim_timestamp(work_dir: str) -> str:
    """A name for this run that no other run has, the same in all processes.

    The folder of that name is made in ``work_dir``, which is what keeps runs
    that start within one second apart.
    """
    name = [_claim(work_dir) if is_main_process() else '']
    broadcast_object_list(name)
    return name[0]


def _claim(work_dir: str) -> str:
    now = time.strftime('%Y%m%d_%H%M%S')
    for i in itertools.count():
        name = f'{now}_{i}' if i else now
        if name in _claimed:  # by a runner of this process, in another work_dir
            continue
        try:
            os.mkdir(os.path.join(work_dir, name))
        except FileExistsError:
            continue
        _claimed.add(name)
        return name
    raise AssertionError


def init_distributed(launcher: str, dist_cfg: dict[str, Any] | None = None) -> None:
    """Join the other processes: nccl between GPUs, gloo between CPUs.

    Args:
        launcher: ``'pytorch'`` (torchrun), ``'slurm'`` or ``'mpi'``.
        dist_cfg: ``backend`` between GPUs and ``timeout`` in seconds.

    Raises:
        ConfigError: if the launcher is unknown.
        UserError: if this process was not started by it, or has no GPU left.
    """
    if dist.is_initialized():
        return
    _read_ranks(launcher)
    local_rank = int(os.environ['LOCAL_RANK'])
    options = dict(dist_cfg or {})
    backend = options.get('backend', 'nccl')
    if torch.cuda.is_available():
        if local_rank >= torch.cuda.device_count():
            raise OwnError(
                f'process {local_rank} has no GPU: there are '
                f'{torch.cuda.device_count()}; start fewer processes'
            )
        torch.cuda.set_device(local_rank)
    else:
        backend = 'gloo'
    limits = {}
    if options.get('timeout') is not None:
        limits['timeout'] = timedelta(seconds=options['timeout'])
    dist.init_process_group(backend, **limits)
    atexit.register(_leave)


def launched_by(launcher: str | None) -> str:
    """Which launcher started this process, where it is not stated.

    Args:
        launcher: The one that was named; None detects it.

    Returns:
        ``'pytorch'`` for one of several processes of torchrun, else ``'none'``.

    Raises:
        UserError: if it is one of several of another launcher, which would all train
            the same in the same folder.
    """
    if launcher is not None:
        return launcher
    if all(name in os.environ for name in _VARIABLES['pytorch']):
        return 'pytorch' if int(os.environ['WORLD_SIZE']) > 1 else 'none'
    for name, size in (
        ('slurm', 'SLURM_STEP_NUM_TASKS'),
        ('mpi', 'OMPI_COMM_WORLD_SIZE'),
    ):
        if int(os.environ.get(size) or 1) > 1 and _VARIABLES[name][0] in os.environ:
            raise UserError(
                f'{_HOW[name]} has started {os.environ[size]} processes, which would '
                f'all train the same in one folder; add --launcher {name} to share the '
                'work, or --launcher none if that is intended'
            )
    return 'none'


def _read_ranks(launcher: str) -> None:
    """Set the variables that torch reads from those that the launcher sets."""
    if launcher not in _VARIABLES:
        hint = suggestion(launcher, _VARIABLES)
        raise ConfigError(f'unknown launcher {launcher!r}{hint}')
    variables = _VARIABLES[launcher]
    missing = [name for name in variables if name not in os.environ]
    if missing:
        raise UserError(
            f'--launcher {launcher}: {", ".join(missing)} not set; '
            f'start the processes with {_HOW[launcher]}'
        )
    names = _VARIABLES['pytorch']
    os.environ.update({n: os.environ[v] for n, v in zip(names, variables, strict=True)})
    if 'MASTER_ADDR' not in os.environ:
        os.environ['MASTER_ADDR'] = _first_host(launcher)
    os.environ.setdefault('MASTER_PORT', '29500')
    # What mmengine would set too, with a warning.
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    os.environ.setdefault('MKL_NUM_THREADS', '1')


def _first_host(launcher: str) -> str:
    if launcher != 'slurm':
        return '127.0.0.1'
    nodes = os.environ['SLURM_NODELIST']
    command = ['scontrol', 'show', 'hostnames', nodes]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.split()[0]


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()
        # gloo's threads let go of the last tensors, for which they need Python;
        # a thread that comes too late for that brings the whole process down.
        time.sleep(_LAST_BREATH)
