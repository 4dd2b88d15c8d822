"""The fits: which rows take part, which parameters the rows determine, and their values."""
