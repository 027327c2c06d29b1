"""Confusion matrices, drawn and written."""

import numpy as np

from mmlite.visualization import draw_matrix, matrix_table

COUNTS = np.array([[8, 2, 0], [0, 0, 0], [5, 0, 5]])


def test_a_table_has_the_ground_truth_in_rows():
    assert matrix_table(COUNTS, ['cat', 'a dog', 'x' * 30]).splitlines() == [
        '                     cat a dog xxxxxxxxxxxxxxxxxx..',
        'cat                    8     2                    0',
        'a dog                  0     0                    0',
        'xxxxxxxxxxxxxxxxxx..   5     0                    5',
    ]


def cells(picture, size):
    """The colour of each cell, at its corner, where nothing is written."""
    ends = np.linspace(0, picture.shape[0], picture.shape[0] + 1)[-1]
    cell = 36 if size <= 40 else 8
    at = [int(ends) - (size - i) * cell + 1 for i in range(size)]
    return picture[np.ix_(at, at)].astype(int)


def test_a_cell_is_the_darker_the_more_of_its_row_it_has():
    for classes in (None, ['cat', 'dog', 'a long name']):
        drawn = cells(draw_matrix(COUNTS, classes), 3)
        # 215 of 255 levels of red and green for a whole row.
        shares = np.array([[0.8, 0.2, 0], [0, 0, 0], [0.5, 0, 0.5]])
        assert np.abs(drawn[..., 0] - (255 - 215 * shares)).max() < 1
        assert (drawn[..., 2] == np.maximum(drawn[..., 0], 160)).all()


def test_many_classes_have_small_cells_and_no_names():
    picture = draw_matrix(np.eye(200, dtype=int))
    assert picture.shape == (1612, 1612, 3)
    assert (cells(picture, 200)[..., 0].diagonal() == 40).all()
