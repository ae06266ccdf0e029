"""What an intruder does with a credential that leaked, and its record of every attempt."""
