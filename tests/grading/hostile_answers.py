"""More answers that mean harm, each a conv_output_size: what the first list of the sandbox's tests did not think of.

name: (code, statuses that say what happened). None is right besides: what is bad must not be needed to fail.
"""

IMPORTS = "import ctypes, gc, inspect, json, os, resource, signal, socket, struct, sys, threading, time, torch\n"
HEAD = "def conv_output_size(size, kernel_size, stride=1, padding=0):\n    "
FAILED = {"failed"}
ENDED = {"crashed", "memory"}
TIMEOUT = {"timeout"}


def acting(*lines: str) -> str:
    return IMPORTS + HEAD + "\n    ".join(lines) + "\n    return None"


def returning(*lines: str) -> str:
    """A class called Odd from `lines`; the answer returns an object of it."""
    return IMPORTS + "class Odd" + "\n    ".join(lines) + "\n" + HEAD + "return Odd()"


FORGED = (
    "def forge(value):",
    "    for number in range(3, 64):",
    "        for reply in range(1, 40):",
    "            text = json.dumps({'tuple': [reply, value, '', 0]}).encode()",
    "            try: os.write(number, struct.pack('>IQ', len(text), 0) + text)",
    "            except OSError: break",
)

MORE_HOSTILE = {
    # objects that lie
    "a metaclass that lies": (
        IMPORTS
        + "class Meta(type):\n"
        + "    __eq__ = __ne__ = __instancecheck__ = __subclasscheck__ = lambda *a: True\n"
        + "    __hash__ = type.__hash__\n    __len__ = lambda self: 10**9\n    __iter__ = lambda self: iter(int, 1)\n"
        + "class conv_output_size(metaclass=Meta):\n    def __init__(self, *a, **k): pass\n",
        FAILED,
    ),
    "an int whose numbers lie": (
        returning(
            "(int):",
            "__eq__ = __lt__ = __gt__ = __bool__ = lambda *a: True",
            "__int__ = __index__ = __abs__ = lambda self: 7",
            "__hash__ = int.__hash__",
        ),
        FAILED | ENDED,
    ),
    "a tuple without end": (returning("(tuple):", "__iter__ = lambda self: iter(int, 1)"), FAILED | ENDED | TIMEOUT),
    "a list that grows": (returning("(list):", "__len__ = lambda self: 3", "__iter__ = iter(int, 1)"), FAILED | ENDED),
    "a text that is none": (returning("(str):", "__len__ = lambda self: 0", "encode = lambda *a: b'7'"), FAILED),
    "a class that says it is int": (returning(":", "__class__ = property(lambda self: int)"), FAILED | ENDED),
    "a torch function that lies": (
        IMPORTS
        + "class Odd(torch.Tensor):\n"
        + "    @classmethod\n    def __torch_function__(cls, func, types, args=(), kwargs=None):\n"
        + "        return os._exit(0) if func is torch.Tensor.clone else args[0]\n"
        + HEAD
        + "return torch.zeros(3).as_subclass(Odd)",
        FAILED | ENDED,
    ),
    "a repr without end": (returning(":", "def __repr__(self):", "    while True: pass"), FAILED),
    "a repr of megabytes": (returning(":", "__repr__ = lambda self: 'x' * 10**8"), FAILED),
    "strides of zero": (acting("return torch.zeros(1).expand(10**9)"), FAILED | ENDED | TIMEOUT),
    "quantized result": (acting("return torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8)"), FAILED),
    "nested tensor": (acting("return torch.nested.nested_tensor([torch.zeros(2)])"), FAILED),
    "sixty axes": (acting("return torch.zeros([1] * 60)"), FAILED | ENDED),
    "half a character": (acting("return chr(0xD800)"), FAILED),
    "not a number": (acting("return float('nan')"), FAILED),
    "many large results": (acting("return torch.zeros(2**24 - 1)"), FAILED | ENDED | TIMEOUT),
    # exceptions
    "an exception without end": (
        acting("class Odd(Exception):", "    def __str__(self):", "        while True: pass", "raise Odd"),
        FAILED | ENDED | TIMEOUT,
    ),
    "an exception of megabytes": (acting("raise ValueError('x' * 10**8)"), FAILED),
    "an exception with half a character": (acting("raise ValueError(chr(0xDC80) + '<b>' + chr(0))"), FAILED),
    "an exception whose text raises": (
        acting("class Odd(Exception):", "    def __str__(self): raise self", "raise Odd"),
        FAILED | ENDED,
    ),
    "an exception whose name lies": (acting("raise type('x' * 10**6, (Exception,), {})"), FAILED),
    "KeyboardInterrupt": (acting("raise KeyboardInterrupt"), FAILED | ENDED),
    "GeneratorExit": (acting("raise GeneratorExit"), FAILED),
    "the clock's own exception": (acting("from course_lib.checks.guard import TimeIsUp", "raise TimeIsUp"), FAILED),
    "the marking's own exception": (acting("raise type('AnswerEnded', (BaseException,), {})('passed')"), FAILED),
    "a traceback of thousands": (
        acting(
            "error = None",
            "for _ in range(5000):",
            "    try: raise ValueError from error",
            "    except ValueError as e: error = e",
            "raise error",
        ),
        FAILED,
    ),
    # signals, the end, other processes
    "a signal handler that ends it": (
        acting("signal.signal(signal.SIGALRM, lambda *a: os._exit(3))", "signal.alarm(1)", "time.sleep(3)"),
        FAILED | ENDED | TIMEOUT,
    ),
    "stops itself": (acting("os.kill(os.getpid(), signal.SIGSTOP)"), FAILED | TIMEOUT),
    "raises a signal": (acting("signal.raise_signal(signal.SIGSEGV)"), FAILED | ENDED),
    "returns twice": (acting("os.fork()", "return 7"), FAILED | ENDED),
    "forks by hand": (acting("ctypes.CDLL(None).syscall(56, 17, 0, 0, 0, 0)", "return 7"), FAILED | ENDED),
    "a pool of processes": (
        acting("import multiprocessing", "return multiprocessing.get_context('fork').Pool(2).map(abs, [1])"),
        FAILED | ENDED | TIMEOUT,
    ),
    "a thread that replies later": (
        acting("threading.Timer(0.1, os._exit, (0,)).start()", "time.sleep(0.5)"),
        FAILED | ENDED,
    ),
    "more priority": (acting("os.setpriority(os.PRIO_PROCESS, 0, -20)"), FAILED),
    "more priority for the parent": (acting("resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))"), FAILED),
    # the channel
    "forges every reply": (acting(*FORGED, "forge(7)"), FAILED | {"crashed"}),
    "forges a number of thousands of digits": (acting(*FORGED, "forge(10**4000)"), FAILED | {"crashed"}),
    "forges NaN and infinity": (acting(*FORGED, "forge(float('inf'))", "forge(float('nan'))"), FAILED | {"crashed"}),
    "forges a failure": (
        acting(*FORGED, "forge({'Failure': ['endless', 'x' * 10**5, 'y', 'z']})"),
        FAILED | TIMEOUT | {"crashed"},
    ),
    "duplicates the channel": (
        acting("for number in range(3, 20):", "    try: os.dup2(2, number)", "    except OSError: pass"),
        {"crashed"} | FAILED | TIMEOUT,
    ),
    "uses the channel of the frames above": (
        acting(
            "frame = sys._getframe()",
            "while frame is not None:",
            "    channel = frame.f_locals.get('channel')",
            "    if channel is not None:",
            "        for number in range(1, 40): channel.send((number, 7, '', 0))",
            "    frame = frame.f_back",
        ),
        FAILED | {"crashed"},
    ),
    "replaces what replies": (
        IMPORTS
        + "from course_lib.grading.sandbox import child, channel\n"
        + "channel.Channel.send = lambda *a, **k: None\n"
        + HEAD
        + "return 7",
        FAILED | ENDED | TIMEOUT,
    ),
    "prints without end to a new stdout": (
        acting("sys.stdout = sys.stderr = open('out', 'w')", "print('x' * 10**8)"),
        FAILED,
    ),
    # reading what is not theirs
    "reads its own memory": (acting("raise ValueError(str(len(open('/proc/self/mem', 'rb').read(1))))"), FAILED),
    "reads its parent's memory": (acting("open(f'/proc/{os.getppid()}/mem', 'rb').read(1)"), FAILED),
    "reads its parent's words": (acting("open(f'/proc/{os.getppid()}/cmdline').read()[0]", "return 7"), FAILED),
    "reads its parent by hand": (
        acting("assert ctypes.CDLL(None).process_vm_readv(os.getppid(), None, 0, None, 0, 0) == 0"),
        FAILED,
    ),
    "writes into memory": (acting("ctypes.memset(id(None), 255, 64)"), FAILED | ENDED | TIMEOUT),
    "looks for the numbers in memory": (
        acting(
            "for one in gc.get_objects():",
            "    if isinstance(one, dict) and 'misconceptions' in one: return one['misconceptions']",
        ),
        FAILED,
    ),
    "loads a library of its own": (
        acting("open('x.so', 'wb').write(b'no library')", "ctypes.CDLL('./x.so')"),
        FAILED,
    ),
    "sets LD_PRELOAD": (acting("os.environ['LD_PRELOAD'] = './x.so'", "os.execv(sys.executable, ['x'])"), FAILED),
    "writes a module for the next one": (
        acting("open('torch.py', 'w').write('raise SystemExit')", "os.symlink('/etc/passwd', 'passwd')"),
        FAILED,
    ),
    "connects while it is imported": (
        IMPORTS + "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')\n" + HEAD + "return 7",
        FAILED,
    ),
    "breaks the import of torch": ("import sys\nsys.modules['torch'] = None\n" + HEAD + "return 7", FAILED | ENDED),
    "a bomb of decimals": (acting("return 9**9**9"), TIMEOUT | ENDED),
    "a pattern that takes for ever": (acting("import re", "re.match('(a+)+$', 'a' * 64 + 'b')"), TIMEOUT),
    "deep source of another kind": ("x = 1" + " + 1" * 50_000 + "\n" + HEAD + "return 7", FAILED | ENDED),
    "a decorator that lies": (IMPORTS + "@(lambda f: lambda *a, **k: f)\n" + HEAD + "return 7", FAILED),
    "surrogates and null bytes": ("# \ufffd \u202e \x01\n" + HEAD + "return '\\x00'", FAILED),
}
