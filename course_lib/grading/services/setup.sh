#!/usr/bin/env bash
# Makes the environment that marks: a Python that is new enough, torch for the processor, what the course needs. All of
# it lies in the course's own folder, in .venv.
#
#   setup.sh [COURSE]   COURSE is the course's folder; by default the one beside this script, then that of Gradescope
#   MARKING_PYTHON      a Python that has all of it already: nothing is installed then
#   MARKING_TORCH       which torch uv takes (--torch-backend): cpu by default; empty for what the package index offers
#   AUTOGRADER_ROOT     Gradescope's folder, /autograder by default
#   UV_...              as uv reads them
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
course=${1:-}
if [ -z "$course" ]; then
  course=$here/course
  [ -d "$course" ] || course=${AUTOGRADER_ROOT:-/autograder}/source/course
fi
course=$(cd -- "$course" && pwd)

if [ -z "${MARKING_PYTHON:-}" ]; then
  tools=$(mktemp -d)
  trap 'rm -rf -- "$tools"' EXIT
  if ! python3 -m venv "$tools/venv"; then
    apt-get update
    apt-get install -y --no-install-recommends python3 python3-venv
    python3 -m venv --clear "$tools/venv"
  fi
  "$tools/venv/bin/python" -m pip install --quiet uv
  uv=$tools/venv/bin/uv
  # what is fetched once into an image is not fetched again
  export UV_NO_CACHE=1 UV_PYTHON_INSTALL_DIR="${UV_PYTHON_INSTALL_DIR:-$course/.python}"
  "$uv" venv --quiet --allow-existing --python '>=3.11,<3.14' "$course/.venv"
  torch=${MARKING_TORCH-cpu}
  "$uv" pip install --quiet --python "$course/.venv/bin/python" ${torch:+--torch-backend "$torch"} \
    -r "$course/pyproject.toml"
fi
cd -- "$course"
PYTHONPATH=$course "${MARKING_PYTHON:-$course/.venv/bin/python}" -c 'import course_lib.grading.marking'
echo "marking can begin"
