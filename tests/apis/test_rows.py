"""Rows of plain values in a file."""

import csv
import json
import pickle

import numpy as np
import pytest

from mmlite.apis.rows import check_rows_path, write_rows
from mmlite.errors import UserError

ROWS = [
    dict(input='a, "b".png', label=3, scores=[0.25, 0.75]),
    dict(input='c', more=''),
]


def test_json_and_pickle_hold_what_was_written(tmp_path):
    write_rows(ROWS, tmp_path / 'new folder/rows.json')
    write_rows(ROWS, tmp_path / 'rows.pkl')
    assert json.loads((tmp_path / 'new folder/rows.json').read_text()) == ROWS
    assert pickle.loads((tmp_path / 'rows.pkl').read_bytes()) == ROWS


def test_a_table_has_every_column(tmp_path):
    write_rows(ROWS, tmp_path / 'rows.csv')
    with open(tmp_path / 'rows.csv', newline='') as file:
        table = list(csv.DictReader(file))
    assert table[0] == dict(
        input='a, "b".png', label='3', scores='[0.25, 0.75]', more=''
    )
    assert table[1]['label'] == ''


def test_arrays_are_numbers_where_all_rows_have_one_shape(tmp_path):
    odd = [dict(row, odd=[1] * i) for i, row in enumerate(ROWS)]
    write_rows(odd, tmp_path / 'rows.npz')
    rows = [dict(input=n, embedding=[i, 0.5]) for i, n in enumerate('ab')]
    write_rows(rows, tmp_path / 'features.npz')
    found = np.load(tmp_path / 'features.npz')
    assert found['embedding'].tolist() == [[0, 0.5], [1, 0.5]]
    assert found['input'].tolist() == ['a', 'b']
    found = np.load(tmp_path / 'rows.npz')
    assert found['odd'].tolist() == ['[]', '[1]']
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
