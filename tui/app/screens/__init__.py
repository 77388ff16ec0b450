"""Full-screen views, one a file."""
