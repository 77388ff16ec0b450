"""What the app and the commands both do: reading, drafting, deciding, writing."""
