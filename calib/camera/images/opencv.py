"""The one place that loads OpenCV, and where its versions differ."""

from __future__ import annotations

from typing import Any

from calib.errors import UsageError

_NEEDED = ("findChessboardCorners", "findChessboardCornersSB", "cornerSubPix", "imdecode", "createCLAHE")


def load() -> Any:
    """The `cv2` module (OpenCV 4.10 or newer).

    Raises UsageError `opencv-unavailable` with what to install when it cannot be loaded or is not whole.
    """
    try:
        import cv2
    except Exception as error:  # a wheel clash may raise anything; a missing libGL is an ImportError
        raise _unavailable(f"{type(error).__name__}: {error}") from None
    missing = [name for name in _NEEDED if not hasattr(cv2, name)]
    if missing:
        raise _unavailable(f"the module lacks {', '.join(missing)} (file: {getattr(cv2, '__file__', None)})")
    return cv2


def _unavailable(why: str) -> UsageError:
    if "libGL" in why or "libgthread" in why or "libgobject" in why:
        advice = "a headless build needs no display libraries: pip uninstall opencv-python; "
        advice += "pip install opencv-python-headless"
    else:
        advice = "pip install opencv-python-headless; where both opencv-python and opencv-python-headless (or a "
        advice += "contrib build) are installed they overwrite each other: uninstall all, then install one"
    return UsageError("OpenCV cannot be loaded", code="opencv-unavailable", why=why, advice=advice)
