"""Hooks that published recipes name, in a run."""

import json
from typing import ClassVar

import pytest
import torch
from mmengine.hooks import Hook
from support.runs import DIGITS, TINY
from support.training import toy_runner

from mmlite.apis import train
from mmlite.config import load_config
from mmlite.engine.hooks import EMAHook, PreciseBNHook, SwitchRecipeHook
from mmlite.errors import ConfigError
from mmlite.registry import HOOKS

SCHEDULE = [
    dict(action_epoch=3, batch_augments=None),
    dict(
        action_epoch=2,
        batch_augments=dict(augments=dict(type='Mixup', alpha=0.8)),
        train_pipeline=[dict(type='PackInputs')],
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.3, mode='original'),
    ),
]


@HOOKS.register_module()
class NotesRecipe(Hook):
    """Notes what each epoch is trained with."""

    priority = 'LOW'
    rows: ClassVar[list] = []

    def before_train_epoch(self, runner):
        model = runner.model
        self.rows.append(
            (
                runner.epoch + 1,
                model.data_preprocessor.batch_augments is not None,
                len(runner.train_loop.dataloader.dataset.pipeline.transforms),
                model.head.loss_module.label_smooth_val,
            )
        )


def digits(tmp_path, epochs, **changes):
    cfg = load_config(DIGITS, [*TINY, f'train_cfg.max_epochs={epochs}'])
    cfg.merge_from_dict(dict(work_dir=str(tmp_path)))
    cfg.train_dataloader.dataset.indices = 32
    cfg.custom_hooks = [
        dict(type='SwitchRecipeHook', schedule=SCHEDULE),
        dict(type='NotesRecipe'),
    ]
    cfg.update(changes)
    return cfg


@pytest.mark.parametrize('num_workers', [0, 1])
def test_a_recipe_is_switched_and_resumed(tmp_path, num_workers):
    def run(epochs, **options):
        NotesRecipe.rows.clear()
        cfg = digits(tmp_path, epochs)
        cfg.train_dataloader.num_workers = num_workers
        train(cfg, validate=False, **options)
        return list(NotesRecipe.rows)

    expected = [(1, False, 2, 0.1), (2, True, 1, 0.3), (3, False, 1, 0.3)]
    assert run(2) == expected[:2]
    assert run(3, resume=True) == expected[2:]


@pytest.mark.parametrize(
    ('schedule', 'message'),
    [
        ([dict(batch_augments=None)], r'schedule\.0 has no action_epoch'),
        ([dict(action_epoch=3)] * 2, 'action_epoch 3 is stated twice'),
        ([dict(action_epoch=1, losss={})], "no key 'losss'; did you mean 'loss'"),
    ],
)
def test_a_schedule_with_mistakes(schedule, message):
    with pytest.raises(ValueError, match=message):
        SwitchRecipeHook(schedule)


def test_a_loss_that_does_not_exist():
    with pytest.raises(ConfigError, match=r"^schedule\.0\.loss: unknown type 'No'"):
        SwitchRecipeHook([dict(action_epoch=1, loss=dict(type='No'))])


@pytest.mark.parametrize(
    'recipe', [dict(batch_augments=None), dict(loss=dict(type='LabelSmoothLoss'))]
)
def test_a_model_without_the_place(tmp_path, recipe):
    recipe = dict(action_epoch=3, **recipe)
    if 'loss' in recipe:
        recipe['loss']['label_smooth_val'] = 0.1
    hook = dict(type='SwitchRecipeHook', schedule=[recipe])
    with pytest.raises(ConfigError, match='SwitchRecipeHook: .* has'):
        toy_runner(tmp_path, custom_hooks=[hook]).train()


def test_the_weights_are_evaluated_beside_their_average(tmp_path):
    def run(name, **options):
        hook = dict(type='EMAHook', momentum=0.5, **options)
        runner = toy_runner(tmp_path / name, custom_hooks=[hook])
        runner.train()
        (file,) = (tmp_path / name).glob('*/vis_data/scalars.json')
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        return runner, [row for row in rows if 'toy/acc' in row]

    average, averages = run('average')
    _, both = run('both', evaluate_on_origin=True)
    _, origins = run('origin', evaluate_on_ema=False, evaluate_on_origin=True)
    assert [r['toy/acc'] for r in both] == [r['toy/acc'] for r in averages]
    assert [r['toy/acc_origin'] for r in both] == [r['toy/acc'] for r in origins]
    assert [r['toy/acc'] for r in both] != [r['toy/acc'] for r in origins]
    assert 'toy/acc_origin' not in averages[0]
    with pytest.raises(ValueError, match='nothing to evaluate'):
        EMAHook(evaluate_on_ema=False)


@pytest.mark.parametrize(
    'loop', [dict(by_epoch=True, max_epochs=2), dict(by_epoch=False, max_iters=10)]
)
def test_precise_statistics_leave_the_training_as_it_is(tmp_path, loop):
    """But for the statistics, which training itself does not use."""
    runs = []
    for name, hooks in (('plain', []), ('precise', [dict(type='PreciseBNHook')])):
        options = dict(train_cfg=loop, param_scheduler=None, custom_hooks=hooks)
        runner = toy_runner(tmp_path / name, **options)
        runner.train()
        runs.append(runner.model)
    for (name, a), b in zip(
        runs[0].named_parameters(), runs[1].parameters(), strict=True
    ):
        assert torch.equal(a, b), name
    buffers = [dict(model.named_buffers()) for model in runs]
    assert not torch.equal(
        buffers[0]['backbone.1.running_mean'], buffers[1]['backbone.1.running_mean']
    )


@pytest.mark.parametrize('interval', [1, 2, 3])
@pytest.mark.parametrize('by_epoch', [True, False])
def test_when_statistics_are_measured(tmp_path, monkeypatch, interval, by_epoch):
    counted = []
    monkeypatch.setattr(
        PreciseBNHook,
        '_count',
        lambda self, runner: counted.append(runner.epoch if by_epoch else runner.iter),
    )
    loop = dict(by_epoch=by_epoch, **{'max_epochs' if by_epoch else 'max_iters': 6})
    hook = dict(type='PreciseBNHook', interval=interval)
    options = dict(train_cfg=loop, param_scheduler=None, custom_hooks=[hook])
    toy_runner(tmp_path, **options).train()
    # Counted from 0; as in mmpretrain.
    assert counted == list(range(interval - 1, 6, interval))


def test_another_number_of_classes_is_refused(tmp_path):
    runner = toy_runner(tmp_path, custom_hooks=[dict(type='ClassNumCheckHook')])
    runner.model.num_classes = 4
    with pytest.raises(ConfigError, match='model.num_classes is 4, but .* 3 classes'):
        runner.train()


@pytest.mark.parametrize(
    ('hook', 'message'),
    [
        (dict(type='DenseCLHook'), 'has no loss_lambda'),
        (dict(type='SetAdaptiveMarginsHook'), 'has no set_margins'),
        (
            dict(
                type='WarmupParamHook',
                param_name='alpha',
                module_name='bakbone',
                warmup_epochs=1,
            ),
            "no part 'bakbone'; did you mean 'backbone'",
        ),
    ],
)
def test_a_hook_for_another_model(tmp_path, hook, message):
    with pytest.raises(ConfigError, match=message):
        toy_runner(tmp_path, custom_hooks=[hook]).train()


def test_a_gallery_is_prepared_before_each_validation(tmp_path, capsys):
    hook = dict(type='PrepareProtoBeforeValLoopHook')
    runner = toy_runner(tmp_path, custom_hooks=[hook])
    prepared = []
    runner.model.prepare_prototype = lambda: prepared.append(runner.iter)
    runner.train()
    assert prepared == [5, 10, 15]
