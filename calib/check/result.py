"""What `calib check` delivers: whether an earlier result still holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from calib.check.drift import DeviceChange, DriftSearch
from calib.documents import finite, heading
from calib.result import Output
from calib.text import wrap
from calib.verdict import Verdict

STATED = 3.0  # standard deviations of a change that would have been found


@dataclass(frozen=True, eq=False, repr=False)
class ResultCheck(Output):
    """An earlier result against new measurements."""

    of: str
    """What it is called: its folder."""
    kind: str
    """camera, hand_eye or arm."""
    measured: str
    """What is new, in words."""
    found: DriftSearch
    """What may have changed."""

    @cached_property
    def verdict(self) -> Verdict:
        """Good where nothing changed beyond chance, else do not use."""
        alarming = self.found.alarming
        if alarming:
            first, others = alarming[0], [change.suspect.name for change in alarming[1:]]
            reason = f"{first.suspect.name} changed by {change_in_words(first)}, {first.sigmas:.1f} sigma"
            told = f"; {' or '.join(others)} would explain it nearly as well" if others else ""
            return Verdict("do not use", reason + told, tuple(dict.fromkeys(c.suspect.action for c in alarming)))
        if self.found.noisier:
            reason = f"what is measured is off by {self.found.ratio:.1f} times what the calibration left"
            advice = "check the measurement (focus, light, board, instrument); if it is sound, calibrate again"
            return Verdict("do not use", f"{reason}, and no single change explains it", (advice,))
        if odd := self.found.odd:
            which = " or ".join(f"{row + 1}" for row in odd)
            advice = f"measure pose {which} of the new ones again: a slip there is more likely than a change"
            return Verdict("good", f"still holds: one pose alone is off ({which})", (advice,))
        return Verdict("good", "still holds: nothing changed beyond chance")

    def summary(self) -> str:
        """Every suspect with its change, and the verdict."""
        lines = [f"check of {self.of} ({self.kind}) by {self.measured}", ""]
        lines += [f"  {change.suspect.name:<24}{_estimate_in_words(change)}" for change in self.found.changes]
        lines += ["", f"errors are {self.found.ratio:.2f} times as large as the calibration lets expect"]
        return "\n".join([*lines, *map(wrap, self.verdict.lines())])

    def document(self) -> dict[str, Any]:
        """The check as plain data."""
        return {
            **heading("check", self.verdict),
            "of": self.kind,
            "result": self.of,
            "measured": self.measured,
            "changes": [_as_document(change) for change in self.found.changes],
            "error_ratio": finite(self.found.ratio),
        }

    def files(self) -> Mapping[str, str | bytes]:
        """None: a check is printed, and added to the history."""
        return {}


def change_in_words(change: DeviceChange) -> str:
    """`+0.021 ± 0.002 deg`, of several parts one after the other."""
    signed = len(change.size) == 1
    return ", ".join(
        f"{f'{size:+.3g}' if signed else f'{size:.3g}'} ± {sigma:.2g} {unit}".rstrip()
        for size, sigma, unit in change.found
    )


def _estimate_in_words(change: DeviceChange) -> str:
    if not change.shown:
        return "not shown by these measurements"
    least = ", ".join(f"{STATED * sigma:.2g} {unit}".rstrip() for _, sigma, unit in change.found)
    return f"{change_in_words(change)} ({change.sigmas:.1f} sigma); one of {least} would show"


def _as_document(change: DeviceChange) -> dict[str, Any]:
    return {
        "name": change.suspect.name,
        "parts": [{"value": size, "sigma": finite(sigma), "unit": unit} for size, sigma, unit in change.found],
        "sigmas": finite(change.sigmas),
        "chance": change.chance,
        "action": change.suspect.action,
    }
