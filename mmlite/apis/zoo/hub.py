"""Models on the Hugging Face Hub."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from mmengine.config import Config
from torch import nn

from ...config import config_of_text, load_config, write_config
from ...engine import load_checkpoint
from ...errors import CheckpointError, MissingDependencyError, UserError
from ...given import resolved
from ..publishing import write_weights

__all__ = ['SCHEME', 'from_hub', 'push']

SCHEME = 'hf-hub:'
CONFIG = 'config.py'
WEIGHTS = ('model.safetensors', 'model.pth')
_PART = r'\w(?:[\w.-]*\w)?'
_NAME = re.compile(rf'(?!.*(?:--|\.\.)){_PART}/{_PART}')
_LONGEST = 96


def from_hub(name: str) -> tuple[Config, str]:
    """The config of a model on the hub, and the file of its weights.

    Args:
        name: ``'hf-hub:owner/name'``, or ``'hf-hub:owner/name@revision'``.

    Raises:
        MissingDependencyError: if ``huggingface_hub`` is not installed.
        CheckpointError: if there is no such model, or the hub cannot be reached.
        ConfigError: if its config holds more than plain values: nothing of it is run.
    """
    repo, _, revision = name.removeprefix(SCHEME).partition('@')
    _check_name(repo)
    hub = _hub(name)

    def fetch(file: str) -> str:
        return hub.hf_hub_download(repo, file, revision=revision or None)

    text = Path(_fetched(fetch, [CONFIG], name)).read_text(encoding='utf-8')
    # Whoever put it there: it is read as data, and never run.
    config = config_of_text(text, f'{name}: {CONFIG}')
    return config, _fetched(fetch, WEIGHTS, name)


def push(
    model: nn.Module | str | Path,
    repo: str,
    config: str | Path | Config | None = None,
    *,
    private: bool = False,
    message: str = 'Add a model of mmlite',
    card: str = '',
) -> str:
    """Put a model on the Hugging Face Hub, for ``get_model('hf-hub:owner/name')``.

    This uploads its config, its weights (safetensors where that is installed) and a
    model card. Log in first, with ``hf auth login``.

    Args:
        model: A model that :func:`get_model` gave, or a checkpoint or work_dir.
        repo: ``'owner/name'``; is made if it is not there.
        config: The config, where neither the model nor the checkpoint holds it.
        private: Whether a new repository is private.
        message: Message of the commit.
        card: Text of the model card.

    Returns:
        The address of the commit.

    Raises:
        MissingDependencyError: if ``huggingface_hub`` is not installed.
        UserError: if the config is not known, or the hub refuses.
    """
    _check_name(repo)
    hub = _hub('push')
    state, cfg, meta = _contents(model, config)
    with tempfile.TemporaryDirectory() as folder:
        write_config(cfg, Path(folder, CONFIG))
        write_weights(state, Path(folder, 'model'), dict(dataset_meta=meta))
        Path(folder, 'README.md').write_text(_page(repo, card), encoding='utf-8')
        try:
            hub.create_repo(repo, private=private, exist_ok=True)
            done = hub.upload_folder(
                repo_id=repo, folder_path=folder, commit_message=message
            )
        except Exception as error:  # of its own, and of what it connects with
            raise UserError(
                f'the Hugging Face Hub does not take {repo}: {_first_line(error)}; '
                'check the connection, and log in with hf auth login'
            ) from error
    return str(getattr(done, 'commit_url', done))


def _contents(
    model: nn.Module | str | Path, config: Any
) -> tuple[Mapping[str, Any], Config, dict[str, Any]]:
    from ..inferencers.base import config_and_checkpoint

    if not isinstance(model, nn.Module):
        model = resolved(model)
        cfg = config_and_checkpoint(config or model, model if config else None)[0]
        checkpoint = load_checkpoint(model)
        meta = checkpoint.get('meta') or {}
        return checkpoint['state_dict'], cfg, dict(meta.get('dataset_meta') or {})
    cfg = load_config(config) if config is not None else getattr(model, 'cfg', None)
    if cfg is None:
        raise UserError('the config of the model is not known; give config=...')
    return model.state_dict(), cfg, dict(getattr(model, 'dataset_meta', None) or {})


def _hub(purpose: str) -> ModuleType:
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingDependencyError('huggingface_hub', 'hub', purpose) from error
    return huggingface_hub


def _check_name(repo: str) -> None:
    if not _NAME.fullmatch(repo) or len(repo) > _LONGEST:
        raise UserError(
            "a model on the hub is named 'owner/name', of letters, digits and single "
            f'-, _ and . within, up to {_LONGEST} in all, got {repo!r}'
        )


def _fetched(fetch: Any, files: Any, name: str) -> str:
    errors = []
    for file in files:
        try:
            return fetch(file)
        except Exception as error:  # of its own, and of what it connects with
            errors.append(f'{file}: {_first_line(error)}')
    raise CheckpointError(
        f'{name} cannot be loaded from the Hugging Face Hub: {"; ".join(errors)}'
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _page(repo: str, text: str) -> str:
    return f"""---
library_name: mmlite
tags: [mmlite, computer-vision]
---
# {repo.split('/')[1]}

{text}

```python
from mmlite import get_model

model = get_model('{SCHEME}{repo}')
```
"""
