"""Receipts become lines of the index with their verdicts, in order, behind the acknowledgement."""
