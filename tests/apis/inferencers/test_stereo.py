"""Disparities of pairs, and the files they are written to."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmlite.apis import export, init_model
from mmlite.apis.cli import main
from mmlite.apis.inferencers import Source, StereoInferencer, StereoPrediction
from mmlite.apis.inferencers.sources import find_groups
from mmlite.datasets.transforms import decode_disparity, decode_pfm
from mmlite.errors import DataError, UserError
from mmlite.structures import DataSample
from mmlite.visualization import disparity_scale, write_image

CONFIGS = Path(__file__).parents[3] / 'configs/stereo'
CONFIG = str(CONFIGS / 'tinystereo_1xb8-40e_scenes.py')
TINY = ['model.channels=8', 'model.num_groups=2', 'model.depth=1']


@pytest.fixture
def pair(tmp_path):
    rng = np.random.default_rng(0)
    views = rng.integers(0, 256, (2, 21, 42, 3), np.uint8)
    names = [str(tmp_path / f'{name}.png') for name in ('left', 'right')]
    for view, name in zip(views, names, strict=True):
        write_image(view, name)
    return views, names


@pytest.fixture
def prediction(pair):
    disparity = torch.full((21, 42), 4.0)
    disparity[0, 0] = 0
    sources = [Source('left', array=pair[0][0]), Source('right', array=pair[0][1])]
    return StereoPrediction(sources, DataSample(pred_disparity=disparity))


@pytest.mark.filterwarnings('ignore:no checkpoint')
def test_files_and_arrays_give_the_same(pair):
    views, names = pair
    torch.manual_seed(0)
    predict = StereoInferencer(CONFIG, overrides=TINY)
    (of_files,) = predict(names)
    (of_arrays,) = predict(list(views))
    np.testing.assert_array_equal(of_files.disparity, of_arrays.disparity)
    assert of_files.disparity.shape == (21, 42)
    assert of_files['right'] == names[1] and of_files['width'] == 42


def test_two_folders_give_pairs_by_name(tmp_path):
    picture = np.zeros((4, 6, 3), np.uint8)
    for name in ('left/b.png', 'left/a.png', 'right/a.png', 'right/b.png'):
        write_image(picture, tmp_path / name)
    folders = [tmp_path / 'left', tmp_path / 'right']
    pairs = [[Path(s.path) for s in pair] for pair in find_groups(folders, 2)]
    expected = [[folder / f'{n}.png' for folder in folders] for n in 'ab']
    assert pairs == expected
    write_image(picture, tmp_path / 'right/c.png')
    with pytest.raises(DataError, match=r'right hold .* 1 stand .* alone, e\.g\. c$'):
        find_groups(folders, 2)
    (tmp_path / 'right/c.png').rename(tmp_path / 'right/b.bmp')
    with pytest.raises(DataError, match=r'1 stand .* alone, e\.g\. b$'):
        find_groups(folders, 2)


def test_a_folder_of_pairs_gives_pairs_by_name(tmp_path):
    picture = np.zeros((4, 6, 3), np.uint8)
    for view in ('left', 'right', 'disparity'):
        for name in ('a', 'b'):
            write_image(picture, tmp_path / view / f'{name}.png')
    run = StereoInferencer.__new__(StereoInferencer)  # needs no network for it
    views = [tmp_path / 'left', tmp_path / 'right']
    expected = [[view / f'{name}.png' for view in views] for name in 'ab']
    for inputs in (tmp_path, [str(tmp_path)], views):
        pairs = [[Path(s.path) for s in pair] for pair in run.groups(inputs)]
        assert pairs == expected
    both = run.groups([tmp_path, tmp_path])
    assert [Path(s.path) for s in both[3]] == expected[1] and len(both) == 4
    message = r'left holds no pairs: expected the folders left/ and right/'
    for inputs in (views[0], [*views, tmp_path / 'disparity']):
        with pytest.raises(DataError, match=message):
            run.groups(inputs)
    (tmp_path / 'right/b.png').unlink()
    with pytest.raises(DataError, match=r'b\.png has no right view'):
        run.groups(tmp_path)


@pytest.fixture
def groups():
    run = StereoInferencer.__new__(StereoInferencer)  # needs no network for it
    return lambda inputs: [[s.path for s in pair] for pair in run.groups(inputs)]


def write_views(*names):
    for name in names:
        write_image(np.zeros((4, 6, 3), np.uint8), Path(name))


def test_two_patterns_hold_a_view_each(groups):
    write_views('left/a.png', 'left/b.png', 'right/a.png', 'right/b.png')
    expected = [['left/a.png', 'right/a.png'], ['left/b.png', 'right/b.png']]
    assert groups(['left/*.png', 'right/*.png']) == expected
    assert groups(['left/a*', 'right/a*', 'left/b*', Path('right/b*')]) == expected
    # As a shell gives them without quotes.
    assert (
        groups([*(left for left, _ in expected), 'right/a.png', 'right/b.png'])
        == expected
    )
    with pytest.raises(DataError, match='both lie in left/, which holds one view'):
        groups(['left/*.png'])
    write_views('right/c.png')
    with pytest.raises(DataError, match=r'2 left views, right/\*.png for 3 right'):
        groups(['left/*.png', 'right/*.png'])
    Path('right/a.png').unlink()
    with pytest.raises(DataError, match=r'2 are in one of them alone, e.g. a$'):
        groups(['left/*.png', 'right/*.png'])


@pytest.mark.parametrize(
    ('inputs', 'message'),
    [
        (['x/left_*.png', 'x/left_*.png'], 'left_1.png would be both views of a pair'),
        (['x/left_1.png', 'x/left_2.png'], 'by their names both are left views'),
        (['x/1_RIGHT.png', 'x/right-2.png'], 'by their names both are right views'),
    ],
)
def test_one_view_is_no_pair(groups, inputs, message):
    write_views('x/left_1.png', 'x/left_2.png', 'x/1_RIGHT.png', 'x/right-2.png')
    with pytest.raises(DataError, match=message):
        groups(inputs)


def test_views_with_other_names_are_paired_in_order(groups):
    write_views(*(f'{s}/{v}_{i}.png' for s in 'xy' for v in 'lr' for i in '12'))
    by_pattern = groups(['x/l_*.png', 'x/r_*.png'])
    assert by_pattern == [[f'x/l_{i}.png', f'x/r_{i}.png'] for i in '12']
    scenes = [f'{s}/{v}_1.png' for s in 'xy' for v in 'lr']
    assert groups(scenes) == [['x/l_1.png', 'x/r_1.png'], ['y/l_1.png', 'y/r_1.png']]


@pytest.mark.filterwarnings('ignore:no checkpoint')
def test_views_that_do_not_fit(pair):
    views, names = pair
    predict = StereoInferencer(CONFIG, overrides=TINY)
    with pytest.raises(DataError, match='takes 2 images at a time, got 1'):
        predict(names[:1])
    with pytest.raises(DataError, match='one size, got 42x21 and 40x21'):
        predict([views[0], views[1][:, :40]])


def test_the_command_line_writes_all_files(pair, tmp_path, capsys):
    torch.manual_seed(0)
    model = StereoInferencer(CONFIG, overrides=TINY).model
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'a.pth')
    words = [CONFIG, str(tmp_path / 'a.pth'), *pair[1]]
    options = ['--show-dir', str(tmp_path / 'out'), '--cfg-options', *TINY]
    assert main(['predict', *words, *options]) in (0, None)
    values = np.load(tmp_path / 'out/left_disparity.npy')
    written = decode_pfm((tmp_path / 'out/left_disparity.pfm').read_bytes())
    np.testing.assert_array_equal(written, values)
    stored = (tmp_path / 'out/left_disparity.png').read_bytes()
    rounded = decode_disparity(stored, 'a.png')
    np.testing.assert_allclose(rounded, values.clip(1 / 256), atol=1 / 512)
    wide = disparity_scale(21, float(values.max())).shape[1]
    assert cv2.imread(str(tmp_path / 'out/left.png')).shape == (21, 84 + wide, 3)


def test_depth_and_points(prediction, tmp_path):
    depth = prediction.depth(focal_length=100, baseline=0.2)
    assert np.isinf(depth[0, 0]) and depth[1, 1] == 5
    assert prediction.depth(100, 0.2, offset=1)[1, 1] == 4
    path = prediction.save_points(tmp_path / 'a.ply', 100, 0.2)
    header, body = path.read_bytes().split(b'end_header\n')
    assert b'element vertex 881' in header  # all but the one at infinity
    kind = [(n, '<f4') for n in 'xyz'] + [(n, 'u1') for n in 'rgb']
    points = np.frombuffer(body, kind)
    last = points[-1]  # the corner at the lower right
    assert (last['x'], last['y'], last['z']) == pytest.approx((20.5 / 20, 0.5, 5))
    colour = [last[name] for name in 'rgb']
    assert colour == prediction.image[-1, -1].tolist()
    with pytest.raises(UserError, match='are above 0'):
        prediction.depth(0, 1)


def test_errors_have_colours_of_a_fixed_scale(prediction):
    """White where an error begins to count, at 3 px and 5 %; black: unknown."""
    target = np.full((21, 42), 4.0, np.float32)
    target[0, 0], target[1, 1], target[2, 2] = 0, 1, 40
    colours = prediction.error_colours(target)
    assert colours[0, 0].tolist() == [0, 0, 0]
    np.testing.assert_allclose(colours[1, 1], 255, atol=1)
    assert colours[3, 3].tolist() == [0, 0, 255]  # no error: blue
    assert colours[2, 2, 0] > colours[2, 2, 2]  # a large one: red
    with pytest.raises(DataError, match='both have the size of the picture'):
        prediction.error_colours(target[1:])


def test_a_file_of_another_kind_is_refused(prediction, tmp_path):
    with pytest.raises(DataError, match=r'written as \.png, \.pfm or \.npy'):
        prediction.save_disparity(tmp_path / 'a.jpg')


@pytest.mark.slow
def test_lightstereo_as_an_onnx_file(tmp_path):
    """``export`` compares the file with PyTorch before it is kept."""
    onnxruntime = pytest.importorskip('onnxruntime')
    config = CONFIGS / 'lightstereo-s_8xb24-90e_sceneflow.py'
    path = export(config, out=tmp_path / 'a.onnx', size=(64, 96))
    session = onnxruntime.InferenceSession(str(path))
    assert [x.name for x in session.get_inputs()] == ['ref_img', 'tgt_img']
    view = np.zeros((1, 3, 64, 96), np.float32)
    (disparity,) = session.run(['disparity'], dict(ref_img=view, tgt_img=view))
    assert disparity.shape == (1, 64, 96)


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['tiny', 'raft', 'shared'])
def test_a_program_takes_any_number_of_pairs(tmp_path, kind):
    """``export`` compares it with PyTorch on batches of one and of three."""
    raft = dict(type='RAFTStereo', valid_iters=1, shared_backbone=kind == 'shared')
    changes = TINY if kind == 'tiny' else [f'model={dict(_delete_=True, **raft)}']
    torch.manual_seed(0)
    model = init_model(CONFIG, overrides=changes)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'a.pth')
    said = []
    options = dict(overrides=changes, size=(32, 64), dynamic=True, report=said.append)
    files = tmp_path / 'a.pth', tmp_path / 'a.pt2'
    path = export(CONFIG, *files, 'torch-export', **options)
    assert said[0].endswith('disparity (1 x 32 x 64); the batch may change')
    views = torch.randn(2, 2, 3, 32, 64)
    (disparity,) = torch.export.load(path).module()(*views)
    assert disparity.shape == (2, 32, 64)


def test_an_onnx_file_gives_the_disparity_of_each_pixel(tmp_path):
    """At sizes that the network's divisor, 4, does not divide: as ``predict`` does."""
    onnxruntime = pytest.importorskip('onnxruntime')
    torch.manual_seed(0)
    model = init_model(CONFIG, overrides=TINY)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'a.pth')
    options = dict(overrides=TINY, size=(21, 42), dynamic=True, preprocessing=True)
    path = export(CONFIG, tmp_path / 'a.pth', tmp_path / 'a.onnx', **options)
    session = onnxruntime.InferenceSession(str(path))
    predict = StereoInferencer(CONFIG, tmp_path / 'a.pth', overrides=TINY)
    rng = np.random.default_rng(0)
    for height, width in ((21, 42), (30, 51), (32, 48)):
        views = rng.integers(0, 256, (2, height, width, 3), np.uint8)
        given = views.transpose(0, 3, 1, 2)[:, None].astype(np.float32)
        feed = dict(ref_img=given[0], tgt_img=given[1])
        (disparity,) = session.run(['disparity'], feed)
        expected = predict(list(views))[0].disparity
        np.testing.assert_allclose(disparity[0], expected, atol=1e-3)
