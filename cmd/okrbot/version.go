package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// stamped is the version where the build says it, since it has no repository to read it from:
// go build -ldflags "-X main.stamped=v0.2.0".
var stamped string

type versionCommand struct{}

// Run prints what --version prints.
func (versionCommand) Run(in *invocation) error {
	fmt.Fprintln(in.out, "okrbot", builtFrom())
	return nil
}

// build is what a binary was made from.
type build struct {
	version   string // a release's, or the one that Go derives from the commit
	revision  string // the commit; empty where it is not known
	modified  bool   // the sources were not those of the commit
	goVersion string
}

func (b build) String() string {
	commit := ""
	if b.revision != "" {
		commit = "commit " + b.revision[:min(len(b.revision), 12)]
		if b.modified {
			commit += " and changes"
		}
		commit += ", "
	}
	return fmt.Sprintf("%s (%s%s, %s/%s)", b.version, commit, b.goVersion, runtime.GOOS, runtime.GOARCH)
}

// builtFrom is what this binary was made from.
func builtFrom() build {
	b := build{version: stamped, goVersion: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.version = cmp.Or(b.version, strings.TrimSuffix(info.Main.Version, "+dirty"))
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.revision = s.Value
			case "vcs.modified":
				b.modified = s.Value == "true"
			}
		}
	}
	b.version = cmp.Or(b.version, "(devel)")
	return b
}
