"""A colour scale of even steps, from dark to bright, which colour-blind readers and grey printers keep."""

from __future__ import annotations

import numpy as np

# "viridis" at nine places (van der Walt & Smith 2015, CC0)
_SCALE = np.array(
    [
        (68, 1, 84),
        (71, 44, 122),
        (59, 81, 139),
        (44, 113, 142),
        (33, 144, 141),
        (39, 173, 129),
        (92, 200, 99),
        (170, 220, 50),
        (253, 231, 37),
    ],
    dtype=float,
)


def colour_of(share: float) -> str:
    """The colour of a share from 0 to 1, as `#rrggbb`."""
    at = min(max(share, 0.0), 1.0) * (len(_SCALE) - 1)
    low = min(int(at), len(_SCALE) - 2)
    mixed = _SCALE[low] + (at - low) * (_SCALE[low + 1] - _SCALE[low])
    return "#" + "".join(f"{round(each):02x}" for each in mixed.tolist())
