.PHONY: docs format lint test test-all test-gpu

format:
	ruff check --fix .
	ruff format .

lint:
	ruff check .
	ruff format --check .

test:
	pytest -m 'not slow'

test-all:
	pytest

docs:
	sphinx-build -W --keep-going -b html docs docs/_build

test-gpu:
	.ci/gpu
