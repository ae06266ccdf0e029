"""Keeps secrets, gives them to whom they are for, and changes them while they are used."""
