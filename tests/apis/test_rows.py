"""Rows of plain values in a file."""

import csv
import json
import os
import pickle

import numpy as np
import pytest

from mmlite.apis.rows import check_rows_path, write_rows
from mmlite.errors import DataError, UserError

ROWS = [
    dict(input='a, "b".png', label=3, scores=[0.25, 0.75]),
    dict(input='c', more=''),
]


def test_json_and_pickle_hold_what_was_written(tmp_path):
    write_rows(ROWS, tmp_path / 'new folder/rows.json')
    write_rows(ROWS, tmp_path / 'rows.pkl')
    assert json.loads((tmp_path / 'new folder/rows.json').read_text()) == ROWS
    assert pickle.loads((tmp_path / 'rows.pkl').read_bytes()) == ROWS


@pytest.mark.parametrize('ending', ['.json', '.csv', '.npz', '.pkl'])
def test_what_json_cannot_say_is_null_and_reported(tmp_path, capsys, ending):
    nan, inf = float('nan'), float('inf')
    rows = [
        dict(input='a.png', scores=[0.25, 1e308, 1e308]),  # finite, unlike their sum
        dict(input='b.png', score=nan, scores=[0.5, inf], deep=dict(x=[[nan, 1]])),
    ]
    path = tmp_path / f'rows{ending}'
    write_rows(rows, path)
    said = capsys.readouterr().out
    assert '1 of 2 rows hold NaN or infinite values' in said
    assert 'the first is score of b.png' in said
    expected = dict(
        input='b.png', score=None, scores=[0.5, None], deep={'x': [[None, 1]]}
    )
    if ending == '.json':
        assert json.loads(path.read_text(), parse_constant=pytest.fail) == [
            rows[0],
            expected,
        ]
    if ending == '.csv':
        last = list(csv.DictReader(path.read_text().splitlines()))[1]
        assert (last['score'], last['scores']) == ('nan', '[0.5, null]')
    if ending == '.npz':
        found = np.load(path)
        assert found['scores'].tolist() == [0.25, 1e308, 1e308, 0.5, inf]
        assert found['scores_offsets'].tolist() == [0, 3, 5]
        assert found['deep'].tolist() == ['null', '{"x": [[null, 1]]}']
    if ending == '.pkl':
        assert pickle.loads(path.read_bytes())[1]['scores'] == [0.5, inf]
    write_rows(rows[:1], path)
    assert capsys.readouterr().out == ''


@pytest.mark.parametrize('head', ['', 'pred_'])
def test_a_table_has_a_row_for_each_box(tmp_path, head):
    found = dict(
        bboxes=[[1.0, 2.0, 3.0, 4.5], [0.0, 0.0, 9.0, 9.0]],
        scores=[0.75, 0.5],
        labels=[1, 0],
        names=['dog', 'cat'],
    )
    none = dict.fromkeys(found, [])
    rows = [
        dict({f'{head}{key}': value for key, value in boxes.items()}, input=name)
        for name, boxes in (('a.png', found), ('b.png', none))
    ]
    write_rows(rows, tmp_path / 'rows.csv')
    assert (tmp_path / 'rows.csv').read_text().splitlines() == [
        'input,x1,y1,x2,y2,label,name,score',
        'a.png,1.0,2.0,3.0,4.5,1,dog,0.75',
        'a.png,0.0,0.0,9.0,9.0,0,cat,0.5',
        'b.png,,,,,,,',
    ]


def test_what_a_row_says_of_itself_stands_beside_its_boxes(tmp_path):
    boxes = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]
    rows = [
        dict(name='a', x1=9, bboxes=boxes, names=['dog', 'cat'], labels=[1, 0]),
        dict(bboxes=boxes[:1], names=['cow'], labels=[2]),
        dict(bboxes=[], names=[], labels=[], box_name='mine'),
        dict(label=7),
    ]
    write_rows(rows, tmp_path / 'rows.csv')
    with open(tmp_path / 'rows.csv', newline='') as file:
        table = list(csv.DictReader(file))
    own = [[row[key] for key in ('name', 'x1', 'label', 'box_name')] for row in table]
    assert own == [['a', '9', '', '']] * 2 + [
        ['', '', '', ''],
        ['', '', '', 'mine'],
        ['', '', '7', ''],
    ]
    keys = ('box_x1', 'y1', 'box_label', 'box_box_name')
    assert [[row[key] for key in keys] for row in table] == [
        ['1.0', '2.0', '1', 'dog'],
        ['5.0', '6.0', '0', 'cat'],
        ['1.0', '2.0', '2', 'cow'],
        ['', '', '', ''],
        ['', '', '', ''],
    ]


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(pred_scores=[0.5]), 'b.png has 2 pred_bboxes, but as pred_scores 1;'),
        (dict(pred_labels=[1, 2, 3]), 'but as pred_labels 3; a table needs a list'),
        (dict(pred_names=None), 'but as pred_names None;'),
        (dict(pred_bboxes=[[0.0] * 4, [0.0] * 5]), 'box 1 of b.png has 5 numbers'),
    ],
)
def test_lists_that_do_not_fit_the_boxes_are_named(tmp_path, changes, message):
    row = dict(input='a.png', pred_bboxes=[[0.0] * 4] * 2, pred_scores=[0.5, 0.5])
    with pytest.raises(DataError, match=message):
        write_rows([row, dict(row, input='b.png') | changes], tmp_path / 'rows.csv')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('ending', ['.json', '.csv', '.npz', '.pkl'])
def test_names_of_files_that_are_not_utf8_are_kept(tmp_path, ending):
    name = os.fsdecode(b'caf\xe9.png')
    path = tmp_path / f'rows{ending}'
    write_rows([dict(input=name, label=1, like=[name])], path)
    if ending == '.csv':
        assert b'caf\xe9.png,1,' in path.read_bytes()
        with open(path, newline='', errors='surrogateescape') as file:
            assert next(csv.DictReader(file))['input'] == name
    if ending == '.json':
        assert json.loads(path.read_text())[0]['input'] == name
    if ending == '.npz':
        assert np.load(path)['input'].tolist() == [name]
    if ending == '.pkl':
        assert pickle.loads(path.read_bytes())[0]['input'] == name


@pytest.mark.parametrize('key', ['file', 'allow_pickle', 'args', 'self'])
def test_an_array_may_have_any_name(tmp_path, key):
    write_rows([{key: 1.5}, {key: 2.0}], tmp_path / 'rows.npz')
    with np.load(tmp_path / 'rows.npz') as found:
        assert found.files == [key] and found[key].tolist() == [1.5, 2.0]


@pytest.mark.parametrize('head', ['', 'pred_', 'gt_'])
@pytest.mark.parametrize('counts', [(2, 0, 3), (1, 1), (0, 0)])
def test_boxes_of_pictures_are_joined_to_arrays_of_numbers(tmp_path, head, counts):
    rows = [
        {
            'img_path': f'{i}.png',
            f'{head}bboxes': [[i, j, i + 4.5, j + 4] for j in range(count)],
            f'{head}labels': list(range(count)),
            f'{head}names': [f'class {j}' for j in range(count)],
            f'{head}scores': [j / 8 for j in range(count)],
        }
        for i, count in enumerate(counts)
    ]
    write_rows(rows, tmp_path / 'boxes.npz')
    found = np.load(tmp_path / 'boxes.npz', allow_pickle=False)
    assert found['img_path'].tolist() == [row['img_path'] for row in rows]
    assert found[f'{head}bboxes'].shape == (sum(counts), 4)
    kinds = [found[head + key].dtype.kind for key in ('labels', 'names', 'scores')]
    assert kinds == ['i', 'U', 'f']  # where there are no boxes, too
    for key in ('bboxes', 'labels', 'names', 'scores'):
        values, offsets = found[head + key], found[f'{head}{key}_offsets']
        assert len(values) == sum(counts) and len(offsets) == len(rows) + 1
        for i, row in enumerate(rows):
            own = values[offsets[i] : offsets[i + 1]]
            assert own.tolist() == row[head + key]


def test_lists_of_several_lengths_are_joined(tmp_path):
    rows = [dict(tags=['a']), dict(tags=['b', 'cd'])]
    write_rows(rows, tmp_path / 'rows.npz')
    found = np.load(tmp_path / 'rows.npz')
    assert found['tags'].tolist() == ['a', 'b', 'cd']
    assert found['tags_offsets'].tolist() == [0, 1, 3]


def test_no_array_takes_the_name_of_another(tmp_path):
    rows = [dict(a=[1], a_offsets=5), dict(a=[1, 2], a_offsets=6)]
    write_rows(rows, tmp_path / 'rows.npz')
    found = np.load(tmp_path / 'rows.npz')
    assert found['a'].tolist() == ['[1]', '[1, 2]']
    assert found['a_offsets'].tolist() == [5, 6]


def test_a_table_has_every_column(tmp_path):
    write_rows(ROWS, tmp_path / 'rows.csv')
    with open(tmp_path / 'rows.csv', newline='') as file:
        table = list(csv.DictReader(file))
    assert table[0] == dict(
        input='a, "b".png', label='3', scores='[0.25, 0.75]', more=''
    )
    assert table[1]['label'] == ''


def test_arrays_are_numbers_where_all_rows_have_one_shape(tmp_path):
    odd = [dict(row, odd=[1, 'b'][: i + 1]) for i, row in enumerate(ROWS)]
    write_rows(odd, tmp_path / 'rows.npz')
    rows = [dict(input=n, embedding=[i, 0.5]) for i, n in enumerate('ab')]
    write_rows(rows, tmp_path / 'features.npz')
    found = np.load(tmp_path / 'features.npz')
    assert found['embedding'].tolist() == [[0, 0.5], [1, 0.5]]
    assert found['input'].tolist() == ['a', 'b']
    found = np.load(tmp_path / 'rows.npz')
    assert found['odd'].tolist() == ['[1]', '[1, "b"]']
    assert found['label'].tolist() == ['3', 'null']


def test_a_file_that_cannot_be_written_is_refused_before_there_are_rows(tmp_path):
    with pytest.raises(UserError, match=r'\.npz or \.pkl files, got .*rows\.txt'):
        check_rows_path(tmp_path / 'rows.txt')
    (tmp_path / 'is.json').mkdir()
    with pytest.raises(UserError, match='is a folder; name a file'):
        check_rows_path(tmp_path / 'is.json')
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match='file is a file, not a folder'):
        check_rows_path(tmp_path / 'file/rows.json')
