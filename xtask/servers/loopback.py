"""What the servers here have in common: a free port of loopback, and an end with their caller."""

import logging
import os
import sys
import threading

from werkzeug.serving import make_server


def end_with_caller():
    sys.stdin.read()
    os._exit(0)


def serve(app, threaded):
    """Prints the port, answers requests, and ends when standard input does."""
    # A line per request would bury the tests' own output.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    threading.Thread(target=end_with_caller, daemon=True).start()
    server = make_server("127.0.0.1", 0, app, threaded=threaded)
    print(server.server_port, flush=True)
    server.serve_forever()
