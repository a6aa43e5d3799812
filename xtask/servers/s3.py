"""An S3 server on a free port of loopback: moto, one request at a time.

Prints the port, and ends when its standard input does, so that it never outlives its caller.
"""

import threading

from loopback import serve
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

# moto checks a condition and writes in two steps; two requests at once could both win.
ONE_AT_A_TIME = threading.Lock()


def serially(app):
    def answer(environ, start_response):
        with ONE_AT_A_TIME:
            return [b"".join(app(environ, start_response))]

    return answer


serve(serially(DomainDispatcherApplication(create_backend_app)), threaded=True)
