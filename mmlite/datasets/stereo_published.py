"""Published sets of image pairs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar, Literal

from ..errors import check_choice
from ..registry import DATASETS
from .annotations import read_text
from .folders import visible
from .stereo import StereoDataset, files_in

__all__ = [
    'ETH3D',
    'KITTI2012',
    'KITTI2015',
    'DrivingStereo',
    'MiddleburyStereo',
    'SceneFlow',
]


@DATASETS.register_module()
class SceneFlow(StereoDataset):
    """Rendered pairs: FlyingThings3D, Monkaa, Driving.

    Paper: A Large Dataset to Train Convolutional Networks for Disparity, Optical Flow,
    and Scene Flow Estimation, CVPR 2016, https://arxiv.org/abs/1512.02134

    Everything below ``data_root`` is found where folders ``frames_cleanpass`` and
    ``disparity`` stand side by side. What lies in ``TEST`` is the test, all else is to
    train with. A disparity of 0 is known here: ``LoadDisparity(zero_is_known=True)``.

    Args:
        split: ``'train'`` or ``'test'``.
        render: ``'cleanpass'`` or ``'finalpass'``.
        kwargs: See :class:`StereoDataset`.
    """

    def __init__(
        self,
        split: Literal['train', 'test'] = 'train',
        render: Literal['cleanpass', 'finalpass'] = 'cleanpass',
        **kwargs: Any,
    ) -> None:
        check_choice(('train', 'test'), split=split)
        check_choice(('cleanpass', 'finalpass'), render=render)
        self.split = split
        self.render = render
        super().__init__(**kwargs)

    def scan(self, root: Path) -> list[dict[str, Any]]:
        """The pairs of the split."""
        frames = f'frames_{self.render}'
        found = []
        for base in visible(root, f'**/{frames}'):
            for left in files_in(base):
                inner = left.relative_to(base)
                in_test = 'TEST' in inner.parts
                if left.parent.name != 'left' or in_test != (self.split == 'test'):
                    continue
                right = left.parent.with_name('right') / left.name
                of_left = base.with_name('disparity') / inner.with_suffix('.pfm')
                of_right = of_left.parent.with_name('right') / of_left.name
                sample = dict(ref_img_path=left, tgt_img_path=right)
                sample['disparity_path'] = of_left
                if of_right.is_file():
                    sample['disparity_tgt_path'] = of_right
                found.append(sample)
        return found

    def _layout(self) -> str:
        return f'it has folders frames_{self.render} and disparity side by side'


class _KITTI(StereoDataset):
    """What both years of KITTI have in common."""

    folders: ClassVar[tuple[str, str, str, str]]

    def __init__(
        self, split: Literal['training', 'testing'] = 'training', **kwargs: Any
    ) -> None:
        check_choice(('training', 'testing'), split=split)
        self.split = split
        super().__init__(**kwargs)

    def scan(self, root: Path) -> list[dict[str, Any]]:
        """The first pair of each scene."""
        left_folder, right_folder, known, not_occluded = self.folders
        base = root / self.split
        found = []
        for left in visible(base / left_folder, '*_10.png'):
            sample = dict(
                ref_img_path=left, tgt_img_path=base / right_folder / left.name
            )
            if (base / known / left.name).is_file():
                sample['disparity_path'] = base / known / left.name
            if (base / not_occluded / left.name).is_file():
                sample['noc_path'] = base / not_occluded / left.name
            found.append(sample)
        return found

    def _layout(self) -> str:
        return f'it has the folders {", ".join(self.folders)} in {self.split}'


@DATASETS.register_module()
class KITTI2012(_KITTI):
    """Streets, 194 pairs to train with and 195 to test.

    Paper: Are we ready for Autonomous Driving? The KITTI Vision Benchmark Suite, CVPR
    2012.

    Args:
        split: ``'training'`` or ``'testing'``, which has no ground truth.
        kwargs: See :class:`StereoDataset`.
    """

    folders = ('colored_0', 'colored_1', 'disp_occ', 'disp_noc')


@DATASETS.register_module()
class KITTI2015(_KITTI):
    """Streets, 200 pairs to train with and 200 to test.

    Paper: Object Scene Flow for Autonomous Vehicles, CVPR 2015.

    Args:
        split: ``'training'`` or ``'testing'``, which has no ground truth.
        kwargs: See :class:`StereoDataset`.
    """

    folders = ('image_2', 'image_3', 'disp_occ_0', 'disp_noc_0')


@DATASETS.register_module()
class MiddleburyStereo(StereoDataset):
    """Indoor scenes, each a folder with ``im0.png`` and ``im1.png``.

    Paper: High-Resolution Stereo Datasets with Subpixel-Accurate Ground Truth, GCPR
    2014.

    ``calib.txt`` gives the focal length in px and the baseline in mm.

    Args:
        kwargs: See :class:`StereoDataset`.
    """

    def scan(self, root: Path) -> list[dict[str, Any]]:
        """The scenes below the folder."""
        found = []
        for left in visible(root, '**/im0.png'):
            sample: dict[str, Any] = dict(
                ref_img_path=left, tgt_img_path=left.with_name('im1.png')
            )
            folder = self._ground_truth(left.parent, root)
            for key, names in (
                ('disparity_path', ('disp0GT.pfm', 'disp0.pfm')),
                ('disparity_tgt_path', ('disp1GT.pfm', 'disp1.pfm')),
                ('occlusion_path', ('mask0nocc.png',)),
            ):
                paths = [folder / name for name in names if (folder / name).is_file()]
                if paths:
                    sample[key] = paths[0]
            if 'occlusion_path' in sample:
                sample['occlusion_value'] = 128  # 255 is visible, 0 unknown
            found.append(dict(sample, **calibration(left.with_name('calib.txt'))))
        return found

    @staticmethod
    def _ground_truth(folder: Path, root: Path) -> Path:
        return folder

    def _layout(self) -> str:
        return 'it has a folder for each scene, with im0.png and im1.png'


@DATASETS.register_module()
class ETH3D(MiddleburyStereo):
    """Grey pairs of two views, indoors and outdoors.

    Paper: A Multi-View Stereo Benchmark with High-Resolution Images and Multi-Camera
    Videos, CVPR 2017.

    The ground truth may lie beside the pictures, or in ``two_view_training_gt`` beside
    ``two_view_training``.

    Args:
        kwargs: See :class:`StereoDataset`.
    """

    @staticmethod
    def _ground_truth(folder: Path, root: Path) -> Path:
        other = folder.parent.with_name(folder.parent.name + '_gt') / folder.name
        return other if other.is_dir() else folder


@DATASETS.register_module()
class DrivingStereo(StereoDataset):
    """Streets in all weathers, more than 180,000 pairs.

    Paper: DrivingStereo: A Large-Scale Dataset for Stereo Matching in Autonomous
    Driving Scenarios, CVPR 2019.

    Folders whose names hold ``left-image``, ``right-image`` and ``disparity-map`` stand
    side by side.

    Args:
        disparity_scale: 256 for the half size, 128 for the full size.
        kwargs: See :class:`StereoDataset`.
    """

    def __init__(self, disparity_scale: float = 256.0, **kwargs: Any) -> None:
        super().__init__(disparity_scale=disparity_scale, **kwargs)

    def scan(self, root: Path) -> list[dict[str, Any]]:
        """The pairs below the folder."""
        found = []
        for base in (p for p in visible(root, '**/*left-image*') if p.is_dir()):
            right = base.with_name(base.name.replace('left-image', 'right-image'))
            known = base.with_name(base.name.replace('left-image', 'disparity-map'))
            for left in files_in(base):
                inner = left.relative_to(base)
                sample = dict(ref_img_path=left, tgt_img_path=right / inner)
                if (known / inner).with_suffix('.png').is_file():
                    sample['disparity_path'] = (known / inner).with_suffix('.png')
                found.append(sample)
        return found

    def _layout(self) -> str:
        return 'it has folders train-left-image, train-right-image and so on'


def calibration(path: Path) -> dict[str, float]:
    """``focal_length`` in px, ``baseline`` in mm and ``disparity_offset`` in px.

    Args:
        path: A ``calib.txt`` of Middlebury; nothing is given if there is none.
    """
    if not path.is_file():
        return {}
    text = read_text(path)
    found = {}
    for name, pattern in (
        ('focal_length', r'cam0\s*=\s*\[\s*([\d.eE+-]+)'),
        ('baseline', r'baseline\s*=\s*([\d.eE+-]+)'),
        ('disparity_offset', r'doffs\s*=\s*([\d.eE+-]+)'),
    ):
        match = re.search(pattern, text)
        if match:
            found[name] = float(match.group(1))
    return found
