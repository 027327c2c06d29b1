from __future__ import annotations

import cv2

from mmlite.registry import FUNCTIONS


def test_opencv_is_kept_from_starting_threads() -> None:
    before = cv2.getNumThreads()
    try:
        FUNCTIONS.get('limit_opencv_threads')()
        assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(before)
