"""The payments provider: somebody else's service, small enough to break at will."""
