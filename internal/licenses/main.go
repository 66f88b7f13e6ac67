// Command licenses writes THIRD_PARTY_LICENSES: what the binary is linked from, with each module's own
// licence and notices. It asks the go command, so it has them as the build does.
//
//	go run ./internal/licenses -write
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const file = "THIRD_PARTY_LICENSES"

func main() {
	write := flag.Bool("write", false, "write "+file+" instead of printing it")
	flag.Parse()
	text, err := collected(".")
	if err == nil && *write {
		err = os.WriteFile(file, text, 0o644)
	} else if err == nil {
		_, err = os.Stdout.Write(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "licenses:", err)
		os.Exit(1)
	}
}

// module is one that the binary is linked from.
type module struct {
	Path, Version, Dir string
	license            string // what it is called
	texts              []string
}

// platforms are those whose binaries are given out; some modules belong to one of them alone.
var platforms = []string{"linux", "darwin"}

// collected is the whole file for the program of a repository.
func collected(root string) ([]byte, error) {
	modules, err := linked(root)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "The okrbot binary is linked from the modules below and from Go's standard library and runtime, whose\nlicence is that of golang.org/x/text. None is changed: the sources of each are what\n`go mod download PATH@VERSION` brings. `make licenses` writes this file.\n\n")
	for _, m := range modules {
		if err := m.read(); err != nil {
			return nil, fmt.Errorf("%s %s: %w", m.Path, m.Version, err)
		}
		fmt.Fprintf(&out, "%-13s %s %s\n", m.license, m.Path, m.Version)
	}
	// Modules that share a text share its place.
	of := map[string][]string{}
	var order []string
	for _, m := range modules {
		for _, text := range m.texts {
			if of[text] == nil {
				order = append(order, text)
			}
			of[text] = append(of[text], m.Path)
		}
	}
	for _, text := range order {
		fmt.Fprintf(&out, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 100), strings.Join(of[text], "\n"), text)
	}
	return out.Bytes(), nil
}

// linked are the modules of the binary's packages, by their paths.
func linked(root string) ([]*module, error) {
	found := map[string]*module{}
	for _, platform := range platforms {
		cmd := exec.Command("go", "list", "-deps", "-json=Module", "./cmd/okrbot")
		cmd.Dir, cmd.Env = root, append(os.Environ(), "GOOS="+platform, "GOARCH=amd64", "CGO_ENABLED=0")
		var said bytes.Buffer
		cmd.Stderr = &said
		listed, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("asking go for the binary's packages: %w: %s", err, said.Bytes())
		}
		for packages := json.NewDecoder(bytes.NewReader(listed)); ; {
			var p struct {
				Module *struct {
					Path, Version, Dir string
					Main               bool
					Replace            *struct{ Path, Version, Dir string }
				}
			}
			if err := packages.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("reading the binary's packages: %w", err)
			}
			if p.Module == nil || p.Module.Main {
				continue // of Go itself, or ours
			}
			if p.Module.Replace != nil {
				return nil, fmt.Errorf("%s is replaced: say here whose licence counts", p.Module.Path)
			}
			found[p.Module.Path] = &module{Path: p.Module.Path, Version: p.Module.Version, Dir: p.Module.Dir}
		}
	}
	var modules []*module
	for _, m := range found {
		modules = append(modules, m)
	}
	slices.SortFunc(modules, func(a, b *module) int { return strings.Compare(a.Path, b.Path) })
	return modules, nil
}

var (
	licenses = regexp.MustCompile(`(?i)^(un)?licen[cs]es?([.-].*)?$|^copying([.-].*)?$`)
	notices  = regexp.MustCompile(`(?i)^notice([.-].*)?$`)
)

// read finds a module's licence and notices. One without a licence, or with one that nobody has read
// yet, is an error.
func (m *module) read() error {
	entries, err := os.ReadDir(m.Dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		license := licenses.MatchString(entry.Name())
		if entry.IsDir() || strings.HasSuffix(entry.Name(), ".go") || !license && !notices.MatchString(entry.Name()) {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(m.Dir, entry.Name()))
		if err != nil {
			return err
		}
		text := tidy(string(raw))
		if license && m.license == "" {
			m.license = called(text)
		}
		m.texts = append(m.texts, text)
	}
	if m.license == "" {
		return errors.New("it has no licence that is known here: read it, then add its words to this program")
	}
	return nil
}

// tidy keeps a text's words as they are, without what editors disagree on.
func tidy(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// called is the short name of a licence, by words that only it has.
func called(text string) string {
	words := strings.ToLower(strings.Join(strings.Fields(text), " "))
	for _, known := range []struct{ name, words string }{
		{"Apache-2.0", "apache license version 2.0"},
		{"MPL-2.0", "mozilla public license version 2.0"},
		{"MPL-2.0", "mozilla public license, version 2.0"},
		{"BSD-3-Clause", "neither the name of"},
		{"BSD-3-Clause", "neither the names of"},
		{"BSD-2-Clause", "redistributions in binary form must reproduce the above copyright notice"},
		{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose"},
		{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
	} {
		if strings.Contains(words, known.words) {
			return known.name
		}
	}
	return ""
}
