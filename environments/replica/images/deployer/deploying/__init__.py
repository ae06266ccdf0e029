"""The deployer of the *orders* service: a release gets to customers step by step, or not."""
