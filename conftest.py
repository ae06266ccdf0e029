"""Loads Muster's fixtures and options; what they mean is in fixtures/plugin.py."""

pytest_plugins = ["fixtures.plugin"]
