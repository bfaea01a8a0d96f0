# The two commands to know: `make demo` and `make test`.

.DEFAULT_GOAL := help
SHELL   := /bin/bash
BIN     := bin
CACHE   := $(or $(ETCDKIT_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/etcdkit)
# x/net/trace, which grpc brings along, costs start-up and serves nobody here.
TAGS    := grpcnotrace
LINT    := $(CACHE)/lint
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -X etcdkit/commands/cli.stamped=$(VERSION)
TARGETS := linux/amd64 linux/arm64 darwin/arm64 windows/amd64

.PHONY: help build install uninstall demo test unit e2e soak stress cover bench check fmt tidy lint race cross dist dist-check reference s3server changelog clean

help: ## this list
	@echo "make demo shows the programs at work; make test runs every test. All targets:"
	@sed -n 's/^\([a-z][a-z0-9-]*\):[^#]*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 14

build: ## the programs, as bin/etcdctl, bin/etcdutl and bin/etcdutl-server, statically linked
	CGO_ENABLED=0 go build -trimpath -tags $(TAGS) -ldflags "$(LDFLAGS)" -o $(BIN)/etcdctl ./cmd/ctl
	CGO_ENABLED=0 go build -trimpath -tags $(TAGS) -ldflags "$(LDFLAGS)" -o $(BIN)/etcdutl ./cmd/util
	CGO_ENABLED=0 go build -trimpath -tags $(TAGS) -ldflags "$(LDFLAGS)" -o $(BIN)/etcdutl-server ./cmd/server

PREFIX  := /usr/local
SHARE    = $(DESTDIR)$(PREFIX)/share
install: build ## programs, man pages and completions below PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BIN)/etcdctl $(BIN)/etcdutl $(BIN)/etcdutl-server $(DESTDIR)$(PREFIX)/bin
	go run ./cmd/manpages $(SHARE)

uninstall: ## remove what install has written
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,etcdctl etcdutl etcdutl-server)
	rm -f $(SHARE)/man/man1/etcd{ctl,utl}{,-*}.1 $(SHARE)/bash-completion/completions/etcd{ctl,utl}
	rm -f $(SHARE)/zsh/site-functions/_etcd{ctl,utl} $(SHARE)/fish/vendor_completions.d/etcd{ctl,utl}.fish

demo: build reference ## the main job on a real etcd, command by command
	cd e2e && ETCDKIT_BIN=$(CURDIR)/$(BIN) go run ./cmd/demo

test: unit e2e ## every test

unit: s3server ## the tests of the packages
	go test ./...

e2e: build reference ## the tests of the programs, on real servers, and of Kubernetes objects as its own modules have them
	cd e2e/tools/kubetable && go test -mod=mod ./...
	cd e2e && ETCDKIT_BIN=$(CURDIR)/$(BIN) go test -timeout 40m ./...

reference: ## etcd and upstream's programs of three releases and an S3 server, built once into a cache
	cd e2e && go run ./cmd/refs

s3server: ## only the S3 server
	cd e2e && go run ./cmd/refs s3

check: fmt tidy lint race cross ## what CI asks of the code before the tests

fmt: $(LINT)/golangci-lint
	@$(LINT)/golangci-lint fmt --diff ./... && cd e2e && $(LINT)/golangci-lint fmt --diff -c ../.golangci.yml ./...

tidy:
	go mod tidy -diff
	cd e2e && go mod tidy -diff

lint: $(LINT)/golangci-lint ## both modules
	$(LINT)/golangci-lint run ./...
	cd e2e && $(LINT)/golangci-lint run -c ../.golangci.yml ./...

race: s3server ## the tests of the packages with the race detector
	go test -race ./...

cross: ## the programs for every platform we say we run on
	@set -e; for t in $(TARGETS); do echo "build $$t"; \
	  GOOS=$${t%/*} GOARCH=$${t#*/} CGO_ENABLED=0 go build -tags $(TAGS) -o /dev/null ./cmd/ctl; \
	  GOOS=$${t%/*} GOARCH=$${t#*/} CGO_ENABLED=0 go build -tags $(TAGS) -o /dev/null ./cmd/util; \
	  GOOS=$${t%/*} GOARCH=$${t#*/} CGO_ENABLED=0 go build -tags $(TAGS) -o /dev/null ./cmd/server; done

DIST      := dist
# Where the formula will find the archives, and a static busybox for the image with a shell.
DIST_URL  := file://$(CURDIR)/dist
BUSYBOX   := $(shell command -v busybox)
EPOCH      = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct))
MAKE_DIST  = cd e2e/tools/dist && SOURCE_DATE_EPOCH=$(EPOCH) go run . -source $(CURDIR) -version "$(VERSION)" -epoch "$(EPOCH)" -tags $(TAGS) \
	  -ldflags "$(LDFLAGS)" -targets "$(TARGETS)" -url "$(DIST_URL)" -busybox "$(BUSYBOX)"

dist: ## packages of every platform in dist: archives, deb, rpm, apk, images, a formula, an SBOM and checksums
	rm -rf $(DIST)
	$(MAKE_DIST) -out $(abspath $(DIST))

dist-check: ## make the packages twice and compare
	rm -rf $(DIST)
	$(MAKE_DIST) -out $(abspath $(DIST))/first
	$(MAKE_DIST) -out $(abspath $(DIST))/second
	diff -r $(DIST)/first $(DIST)/second

$(LINT)/golangci-lint: e2e/tools/lint/go.mod e2e/tools/lint/go.sum
	cd e2e/tools/lint && go build -o $(LINT)/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint golang.org/x/tools/cmd/goimports

bench: build reference ## ratios to upstream in one run, into docs/performance.md
	cd e2e && ETCDKIT_BIN=$(CURDIR)/$(BIN) go run ./cmd/bench -out ../docs/performance.md

changelog: ## CHANGELOG.md from the entries in changelog/
	go run ./cmd/changelog

FUZZTIME := 2m
soak: build reference ## every fuzz target for FUZZTIME each, then the long tests of files and signals
	ETCDKIT_BIN=$(CURDIR)/$(BIN) .ci/soak $(FUZZTIME)

stress: build reference ## every test many times, with few and many processors and a busy machine; two hours
	ETCDKIT_BIN=$(CURDIR)/$(BIN) .ci/stress

cover: ## how much of each package its tests reach
	@go test -cover ./... | .ci/cover

clean: ## remove bin and dist
	rm -rf $(BIN) $(DIST)
