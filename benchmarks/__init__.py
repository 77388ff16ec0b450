"""Commands that measure Columnist; each prints ratios against a baseline of its run."""
