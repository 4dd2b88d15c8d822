"""The array types of the house: annotations, nothing else. Every room may use them, the engine too."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]
Grey = NDArray[np.uint8]  # images
Texts = NDArray[Any]  # variable-width strings, numpy's StringDType, which numpy's annotations cannot name
