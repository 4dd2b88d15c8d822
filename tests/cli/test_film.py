"""A film in place of images: for a camera alone, since a frame of it has no pose of the robot."""

from __future__ import annotations

from pathlib import Path

from cases.command import Run

POSES = "image,x_m,y_m,z_m,qx,qy,qz,qw\n" + "".join(f"{k}.png,0.{k},0,0,0,0,0,1\n" for k in range(5))


def test_frames_of_a_film_have_no_poses(run: Run, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"any")
    (tmp_path / "poses.csv").write_text(POSES)
    result = run("hand-eye", "--images", "film.mp4", "--board", "checkerboard:9x6:25mm", "--poses", "poses.csv")
    assert result.exit_code == 2
    assert "film-unpaired" in result.stderr
    assert "ffmpeg" in result.stderr


def test_a_film_that_opencv_cannot_open(run: Run, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"any")
    result = run("camera", "film.mp4")
    assert result.exit_code == 3
    assert "film-unreadable" in result.stderr


def test_columns_are_those_of_a_table(run: Run, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    result = run("camera", "--images", "photos", "--columns", "image=a")
    assert result.exit_code == 2
    assert "option-conflict" in result.stderr
