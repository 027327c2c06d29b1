from __future__ import annotations

import warnings

import cv2
import numpy as np
import pytest
import torch

from mmlite.errors import DataError
from mmlite.registry import VISUALIZERS
from mmlite.structures import DataSample
from mmlite.visualization import (
    UniversalVisualizer,
    as_rgb,
    read_image,
    resize_image,
    write_image,
)


@pytest.fixture
def visualizer(tmp_path):
    cfg = dict(
        type='UniversalVisualizer',
        name='run',
        vis_backends=[dict(type='LocalVisBackend')],
        save_dir=str(tmp_path / 'run'),
    )
    return VISUALIZERS.build(cfg)


@pytest.fixture
def texts(visualizer, monkeypatch):
    """What is written onto images, with how it is written."""
    written = []
    monkeypatch.setattr(
        visualizer, 'draw_texts', lambda text, **kwargs: written.append((text, kwargs))
    )
    return written


def test_a_figure_is_made_when_it_is_drawn_on(visualizer):
    assert 'fig_save' not in vars(visualizer)
    image = np.full((8, 12, 3), 50, np.uint8)
    visualizer.set_image(image)
    assert visualizer.dpi == visualizer.fig_save.get_dpi()
    assert visualizer.fig_save is visualizer.fig_save_canvas.figure
    assert (visualizer.get_image() == image).all()


def test_an_image_may_be_given_at_once():
    image = np.full((8, 12, 3), 50, np.uint8)
    assert (UniversalVisualizer(image=image).get_image() == image).all()


def test_other_attributes_are_missed_as_ever(visualizer):
    assert not hasattr(visualizer, 'fig_shown')


def make_sample():
    sample = DataSample().set_gt_label(1).set_pred_label(2)
    return sample.set_pred_score([0.1, 0.15, 0.75])


IMAGE = np.full((40, 60, 3), 100, np.uint8)


def test_labels_scores_and_class_names_are_written(visualizer, texts):
    visualizer.visualize_cls(IMAGE, make_sample(), classes=['ant', 'bee', 'cat'])
    assert texts[0][0] == 'Ground truth: 1 (bee)\nPrediction: 2, 0.75 (cat)'


def test_class_names_come_from_the_dataset(visualizer, texts):
    visualizer.dataset_meta = dict(classes=['ant', 'bee', 'cat'])
    visualizer.visualize_cls(IMAGE, make_sample(), draw_score=False)
    assert texts[0][0] == 'Ground truth: 1 (bee)\nPrediction: 2 (cat)'


@pytest.mark.parametrize(
    ('args', 'expected'),
    [
        (dict(draw_gt=False), 'Prediction: 2, 0.75'),
        (dict(draw_pred=False), 'Ground truth: 1'),
    ],
)
def test_each_line_can_be_left_out(visualizer, texts, args, expected):
    visualizer.visualize_cls(IMAGE, make_sample(), **args)
    assert texts[0][0] == expected


def test_several_labels_are_listed(visualizer, texts):
    sample = DataSample().set_gt_label([0, 2])
    visualizer.visualize_cls(IMAGE, sample, classes=['ant', 'bee', 'cat'])
    assert texts[0][0] == 'Ground truth: 0 (ant), 2 (cat)'


def test_a_sample_without_labels_leaves_the_image_as_it_is(visualizer):
    drawn = visualizer.visualize_cls(IMAGE, DataSample())
    np.testing.assert_array_equal(drawn, IMAGE)


def test_text_changes_pixels_but_not_the_image_given(visualizer):
    image = IMAGE.copy()
    drawn = visualizer.visualize_cls(image, make_sample())
    assert drawn.shape == IMAGE.shape
    assert (drawn != IMAGE).any()
    np.testing.assert_array_equal(image, IMAGE)


def test_text_cfg_goes_before_the_default(visualizer, texts):
    visualizer.visualize_cls(IMAGE, make_sample(), text_cfg=dict(colors='red'))
    assert texts[0][1]['colors'] == 'red'
    assert 'font_sizes' in texts[0][1]


def test_the_image_is_scaled(visualizer):
    sample = make_sample()
    assert visualizer.visualize_cls(IMAGE, sample, resize=20).shape == (20, 30, 3)
    drawn = visualizer.visualize_cls(IMAGE, sample, rescale_factor=2)
    assert drawn.shape == (80, 120, 3)


def test_grey_images_are_drawn_on(visualizer):
    for grey in (IMAGE[..., 0], IMAGE[..., :1]):
        assert visualizer.visualize_cls(grey, DataSample()).shape == IMAGE.shape


def test_the_image_goes_to_the_backends_or_to_the_file(visualizer, tmp_path):
    stored = tmp_path / 'run' / 'vis_data' / 'vis_image' / 'digit_3.png'
    visualizer.visualize_cls(IMAGE, DataSample(), name='digit', step=3)
    np.testing.assert_array_equal(read_image(stored), IMAGE)

    file = tmp_path / 'new' / 'folder' / 'drawn.png'
    visualizer.visualize_cls(IMAGE, DataSample(), name='other', out_file=file)
    np.testing.assert_array_equal(read_image(file), IMAGE)
    assert [path.name for path in stored.parent.iterdir()] == ['digit_3.png']


def test_a_window_is_opened_when_asked_for(visualizer, monkeypatch):
    shown = []
    monkeypatch.setattr(
        visualizer, 'show', lambda drawn, **kwargs: shown.append((drawn.shape, kwargs))
    )
    visualizer.visualize_cls(IMAGE, DataSample(), show=True, wait_time=2, name='a')
    assert shown == [((40, 60, 3), dict(win_name='a', wait_time=2))]


def test_images_are_read_as_rgb_under_any_name(tmp_path):
    red = np.zeros((4, 5, 3), np.uint8)
    red[..., 0] = 255
    path = tmp_path / 'größe 零.png'
    write_image(red, path)
    np.testing.assert_array_equal(read_image(path), red)
    assert cv2.imdecode(np.fromfile(path, np.uint8), 1)[0, 0].tolist() == [0, 0, 255]


def test_unreadable_images_are_named(tmp_path):
    with pytest.raises(DataError, match='there is no image .*absent.png'):
        read_image(tmp_path / 'absent.png')
    for content in (b'', b'no image'):
        (tmp_path / 'broken.png').write_bytes(content)
        with pytest.raises(DataError, match=r'broken.png is not an image'):
            read_image(tmp_path / 'broken.png')


def test_scaling_keeps_proportions():
    assert resize_image(IMAGE) is IMAGE
    assert resize_image(IMAGE, short_edge=10, factor=9).shape == (10, 15, 3)
    assert resize_image(IMAGE, factor=0.001).shape == (1, 1, 3)


def test_images_of_two_channels_are_refused():
    with pytest.raises(ValueError, match=r'got \(4, 4, 2\)'):
        as_rgb(np.zeros((4, 4, 2)))


def test_it_is_what_others_find_as_the_current_visualizer():
    visualizer = UniversalVisualizer.get_instance('a-run')
    assert UniversalVisualizer.get_current_instance() is visualizer


def test_places_in_a_gallery_are_no_classes(visualizer, texts):
    """A retriever's labels are places, each with a score, the best first."""
    sample = DataSample().set_gt_label([7, 9])
    sample.set_field(torch.tensor([9, 1]), 'pred_label')
    sample.set_field(torch.tensor([0.75, 0.5]), 'pred_score')
    visualizer.add_datasample('a', IMAGE, sample, classes=['ant', 'bee'])
    expected = 'Ground truth: 7, 9\nPrediction: 9, 0.75, 1, 0.50'
    assert texts[0][0] == expected


def test_letters_without_a_font_are_said_once_in_plain_words(capsys, monkeypatch):
    monkeypatch.setattr('mmlite.visualization.visualizer._SAID', [])
    sample = DataSample().set_pred_label(0)
    image = np.zeros((40, 60, 3), np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        for _ in range(2):  # a letter of no font: of the private use area
            UniversalVisualizer().add_datasample('a', image, sample, classes=['\ue123'])
    said = ''.join(capsys.readouterr())
    assert said.count('boxes for letters that their font lacks') == 1
