"""Calibration boards, one file per kind. Each exports BOARD, a class that satisfies `calib.camera.board.Board`."""
