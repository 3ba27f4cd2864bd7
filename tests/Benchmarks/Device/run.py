#!/usr/bin/env python3
"""Runs the checks of a device, the most important first, and keeps each result as soon as it is known.

    python3 run.py [FOLDER] [--device cuda|cpu] [--small] [--minutes 8] [--only CHECK ...]

FOLDER (default: gpu-results) gets results.json, results.md and log.txt. Needs a Python with PyTorch, and of the machine nothing else.
The environment variable TORCH names the folder of another libtorch for our programs; then the installed PyTorch is only examined and compared with.
"""
import argparse
import ctypes
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
APPLICATION = os.path.join(HERE, "app")
PRECISIONS = ("tf32", "bfloat16", "float32")


class Run:
    def __init__(self, arguments):
        self.arguments, self.folder, self.results = arguments, arguments.folder, []
        self.end = time.monotonic() + 60 * arguments.minutes
        os.makedirs(self.folder, exist_ok=True)
        self.log = open(os.path.join(self.folder, "log.txt"), "w", encoding="utf-8", errors="replace")
        self.preload = ""

    def keep(self, **values):
        """Prints a result and writes all of them: what comes later may be cut off."""
        self.results.append(values)
        print("  " + ", ".join(f"{name} {text(value)}" for name, value in values.items() if name not in ("side", "precision")), flush=True)
        write(os.path.join(self.folder, "results.json"), json.dumps(self.results, indent=1, ensure_ascii=False))
        write(os.path.join(self.folder, "results.md"), tables(self.results))

    def start(self, check, side, precision, command, seconds, environment=None):
        """Runs one check in processes of its own. True if it ended by itself and well."""
        if self.arguments.only and check not in self.arguments.only:
            return True
        left = self.end - time.monotonic()
        print(f"{check}, {side}{', ' + precision if precision else ''} ({60 * self.arguments.minutes - left:.0f} s)", flush=True)
        if left < 5:
            self.keep(check=check, side=side, precision=precision, outcome="skipped: no time left")
            return False
        self.log.write(f"\n== {check} {side} {precision}: {' '.join(command)}\n")
        self.log.flush()
        begin, samples = time.monotonic(), Samples(self.arguments.device)
        try:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True, env=environment)
        except OSError as error:
            self.keep(check=check, side=side, precision=precision, outcome=f"did not start: {error}")
            return False
        timer = threading.Timer(min(seconds, left), end_group, [process])
        timer.start()
        last = ""
        for line in process.stdout:
            self.log.write(line)
            values = parsed(line)
            if values is not None:
                self.keep(**{"check": check, "side": side, "precision": precision, **values})
            elif line.strip():
                last = line.strip() if not last or "rror" in line or "xception" in line else last
        code = process.wait()
        late = not timer.is_alive()
        timer.cancel()
        self.log.flush()
        outcome = "done" if code == 0 else f"stopped after {min(seconds, left):.0f} s" if late else f"ended with {code}: {last[:300]}"
        self.keep(check=check, side=side, precision=precision, outcome=outcome, wallSeconds=round(time.monotonic() - begin, 1), **samples.ended())
        return code == 0

    def ours(self, check, precision="", seconds=60):
        setting = [str(number) for number in self.arguments.setting]
        command = [os.path.join(APPLICATION, "Benchmarks"), "device", self.arguments.device, check, precision or "tf32", *setting]
        return self.start(check, "ours", precision, command, seconds, self.environment())

    def peer(self, check, precision, seconds=60):
        setting = [str(number) for number in self.arguments.setting]
        command = [sys.executable, os.path.join(HERE, "peer.py"), "device", self.arguments.device, check, precision, *setting]
        return self.start(check, "PyTorch", precision, command, seconds)

    def environment(self):
        folders = [os.path.join(self.torch, "lib"), *sorted(glob.glob(os.path.join(os.path.dirname(self.torch), "nvidia", "*", "lib")))]
        path = ":".join(filter(None, [*folders, os.environ.get("LD_LIBRARY_PATH")]))
        return {**os.environ, "LD_LIBRARY_PATH": path, **({"LD_PRELOAD": self.preload} if self.preload else {})}

    def find_torch(self):
        installed = subprocess.run([sys.executable, "-c", "import torch; print(torch.__path__[0])"], capture_output=True, text=True, check=False)
        self.installed = installed.stdout.strip()
        self.torch = os.environ.get("TORCH") or self.installed
        if os.path.isfile(os.path.join(self.torch, "libtorch_cpu.so")):
            # The folder of the libraries itself, such as that in NuGet's package.
            os.makedirs(os.path.join(self.folder, "libtorch"), exist_ok=True)
            link = os.path.join(self.folder, "libtorch", "lib")
            if os.path.islink(link):
                os.remove(link)
            os.symlink(os.path.abspath(self.torch), link)
            self.torch = os.path.dirname(os.path.abspath(link))
        return installed.stderr


class Samples:
    """Memory and utilization of the GPU meanwhile, by nvidia-smi, where there is one."""

    QUERY = ["nvidia-smi", "--query-gpu=memory.used,utilization.gpu", "--format=csv,noheader,nounits"]

    def __init__(self, device):
        self.values, self.over = [], threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        if device == "cuda" and shutil.which("nvidia-smi"):
            self.thread.start()

    def watch(self):
        while not self.over.wait(0.5):
            answer = subprocess.run(self.QUERY, capture_output=True, text=True, check=False).stdout.split("\n")[0].split(",")
            if len(answer) == 2 and all(part.strip().isdigit() for part in answer):
                self.values.append([int(part) for part in answer])

    def ended(self):
        self.over.set()
        if not self.values:
            return {}
        return {"gpuMemoryMiB": max(value[0] for value in self.values), "gpuUtilization": max(value[1] for value in self.values)}


def end_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def parsed(line):
    try:
        values = json.loads(line)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None


def text(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def write(path, content):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(content)
    os.replace(path + ".new", path)


def tables(results):
    """What a reader wants to see at once, as Markdown."""
    steps = {}
    for result in results:
        if result["check"] == "steps" and "milliseconds" in result:
            steps.setdefault((result["work"], result["precision"], result["batch"]), {})[result["side"]] = result["milliseconds"]
    lines = ["| Step | Precision | Batch | Ours, ms | PyTorch, ms | Ratio |", "| --- | --- | --- | --- | --- | --- |"]
    for (work, precision, batch), sides in steps.items():
        ours, peer = sides.get("ours"), sides.get("PyTorch")
        ratio = f"{ours / peer:.3f}" if ours and peer else ""
        lines.append(f"| {work} | {precision} | {batch} | {'' if ours is None else f'{ours:.2f}'} | {'' if peer is None else f'{peer:.2f}'} | {ratio} |")
    lines += ["", "| Check | Side | Precision | Result |", "| --- | --- | --- | --- |"]
    for result in results:
        if result["check"] != "steps" or "milliseconds" not in result:
            values = "; ".join(f"{name} {text(value)}" for name, value in result.items() if name not in ("check", "side", "precision"))
            lines.append(f"| {result['check']} | {result.get('side', '')} | {result.get('precision', '')} | {values.replace('|', '/')} |")
    return "\n".join(lines) + "\n"


# ---- what TorchSharp's library lacks in a libtorch


def undefined(library, option, environment):
    try:
        answer = subprocess.run(["ldd", option, library], capture_output=True, text=True, env=environment, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"not examined: {error}"], []
    lines = (answer.stdout + answer.stderr).splitlines()
    missing = [line.split("=>")[0].strip() for line in lines if "not found" in line and "weak version" not in line]
    return missing, sorted({line.split(":", 1)[1].split()[0].rstrip(",") for line in lines if line.startswith("undefined symbol:")})


def readable(symbol):
    try:
        demangle = ctypes.CDLL("libstdc++.so.6").__cxa_demangle
    except (OSError, AttributeError):
        return symbol
    demangle.restype = ctypes.c_void_p
    status = ctypes.c_int()
    result = demangle(symbol.encode(), None, None, ctypes.byref(status))
    return ctypes.string_at(result).decode() if result and status.value == 0 else symbol


def examine(run, torch):
    """Whether TorchSharp's library finds in a libtorch all that it needs: at once when it is loaded, or when a function is first called."""
    library = os.path.join(APPLICATION, "libLibTorchSharp.so")
    before, run.torch = run.torch, torch
    environment = run.environment()
    run.torch = before
    missing, at_load = undefined(library, "-d", environment)
    _, all_symbols = undefined(library, "-r", environment)
    when_called = [symbol for symbol in all_symbols if symbol not in at_load]
    run.keep(
        check="symbols", libtorch=torch, librariesNotFound=missing, lackingWhenLoaded=len(at_load), lackingWhenCalled=len(when_called),
        symbolsWhenLoaded=[readable(symbol) for symbol in at_load[:200]], symbolsWhenCalled=[readable(symbol) for symbol in when_called[:200]])
    return at_load


def stand_in(run, symbols):
    """A library that gives TorchSharp's something at the place of what it lacks, so that it loads and what does not need it can be measured."""
    source, target = (os.path.join(run.folder, name) for name in ("stand-in.s", "stand-in.so"))
    write(source, ".data\n" + "".join(f".globl {symbol}\n.type {symbol}, @object\n{symbol}: .zero 1024\n.size {symbol}, 1024\n" for symbol in symbols))
    if not shutil.which("gcc"):
        return ""
    built = subprocess.run(["gcc", "-shared", "-nostdlib", "-o", target, source], capture_output=True, text=True, check=False)
    return os.path.abspath(target) if built.returncode == 0 else ""


MACHINE = """
import json, platform, torch
gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
print(json.dumps(dict(torch=torch.__version__, cuda=torch.version.cuda, python=platform.python_version(), gpu=gpu, system=platform.platform(),
                      threads=torch.get_num_threads())))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", default="gpu-results")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--small", action="store_true", help="small networks and volumes, to see that everything works")
    parser.add_argument("--minutes", type=float, default=8, help="when to end whatever is unfinished")
    parser.add_argument("--only", nargs="+", help="only these checks")
    arguments = parser.parse_args()
    arguments.setting = (32, 4, 4) if arguments.small else (64, 30, 190)
    run = Run(arguments)
    trouble = run.find_torch()
    if trouble and not run.installed:
        print(trouble)
    run.start("machine", "PyTorch", "", [sys.executable, "-c", MACHINE], 60)
    if shutil.which("nvidia-smi") and arguments.device == "cuda":
        run.start("driver", "", "", ["nvidia-smi"], 20)

    # Does TorchSharp's library load against the installed PyTorch, and against the libtorch that is to be used?
    lacking = []
    for torch in dict.fromkeys(filter(None, (run.installed, run.torch))):
        lacking = examine(run, torch)
    loads = run.ours("load")
    if not loads and lacking:
        run.preload = stand_in(run, lacking)
        run.keep(check="stand-in", outcome=run.preload and f"{len(lacking)} symbols are stood in for" or "no gcc to make one")
        loads = bool(run.preload) and run.ours("load")
    # A gap, or a machine too slow for the time limit, is no reason to measure nothing.
    loads = loads or not lacking
    if loads:
        run.ours("seeds")
        run.ours("losses", seconds=60)

    for precision in PRECISIONS:
        if loads:
            run.ours("steps", precision, 50)
        run.peer("steps", precision, 50)
    for precision in PRECISIONS[:2]:
        if loads:
            run.ours("epochs", precision, 60)
    for precision in ("bfloat16", "tf32"):
        if loads:
            run.ours("window", precision, 40)
        run.peer("window", precision, 40)
    if loads:
        run.ours("memory", seconds=40)
    for precision in PRECISIONS[:2]:
        run.peer("profile", precision, 40)
        if loads:
            run.ours("operations", precision, 40)
    if loads:
        run.ours("copies", seconds=30)
    print(f"\n{tables(run.results)}\nResults are in {os.path.abspath(run.folder)}.")


if __name__ == "__main__":
    main()
