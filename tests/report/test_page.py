import json

import numpy as np
import pytest
from support.html_pages import Page

from mmlite.errors import DataError, UserError
from mmlite.report import (
    Change,
    Curves,
    Facts,
    Line,
    Matrix,
    Picture,
    Pictures,
    Ranking,
    Rankings,
    Table,
    comparison_page,
    read_run,
    run_page,
    write_facts,
    write_report,
)

NASTY = '<script>alert("1")</script>&amp;\'"'


def make_run(folder, mode='train', started=1.0, values=(3.0, 1.0), **facts):
    """A work_dir as a training leaves it, with a block of each kind."""
    picture = Picture.of(np.zeros((4, 4)), NASTY, NASTY, 'wrong')
    blocks = [
        Matrix.of(NASTY, NASTY, [NASTY, 'b'], np.array([[1, 2], [0, 3]])),
        Pictures('Worst', NASTY, [picture] * 2),
        Rankings('Ranks', '', [Ranking(picture, [picture] * 3)]),
        Curves('PR', '', [Line(NASTY, [0, 1], [1, 0])], 'recall'),
        Table('T', '', [NASTY, 'b'], [[NASTY, NASTY]]),
    ]
    log = folder / f'2026{started:04.0f}'
    (log / 'vis_data').mkdir(parents=True)
    lines = [
        {'lr': 0.1, 'loss': v, NASTY: v, 'time': 0.2, 'epoch': i, 'iter': 10 * i}
        for i, v in enumerate(values, 1)
    ]
    lines.append({'accuracy/top1': 90.0, 'step': 1})
    text = '\n'.join(map(json.dumps, lines))
    (log / 'vis_data/scalars.json').write_text(text)
    given = dict(
        config=f'{NASTY}.py',
        task='classification',
        model=NASTY,
        parameters=1234,
        metrics={'accuracy/top1': 90.0},
        environment={'Python': NASTY},
        changes=[Change('model.depth', NASTY, '2')],
        pictures=[block.to_dict() for block in blocks],
    )
    write_facts(Facts(mode, started=started, **{**given, **facts}), log)
    (folder / 'mine.py').write_text("model = dict(type='<b>A</b>', depth=18)\n")
    return folder


def test_a_page_is_well_formed_and_needs_no_other_file(tmp_path):
    page = Page(write_report(make_run(tmp_path)).read_text())
    assert page.mistakes == []
    assert len(page.all('script')) == 1  # no text has become one
    assert page.text.count(NASTY) > 10
    ids = {attrs.get('id') for _, attrs in page.elements}
    assert ids >= {'results', 'curves', 'pictures', 'config', 'environment', 'continue'}


def test_what_it_says(tmp_path):
    text = Page(run_page(read_run(make_run(tmp_path)))).text
    for part in ('1.23 k', '90', 'from 3', 'model.depth', '66.7 %', '200 ms'):
        assert part in text
    assert f'mmlite report {tmp_path}' in text


def test_iterations_are_those_of_the_run_not_of_its_last_line(tmp_path):
    make_run(tmp_path, iterations=23)
    run = read_run(tmp_path)
    assert (run.iterations, run.scalars.iterations) == (23, 20)
    make_run(tmp_path / 'killed')  # which has said nothing
    assert read_run(tmp_path / 'killed').iterations == 20


def test_how_to_continue_names_the_last_checkpoint(tmp_path):
    make_run(tmp_path)
    (tmp_path / 'epoch_2.pth').touch()
    (tmp_path / 'last_checkpoint').write_text('/moved/from/epoch_2.pth')
    text = Page(run_page(read_run(tmp_path))).text
    config, checkpoint = tmp_path / 'mine.py', tmp_path / 'epoch_2.pth'
    assert f'mmlite train {config} --work-dir {tmp_path} --resume' in text
    assert f'mmlite test {config} {checkpoint} --work-dir {tmp_path}' in text
    assert f'mmlite predict {checkpoint} PICTURE.jpg' in text
    assert f'mmlite export {checkpoint}' in text


def test_how_to_continue_names_the_best_checkpoint_where_one_is_kept(tmp_path):
    make_run(tmp_path, best='/moved/from/best_accuracy_top1_epoch_1.pth')
    (tmp_path / 'epoch_2.pth').touch()
    assert read_run(tmp_path).best == str(tmp_path / 'epoch_2.pth')  # it is gone
    best = tmp_path / 'best_accuracy_top1_epoch_1.pth'
    best.touch()
    text = Page(run_page(read_run(tmp_path))).text
    for words in (f'test {tmp_path / "mine.py"}', 'predict', 'export'):
        assert f'mmlite {words} {best}' in text


def test_one_point_is_drawn_as_one(tmp_path):
    make_run(tmp_path, values=(3.0,))
    page = Page(run_page(read_run(tmp_path)))
    drawn = {
        attrs['data-name']: tag for tag, attrs in page.elements if 'data-name' in attrs
    }
    assert drawn['loss'] == drawn['lr'] == drawn['accuracy/top1'] == 'path'


def test_without_a_test_in_the_config_none_is_offered(tmp_path):
    make_run(tmp_path, has_test=False)
    (tmp_path / 'epoch_2.pth').touch()
    text = Page(run_page(read_run(tmp_path))).text
    assert 'mmlite test' not in text
    assert 'mmlite predict' in text


def test_a_test_after_the_training_has_its_own_column(tmp_path):
    make_run(tmp_path)
    later = dict(metrics={'accuracy/top1': 80.0}, pictures=[])
    make_run(tmp_path, 'test', 2.0, values=(), **later)
    run = read_run(tmp_path)
    assert run.metrics == {'accuracy/top1': 80.0}
    assert run.blocks  # those of the training
    row = Page(run_page(run)).text.partition('accuracy/top1')[2]
    assert '80' in row


def test_a_resumed_training_is_of_the_same_recipe(tmp_path):
    make_run(tmp_path, seconds=5)
    copy = str(tmp_path / 'mine.py')
    make_run(tmp_path, started=2.0, config=copy, changes=None, resumed=True, seconds=7)
    assert read_run(tmp_path).seconds == 12
    assert [change.path for change in read_run(tmp_path).trained.changes] == [
        'model.depth'
    ]
    make_run(tmp_path, started=3.0, config='elsewhere/other.py', changes=None)
    assert read_run(tmp_path).trained.changes is None


def test_what_a_resumed_training_changes_once_more_is_stated(tmp_path):
    """Its config is read in the work_dir, and holds what the first one changed."""
    texts = (
        'model = dict(depth=2)\nlr = 1\nresume = False\n',
        'model = dict(depth=3)\nlr = 1\nwide = True\nresume = True\n',
    )
    own = dict(config=str(tmp_path / 'mine.py'), changes=None, resumed=True)
    for number, (text, facts) in enumerate(zip(texts, ({}, own), strict=True), 1):
        make_run(tmp_path, started=float(number), **facts)
        (tmp_path / f'2026{number:04}' / 'vis_data/config.py').write_text(text)
    run = read_run(tmp_path)
    assert run.trained.changes == [
        Change('model.depth', NASTY, '3'),
        Change('wide', '', 'True'),
    ]
    assert 'model = dict(depth=3)' in Page(run_page(run)).text


def test_parts_of_ones_own_take_the_config_too(tmp_path):
    make_run(tmp_path)
    (tmp_path / 'a.pth').touch()
    log = tmp_path / '20260001' / 'vis_data/config.py'
    commands = []
    for text in ('model = dict()\n', "custom_imports = dict(imports=['mine'])\n"):
        log.write_text(text)
        commands.append(Page(run_page(read_run(tmp_path))).text)
    predict = [text.split('mmlite predict ')[1].split()[0] for text in commands]
    assert predict == [str(tmp_path / 'a.pth'), str(tmp_path / 'mine.py')]


def test_a_failed_run_says_why(tmp_path):
    make_run(tmp_path, status='the loss is nan in iteration 3')
    page = run_page(read_run(tmp_path))
    assert 'class="status bad">the loss is nan in iteration 3<' in page


def test_a_bare_log_is_enough(tmp_path):
    log = tmp_path / '20260101/vis_data'
    log.mkdir(parents=True)
    (log / 'scalars.json').write_text('{"lr": 1, "loss": 2.0, "iter": 1}')
    page = Page(run_page(read_run(tmp_path)))
    assert page.mistakes == []


def test_many_classes_are_described_by_their_mistakes(tmp_path):
    size = 50
    counts = np.eye(size, dtype=int)
    counts[7, 3] = 9
    block = Matrix.of('M', '', [f'class{i}' for i in range(size)], counts)
    make_run(tmp_path, pictures=[block.to_dict()])
    page = Page(run_page(read_run(tmp_path)))
    assert len(page.all('td')) < 100
    assert 'class7class3990.0 %' in ''.join(page.text.split('\n')).replace(' ', '', 0)


def test_several_runs(tmp_path):
    runs = []
    for name, value in (('a', 90.0), ('b', 95.0)):
        folder = make_run(tmp_path / name, metrics={'accuracy/top1': value})
        (folder / 'mine.py').write_text(f'model = dict(depth={value})\nlr = 1\n')
        runs.append(read_run(folder))
    page = comparison_page(runs)
    read = Page(page)
    assert read.mistakes == []
    assert '<strong>95</strong>' in page and '<strong>90</strong>' not in page
    assert 'model.depth' in read.text and '>lr<' not in page
    lines = [a['data-name'] for t, a in read.elements if t == 'polyline']
    assert lines == ['a', 'b'] * (len(lines) // 2) and lines


def test_what_differs_is_what_the_trainings_were_run_with(tmp_path):
    """A recipe in the folder inherits, and later runs there are no trainings."""
    runs = []
    for name, end in (('a', 1), ('b', 3)):
        folder = make_run(tmp_path / name)
        make_run(folder, 'test', 2.0, values=(), metrics={})
        for log, loaded in (('20260001', None), ('20260002', 'epoch_3.pth')):
            text = (
                f'model = dict(depth=18)\nload_from = {loaded!r}\nend = {end}\n'
                f'ann_file = {str(folder.resolve() / "train.json")!r}\n'
                f'work_dir = {name!r}\n'
            )
            (folder / log / 'vis_data/config.py').write_text(text)
        (folder / 'mine.py').write_text("_base_ = 'other.py'\nlr = 1 + 1\n")
        runs.append(read_run(folder))
    shown = comparison_page(runs).partition('What differs</h2>')[2]
    assert shown.count('<tr><th scope="row">') == 1
    assert '<code>end</code>' in shown
    for folder in (tmp_path / 'b').glob('2026*'):
        (folder / 'vis_data/config.py').unlink()
    shown = Page(comparison_page([runs[0], read_run(tmp_path / 'b')])).text
    assert 'Not known of b' in shown


def test_no_objects_are_no_figure(tmp_path):
    """COCO's -1 is in the files, and nowhere on a page."""
    metrics = {'coco/bbox_mAP': 0.25, 'coco/bbox_mAP_l': -1.0}
    runs = [read_run(make_run(tmp_path / name, metrics=metrics)) for name in 'ab']
    assert runs[0].metrics == metrics
    for page in (run_page(runs[0]), comparison_page(runs)):
        assert '– (no large objects)' in page and '>-1<' not in page
    assert '<strong>–' not in comparison_page(runs)
    assert '<strong>0.25' in comparison_page(runs)


def test_a_training_without_validation_says_nothing_of_one(tmp_path):
    folder = make_run(tmp_path, metrics={})
    assert 'with validation' in run_page(read_run(folder))
    (folder / '20260001/vis_data/scalars.json').write_text('{"lr": 1, "iter": 1}')
    assert 'with validation' not in run_page(read_run(folder))


def test_of_errors_less_is_better(tmp_path):
    runs = [
        read_run(make_run(tmp_path / name, metrics={'disparity/image_epe': value}))
        for name, value in (('a', 2.0), ('b', 1.0))
    ]
    page = comparison_page(runs)
    assert '<strong>1</strong>' in page and '<strong>2</strong>' not in page


def test_what_is_no_work_dir_is_said(tmp_path):
    with pytest.raises(DataError, match='there is no work_dir'):
        read_run(tmp_path / 'absent')
    with pytest.raises(DataError, match='holds no log of a training or test'):
        read_run(tmp_path)
    log = make_run(tmp_path) / '20260001'
    (log / 'report.json').write_text('{"mode": 1, "nothing": 2}')
    with pytest.raises(DataError, match=r'report\.json is not what a run'):
        read_run(tmp_path)


def test_a_file_that_cannot_be_written_is_said(tmp_path):
    make_run(tmp_path / 'run')
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match='cannot write'):
        write_report(tmp_path / 'run', tmp_path / 'file' / 'page.html')


def test_a_folder_gets_a_page(tmp_path):
    make_run(tmp_path / 'run')
    assert write_report(tmp_path / 'run', tmp_path) == tmp_path / 'report.html'
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {'run', 'report.html'}


def test_long_names_of_metrics_break_between_words(tmp_path):
    page = run_page(read_run(make_run(tmp_path, metrics={'coco/bbox_mAP_l<1': 90.0})))
    assert '<dt>coco/<wbr>bbox_<wbr>mAP_<wbr>l&lt;1</dt>' in page
