"""An S3 server on a free port of loopback: moto, one request at a time.

Prints the port, and ends when its standard input does, so that it never outlives its caller.
"""

import logging
import os
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

# moto checks a condition and writes in two steps; two requests at once could both win.
ONE_AT_A_TIME = threading.Lock()


def serially(app):
    def answer(environ, start_response):
        with ONE_AT_A_TIME:
            return [b"".join(app(environ, start_response))]

    return answer


def end_with_caller():
    sys.stdin.read()
    os._exit(0)


def main():
    # A line per request would bury the tests' own output.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    threading.Thread(target=end_with_caller, daemon=True).start()
    app = serially(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()


main()
