"""Whether an answer's text touches the machinery of the process that it runs in, which no answer needs."""

import ast

from course_lib.checks.python_text import nodes_of

# modules that lead to what runs an answer, or to memory; with all that is in them
MODULES = (
    "gc",
    "ctypes",
    "_ctypes",
    "inspect",
    "importlib",
    "builtins",
    "course_lib.checks",
    "course_lib.grading",
)
OF_SYS = (
    "modules",
    "_getframe",
    "_getframemodulename",
    "_current_frames",
    "settrace",
    "setprofile",
    "monitoring",
    "meta_path",
    "path_hooks",
    "__dict__",
    "*",
)
ATTRIBUTES = (
    "_getframe",
    "f_back",
    "f_globals",
    "f_locals",
    "f_builtins",
    "tb_frame",
    "gi_frame",
    "cr_frame",
    "ag_frame",
    "currentframe",
    "walk_stack",
    "settrace",
    "setprofile",
    "__globals__",
    "__builtins__",
    "__closure__",
    "__code__",
    "__import__",
    "__loader__",
    "__subclasses__",
)
# what hands an answer its results: patched, it tells something else of them
NOT_TO_BE_PATCHED = ("torch", "numpy", "random", "math", "course_lib")
# settings, which are there to be set
SETTINGS = ("torch.backends", "torch.utils")
# what every notebook imports in its set-up cell
PUBLIC = {"check", "examine", "CheckResult"}
RUN_TEXT = ("exec", "eval", "compile")
# pieces of a name or a text that are put together; every sum within a sum is looked at, so there must be an end
LONGEST = 50
DEEPEST = 3


def machinery_touched(code: str, depth: int = 0) -> list[str]:
    """What an answer's text has of the ways to the machinery in its own process, in the order of their names.

    It goes by the text, whatever the names are imported as: code that makes its names up while it runs is not seen.
    """
    nodes = list(nodes_of(code))
    names = imported(nodes)
    bases = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    public = {id(node) for node in nodes if isinstance(node, ast.Module) for node in node.body if is_public(node)}
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            if id(node) not in public:
                found |= {way for name in told_by_import(node) if (way := way_of(name))}
        elif isinstance(node, ast.Attribute):
            found |= touched_by_attribute(node, names)
            found |= patched(node, names) if isinstance(node.ctx, ast.Store | ast.Del) else set()
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            name = names.get(node.id, "")
            if node.id in ATTRIBUTES:
                found.add(node.id)
            elif name == "sys" and id(node) not in bases:
                found.add("sys")
        elif isinstance(node, ast.Call):
            found |= touched_by_call(node, names, depth)
        elif (text := text_of(node)) in ATTRIBUTES or ("." in text and way_of(text)):
            found.add(way_of(text) or text)
    return sorted(found)


def imported(nodes: list[ast.AST]) -> dict[str, str]:
    """Names that only an import gives: what each stands for, "F" -> "torch.nn.functional"."""
    names = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                # os.sys and torch.sys are sys
                full = f"{node.module or ''}.{alias.name}"
                names[alias.asname or alias.name] = "sys" if alias.name == "sys" else full
    given = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return {name: full for name, full in names.items() if name not in given or full == "sys"}


def is_public(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.ImportFrom)
        and node.module == "course_lib.checks"
        and {alias.name for alias in node.names} <= PUBLIC
    )


def told_by_import(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    module = node.module or ""
    return [module, *(f"{module}.{alias.name}" for alias in node.names)]


def way_of(name: str) -> str:
    """ "ctypes" of "ctypes.util", "sys.modules" of "sys.modules"; "" for what is nobody's concern."""
    for module in MODULES:
        if name == module or name.startswith(f"{module}."):
            return module
    last, _, attribute = name.rpartition(".")
    if last.rpartition(".")[2] == "sys" and attribute in OF_SYS:
        return f"sys.{attribute}"
    return attribute if last and attribute in ATTRIBUTES else ""


def dotted(node: ast.AST, names: dict[str, str]) -> str:
    """ "torch.nn.Module" of `nn.Module`; "" for what no import leads to."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < LONGEST:
        parts.append(node.attr)
        node = node.value
    root = names.get(node.id, "") if isinstance(node, ast.Name) else ""
    return ".".join([root, *reversed(parts)]) if root else ""


def touched_by_attribute(node: ast.Attribute, names: dict[str, str]) -> set[str]:
    if node.attr in ATTRIBUTES:
        return {node.attr}
    way = way_of(dotted(node, names))
    return {way} if way else set()


def touched_by_call(node: ast.Call, names: dict[str, str], depth: int) -> set[str]:
    called = node.func.id if isinstance(node.func, ast.Name) else ""
    texts = [text_of(one) for one in node.args]
    found = {way for text in texts if (way := way_of(text))}
    if called in RUN_TEXT:
        if not texts or not texts[0] or depth >= DEEPEST:
            found.add(called)
        else:
            found |= set(machinery_touched(texts[0], depth + 1))
    elif called in ("getattr", "setattr", "delattr") and len(texts) > 1:
        base = dotted(node.args[0], names)
        way = way_of(f"{base}.{texts[1]}") if base and texts[1] else ""
        found |= {way} if way else set()
        if called != "getattr" and base:
            found |= changed(f"{base}.{texts[1] or '...'}")
    return found


def patched(node: ast.Attribute, names: dict[str, str]) -> set[str]:
    return changed(dotted(node, names))


def changed(name: str) -> set[str]:
    if name.partition(".")[0] not in NOT_TO_BE_PATCHED or name.startswith(SETTINGS):
        return set()
    return {f"{name} (changed)"}


def text_of(node: ast.AST) -> str:
    """The text that a constant is, put together where it stands in pieces; "" for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        parts = [text_of(one.value if isinstance(one, ast.FormattedValue) else one) for one in node.values]
        return "".join(parts) if all(parts) else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        pieces: list[str] = []
        while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and len(pieces) < LONGEST:
            pieces.append(text_of(node.right))
            node = node.left
        pieces.append(text_of(node))
        return "".join(reversed(pieces)) if all(pieces) else ""
    return ""
