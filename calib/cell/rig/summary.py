"""Several cameras with one robot in a screenful."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.cell.hand_eye.summary import cut, left_out, place
from calib.cell.rig.documents import worst
from calib.geometry import so3

if TYPE_CHECKING:
    from calib.cell.hand_eye.verdict import Verdict
    from calib.cell.rig.calibrate import Between, Cameras


def cameras_summary(c: Cameras, verdicts: tuple[Verdict, ...], output: str) -> str:
    """The terminal summary: every camera's place with intervals, where they are from each other, and a verdict."""
    lines = [
        f"{len(c.names)} cameras on the {c.mount} ({c.setup}), one board on the {c.rest}; "
        f"{c.poses} poses of the robot, {c.shared} of them seen by several"
    ]
    for name, together, alone, verdict in zip(c.names, c.together, c.alone, verdicts, strict=True):
        lines += ["", f"{name}: {len(together.used)} of {len(together.images) + len(together.set_aside)} images"]
        lines += [f"  read differently: {finding}" for finding in together.findings]
        lines += [f"  {note}" for note in together.notes[:2]]
        lines += [f"  {text}" for text in left_out(together)]
        lines += place(together)
        far, turn = 1000 * alone.interval_m.max(), np.degrees(alone.interval_rad.max())
        lines.append(
            f"  rms {together.rms_px:.4f} px; its own images alone know it to {far:.2g} mm and {turn:.2g} deg (95 %)"
        )
        lines += [f"  next: {text}" for text in verdict.advice[:2]]
    lines += ["", *(text for between in c.between for text in _between(between))]
    source = "estimated" if c.noise.estimated else "as given"
    noise = f"{1000 * c.noise.sigma_m:.3g} mm, {np.degrees(c.noise.sigma_rad):.3g} deg per axis"
    lines.append(f"robot's noise ({source}): {noise}; one correction per pose, whichever cameras saw it")
    lines.append(f"written: {output}")
    verdict = worst(verdicts)
    lines.append(f"verdict: {verdict.grade}: {c.names[verdicts.index(verdict)]}: {verdict.reason}")
    return "\n".join(cut(line) for line in lines)


def _between(between: Between) -> list[str]:
    """One camera in another, with intervals."""
    x, y, z = 1000 * between.a_from_b[:3, 3]
    a, b, c = np.degrees(so3.log(between.a_from_b[:3, :3]))
    far, turn = 1000 * between.interval_m.max(), np.degrees(between.interval_rad.max())
    return [
        f"{between.b} in {between.a}: x {x:.3f} y {y:.3f} z {z:.3f} mm, ± {far:.2g} mm (95 %)",
        f"  rotation vector {a:.4f} {b:.4f} {c:.4f} deg, ± {turn:.2g} deg",
    ]
