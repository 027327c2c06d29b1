"""Detectors: images to boxes."""

from . import key_maps  # noqa: F401  (enters the maps by name)
from .base import DetectionModel
from .faster_rcnn import FasterRCNN
from .ssd import SSD

__all__ = ['SSD', 'DetectionModel', 'FasterRCNN']
