"""The story that run.py plays: a real server, browsers and phones, and those who tamper."""
