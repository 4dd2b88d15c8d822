"""What every result offers: short to look at, whole when printed, written in one call."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from calib.errors import UsageError
from calib.estimate import Estimate
from calib.need import Capability
from calib.result import Output, Result
from calib.verdict import Verdict


class Plain(Output):
    """A simulation."""

    def summary(self) -> str:
        return "first line " + "x" * 500 + "\nsecond line"

    def document(self) -> dict[str, Any]:
        return {}

    def files(self) -> Mapping[str, str | bytes]:
        return {"a.txt": "a\n", "deep/b.bin": b"\x00"}


class Judged(Plain, Result):
    """A calibration."""

    @property
    def finding(self) -> Verdict:
        return Verdict("usable", "not bad " + "y" * 500)

    @property
    def capability(self) -> Capability:
        return Capability({"mm": 0.4}, {"mm": "the flange's position"})

    @property
    def parameters(self) -> Mapping[str, Estimate]:
        return {}

    def rows(self) -> list[dict[str, Any]]:
        return []


@pytest.mark.parametrize("output", [Plain(), Judged()])
def test_repr_is_short_and_str_is_the_summary(output: Output) -> None:
    assert len(repr(output)) < 300
    assert repr(output).startswith(f"{type(output).__name__}: first line")
    assert str(output) == output.summary()


def test_a_calibration_shows_its_verdict_and_a_simulation_has_none() -> None:
    assert repr(Judged()).splitlines()[1].startswith("usable: not bad")
    assert Plain().verdict is None


def test_a_need_decides_and_none_says_what_it_is_good_for() -> None:
    assert Judged().verdict.good_for.startswith("0.4 mm (the flange's position)")
    assert Judged().for_need("0.5mm").verdict.grade == "good"
    assert Judged().for_need("0.3mm").verdict.grade == "do not use"
    assert Judged().for_need(None).need is None


def test_it_is_saved_whole_and_never_over_another(tmp_path: Path) -> None:
    folder = Plain().save(tmp_path / "out")
    assert (folder / "a.txt").read_text() == "a\n"
    assert (folder / "deep" / "b.bin").read_bytes() == b"\x00"
    with pytest.raises(UsageError) as caught:
        Plain().save(str(folder))
    assert caught.value.code == "output-exists"
