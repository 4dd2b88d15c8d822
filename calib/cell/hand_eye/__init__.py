"""Hand-eye calibration: the pose of a camera on the flange, or fixed beside the robot."""
