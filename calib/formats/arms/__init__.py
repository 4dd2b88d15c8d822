"""Formats of arms, one file each. Each exports FORMAT, an `ArmFormat`."""
