"""Mixup, CutMix, and the draw between them."""

import random
from collections import Counter

import pytest
import torch

from mmlite.errors import ConfigError
from mmlite.models.data_preprocessors import (
    CutMix,
    Mixup,
    RandomBatchAugment,
    ResizeMix,
)
from mmlite.registry import TASK_UTILS

K = 4
SCORES = torch.eye(K)
# Image i has the value i everywhere, so a mixed pixel shows what it is made of.
IMAGES = torch.arange(K).float().view(K, 1, 1, 1).expand(K, 2, 12, 16)


@pytest.fixture(autouse=True)
def seeded():
    random.seed(0)


def mixed_by_hand(inputs, lam, other):
    rows = []
    for i, j in enumerate(other):
        rows.append(lam * inputs[i] + (1 - lam) * inputs[j])
    return torch.stack(rows)


def partners(scores):
    """With whom each image was mixed, and its own share."""
    found = []
    for i, row in enumerate(scores):
        others = [j for j in range(K) if j != i and row[j] > 0]
        found.append((others[0] if others else i, row[i].item()))
    return found


def test_mixup(monkeypatch):
    monkeypatch.setattr(random, 'betavariate', lambda a, b: 0.7)
    monkeypatch.setattr(
        torch, 'randperm', lambda n, device=None: torch.tensor([1, 0, 3, 2])
    )
    inputs = torch.rand(K, 3, 5, 5)
    got_inputs, got_scores = Mixup(alpha=1.0)(inputs, SCORES)
    expected = mixed_by_hand(inputs, 0.7, [1, 0, 3, 2])
    torch.testing.assert_close(got_inputs, expected)
    expected = mixed_by_hand(SCORES, 0.7, [1, 0, 3, 2])
    torch.testing.assert_close(got_scores, expected)


@pytest.mark.parametrize('augment', [Mixup(1.0), CutMix(1.0)], ids=['mixup', 'cutmix'])
def test_labels_say_what_the_image_is_made_of(augment):
    for _ in range(20):
        images, scores = augment(IMAGES, SCORES)
        torch.testing.assert_close(scores.sum(dim=1), torch.ones(K))
        expected = scores @ torch.arange(K).float()
        torch.testing.assert_close(images.mean(dim=(1, 2, 3)), expected)


@pytest.mark.parametrize('augment', [Mixup(1.0), CutMix(1.0)], ids=['mixup', 'cutmix'])
def test_input_is_left_alone(augment):
    inputs, scores = IMAGES.clone(), SCORES.clone()
    augment(inputs, scores)
    assert torch.equal(inputs, IMAGES)
    assert torch.equal(scores, SCORES)


@pytest.mark.parametrize('augment', [Mixup(1.0), CutMix(1.0)], ids=['mixup', 'cutmix'])
def test_one_image_is_mixed_with_itself(augment):
    inputs, scores = torch.rand(1, 3, 8, 8), torch.tensor([[0.0, 1.0]])
    got_inputs, got_scores = augment(inputs, scores)
    torch.testing.assert_close(got_inputs, inputs)
    torch.testing.assert_close(got_scores, scores)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('augment', [Mixup(1.0), CutMix(1.0)], ids=['mixup', 'cutmix'])
def test_half_precision(augment, dtype):
    images, scores = augment(IMAGES.to(dtype), SCORES)
    assert images.dtype == dtype
    assert scores.dtype == torch.float32


@pytest.mark.parametrize('augment', [Mixup(0.5), CutMix(0.5)], ids=['mixup', 'cutmix'])
def test_seed_decides(augment):
    def draw():
        random.seed(7)
        torch.manual_seed(7)
        return augment(IMAGES, SCORES)

    for first, second in zip(draw(), draw(), strict=True):
        assert torch.equal(first, second)


def test_mixup_shares_follow_the_beta_distribution():
    # Beta(a, a) has mean 1/2 and variance 1 / (4 (2 a + 1)).
    alpha = 2.0
    shares = []
    for _ in range(2000):
        _, scores = Mixup(alpha)(torch.zeros(2, 1, 1, 1), torch.eye(2))
        if scores[0, 1] > 0:
            shares.append(scores[0, 0].item())
    shares = torch.tensor(shares)
    assert shares.mean().item() == pytest.approx(0.5, abs=0.03)
    assert shares.var().item() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.15)


def test_cutmix_pastes_one_box():
    for _ in range(20):
        images, scores = CutMix(1.0)(IMAGES, SCORES)
        for i, (other, share) in enumerate(partners(scores)):
            foreign = images[i, 0] == other
            rows, columns = foreign.any(dim=1), foreign.any(dim=0)
            assert torch.equal(foreign, rows[:, None] & columns[None, :])
            assert (images[i][:, ~foreign] == i).all()
            if other != i:
                assert share == pytest.approx(1 - foreign.float().mean().item())


def the_one_before(n, device=None):
    return torch.arange(n).roll(1)


def test_cutmix_box_has_the_share_that_was_drawn(monkeypatch):
    monkeypatch.setattr(random, 'betavariate', lambda a, b: 0.75)
    monkeypatch.setattr(random, 'randrange', lambda size: size // 2)
    monkeypatch.setattr(
        torch, 'randperm', lambda n, device=None: torch.arange(n).roll(1)
    )
    images, scores = CutMix(1.0)(IMAGES, SCORES)
    # A quarter of the area: half of each side, about the centre.
    foreign = torch.zeros(12, 16, dtype=torch.bool)
    foreign[3:9, 4:12] = True
    assert torch.equal(images[2, 0] == 1, foreign)
    assert scores[2].tolist() == [0, 0.25, 0.75, 0]


def test_cutmix_labels_are_corrected_at_the_border(monkeypatch):
    monkeypatch.setattr(random, 'betavariate', lambda a, b: 0.75)
    monkeypatch.setattr(random, 'randrange', lambda size: 0)
    monkeypatch.setattr(
        torch, 'randperm', lambda n, device=None: torch.arange(n).roll(1)
    )
    _, scores = CutMix(1.0)(IMAGES, SCORES)
    assert scores[2].tolist() == [0, 0.0625, 0.9375, 0]
    _, scores = CutMix(1.0, correct_lam=False)(IMAGES, SCORES)
    assert scores[2].tolist() == [0, 0.25, 0.75, 0]


def test_cutmix_minmax_bounds_the_sides():
    augment = CutMix(1.0, cutmix_minmax=[0.25, 0.5], correct_lam=False)
    sides = set()
    for _ in range(200):
        images, scores = augment(IMAGES, SCORES)
        other, share = partners(scores)[0]
        if other == 0:
            continue
        foreign = images[0, 0] == other
        height = int(foreign.any(dim=1).sum())
        width = int(foreign.any(dim=0).sum())
        assert share == pytest.approx(1 - height * width / (12 * 16))
        sides.add((height, width))
    heights, widths = zip(*sides, strict=True)
    assert set(heights) == {3, 4, 5, 6}
    assert set(widths) == {4, 5, 6, 7, 8}


def mark(value):
    return lambda inputs, scores: (inputs * 0 + value, scores)


def test_draws_by_probability():
    augment = RandomBatchAugment([mark(1), mark(2)], probs=[0.5, 0.3])
    x = torch.zeros(1)
    counts = Counter(augment(x, SCORES)[0].item() for _ in range(4000))
    assert counts[1] / 4000 == pytest.approx(0.5, abs=0.03)
    assert counts[2] / 4000 == pytest.approx(0.3, abs=0.03)
    assert counts[0] / 4000 == pytest.approx(0.2, abs=0.03)


def test_draws_evenly_by_default():
    augment = RandomBatchAugment([mark(0), mark(1), mark(2)])
    x = torch.zeros(1)
    counts = Counter(augment(x, SCORES)[0].item() for _ in range(3000))
    assert all(counts[i] / 3000 == pytest.approx(1 / 3, abs=0.03) for i in range(3))


@pytest.mark.parametrize('probs', [0.5, [0.5]])
def test_one_augmentation_with_a_probability(probs):
    augment = RandomBatchAugment(dict(type='Mixup', alpha=1.0), probs)
    assert repr(augment) == 'RandomBatchAugment(0.5 Mixup(alpha=1.0))'


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(type='Mixup', alpha=0.0), 'alpha must be positive'),
        (dict(type='CutMix', alpha=-1.0), 'alpha must be positive'),
        (dict(type='CutMix', alpha=1.0, cutmix_minmax=[0.5, 0.2]), '0 < min <= max'),
        (
            dict(type='RandomBatchAugment', augments=[mark(1)], probs=[0.5, 0.5]),
            '2 for',
        ),
        (dict(type='RandomBatchAugment', augments=[mark(1)], probs=1.5), 'at most 1'),
        (dict(type='RandomBatchAugment', augments=[mark(1)], probs=-0.5), 'at most 1'),
        (
            dict(type='RandomBatchAugment', augments=[dict(type='Mixup', alpa=1.0)]),
            "augments.0: .*did you mean 'alpha'",
        ),
    ],
)
def test_wrong_arguments(cfg, message):
    with pytest.raises(ConfigError, match=message):
        TASK_UTILS.build(cfg)


@pytest.mark.parametrize('interpolation', ['nearest', 'bilinear'])
def test_resizemix_pastes_whole_images_made_small(interpolation):
    # Half of the pixels of image i are i, half are i + 10: so is what is pasted.
    images = IMAGES.clone()
    images[..., 8:] += 10
    mix = ResizeMix(1.0, lam_min=0.3, lam_max=0.3, interpolation=interpolation)
    mix_box = {}
    mix.paste = lambda *args: mix_box.update(box=args[2]) or ResizeMix.paste(mix, *args)
    torch.manual_seed(1)
    mixed, scores = mix(images, SCORES)
    y1, y2, x1, x2 = mix_box['box']
    share = 1 - (y2 - y1) * (x2 - x1) / (12 * 16)
    other = (scores - SCORES * share).argmax(dim=1)  # itself, where it is drawn
    for i, j in enumerate(other.tolist()):
        assert mixed[i, 0, y1, x1] == j
        assert mixed[i, 0, y2 - 1, x2 - 1] == j + 10
        outside = mixed[i].clone()
        outside[:, y1:y2, x1:x2] = images[i][:, y1:y2, x1:x2]
        torch.testing.assert_close(outside, images[i])
        if i != j:
            assert scores[i, i].item() == pytest.approx(share)


def test_resizemix_leaves_the_share_that_is_drawn():
    mix = ResizeMix(1.0, lam_min=0.2, lam_max=0.6)
    shares = [mix.draw_share() for _ in range(200)]
    assert 0.2 <= min(shares) < 0.25
    assert 0.55 < max(shares) <= 0.6
    with pytest.raises(ConfigError, match='shares with 0 <= lam_min'):
        TASK_UTILS.build(dict(type='ResizeMix', alpha=1.0, lam_min=0.5, lam_max=0.2))
