"""A model as it is exported, and what an exported file is compared on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from ..errors import UserError

__all__ = ['Exported', 'Inputs', 'Run', 'compare', 'trials_of']

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
        if self.model.input_keys or set(outputs) != set(self.names):
            return {}
        found = self.model.derived_outputs(outputs, self._prepared(*inputs))
        return {name: found[name] for name in self.names if name in found}

    def _prepared(self, inputs: Tensor) -> Tensor:
        if self.flips:
            inputs = inputs.flip(1)
        return inputs if self.mean is None else (inputs - self.mean) / self.std


def trials_of(
    real: Inputs, dynamic: bool, open_axes: Mapping[int, str] = MappingProxyType({})
) -> dict[str, Inputs]:
    """On which inputs a file is compared with the model."""
    generator = torch.Generator().manual_seed(0)
    noise = tuple(
        torch.randn(x.shape, generator=generator) * x.std() + x.mean() for x in real
    )
    trials = dict(random=noise, real=real)
    if dynamic:
        trials['batch'] = tuple(map(torch.cat, zip(noise, real, noise, strict=True)))
    if 1 in open_axes:
        trials['longer'] = tuple(torch.cat((x, x), dim=1) for x in real)
    if 2 in open_axes:  # other than square, and what most networks divide by
        trials['larger'] = tuple(
            nn.functional.interpolate(
                x, (x.shape[2] + 32, x.shape[3] + 64), mode='bilinear'
            )
            for x in real
        )
    return trials


def compare(
    exported: Exported,
    run: Run,
    trials: Mapping[str, Inputs],
) -> None:
    """Check that the file computes what the model computes.

    Raises:
        UserError: naming the output that differs most.
    """
    for kind, inputs in trials.items():
        try:
            with torch.no_grad():
                expected = exported(*inputs)
        except Exception as error:  # a network of one size says so in many ways
            first = str(error).strip().splitlines()[0]
            raise UserError(f'the model does not take {kind} input: {first}') from error
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
