"""Other ways in which images and poses may be meant: sequences, directions, board sizes, turned boards."""
