package main

import (
	"fmt"
	"strings"

	"okrbot/jobs"
	"okrbot/secret"
	"okrbot/sheet"
	"okrbot/store"
)

type exportCommand struct {
	JSON      bool   `name:"json" xor:"what" help:"Write JSON instead of CSV."`
	History   bool   `xor:"what" help:"Write readings, check-ins and values by hand instead, as a CSV to import after the other one."`
	Workspace string `help:"Slack's id of the workspace, such as T012AB3CD; needed where there are several." placeholder:"T…"`
}

// Run writes a workspace's objectives and key results, or their history, to standard output and
// nothing else. What is not in the file is said beside it.
func (e exportCommand) Run(in *invocation) error {
	s, _, done, err := openStore(in, func(c Config) (*secret.Keyset, error) { return keysOrNone(c, in.notes()) })
	if err != nil {
		return err
	}
	defer done()
	workspace, err := chooseWorkspace(in, s, e.Workspace)
	if err != nil {
		return err
	}
	if e.History {
		h := sheet.HistoryCSV(in.out)
		if err := s.EachEntry(in.ctx, workspace, h.Write); err != nil {
			return err
		}
		fmt.Fprintln(in.notes(), "Import it after the key results themselves: `okrbot export` writes those. "+staysBehind)
		return h.Close()
	}
	writer := sheet.CSV
	if e.JSON {
		writer = sheet.JSON
	}
	if _, err = jobs.WriteExport(in.ctx, s, workspace, nil, writer(in.out)); err != nil {
		return err
	}
	fmt.Fprintln(in.notes(), "Readings, check-ins and values by hand are not in it: `okrbot export --history` writes those. "+staysBehind)
	return nil
}

// staysBehind is what neither file has.
const staysBehind = "Connections with their sign-ins, how objectives were closed out, subscriptions, and who changed what are in neither."

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
