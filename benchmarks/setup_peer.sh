#!/usr/bin/env bash
# An environment with mmpretrain, to be measured against:
#     bash benchmarks/setup_peer.sh FOLDER
#     python benchmarks/cpu.py --peer FOLDER/bin/python
set -euo pipefail

folder=${1:?usage: bash benchmarks/setup_peer.sh FOLDER}
python=$folder/bin/python

[ -x "$python" ] || python3 -m venv "$folder"
"$python" -m pip install --quiet torch==2.13.0
"$python" -m pip install --quiet mmengine==0.10.7 mmcv-lite mmpretrain==1.2.0

# mmpretrain imports torchvision without asking for it. Where no build of it fits
# torch, an empty stand-in with the names that are imported does for classification.
if ! "$python" -c 'import torchvision' 2>/dev/null; then
    "$python" -m pip install --quiet --no-deps torchvision || true
fi
if ! "$python" -c 'import torchvision.transforms' 2>/dev/null; then
    "$python" -m pip uninstall --quiet --yes torchvision || true
    echo 'no torchvision fits: writing a stand-in'
    "$python" - <<'PYTHON'
import sysconfig
from pathlib import Path

MODULES = {
    '': ['ops', 'transforms'],
    'ops': ['boxes'],
    'ops.boxes': ['box_area', 'box_iou', 'generalized_box_iou', '_upcast'],
    'transforms': ['functional', 'transforms', 'RandomResizedCrop'],
    'transforms.functional': ['InterpolationMode', 'pil_to_tensor', 'resized_crop'],
    'transforms.transforms': ['InterpolationMode'],
}
root = Path(sysconfig.get_path('purelib'), 'torchvision')
for module, names in MODULES.items():
    folder = Path(root, *module.split('.'))
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["__version__ = '0.0.0'"] if not module else []
    for name in names:
        inner = f'{module}.{name}' if module else name
        if inner in MODULES:
            lines.append(f'from . import {name}')
        elif name == 'InterpolationMode':
            lines += [
                'import enum',
                'class InterpolationMode(enum.Enum):',
                "    NEAREST = 'nearest'",
                "    BILINEAR = 'bilinear'",
                "    BICUBIC = 'bicubic'",
                "    LANCZOS = 'lanczos'",
            ]
        elif name[0].isupper():
            lines.append(f'class {name}: pass')
        else:
            lines.append(f'def {name}(*args, **kwargs): raise NotImplementedError')
    (folder / '__init__.py').write_text('\n'.join(lines) + '\n')
PYTHON
fi

"$python" -c 'import mmpretrain.models; print("mmpretrain", mmpretrain.__version__)'
