"""The orders service's configurator: versions, canaries, and the way back."""
