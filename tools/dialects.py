"""Write poses in random dialects, and see that each is read right, or refused with the readings that are left.

    python tools/dialects.py                200 tables
    python tools/dialects.py --runs 1000 --seed 3

A dialect is a delimiter, a decimal mark, a header or none, the order and unit of columns, and the way an orientation is
written. Every table is read back by the images (of a simulated hand-eye) or the arm that its poses belong to. Exits 1
if any is read wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calib.arrays import Array
from calib.errors import CalibError
from calib.geometry import se3, so3

SEQUENCES = ("ZYX", "XYZ", "xyz", "zyx", "ZYZ", "ZXZ", "YXZ", "ZXY", "xzy")
HEADERS = {
    "x": (("x", "y", "z"), ("X", "Y", "Z"), ("pos_x", "pos_y", "pos_z"), ("tx", "ty", "tz"),
          ("position.x", "position.y", "position.z")),
    "quaternion": (("qx", "qy", "qz", "qw"), ("orientation.x", "orientation.y", "orientation.z", "orientation.w")),
    "angles": (("a", "b", "c"), ("alpha", "beta", "gamma")),
    "axes": (("rx", "ry", "rz"), ("roll", "pitch", "yaw"), ("Rx", "Ry", "Rz")),
    "joint": ("j{}", "q{}", "joint_{}", "J{}", "axis {}", "theta{}"),
}  # fmt: skip


@dataclass(frozen=True)
class Dialect:
    """One way to write a table of poses."""

    delimiter: str
    decimal_comma: bool
    header: bool
    length_unit: str
    angle_unit: str
    joint_unit: str
    orientation: str
    turned_first: bool
    joints_last: bool
    counter: bool
    units_in_header: bool
    pick: int

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Dialect:
        """A random one."""
        delimiter = str(rng.choice([",", ";", "\t", " "]))
        kinds = ["quaternion xyzw", "quaternion wxyz", "rotation vector", "matrix", *SEQUENCES]
        return cls(
            delimiter,
            bool(delimiter != "," and rng.random() < 0.2),
            bool(rng.random() < 0.6),
            str(rng.choice(["m", "mm"])),
            str(rng.choice(["rad", "deg"])),
            str(rng.choice(["rad", "deg"])),
            str(rng.choice(kinds)),
            bool(rng.random() < 0.2),
            bool(rng.random() < 0.3),
            bool(rng.random() < 0.2),
            bool(rng.random() < 0.3),
            int(rng.integers(100)),
        )

    def write(self, transforms: Array, joints: Array | None) -> str:
        """The text of the table of poses (n, 4, 4) and, of an arm, its joint values (n, joints)."""
        columns: list[tuple[str, str, Array]] = []
        place = [
            (name, self.length_unit, each)
            for name, each in zip(self._names("x"), self._lengths(transforms), strict=True)
        ]
        turn = self._orientation(transforms)
        if self.orientation == "matrix":
            columns += turn
        else:
            columns += [*turn, *place] if self.turned_first else [*place, *turn]
        if joints is not None:
            pattern = HEADERS["joint"][self.pick % len(HEADERS["joint"])]
            values = np.degrees(joints) if self.joint_unit == "deg" else joints
            own = [(pattern.format(k + 1), self.joint_unit, column) for k, column in enumerate(values.T)]
            columns = [*columns, *own] if self.joints_last else [*own, *columns]
        if self.counter:
            columns.insert(0, ("index", "", np.arange(len(transforms), dtype=float)))
        return self._text(columns)

    def _names(self, kind: str) -> tuple[str, ...]:
        choices = HEADERS[kind]
        return tuple(choices[self.pick % len(choices)])

    def _lengths(self, transforms: Array) -> Array:
        return (transforms[:, :3, 3] * (1000 if self.length_unit == "mm" else 1)).T

    def _orientation(self, transforms: Array) -> list[tuple[str, str, Array]]:
        from scipy.spatial.transform import Rotation

        rotation = transforms[:, :3, :3]
        if self.orientation == "matrix":
            upper = transforms[:, :3].copy()
            upper[:, :, 3] = self._lengths(transforms).T
            return [(f"r{i}{k}", "", upper[:, i, k]) for i in range(3) for k in range(4)]
        if self.orientation.startswith("quaternion"):
            order = [3, 0, 1, 2] if self.orientation.endswith("wxyz") else [0, 1, 2, 3]
            names, values = self._names("quaternion"), so3.quaternion_xyzw(rotation)
            return [(names[k], "", values[:, k]) for k in order]
        if self.orientation == "rotation vector":
            values, names = so3.log(rotation), self._names("axes")
        else:
            values = Rotation.from_matrix(rotation).as_euler(self.orientation)
            names = self._names("angles")
            letters = self.orientation.lower()
            if self.pick % 2 and len(set(letters)) == 3:  # named by axis
                names = tuple(self._names("axes")["xyz".index(letter)] for letter in letters)
        values = np.degrees(values) if self.angle_unit == "deg" else values
        return [(name, self.angle_unit, column) for name, column in zip(names, values.T, strict=True)]

    def _text(self, columns: list[tuple[str, str, Array]]) -> str:
        def cell(value: float) -> str:
            text = f"{value:.9g}"
            return text.replace(".", ",") if self.decimal_comma else text

        lines = []
        if self.header:
            names = [f"{name} [{unit}]" if unit and self.units_in_header else name for name, unit, _ in columns]
            names = [name.replace(" ", "_") if self.delimiter == " " else name for name in names]
            lines.append(self.delimiter.join(names))
        rows = np.stack([column for _, _, column in columns], axis=1)
        return "\n".join([*lines, *(self.delimiter.join(map(cell, row)) for row in rows)]) + "\n"


def check_on_hand(dialect: Dialect, seed: int, path: Path) -> str:
    """What became of poses beside images: right, refused, or wrong."""
    from calib.cell import simulate_hand_eye
    from calib.cell.conventions.open_readings import read_for_images
    from calib.cell.hand_eye.options import HandEyeRequest
    from calib.cell.hand_eye.pair_views import pair_views
    from calib.formats import read_poses

    simulation = simulate_hand_eye(views=12, seed=seed)
    table = simulation.table
    assert table.rotation is not None
    assert table.position is not None
    path.write_text(dialect.write(se3.compose(table.rotation, table.position), None))
    try:
        pairs = pair_views(
            simulation.observations, read_poses(path, joints_needed=False), simulation.camera, HandEyeRequest()
        )
        found = read_for_images(pairs, None).table
    except CalibError as error:
        return f"refused: {error.code}"
    return _verdict(found.position, found.rotation, table.position, table.rotation)


def check_on_arm(dialect: Dialect, seed: int, path: Path) -> str:
    """What became of joint values and poses of an arm that is named."""
    from calib.formats import read_poses
    from calib.robot import simulate
    from calib.robot.conventions.open_readings import read_for_arms

    simulation = simulate("ur5e", poses=40, seed=seed)
    table, arm = simulation.table, simulation.nominal
    assert table.rotation is not None
    assert table.position is not None
    path.write_text(dialect.write(se3.compose(table.rotation, table.position), table.joints))
    try:
        read = read_poses(path, joints=arm.joints)
        found = read_for_arms(read, [arm], read.measurement)[0]
    except CalibError as error:
        return f"refused: {error.code}"
    if found.joints.shape != table.joints.shape or np.abs(found.joints - table.joints).max() > 1e-5:
        return "wrong: joints"
    return _verdict(found.position, found.rotation, table.position, table.rotation)


def _verdict(position: Array | None, rotation: Array | None, true_position: Array, true_rotation: Array) -> str:
    if position is None or rotation is None or len(position) != len(true_position):
        return "wrong: not all was read"
    if np.abs(position - true_position).max() > 1e-5:
        return "wrong: positions"
    return "right" if so3.angle_between(rotation, true_rotation).max() < 1e-5 else "wrong: orientations"


def run(runs: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Counts of what became of so many tables, and the dialects that were read wrong."""
    counts: Counter[str] = Counter()
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for k in range(runs):
            rng = np.random.default_rng([seed, k])
            dialect = Dialect.draw(rng)
            check = check_on_hand if k % 2 else check_on_arm
            outcome = check(dialect, int(rng.integers(1000)), Path(folder) / f"poses_{k}.csv")
            counts[outcome] += 1
            print(f"\r{k + 1}/{runs}", end="", file=sys.stderr, flush=True)
            if outcome.startswith("wrong"):
                wrong.append(f"{k}: {outcome}: {dialect}")
    return counts, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    counts, wrong = run(options.runs, options.seed)
    if options.json:
        print(json.dumps({"counts": counts, "wrong": wrong}, indent=2))
    else:
        print(*(f"{count:>5}  {outcome}" for outcome, count in sorted(counts.items())), *wrong, sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
