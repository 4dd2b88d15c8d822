"""A camera written in a format that does not hold its lens: by the nearest lens that it does hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.camera.lens import load_lens
from calib.camera.refit import Refit, refit
from calib.errors import UsageError

if TYPE_CHECKING:
    from calib.camera.camera import Camera
    from calib.formats.camera_format import CameraFormat


def refit_for(camera: Camera, form: CameraFormat) -> tuple[Refit, str]:
    """The nearest camera that a format holds, and what it is in words. Raises the errors of `refit`."""
    found: list[tuple[Refit, str]] = []
    refusal: UsageError | None = None
    for held in form.lenses:
        lens = load_lens(held.lens)
        try:
            found.append((refit(camera, lens, held.zero), str(held)))
        except UsageError as error:
            refusal = error
    if found:
        return min(found, key=lambda each: each[0].largest_px)
    assert refusal is not None, "a format that is written holds some lens"
    raise refusal
