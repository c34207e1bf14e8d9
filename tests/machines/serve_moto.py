"""moto's S3 on a port of the loopback, one request at a time: tests/machines/serve_moto.py PORT.

moto 5.2 looks whether an object is there, and later puts it; its server's threads may change places in between, and then two who
put under one new key are both told that theirs is the first. That is moto's, not S3's: here a lock keeps the two steps together.
"""

import io
import sys
import threading

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, run_simple

application = DomainDispatcherApplication(create_backend_app)
turn = threading.Lock()


def one_at_a_time(environ, start_response):
    # A client that sends half a request keeps nobody else waiting.
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    if len(body) < length:
        start_response("400 Bad Request", [("Content-Length", "0")])
        return []
    environ["wsgi.input"] = io.BytesIO(body)
    with turn:
        return [b"".join(application(environ, start_response))]


if __name__ == "__main__":
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    run_simple("127.0.0.1", int(sys.argv[1]), one_at_a_time, threaded=True)
