"""A spoiling: a named way in which data come to be wrong, with what is right to say of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from calib.errors import CalibError
from calib.need import decide
from verdict_bench.judging import CRASHED, GOOD, NEEDS, REFUSED, Expected, Outcome, TrueError, need_of


class SimulatedSet(Protocol):
    """Data as a user would hold them, and the truth."""

    def calibrate(self) -> Any:
        """What the command does with them."""
        ...

    def error_of(self, result: Any) -> TrueError:
        """How far a result is from the truth."""
        ...


@dataclass(frozen=True)
class Spoiling:
    """One kind of set."""

    name: str
    does: str
    """What happened to the data."""
    make: Callable[[int], SimulatedSet]
    """The set of a seed."""
    expected: Expected

    def run(self, seed: int) -> Outcome:
        """What the command makes of the set of a seed."""
        data = self.make(seed)
        begin = time.process_time()
        try:
            result = data.calibrate()
            verdict = result.verdict
        except CalibError as error:
            told = " ".join(filter(None, (error.what, error.why, error.advice)))
            return Outcome(REFUSED, error.code, told, None, seconds=time.process_time() - begin)
        except Exception as error:  # what the command would end in as a traceback
            return Outcome(CRASHED, type(error).__name__, str(error), None, seconds=time.process_time() - begin)
        seconds = time.process_time() - begin
        told = ". ".join((verdict.reason, *verdict.advice[:1]))
        error = data.error_of(result)
        return Outcome(verdict.grade, "", told, error, self._good_for(result, error), seconds)

    def _good_for(self, result: Any, error: TrueError) -> tuple[bool, ...]:
        """Whether it is good with each of the needs; empty where it is no result at all."""
        if not 0 < error.size < math.inf:
            return ()
        needs = (need_of(self.expected.command, share * error.size) for share in NEEDS)
        return tuple(decide(need, result.capability, result.finding).grade == GOOD for need in needs)


SPOILINGS: dict[str, Spoiling] = {}
"""All, by name, in the order in which they are defined."""


def spoiled(
    command: str, cause: str = "", *, refusals: str = "", convention: bool = False, clean: bool = False
) -> Callable[[Callable[[int], SimulatedSet]], Callable[[int], SimulatedSet]]:
    """Make a function of a seed a spoiling, named as it is, which does what its docstring says.

    cause: pattern of the first cause. refusals: codes, parted by blanks, with which a refusal is right.
    """

    def register(make: Callable[[int], SimulatedSet]) -> Callable[[int], SimulatedSet]:
        name = f"{command}: {make.__name__.replace('_', ' ')}"
        if name in SPOILINGS:
            raise ValueError(f"two spoilings are named {name}")
        does = " ".join((make.__doc__ or "").split())
        expected = Expected(command, cause, frozenset(refusals.split()), convention, clean)
        SPOILINGS[name] = Spoiling(name, does, make, expected)
        return make

    return register
