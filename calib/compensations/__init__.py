"""Compensations of an arm, one file each, exporting COMPENSATION: here arms and what learns for them meet."""
