"""A reader that does what the file's name says; run as a script in place of `indexer.worker`."""

import json
import os
import sys
import tempfile
import time

from indexer.row import DocumentRow

sys.stdout.write("{}\n")
sys.stdout.flush()
for line in sys.stdin:
    name = json.loads(line)["name"]
    if "unpacks" in name:
        tempfile.mkstemp(dir=tempfile.mkdtemp())
    numbers = range(300 if name.startswith("long") else 2)
    rows = [
        [{"id": name, "number": number}.get(field) for field in DocumentRow._fields]
        for number in numbers
    ]
    for row in rows:
        if name.startswith("slow"):
            time.sleep(0.3)
        sys.stdout.write(json.dumps({"row": row}) + "\n")
        sys.stdout.flush()
        if name.startswith("dies in a row"):
            sys.stdout.write('{"row": ["half')
            sys.stdout.flush()
        if name.startswith("dies"):
            os.kill(os.getpid(), 9)
        if name.startswith("hangs"):
            time.sleep(600)
    sys.stdout.write(json.dumps({"end": True}) + "\n")
    sys.stdout.flush()
