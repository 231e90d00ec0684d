"""Runs a command on a terminal of its own and types lines into it, each when the command is ready.

Arguments: the prompt that says so, then the command. The lines are a JSON list of texts on stdin, each with its own line
end. What the terminal got goes to stdout; the exit code is the command's.
"""

import json
import os
import pty
import sys

prompt, command = sys.argv[1].encode(), sys.argv[2:]
lines = [line.encode() for line in json.load(sys.stdin)]
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
received = b""
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:
        break
    if not data:
        break
    received += data
    sys.stdout.buffer.write(data)
    if prompt in received and lines:
        received = b""
        os.write(terminal, lines.pop(0))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
