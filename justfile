# `just check` is what pre-commit and .ci/run run, recipe by recipe.

export PATH := justfile_directory() / ".venv/bin:" + env("PATH")

# List the recipes
default:
    @just --list

# Everything that must pass: format, lint, types, import contracts, tests; types beside the tests, which often wait
check: format lint contracts types-and-tests

[parallel]
[private]
types-and-tests: types test

# Fail where the formatter would change a file
format:
    ruff format --check .

lint:
    ruff check .

types:
    mypy

contracts:
    lint-imports --no-logo

# Half of their time tests wait, so three processes even on two cores; a file's tests stay together, for they share
# servers, and files with few but long tests are not left for the end
test *arguments:
    pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder {{ arguments }}

# Rewrite files the way `format` and `lint` want them
fix:
    ruff format .
    ruff check --fix .

# Pin every dependency with its hashes
lock:
    uv pip compile pyproject.toml --universal --python-version 3.11 --extra local --extra postgres --extra redis --extra s3 --generate-hashes --no-header --no-annotate --quiet --output-file requirements.lock
    uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras --group dev --constraints requirements.lock --generate-hashes --no-header --no-annotate --quiet --output-file requirements-dev.lock

# Rewrite the documents that are made from the code
docs:
    footnote options --markdown > docs/options.md
    footnote options > .env.example

# Build the wheel into dist/
build:
    rm -rf dist
    uv build --wheel --quiet
