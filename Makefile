.PHONY: format lint test test-all

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
