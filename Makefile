# make demo and make test are all that a newcomer needs; `make help` lists the rest.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CARGO ?= $(shell command -v cargo || echo $$HOME/.cargo/bin/cargo)
LIBRARY := target/release/libokdok.so
SANDBOX := target/debug/examples/sandbox
FAULTS := target/debug/okdok-faults
WITH_SERVERS := scripts/with-servers

# Each part of the tree adds its own targets to these lists.
DEMOS :=
TESTS :=
SLOW_TESTS :=
LINTS :=

include $(wildcard bindings/*/*.mk packaging/*.mk tests/*/*.mk)
