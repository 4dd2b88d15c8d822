"""A board on paper: sheets of true size as PDF and PNG, and the file that describes it."""
