"""What `python tools/fuzz.py` feeds: readers, files that each of them reads, and what must become of all others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_SECONDS, MOST_GROWTH_MB = 2.0, 300.0
MANY_VIEWS = 600  # so many poses lie in an .npz beside the YAML

Seed = list[Path]
"""The file that is read, and files beside it that belong to it."""


@dataclass
class Outcome:
    """What became of the mutated files of one reader."""

    reader: str
    files: int = 0
    read: int = 0
    refused: int = 0
    foreign: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    growth_mb: float = 0.0

    def shortfall(self) -> str:
        """What is not as it must be; empty if all is."""
        found = [f"{len(self.foreign)} foreign exceptions, first {self.foreign[0]}"] if self.foreign else []
        if self.slowest_s > MOST_SECONDS:
            found.append(f"a file took {self.slowest_s:.1f} s")
        if self.growth_mb > MOST_GROWTH_MB:
            found.append(f"the process grew by {self.growth_mb:.0f} MB")
        return "; ".join(found)


def write_seeds(folder: Path) -> dict[str, list[Seed]]:
    """Files of every kind: shipped ones, and what the toolkit writes."""
    from typer.testing import CliRunner

    from calib.cli import app

    def run(*arguments: str) -> None:
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == 0, done.output

    sim, arm = folder / "sim", folder / "arm"
    run("simulate", "hand-eye", "--views", "6", "--output", str(sim))
    run("simulate", "robot", "--poses", "30", "--output", str(folder / "poses"))
    run("robot", "--poses", str(folder / "poses" / "poses.csv"), "--arm", "ur5e", "--output", str(arm))
    names = "image,time_s\n" + "".join(f"view_{i:03d}.png,{i * 0.5}\n" for i in range(6))
    (folder / "times.csv").write_text(names)
    (folder / "arm.urdf").write_text(URDF)
    write_nets(folder)
    single = {
        "board": sorted((ROOT / "configs" / "boards").glob("*.yaml")),
        "arm": [*sorted((ROOT / "configs" / "arms").glob("*.yaml")), arm / "arm.yaml"],
        "urdf": [folder / "arm.urdf"],
        "camera": [sim / "camera.yaml"],
        "cell": [ROOT / "datasets" / "two_cobots" / "cell.yaml"],
        "net": [folder / "net.yaml"],
        "poses": [sim / "poses.csv", folder / "poses" / "poses.csv"],
        "corners": [sim / "corners.csv"],
        "times": [folder / "times.csv"],
        "image": [ROOT / "datasets" / "demo_camera" / "images" / "view_001.jpg", *write_images(folder)],
    }
    single |= write_foreign(folder, sim)
    seeds = {name: [[path] for path in paths] for name, paths in single.items()}
    seeds["camera"].append(write_large_camera(sim / "camera.yaml", folder / "large"))
    seeds["net"].append([folder / "large_net.yaml", folder / "large_net.npz"])
    return seeds


def write_foreign(folder: Path, sim: Path) -> dict[str, list[Path]]:
    """Files of other tools, of every format: its example, and what is written in it."""
    import numpy as np

    from calib import plugins
    from calib.camera import load_camera
    from calib.formats import arm_format, camera_format, corner_format, pose_format
    from calib.geometry import se3, so3

    rng = np.random.default_rng(0)
    transforms = se3.compose(so3.exp(rng.normal(size=(6, 3))), rng.normal(size=(6, 3)))
    poses, cameras = [], []
    place = folder / "foreign"
    place.mkdir()
    for name in plugins.discover(pose_format.FORMATS):
        form = pose_format.load_pose_format(name)
        texts = [form.example] + ([] if form.write is None else [form.write(pose_format.NamedPoses(transforms))])
        for k, text in enumerate(filter(None, texts)):
            poses.append(place / f"{name}_{k}{(form.suffixes or ('.txt',))[0]}")
            poses[-1].write_text(text)
    np.save(place / "poses.npy", transforms)
    np.savez(place / "poses.npz", R=transforms[:, :3, :3], t=transforms[:, :3, 3])
    for name in plugins.discover(camera_format.FORMATS):
        camera = camera_format.load_camera_format(name)
        cameras.append(place / f"camera_{name}{camera.suffixes[0]}")
        cameras[-1].write_text(camera.example)
    np.savez(place / "camera.npz", mtx=load_camera(sim / "camera.yaml").matrix, dist=np.zeros(5))
    from scipy.io import savemat

    savemat(place / "poses.mat", {"T": np.moveaxis(transforms, 0, 2), "s": {"a": 1.0, "b": "text"}})
    points = place / "points.json"
    points.write_text('{"objectPoints": [[[0,0,0],[1,0,0],[1,1,0]]], "imagePoints": [[[1,2],[3,2],[3,4]]]}')
    tables = [place / name for name in ("uv.csv", "mm.csv")]
    text = (sim / "corners.csv").read_text()[:3000].rpartition("\n")[0]
    tables[0].write_text(text.replace("x_px,y_px,X_m,Y_m", "u,v,X,Y"))
    tables[1].write_text(text.replace("X_m,Y_m", "X_mm,Y_mm"))
    for name in plugins.discover(corner_format.FORMATS):
        form_of_corners = corner_format.load_corner_format(name)
        tables.append(place / f"corners_{name}{form_of_corners.suffixes[0]}")
        tables[-1].write_text(form_of_corners.example)
    arms = [place / "dh.csv", place / "robot.py"]
    arms[0].write_text("a,alpha,d,theta\n-0.425,0,0.1,q1\n0.1,pi/2,0,q2+pi\n")
    arms[1].write_text(
        "DHRobot([RevoluteDH(d=0.1625, alpha=pi/2), RevoluteDH(a=-0.425), PrismaticMDH(0.1, 0, -pi/2)])\n"
    )
    for name in plugins.discover(arm_format.FORMATS):
        if arm_format.load_arm_format(name).read is not None:
            arms.append(place / f"arm_{name}{Path(arm_format.load_arm_format(name).file_name).suffix}")
            arms[-1].write_text(arm_format.load_arm_format(name).example)
    poses += [place / "poses.npy", place / "poses.npz", place / "poses.mat"]
    return {
        "poses_of_others": poses,
        "joints_of_others": poses,
        "cameras_of_others": [*cameras, place / "camera.npz"],
        "corners_of_others": [*tables, points],
        "arms_of_others": arms,
    }


def write_large_camera(small: Path, folder: Path) -> Seed:
    """A camera of so many views that their poses lie in an .npz."""
    import numpy as np

    from calib.config import read_yaml
    from calib.files import write_files
    from calib.storage.stored import NamedRows, stored_files

    names = tuple(f"view_{i:06d}.png" for i in range(MANY_VIEWS))
    columns = {"matrix": np.ones((MANY_VIEWS, 3, 4)), "sigma": np.ones((MANY_VIEWS, 6))}
    files = stored_files("camera.yaml", {**read_yaml(small), "poses": {"views": NamedRows(names, columns)}}, "Large")
    folder.mkdir()
    write_files(files, folder)
    return [folder / name for name in sorted(files, reverse=True)]  # the YAML first


def write_nets(folder: Path) -> None:
    """A small net, and one whose weights lie in an .npz."""
    import numpy as np

    from calib.network import new_net, save_net

    x = np.linspace(0.0, 1.0, 8)[:, None]
    save_net(new_net(x, x, hidden=(3,), seed=0), folder / "net.yaml")
    save_net(new_net(x, x, hidden=(100, 100), seed=0), folder / "large_net.yaml")


def write_images(folder: Path) -> list[Path]:
    """Small images of the other formats."""
    import cv2
    import numpy as np

    pixels = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)
    paths = [folder / f"seed.{ending}" for ending in ("png", "bmp", "tiff")]
    for path in paths:
        cv2.imwrite(str(path), pixels)
    return paths


def read_board(path: Path) -> object:
    from calib.camera import load_board

    return load_board(str(path))


def read_arm(path: Path) -> object:
    from calib.robot import load_arm

    return load_arm(path)


def read_camera(path: Path) -> object:
    from calib.camera import load_camera

    return load_camera(path)


def read_cell(path: Path) -> object:
    from calib.cell.arms.calibrate_cell import read_cell

    return read_cell(path)


def read_net(path: Path) -> object:
    from calib.network import load_net

    return load_net(path)


def read_poses(path: Path) -> object:
    from calib.robot import read_poses

    return read_poses(path, joints_needed=False)


def read_corners(path: Path) -> object:
    from calib.camera import read_corners

    return read_corners(path)


def read_other_poses(path: Path) -> object:
    from calib.formats import read_poses

    return [reading.build() for reading in read_poses(path, joints_needed=False).readings[:3]]


def read_other_joints(path: Path) -> object:
    from calib.formats import read_poses

    return read_poses(path, joints=6)


def read_other_camera(path: Path) -> object:
    from calib.formats import load_any_camera

    return load_any_camera(path)


def read_other_corners(path: Path) -> object:
    from calib.formats import read_any_corners

    if path.suffix == ".vnl":
        return read_any_corners(path, board="checkerboard:2x2:25mm")
    return read_any_corners(path)


def read_other_arm(path: Path) -> object:
    from calib.formats import load_any_arm

    return load_any_arm(f"{path}#ur5e" if path.suffix == ".conf" else f"{path}#standard_dh")


def read_times(path: Path) -> object:
    from calib.cell import read_image_times

    return read_image_times(path)


def read_image(path: Path) -> object:
    from calib.camera.images.read import read_grey

    return read_grey(path)


READERS: dict[str, Callable[[Path], object]] = {
    "board": read_board,
    "arm": read_arm,
    "urdf": read_arm,
    "camera": read_camera,
    "cell": read_cell,
    "net": read_net,
    "poses": read_poses,
    "corners": read_corners,
    "times": read_times,
    "image": read_image,
    "poses_of_others": read_other_poses,
    "joints_of_others": read_other_joints,
    "cameras_of_others": read_other_camera,
    "corners_of_others": read_other_corners,
    "arms_of_others": read_other_arm,
}

URDF = """<robot name="two">
  <link name="base"/><link name="one"/><link name="tip"/>
  <joint name="a" type="revolute">
    <parent link="base"/><child link="one"/><origin xyz="0 0 0.3" rpy="0 0 0"/><axis xyz="0 0 1"/>
    <limit lower="-3" upper="3" effort="1" velocity="1"/>
  </joint>
  <joint name="b" type="prismatic">
    <parent link="one"/><child link="tip"/><origin xyz="0.2 0 0" rpy="1.57 0 0"/><axis xyz="0 0 1"/>
    <limit lower="0" upper="0.5" effort="1" velocity="1"/>
  </joint>
</robot>
"""
