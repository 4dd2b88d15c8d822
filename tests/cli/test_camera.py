"""`calib camera` as a user meets it: help, documents, exit statuses, and clear words where something is wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from cases.command import Run
from typer.testing import Result

from calib.camera import load_camera
from calib.camera.corner_table import corners_text
from calib.camera.observations import Observations, View
from calib.camera.simulation.draw_views import draw_views
from calib.camera.simulation.simulate import typical_camera
from calib.config import shipped_folder
from calib.geometry import se3

GRID = np.stack(np.meshgrid(np.arange(9) * 0.025, np.arange(6) * 0.025), axis=-1).reshape(-1, 2)
BOARD = np.column_stack([GRID, np.zeros(54)])
DEMO = Path(str(shipped_folder("datasets"))) / "demo_camera" / "images"


@pytest.fixture(scope="module")
def table() -> str:
    """A good table of corners: 14 views, 0.1 px."""
    return corners_text(draw_views(typical_camera("brown_conrady"), BOARD, views=14, seed=1).observations)


def document(result: Result) -> dict[str, object]:
    """The one JSON document on stdout."""
    parsed = json.loads(result.stdout)
    assert isinstance(parsed, dict)
    return parsed


def refused(result: Result, code: str, status: int) -> str:
    """The message of a refusal with a stable code; nothing on stdout, nothing written."""
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    assert f"error [{code}]: " in result.stderr, result.stderr
    assert not list(Path().glob("calib_camera_result*"))
    assert not list(Path().glob(".calib-*"))
    return result.stderr


def parallel(tilt_deg: float = 0.0, views: int = 8, still: bool = False) -> Observations:
    """Views of a board that never tilts otherwise, or never moves."""
    rng, camera = np.random.default_rng(2), typical_camera("brown_conrady")
    centred = BOARD - BOARD.mean(axis=0)
    seen = []
    for i in range(views):
        place = np.zeros(3) if still else rng.uniform((-0.06, -0.03, 0.0), (0.06, 0.03, 0.25))
        tilt = se3.exp(np.array([0, 0, 0, np.radians(tilt_deg), 0, 0]))
        pose = se3.compose(tilt[:3, :3], np.array([0, 0, 0.35]) + place)
        px = camera.project(se3.apply(pose, centred)) + 0.1 * rng.normal(size=(54, 2))
        seen.append(View(f"v{i}.png", px, centred))
    return Observations(tuple(seen), camera.image_size_px)


# from corners


def test_corners_give_a_folder_and_a_summary(run: Run, table: str) -> None:
    Path("corners.csv").write_text(table)
    result = run("camera", "--corners", "corners.csv", "--image-size", "1280x720")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert len(lines) <= 25
    assert "14 of 14 images" in lines[0]
    assert any(line.startswith("verdict: ") for line in lines)
    assert sorted(p.name for p in Path("calib_camera_result").iterdir()) == [
        "camera.yaml",
        "camera_info.yaml",
        "camera_opencv.yml",
        "report.html",
        "result.json",
    ]
    camera = load_camera("calib_camera_result/camera.yaml")
    assert abs(camera.value("fx_px") - 960.0) < 5.0
    assert camera.image_size_px == (1280, 720)
    assert not list(Path().glob(".calib-*"))


def test_json_is_one_document_and_the_file_is_the_same(run: Run, table: str) -> None:
    Path("corners.csv").write_text(table)
    result = run("camera", "--corners", "corners.csv", "--image-size", "1280x720", "--json", "--output", "out")
    assert result.exit_code == 0
    assert result.stderr == ""
    parsed = document(result)
    assert {"status", "verdict", "rms_px", "corners", "inputs", "parameters", "unobservable"} <= set(parsed)
    assert parsed == json.loads(Path("out/result.json").read_text())
    parameters = yaml.safe_load(Path("out/camera.yaml").read_text())["parameters"]
    assert parameters == parsed["parameters"]


def test_labels_are_fixed_and_freed_with_and_without_units(run: Run, table: str) -> None:
    Path("corners.csv").write_text(table)
    fixed = ("--fix", "k3,p1", "--fix", "p2", "--free", "skew")
    parsed = document(run("camera", "--corners", "corners.csv", "--json", *fixed))
    parameters = parsed["parameters"]
    assert [label for label, p in parameters.items() if p["held"]] == ["p1", "p2", "k3"]
    assert parameters["skew_px"]["sigma"] > 0


def test_a_second_run_takes_another_folder(run: Run, table: str) -> None:
    Path("corners.csv").write_text(table)
    for folder in ("calib_camera_result", "calib_camera_result-2"):
        assert run("camera", "--corners", "corners.csv").exit_code == 0
        assert Path(folder, "camera.yaml").is_file()


def test_a_camera_not_to_be_used_ends_with_1_and_is_written_all_the_same(run: Run, table: str) -> None:
    Path("corners.csv").write_text(table)
    result = run("camera", "--corners", "corners.csv", "--image-size", "1280x720", "--lens", "pinhole", "--json")
    assert result.exit_code == 1, result.output
    assert document(result)["verdict"] == "do not use"
    assert document(result)["status"] == "ok"
    assert Path("calib_camera_result/camera.yaml").is_file()


def test_outliers_and_scattered_views_are_in_the_document_by_name(run: Run) -> None:
    simulated = run(
        *("simulate", "camera", "--output", "sim", "--noise-px", "0.1"),
        *("--scattered-views", "3", "--outlier-share", "0.02"),
    )
    assert simulated.exit_code == 0
    command = "camera --corners sim/corners.csv --image-size 1280x720 --lens brown_conrady --json"
    parsed = document(run(*command.split()))
    aside = [view["name"] for view in parsed["inputs"] if not view["used"]]
    assert aside == ["view_018.png", "view_019.png", "view_020.png"]
    truth = yaml.safe_load(Path("sim/truth.yaml").read_text())["parameters"]
    for label, found in parsed["parameters"].items():
        assert abs(found["value"] - truth[label]) <= 4.5 * found["sigma"], label


# refusals: usage, status 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), "input-missing"),
        (("--images", ".", "--corners", "corners.csv"), "input-missing"),
        (("--corners", "corners.csv", "--lens", "fisheye"), "unknown-lens"),
        (("--corners", "corners.csv", "--fix", "k7"), "unknown-label"),
        (("--corners", "corners.csv", "--fix", "fx"), "value-needed"),
        (("--corners", "corners.csv", "--fix", "fx=wide"), "bad-value"),
        (("--corners", "corners.csv", "--fix", "fy=-800"), "bad-value"),
        (("--corners", "corners.csv", "--fix", "k1", "--free", "k1"), "label-conflict"),
        (("--corners", "corners.csv", "--image-size", "big"), "image-size"),
        (("--corners", "corners.csv", "--board", "checkerboard:9x6:25mm"), "option-conflict"),
        (("--images", "photos", "--image-size", "640x480"), "option-conflict"),
        (("--images", "photos", "--board", "checkerboard:9by6"), "board-syntax"),
        (("--images", "photos", "--board", "chequerboard:9x6:25mm"), "unknown-board"),
        (("--images", "photos", "--board", "no_such_board"), "unknown-board"),
        (("--images", "photos", "--board", "none.yaml"), "unknown-board"),
    ],
)
def test_wrong_usage_is_told_in_words(run: Run, table: str, arguments: tuple[str, ...], code: str) -> None:
    Path("corners.csv").write_text(table)
    Path("photos").mkdir()
    refused(run("camera", *arguments), code, 2)
    with_json = run("camera", *arguments, "--json")
    assert with_json.exit_code == 2
    assert document(with_json)["code"] == code
    assert document(with_json)["status"] == "error"


def test_an_unknown_lens_names_the_nearest(run: Run, table: str) -> None:
    Path("corners.csv").write_text(table)
    message = refused(run("camera", "--corners", "corners.csv", "--lens", "brown-conrady"), "unknown-lens", 2)
    assert "did you mean 'brown_conrady'?" in message


@pytest.mark.parametrize(
    ("arguments", "code", "advice"),
    [
        (("--image", "x"), "unknown-option", "did you mean --images?"),
        (("--jobs", "0", "--images", "x"), "option-value", "for example: calib camera photos/"),
        (("--timeout-s", "a"), "option-value", "for example: calib camera photos/"),
        (("--lens",), "option-value", "for example: calib camera --images photos/ --lens kannala_brandt"),
    ],
)
def test_a_wrong_flag_ends_with_2(run: Run, arguments: tuple[str, ...], code: str, advice: str) -> None:
    result = run("camera", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"error [{code}]: calib camera: ")
    assert f"\n  next: {advice}" in result.stderr


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("kind: checkerboard\ncolumns: 9\nrow: 6\n", "config-unknown-key", "did you mean 'rows'?"),
        ("kind: checkerboard\ncolumns: 9\nrows: 6\nsquare_m: 0.025\n", "config-unknown-key", "square_mm"),
        ("kind: checkerboard\ncolumns: 9\n", "config-missing-key", "rows"),
        ("kind: checkerboard\ncolumns: nine\nrows: 6\n", "config-value", "columns"),
        ("kind: checkerboard\ncolumns: 9\ncolumns: 8\nrows: 6\n", "config-syntax", "duplicate key 'columns'"),
        ("kind: checkerbord\ncolumns: 9\nrows: 6\n", "unknown-board", "checkerboard"),
        ("columns: 9\nrows: 6\n", "config-missing-key", "kind"),
        ("kind: [\n", "config-syntax", "line"),
    ],
)
def test_a_board_file_with_a_slip_is_named(run: Run, text: str, code: str, words: str) -> None:
    Path("photos").mkdir()
    Path("board.yaml").write_text(text)
    message = refused(run("camera", "--images", "photos", "--board", "board.yaml"), code, 2)
    assert words in message
    assert "board.yaml" in message or code == "unknown-board"


def test_an_existing_output_is_never_touched(run: Run, table: str) -> None:
    Path("corners.csv").write_text(table)
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("precious")
    refused(run("camera", "--corners", "corners.csv", "--output", "mine"), "output-exists", 2)
    assert [p.name for p in Path("mine").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("output", ["corners.csv/result", "/proc/nowhere/result", "x" * 300])
def test_an_unwritable_output_is_told_before_the_work(run: Run, table: str, output: str) -> None:
    Path("corners.csv").write_text(table)
    refused(run("camera", "--corners", "corners.csv", "--output", output), "output-unwritable", 2)


# refusals: input, status 3


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (lambda t: "", "table-empty", "corners.csv"),
        (lambda t: t.splitlines()[0] + "\n", "table-empty", "no rows"),
        (lambda t: t.replace("X_m", "across"), "corners-columns", "X_m"),
        (lambda t: t.replace("x_px", "left"), "corners-columns", "x_px"),
        (lambda t: t.replace("Y_m\n", "Y_m,sigma_pix\n", 1), "corners-columns", "sigma_pix"),
        (lambda t: t.replace(",0.0,0.0\n", ",0.0\n", 1), "corners-columns", "line 2"),
        (lambda t: t.replace(",0.0,0.0\n", ",zero,0.0\n", 1), "corners-number", "line 2"),
        (lambda t: t.replace(",0.0,0.0\n", ",nan,0.0\n", 1), "corners-number", "X_m"),
        (lambda t: t.replace("view_002.png,", '"view_002.png,', 1), "table-syntax", "quotation mark"),
        (lambda t: "\0" + t, "table-encoding", "binary"),
        (lambda t: "\n".join(t.splitlines()[:4]) + "\n", "no-usable-view", "3 corners"),
        (lambda t: "\n".join(t.splitlines()[:10]) + "\n", "no-usable-view", "line"),
    ],
    ids=["empty", "header", "unit", "missing", "unknown", "short", "text", "nan", "quote", "binary", "few", "line"],
)
def test_a_wrong_table_is_told_in_words(
    run: Run, table: str, spoil: Callable[[str], str], code: str, words: str
) -> None:
    Path("corners.csv").write_text(spoil(table))
    assert words in refused(run("camera", "--corners", "corners.csv"), code, 3)


def test_a_corner_outside_the_image_is_told(run: Run, table: str) -> None:
    Path("corners.csv").write_text(table)
    message = refused(run("camera", "--corners", "corners.csv", "--image-size", "640x480"), "corners-outside", 3)
    assert "640 x 480" in message
    assert re.search(r"corners\.csv, line \d+", message)


def test_a_table_that_is_not_there_is_told(run: Run) -> None:
    refused(run("camera", "--corners", "none.csv"), "table-unreadable", 3)


def test_no_folder_and_an_empty_folder_are_told(run: Run) -> None:
    refused(run("camera", "--images", "photos"), "no-images", 3)
    Path("photos").mkdir()
    refused(run("camera", "--images", "photos"), "no-images", 3)
    Path("photos/readme.txt").write_text("no image")
    refused(run("camera", "--images", "photos"), "no-images", 3)


# refusals: degenerate, status 4


@pytest.mark.parametrize(
    ("observations", "code"),
    [
        (parallel(views=1), "one-view"),
        (parallel(), "parallel-boards"),
        (parallel(tilt_deg=30.0), "parallel-boards"),
        (parallel(still=True, tilt_deg=30.0), "static-camera"),
    ],
    ids=["one", "fronto", "tilted", "static"],
)
def test_views_that_cannot_tell_end_with_4_and_no_number(run: Run, observations: Observations, code: str) -> None:
    Path("corners.csv").write_text(corners_text(observations))
    message = refused(run("camera", "--corners", "corners.csv", "--image-size", "1280x720"), code, 4)
    assert "why: " in message
    assert "next: " in message
    assert not re.search(r"fx|\d{3}\.\d", message)
    with_json = run("camera", "--corners", "corners.csv", "--json")
    assert with_json.exit_code == 4
    assert "parameters" not in document(with_json)


# from images


def test_images_give_a_camera_and_the_board_is_inferred(run: Run) -> None:
    result = run("camera", "--images", str(DEMO), "--jobs", "1", "--json")
    assert result.exit_code in (0, 1), result.output
    parsed = document(result)
    truth = yaml.safe_load((DEMO.parent / "truth.yaml").read_text())
    assert parsed["board"] == "checkerboard:9x6"
    assert parsed["scale_known"] is False
    assert len(parsed["inputs"]) == len(list(DEMO.iterdir()))
    assert parsed["rms_px"] < 0.2
    for label in ("fx_px", "fy_px", "cx_px", "cy_px"):
        found = parsed["parameters"][label]
        assert abs(found["value"] - truth["parameters"][label]) < 6 * found["sigma"] + 0.5, label


def test_images_without_the_board_asked_for_are_told(run: Run) -> None:
    Path("photos").mkdir()
    for image in sorted(DEMO.iterdir())[:3]:
        Path("photos", image.name).write_bytes(image.read_bytes())
    command = ("camera", "--images", "photos", "--board", "checkerboard:7x5:25mm", "--jobs", "1")
    assert "9x6" in refused(run(*command), "wrong-board-size", 3)


def test_files_that_are_no_images_are_told_by_name(run: Run) -> None:
    Path("photos").mkdir()
    Path("photos/a.png").write_bytes(b"not a png")
    Path("photos/b.jpg").write_bytes(b"")
    message = refused(run("camera", "--images", "photos", "--jobs", "1"), "no-readable-image", 3)
    assert "a.png" in message


def test_images_without_a_board_are_told(run: Run) -> None:
    import cv2

    Path("photos").mkdir()
    for i in range(2):
        grey = np.random.default_rng(i).integers(0, 255, (120, 160), dtype=np.uint8)
        assert cv2.imwrite(f"photos/{i}.png", grey)
    refused(run("camera", "--images", "photos", "--jobs", "1"), "no-board-found", 3)


# the installed command


def test_the_command_itself_speaks_on_the_right_streams(tmp_path: Path, table: str) -> None:
    def calib(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "calib", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    (tmp_path / "corners.csv").write_text(table)
    good = calib("camera", "--corners", "corners.csv", "--json")
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)["status"] == "ok"
    assert good.stderr == ""
    bad = calib("camera", "--corners", "none.csv")
    assert bad.returncode == 3
    assert bad.stdout == ""
    assert bad.stderr.startswith("error [table-unreadable]: ")
    assert calib("camera", "--nonsense").returncode == 2


# simulate


def test_the_same_seed_gives_the_same_bytes(run: Run) -> None:
    for folder, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        assert run("simulate", "camera", "--output", "sim", "--views", "3", "--seed", seed).exit_code == 0
        Path("sim").rename(folder)
    assert sorted(p.name for p in Path("a").iterdir()) == ["corners.csv", "truth.yaml"]
    for name in ("corners.csv", "truth.yaml"):
        assert Path("a", name).read_bytes() == Path("b", name).read_bytes()
        assert Path("a", name).read_bytes() != Path("c", name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--lens", "fisheye"), "unknown-lens"),
        (("--board", "checkerboard"), "unknown-board"),
        (("--image-size", "1x1"), "simulation-impossible"),
        (("--image-size", "wide"), "image-size"),
        (("--output", "."), "output-exists"),
    ],
)
def test_a_simulation_that_cannot_be_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: str
) -> None:
    monkeypatch.setattr("calib.camera.simulation.draw_views.MOST_DRAWS", 20)
    Path("something.txt").write_text("here")
    given = arguments if "--output" in arguments else ("--output", "sim", *arguments)
    refused(run("simulate", "camera", *given, "--views", "2"), code, 2)
    assert not Path("sim").exists()
