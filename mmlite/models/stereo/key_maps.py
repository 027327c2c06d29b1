"""From the names in the published checkpoints of stereo networks to ours."""

from __future__ import annotations

from ...structures.key_maps import Drop, KeyMap, Rename, register_key_map

__all__: list[str] = []

# The official checkpoints have our names behind 'module.'.
register_key_map('psmnet', KeyMap(prefixes=('module.',)))
register_key_map('gwcnet', KeyMap(prefixes=('module.',)))
register_key_map('raftstereo', KeyMap(prefixes=('module.',)))
register_key_map('lightstereo', KeyMap(prefixes=('module.',)))
register_key_map('igev', KeyMap(prefixes=('module.',)))

register_key_map(
    'openstereo_psmnet',
    KeyMap(
        [
            Drop(r'disp_regression\.'),
            Rename(r'^Backbone\.', 'feature_extraction.'),
            Rename(r'^(CostProcessor|DispProcessor)\.', ''),
            Rename(r'^(aggregator|disp_processor)\.', ''),
            Rename(r'firstconv\.2\.', 'firstconv.4.'),
            Rename(r'firstconv\.1\.', 'firstconv.2.'),
            Rename(r'(layer\d\.\d+\.conv1)\.(\d)\.', r'\1.0.\2.'),
            Rename(r'lastconv\.1\.', 'lastconv.2.'),
            Rename(r'(dres[01])\.1\.', r'\1.2.'),
            Rename(r'(dres[234]\.conv[134])\.(\d)\.', r'\1.0.\2.'),
            Rename(r'(classif\d)\.1\.', r'\1.2.'),
        ],
        prefixes=('module.',),
    ),
)
register_key_map(
    'openstereo_gwcnet',
    KeyMap(
        [Rename(r'^Backbone\.', ''), Rename(r'^(CostProcessor|DispProcessor)\.', '')],
        prefixes=('module.',),
    ),
)
