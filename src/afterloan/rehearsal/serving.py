"""An application served in a thread of this process at a free port of this machine."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn


def quiet_server(app: Any) -> uvicorn.Server:
    """A server of an ASGI application that says nothing but mistakes."""
    return uvicorn.Server(uvicorn.Config(app, log_level="error", log_config=None))


@contextmanager
def at_free_port(server: uvicorn.Server) -> Iterator[int]:
    """The port at which the server answers, on 127.0.0.1, until the block ends.

    It is held from the moment it is found: let go and taken again, another process could have it in between.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [free]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield int(free.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(20)
