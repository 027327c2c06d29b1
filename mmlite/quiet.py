"""Import a module without one warning that no filter can stop."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

__all__ = ['QuietImport', 'silence']


class QuietImport(MetaPathFinder):
    """Finds one module, once, and holds back a warning while it is imported.

    That is for a module that warns under a filter of its own, which shows the
    warning whatever the filters outside are. All other warnings are shown.

    Args:
        module: The name of the module.
        text: What the warning begins with.
    """

    def __init__(self, module: str, text: str) -> None:
        self.module = module
        self.text = text

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module, found as usual, with a loader that is quieter."""
        if name != self.module:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _QuietLoader(spec.loader, self.text)
        return spec


class _QuietLoader(Loader):
    def __init__(self, loader: Loader, text: str) -> None:
        self.loader = loader
        self.text = text

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__.loader = module.__loader__ = self.loader
        with warnings.catch_warnings(record=True) as caught:
            self.loader.exec_module(module)
        for found in caught:
            if not str(found.message).startswith(self.text):
                warnings.showwarning(
                    found.message, found.category, found.filename, found.lineno
                )


def silence() -> None:
    """Let mmengine import ``torch.distributed.optim`` without torch 2.4's warning.

    mmengine imports it for an optimizer that hardly anyone names, and the warning
    is about another part of the module.
    """
    name = 'torch.distributed.optim'
    waiting = any(isinstance(finder, QuietImport) for finder in sys.meta_path)
    if name not in sys.modules and not waiting:
        text = '`TorchScript` support for functional optimizers is deprecated'
        sys.meta_path.insert(0, QuietImport(name, text))
