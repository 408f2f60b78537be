"""Holds the server's database as another process might, until its standard input closes: nothing can be written meanwhile.

    jam.py DATABASE
"""

import json
import sqlite3
import sys

connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print(json.dumps({"event": "jammed"}), flush=True)
sys.stdin.read()
