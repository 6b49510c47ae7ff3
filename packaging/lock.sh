#!/usr/bin/env bash
# Re-makes the hashed locks; they carry no registry address.
set -euo pipefail
cd "$(dirname "$0")/.."
for target in linux:x86_64-manylinux_2_34 windows:x86_64-pc-windows-msvc; do
  uv pip compile -q pyproject.toml --extra dev --generate-hashes --no-emit-index-url --no-header --no-annotate \
    --python-version 3.11 --python-platform "${target#*:}" -o "packaging/requirements/dev-${target%%:*}.txt"
  uv pip compile -q pyproject.toml --generate-hashes --no-emit-index-url --no-header --no-annotate \
    --python-version 3.11 --python-platform "${target#*:}" -o "packaging/requirements/${target%%:*}.txt"
done
