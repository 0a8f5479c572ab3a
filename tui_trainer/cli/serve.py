"""``tui-trainer serve``: the app in a browser."""

import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from tui_trainer.cli.options import RunsDir
from tui_trainer.cli.watch import MaybeRun

Host = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")]
Port = Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="Port; 0 takes any that is free.")]
AllowRemote = Annotated[bool, typer.Option("--allow-remote", help="Listen where other machines can reach it. Nothing is encrypted.")]


def serve(run: MaybeRun = None, host: Host = "127.0.0.1", port: Port = 8000, allow_remote: AllowRemote = False, runs_dir: RunsDir = None) -> None:
    """Serve the app as a page on this machine, for a browser here or through ssh -L. Ctrl-C ends it; runs go on."""
    from tui_trainer.config import ConfigError
    from tui_trainer.serving.gate import is_loopback

    if not find_spec("textual_serve"):
        raise ConfigError("serve needs textual-serve, which is not installed; install it with: pip install 'tui-trainer[serve]'")
    if not is_loopback(host):
        if not allow_remote:
            raise ConfigError(f"--host {host}: other machines could reach it; allowed is 127.0.0.1 (reach it with ssh -L), or add --allow-remote")
        print("tui-trainer: warning: other machines can reach this, and nothing is encrypted: whoever reads the network can take over the session", file=sys.stderr)
    arguments = [*([run] if run else []), *(["--runs-dir", runs_dir] if runs_dir else [])]
    if run:
        from tui_trainer.runs import find_run
        from tui_trainer.runs import runs_dir as runs_root

        find_run(run, runs_root(runs_dir))
    from tui_trainer.serving.server import serve as serve_app

    told: list[str] = []

    def tell(address: str) -> None:
        if not told:
            shown = address.partition("//")[2].partition("/")[0].rpartition(":")[2]
            elsewhere = f"From another machine: ssh -L {shown}:127.0.0.1:{shown} THIS-HOST, then open the same address there. " if is_loopback(host) else ""
            print(f"Open  {address}\n{elsewhere}Ctrl-C ends it.", flush=True)
        else:
            print(f"Opened. For another browser:  {address}", flush=True)
        told.append(address)

    try:
        serve_app(host, port, arguments, remote=allow_remote and not is_loopback(host), tell=tell)
    except OSError as error:
        if told:
            raise
        raise ConfigError(f"--host {host} --port {port}: cannot listen there: {error.strerror or error}; --port 0 takes any port that is free") from None
