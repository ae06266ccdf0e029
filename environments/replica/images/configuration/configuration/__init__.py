"""The orders service's configuration while it runs: what it may be, and who vouches for it."""
