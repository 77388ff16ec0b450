"""The Textual app, the command line, and the jobs that join the other three."""
