# Postern. `make demo` shows it, `make test` proves it.

PORT ?= 8080
# where the demo keeps its data
STATE ?= .demo
# of `make fuzz`: for how long each target runs, and which; none is all
SECONDS ?= 60
TARGET ?=

.PHONY: help demo test build bench docs fuzz sanitize-address sanitize-thread lint clean

help:
	@echo "make demo    a private bucket behind a real sign-in, on http://localhost:$(PORT) (PORT=... for another port)"
	@echo "make test    all set-up, and all tests"
	@echo "make build   the release binary: .build/release/postern"
	@echo "make bench   CPU time, latency and memory beside nginx's, before the same origin"
	@echo "make docs    writes the pages of docs/ that are made from the program's tables"
	@echo "make fuzz    the fuzz targets, each for SECONDS=$(SECONDS); TARGET=... for one of them"
	@echo "make sanitize-address, make sanitize-thread    the tests, with memory or threads watched"
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
	@.build/release/postern reference schema > docs/postern.schema.json

fuzz:
	@./scripts/python3 scripts/prepare.py build
	@./scripts/python3 scripts/fuzz.py --seconds $(SECONDS) $(addprefix --target ,$(TARGET))

sanitize-address:
	@./scripts/python3 scripts/sanitize.py address

sanitize-thread:
	@./scripts/python3 scripts/sanitize.py thread

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Fuzz
	@./scripts/python3 scripts/layers.py

clean:
	rm -rf .build .build-fuzz .build-asan .build-tsan .demo .venv bench/results
