"""How a change is rolled out with care, whatever it is that changes."""
