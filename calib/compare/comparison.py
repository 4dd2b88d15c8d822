"""What `calib compare` delivers: two results of one kind, parameter by parameter and by what they do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calib.camera.camera import load_camera
from calib.compare.arms import FlangeDifference, compare_arms
from calib.compare.cameras import ProjectionDifference, compare_cameras
from calib.compare.estimates import Pair, pairs
from calib.documents import finite, heading
from calib.errors import UsageError
from calib.result import Output
from calib.robot.arm_file import load_arm
from calib.storage.result_folder import read_result
from calib.text import first_few

FAR = 3.0  # standard deviations: one parameter of 370 differs by more through noise alone
MOST_SHOWN = 12  # parameters in the summary


@dataclass(frozen=True, eq=False, repr=False)
class ResultComparison(Output):
    """Two results of one kind."""

    kind: str
    """What they are of: camera, arm, hand-eye, ..."""
    names: tuple[str, str]
    """What they are called: their folders."""
    parameters: tuple[Pair, ...]
    """Those that both have."""
    only: tuple[str, ...]
    """Labels that only one of them has."""
    projection: ProjectionDifference | None = None
    """Of the cameras in them."""
    flange: FlangeDifference | None = None
    """Of the arms in them."""

    @property
    def far(self) -> tuple[Pair, ...]:
        """The parameters that differ by more than their uncertainties allow, the farthest first."""
        return tuple(sorted((p for p in self.parameters if p.sigmas > FAR), key=lambda p: -p.sigmas))

    def summary(self) -> str:
        """What differs: in the image or at the flange, then by parameter."""
        a, b = self.names
        lines = [f"{b} less {a}, both of kind {self.kind}"]
        if self.projection is not None:
            lines += _projection_lines(self.projection)
        if self.flange is not None:
            lines += _flange_lines(self.flange)
        lines += ["", *(_line(pair) for pair in self._farthest())]
        if self.only:
            lines.append(f"in one of them only: {first_few(self.only)}")
        number = f"{len(self.far)} of {len(self.parameters)} parameters differ by more than {FAR:g} standard deviations"
        return "\n".join([*lines, number])

    def _farthest(self) -> list[Pair]:
        estimated = [pair for pair in self.parameters if pair.sigma > 0 or pair.difference]
        return sorted(estimated, key=lambda pair: -pair.sigmas)[:MOST_SHOWN]

    def document(self) -> dict[str, Any]:
        """The comparison as plain data."""
        document: dict[str, Any] = {
            **heading("difference"),
            "of": self.kind,
            "a": self.names[0],
            "b": self.names[1],
            "parameters": {pair.label: pair.as_document() for pair in self.parameters},
            "only_in_one": list(self.only),
        }
        if self.projection is not None:
            lengths, ratio = self.projection.lengths_px, self.projection.ratio
            document["projection"] = {
                "median_px": float(np.median(lengths)),
                "rms_px": self.projection.rms_px,
                "max_px": float(lengths.max()),
                "over_expected": None if ratio is None else finite(ratio),
                "turn_deg": self.projection.turn_deg,
            }
        if self.flange is not None:
            position, angle = 1000 * self.flange.position_m, np.degrees(self.flange.orientation_rad)
            document["flange"] = {
                "mean_mm": float(position.mean()),
                "max_mm": float(position.max()),
                "mean_deg": float(angle.mean()),
                "max_deg": float(angle.max()),
            }
        return document

    def files(self) -> Mapping[str, str | bytes]:
        """None: a comparison is printed."""
        return {}


def compare(a: str | Path, b: str | Path) -> ResultComparison:
    """The results in two folders.

    Raises UsageError `kinds-differ` for results that are not of one kind, those of `read_result`, `compare_cameras` and
    `compare_arms`.
    """
    first, second = read_result(a), read_result(b)
    if first["kind"] != second["kind"]:
        raise UsageError(
            "the results are not of one kind",
            code="kinds-differ",
            where=f"{a} and {b}",
            why=f"{first['kind']} and {second['kind']}",
            advice="give two results of the same command",
        )
    folders = [path if path.is_dir() else path.parent for path in (Path(a), Path(b))]
    cameras = [load_camera(folder) for folder in folders if (folder / "camera.yaml").is_file()]
    arms = [load_arm(folder) for folder in folders if (folder / "arm.yaml").is_file()]
    found, other = first.get("parameters", {}), second.get("parameters", {})
    return ResultComparison(
        str(first["kind"]),
        (str(a), str(b)),
        tuple(pairs(first, second)),
        tuple(sorted(set(found) ^ set(other))),
        compare_cameras(*cameras) if len(cameras) == 2 and cameras[0].image_size_px else None,
        compare_arms(*arms) if len(arms) == 2 else None,
    )


def _projection_lines(found: ProjectionDifference) -> list[str]:
    lines = [
        f"far points appear {np.median(found.lengths_px):.3g} px apart (median over the image), at most "
        f"{found.lengths_px.max():.3g} px; a turn of {found.turn_deg:.3g} deg is taken out"
    ]
    if found.ratio is not None:
        lines.append(f"that is {found.ratio:.2g} times what their uncertainties let expect of one camera (rms)")
    return lines


def _flange_lines(found: FlangeDifference) -> list[str]:
    position, angle = 1000 * found.position_m, np.degrees(found.orientation_rad)
    return [
        f"the flange is {position.mean():.3g} mm and {angle.mean():.3g} deg apart on average over the range of motion, "
        f"at most {position.max():.3g} mm; the bases are brought together"
    ]


def _line(pair: Pair) -> str:
    sigmas = "held in both" if math.isinf(pair.sigmas) else f"{pair.sigmas:.1f} sigma"
    return f"  {pair.label:<34}{pair.difference:>+12.4g}   {sigmas}"
