"""What a GPU would wait for, or not compute alike, in a training step of each model.

Both are seen on a CPU: the one by the operations of a step, or by a device that has no
data; the other by the operations that PyTorch documents.
"""

from __future__ import annotations

import copy

import pytest
import torch
from contracts.noise import NOISE
from contracts.tiny import OF_OTHERS, WHOLES, registered
from support.waits import Operations, nothing_is_waited_for

from mmlite.engine.optimizers import OptimWrapper
from mmlite.models import BaseModel
from mmlite.registry import MODELS

NAMES = [
    name
    for name in registered(MODELS, 'mmlite.models')
    if isinstance(MODELS.get(name), type)
    and issubclass(MODELS.get(name), BaseModel)
    and name not in OF_OTHERS
]
IMAGES = 4
#: How often a step reads on the device, at most: what is learned from is as many as
#: the batch has. A sampler and the ground truth are read once a batch beside these.
READS = {
    'BEiT': 1,  # hidden patches, of which an image has any number
    'CAE': 2,
    'FasterRCNN': IMAGES + 3 + 2,  # proposals that are too small; samplers; objects
    'FasterRCNNMetaArch': IMAGES + 3 + 2,
    'RetinaNet': 1,  # anchors with an object
    'SSD': 1,
    'SSDMetaArch': 1,
}
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


def step(name, device='cpu'):
    """Makes a training step of a model."""
    torch.manual_seed(0)
    cfg, task = WHOLES[name]
    model = MODELS.build(copy.deepcopy(dict(cfg, type=name)))
    model.init_weights()
    model = model.to(device).train()
    optimizer = OptimWrapper(
        torch.optim.SGD(model.parameters(), lr=1e-3), clip_grad=dict(max_norm=1.0)
    )
    return lambda: model.train_step(NOISE[task](IMAGES), optimizer)


@pytest.mark.slow
@pytest.mark.parametrize('name', [name for name in NAMES if name not in READS])
def test_a_step_waits_for_nothing(name):
    trained = step(name, 'meta')
    with nothing_is_waited_for():
        trained()
        trained()


@pytest.mark.slow
@pytest.mark.parametrize('name', NAMES)
def test_a_step_reads_as_often_as_is_stated_and_can_be_repeated(name):
    trained = step(name)
    trained()
    with Operations() as operations:
        trained()
    if name in READS:
        assert sum(operations.reads.values()) <= READS[name], operations.reads
    assert operations.all.keys() & UNDETERMINED == OF_MODELS.get(name, set())


def test_a_wait_is_found():
    x = torch.zeros(3, device='meta')
    for wait in (
        lambda: x.sum().item(),
        lambda: x.nonzero(),
        lambda: x[x > 0],
        lambda: x.new_tensor([1.0]),
        lambda: torch.tensor([1.0], device=x.device),
        lambda: torch.zeros(3).to(x.device),
        lambda: x.cpu(),
    ):
        with pytest.raises((AssertionError, NotImplementedError, RuntimeError)):
            with nothing_is_waited_for():
                wait()
    with nothing_is_waited_for():
        torch.zeros(3).to(x.device, non_blocking=True)
        x.masked_fill(x > 0, 1.0).sum()
