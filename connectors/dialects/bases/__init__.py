"""What databases that are commented in the same way share."""
