"""The one road of a message: read, translate by stages, check, repair. Pure: no I/O, no clock."""
