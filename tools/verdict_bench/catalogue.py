"""All spoilings, by name."""

from verdict_bench import (  # noqa: F401  each module registers its own
    arm_spoilings,
    camera_spoilings,
    cells,
    clean,
    equipment_spoilings,
    hand_eye_spoilings,
    machine_spoilings,
)
from verdict_bench.spoiling import SPOILINGS

__all__ = ["SPOILINGS"]
