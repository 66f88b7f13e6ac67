package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"okrbot/bot"
)

// tidyEnvironment takes off what a copy, a file or a Kubernetes secret leaves around values, and reads
// secrets that come as files. Notes are what an operator should know of, problems what has to be put
// right; no value is in either.
func tidyEnvironment() (notes, problems []string) {
	for _, name := range variables() {
		value, set := os.LookupEnv(name)
		if trimmed := trim(value); set && trimmed != value {
			os.Setenv(name, trimmed)
			if trimmed != "" {
				notes = append(notes, name+": white space around its value was taken off")
			}
		}
	}
	for _, name := range secretVariables() {
		file := trim(os.Getenv(name + "_FILE"))
		if file == "" {
			continue
		}
		if os.Getenv(name) != "" {
			problems = append(problems, name+"_FILE: "+name+" is set too; take one of them away")
			continue
		}
		value, err := readSecret(file)
		if err != nil {
			problems = append(problems, name+"_FILE: "+err.Error())
			continue
		}
		os.Setenv(name, value)
	}
	return append(notes, misspelt(os.Environ())...), problems
}

// trim takes off white space, and the marks that no editor shows.
func trim(value string) string {
	return strings.TrimFunc(value, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' })
}

// readSecret reads a file such as one of /run/secrets. Every editor ends it with a line break.
func readSecret(path string) (string, error) {
	const largest = 64 << 10
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("the file cannot be read: %w", unnamed(err))
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, largest+1))
	switch value := trim(string(raw)); {
	case err != nil:
		return "", fmt.Errorf("the file cannot be read: %w", unnamed(err))
	case len(raw) > largest:
		return "", errors.New("the file is too large for a secret; check the path")
	case value == "":
		return "", errors.New("the file is empty; write the value into it")
	case strings.ContainsRune(value, 0):
		return "", errors.New("the file is no text; check the path")
	default:
		return value, nil
	}
}

// unnamed is a file's error without its path.
func unnamed(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// variables are all that okrbot reads.
func variables() []string {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if name := field.Tag.Get("envconfig"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// misspelt names variables that are nearly ours. Others are none of our business.
func misspelt(environment []string) []string {
	known := variables()
	for _, name := range secretVariables() {
		known = append(known, name+"_FILE")
	}
	var notes []string
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if meant := closestTo(name, known); meant != "" {
			notes = append(notes, fmt.Sprintf("%s: okrbot knows no such variable. If %s is meant, rename it", name, meant))
		}
	}
	slices.Sort(notes)
	return notes
}

// closestTo is the known name that another one is a slip of the fingers from; empty when there is
// none, or when it is a known name itself.
func closestTo(name string, known []string) string {
	if slices.Contains(known, name) {
		return ""
	}
	plain := strings.TrimPrefix(strings.ReplaceAll(strings.ToUpper(name), "-", "_"), "OKRBOT_")
	closest, least := "", 3
	for _, k := range known {
		if d := bot.Distance(plain, k); d < least && d <= len(k)/4 {
			closest, least = k, d
		}
	}
	return closest
}
