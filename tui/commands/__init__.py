"""The command line, one file per command; never imports Textual."""
