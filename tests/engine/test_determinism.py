"""A training that is to give the same bits says where it cannot."""

from __future__ import annotations

import logging
import warnings

import pytest
import torch
from support.training import ToyRunModel, toy_runner

from mmlite.engine.determinism import prepare_determinism, report_undetermined
from mmlite.registry import MODELS

SAME_BITS = dict(seed=1, deterministic=True)


@MODELS.register_module()
class ToyPuttingModel(ToyRunModel):
    """With an operation that has no deterministic version, on a CPU neither."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        inputs = inputs.clone().put_(torch.tensor([0]), torch.tensor([1.0]))
        return super().forward(inputs, data_samples, mode)


pytestmark = pytest.mark.usefixtures('deterministic_ends')


@pytest.mark.parametrize('deterministic', [True, False])
def test_what_cannot_be_the_same_is_named_once(tmp_path, capfd, deterministic):
    runner = toy_runner(
        tmp_path,
        model=dict(type='ToyPuttingModel'),
        randomness=dict(seed=1, deterministic=deterministic),
    )
    with warnings.catch_warnings():
        warnings.simplefilter('error')  # torch's own is not seen beside it
        runner.train()
    shown = ''.join(capfd.readouterr())
    assert shown.count('put_ has no deterministic version') == deterministic
    (log,) = tmp_path.glob('*/*.log')
    text = log.read_text(encoding='utf-8')
    assert text.count('put_ has no deterministic version') == deterministic


def test_other_warnings_are_left_alone():
    before = warnings.showwarning
    with pytest.warns(UserWarning, match='^something else$'):
        with report_undetermined(logging.getLogger('nobody')):
            warnings.warn('something else', stacklevel=1)
    assert warnings.showwarning is before


@pytest.mark.parametrize('started', [True, False])
def test_a_gpu_that_came_first_is_reported(tmp_path, monkeypatch, capfd, started):
    monkeypatch.delenv('CUBLAS_WORKSPACE_CONFIG')
    monkeypatch.setattr(torch.cuda, 'is_initialized', lambda: started)
    toy_runner(tmp_path, randomness=SAME_BITS)
    shown = ''.join(capfd.readouterr())
    assert ('CUDA has started without CUBLAS_WORKSPACE_CONFIG' in shown) == started
    assert prepare_determinism() is None, 'the variable is there now'
