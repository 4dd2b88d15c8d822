"""What else hangs on the joints of a chain: on a torso, another arm, whose weight bends it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

FEWEST_JOINTS = 3  # of a branch that moves its weight about: a gripper or a neck has fewer


class LinkJoint(Protocol):
    """A joint of a tree of links."""

    @property
    def kind(self) -> str:
        """`fixed`, or how it moves."""

    @property
    def parent(self) -> str:
        """The link that it hangs on."""

    @property
    def child(self) -> str:
        """The link that hangs on it."""


def carried_arms(chain: Sequence[LinkJoint], joints: Sequence[LinkJoint]) -> tuple[str, ...]:
    """The first links of the branches with joints of their own that moving joints of a chain carry besides its tip."""
    below: defaultdict[str, list[LinkJoint]] = defaultdict(list)
    for joint in joints:
        below[joint.parent].append(joint)
    first = next((i for i, joint in enumerate(chain) if joint.kind != "fixed"), len(chain))
    on_the_way = {joint.child for joint in chain}
    return tuple(
        branch.child
        for link in (joint.child for joint in chain[first:-1])
        for branch in below[link]
        if branch.child not in on_the_way and _moving(branch, below) >= FEWEST_JOINTS
    )


def _moving(joint: LinkJoint, below: defaultdict[str, list[LinkJoint]]) -> int:
    """How many moving joints a branch has, this one included."""
    count, left, seen = 0, [joint], set()
    while left:
        one = left.pop()
        if one.child in seen:
            continue  # links that form a loop
        seen.add(one.child)
        count += one.kind != "fixed"
        left += below[one.child]
    return count
