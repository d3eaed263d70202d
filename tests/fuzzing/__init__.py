"""Fuzzing: inputs made at random from a seed, for what reads bytes that others wrote."""
