"""Pixels are counted by hand: two pairs of four pixels, two pairs a batch."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MMLogger
from support.training import ToyRunModel, toy_runner
from torch import nn

from mmlite.engine.hooks import DisparityCheckHook
from mmlite.engine.hooks.disparity_check_hook import _Counts
from mmlite.errors import TrainingError
from mmlite.models.stereo import StereoModel
from mmlite.structures import DataSample


class Messages(list):
    warning = list.append


def run(batches, max_disp=16, length=None):
    """What is said in a training over these batches, of one pixel map a sample each.

    The pass has as many batches if ``length`` is not given.
    """
    model = nn.Module()
    model.max_disp = max_disp
    runner = SimpleNamespace(
        model=model,
        train_dataloader=range(length or len(batches)),
        logger=(said := Messages()),
    )
    hook = DisparityCheckHook()
    hook.before_train(runner)
    for place, maps in enumerate(batches):
        samples = [
            DataSample(
                gt_disparity=torch.tensor([values]),
                metainfo=dict(ref_img_path=f'{place}_{i}.png'),
            )
            for i, values in enumerate(maps)
        ]
        hook.after_train_iter(runner, place, dict(data_samples=samples))
    hook.after_train(runner)
    return said


def test_a_pass_without_a_pixel_that_counts_is_an_error():
    batches = [[[20.0, 40.0], [0.0, 80.0]], [[16.0, float('inf')]]]
    with pytest.raises(TrainingError) as caught:
        run(batches)
    assert (
        '0 of 4 known disparities (0 %) are below max_disp=16 of the model; they go '
        'from 16 to 80 px; set a larger max_disp'
    ) in str(caught.value)


def test_what_is_not_known_at_all_is_an_error():
    with pytest.raises(TrainingError, match='0 of 3 pixels have a known disparity'):
        run([[[0.0, float('nan'), -1.0]]], max_disp=None)


def test_the_first_batch_without_a_pixel_is_a_warning():
    said = run([[[1.0, 2.0]], [[99.0, 0.0], [99.0, 0.0]], [[99.0, 1.0]]])
    assert len(said) == 1  # half of what is known is near enough
    assert said[0] == (
        'a batch (1_0.png, ...) has no pixel to learn from: 0 of 2 known disparities '
        '(0 %) are below max_disp=16 of the model; they go from 99 to 99 px'
    )


def test_a_training_that_ends_within_the_pass_is_looked_at_too():
    good, bad = [[1.0, 2.0]], [[0.0, 0.0]]
    said = run([good, bad, good], length=1000)
    assert said == [
        'a batch (1_0.png) has no pixel to learn from: 0 of 2 pixels have a known '
        'disparity'
    ]
    assert len(run([bad, bad], length=1000)) == 1  # no error: the rest may be good


@pytest.mark.parametrize(
    ('far', 'share'), [(199_999, '0.0005'), (1, '50'), (2, '33'), (300, '0.33')]
)
def test_shares_have_no_exponent(far, share):
    hook = DisparityCheckHook()
    hook.before_train(SimpleNamespace(model=nn.Identity()))
    said = hook._numbers(_Counts(far + 1, far + 1, 1, 1.0, 99.0))
    assert f' ({share} %) ' in said
    assert ' (100 %) ' in hook._numbers(_Counts(far, far, far, 1.0, 2.0))


def test_few_pixels_in_reach_are_a_warning():
    (said,) = run([[[1.0, 20.0, 30.0, 40.0]]])
    assert said.startswith('most disparities are out of reach: 1 of 4 known')
    assert '(25 %)' in said
    assert run([[[1.0, 2.0, 3.0, 40.0]]]) == []


@pytest.mark.parametrize('changes', [None, dict(disparity_check=None)])
def test_models_of_stereo_matching_bring_it_along(tmp_path, monkeypatch, changes):
    def count():
        runner = toy_runner(tmp_path, default_hooks=changes)
        return sum(isinstance(hook, DisparityCheckHook) for hook in runner.hooks)

    assert count() == 0
    hooks = StereoModel.default_hooks
    monkeypatch.setattr(ToyRunModel, 'default_hooks', hooks, raising=False)
    assert count() == (changes is None)


def test_other_data_are_left_alone():
    hook = DisparityCheckHook()
    runner = SimpleNamespace(model=nn.Identity(), logger=MMLogger('test'))
    hook.before_train(runner)
    hook.after_train_iter(runner, 0, dict(data_samples=[DataSample()]))
    hook.after_train_iter(runner, 1, None)
