"""Has aws-server.py run a command: `aws-client.py <socket> <argument> …`"""

import json
import os
import socket
import sys

with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    request = json.dumps([sys.argv[2:], dict(os.environ)])
    socket.send_fds(server, [request.encode() + b'\n'], [1, 2])
    sys.exit(server.recv(1)[0])
