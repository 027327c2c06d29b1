"""Which models a GPU does not train alike each time, by the operations of a step."""

from __future__ import annotations

import copy

import pytest
import torch
from contracts.noise import NOISE
from contracts.tiny import WHOLES, whole_names
from torch.utils._python_dispatch import TorchDispatchMode

from mmlite.engine.optimizers import OptimWrapper
from mmlite.registry import MODELS

NAMES = whole_names()
#: From the documentation of torch.use_deterministic_algorithms, as far as it is not for
#: a CPU. Bilinear maps are left out: torch computes them otherwise where it has to.
UNDETERMINED = {
    '_adaptive_avg_pool2d_backward',
    '_adaptive_avg_pool3d_backward',
    '_ctc_loss_backward',
    '_upsample_bicubic2d_aa_backward',
    '_upsample_bilinear2d_aa_backward',
    'adaptive_max_pool2d_backward',
    'adaptive_max_pool3d_backward',
    'avg_pool3d_backward',
    'grid_sampler_2d_backward',
    'grid_sampler_3d_backward',
    'histc',
    'median',
    'nll_loss2d_backward',
    'nll_loss2d_forward',
    'put',
    'put_',
    'reflection_pad1d_backward',
    'reflection_pad2d_backward',
    'reflection_pad3d_backward',
    'upsample_bicubic2d_backward',
    'upsample_linear1d_backward',
    'upsample_trilinear3d_backward',
}
#: Models whose gradients differ by a rounding from one GPU training to the next.
OF_MODELS = {
    'GwcNet': {'upsample_trilinear3d_backward'},
    'PSMNet': {'upsample_trilinear3d_backward'},
}


class Operations(TorchDispatchMode):
    """Notes the operations that are done, by their names."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.add(func.overloadpacket.__name__)
        return func(*args, **kwargs or {})


@pytest.mark.slow
@pytest.mark.parametrize('name', NAMES)
def test_all_operations_have_a_deterministic_version(name):
    torch.manual_seed(0)
    cfg, task = WHOLES[name]
    model = MODELS.build(copy.deepcopy(dict(cfg, type=name))).train()
    model.init_weights()
    optimizer = OptimWrapper(
        torch.optim.SGD(model.parameters(), lr=1e-3), clip_grad=dict(max_norm=1.0)
    )
    with Operations() as operations:
        model.train_step(NOISE[task](4), optimizer)
    assert operations.names & UNDETERMINED == OF_MODELS.get(name, set())
