# Everything here needs Python 3.11 or newer with its venv module, and nothing else that
# it does not get by itself. Another interpreter: make run PYTHON=python3.13

# What an install copies. Folders are in the list so that a deleted file counts as a change.
SOURCES := $(shell find chatserver chatclient sql twisted \
	\( -name __pycache__ -o -name dropin.cache -o -name '[.\#]*' \) -prune -o -print)

# Those of tests/cluster run tests/server again, on two nodes: once is enough. The other four
# folders have tests for pytest alone.
TESTCASES = $(shell find tests \( -path tests/browser -o -path tests/cluster -o -path tests/e2e -o -path tests/faults -o -path tests/overload \) \
	-prune -o -name 'test_*.py' -print | sort)

.PHONY: help run cluster test faults bench docs mysql-packages format wheel clean system-packages

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

run: .venv/.installed ## run a chat server on port 6000, data in ./chatserver.db; Ctrl-C stops it
	@exec .venv/bin/twistd --pidfile= -n chatserver --port 6000

cluster: .venv/.installed-mysql ## run MariaDB, Redis, two servers and nginx, data in ./cluster-data; Ctrl-C stops them
	@exec .venv/bin/python -m cluster

test: .venv-test/.installed ## lint, types, the whole suite under pytest, its TestCases under trial
	.venv-test/bin/ruff check .
	.venv-test/bin/ruff format --check .
	.venv-test/bin/mypy
	.venv-test/bin/pytest -n 4 --maxschedchunk 1
	.venv-test/bin/python -m twisted.trial -j4 --reporter=text $(TESTCASES)

faults: .venv-test/.installed ## break everything while people chat, for half an hour, and check; FAULTS="--help" for more
	$(if $(FAULTS),,.venv-test/bin/python -m tests.faults --site single)
	$(if $(FAULTS),,.venv-test/bin/python -m tests.faults)
	.venv-test/bin/python -m tests.faults $(or $(FAULTS), --mix 1200)

bench: .venv-test/.installed ## measure what the server carries, in ten minutes; BENCH="--help" for more
	.venv-test/bin/python -m bench $(BENCH)

docs: .venv-test/.installed ## build the documentation as a site: build/docs/index.html
	.venv-test/bin/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env -c docs/site -d build/doctrees . build/docs

mysql-packages: ## what `pip install chatserver[mysql]` needs of the system (asks for root)
	@as_root=$$([ "$$(id -u)" -eq 0 ] || echo sudo); \
	$$as_root apt-get install gcc libc6-dev pkg-config default-libmysqlclient-dev python3-dev

format: .venv-test/.installed ## lay the code out as the lint of `make test` wants it
	.venv-test/bin/ruff check --fix .
	.venv-test/bin/ruff format .

wheel: .venv-test/.installed ## build dist/chatserver-*.tar.gz and, from it, the wheel
	.venv-test/bin/python -m build

clean: ## remove all that the other targets made; databases stay, also ./cluster-data
	rm -rf .venv .venv-test build dist chatserver.egg-info bench-results
	rm -rf _trial_temp* tests.* history.jsonl .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
	rm -f twisted/plugins/dropin.cache

.venv/.installed: $(SOURCES) pyproject.toml setup.py MANIFEST.in | .venv/bin/pip
	@echo 'Installing chatserver into .venv ...'
	@.venv/bin/pip install -qq .
	@touch $@

.venv/.installed-mysql: $(SOURCES) pyproject.toml setup.py MANIFEST.in | system-packages .venv/bin/pip
	@echo 'Installing chatserver, with its MySQL driver, into .venv ...'
	@.venv/bin/pip install -qq '.[mysql]'
	@touch .venv/.installed $@

.venv-test/.installed: pyproject.toml setup.py | system-packages .venv-test/bin/pip
	@echo 'Installing chatserver and the test tools into .venv-test ...'
	@.venv-test/bin/pip install -qq -e '.[dev]'
	@touch $@

# pip is the last thing that a new environment gets: with it, the environment is whole.
%/bin/pip:
	@python=$$(.ci/find-python $(PYTHON)) && "$$python" -m venv $*

.venv-test/bin/pip: | system-packages

system-packages:
	@.ci/system-packages $(PYTHON)
