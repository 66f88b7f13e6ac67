package main

import (
	"fmt"
	"strings"

	"okrbot/jobs"
	"okrbot/sheet"
	"okrbot/store"
)

type exportCommand struct {
	JSON      bool   `name:"json" help:"Write JSON instead of CSV."`
	Workspace string `help:"Slack's id of the workspace, such as T012AB3CD; needed where there are several." placeholder:"T…"`
}

// Run writes a workspace's objectives and key results to standard output and nothing else.
func (e exportCommand) Run(in *invocation) error {
	s, _, done, err := openStore(in)
	if err != nil {
		return err
	}
	defer done()
	workspace, err := chooseWorkspace(in, s, e.Workspace)
	if err != nil {
		return err
	}
	writer := sheet.CSV
	if e.JSON {
		writer = sheet.JSON
	}
	_, err = jobs.WriteExport(in.ctx, s, workspace, nil, writer(in.out))
	return err
}

// openStore opens the configured database for a command that may work beside replicas that serve.
func openStore(in *invocation) (s *store.Store, config Config, done func(), err error) {
	config, err = loadConfig(forKeys)
	if err != nil {
		return nil, config, nil, err
	}
	database, err := openDatabase(in.ctx, config, logger(config))
	if err != nil {
		return nil, config, nil, err
	}
	defer func() {
		if err != nil {
			database.Close()
		}
	}()
	keys, err := config.Keyset()
	if err != nil {
		return nil, config, nil, err
	}
	pool, err := store.Open(in.ctx, database.dsn, 2)
	if err != nil {
		return nil, config, nil, err
	}
	done = func() {
		pool.Close()
		database.Close()
	}
	if err := store.Migrated(in.ctx, pool); err != nil {
		pool.Close()
		return nil, config, nil, fmt.Errorf("%w; run `okrbot migrate` first", err)
	}
	return store.New(pool, keys), config, done, nil
}

// chooseWorkspace is the workspace that was named, or the only one that there is.
func chooseWorkspace(in *invocation, s *store.Store, named string) (string, error) {
	all, err := s.Workspaces(in.ctx)
	if err != nil {
		return "", err
	}
	var known []string
	for _, w := range all {
		if w.ID == named || named == "" && len(all) == 1 {
			return w.ID, nil
		}
		known = append(known, w.ID+" ("+w.Name+")")
	}
	switch {
	case len(all) == 0:
		return "", fmt.Errorf("there is no workspace yet. Start `okrbot serve` once, so that Slack says which one it is")
	case named == "":
		return "", fmt.Errorf("there are several workspaces. Choose one with --workspace: %s", strings.Join(known, ", "))
	}
	return "", fmt.Errorf("there is no workspace %s. Choose one of %s", named, strings.Join(known, ", "))
}
