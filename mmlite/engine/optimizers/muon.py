"""Muon: momentum whose steps are orthogonalised."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.optim import Optimizer

from ...errors import check_at_least, check_choice
from ...registry import OPTIMIZERS

__all__ = ['Muon', 'newton_schulz']

COEFFICIENTS = (3.4445, -4.775, 2.0315)

#: What the learning rate of a matrix is multiplied with, by its shape.
_LR_FACTORS: dict[str, Callable[[int, int], float]] = {
    'original': lambda rows, columns: math.sqrt(max(1.0, rows / columns)),
    'match_rms_adamw': lambda rows, columns: 0.2 * math.sqrt(max(rows, columns)),
    'none': lambda rows, columns: 1.0,
}


def newton_schulz(
    matrices: Tensor,
    steps: int = 5,
    coefficients: Sequence[float] = COEFFICIENTS,
    eps: float = 1e-7,
) -> Tensor:
    """Bring all singular values near 1, and leave the singular vectors.

    Each step is the polynomial ``a x + b x^3 + c x^5`` of the singular values.
    With the usual coefficients it does not converge to 1, but in five steps takes
    all that exceed 0.0015 of the norm to between 0.67 and 1.21.

    Args:
        matrices: Matrices of one shape.
        steps: Number of steps.
        coefficients: ``(a, b, c)``.
        eps: The least Frobenius norm to divide by.

    Shape:
        matrices: ``(N, A, B)``; returns: the same.

    Example:
        >>> x = newton_schulz(torch.diag(torch.tensor([3.0, 1.0, 0.2]))[None])
        >>> bool((torch.linalg.svdvals(x) - 0.94).abs().max() <= 0.27)
        True
    """
    tall = matrices.size(1) > matrices.size(2)
    x = matrices.mT if tall else matrices
    norm = torch.linalg.matrix_norm(matrices.float(), keepdim=True).clamp(min=eps)
    x = x / norm.to(x.dtype)
    a, b, c = coefficients
    for _ in range(steps):
        gram = x @ x.mT
        rest = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.baddbmm(x, rest, x, beta=a)
    return x.mT if tall else x


@OPTIMIZERS.register_module()
class Muon(Optimizer):
    """Stochastic gradient descent with orthogonal steps, for matrices.

    Paper: Muon: An optimizer for hidden layers in neural networks, 2024,
    https://kellerjordan.github.io/posts/muon/.
    Differs from ``torch.optim.Muon`` in that convolutions are taken too, as
    matrices ``(C_out, C_in * kernel)``; in that matrices of one shape are
    orthogonalised together; in that ``normalize`` and ``adjust_lr_fn='none'``
    exist; and in the torch versions that have it.

    Other parameters (biases, norms), and usually the first and the last layer,
    need another optimizer: ``MuonOptimWrapperConstructor`` gives it to them.

    Args:
        params: Parameters of two dimensions or more, or groups of them.
        lr: The learning rate.
        weight_decay: How much of the weights is taken away in each step, by
            ``lr``; apart from the gradient, as with AdamW.
        momentum: Share of the old momentum in the new one.
        nesterov: Whether to look ahead along the momentum.
        ns_coefficients: Of :func:`newton_schulz`.
        eps: Of :func:`newton_schulz`.
        ns_steps: Of :func:`newton_schulz`.
        adjust_lr_fn: ``'original'`` (or None) multiplies the learning rate with
            ``sqrt(max(1, rows / columns))``, ``'match_rms_adamw'`` with
            ``0.2 sqrt(max(rows, columns))``, ``'none'`` with nothing.
        normalize: Whether to bring each matrix to the Frobenius norm
            ``sqrt(rows)`` before its step; weight decay is of no use then.

    Raises:
        ValueError: if a number is out of range, or a parameter is a vector.

    Example:
        >>> conv = torch.nn.Conv2d(4, 8, 3, bias=False)
        >>> muon = Muon(conv.parameters(), lr=0.1, normalize=True)
        >>> conv(torch.rand(1, 4, 5, 5)).sum().backward()
        >>> muon.step()
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: Sequence[float] = COEFFICIENTS,
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: Literal['original', 'match_rms_adamw', 'none'] | None = None,
        normalize: bool = False,
    ) -> None:
        check_at_least(0, lr=lr, weight_decay=weight_decay)
        check_at_least(1, ns_steps=ns_steps)
        if not 0 <= momentum < 1:
            raise ValueError(f'momentum must lie in [0, 1), got {momentum}')
        if len(ns_coefficients) != 3:
            raise ValueError(f'ns_coefficients are three, got {ns_coefficients}')
        if adjust_lr_fn is not None:
            check_choice(_LR_FACTORS, adjust_lr_fn=adjust_lr_fn)
        defaults = dict(
            lr=lr,
            weight_decay=weight_decay,
            momentum=momentum,
            nesterov=nesterov,
            ns_coefficients=tuple(ns_coefficients),
            eps=eps,
            ns_steps=ns_steps,
            adjust_lr_fn=adjust_lr_fn or 'original',
            normalize=normalize,
        )
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with settings of their own.

        Raises:
            ValueError: if one is a vector.
        """
        super().add_param_group(param_group)
        for parameter in self.param_groups[-1]['params']:
            if parameter.ndim < 2:
                raise ValueError(
                    'Muon takes matrices and kernels, got a parameter of shape '
                    f'{tuple(parameter.shape)}; give such ones to another optimizer '
                    "with optim_wrapper.constructor='MuonOptimWrapperConstructor'"
                )

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Take a step.

        Args:
            closure: Computes the loss and its gradients anew.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [p for p in group['params'] if p.grad is not None]
            if params:
                self._update(params, group)
        return loss

    def _update(self, params: list[Tensor], group: dict[str, Any]) -> None:
        updates = self._momenta(params, group)
        updates = _orthogonal(updates, group)
        lr = group['lr']
        if group['normalize']:
            factors = torch._foreach_norm(params)
            torch._foreach_reciprocal_(factors)
            torch._foreach_mul_(factors, [math.sqrt(len(p)) for p in params])
            torch._foreach_mul_(params, factors)
        if group['weight_decay']:
            torch._foreach_mul_(params, 1 - lr * group['weight_decay'])
        torch._foreach_add_(params, updates, alpha=-lr)

    def _momenta(self, params: list[Tensor], group: dict[str, Any]) -> list[Tensor]:
        grads = [p.grad for p in params]
        for p in params:
            if not self.state[p]:
                self.state[p]['momentum_buffer'] = torch.zeros_like(p)
        momenta = [self.state[p]['momentum_buffer'] for p in params]
        torch._foreach_lerp_(momenta, grads, 1 - group['momentum'])
        if group['nesterov']:
            return list(torch._foreach_lerp(grads, momenta, group['momentum']))
        return momenta


def _orthogonal(updates: list[Tensor], group: dict[str, Any]) -> list[Tensor]:
    """The updates made orthogonal; all matrices of one shape at once."""
    places = defaultdict(list)
    for place, update in enumerate(updates):
        places[update.flatten(1).shape, update.device].append(place)
    results: list[Any] = [None] * len(updates)
    for ((rows, columns), device), chosen in places.items():
        stacked = torch.stack([updates[place].flatten(1) for place in chosen])
        # The errors of bfloat16 are those that five steps leave anyway.
        dtype = torch.bfloat16 if device.type == 'cuda' else torch.float32
        steps, coefficients = group['ns_steps'], group['ns_coefficients']
        made = newton_schulz(stacked.to(dtype), steps, coefficients, group['eps'])
        made = made * _LR_FACTORS[group['adjust_lr_fn']](rows, columns)
        for place, result in zip(chosen, made.unbind(), strict=True):
            results[place] = result.to(updates[place]).view_as(updates[place])
    return results
