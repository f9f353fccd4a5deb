"""Time that goes into importing modules, which is not the answer's own: a first call may load half of a library."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class ImportWatch(MetaPathFinder):
    """Finds modules as the other finders do, and measures how long they take to load.

    Attributes:
        computed, waited: seconds of the processor and of the clock on the wall, of all imports that have ended.
        was_cut: whether an import was broken off from outside.
    """

    def __init__(self) -> None:
        self.computed = self.waited = 0.0
        self.was_cut = False
        self._began: tuple[float, float] | None = None

    @contextmanager
    def installed(self) -> Iterator[None]:
        sys.meta_path.insert(0, self)
        try:
            yield
        finally:
            sys.meta_path.remove(self)

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            if isinstance(finder, ImportWatch) or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = WatchedLoader(spec.loader, self)
                return spec
        return None

    def under_way(self) -> tuple[float, float]:
        """Seconds computed and waited of an import that has not ended; zeros if there is none."""
        began = self._began
        return (0.0, 0.0) if began is None else (time.process_time() - began[0], time.monotonic() - began[1])

    @contextmanager
    def measured(self, name: str) -> Iterator[None]:
        """Around what loads the module `name`; modules that it imports in turn are part of it."""
        outermost = self._began is None
        if outermost:
            self._began = time.process_time(), time.monotonic()
        try:
            yield
        except Exception:
            raise
        except BaseException:
            # Python forgets the module itself; what had been loaded below it would meet a second attempt half done
            self.was_cut = True
            for other in [other for other in sys.modules if other.startswith(f"{name}.")]:
                del sys.modules[other]
            raise
        finally:
            if outermost:
                computed, waited = self.under_way()
                self.computed, self.waited, self._began = self.computed + computed, self.waited + waited, None


class WatchedLoader(Loader):
    """A module's own loader, under an `ImportWatch`. The module never sees it."""

    def __init__(self, loader: Loader, watch: ImportWatch) -> None:
        self.loader, self.watch = loader, watch

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        with self.watch.measured(spec.name):
            return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__.loader = module.__loader__ = self.loader
        with self.watch.measured(module.__spec__.name):
            self.loader.exec_module(module)
