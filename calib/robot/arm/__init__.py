"""The arm: its parameters, kinematics, and the files it is read from and written to."""
