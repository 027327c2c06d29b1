"""What torch.compile is put to."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from contracts.noise import NOISE
from contracts.tiny import WHOLES, whole_names
from torch._dynamo.utils import counters

from mmlite.engine.compiling import CompiledLoss, compile_model
from mmlite.engine.optimizers import OptimWrapper
from mmlite.registry import MODELS

NAMES = [name for name in whole_names() if MODELS.get(name).loss_in_one_graph]


def build(name):
    torch.manual_seed(0)
    return MODELS.build(copy.deepcopy(dict(WHOLES[name][0], type=name))).train()


def wrapper(model):
    return OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.01))


class Graphs:
    """A backend that counts graphs, and runs them as they are."""

    def __init__(self):
        self.count = 0

    def __call__(self, module, examples):
        self.count += 1
        return module.forward


@pytest.fixture(autouse=True)
def compile_anew():
    torch.compiler.reset()
    counters.clear()
    yield
    torch.compiler.reset()


@pytest.mark.slow
@pytest.mark.parametrize('name', NAMES)
def test_a_loss_is_one_graph_of_the_same_values(name):
    plain, compiled, graphs = build(name), build(name), Graphs()
    compile_model(compiled, dict(backend=graphs))
    sides = [(model, wrapper(model)) for model in (plain, compiled)]
    for seed in range(3):
        losses = []
        for model, optim_wrapper in sides:
            torch.manual_seed(seed)
            batch = NOISE[WHOLES[name][1]](4)
            losses.append(model.train_step(batch, optim_wrapper)['loss'])
        torch.testing.assert_close(losses[1], losses[0], rtol=1e-5, atol=1e-6)
    assert graphs.count == 1 and not counters['graph_break']
    assert compiled.state_dict().keys() == plain.state_dict().keys()


def test_the_list_has_a_classifier_and_pretraining():
    assert {'ImageClassifier', 'MAE', 'SimCLR'} <= set(NAMES)


@pytest.mark.parametrize(
    'copied', [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
def test_a_copy_has_its_own_loss(copied):
    model = build('ImageClassifier')
    compile_model(model, dict(backend='eager'))
    assert isinstance(model.loss, CompiledLoss)
    other = copied(model)
    assert other.loss.__self__ is other
    assert other.loss.__func__ is type(model).loss


class Steps:
    """Instead of torch.compile: an output that lies in the same memory each time."""

    def __init__(self, monkeypatch):
        self.options, self.begun = [], 0
        self.memory = torch.zeros(())
        monkeypatch.setattr(torch, 'compile', self.compile)
        monkeypatch.setattr(
            torch.nn.Module,
            'compile',
            lambda _, **options: self.options.append(options),
        )
        monkeypatch.setattr(torch.compiler, 'cudagraph_mark_step_begin', self.begin)

    def begin(self):
        self.begun += 1

    def compile(self, function, **options):
        self.options.append(options)
        return lambda model, value: dict(loss=self.memory.copy_(value))


def test_cuda_graphs_write_to_memory_that_is_copied(monkeypatch):
    steps, model = Steps(monkeypatch), build('ImageClassifier')
    assert compile_model(model, dict(mode='reduce-overhead')) is None
    assert steps.options == [dict(mode='default'), dict(mode='reduce-overhead')]
    first, second = (model.loss(torch.tensor(value)) for value in (1.0, 2.0))
    assert (first['loss'], second['loss'], steps.begun) == (1, 2, 2)


@pytest.mark.parametrize(
    ('name', 'accumulated', 'said'),
    [
        ('ImageClassifier', 4, 'gradients of 4 batches'),
        ('ImageClassifier', None, 'several optimizers'),
        ('RAFTStereo', 1, 'the loss of RAFTStereo is not one graph'),
    ],
)
@pytest.mark.parametrize(
    ('options', 'without'),
    [
        (dict(mode='reduce-overhead'), dict(mode='default')),
        (dict(mode='max-autotune'), dict(mode='max-autotune-no-cudagraphs')),
        (dict(backend='cudagraphs'), dict(backend='aot_eager')),
        (
            dict(options={'triton.cudagraphs': True, 'max_autotune': True}),
            dict(options={'triton.cudagraphs': False, 'max_autotune': True}),
        ),
    ],
)
def test_cuda_graphs_are_left_out_where_memory_is_kept(
    monkeypatch, name, accumulated, said, options, without
):
    steps = Steps(monkeypatch)
    assert said in compile_model(build(name), options, accumulated)
    assert steps.options and all(given == without for given in steps.options)
