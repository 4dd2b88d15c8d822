"""Whether this installation works: versions, packages that overwrite each other, and a self-test on shipped data."""

from __future__ import annotations

import platform
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.resources import as_file
from typing import Any

from calib import __version__
from calib.config import shipped_folder
from calib.documents import heading
from calib.result import Output
from calib.verdict import Verdict

OPENCV = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
"""Wheels that all install the module cv2: of two, files of one replace some of the other's."""
BOARD = "checkerboard:9x6:25mm"
MOST_RMS_PX = 0.3  # of the shipped corners, whose noise is 0.1 px


@dataclass(frozen=True)
class InstallationFinding:
    """One thing that was looked at."""

    name: str
    """What."""
    found: str
    """In words, such as its version."""
    problem: str = ""
    """What is wrong; empty if nothing is."""
    remedy: str = ""
    """What to type, or to do."""


@dataclass(frozen=True, eq=False, repr=False)
class Installation(Output):
    """What was found of an installation."""

    findings: tuple[InstallationFinding, ...]
    """In the order of looking."""

    @property
    def verdict(self) -> Verdict:
        """Good where nothing is wrong."""
        wrong = [each for each in self.findings if each.problem]
        if not wrong:
            return Verdict("good", "the installation works")
        return Verdict("do not use", f"{wrong[0].name}: {wrong[0].problem}", tuple(each.remedy for each in wrong))

    def summary(self) -> str:
        """A line for each finding, and the verdict."""
        lines = [
            f"  {each.name:<28}{each.found}{f'   PROBLEM: {each.problem}' if each.problem else ''}"
            for each in self.findings
        ]
        return "\n".join([*lines, *self.verdict.lines()])

    def document(self) -> dict[str, Any]:
        """The findings as plain data."""
        entries = [{"name": e.name, "found": e.found, "problem": e.problem, "remedy": e.remedy} for e in self.findings]
        return {**heading("installation", self.verdict), "findings": entries}

    def files(self) -> Mapping[str, str | bytes]:
        """None: it is printed."""
        return {}


def examine_installation() -> Installation:
    """Look at versions and packages, and run the self-test. Never raises for what does not work: it is a finding."""
    installed = {_canonical(each.metadata["Name"] or ""): each.version for each in metadata.distributions()}
    system = InstallationFinding(
        "system", f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    packages = [InstallationFinding("calib", __version__), *_requirements(installed)]
    return Installation((system, *packages, find_clash(installed), *map(_run_test, SELF_TESTS)))


def _requirements(installed: Mapping[str, str]) -> Iterable[InstallationFinding]:
    """Every package that calib needs, and its version against the least that will do."""
    try:
        needed = metadata.requires("calib") or []
    except metadata.PackageNotFoundError:  # run from a folder, not installed
        needed = []
    for requirement in needed:
        name, _, condition = requirement.partition(";")
        if "extra" not in condition:
            yield compare_with_least(name.strip(), installed)


def compare_with_least(requirement: str, installed: Mapping[str, str]) -> InstallationFinding:
    """A requirement such as `numpy>=2` against what is installed, versions by canonical name."""
    name, _, least = requirement.partition(">=")
    name = name.strip()
    version = installed.get(_canonical(name))
    remedy = f'python -m pip install "{requirement}"'
    if version is None and _canonical(name) == OPENCV[0] and any(each in installed for each in OPENCV):
        version = next(f"{installed[each]} ({each})" for each in OPENCV if each in installed)
    if version is None:
        return InstallationFinding(name, "not installed", "it is needed", remedy)
    if _numbers(version) < _numbers(least):
        return InstallationFinding(name, version, f"{least.strip()} or newer is needed", remedy)
    return InstallationFinding(name, version)


def find_clash(installed: Mapping[str, str]) -> InstallationFinding:
    """Whether several wheels installed the same module."""
    wheels = [name for name in OPENCV if name in installed]
    if len(wheels) < 2:
        return InstallationFinding("wheels of OpenCV", wheels[0] if wheels else "none")
    remedy = f"python -m pip uninstall -y {' '.join(wheels)} && python -m pip install --force-reinstall {wheels[0]}"
    return InstallationFinding("wheels of OpenCV", ", ".join(wheels), "they overwrite each other's files", remedy)


def _run_test(test: Callable[[], str]) -> InstallationFinding:
    """What a self-test found, whatever it ends in."""
    name, begin = " ".join(test.__name__.split("_")), time.process_time()
    try:
        found = test()
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        return InstallationFinding(
            name, "failed", problem, "install anew: python -m pip install --force-reinstall calib"
        )
    return InstallationFinding(name, f"{found}, {time.process_time() - begin:.1f} s of processor time")


def detect_a_board() -> str:
    """Find the board in a shipped photograph."""
    from calib.camera import detect

    with as_file(shipped_folder("datasets").joinpath("demo_camera")) as data:
        image = min((data / "images").iterdir())
        seen = detect([image], BOARD)
    if not seen.views:
        raise ValueError(f"no board in {image.name}")
    return f"{len(seen.views[0].corners_px)} corners"


def calibrate_a_camera() -> str:
    """Solve for the lens of the shipped corners, to the rms that they are known to leave."""
    from calib.camera import calibrate, read_corners

    with as_file(shipped_folder("datasets").joinpath("demo_camera", "corners.csv")) as table:
        result = calibrate(read_corners(table, (640, 480)), "brown_conrady")
    if not result.rms_px < MOST_RMS_PX:
        raise ValueError(f"rms {result.rms_px:.3f} px, below {MOST_RMS_PX:g} is right")
    return f"rms {result.rms_px:.3f} px"


SELF_TESTS = (detect_a_board, calibrate_a_camera)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: as far as a least version states them."""
    found = re.match(r"\s*(\d+(?:\.\d+)*)", version)
    return tuple(int(part) for part in found[1].split(".")) if found else ()
