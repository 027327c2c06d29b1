from __future__ import annotations

import os
from pathlib import Path

import pytest
from support import tiny_folders

from mmlite.apis.inferencers.sources import find_sources
from mmlite.datasets import CustomDataset, GaitDataset, StereoDataset, YoloDataset
from mmlite.datasets.folders import find_images, held_out, subfolders, tree, visible
from mmlite.datasets.transforms.sequence_files import folders_below, pictures_in
from mmlite.errors import DataError


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / 'a.png').touch()
    with pytest.raises(DataError, match=r'expected a folder .* file .*a.png'):
        subfolders(tmp_path / 'a.png')


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_images_are_found_at_any_depth_in_order(tmp_path: Path) -> None:
    names = ['b.JPG', 'a/z.png', 'a/ä ö/x y.jpeg', '.hidden.jpg', '.git/a.jpg', 'c.txt']
    touch(*(tmp_path / name for name in names))
    assert find_images(tmp_path) == ['a/z.png', 'a/ä ö/x y.jpeg', 'b.JPG']
    assert find_images(tmp_path, ['.TXT']) == ['c.txt']
    assert subfolders(tmp_path) == ['a']


@pytest.mark.parametrize('count', [1, 2, 3, 10, 101])
@pytest.mark.parametrize('fraction', [0.01, 0.2, 0.5, 0.99])
def test_each_class_gives_its_share(count: int, fraction: float) -> None:
    keys = [f'{label}/{i}' for label in range(3) for i in range(count)]
    labels = [label for label in range(3) for _ in range(count)]
    chosen = held_out(keys, labels, fraction, seed=0)
    expected = 0 if count == 1 else min(max(round(fraction * count), 1), count - 1)
    if count == 1 and fraction > 0.5:
        expected = 1
    for label in range(3):
        assert sum(c for c, at in zip(chosen, labels, strict=True) if at == label) == (
            expected
        )


def test_the_rule_is_the_one_stated() -> None:
    import hashlib

    keys = [f'cat/{i}.png' for i in range(10)]
    ranked = sorted(keys, key=lambda k: hashlib.md5(f'3:{k}'.encode()).digest())
    chosen = held_out(keys, [0] * 10, 0.3, seed=3)
    assert {k for k, c in zip(keys, chosen, strict=True) if c} == set(ranked[:3])


def test_a_new_sample_leaves_nearly_all_others_on_their_side() -> None:
    keys = [str(i) for i in range(1000)]
    before = held_out(keys, [0] * 1000, 0.2, seed=0)
    after = held_out([*keys, 'new'], [0] * 1001, 0.2, seed=0)
    assert sum(a != b for a, b in zip(before, after, strict=False)) <= 1


def test_a_tree_is_short(tmp_path: Path) -> None:
    touch(*(tmp_path / f'{i}.txt' for i in range(20)), tmp_path / 'a' / 'b' / 'c.jpg')
    shown = tree(tmp_path, most=3)
    assert shown == f'{tmp_path}/: a/ (1 folders, 0 files), 0.txt, 1.txt, ... 18 more'
    assert tree(tmp_path / 'none').endswith('(no such folder)')


def link(place: Path, target: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target, target_is_directory=True)


@pytest.mark.parametrize('target', ['.', '..', '../..', '../b', 'loop'])
def test_links_are_followed_but_not_in_circles(tmp_path: Path, target: str) -> None:
    root = tmp_path / 'd'
    touch(root / 'a' / '0.png', root / 'a' / 'x' / '1.png', root / 'b' / '2.png')
    link(root / 'a' / 'loop', target)
    link(root / 'b' / 'back', '../a')
    found = find_images(root / 'a')
    # Only ../b leads elsewhere; its link back to where it came from does not count.
    assert found == ['0.png', *['loop/2.png'] * (target == '../b'), 'x/1.png']


def test_a_link_to_a_folder_elsewhere_counts_each_time(tmp_path: Path) -> None:
    touch(tmp_path / 'store' / 'deep' / '0.png')
    for name in ('one', 'two'):
        link(tmp_path / 'd' / 'cat' / name, '../../store')
    link(tmp_path / 'd' / 'cat' / 'gone', 'nowhere')
    assert find_images(tmp_path / 'd') == ['cat/one/deep/0.png', 'cat/two/deep/0.png']


def test_the_order_is_that_of_a_walk(tmp_path: Path) -> None:
    import os

    names = ['b/x.png', 'b.png', 'b-c/y.png', 'B/z.png', 'ä/w.png', 'b/a/v.png']
    touch(*(tmp_path / name for name in names))
    walked = [
        os.path.relpath(os.path.join(place, file), tmp_path).replace(os.sep, '/')
        for place, _, files in os.walk(tmp_path)
        for file in files
    ]
    assert find_images(tmp_path) == sorted(walked)


def test_pictures_of_other_formats_are_counted(tmp_path: Path, capsys) -> None:
    touch(*(tmp_path / name for name in ('a.gif', 'b.HEIC', 'c.heic', 'd.txt')))
    assert find_images(tmp_path) == ['a.gif']
    assert f'{tmp_path}: left out 2 files .heic' in capsys.readouterr().out


def test_folders_that_cannot_be_listed(tmp_path: Path) -> None:
    for name in ('a\0b', 'x' * 5000):
        with pytest.raises(DataError, match='cannot list the folder'):
            subfolders(tmp_path / name)


@pytest.mark.skipif(os.name == 'nt', reason='links need rights there')
def test_links_to_nothing_are_said_when_a_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / 'a/b').mkdir(parents=True)
    (tmp_path / 'a/1.png').touch()
    for name in ('2.png', 'b/3.png', 'b/3.txt'):  # of which the last is no image
        (tmp_path / 'a' / name).symlink_to(f'/nowhere/{Path(name).name}')
    message = r'a: 2 files are links .*, e\.g\. \S+a/2\.png to /nowhere/2\.png; fetch'
    with pytest.raises(DataError, match=message):
        find_images(tmp_path / 'a')
    with pytest.raises(DataError, match=message):
        CustomDataset(str(tmp_path / 'a'), with_label=False).full_init()
    for name in ('left', 'right', 'disparity'):
        (tmp_path / 'pairs' / name).mkdir(parents=True)
        (tmp_path / 'pairs' / name / '1.png').symlink_to('nowhere')
    with pytest.raises(DataError, match='left: 1 files are links'):
        StereoDataset(data_root=str(tmp_path / 'pairs'))
    tiny_folders.yolo(tmp_path / 'boxes')
    (tmp_path / 'boxes/images/9.png').symlink_to('nowhere')
    with pytest.raises(DataError, match='images: 1 files are links'):
        YoloDataset(data_root=str(tmp_path / 'boxes'))
    walks = tiny_folders.walks(tmp_path / 'walks')
    (walks / '000/nm-01/000/1.npy').symlink_to('nowhere')
    parts = dict(TRAIN_SET=['000', '001'], TEST_SET=['002', '003'])
    with pytest.raises(DataError, match='walks: 1 files are links'):
        GaitDataset(data_root=str(walks), ann_file=parts)


@pytest.mark.skipif(os.name == 'nt', reason='links need rights there')
def test_links_to_folders_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    elsewhere = tiny_folders.pairs(tmp_path / 'elsewhere', each=2)
    pairs = tiny_folders.pairs(tmp_path / 'pairs', each=1)
    for name in ('left', 'right', 'disparity'):
        (pairs / name / 'more').symlink_to(elsewhere / name)
        (pairs / name / 'round').symlink_to('.')
    stereo = StereoDataset(data_root=str(pairs))
    assert len(stereo) == 3
    assert 'disparity_path' in stereo.get_data_info(2)
    assert len(find_sources(str(pairs / 'left'))) == 3
    boxes = tiny_folders.yolo(tmp_path / 'boxes', each=1)
    more = tiny_folders.yolo(tmp_path / 'more', each=2)
    (boxes / 'images/more').symlink_to(more / 'images')
    (boxes / 'labels/more').symlink_to(more / 'labels')
    (boxes / 'images/round').symlink_to('..')
    labels = [info['gt_bboxes_labels'][0] for info in YoloDataset(data_root=str(boxes))]
    assert labels == [0, 0, 1]
    walks = tiny_folders.walks(tmp_path / 'walks', people=2)
    (walks / '000/bg-01').symlink_to(walks / '001/nm-01')
    (walks / '000/itself').symlink_to('itself')
    (walks / '000/nm-01/itself').symlink_to('itself')
    parts = dict(TRAIN_SET=['000'], TEST_SET=['001'])
    assert len(GaitDataset(data_root=str(walks), ann_file=parts)) == 4 + 2
    (walks / '001/nm-01/round').symlink_to('..')
    found = [place for place, _ in folders_below(walks / '001')]
    assert [os.path.relpath(place, walks / '001') for place in found] == [
        '.',
        'nm-01',
        'nm-01/000',
        'nm-01/090',
        'nm-02',
        'nm-02/000',
        'nm-02/090',
    ]


#: What macOS, Synology, QNAP, Windows, Linux and Jupyter write beside the data.
SYSTEMS = ['__MACOSX', '@eaDir', '@Recycle', '$RECYCLE.BIN', 'lost+found']
SYSTEMS += ['System Volume Information', '.ipynb_checkpoints', '.DS_Store']


@pytest.mark.parametrize('name', SYSTEMS)
def test_a_folder_of_the_system_is_no_class(name, tmp_path: Path, capsys) -> None:
    touch(tmp_path / 'a/1.png', tmp_path / 'b/1.png', tmp_path / 'b' / name / '2.png')
    touch(tmp_path / name / '1.png', tmp_path / 'a/._1.png')
    for _ in range(2):
        pets = CustomDataset(data_root=str(tmp_path))
        assert pets.CLASSES == ('a', 'b') and len(pets) == 2
    assert find_images(tmp_path) == ['a/1.png', 'b/1.png']
    said = capsys.readouterr().out
    for place in (tmp_path / name, tmp_path / 'b' / name):
        assert said.count(f'left out {place}, a folder that is hidden or of the') == 1


def test_a_hidden_folder_without_images_is_left_out_in_silence(tmp_path, capsys):
    touch(tmp_path / 'a/1.png', tmp_path / '.git/config')
    assert subfolders(tmp_path) == ['a']
    assert 'left out' not in capsys.readouterr().out


def test_files_of_the_system_are_not_found_by_a_pattern(tmp_path: Path) -> None:
    paths = ['a.json', '._a.json', 'x/b.json', '__MACOSX/b.json', '.git/b.json']
    touch(*(tmp_path / path for path in paths))
    assert visible(tmp_path, '*.json') == [tmp_path / 'a.json']
    assert visible(tmp_path, '**/*.json') == [
        tmp_path / 'a.json',
        tmp_path / 'x/b.json',
    ]


def test_frames_beside_which_a_system_has_written(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in ('10.png', '2.png', '._2.png', '._10.png')))
    assert pictures_in(tmp_path) == ['2.png', '10.png']
