"""The stories of a user and of an event: what happened to one of them, message by message. Pure.

An engine finds the messages, see `engine.stories`.
"""
