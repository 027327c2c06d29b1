import numpy as np
import pytest

from mmlite.errors import DataError
from mmlite.registry import TRANSFORMS


def run(results, kind, **arguments):
    return TRANSFORMS.build(dict(type=kind, **arguments))(results)


def test_the_axes_of_each_field_are_turned():
    image = np.arange(24).reshape(2, 3, 4)
    found = run(dict(img=image, gt_label=1), 'Transpose', keys=['img'], order=(2, 0, 1))
    assert found['img'].shape == (4, 2, 3)
    assert (found['img'][3, 1, 2], found['gt_label']) == (image[1, 2, 3], 1)


def test_axes_that_are_not_there():
    with pytest.raises(DataError, match=r'the field img \(\(2, 3\)\) does not have'):
        run(dict(img=np.ones((2, 3))), 'Transpose', keys=['img'], order=(2, 0, 1))


@pytest.mark.parametrize(
    'step', [dict(type='Collect'), dict(type='Transpose', order=[0])]
)
def test_a_field_that_is_absent(step):
    with pytest.raises(DataError, match=r"no field 'img' \(keys\), it has \['a'\]"):
        TRANSFORMS.build(dict(step, keys=['img']))(dict(a=1))
