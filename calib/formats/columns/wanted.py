"""What a command needs of a file of poses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wanted:
    """What a command needs of a file of poses."""

    joints_needed: bool = False
    """Whether joint values are, beside what was measured."""
    oriented: bool = True
    """Whether a position without an orientation does not serve, where joint values are not needed."""
    joints: int | None = None
    """How many of them the arm has, if that is known."""
    joint_names: tuple[str, ...] = ()
    """As the arm's maker calls them."""
    of_board: bool = False
    """Whether, of poses of a robot and of a board in one file, those of the board are meant."""
