"""The Textual app, the command line, and the jobs that join catalog, connectors and model."""
