# Postern. `make demo` shows it, `make test` proves it.

PORT ?= 8080
# where the demo keeps its data
STATE ?= .demo

.PHONY: help demo test build bench docs lint clean

help:
	@echo "make demo    a private bucket behind a real sign-in, on http://localhost:$(PORT) (PORT=... for another port)"
	@echo "make test    all set-up, and all tests"
	@echo "make build   the release binary: .build/release/postern"
	@echo "make bench   CPU time per request beside nginx's, before the same origin"
	@echo "make docs    writes the pages of docs/ that are made from the program's tables"
	@echo "make lint    the formatter's opinion, and the layers"
	@echo "make clean   removes what was built, and the demo's data"

demo:
	@POSTERN_DEMO_STATE=$(STATE) ./scripts/python3 demo/demo.py --port $(PORT)

test:
	@./scripts/python3 scripts/test.py

build:
	@./scripts/python3 scripts/prepare.py build
	@./scripts/build

bench:
	@./scripts/python3 bench/bench.py

docs: build
	@for page in configuration metrics; do .build/release/postern reference $$page > docs/$$page.md || exit 1; done

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests
	@./scripts/python3 scripts/layers.py

clean:
	rm -rf .build .demo .venv bench/results
