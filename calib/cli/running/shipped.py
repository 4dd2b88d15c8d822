"""Names of what is shipped, for completion and listing; nothing heavy is imported to find them."""

from __future__ import annotations

from calib import plugins
from calib.config import shipped_folder

# Named in rooms that are slow to import; the tests compare them with those.
MODELS = ("offsets", "geometry", "full", "auto")
SETUPS = ("eye-in-hand", "eye-to-hand")
AUTO = "auto"  # the lens that the views support
METHODS = ("shah", "park", "daniilidis", "tsai-lenz")


def arms(incomplete: str = "") -> list[str]:
    """Arms whose tables are shipped, of those that begin so; likewise below."""
    return _files("arms", incomplete)


def boards(incomplete: str = "") -> list[str]:
    """Boards whose files are shipped."""
    return _files("boards", incomplete)


def lenses(incomplete: str = "") -> list[str]:
    """Lens models."""
    return _variants("calib.camera.lenses", incomplete)


def lens_choices(incomplete: str = "") -> list[str]:
    """Lens models, and `auto`."""
    return [*([AUTO] if AUTO.startswith(incomplete) else []), *lenses(incomplete)]


def causes(incomplete: str = "") -> list[str]:
    """Causes of misfit that a camera's calibration looks for."""
    return _variants("calib.camera.causes", incomplete)


def measurements(incomplete: str = "") -> list[str]:
    """Kinds of measurement of an arm."""
    return _variants("calib.robot.measurements", incomplete)


def effects(incomplete: str = "") -> list[str]:
    """Effects beyond an arm's geometry."""
    return _variants("calib.robot.effects", incomplete)


def compensations(incomplete: str = "") -> list[str]:
    """Compensations of what an arm's model leaves."""
    return _variants("calib.compensations", incomplete)


def pose_formats(incomplete: str = "") -> list[str]:
    """Formats of poses."""
    return _variants("calib.formats.poses", incomplete)


def formats(incomplete: str = "") -> list[str]:
    """Formats of cameras, of arms, of the pose of a camera on a robot, of poses, and of corners."""
    packages = ("cameras", "arms", "mounts", "poses", "corners")
    return [name for package in packages for name in _variants(f"calib.formats.{package}", incomplete)]


def formats_of(kind: str) -> list[str]:
    """Formats of one of these."""
    return _variants(f"calib.formats.{kind}", "")


def models(incomplete: str = "") -> list[str]:
    """Models of an arm."""
    return [name for name in MODELS if name.startswith(incomplete)]


def setups(incomplete: str = "") -> list[str]:
    """Where a camera is."""
    return [name for name in SETUPS if name.startswith(incomplete)]


def methods(incomplete: str = "") -> list[str]:
    """Closed forms of hand-eye calibration."""
    return [name for name in METHODS if name.startswith(incomplete)]


def _variants(package: str, incomplete: str) -> list[str]:
    return [name for name in plugins.discover(package) if name.startswith(incomplete)]


def _files(kind: str, incomplete: str) -> list[str]:
    files = (file.name for file in shipped_folder("configs").joinpath(kind).iterdir())
    return sorted(
        name.removesuffix(".yaml") for name in files if name.endswith(".yaml") and name.startswith(incomplete)
    )
