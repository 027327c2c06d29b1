"""Training from a config: options, outputs, resuming."""

import json
import signal
from pathlib import Path

import pytest
import torch
from support.runs import DIGITS, TINY

from mmlite import apis
from mmlite.apis import Inferencer, export, init_model, prepare_training, train
from mmlite.apis.cli import main
from mmlite.config import load_config
from mmlite.errors import CheckpointError, ConfigError, UserError
from mmlite.registry import DATASETS, HOOKS


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A work_dir after one epoch."""
    work_dir = tmp_path_factory.mktemp('a run') / 'tiny'
    train(DIGITS, TINY, work_dir=work_dir)
    return work_dir


def test_a_run_leaves_a_checkpoint_its_config_and_logs(trained):
    names = {p.name for p in trained.iterdir()}
    assert {'epoch_1.pth', 'last_checkpoint', 'resnet18_digits.py'} <= names
    assert list(trained.glob('*/*.log'))
    assert list(trained.glob('*/vis_data/*.json'))


def test_the_saved_config_trains_again(trained, tmp_path):
    cfg = prepare_training(trained / 'resnet18_digits.py', work_dir=tmp_path)
    assert cfg.model.backbone.base_channels == 4
    assert cfg.train_dataloader.dataset.indices == 128


def test_the_terminal_shows_what_a_person_needs(tiny_args, capsys):
    assert main(['train', *tiny_args]) == 0
    out = capsys.readouterr().out
    for needed in ('ImageClassifier', 'parameters', '128', 'cpu', 'run'):
        assert needed in out
    assert 'accuracy/top1' in out
    assert len(out.splitlines()) < 20


def test_options_reach_the_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cfg = prepare_training(
        DIGITS,
        ['model.backbone.depth=34', 'param_scheduler.1.end=5'],
        validate=False,
        auto_scale_lr=True,
    )
    assert cfg.model.backbone.depth == 34
    assert cfg.param_scheduler[1].end == 5
    assert cfg.val_dataloader is None
    assert cfg.auto_scale_lr.enable is True
    assert cfg.work_dir == 'work_dirs/resnet18_digits'


@pytest.mark.parametrize(
    ('command', 'needs'),
    [
        (['train'], 'train_dataloader, train_cfg'),
        (['test', 'a.pth'], 'test_dataloader, test_evaluator'),
    ],
)
def test_a_config_without_the_phase(tmp_path, monkeypatch, capsys, command, needs):
    monkeypatch.chdir(tmp_path)
    Path('a.pth').touch()
    model = "dict(type='ImageClassifier', backbone=dict(type='LeNet5'))"
    (tmp_path / 'only.py').write_text(f'model = {model}\n')
    assert main([command[0], str(tmp_path / 'only.py'), *command[1:]]) == 1
    printed = capsys.readouterr().err
    assert f'needs {needs}' in printed


def test_auto_scale_lr_needs_a_base(tmp_path):
    with pytest.raises(ConfigError, match='auto_scale_lr.base_batch_size'):
        prepare_training(DIGITS, ['auto_scale_lr=None'], auto_scale_lr=True)


def test_amp_is_explained_where_it_is_not_supported(monkeypatch):
    monkeypatch.setattr(
        'mmlite.apis.training.amp_supported', lambda: (False, 'this CPU has no bf16')
    )
    with pytest.raises(ConfigError, match='--amp: this CPU has no bf16'):
        prepare_training(DIGITS, amp=True)


def test_amp_sets_the_wrapper(monkeypatch):
    monkeypatch.setattr('mmlite.apis.training.amp_supported', lambda: (True, ''))
    cfg = prepare_training(DIGITS, amp=True)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'


def test_amp_sets_the_wrapper_of_each_optimizer(monkeypatch):
    monkeypatch.setattr('mmlite.apis.training.amp_supported', lambda: (True, ''))
    monkeypatch.setattr('mmlite.apis.training.check', lambda cfg: [])
    one = "optimizer=dict(type='SGD', lr=0.1)"
    options = [f'optim_wrapper=dict(_delete_=True, one=dict({one}), two=dict({one}))']
    cfg = prepare_training(DIGITS, options, amp=True)
    kinds = [cfg.optim_wrapper[name].type for name in ('one', 'two')]
    assert kinds == ['AmpOptimWrapper', 'AmpOptimWrapper']
    assert 'type' not in cfg.optim_wrapper


def test_no_validate(tiny_args, capsys):
    assert main(['train', *tiny_args, '--no-validate']) == 0
    assert 'accuracy' not in capsys.readouterr().out


def test_resume_goes_on_where_it_was(trained, tmp_path):
    train(DIGITS, TINY, work_dir=tmp_path)
    longer = [*TINY, 'train_cfg.max_epochs=2']
    runner = train(DIGITS, longer, work_dir=tmp_path, resume=True)
    assert runner.iter == 8
    again = train(
        DIGITS, longer, work_dir=tmp_path / 'b', resume=trained / 'epoch_1.pth'
    )
    straight = train(DIGITS, longer, work_dir=tmp_path / 'c')
    for resumed in (runner, again):
        for a, b in zip(
            resumed.model.state_dict().values(),
            straight.model.state_dict().values(),
            strict=True,
        ):
            assert torch.equal(a, b)


def test_resuming_another_work_dir_takes_its_latest(tmp_path):
    with pytest.raises(CheckpointError, match='there is nothing to resume in the fol'):
        prepare_training(DIGITS, resume=tmp_path)
    for name in ('epoch_2.pth', 'best_top1_epoch_1.pth'):
        (tmp_path / name).touch()
    (tmp_path / 'last_checkpoint').write_text('/moved/from/epoch_2.pth')
    cfg = prepare_training(DIGITS, resume=tmp_path)
    assert cfg.load_from == str(tmp_path / 'epoch_2.pth') and cfg.resume is True


def test_test_gives_the_metrics_and_the_predictions(trained, tmp_path):
    checkpoint = trained / 'epoch_1.pth'
    out = tmp_path / 'new' / 'out.json'
    metrics = apis.test(
        DIGITS, checkpoint, TINY, work_dir=tmp_path, out=out, out_whole=True
    )
    rows = json.loads(out.read_text())
    assert len(rows) == 64
    hits = sum(row['pred_label'] == row['gt_label'] for row in rows)
    assert metrics['accuracy/top1'] == pytest.approx(100 * hits / 64)
    assert all(abs(sum(row['pred_score']) - 1) < 1e-4 for row in rows)
    assert all(row['pred_class'] == str(row['pred_label'][0]) for row in rows)


def test_tta_averages_the_mirrored_views(trained, tmp_path):
    checkpoint = trained / 'epoch_1.pth'
    files = {}
    mirrored = 'test_dataloader.dataset.pipeline=[dict(type="RandomFlip", prob=1.0), '
    for name, tta, overrides in (
        ('plain', False, []),
        ('mirror', False, [mirrored + 'dict(type="PackInputs")]']),
        ('tta', True, []),
    ):
        out = tmp_path / f'{name}.json'
        args = dict(work_dir=tmp_path / name, out=out, tta=tta)
        apis.test(DIGITS, checkpoint, [*TINY, *overrides], **args)
        rows = json.loads(out.read_text())
        files[name] = torch.tensor([row['pred_score'] for row in rows])
    mean = (files['plain'] + files['mirror']) / 2
    torch.testing.assert_close(files['tta'], mean, rtol=1e-4, atol=1e-5)


def test_predictions_that_cannot_be_written_lose_no_metrics(
    trained, tmp_path, capsys, monkeypatch
):
    checkpoint = trained / 'epoch_1.pth'
    args = ['test', DIGITS, str(checkpoint), '--work-dir', str(tmp_path)]
    (tmp_path / 'folder.json').mkdir()
    assert main([*args, '--out', str(tmp_path / 'folder.json')]) == 1
    assert 'is a folder; name a file' in capsys.readouterr().err

    def full(self, data):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('pathlib.Path.write_bytes', full)
    out = str(tmp_path / 'out.json')
    assert main([*args, '--cfg-options', *TINY, '--out', out]) == 1
    said = capsys.readouterr()
    assert 'test  accuracy/top1' in said.out
    assert 'out.json: [Errno 28] No space left' in said.err


def test_a_work_dir_is_enough_to_test(trained, capsys):
    given = apis.test(DIGITS, trained / 'epoch_1.pth', TINY, work_dir=trained)
    capsys.readouterr()
    assert main(['test', str(trained)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f'weights   {trained}')
    assert f'work_dir  {trained}\n' in out
    assert f'test  accuracy/top1 {given["accuracy/top1"]:.4g}' in out


def test_out_refuses_another_ending_before_it_tests(trained, tmp_path):
    with pytest.raises(UserError, match=r'\.npz or \.pkl'):
        apis.test(
            DIGITS,
            trained / 'epoch_1.pth',
            TINY,
            work_dir=tmp_path,
            out=tmp_path / 'out.txt',
        )


def test_a_checkpoint_of_another_model(trained, tmp_path):
    wider = [o for o in TINY if 'channels' not in o]
    with pytest.raises(CheckpointError, match='shape'):
        apis.test(DIGITS, trained / 'epoch_1.pth', wider, work_dir=tmp_path)


def test_init_model_on_a_device_that_is_absent():
    message = "bring the model to device='cuda': .*(CUDA|NVIDIA)"
    with pytest.raises(UserError, match=message):
        init_model(DIGITS, overrides=TINY, device='cuda')


def test_init_model_refuses_weights_of_another_model(tmp_path):
    torch.save(dict(state_dict=dict(other=torch.ones(2))), tmp_path / 'other.pth')
    with pytest.raises(CheckpointError, match='is of another model: 0 entries match'):
        init_model(DIGITS, tmp_path / 'other.pth', overrides=TINY)


@pytest.mark.parametrize('use', [Inferencer, export])
def test_predictions_need_all_weights(trained, tmp_path, use):
    content = torch.load(trained / 'epoch_1.pth', weights_only=True)
    part = {k: v for k, v in content['state_dict'].items() if 'layer3' not in k}
    torch.save(dict(state_dict=part), tmp_path / 'part.pth')
    cfg = load_config(DIGITS, TINY)
    with pytest.raises(CheckpointError, match=r'does not fill the model[^~]*layer3'):
        use(cfg, tmp_path / 'part.pth')
    assert init_model(cfg, tmp_path / 'part.pth').backbone.conv1.weight.equal(
        part['backbone.conv1.weight']
    )


def test_weights_that_are_nan_are_reported(trained, tmp_path, capsys):
    content = torch.load(trained / 'epoch_1.pth', weights_only=True)
    content['state_dict']['backbone.conv1.weight'].fill_(float('nan'))
    torch.save(dict(state_dict=content['state_dict']), tmp_path / 'nan.pth')
    init_model(DIGITS, tmp_path / 'nan.pth', overrides=TINY)
    said = ''.join(capsys.readouterr())
    assert 'backbone.conv1.weight holds NaN or infinite values' in said


def test_init_model_does_not_initialise_what_a_checkpoint_fills(trained):
    cfg = load_config(DIGITS, TINY)
    cfg.model.init_cfg = dict(type='Pretrained', checkpoint='')
    model = init_model(cfg, trained / 'epoch_1.pth')
    saved = torch.load(trained / 'epoch_1.pth', weights_only=True)['state_dict']
    assert all(torch.equal(v, saved[k]) for k, v in model.state_dict().items())
    with pytest.raises(CheckpointError):
        init_model(cfg)


def test_init_model_predicts_as_the_test_does(trained, tmp_path):
    model = init_model(DIGITS, trained / 'epoch_1.pth', overrides=TINY)
    assert not model.training
    assert len(model.dataset_meta['classes']) == 10
    apis.test(
        DIGITS,
        trained / 'epoch_1.pth',
        TINY,
        work_dir=tmp_path,
        out=tmp_path / 'out.json',
    )
    row = json.loads((tmp_path / 'out.json').read_text())[0]
    digits = DATASETS.build(
        dict(type='Digits', split='test', pipeline=[dict(type='PackInputs')])
    )
    inputs = digits[0]['inputs'][None]
    batch = model.data_preprocessor(dict(inputs=inputs, data_samples=None))
    score = model.predict(batch['inputs'])[0].pred_score
    torch.testing.assert_close(score, torch.tensor(row['pred_score']))


def test_print_config_shows_the_override(capsys):
    assert main(['print-config', DIGITS, '--cfg-options', 'randomness.seed=7']) == 0
    assert 'seed=7' in capsys.readouterr().out


def test_ctrl_c_exits_with_130(tiny_args, tmp_path, monkeypatch, capsys):
    hook = HOOKS.get('IterTimerHook')
    original = hook.after_train_iter

    def interrupt(self, runner, *args, **kwargs):
        original(self, runner, *args, **kwargs)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(hook, 'after_train_iter', interrupt)
    assert main(['train', *tiny_args]) == 130
    monkeypatch.setattr(hook, 'after_train_iter', original)
    assert '--resume' in capsys.readouterr().err
    assert main(['train', *tiny_args, '--resume']) == 0
