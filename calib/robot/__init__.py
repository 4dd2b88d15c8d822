"""Serial arms: their kinematics, their measured poses, and where to start."""
