"""Processes by the dozen: one that has loaded torch once forks real trainers and whole programs, to be used, killed, starved and hurt.

Loading torch takes seconds of processor time, which a test suite on two cores would otherwise spend a hundred times.

``python nursery.py`` takes requests as lines of JSON and answers each with the child's pid at once and its wait status
when it has ended. ``crash_at`` kills a trainer with SIGKILL right before the k-th system call of its n-th checkpoint
(a write of events is cut in half first); 0: count them, and write the number to ``count``.
"""

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

BOUNDARIES = {"open", "write", "fsync", "replace", "unlink", "ftruncate", "flush", "close", "pwrite", "posix_fallocate"}


def serve() -> None:
    """Fork children until the input ends."""
    import tui_trainer.cli.main
    import tui_trainer.training.__main__
    import tui_trainer.training.prepare
    import tui_trainer.training.run  # noqa: F401 - loaded before the forks

    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if not pid:
            _become(request)
        os.write(1, f"{pid}\n".encode())
        os.write(1, f"{os.waitpid(pid, 0)[1]}\n".encode())


def _become(request: dict) -> None:
    """The child: the program that is asked for, with what the request does to it."""
    status = 1
    try:
        os.setsid()
        for descriptor, path in ((1, request["stdout"]), (2, request["stderr"])):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666), descriptor)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        if "cwd" in request:
            os.chdir(request["cwd"])
        if "env" in request:
            os.environ.clear()
            os.environ.update(request["env"])
        if "umask" in request:
            os.umask(request["umask"])
        if "limits" in request:
            import resource

            for name, value in request["limits"].items():
                resource.setrlimit(getattr(resource, name), (value, value))
        if "tick" in request:
            from tui_trainer.training import loop

            loop.TICK = request["tick"]
        if "before" in request:
            exec(request["before"], {"request": request})
        if "crash_at" in request:
            _arm(request)
        status = _run(request["program"], request["arguments"])
        threading._shutdown()
        atexit._run_exitfuncs()
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _run(program: str, arguments: list[str]) -> int:
    """The exit status of a trainer, or of ``tui-trainer``."""
    if program == "trainer":
        from tui_trainer.training.__main__ import main
    else:
        from tui_trainer.entry import main
    sys.argv = [program, *arguments]
    try:
        return main() or 0
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
        return error.code if isinstance(error.code, int) else int(error.code is not None)


def _arm(request: dict) -> None:
    """Die right before the k-th boundary of the n-th save."""
    from tui_trainer.training.run import Session
    from tui_trainer.training.saving import Saver

    save, seen = Session.save, {"saves": 0, "calls": 0}

    def watch(frame, event, function):
        if event != "c_call" or getattr(function, "__name__", "") not in BOUNDARIES:
            return
        seen["calls"] += 1
        if seen["calls"] == request["crash_at"]:
            sys.setprofile(None)
            if function.__name__ == "write" and "line" in frame.f_locals:
                os.write(frame.f_locals["descriptor"], frame.f_locals["line"][: len(frame.f_locals["line"]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)

    def armed(self, reason):
        seen["saves"] += 1
        if seen["saves"] != request.get("save", 1):
            return save(self, reason)
        sys.setprofile(watch)
        threading.setprofile(watch)  # it is written on a thread of its own: on a new one, since one that runs is not watched
        self.saver.finish()
        index, self.saver = self.saver.index, Saver(self.saver.folder, self.saver.keep)
        self.saver.index = index
        try:
            save(self, reason)
            self._settle(wait=True)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
            Path(request["count"]).write_text(str(seen["calls"]))

    Session.save = armed


class Nursery:
    """Starts trainers and programs one after the other. It takes a while to begin with: when it is first asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "nursery.log"
        self.count = folder / "count"
        self.process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, run: Path, *arguments: str, **done_to_it) -> int:
        """The pid of a trainer of ``run``."""
        log = str(self.log)
        return self._ask({"program": "trainer", "arguments": [str(run), *arguments], "stdout": log, "stderr": log, "count": str(self.count), **done_to_it})

    def _ask(self, request: dict) -> int:
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())

    def program(self, *arguments: str, cwd: Path, env: dict[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
        """``tui-trainer ARGUMENTS``, its output captured; killed after so many seconds."""
        files = {name: self.folder / name for name in ("stdout", "stderr")}
        for path in files.values():
            path.write_text("")
        pid = self._ask({"program": "tui-trainer", "arguments": arguments, "cwd": str(cwd), "env": env, **{name: str(path) for name, path in files.items()}})
        overdue = threading.Timer(seconds, os.kill, (pid, signal.SIGKILL))
        overdue.start()
        status = self.end()
        overdue.cancel()
        out, err = (files[name].read_text("utf-8", "replace") for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(list(arguments), status, out, err)

    def end(self) -> int:
        """Exit status of the trainer, waited for; minus the signal where one killed it."""
        return os.waitstatus_to_exitcode(int(self.process.stdout.readline()))

    def run(self, run: Path, *arguments: str, **done_to_it) -> int:
        """Start one and wait for its end."""
        self.start(run, *arguments, **done_to_it)
        return self.end()

    def kill_after(self, run: Path, *arguments: str, seconds: float, training: bool = True, **done_to_it) -> int:
        """Start one and kill it so many seconds after it began to train; ``training=False``: after its process began."""
        events = run / "events.jsonl"
        before = events.stat().st_size
        pid = self.start(run, *arguments, **done_to_it)
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            while training and events.stat().st_size == before and process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.005)
        time.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return self.end()

    def close(self) -> None:
        """No more."""
        self.process.stdin.close()
        self.process.wait(30)


if __name__ == "__main__":
    serve()
