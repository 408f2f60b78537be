"""A phone, written from docs/protocol.md alone.

Each module names the sections that it follows. Nothing here knows how the server or the other phone is made.
"""
