"""What explains residuals that no lens explains: the evidence that causes share."""
