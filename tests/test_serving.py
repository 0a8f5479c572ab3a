"""The app in a browser: who may come in, and what they get."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from conftest import REPOSITORY, run_program

from tui_trainer.serving.gate import Gate, is_loopback, reachable_name, same_origin

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def test_a_token_opens_once_and_its_cookie_stays_good() -> None:
    gate = Gate(8000)
    token = gate.token
    assert gate.exchange("x") is None
    session = gate.exchange(token)
    assert session is not None
    assert gate.exchange(token) is None
    assert gate.token != token
    assert gate.knows(session)
    assert not gate.knows("")
    assert not gate.knows(token)


@pytest.mark.parametrize(
    ("host", "here", "remote"),
    [("localhost:9000", True, True), ("127.0.0.1", True, True), ("[::1]:8000", True, True), ("10.1.2.3:8000", False, True), ("evil.example:8000", False, False),
     ("127.0.0.1.evil.example", False, False), ("", False, False), ("[", False, False)],
)  # fmt: skip
def test_names_that_a_server_answers_to(host: str, here: bool, remote: bool) -> None:
    assert Gate(8000).host_allowed(host) is here
    assert Gate(8000, remote=True).host_allowed(host) is remote


def test_origins_and_loopbacks() -> None:
    assert same_origin("http://localhost:9000", "localhost:9000")
    assert not same_origin("http://localhost:9001", "localhost:9000")
    assert not same_origin("null", "localhost:9000")
    assert not same_origin(None, "localhost:9000")
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.2", "example.org")))


def test_other_machines_only_when_told(tmp_path: Path) -> None:
    done = run_program("serve", "--host", "0.0.0.0", "--port", "0", cwd=tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "--allow-remote" in done.stderr


def test_the_address_that_is_printed_is_one_that_others_can_open(tmp_path: Path) -> None:
    pytest.importorskip("textual_serve")
    process = subprocess.Popen(
        [sys.executable, "-m", "tui_trainer", "serve", "--port", "0", "--host", "0.0.0.0", "--allow-remote"], cwd=tmp_path, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert process.stdout
    lines = [process.stdout.readline() for _ in range(2)]
    process.terminate()
    process.communicate(timeout=30)
    assert re.fullmatch(rf"Open  http://{re.escape(socket.gethostname())}:\d+/\?token=\S+\n", lines[0])
    assert lines[1] == "Ctrl-C ends it.\n"
    assert Gate(8000, remote=True).host_allowed(f"{socket.gethostname()}:8000")
    assert [reachable_name(host) for host in ("::", "127.0.0.1", "192.168.1.2", "box.example")] == [socket.gethostname(), "127.0.0.1", "192.168.1.2", "box.example"]


def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path) -> None:
    probe = "import sys; sys.modules['textual_serve'] = None; from tui_trainer.cli.main import main; sys.argv = ['tui-trainer', 'serve']; main()"
    done = subprocess.run([sys.executable, "-c", probe], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "pip install 'tui-trainer[serve]'" in done.stderr


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, str, "subprocess.Popen[str]"]]:
    """A server's base address, its first token, and its process."""
    pytest.importorskip("textual_serve")
    process = subprocess.Popen(
        [sys.executable, "-m", "tui_trainer", "serve", "--port", "0", "--runs-dir", str(tmp_path)], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert process.stdout
    found = re.search(r"(http://127\.0\.0\.1:\d+)/\?token=(\S+)", process.stdout.readline())
    assert found, process.stderr and process.stderr.read()
    yield found[1], found[2], process
    process.terminate()
    process.communicate(timeout=30)


async def test_only_the_holder_of_the_address_gets_in(served: tuple[str, str, "subprocess.Popen[str]"]) -> None:
    import aiohttp

    base, token, process = served
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as stranger:
        for path in ("/", "/ws", "/static/js/textual.js", "/page/page.css", "/download/x", "/nothing", "/?token=guess"):
            assert (await stranger.get(base + path)).status == 403, path
        refused = await stranger.get(f"{base}/?token={token}", headers={"Host": "evil.example"})
        assert refused.status == 403
        assert "Set-Cookie" not in refused.headers
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await stranger.ws_connect(f"{base}/ws", origin=base)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as owner:
        entered = await owner.get(f"{base}/?token={token}")
        assert entered.status == 200
        assert re.search(r"HttpOnly; Path=/; SameSite=Strict", entered.headers["Set-Cookie"])
        assert token not in await entered.text()
        page = await owner.get(base)
        text = await page.text()
        assert page.status == 200
        assert f'data-session-websocket-url="ws{base.removeprefix("http")}/ws"' in text
        assert not re.search(r"(src|href)=\"(https?:)?//", text)
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        for address in re.findall(r'(?:src|href)="(/[^"]+)"', text):
            assert (await owner.get(base + address)).status == 200, address
        for origin in ("http://evil.example", "null", None):
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await owner.ws_connect(f"{base}/ws", origin=origin)
        async with owner.ws_connect(f"{base}/ws?width=100&height=30", origin=base) as socket:
            seen = b""
            while b"Design" not in seen:
                seen += (await asyncio.wait_for(socket.receive(), 30)).data
            [app] = psutil.Process(process.pid).children(recursive=True)
        assert await asyncio.to_thread(app.wait, 30) is not None or not app.is_running()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as late:
        assert (await late.get(f"{base}/?token={token}")).status == 403  # the address worked once


async def test_an_app_ends_with_its_server_however_that_ends(served: tuple[str, str, "subprocess.Popen[str]"]) -> None:
    import aiohttp

    base, token, process = served
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as owner:
        await owner.get(f"{base}/?token={token}")
        async with owner.ws_connect(f"{base}/ws", origin=base) as socket:
            seen = b""
            while b"Design" not in seen:
                seen += (await asyncio.wait_for(socket.receive(), 30)).data
            [app] = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(psutil.wait_procs, [app], 30)
            assert not app.is_running()


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
async def test_in_a_browser(served: tuple[str, str, "subprocess.Popen[str]"], tmp_path: Path) -> None:
    base, token, _ = served
    assert CHROMIUM
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={tmp_path / 'browser'}", "about:blank")
    browser = await asyncio.create_subprocess_exec(CHROMIUM, *flags, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, start_new_session=True)
    try:
        async with asyncio.timeout(60):
            state, requested = await _visit(browser, f"{base}/?token={token}")
    finally:
        os.killpg(browser.pid, signal.SIGKILL)
        await browser.wait()
    assert "-first-byte" in state["classes"]  # the app's picture arrived
    assert "-closed" not in state["classes"]
    assert state["focus"] == state["focus after a reload"] == "xterm-helper-textarea"
    assert "token" not in state["address"]
    assert state["cookie"] == ""  # HttpOnly: no script sees it
    assert {address for address in requested if not address.startswith((base, "data:", "about:"))} == set()


async def _visit(browser: asyncio.subprocess.Process, address: str) -> tuple[dict[str, str], list[str]]:
    """Open ``address`` and wait for the app; what the page is then, and all that it requested (Chrome DevTools Protocol)."""
    import aiohttp

    assert browser.stderr
    while b"DevTools listening on" not in (line := await browser.stderr.readline()):
        assert line, "the browser did not start"
    port = re.search(rb":(\d+)/", line)
    assert port
    requested: list[str] = []
    async with aiohttp.ClientSession() as client:
        tabs = await (await client.get(f"http://127.0.0.1:{int(port[1])}/json")).json()
        tab = next(each for each in tabs if each["type"] == "page")
        async with client.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            count = 0

            async def call(method: str, **parameters: object) -> dict[str, object]:
                nonlocal count
                count += 1
                await socket.send_json({"id": count, "method": method, "params": parameters})
                while (reply := await socket.receive_json()).get("id") != count:
                    if reply.get("method") == "Network.requestWillBeSent":
                        requested.append(reply["params"]["request"]["url"])
                return dict(reply["result"])

            await call("Network.enable")
            await call("Page.navigate", url=address)
            look = "JSON.stringify({classes: document.body ? document.body.className : '', address: location.href, cookie: document.cookie, focus: document.activeElement.className})"
            before: dict[str, str] = {}
            while True:
                found = await call("Runtime.evaluate", expression=look)
                state = json.loads(found["result"]["value"]) if isinstance(found.get("result"), dict) and "value" in found["result"] else {"classes": ""}  # type: ignore[index]
                if "-first-byte" in state["classes"]:
                    await asyncio.sleep(0.5)
                    if before:
                        return {**before, "focus after a reload": state["focus"]}, requested
                    before = state
                    await call("Runtime.evaluate", expression="document.body.className = ''")  # what is looked at next is the new page
                    await call("Page.reload")
                await asyncio.sleep(0.2)
