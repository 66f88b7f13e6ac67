# Everything a developer runs, with what it does. `make` alone lists it.
# The tools are pinned in tools/go.mod.

.PHONY: help
help: ## list what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: sandbox
sandbox: ## the whole product in a browser, with no account anywhere
	go run ./cmd/okrbot sandbox

.PHONY: test
test: ## every test; starts its own Postgres, Slack and ServiceNow
	go test ./...

.PHONY: race
race: ## every test under the race detector, as CI does
	go test -race -timeout 20m ./...

.PHONY: lint
lint: ## formatting, vet and staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	go tool -modfile=tools/go.mod staticcheck ./...

.PHONY: golden
golden: ## write the Slack payloads under bot/view/testdata again; read the diff
	go test ./bot/view -update

.PHONY: generate
generate: ## write store/queries again from its SQL
	go -C tools tool sqlc generate -f ../store/sqlc.yaml

.PHONY: licenses
licenses: ## write THIRD_PARTY_LICENSES again from what the binary is linked from
	go run ./internal/licenses -write

.PHONY: tidy
tidy: ## go mod tidy, in every module
	for module in . tools deploy/check; do go -C $$module mod tidy || exit 1; done

.PHONY: deploy
deploy: ## what is under deploy/, by its own tools where they are here
	.ci/deploy

.PHONY: bench
bench: ## the table of the README, measured in one run: about half an hour
	go run ./internal/bench

.PHONY: bench-large
bench-large: ## the same of a million key results; may take an hour
	go run ./internal/bench -large

.PHONY: faults
faults: ## processes, Postgres and Slack fail thousands of times, and nothing is lost: about an hour
	go run ./faults -offices 4 -write docs/reliability.md

.PHONY: mutants
mutants: ## the code broken in a dozen ways, each of which a test must notice
	faults/mutants/run

FUZZTIME ?= 10m

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME, ten minutes where it is not said
	@for pkg in $$(grep -rl --include='*_test.go' 'func Fuzz' . | xargs -n1 dirname | sort -u); do \
	  for target in $$(grep -ho 'func Fuzz[A-Za-z]*' $$pkg/*_test.go | cut -c6-); do \
	    echo "$$target of $$pkg for $(FUZZTIME)"; \
	    go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done; \
	done

.PHONY: soak
soak: ## the long form of what `make test` samples: time zones, crowds, outages, history, keys turned under load
	SOAK=1 go test -p 1 -parallel 1 -timeout 2h -v ./okr ./bot ./jobs ./cmd/okrbot \
	  -run 'World|Crowd|StopsAt|ARekeyThatIsKilled|SlowedChannels|ThroughAnOutage|PilesUp|BackAndForth|MadeUpFor|LeadersChange|HistoryCosts|Metrics'
