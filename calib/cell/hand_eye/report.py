"""A hand-eye calibration as a page: the camera's pose, what is left in every image, how the flange turned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Array
from calib.cell.frame_loop import mount_from_fixture
from calib.geometry import se3, so3
from calib.report.axis import Axis
from calib.report.page import Figure, Report, Section, Table
from calib.report.parameters import parameter_table
from calib.report.scene import Path3, axes_of, draw_scene
from calib.report.svg import Plot

if TYPE_CHECKING:
    from calib.cell.hand_eye.result import HandEyeCalibration

MOST_CAMERAS = 80  # in the picture in space
CIRCLE = np.linspace(0.0, 2 * np.pi, 49)


def report(h: HandEyeCalibration) -> Report:
    """The page's content."""
    position, turn = 1000 * h.place.half_width_95_m, np.degrees(h.place.half_width_95_rad)
    noise = h.noise.robot
    scene, scatter = ([], []) if h.motions else ([_scene(h)], [_board_scatter(h)])  # motions do not say where
    return Report(
        f"Hand-eye calibration, {h.setup}",
        [
            (
                "board poses used" if h.poses_given else "images used",
                f"{len(h.used)} of {len(h.images) + len(h.excluded)}",
            ),
            ("camera's position known to", f"{position.max():.2g} mm (95 %)"),
            ("its orientation known to", f"{turn.max():.2g} deg (95 %)"),
            *_figures_px(h),
            ("robot's noise per axis", f"{1000 * noise.sigma_m:.2g} mm, {np.degrees(noise.sigma_rad):.2g} deg"),
        ],
        [
            Section("The camera", [*scene, parameter_table("Parameters", h.parameters.values())]),
            Section("What is left", [_corrections(h), *scatter, _images(h)]),
            Section("How the flange turned", [_turns(h)]),
        ],
    )


def _figures_px(h: HandEyeCalibration) -> list[tuple[str, str]]:
    """Errors in the images; none where board poses are given."""
    if h.poses_given:
        return []
    return [
        ("rms, robot's poses corrected", f"{h.rms_px:.3f} px"),
        ("rms, robot's poses as read", f"{h.uncorrected_rms_px:.2f} px"),
    ]


def _scene(h: HandEyeCalibration) -> Figure:
    """Where the camera was about the board."""
    board_from_camera = se3.inverse(h.adjustment.camera_from_board)[:: 1 + len(h.used) // MOST_CAMERAS]
    corners = np.concatenate([view.corners_in_board for view in h.observations.views])
    middle = corners.mean(axis=0) if len(corners) else np.zeros(3)
    distance = float(np.median(np.linalg.norm(board_from_camera[:, :3, 3] - middle, axis=1)))
    paths = [Path3(_rim(corners), "board", "board")] if len(corners) else axes_of(np.eye(4), 0.2 * distance, "board")
    for pose in board_from_camera:
        paths += axes_of(pose, 0.1 * distance, "camera")
    drawn = draw_scene(paths, "The camera about the board", f"{len(board_from_camera)} places of the camera.")
    caption = "x red, y green, z, the optical axis, blue. Drag to turn. Places all on one side determine less."
    return Figure("The camera about the board.", drawn, caption)


def _rim(corners: Array) -> Array:
    """The closed outline (5, 3) of the board."""
    low, high = corners[:, :2].min(axis=0), corners[:, :2].max(axis=0)
    rim = np.array([(low[0], low[1], 0), (high[0], low[1], 0), (high[0], high[1], 0), (low[0], high[1], 0)])
    return rim[[0, 1, 2, 3, 0]]


def _corrections(h: HandEyeCalibration) -> Figure:
    """By what the robot's pose is off in every image, in mm and degrees."""
    length = np.array([1000 * fit.correction_m for fit in h.images])
    angle = np.array([np.degrees(fit.correction_rad) for fit in h.images])
    plot = Plot(
        Axis.around(length, "correction of the robot's position (mm)", zero=True),
        Axis.around(angle, "and of its orientation (deg)", zero=True),
        "Corrections of the robot's poses",
        f"{len(h.images)} images, up to {length.max():.3g} mm and {angle.max():.3g} degrees.",
    )
    for fit, x, y in zip(h.images, length, angle, strict=True):
        with plot.group(class_="of-view", data_view=fit.image):
            plot.dots(np.array([x]), np.array([y]), "other-dots" if fit.reason else "dots")
    caption = "Orange: rejected. Far from the rest: a wrong pairing, a robot in motion, or a board that slipped."
    return Figure("Corrections of the robot's poses.", plot.text(), caption)


def _board_scatter(h: HandEyeCalibration) -> Figure:
    """Where the board's origin lies by each image alone, about where it is found."""
    adjustment = h.adjustment
    reported = mount_from_fixture(adjustment.scene.base_from_flange, h.place.setup)
    seen = se3.inverse(reported) @ h.mount_from_camera @ adjustment.camera_from_board
    off = 1000 * (seen[:, :3, 3] - h.fixture_from_board[:3, 3])
    reach = float(np.abs(off[:, :2]).max()) or 1.0
    axes = [Axis(-1.08 * reach, 1.08 * reach, f"{name} in the {h.place.fixture} (mm)") for name in "xy"]
    title = "The board through every image"
    plot = Plot(axes[0], axes[1], title, f"{len(off)} images, within {reach:.3g} mm.", equal=True, width=520)
    for fit, (x, y, _) in zip(h.used, off, strict=True):
        with plot.group(class_="of-view", data_view=fit.image):
            plot.dots(np.array([x]), np.array([y]))
    spread = " ".join(f"{each:.2g}" for each in off.std(axis=0))
    caption = f"Its origin by each image and the robot's pose as read, about the answer; spread {spread} mm in x y z."
    return Figure("The board through every image.", plot.text(), caption)


def _turns(h: HandEyeCalibration) -> Figure:
    """The axes about which the flange turned between images, on a sphere."""
    flange = h.adjustment.scene.base_from_flange
    between = np.einsum("nji,njk->nik", flange[:-1, :3, :3], flange[1:, :3, :3])
    turns = so3.log(between)
    angles = np.linalg.norm(turns, axis=1)
    clear = angles > np.radians(1.0)  # the axis of a smaller turn is noise
    axes, angles = turns[clear] / angles[clear, None], angles[clear]
    paths = [Path3(_great_circle(k), "grid") for k in range(3)]
    for axis, angle in zip(axes, angles, strict=True):
        paths.append(Path3(np.stack([0.0 * axis, axis]), "line", f"{np.degrees(angle):.0f} deg"))
    drawn = draw_scene(paths, "Axes of rotation", f"{len(axes)} turns between one image and the next.")
    caption = (
        "From one image to the next. Axes in at least two directions far apart are needed: if all turn about one, "
    )
    caption += "the position along it stays open."
    return Figure("Axes of rotation.", drawn, caption)


def _great_circle(axis: int) -> Array:
    points = np.zeros((len(CIRCLE), 3))
    points[:, (axis + 1) % 3], points[:, (axis + 2) % 3] = np.cos(CIRCLE), np.sin(CIRCLE)
    return points


def _images(h: HandEyeCalibration) -> Table:
    rows = [
        (
            fit.image,
            *(() if h.poses_given else (f"{fit.rms_px:.3f}", f"{fit.uncorrected_rms_px:.2f}")),
            f"{1000 * fit.correction_m:.3g}",
            f"{np.degrees(fit.correction_rad):.3g}",
            f"rejected: {fit.reason}" if fit.reason else "",
        )
        for fit in h.images
    ]
    of_corners = () if h.poses_given else ("rms (px)", "pose as read (px)")
    empty = [""] * (len(of_corners) + 2)
    excluded = [(each.image, *empty, f"not used: {each.reason}") for each in h.excluded]
    return Table(
        "Images",
        ("image", *of_corners, "correction (mm)", "(deg)", "remark"),
        [*rows, *excluded],
        "A click shows one alone in the figures; a tick leaves it out of the command below.",
        [*(fit.image for fit in h.images), *("" for _ in h.excluded)],
    )
