"""From rows to normal equations: layout, whitening and weights, accumulation, Schur complement, tangent vectors."""
