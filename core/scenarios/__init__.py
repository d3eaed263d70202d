"""Scenarios: recorded messages with the requests that they became, as the lines of a file. Pure."""
