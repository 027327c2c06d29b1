import pytest

from mmlite.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    DataNotFoundError,
    MissingDependencyError,
    Problem,
    TrainingError,
    UserError,
    check_at_least,
    check_fraction,
    check_positive,
    did_you_mean,
    edit_distance,
)


@pytest.mark.parametrize(
    'kind',
    [CheckpointError, ConfigError, DataError, DataNotFoundError, TrainingError],
)
def test_every_error_is_the_users(kind):
    assert isinstance(kind('x'), UserError)


@pytest.mark.parametrize(
    ('problem', 'line'),
    [
        (Problem('', 'no model'), 'no model'),
        (Problem('model', "unknown type 'A'"), "model: unknown type 'A'"),
        (Problem('a.b', 'is 5, but 6 it must be'), 'a.b is 5, but 6 it must be'),
        (Problem('a', "has no key 'b'"), "a has no key 'b'"),
        (Problem('a', 'isolated'), 'a: isolated'),
    ],
)
def test_a_problem_is_one_line(problem, line):
    assert str(problem) == line


def test_a_problem_seen_from_further_out():
    assert str(Problem('head', 'x').under('model')) == 'model.head: x'
    assert str(Problem('', 'x').under('model', 'head')) == 'model.head: x'


def test_a_config_error_has_one_line_for_each_problem():
    error = ConfigError([Problem('a', 'x'), Problem('', 'y')], 'c.py')
    assert str(error) == 'c.py: a: x\nc.py: y'
    assert str(error.under('m')) == 'c.py: m.a: x\nc.py: m: y'
    assert str(ConfigError('y')) == 'y'
    assert error.problems[0].path == 'a'


def test_a_missing_package_names_the_extra():
    error = MissingDependencyError('safetensors', 'io', 'this')
    assert isinstance(error, ImportError)
    assert str(error) == (
        "this needs the package 'safetensors'; pip install 'mmlite[io]'"
    )


@pytest.mark.parametrize(
    ('word', 'hint'),
    [
        ('resnet', "; did you mean 'ResNet'?"),
        ('ResNett', "; did you mean 'ResNet'?"),
        ('Transformer', ''),
        (3, ''),
    ],
)
def test_did_you_mean(word, hint):
    assert did_you_mean(word, ['ResNet', 'LeNet5']) == hint


def distance(a: str, b: str) -> int:
    """Optimal string alignment, straight from its recurrence."""
    if not a or not b:
        return len(a) + len(b)
    best = min(
        distance(a[1:], b) + 1,
        distance(a, b[1:]) + 1,
        distance(a[1:], b[1:]) + (a[0] != b[0]),
    )
    if len(a) > 1 and len(b) > 1 and a[0] == b[1] and a[1] == b[0]:
        best = min(best, distance(a[2:], b[2:]) + 1)
    return best


@pytest.mark.parametrize(
    ('a', 'b'),
    [
        ('', ''),
        ('', 'abc'),
        ('lr', 'rl'),
        ('modle', 'model'),
        ('hooks', 'hook'),
        ('abcd', 'badc'),
        ('depth', 'dept'),
        ('ca', 'abc'),
        ('sampl', 'smple'),
    ],
)
def test_edit_distance(a, b):
    assert edit_distance(a, b) == edit_distance(b, a) == distance(a, b)


@pytest.mark.parametrize(
    ('check', 'right', 'wrong'),
    [
        (lambda **x: check_at_least(1, **x), (1, 2, None), (0, float('nan'))),
        (check_positive, (1e-9, 3, None), (0, -1, float('nan'))),
        (check_fraction, (0, 0.5, 1, None), (-0.1, 1.1, float('nan'))),
    ],
)
def test_settings_out_of_range(check, right, wrong):
    check(**{f'x{i}': value for i, value in enumerate(right)})
    for value in wrong:
        with pytest.raises(ValueError, match='^x must .*, got '):
            check(x=value)
