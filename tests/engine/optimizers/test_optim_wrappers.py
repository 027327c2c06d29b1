import pytest
import torch
from mmengine.optim import OptimWrapper as TheirOptimWrapper
from support.training import toy_runner
from torch import nn

from mmlite.engine import AmpOptimWrapper, OptimWrapper, amp_supported
from mmlite.engine.optimizers import fused_by_default
from mmlite.errors import ConfigError
from mmlite.registry import OPTIM_WRAPPERS, OPTIMIZERS


def trained(wrapper_of, **options):
    torch.manual_seed(0)
    model = nn.Linear(4, 2)
    inputs = torch.randn(6, 8, 4)
    wrapper = wrapper_of(torch.optim.SGD(model.parameters(), lr=0.5), **options)
    wrapper.initialize_count_status(model, 0, len(inputs))
    for batch in inputs:
        with wrapper.optim_context(model):
            loss = model(batch).square().mean()
        wrapper.update_params(loss)
    return model, wrapper


@pytest.mark.parametrize(
    'options',
    [
        {},
        dict(accumulative_counts=4),
        dict(clip_grad=dict(max_norm=0.1)),
        dict(clip_grad=dict(type='value', clip_value=0.01)),
    ],
)
@pytest.mark.filterwarnings('ignore')
def test_it_steps_as_mmengine_does(options):
    ours, _ = trained(OptimWrapper, **options)
    theirs, _ = trained(
        TheirOptimWrapper,
        **{k: dict(v) if isinstance(v, dict) else v for k, v in options.items()},
    )
    assert torch.equal(ours.weight, theirs.weight)


def test_the_gradient_norm_stays_a_tensor():
    _, wrapper = trained(OptimWrapper, clip_grad=dict(max_norm=0.1))
    assert isinstance(wrapper.logged['grad_norm'], torch.Tensor)


def test_a_config_is_not_changed():
    clip_grad = dict(type='norm', max_norm=1)
    trained(OptimWrapper, clip_grad=clip_grad)
    assert clip_grad == dict(type='norm', max_norm=1)


def test_the_loss_is_not_scaled_in_vain():
    _, wrapper = trained(OptimWrapper)
    loss = torch.ones(())
    assert wrapper.scale_loss(loss) is loss


def test_bfloat16_on_the_cpu():
    plain, _ = trained(OptimWrapper)
    mixed, wrapper = trained(AmpOptimWrapper)
    assert wrapper.cast_dtype == torch.bfloat16
    assert not wrapper.loss_scaler.is_enabled()
    assert mixed.weight.dtype == torch.float32
    assert not torch.equal(mixed.weight, plain.weight)
    torch.testing.assert_close(mixed.weight, plain.weight, rtol=0.05, atol=0.05)


def test_mixed_precision_in_a_run(tmp_path):
    wrapper = dict(type='AmpOptimWrapper', optimizer=dict(type='SGD', lr=0.1))
    toy_runner(tmp_path, optim_wrapper=wrapper, val_cfg=dict(fp16=True)).train()
    again = toy_runner(
        tmp_path,
        optim_wrapper=wrapper,
        resume=True,
        load_from=str(tmp_path / 'epoch_2.pth'),
    )
    again.train()
    assert again.iter == 15


def test_slow_half_precision_in_a_validation_is_warned_of(tmp_path, monkeypatch):
    where = 'mmlite.engine.loops.evaluate.amp_supported'
    monkeypatch.setattr(where, lambda: (False, 'it is slow'))
    runner = toy_runner(tmp_path, val_cfg=dict(fp16=True))
    assert runner.val_loop.fp16
    log = next(tmp_path.rglob('*.log')).read_text()
    assert 'WARNING - val_cfg.fp16=True: it is slow' in log


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(dtype='float16'), 'needs a GPU'),
        (dict(dtype='float8'), "got 'float8'"),
        (dict(loss_scale='big'), "got 'big'"),
    ],
)
def test_what_the_cpu_cannot(options, message):
    with pytest.raises(ValueError, match=message):
        trained(AmpOptimWrapper, **options)


@pytest.mark.parametrize('has_it', [True, False])
def test_amp_supported_says_why_not(monkeypatch, has_it):
    assert amp_supported('cuda') == (True, '')
    name = '_is_mkldnn_bf16_supported'
    monkeypatch.setattr(torch.ops.mkldnn, name, lambda: has_it)
    supported, reason = amp_supported('cpu')
    assert supported is has_it
    assert ('bfloat16' in reason) is not has_it


def test_adafactor_under_its_own_name():
    if not hasattr(torch.optim, 'Adafactor'):
        pytest.skip('torch has none')
    assert OPTIMIZERS.get('Adafactor') is torch.optim.Adafactor


@pytest.mark.parametrize('nesterov', [False, True])
def test_momenta_begin_where_a_first_step_overflows(monkeypatch, nesterov):
    """The fused step then goes by its own gradients, as one that is not fused does."""
    like = torch.empty_like
    monkeypatch.setattr(torch, 'empty_like', lambda *a, **k: like(*a, **k).fill_(1e30))
    found = []
    for fused in (True, False):
        weight = nn.Parameter(torch.ones(3))
        options = dict(lr=0.1, momentum=0.9, nesterov=nesterov, fused=fused)
        wrapper = AmpOptimWrapper(torch.optim.SGD([weight], **options))
        wrapper.loss_scaler = torch.amp.GradScaler('cpu', init_scale=4.0)
        for factor in (torch.inf, 1.0, 2.0):
            wrapper.update_params((weight * factor).sum())
        found.append(weight.detach())
    # 1 - 0.1 * (1 + (0.9 + 2)), and another 0.9 times the momentum with Nesterov's.
    expected = 0.349 if nesterov else 0.61
    assert found[1].tolist() == pytest.approx([expected] * 3)
    torch.testing.assert_close(found[0], found[1])


def test_dampened_momenta_are_not_fused():
    """Their first step is not dampened, so that they do not become the same from 0."""
    sgd = dict(type='SGD', lr=0.1, momentum=0.9, dampening=0.1)
    assert 'fused' not in fused_by_default(sgd, [torch.zeros(2)])


@pytest.mark.parametrize('kind', ['OptimWrapper', 'AmpOptimWrapper'])
def test_an_optimizer_that_computes_the_loss_itself_is_refused(kind):
    optimizer = torch.optim.LBFGS([torch.nn.Parameter(torch.zeros(1))])
    extra = dict(dtype='bfloat16') if kind == 'AmpOptimWrapper' else {}
    with pytest.raises(ConfigError, match='LBFGS computes the loss again'):
        OPTIM_WRAPPERS.build(dict(type=kind, optimizer=optimizer, **extra))
