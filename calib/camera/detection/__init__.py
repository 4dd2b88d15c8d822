"""From images to the corners of a board. Never imports calibration: the two meet in observations."""
