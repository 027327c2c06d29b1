"""How many threads a process that loads data may use."""

from __future__ import annotations

from ..registry import FUNCTIONS


@FUNCTIONS.register_module()
def limit_opencv_threads(count: int = 0) -> None:
    """Keep OpenCV from starting threads of its own.

    Every worker would start as many as there are cores, and they would compete for
    them. mmlite calls this first in every worker.

    Args:
        count: Number of threads; 0 is none beside the worker itself.
    """
    import cv2

    cv2.setNumThreads(count)
