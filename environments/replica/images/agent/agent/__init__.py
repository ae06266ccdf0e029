"""Keeps the secrets of one node as its vault has them."""
