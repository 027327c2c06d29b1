import json

import pytest

from mmlite.errors import DataError
from mmlite.report import read_scalars


def write(path, *lines):
    path.write_text('\n'.join(map(json.dumps, lines)) + '\n')
    return path


def train(iteration, loss, **more):
    return dict(lr=0.1, loss=loss, time=0.5, epoch=1, iter=iteration, **more)


def test_a_resumed_training_goes_on_where_it_began(tmp_path):
    first = write(
        tmp_path / 'a.json',
        train(10, 3.0),
        dict(top1=50.0, iter=10, step=1),
        train(20, 2.0),
        train(30, 9.0),
    )
    second = write(tmp_path / 'b.json', train(30, 1.0), dict(top1=70.0, step=3))
    found = read_scalars([first, second])
    assert found.train['loss'] == [(10, 3.0), (20, 2.0), (30, 1.0)]
    assert found.val == {'top1': [(10, 50.0), (30, 70.0)]}
    assert found.iterations == 30


def test_a_resumed_training_that_begins_with_a_validation_drops_no_point(tmp_path):
    """It was interrupted after the last iteration of an epoch."""
    first = write(
        tmp_path / 'a.json',
        train(10, 3.0),
        dict(top1=50.0, iter=10, step=1),
        train(20, 2.0),
    )
    again = dict(top1=60.0, iter=20, step=2)
    second = write(tmp_path / 'b.json', again, train(30, 1.0))
    third = write(tmp_path / 'c.json', dict(top1=61.0, iter=20, step=2), train(25, 0.5))
    found = read_scalars([first, second])
    assert found.train['loss'] == [(10, 3.0), (20, 2.0), (30, 1.0)]
    assert found.val == {'top1': [(10, 50.0), (20, 60.0)]}
    found = read_scalars([first, second, third])
    assert found.train['loss'] == [(10, 3.0), (20, 2.0), (25, 0.5)]
    assert found.val == {'top1': [(10, 50.0), (20, 61.0)]}


def test_the_first_stretch_does_not_count_for_the_time(tmp_path):
    lines = [dict(train(i, 1.0), time=t) for i, t in ((1, 9.0), (2, 1.0), (3, 2.0))]
    assert read_scalars([write(tmp_path / 'a.json', *lines)]).mean_time() == 1.5


def test_what_a_loss_reports_beside_its_value_is_in_no_chart_of_losses(tmp_path):
    lines = [train(i, 1.0, **{'triplet/loss_num': 600.0}) for i in (1, 2)]
    charts = read_scalars([write(tmp_path / 'a.json', *lines)]).charts()
    titles = {chart.title: [line.name for line in chart.lines] for chart in charts}
    assert titles['Loss'] == ['loss']
    assert titles['triplet/loss_num'] == ['triplet/loss_num']


def test_half_a_line_at_the_end_is_of_a_run_that_was_killed(tmp_path):
    path = write(tmp_path / 'a.json', train(10, 3.0))
    path.write_text(path.read_text() + '{"loss": 2.')
    assert read_scalars([path]).train['loss'] == [(10, 3.0)]


@pytest.mark.parametrize('text', ['hello\nworld', '[1]\n{}'])
def test_another_file_is_refused(tmp_path, text):
    path = tmp_path / 'a.json'
    path.write_text(text)
    with pytest.raises(DataError, match='a.json:1 is no line of a log'):
        read_scalars([path])


def test_rates_that_are_the_same_are_one_line(tmp_path):
    lines = [dict(train(i, 1.0), base_lr=0.1, head_lr=i) for i in (1, 2)]
    charts = read_scalars([write(tmp_path / 'a.json', *lines)]).charts()
    rates = next(chart for chart in charts if chart.title == 'Learning rate')
    assert [line.name for line in rates.lines] == ['lr', 'head_lr']
