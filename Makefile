# Every target runs on a bare machine with Go and gcc (the race detector needs it).
GO            ?= go
STATICCHECK   ?= honnef.co/go/tools/cmd/staticcheck@v0.8.2
# A count, not a time: a run that is cut off by the clock can fail for that alone.
FUZZTIME      ?= 20000x
BENCHFLAGS    ?=

.PHONY: build test packages servers lint fuzz bench-peers bench-metrics microbench fleet crash compat storm model rollouts rollout-load clean

## build: the static binary, ./concierge
build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o concierge ./cmd/concierge

## servers: build the real etcd, Consul, Vault, Prometheus and consul-template ahead (once; about 20 minutes)
servers:
	$(GO) run ./internal/testserver/install

## packages: what the tests run of the distribution's packages (Debian, as root; nothing if all is there)
packages:
	@./internal/testserver/packages

## test: everything, on real servers, with the race detector
test: packages servers
	$(GO) test -race -shuffle=on -timeout 60m ./...

## crash: 1,000 renders killed by SIGKILL at random moments; no file may be torn
crash:
	CONCIERGE_KILL_RENDERS=1000 $(GO) test -count=1 -v -run Kill ./render/output

## compat: the long form of the comparison with the real consul-template; its short form is part of test
compat: servers
	$(GO) test -count=1 -v -timeout 60m ./internal/compat -seed 0 -templates 500 -rounds 20 -outage

## lint: vet, staticcheck, formatting, tidiness
lint:
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	$(GO) mod tidy -diff

## fuzz: every fuzz target for FUZZTIME, some seconds each
fuzz:
	@for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "fuzzing $$pkg $$target for $(FUZZTIME)"; \
	    $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done; \
	done

## bench-peers: beside the real peers; writes docs/performance.md (BENCHFLAGS: -short, -print, -only 'regular expression')
bench-peers:
	$(GO) test ./internal/bench -run "^$$" -bench "^BenchmarkBesidePeers$$" -benchtime 1x -timeout 60m $(BENCHFLAGS)

## bench-metrics: the push of metrics in a control group, beside zabbix_sender; half an hour; writes docs/performance.md (BENCHFLAGS: -short, -only, -cycles)
bench-metrics:
	$(GO) test ./internal/bench -run "^$$" -bench "^BenchmarkMetrics$$" -benchtime 1x -timeout 90m -update $(BENCHFLAGS)

## microbench: the hot paths by themselves, ten times, for benchstat (docs/performance.md)
microbench:
	@$(GO) test -run "^$$" -bench . -benchmem -count 10 -timeout 60m $(BENCHFLAGS) ./render ./sources ./sources/consul ./sources/etcd ./sources/file ./secrets

## fleet: 1,000 instances on one real etcd and one real Consul; 10 minutes (docs/scale.md)
fleet:
	$(GO) test ./internal/bench -run "^$$" -bench "^BenchmarkFleet$$" -benchtime 1x -timeout 60m $(BENCHFLAGS)

## storm: 500 changes under load and 200 kills, over a real nginx and a real HAProxy; 75 minutes; writes docs/rollback.md
storm: servers
	$(GO) test -count=1 -v -timeout 180m ./internal/storm -full -update

## model: the long form of the proof of the rollout protocol; its short form is part of test
model: export GOGC = 400
model:
	$(GO) test -count=1 -v -timeout 120m -run 'Model|EveryState' ./cluster/rollout -full

## rollouts: 50 real instances, then 200 runs with faults, on three members of etcd and on Consul; 35 minutes; writes docs/rollouts.md
rollouts: servers
	$(GO) test -count=1 -v -timeout 180m -parallel 8 ./internal/rollouts -full -update

## rollout-load: 1,000 simulated instances on one etcd and one Consul; 10 minutes; writes docs/scale.md (BENCHFLAGS: -crowd 200 -store etcd)
rollout-load: servers
	$(GO) test -count=1 -timeout 60m -run "^$$" -bench "^BenchmarkLoad$$" -benchtime 1x ./internal/rollouts -update-scale $(BENCHFLAGS)

clean:
	rm -rf concierge
