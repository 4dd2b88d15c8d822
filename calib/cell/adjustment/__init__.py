"""The least squares of the loop of frames: unknowns, residuals, the noise of both ends."""
