# Workflows of clast; `make help` lists them. Needs cargo, a Python from 3.10 on with venv, and make.
# PYTHON=... chooses the interpreter of .venv, QUIET=1 prints results only.

VENV    := .venv
PY      := $(VENV)/bin/python
PIP     := $(PY) -m pip --quiet --disable-pip-version-check
SOURCES := Cargo.toml Cargo.lock pyproject.toml $(shell find rust python -type f -not -name '*.so' -not -path '*/__pycache__/*')
PYTHON_CODE := python tests benches/python examples docs

Q     := $(if $(QUIET),-q)
say    = @$(if $(QUIET),:,echo "==> $(1)")

# The extension is checked against the interpreter it is tested with, not against whatever `python3` is.
export PYO3_PYTHON := $(abspath $(PY))
export PIP_REQUIRE_VIRTUALENV := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SILENT:
.PHONY: help demo test test-rust test-python wheel docs lint fix bench bench-smoke clean

help:  ## show this list
	awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.installed  ## build and install clast in .venv, then segment a photo
	$(VENV)/bin/clast demo -o demo --force
	echo "The picture is in $(abspath demo)"

test: test-rust test-python  ## the same installation, then the Rust and the Python tests

# The binding crate is a Python extension: its own tests would have to link libpython, so Python tests it.
test-rust:  ## Rust tests only
	$(call say,Rust tests)
	cargo test $(Q) --locked -p clast-core

test-python: $(VENV)/.installed $(VENV)/.group-test  ## Python tests only; ARGS="-k name" selects
	$(call say,Python tests of the installed wheel)
	$(PY) tests/wheel_smoke.py
	$(PY) -m pytest $(Q) $(ARGS)

wheel: dist/.built  ## build the wheel and prove it in an empty environment
	$(call say,fresh environment for the wheel)
	fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT \
	&& $(PY) -m venv "$$fresh" \
	&& "$$fresh/bin/python" -m pip --quiet --disable-pip-version-check install dist/clast-*.whl \
	&& "$$fresh/bin/python" tests/wheel_smoke.py
	ls dist/clast-*.whl

# Sphinx would complain of pages that it made for names that are gone.
docs: $(VENV)/.installed $(VENV)/.group-docs  ## build the documentation in docs/build; ARGS="-D run_examples=0" without figures
	$(call say,documentation)
	rm -rf docs/generated/api
	$(PY) -m sphinx -b html -W --keep-going $(Q) $(ARGS) docs docs/build
	$(if $(QUIET),:,echo "The first page is $(abspath docs/build/index.html)")

lint: $(VENV)/.installed $(VENV)/.group-lint  ## formatting, clippy, ruff, mypy, and the stubs against the extension
	$(call say,lint)
	cargo fmt --all --check
	cargo clippy $(Q) --locked --workspace --all-targets -- -D warnings
	$(PY) -m ruff check $(Q) $(PYTHON_CODE)
	$(PY) -m ruff format $(Q) --check $(PYTHON_CODE)
	$(PY) -m mypy
	$(PY) -m mypy.stubtest --allowlist tests/stubtest-allowlist.txt clast._core

fix: $(VENV)/.group-lint  ## format and apply the safe corrections
	cargo fmt --all
	$(PY) -m ruff check $(Q) --fix $(PYTHON_CODE)
	$(PY) -m ruff format $(Q) $(PYTHON_CODE)

# Threads of OpenMP spin while they wait: on a machine that has anything else to do, peers would look ten times slower
# than they are.
bench bench-smoke: export OMP_WAIT_POLICY := passive

# ARGS="--only MRI" measures some workloads, ARGS=--curves the cost against size; both print and leave the README alone.
bench: $(VENV)/.installed $(VENV)/.group-bench  ## compare with the peers and update the README's tables (more than half an hour)
	$(PY) benches/python/compare.py $(if $(ARGS),$(ARGS),--update-readme)
	$(if $(ARGS),,$(PY) benches/python/compare_images.py --update-readme)
	$(if $(ARGS),,$(PY) benches/python/superpixel_quality.py --update-readme)
	$(if $(ARGS),,$(PY) benches/python/journeys.py --update-readme)

bench-smoke: $(VENV)/.installed  ## run every benchmark once on tiny inputs
	$(call say,benchmarks on tiny inputs)
	$(PY) benches/python/compare.py --smoke
	$(PY) benches/python/compare.py --smoke --curves
	$(PY) benches/python/compare_images.py --smoke
	$(PY) benches/python/superpixel_quality.py --smoke
	$(PY) benches/python/journeys.py --smoke
	$(if $(wildcard benches/rust/*.rs),cargo bench $(Q) --locked -p clast-core --bench '*' -- --test)

clean:  ## remove everything that was built
	cargo clean $(Q)
	rm -rf $(VENV) dist demo docs/build docs/generated .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.created:
	python=$$(for p in $(PYTHON) $(if $(PYTHON),,python3.11 python3); do \
	    "$$p" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo "$$p" && break; done); \
	test -n "$$python" || { echo "error: no Python from 3.10 on with venv found: install one or set PYTHON=/path/to/python" >&2; exit 1; }; \
	$(if $(QUIET),:,echo "==> $(VENV) from $$($$python --version)"); \
	"$$python" -m venv $(VENV)
	$(PIP) install --upgrade pip
	touch $@

$(VENV)/.group-%: pyproject.toml $(VENV)/.created
	$(call say,dependencies: $*)
	$(PIP) install --group $*
	touch $@

dist/.built: $(SOURCES) $(VENV)/.group-build
	$(call say,release wheel)
	rm -rf dist
	$(PY) -m maturin build $(Q) --release --locked --interpreter $(PY) --out dist
	touch $@

# pip would keep an installed version of the same number.
$(VENV)/.installed: dist/.built
	$(call say,installing the wheel and its dependencies)
	$(PIP) install --force-reinstall --no-deps dist/clast-*.whl
	$(PIP) install dist/clast-*.whl
	touch $@
