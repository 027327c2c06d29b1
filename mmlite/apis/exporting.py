"""Export a trained model for programs without mmlite, and check what came out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor, nn

from ..datasets import Digits, Walkers
from ..datasets.transforms.image_ops import resize_image
from ..errors import MissingDependencyError, UserError
from .inferencers.base import config_and_checkpoint
from .inferencers.gait import WalkDataset
from .inferencers.preparing import SourceDataset, test_dataset_of
from .inferencers.sources import Source
from .model import init_model
from .targets import target_file

__all__ = ['FORMATS', 'export']

_SUFFIXES = {'onnx': '.onnx', 'torch-export': '.pt2'}
FORMATS = tuple(_SUFFIXES)
_TOLERANCE = 1e-4  # of the largest value of an output
_SAME_ROWS = 0.9  # share of rows that are found again, at whatever place


Inputs = tuple[Tensor, ...]
Run = Callable[[Inputs], list[Tensor]]


class Exported(nn.Module):
    """A model as it is exported: one tensor or more in, named tensors out.

    Args:
        model: The model; its :meth:`export_outputs` says what comes out.
        preprocessing: Whether images come as RGB from 0 to 255, and are normalised
            within; else they come normalised.
        bgr: Whether the model computes in BGR.
        outputs: Name of the model's method that gives the outputs.

    Shape:
        inputs: ``(B, C, H, W)``, float32, one for each of the model's ``input_keys``.
    """

    def __init__(
        self,
        model: nn.Module,
        preprocessing: bool,
        bgr: bool = False,
        outputs: str = 'export_outputs',
    ) -> None:
        super().__init__()
        self.outputs = outputs
        self.model = model
        self.flips = preprocessing and bgr
        preprocessor = model.data_preprocessor
        mean, std = (getattr(preprocessor, name, None) for name in ('mean', 'std'))
        self.mean, self.std = (mean, std) if preprocessing else (None, None)
        self.names: tuple[str, ...] = ()

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The outputs, in the order of ``names``."""
        ready = [self._prepared(x) for x in inputs]
        keys = self.model.input_keys
        given = dict(zip(keys, ready, strict=True)) if keys else ready[0]
        outputs = getattr(self.model, self.outputs)(given)
        self.names = tuple(outputs)
        return tuple(outputs.values())

    def derived(
        self, outputs: Mapping[str, Tensor], inputs: Inputs
    ) -> dict[str, Tensor]:
        """What in the outputs of a file should follow from others of them."""
        if self.model.input_keys or not set(outputs) == set(self.names):
            return {}
        found = self.model.derived_outputs(outputs, self._prepared(*inputs))
        return {name: found[name] for name in self.names if name in found}

    def _prepared(self, inputs: Tensor) -> Tensor:
        if self.flips:
            inputs = inputs.flip(1)
        return inputs if self.mean is None else (inputs - self.mean) / self.std


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
) -> Path:
    """Export a model, and compare it with itself in PyTorch before it is done.

    What comes out is what the model states in ``export_outputs``: the scores of a
    classifier, the embedding of a retriever, a disparity, the boxes of a detector
    before and after suppression. The written file is run on
    random and on real input; where an output differs by more than 1e-4 of its largest
    value it is removed, and that is an error.

    Args:
        config: A config, or a checkpoint that holds its config.
        checkpoint: A checkpoint or work_dir, if ``config`` is none.
        out: The file to write; by default the checkpoint's name with the ending of the
            format.
        format: ``'onnx'``, or ``'torch-export'`` for ``torch.export.load``.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.
        size: Height and width of the input in pixels, or one number for both; by
            default that of an image after the test pipeline.
        dynamic: Whether batch size, and for ONNX height and width too, may change; a
            detector's anchors are those of one height and width.
        preprocessing: Whether normalisation is part of the file, which then takes RGB
            from 0 to 255; else it takes what the data preprocessor gives.
        image: A picture, or for gait a walk, for the comparison; by default a digit
            that ships with mmlite, or a walk that is drawn.

    Returns:
        The path of the file.

    Raises:
        UserError: if the format is unknown, the name of the file does not end as the
            format does, the model cannot be exported, or the file does not compute the
            same.
        MissingDependencyError: if a package for the format is not installed.
    """
    if format not in _SUFFIXES:
        raise UserError(f'format is one of {", ".join(_SUFFIXES)}, got {format!r}')
    if out is not None:
        out = target_file(out, (_SUFFIXES[format],), f'models of {format}')
    cfg, checkpoint = config_and_checkpoint(config, checkpoint, overrides)
    model = init_model(cfg, checkpoint)
    samples = _picture(cfg, model, image)
    real = _real_input(samples, model, preprocessing)
    if size is not None:
        height, width = (size, size) if isinstance(size, int) else _pair(size)
        real = tuple(
            nn.functional.interpolate(x, (height, width), mode='bilinear') for x in real
        )
    path = Path(out or Path(checkpoint or cfg.filename or 'model').name)
    path = path if out else path.with_suffix(_SUFFIXES[format])
    bgr = samples.bgr and not getattr(model.data_preprocessor, 'to_rgb', False)
    outputs = 'export_outputs' if format == 'onnx' else 'program_outputs'
    exported = Exported(model, preprocessing, bgr, outputs).eval()
    with torch.no_grad():
        exported(*real)  # names the outputs
    write = _write_onnx if format == 'onnx' else _write_program
    path.parent.mkdir(parents=True, exist_ok=True)
    run = write(exported, real, path, dynamic)
    try:
        _compare(exported, run, real, dynamic)
    except UserError:
        path.unlink(missing_ok=True)
        raise
    return path


def _pair(size: Sequence[int]) -> tuple[int, int]:
    if len(size) not in (1, 2) or min(size) < 1:
        raise UserError(f'size is a height and a width in pixels, got {list(size)}')
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
        source = Source('digit', array=resize_image(digit, (224, 224)))
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


def _write_onnx(exported: Exported, inputs: Inputs, path: Path, dynamic: bool) -> Run:
    for package in ('onnx', 'onnxruntime'):
        _require(package, 'an ONNX file')
    import onnxruntime

    names = list(exported.names)
    axes = {0: 'batch'}
    if exported.model.exports_any_size:
        axes |= {2: 'height', 3: 'width'}
    elif exported.model.task == 'gait':  # (B, S, H, W)
        axes |= {1: 'frames'}
    given = list(exported.model.input_keys or ('inputs',))
    dynamic_axes = {name: {0: 'batch'} for name in names}
    dynamic_axes.update(dict.fromkeys(given, axes))
    with warnings.catch_warnings(), torch.no_grad():
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
            )
        )
    session = onnxruntime.InferenceSession(
        str(path), providers=['CPUExecutionProvider']
    )
    return lambda x: [
        torch.from_numpy(np.asarray(y))
        for y in session.run(
            None, {k: v.numpy() for k, v in zip(given, x, strict=True)}
        )
    ]


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

    _guarded(write)
    loaded = torch.export.load(str(path)).module()
    return lambda x: list(loaded(*x))


def _guarded(write: Callable[[], None]) -> None:
    """Let what the exporters of torch raise be one error of ours."""
    try:
        write()
    except UserError:
        raise
    except OSError as error:
        raise UserError(f'cannot write the exported model: {error}') from error
    except Exception as error:  # they have no common base
        first = str(error).strip().splitlines()[0] if str(error).strip() else ''
        raise UserError(
            f'torch cannot export this model: {type(error).__name__}: {first}; try '
            'the other format, or without dynamic sizes'
        ) from error


def _require(package: str, purpose: str) -> None:
    import importlib.util

    if importlib.util.find_spec(package) is None:
        raise MissingDependencyError(package, 'export', purpose)


def _compare(
    exported: Exported,
    run: Run,
    real: Inputs,
    dynamic: bool,
) -> None:
    """See that the file computes what the model computes.

    Raises:
        UserError: naming the output that differs most.
    """
    generator = torch.Generator().manual_seed(0)
    noise = tuple(
        torch.randn(x.shape, generator=generator) * x.std() + x.mean() for x in real
    )
    trials = dict(random=noise, real=real)
    if dynamic:
        trials['batch'] = tuple(map(torch.cat, zip(noise, real, noise, strict=True)))
    for kind, inputs in trials.items():
        with torch.no_grad():
            expected = exported(*inputs)
        ours = dict(zip(exported.names, expected, strict=True))
        try:
            outputs = run(inputs)
        except Exception as error:  # what runs a file has errors of its own
            raise UserError(
                f'the exported model does not run on {kind} input: '
                f'{str(error).strip().splitlines()[0]}; nothing is kept'
            ) from error
        theirs = dict(zip(exported.names, outputs, strict=True))
        with torch.no_grad():
            ours |= exported.derived(theirs, inputs)
        for name in (n for n in ours if not _close(ours[n], theirs[n])):
            if not _same_rows(exported, name, ours, theirs):
                raise UserError(
                    f'{name} of the exported model differs on {kind} input: '
                    f'{_difference(ours[name], theirs[name])}; nothing is kept'
                )


def _close(ours: Tensor, theirs: Tensor) -> bool:
    scale = ours.abs().max().item() if ours.numel() else 0.0
    return ours.shape == theirs.shape and torch.allclose(
        ours, theirs.to(ours.dtype), rtol=0, atol=_TOLERANCE * max(scale, 1e-12)
    )


def _same_rows(
    exported: Exported, name: str, ours: dict[str, Tensor], theirs: dict[str, Tensor]
) -> bool:
    """Whether nearly all rows are there, be it at other places.

    Where scores are equal but for rounding, rounding decides on the order, and on what
    is suppressed.
    """
    groups = [g for g in exported.model.exported_rows if name in g and g[0] in ours]
    if not groups or any(ours[n].shape != theirs[n].shape for n in groups[0]):
        return False
    # Their number, (B, ), is that of the rows that are filled.
    names = [n for n in groups[0] if ours[n].ndim > 1]
    both = []
    for found in (ours, theirs):
        columns = [(found[n] / ours[n].abs().max().clamp(min=1e-12)) for n in names]
        columns = [c if c.ndim == 3 else c.unsqueeze(2) for c in columns]
        both.append(torch.cat([c.float() for c in columns], dim=2))
    apart = torch.cdist(*both, p=torch.inf)
    return all(
        (apart.amin(dim) <= _TOLERANCE).float().mean() >= _SAME_ROWS for dim in (1, 2)
    )


def _difference(ours: Tensor, theirs: Tensor) -> str:
    if ours.shape != theirs.shape:
        return f'its shape is {tuple(theirs.shape)} instead of {tuple(ours.shape)}'
    most = (ours - theirs).abs().max().item()
    return f'by up to {most:.2g}, where values reach {ours.abs().max().item():.2g}'
