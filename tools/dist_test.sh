#!/usr/bin/env bash
# Test on several GPUs (or CPU processes) of one or more machines:
#   bash tools/dist_test.sh CONFIG CHECKPOINT NUM_PROCESSES [options of tools/test.py]
# Several machines: set NNODES, NODE_RANK, MASTER_ADDR and PORT on each.
set -euo pipefail
config=${1:?usage: dist_test.sh CONFIG CHECKPOINT NUM_PROCESSES [options]}
checkpoint=${2:?usage: dist_test.sh CONFIG CHECKPOINT NUM_PROCESSES [options]}
processes=${3:?usage: dist_test.sh CONFIG CHECKPOINT NUM_PROCESSES [options]}
exec torchrun \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$(dirname "$0")/test.py" "$config" "$checkpoint" \
    --launcher pytorch "${@:4}"
