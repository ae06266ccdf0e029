"""Where customers log in."""
