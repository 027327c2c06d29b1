"""Detectors: images to boxes."""

from . import key_maps as key_maps
from .base import DetectionModel
from .faster_rcnn import FasterRCNN
from .ssd import SSD

__all__ = ['SSD', 'DetectionModel', 'FasterRCNN']
