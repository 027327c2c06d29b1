"""Export a trained model for programs without mmlite, and check what came out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import torch
from mmengine.config import Config
from mmengine.logging import print_log
from torch import Tensor, nn
from torch.nn import functional

from ..config import input_size_of
from ..datasets import Digits, Walkers
from ..datasets.transforms.image_ops import resize_image
from ..errors import MissingDependencyError, UserError, wrong_choice
from .exported import Exported, Inputs, Run, compare, trials_of
from .inferencers.base import config_and_checkpoint
from .inferencers.gait import WalkDataset
from .inferencers.preparing import SourceDataset, test_dataset_of
from .inferencers.sources import Source
from .model import init_model
from .targets import target_file

__all__ = ['FORMATS', 'export']

_SUFFIXES = {'onnx': '.onnx', 'torch-export': '.pt2'}
FORMATS = tuple(_SUFFIXES)
#: Pixels on a side; an image of so many on both takes 3 GB.
_LARGEST = 16384


def export(
    config: str | Path | Config,
    checkpoint: str | Path | None = None,
    out: str | Path | None = None,
    format: Literal['onnx', 'torch-export'] = 'onnx',
    overrides: Sequence[str] = (),
    *,
    size: Sequence[int] | None = None,
    dynamic: bool = False,
    preprocessing: bool = False,
    image: str | Path | None = None,
    report: Callable[[str], None] | None = None,
) -> Path:
    """Export a model, and compare it with itself in PyTorch before it is done.

    What comes out is what the model states in ``export_outputs``: the scores of a
    classifier, the embedding of a retriever or a pretraining model, a disparity, the
    boxes of a detector before and after suppression. The written file is run on
    random and on real input, with ``dynamic`` also of other sizes; where an output
    differs by more than 1e-4 of its largest value it is not kept, and that is an
    error.

    Args:
        config: A config, or a checkpoint that holds its config.
        checkpoint: A checkpoint or work_dir, if ``config`` is none.
        out: The file to write; by default the checkpoint's name with the ending of the
            format.
        format: ``'onnx'``, or ``'torch-export'`` for ``torch.export.load``.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.
        size: Height and width of the input in pixels, or one number for both; by
            default that which the test pipeline leaves, of ``image`` if there is one.
            Where that keeps the size of a picture, it is that which the model brings
            pictures to, or that of the crops in training, or 224.
        dynamic: Whether the batch size may change, and for ONNX height and width too
            where the network computes the same at another size; a detector's anchors
            are those of one height and width.
        preprocessing: Whether normalisation is part of the file, which then takes RGB
            from 0 to 255; else it takes what the data preprocessor gives.
        image: A picture, or for gait a walk, for the comparison; by default a digit
            that ships with mmlite, or a walk that is drawn.
        report: Called with the shape of the input, the outputs, and what may change,
            e.g. ``'1 x 3 x 224 x 224 giving scores (1 x 1000); the batch may change'``.

    Returns:
        The path of the file.

    Raises:
        UserError: if the format is unknown, the name of the file does not end as the
            format does, the model cannot be exported, or the file does not compute the
            same.
        MissingDependencyError: if a package for the format is not installed.
    """
    if format not in _SUFFIXES:
        raise UserError(wrong_choice('format', format, _SUFFIXES))
    if out is not None:
        out = target_file(out, (_SUFFIXES[format],), f'models of {format}')
    cfg, checkpoint = config_and_checkpoint(config, checkpoint, overrides)
    model = init_model(cfg, checkpoint, whole=True)
    samples = _picture(cfg, model, image)
    real = _real_input(samples, model, preprocessing)
    if size is not None:
        height, width = _pair([size] if isinstance(size, int) else size)
        real = tuple(
            nn.functional.interpolate(x, (height, width), mode='bilinear') for x in real
        )
    path = Path(out or Path(checkpoint or cfg.filename or 'model').name)
    path = path if out else path.with_suffix(_SUFFIXES[format])
    bgr = samples.bgr and not getattr(model.data_preprocessor, 'to_rgb', False)
    method = 'export_outputs' if format == 'onnx' else 'program_outputs'
    exported = Exported(model, preprocessing, bgr, method).eval()
    with torch.no_grad():
        outputs = exported(*real)  # which names them
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix='.export_', dir=path.parent) as folder:
        target = Path(folder, path.name)
        free = _write_checked(exported, real, target, format, dynamic)
        for file in Path(folder).iterdir():  # weights of 2 GB lie beside the graph
            os.replace(file, path.parent / file.name)
    if report is not None:
        named = dict(zip(exported.names, outputs, strict=True))
        report(_described(real[0], named, free))
    return path


def _described(
    given: Tensor, outputs: Mapping[str, Tensor], free: Sequence[str]
) -> str:
    named = ', '.join(f'{name} ({_sizes(output)})' for name, output in outputs.items())
    may = f'; {" and ".join(free)} may change' if free else ''
    return f'{_sizes(given)} giving {named}{may}'


def _sizes(tensor: Tensor) -> str:
    return ' x '.join(map(str, tensor.shape))


def _write_checked(
    exported: Exported, real: Inputs, path: Path, format: str, dynamic: bool
) -> list[str]:
    """Write the file with as many sizes open as compute the same as the model.

    Returns:
        What may change.
    """
    batch = ['the batch'] if dynamic else []
    if format != 'onnx':
        run = _write_program(exported, real, path, dynamic)
        compare(exported, run, trials_of(real, dynamic))
        return batch
    open_axes = _open_axes(exported.model) if dynamic else {}
    try:
        run = _write_onnx(exported, real, path, dynamic, open_axes)
        compare(exported, run, trials_of(real, dynamic, open_axes))
        return [*batch, *open_axes.values()]
    except UserError as error:
        if not open_axes:
            raise
        run = _write_onnx(exported, real, path, dynamic, {})
        compare(exported, run, trials_of(real, dynamic))
        kept, reason = ' and '.join(open_axes.values()), str(error).partition(':')[0]
        print_log(f'{kept} are fixed in the file, the batch may change: {reason}')
        return batch


def _pair(size: Sequence[int]) -> tuple[int, int]:
    if len(size) not in (1, 2) or not 1 <= min(size) <= max(size) <= _LARGEST:
        raise UserError(
            f'size must be a height and a width from 1 to {_LARGEST:,} pixels, got '
            f'{list(size)}'
        )
    return (size[0], size[-1])


def _picture(
    cfg: Config, model: nn.Module, image: str | Path | None
) -> SourceDataset | WalkDataset:
    """One picture, or one walk, as the test pipeline leaves it."""
    if model.task == 'gait':
        walk = Source('walk', str(image)) if image is not None else _drawn_walk()
        return WalkDataset([walk], test_dataset_of(cfg)['pipeline'])
    if image is None:
        digit = Digits(split='test').get_data_info(0)['img']
        given = input_size_of(cfg)
        height, width = (given, given) if isinstance(given, int) else given[-2:]
        source = Source('digit', array=resize_image(digit, (width, height)))
    else:
        source = Source(str(image), str(image))
    to_rgb = getattr(model.data_preprocessor, 'to_rgb', False)
    keys = model.input_keys or ('img',)
    return SourceDataset(
        [(source,) * len(keys)], test_dataset_of(cfg), keys, to_rgb=to_rgb
    )


def _drawn_walk() -> Source:
    """Some frames of a walker that is drawn."""
    frames = Walkers(split='test', num_test=1).get_data_info(0)['sils']
    return Source('walk', array=frames[:8])


def _real_input(
    samples: SourceDataset | WalkDataset, model: nn.Module, preprocessing: bool
) -> Inputs:
    """The picture as the exported model takes it, ``(1, C, H, W)``, for each input."""
    packed = samples[0]['inputs']
    inputs = packed if isinstance(packed, dict) else dict(img=packed)
    inputs = {key: x[None] for key, x in inputs.items()}
    if not preprocessing:
        batch = inputs if isinstance(packed, dict) else inputs['img']
        ready = model.data_preprocessor(dict(inputs=batch, data_samples=None))
        ready = ready['inputs']
        return tuple(ready.values()) if isinstance(ready, dict) else (ready,)
    return tuple(
        (x.flip(1) if samples.bgr and x.size(1) == 3 else x).float()
        for x in inputs.values()
    )


def _open_axes(model: nn.Module) -> dict[int, str]:
    """Which sizes of the input may change beside the batch, if the network allows."""
    if model.task == 'gait':  # (B, S, H, W)
        return {1: 'frames'}
    return {2: 'height', 3: 'width'} if model.exports_any_size else {}


def _write_onnx(
    exported: Exported,
    inputs: Inputs,
    path: Path,
    dynamic: bool,
    open_axes: Mapping[int, str],
) -> Run:
    for package in ('onnx', 'onnxruntime'):
        _require(package, 'an ONNX file')
    import onnxruntime

    names = list(exported.names)
    axes = {0: 'batch', **open_axes}
    given = list(exported.model.input_keys or ('inputs',))
    dynamic_axes = {name: {0: 'batch'} for name in names}
    dynamic_axes.update(dict.fromkeys(given, axes))
    with warnings.catch_warnings(), torch.no_grad(), _recordable():
        warnings.simplefilter('ignore')  # of the exporter about itself
        _guarded(
            lambda: torch.onnx.export(
                exported,
                inputs,
                str(path),
                input_names=given,
                output_names=names,
                dynamic_axes=dynamic_axes if dynamic else None,
                opset_version=17,
                **_legacy_exporter(),
            ),
            'try --format torch-export, or leave out --dynamic',
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it prints is in its errors too
    session = onnxruntime.InferenceSession(
        str(path), options, providers=['CPUExecutionProvider']
    )
    return lambda x: [
        torch.from_numpy(np.asarray(y))
        for y in session.run(
            None, {k: v.numpy() for k, v in zip(given, x, strict=True)}
        )
    ]


@contextmanager
def _recordable() -> Iterator[None]:
    """Let models be recorded for ONNX as they compute.

    The exporter takes all sizes that an unflattened tensor has for those of the
    example, and that of torch 2.4 knows no attention whose scale is stated.
    """
    unflatten, attention = Tensor.unflatten, functional.scaled_dot_product_attention

    def reshaped(self: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
        dim %= self.ndim
        return self.reshape(*self.shape[:dim], *sizes, *self.shape[dim + 1 :])

    def scaled(query: Tensor, *args: Any, scale: float | None = None, **kw: Any) -> Any:
        usual = int(query.shape[-1]) ** -0.5
        if scale not in (None, usual):
            query = query * (scale / usual)
        return attention(query, *args, **kw)

    Tensor.unflatten, functional.scaled_dot_product_attention = reshaped, scaled
    try:
        yield
    finally:
        Tensor.unflatten = unflatten
        functional.scaled_dot_product_attention = attention


def _legacy_exporter() -> dict[str, Any]:
    """Arguments for the exporter that takes all models and needs no onnxscript."""
    import inspect

    known = inspect.signature(torch.onnx.export).parameters
    return dict(dynamo=False) if 'dynamo' in known else {}


def _write_program(
    exported: Exported, inputs: Inputs, path: Path, dynamic: bool
) -> Run:
    shapes, example = None, inputs
    if dynamic:
        batch = torch.export.Dim('batch', min=1, max=4096)
        shapes = dict(inputs=({0: batch},) * len(inputs))
        # One of a single image would stay one.
        example = tuple(x.repeat(2, 1, 1, 1) for x in inputs)

    def write() -> None:
        with torch.no_grad():
            program = torch.export.export(
                exported, example, dynamic_shapes=shapes, strict=False
            )
        torch.export.save(program, str(path))

    other = 'leave out --dynamic (dynamic=True), or export to ONNX (--format onnx)'
    _guarded(write, other if dynamic else 'export to ONNX (--format onnx)')
    loaded = torch.export.load(str(path)).module()
    # As it was recorded: torch 2.4 takes other kernels where gradients are kept.
    return torch.no_grad()(lambda x: list(loaded(*x)))


def _guarded(write: Callable[[], None], advice: str) -> None:
    """Let what the exporters of torch raise be one error of ours, with some advice."""
    try:
        write()
    except UserError:
        raise
    except OSError as error:
        raise UserError(f'cannot write the exported model: {error}') from error
    except Exception as error:  # they have no common base
        first = str(error).strip().splitlines()[0] if str(error).strip() else ''
        raise UserError(
            f'torch {torch.__version__} cannot export this model so: '
            f'{type(error).__name__}: {first}; {advice}'
        ) from error


def _require(package: str, purpose: str) -> None:
    import importlib.util

    if importlib.util.find_spec(package) is None:
        raise MissingDependencyError(package, 'export', purpose)
