"""Inputs that no command can use: what is typed, the files beside it, and the code and status that answer.

The files are cut from the data sets that ship: an edit spoils one thing of a file that is right otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from cases.paths import ROOT

Files = Mapping[str, str | bytes | None]
"""Content by path; None is an empty folder."""


@dataclass(frozen=True)
class BadInput:
    """One line of the table."""

    name: str
    command: str
    code: str
    status: int
    files: Files = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


@cache
def shipped(path: str) -> str:
    """The text of a file of `datasets/`."""
    return (ROOT / "datasets" / path).read_text(encoding="utf-8")


def edited(path: str, old: str, new: str, count: int = -1) -> str:
    """A shipped file in which `old` is replaced; it must be there."""
    text = shipped(path)
    assert old in text, (path, old)
    return text.replace(old, new, count)


def row_of(path: str, number: int, cell: int, text: str) -> str:
    """A shipped table with one cell replaced; line `number`, the header being line 1."""
    lines = shipped(path).splitlines()
    cells = lines[number - 1].split(",")
    cells[cell] = text
    lines[number - 1] = ",".join(cells)
    return "\n".join(lines) + "\n"


def scaled(path: str, factor: float) -> str:
    """A shipped table of names and numbers with every number multiplied."""
    header, *rows = (line.split(",") for line in shipped(path).splitlines())
    changed = ([name, *(repr(float(cell) * factor) for cell in cells)] for name, *cells in rows)
    return "".join(",".join(row) + "\n" for row in (header, *changed))


CORNERS, POSES, PHOTO = "demo_camera/corners.csv", "ur5e_pose/poses.csv", "demo_camera/images/view_001.jpg"


def photo() -> bytes:
    """A photograph of a board."""
    return (ROOT / "datasets" / PHOTO).read_bytes()


FLANGE = "x_m,y_m,z_m,qx,qy,qz,qw,image\n" + "".join(
    f"{0.1 * i},0.2,0.3,0,0,0,1,view_{i + 1:03d}.jpg\n" for i in range(12)
)
CAMERA = """lens: pinhole
image_size_px: [640, 480]
parameters:
  fx_px: {value: 600.0}
  fy_px: {value: 600.0}
  skew_px: {value: 0.0}
  cx_px: {value: 320.0}
  cy_px: {value: 240.0}
"""
URDF = """<robot name="two"><link name="a"/><link name="b"/><link name="c"/>
<joint name="j1" type="revolute"><parent link="a"/><child link="b"/><axis xyz="0 0 1"/></joint>
<joint name="j2" type="revolute"><parent link="b"/><child link="c"/><origin xyz="1 0 0"/><axis xyz="0 0 1"/></joint>
</robot>
"""
ARM = """name: two
source: a drawing
convention: standard_dh
joints:
  - {d_m: 0.1, a_m: 0.3, alpha_deg: 90}
  - {d_m: 0.0, a_m: 0.2, alpha_deg: 0}
"""
CELL = shipped("two_cobots/cell.yaml")
TWO_ARMS = {"arm1.csv": shipped("two_cobots/arm1.csv"), "arm2.csv": shipped("two_cobots/arm2.csv")}
BOARD = "kind: checkerboard\ncolumns: 9\nrows: 6\nsquare_mm: 25\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)
HAND_EYE = "hand-eye --corners c.csv --poses p.csv --camera camera.yaml"
OF_HAND_EYE = {"c.csv": shipped(CORNERS), "p.csv": FLANGE, "camera.yaml": CAMERA}


def words_typed() -> list[BadInput]:
    """Wrong words on the command line, whatever the files."""
    table = {"p.csv": shipped(POSES), "c.csv": shipped(CORNERS)}
    camera, robot = "camera --corners c.csv ", "robot p.csv --arm ur5e "
    lines = [
        ("unknown command", "camra --images x", "unknown-command"),
        ("unknown simulation", "simulate camra", "unknown-command"),
        ("unknown option", "camera --image x", "unknown-option"),
        ("unknown short option", "camera -z", "unknown-option"),
        ("option without its value", "camera --images", "option-value"),
        ("flag with a value", "camera --json=3", "option-value"),
        ("camera of nothing", "camera", "input-missing"),
        ("camera of both", "camera --images x --corners c.csv", "input-missing"),
        ("robot of nothing", "robot", "missing-option"),
        ("robot of two tables", "robot p.csv --table q.csv", "option-conflict"),
        ("hand-eye of nothing", "hand-eye", "missing-option"),
        ("cell of nothing", "cell", "missing-option"),
        ("two words for one table", "robot p.csv q.csv", "unexpected-argument"),
        ("simulation without a folder", "simulate camera", "missing-option"),
        ("jobs of 0", camera + "--jobs 0", "option-value"),
        ("jobs in words", camera + "--jobs many", "option-value"),
        ("timeout inf", camera + "--timeout-s inf", "option-value"),
        ("timeout nan", camera + "--timeout-s nan", "option-value"),
        ("timeout 0", camera + "--timeout-s 0", "option-value"),
        ("timeout past 1e15", camera + "--timeout-s 1e16", "option-value"),
        ("seed below 0", robot + "--seed=-1", "option-value"),
        ("seed past 1e15", robot + "--seed 10000000000000000", "option-value"),
        ("image size of 0", camera + "--image-size 0x480", "image-size"),
        ("image size below 0", camera + "--image-size=-640x480", "image-size"),
        ("image size past all sensors", camera + "--image-size 9999999x9999999", "image-size"),
        ("image size in words", camera + "--image-size large", "image-size"),
        ("image size of images", "camera photos --image-size 640x480", "option-conflict"),
        ("board of corners", camera + "--board checkerboard:9x6:25mm", "option-conflict"),
        ("unknown lens", camera + "--lens brown", "unknown-lens"),
        ("fix an unknown label", camera + "--fix k9", "unknown-label"),
        ("fix a focal length at none", camera + "--fix fx", "value-needed"),
        ("fix a focal length below 0", camera + "--fix fx=-1", "bad-value"),
        ("fix a value in words", camera + "--fix k1=much", "bad-value"),
        ("fix a value past 1e15", camera + "--fix fx=1e300", "bad-value"),
        ("fix and free", camera + "--fix k1 --free k1", "label-conflict"),
        ("unknown model", robot + "--model best", "unknown-model"),
        ("unknown arm", "robot p.csv --arm ur5ee", "unknown-arm"),
        ("unknown measurement", robot + "--measurement laser", "unknown-measurement"),
        ("unknown compensation", robot + "--compensate magic", "unknown-compensation"),
        ("unknown label of an arm", robot + "--fix q99", "unknown-label"),
        ("fix and free of an arm", robot + "--fix a2 --free a2", "label-conflict"),
        ("holdout nan", robot + "--holdout nan", "option-value"),
        ("holdout of all", robot + "--holdout 1", "holdout-share"),
        ("holdout below 0", robot + "--holdout=-0.5", "holdout-share"),
        ("holdout by no column", robot + "--holdout-by day", "holdout-column"),
        ("no row to fit", robot + "--train-rows 0", "holdout-share"),
        ("tolerance below 0", robot + "--tolerance=-1mm,1deg", "tolerance"),
        ("tolerance without units", robot + "--tolerance 1,1", "tolerance"),
        ("tolerance inf", robot + "--tolerance 1e400mm,1deg", "tolerance"),
        ("tolerance past 1e15", robot + "--tolerance 1e30m,1deg", "tolerance"),
        ("columns without =", robot + "--columns j1_rad", "columns-syntax"),
        ("columns twice", robot + "--columns x_m=x_m,x_m=y_m", "columns-syntax"),
        ("columns not ours", robot + "--columns foo_m=x_m", "columns-unknown"),
        ("columns not there", robot + "--columns x_m=X", "columns-unknown"),
        ("Euler sequence", robot + "--euler XXZ", "euler-sequence"),
        ("Euler without angles", robot + "--euler ZYX", "euler-unused"),
        ("camera of an arm without images", robot + "--camera camera.yaml", "option-conflict"),
        ("unknown refinement", "hand-eye --corners c.csv --poses p.csv --refine zoom", "unknown-refine"),
        ("unknown method", "hand-eye --corners c.csv --poses p.csv --method guess", "unknown-method"),
        ("unknown setup", "hand-eye --corners c.csv --poses p.csv --setup eye-on-foot", "unknown-setup"),
        ("robot noise of 0", "hand-eye --corners c.csv --poses p.csv --robot-noise 0mm,0deg", "tolerance"),
        ("time offset inf", "hand-eye --corners c.csv --poses p.csv --max-time-offset-s inf", "option-value"),
        ("unknown kind to list", "list arm", "option-value"),
        ("unknown page", "guide measure", "unknown-page"),
        ("views below 1", "simulate camera --output s --views 0", "option-value"),
        ("noise below 0", "simulate camera --output s --noise-px=-1", "option-value"),
        ("noise inf", "simulate camera --output s --noise-px inf", "option-value"),
        ("share above 1", "simulate camera --output s --outlier-share 2", "option-value"),
        ("unknown board to simulate", "simulate camera --output s --board chess", "unknown-board"),
        ("board of 0 columns", "simulate camera --output s --board checkerboard:0x6:25mm", "board-syntax"),
        ("squares of 0", "simulate camera --output s --board checkerboard:9x6:0mm", "board-syntax"),
        ("squares without unit", "simulate camera --output s --board checkerboard:9x6:25", "board-syntax"),
        ("unknown effect", "simulate robot --output s --effects gravity", "unknown-effect"),
        ("render without images", "simulate cell --output s --render", "option-conflict"),
        ("bow of nan", "simulate hand-eye --output s --bow-mm nan", "option-value"),
    ]
    return [BadInput(name, command, code, 2, table) for name, command, code in lines]


def places() -> list[BadInput]:
    """A file for a folder, a folder for a file, nothing, or a path that no system has."""
    full = {"photos/view_001.jpg": photo(), "c.csv": shipped(CORNERS), "p.csv": shipped(POSES), "empty": None}
    long = "x" * 5000
    lines = [
        ("images that are not there", "camera phots", "no-images", 3),
        ("folder without images", "camera empty", "no-images", 3),
        ("pattern without images", "camera 'photos/*.png'", "no-images", 3),
        ("path of images too long", f"camera {long}", "no-images", 3),
        ("table for images", "camera c.csv", "not-images", 2),
        ("table for images by the option", "camera --images c.csv", "not-images", 2),
        ("folder among images", "camera photos/view_001.jpg photos", "several-folders", 2),
        ("folder for corners", "camera --corners photos", "not-a-table", 2),
        ("image for corners", "camera --corners photos/view_001.jpg", "not-a-table", 2),
        ("corners that are not there", "camera --corners d.csv", "table-unreadable", 3),
        ("path of corners too long", f"camera --corners {long}", "table-unreadable", 3),
        ("device for corners", "camera --corners /dev/null", "table-unreadable", 3),
        ("folder for a table", "robot photos", "not-a-table", 2),
        ("table that is not there", "robot q.csv", "table-unreadable", 3),
        ("table and images for hand-eye", "hand-eye photos p.csv", "not-images", 2),
        ("images for hand-eye alone", "hand-eye photos", "missing-option", 2),
        ("cell that is not there", "cell sell.yaml", "config-unreadable", 2),
        ("folder without a cell", "cell photos", "not-in-folder", 2),
        ("path of a cell too long", f"cell {long}", "config-unreadable", 2),
        ("arm that is not there", "robot p.csv --arm arm.yaml", "config-unreadable", 2),
        ("URDF that is not there", "robot p.csv --arm arm.urdf", "urdf-unreadable", 3),
        ("board that is not there", "camera photos --board board.yaml", "unknown-board", 2),
        ("camera that is not there", "hand-eye --corners c.csv --poses p.csv --camera k.yaml", "config-unreadable", 2),
        ("output that exists", "camera --corners c.csv --output photos", "output-exists", 2),
        ("output below a file", "camera --corners c.csv --output c.csv/out", "output-unwritable", 2),
        ("output with a path too long", f"camera --corners c.csv --output {long}", "output-unwritable", 2),
        ("output in /proc", "simulate camera --output /proc/out", "output-unwritable", 2),
    ]
    return [BadInput(name, command, code, status, full) for name, command, code, status in lines]


def corner_tables() -> list[BadInput]:
    """`calib camera --corners c.csv`."""
    header = "image,x_px,y_px,X_m,Y_m\n"
    lines: list[tuple[str, str | bytes, str, int]] = [
        ("empty", "", "table-empty", 3),
        ("header alone", header, "table-empty", 3),
        ("binary", b"image,x_px\0,y_px\n", "table-encoding", 3),
        ("Latin-1", shipped(CORNERS).replace("view_001", "vue_\xe9").encode("latin-1"), "table-encoding", 3),
        ("unbalanced quotation mark", edited(CORNERS, "view_002.jpg", '"view_002.jpg', 1), "table-syntax", 3),
        ("column missing", edited(CORNERS, "x_px", "left"), "corners-columns", 3),
        ("column unknown", edited(CORNERS, "X_m", "across"), "corners-columns", 3),
        ("column twice", edited(CORNERS, "Y_m", "X_m"), "corners-columns", 3),
        ("cell missing", edited(CORNERS, ",0.025,0.0\n", ",0.025\n", 1), "corners-columns", 3),
        ("word for a number", row_of(CORNERS, 5, 1, "left"), "corners-number", 3),
        ("nan", row_of(CORNERS, 5, 1, "nan"), "corners-number", 3),
        ("inf", row_of(CORNERS, 5, 3, "inf"), "corners-number", 3),
        ("past 1e15", row_of(CORNERS, 5, 1, "1e200"), "corners-number", 3),
        ("no name", row_of(CORNERS, 5, 0, ""), "corners-image", 3),
        ("one view", header + "".join(shipped(CORNERS).splitlines(True)[1:55]), "one-view", 4),
        ("three corners", header + "a,1,2,0,0\na,3,4,1,0\na,5,6,1,1\n", "no-usable-view", 3),
        ("all at one place", header + "".join(f"{v},1,1,0,0\n" for v in "aaaaabbbbb"), "no-usable-view", 3),
    ]
    return [
        BadInput(f"corners: {name}", "camera --corners c.csv", code, status, {"c.csv": text})
        for name, text, code, status in lines
    ]


def pose_tables() -> list[BadInput]:
    """`calib robot p.csv --arm ur5e`."""
    lines: list[tuple[str, str | bytes, str, int]] = [
        ("empty", "", "table-empty", 3),
        ("header alone", shipped(POSES).splitlines(True)[0], "table-empty", 3),
        ("no joints", FLANGE, "table-no-joints", 3),
        ("joint missing", edited(POSES, "j3_rad", "elbow"), "table-column-missing", 3),
        ("joint twice", edited(POSES, "j3_rad", "j2_deg"), "table-column-twice", 3),
        ("position without unit", edited(POSES, "x_m", "x"), "table-unit", 3),
        ("half a position", edited(POSES, "z_m", "height"), "table-column-missing", 3),
        ("half a quaternion", edited(POSES, "qw", "real"), "table-column-missing", 3),
        ("orientation alone", edited(POSES, "x_m,y_m,z_m", "a,b,c"), "table-measurement", 3),
        ("two columns of a name", edited(POSES, "y_m", "x_m"), "table-column-twice", 3),
        ("words for numbers", edited(POSES, "0.", "zero "), "table-incomplete", 3),
        ("past 1e15", edited(POSES, "0.", "1e300"), "table-incomplete", 3),
        ("one row", "".join(shipped(POSES).splitlines(True)[:2]), "poses-degenerate", 4),
        ("four rows", "".join(shipped(POSES).splitlines(True)[:5]), "too-few-poses", 4),
    ]
    return [
        BadInput(f"poses: {name}", "robot p.csv --arm ur5e", code, status, {"p.csv": text})
        for name, text, code, status in lines
    ]


def arms() -> list[BadInput]:
    """`calib robot p.csv --arm FILE`."""
    lines: list[tuple[str, str, int, str | bytes]] = [
        ("not YAML", "config-syntax", 2, "name: [two\n"),
        ("alias bomb", "config-syntax", 2, BOMB),
        ("binary", "config-unreadable", 2, b"\xff\xfe\x00\xd8\x00"),
        ("a list", "config-value", 2, "- 1\n"),
        ("key unknown", "config-unknown-key", 2, ARM + "colour: red\n"),
        ("key missing", "config-missing-key", 2, ARM.replace("name: two\n", "")),
        ("no joints", "arm-value", 2, ARM.partition("joints")[0] + "joints: []\n"),
        ("number past 1e15", "config-value", 2, ARM.replace("0.3", "1e200")),
        ("a name that is a path", "bad-name", 2, ARM.replace("two", "../two")),
        ("a name of two lines", "bad-name", 2, ARM.replace("two", '"two\\nverdict"')),
        ("a name with an escape code", "bad-name", 2, ARM.replace("two", '"two\\e[31m"')),
        ("other joints", "joint-count", 3, ARM),
        ("two units", "arm-value", 2, ARM.replace("d_m: 0.1", "d_m: 0.1, d_mm: 100")),
        ("limits reversed", "arm-value", 2, ARM.replace("alpha_deg: 90", "alpha_deg: 90, limits_deg: [9, 1]")),
    ]
    urdfs: list[tuple[str, str, int, str | bytes]] = [
        ("not XML", "urdf-syntax", 3, URDF[:-20]),
        ("empty", "urdf-syntax", 3, ""),
        ("other root", "urdf-structure", 3, "<html/>"),
        ("no joint", "urdf-structure", 3, "<robot name='r'/>"),
        ("entities", "urdf-doctype", 3, "<!DOCTYPE r []>" + URDF),
        ("axis of 0", "urdf-value", 3, URDF.replace("0 0 1", "0 0 0")),
        ("number past 1e15", "urdf-value", 3, URDF.replace("1 0 0", "1e300 0 0")),
        ("floating joint", "urdf-structure", 3, URDF.replace("revolute", "floating")),
        ("loop", "urdf-tip", 2, URDF.replace('child link="c"', 'child link="a"')),
        ("other joints", "joint-count", 3, URDF),
    ]
    cases = [(f"arm: {name}", "arm.yaml", *rest) for name, *rest in lines]
    cases += [(f"urdf: {name}", "arm.urdf", *rest) for name, *rest in urdfs]
    table = {"p.csv": shipped(POSES)}
    return [
        BadInput(name, f"robot p.csv --arm {file}", code, status, {**table, file: text})
        for name, file, code, status, text in cases
    ]


def boards_and_cameras() -> list[BadInput]:
    """Board files and camera files, and a calib.yaml beside a table."""
    boards = [
        ("kind missing", "config-missing-key", BOARD[19:]),
        ("kind unknown", "unknown-board", BOARD.replace("check", "chess")),
        ("key unknown", "config-unknown-key", BOARD.replace("rows", "row")),
        ("1 column", "config-value", BOARD.replace("9", "1")),
        ("squares below 0", "config-value", BOARD.replace("25", "-25")),
        ("alias bomb", "config-syntax", BOMB),
    ]
    cameras = [
        ("lens unknown", "unknown-lens", CAMERA.replace("pinhole", "glass")),
        ("parameter missing", "config-value", CAMERA.replace("fy_px", "f_px")),
        ("focal length below 0", "config-value", CAMERA.replace("600", "-600")),
        ("size of 0", "config-value", CAMERA.replace("640", "0")),
        ("empty", "config-value", ""),
    ]
    settings = [
        ("key unknown", "config-unknown-key", "colour: red\n"),
        ("arm unknown", "unknown-arm", "arm: ur5f\n"),
        ("not YAML", "config-syntax", "arm: {\n"),
    ]
    photos, table = {"photos/view_001.jpg": photo()}, {"p.csv": shipped(POSES)}
    return [
        *(BadInput(f"board: {n}", "camera photos --board b.yaml", c, 2, {**photos, "b.yaml": t}) for n, c, t in boards),
        *(BadInput(f"camera: {n}", HAND_EYE, c, 2, {**OF_HAND_EYE, "camera.yaml": t}) for n, c, t in cameras),
        *(BadInput(f"calib.yaml: {n}", "robot p.csv", c, 2, {**table, "calib.yaml": t}) for n, c, t in settings),
    ]


def cells() -> list[BadInput]:
    """`calib cell cell.yaml`."""
    lines = [
        ("one arm", "cell-arms", 2, CELL.partition("  arm2")[0]),
        ("a name that is a path", "bad-name", 2, CELL.replace("arm1:", "../arm1:")),
        ("a name with an escape code", "bad-name", 2, CELL.replace("arm1:", '"\\e[2J":')),
        ("a table that is not there", "table-unreadable", 3, CELL.replace("arm1.csv", "arm3.csv")),
        ("a NUL in a path", "table-unreadable", 3, CELL.replace("arm1.csv", '"a\\0"')),
        ("images without a board", "cell-images", 2, CELL + "    images: photos\n"),
        ("unknown arm", "unknown-arm", 2, CELL.replace("ur5e", "ur5f")),
        ("key unknown", "config-unknown-key", 2, CELL.replace("poses", "table")),
    ]
    return [
        BadInput(f"cell: {name}", "cell cell.yaml", code, status, {**TWO_ARMS, "cell.yaml": text})
        for name, code, status, text in lines
    ]


def images() -> list[BadInput]:
    """`calib camera photos`."""
    png = b"\x89PNG\r\n\x1a\n" + bytes(20)
    lines: list[tuple[str, str, str, str | bytes]] = [
        ("empty", "a.jpg", "no-readable-image", b""),
        ("text", "a.png", "no-readable-image", "not an image"),
        ("cut short", "a.jpg", "no-readable-image", photo()[:9000]),
        ("header alone", "a.png", "no-readable-image", png),
    ]
    small = {"photos/a.jpg": photo()}
    return [
        *(BadInput(f"image: {name}", "camera photos", c, 3, {f"photos/{file}": text}) for name, file, c, text in lines),
        BadInput("image: other board", "camera photos --board checkerboard:5x4:25mm", "wrong-board-size", 3, small),
    ]


def hand_eyes() -> list[BadInput]:
    """Corners and poses that do not belong together, or determine nothing."""
    letters = re.sub(r"view_0*([0-9]+)", lambda name: "shot_" + "abcdefghijkl"[int(name[1]) - 1], FLANGE)
    few_unnamed = "".join(FLANGE.splitlines(True)[:5]).replace(",image", ",note")
    lines: list[tuple[str, str, str, int, dict[str, str]]] = [
        ("other names", "", "pairing-names", 3, {"p.csv": letters}),
        ("a name twice", "", "pairing-twice", 3, {"p.csv": FLANGE.replace("_002", "_001")}),
        ("other numbers", "", "pairing-count", 3, {"p.csv": few_unnamed}),
        ("no poses", "", "poses-missing", 3, {"p.csv": "x_m,y_m,z_m\n0,0,0\n1,0,0\n"}),
        ("two cameras", " --camera camera.yaml", "camera-count", 2, {}),
        ("never turned", "", "poses-degenerate", 4, {}),
        ("corners in nanometres", "", "board-poses", 5, {"c.csv": scaled(CORNERS, 1e9)}),
        ("times without times", " --image-times t.csv", "time-columns", 3, {"t.csv": "image\nview_001.jpg\n"}),
    ]
    return [
        BadInput(f"hand-eye: {name}", HAND_EYE + options, code, status, {**OF_HAND_EYE, **files})
        for name, options, code, status, files in lines
    ]


BAD_INPUTS = (
    *words_typed(),
    *places(),
    *corner_tables(),
    *pose_tables(),
    *arms(),
    *boards_and_cameras(),
    *cells(),
    *images(),
    *hand_eyes(),
)
