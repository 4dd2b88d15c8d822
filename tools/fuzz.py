"""Feed mutated files to every reader: each is read, or refused with a coded error, in bounded time and memory.

    python tools/fuzz.py                    every reader, 10,000 files each
    python tools/fuzz.py poses --runs 500
    python tools/fuzz.py commands --runs 1000        whole commands on tables with changed numbers
    python tools/fuzz.py --quick

The seeds are files that the toolkit itself ships or writes. A mutation flips, drops, doubles or swaps bytes and tokens,
or puts in what breaks readers: huge numbers, deep nesting, NUL, tags, entities. Exits 1 with the shortfall as its last
line if any file ends in an error of another kind, takes over 2 s, or lets the process grow by over 300 MB.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from fuzz_commands import CommandOutcome, fuzz_commands
from typer.testing import CliRunner

from calib.cli import app
from calib.errors import CalibError

ROOT = Path(__file__).resolve().parent.parent
MOST_SECONDS, MOST_GROWTH_MB = 2.0, 300.0
POISON = (
    b"\0",
    b"1e999",
    b"-1",
    b"0",
    b"nan",
    b"1" * 400,
    b"99999999999999999999",
    b"[[[[[[[[",
    b"&a [*a, *a]",
    b"!!timestamp x",
    b"!!python/object/apply:os.system [x]",
    b'"',
    b"'",
    b"\xff\xfe",
    b"\n\n",
    b",,,,",
    b";",
    b"\t",
    b"<!ENTITY a 'b'>",
    b"{",
    b"}",
    b": ",
    b"- ",
    b"\xf0\x9f\x92\xa9",
    b"../../x",
    b"2026-01-01",
    b"~",
    b"true",
)


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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", nargs="*", help=f"of {', '.join(READERS)}, or commands; default: all readers")
    parser.add_argument("--runs", type=int, default=10_000, help="mutated files per reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="100 files per reader")
    parser.add_argument("--keep", type=Path, help="folder for the inputs of commands that end as they must not")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.readers == ["commands"]:
        found = fuzz_commands(18 if options.quick else options.runs, options.seed, options.keep)
        return report_commands(found, options.json)
    if unknown := set(options.readers) - set(READERS):
        parser.error(f"no reader {', '.join(sorted(unknown))}")
    warnings.simplefilter("error")  # a warning that escapes a reader is foreign too
    with tempfile.TemporaryDirectory() as folder:
        seeds = write_seeds(Path(folder))
        names = options.readers or list(READERS)
        runs = 100 if options.quick else options.runs
        outcomes = [fuzz(name, seeds[name], Path(folder), runs, options.seed) for name in names]
    return report(outcomes, options.json)


def report(outcomes: list[Outcome], as_json: bool) -> int:
    """Print the table, or the document; 1 if anything is not as it must be."""
    short = [f"{each.reader}: {each.shortfall()}" for each in outcomes if each.shortfall()]
    if as_json:
        print(json.dumps([asdict(each) for each in outcomes], indent=2))
    else:
        print(f"{'reader':<14}{'files':>8}{'read':>8}{'refused':>9}{'foreign':>9}{'slowest':>10}{'growth':>10}")
        for each in outcomes:
            print(
                f"{each.reader:<14}{each.files:>8}{each.read:>8}{each.refused:>9}{len(each.foreign):>9}"
                f"{each.slowest_s:>8.2f} s{each.growth_mb:>7.0f} MB"
            )
    if short:
        print("missed: " + " | ".join(short), file=sys.stderr if as_json else sys.stdout)
    return int(bool(short))


def report_commands(outcome: CommandOutcome, as_json: bool) -> int:
    """Print the counts, or the document; 1 if any command ended as it must not."""
    if as_json:
        print(json.dumps(outcome.document(), indent=2))
    else:
        statuses = ", ".join(f"{count} with {status}" for status, count in sorted(outcome.statuses.items()))
        print(f"{outcome.runs} commands: {statuses}; slowest {outcome.slowest_s:.1f} s", *outcome.wrong, sep="\n")
    if outcome.wrong:
        print(f"missed: {outcome.shortfall()}", file=sys.stderr if as_json else sys.stdout)
    return int(bool(outcome.wrong))


def fuzz(name: str, seeds: list[Path], folder: Path, runs: int, seed: int) -> Outcome:
    """Mutate the seeds of one reader and let it read the result."""
    rng = random.Random(f"{name}{seed}")
    outcome = Outcome(name)
    contents = [path.read_bytes() for path in seeds]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(runs):
        which = rng.randrange(len(seeds))
        content = mutate(contents[which], rng)
        path = folder / f"mutated{seeds[which].suffix}"
        path.write_bytes(content)
        began = time.perf_counter()
        try:
            READERS[name](path)
            outcome.read += 1
        except CalibError:
            outcome.refused += 1
        except Exception as error:
            outcome.foreign.append(f"{type(error).__name__}: {error}"[:200])
        outcome.files += 1
        outcome.slowest_s = max(outcome.slowest_s, time.perf_counter() - began)
    outcome.growth_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000
    return outcome


def mutate(content: bytes, rng: random.Random) -> bytes:
    """One to four random changes."""
    out = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out) + 1)
        end = min(len(out), at + rng.choice((1, 2, 8, 64, 512)))
        match rng.randrange(6):
            case 0:
                out[at:end] = bytes(rng.randrange(256) for _ in range(end - at))
            case 1:
                del out[at:end]
            case 2:
                out[at:at] = out[at:end] * rng.choice((1, 2, 50))
            case 3:
                out[at:at] = rng.choice(POISON)
            case 4:
                out = swap_tokens(out, rng)
            case _:
                out = out[:at] if rng.random() < 0.2 else replace_number(out, rng)
    return bytes(out)


def swap_tokens(content: bytearray, rng: random.Random) -> bytearray:
    """Two words of a text exchanged."""
    words = bytes(content).split(b" ")
    a, b = rng.randrange(len(words)), rng.randrange(len(words))
    words[a], words[b] = words[b], words[a]
    return bytearray(b" ".join(words))


def replace_number(content: bytearray, rng: random.Random) -> bytearray:
    """A run of digits replaced by what breaks readers of numbers."""
    digits = [i for i, byte in enumerate(content) if 48 <= byte <= 57]
    if not digits:
        return content
    at = rng.choice(digits)
    end = at
    while end < len(content) and (48 <= content[end] <= 57 or content[end] == 46):
        end += 1
    return content[:at] + bytearray(rng.choice(POISON)) + content[end:]


def write_seeds(folder: Path) -> dict[str, list[Path]]:
    """Files of every kind: shipped ones, and what the toolkit writes."""

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
    return {
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


def write_nets(folder: Path) -> None:
    """A small net."""
    import numpy as np

    from calib.network import new_net, save_net

    x = np.linspace(0.0, 1.0, 8)[:, None]
    save_net(new_net(x, x, hidden=(3,), seed=0), folder / "net.yaml")


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

if __name__ == "__main__":
    sys.exit(main())
