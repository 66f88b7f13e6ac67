package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Where is the folder that Start keeps the data of dir in: dir itself, or another one where the
// account that Postgres runs as could not reach it.
func Where(opts Options) (string, error) {
	as, err := account()
	if err != nil {
		return "", err
	}
	return where(opts.quiet(), as)
}

// ErrSilent says that a Postgres runs and does not answer.
var ErrSilent = errors.New("does not answer: it is just starting, or it hangs")

// silentAfter is how long one is waited for that another process runs. Whoever waits is a person at a command.
const silentAfter = 20 * time.Second

// Running is the address of the Postgres that another process runs on the data of a folder, by the
// files that it keeps there; "" when none does. One that is just starting is waited for, for twenty seconds:
// then it is ErrSilent.
func Running(ctx context.Context, opts Options) (dsn string, err error) {
	return runningWithin(ctx, opts, silentAfter)
}

func runningWithin(ctx context.Context, opts Options, within time.Duration) (dsn string, err error) {
	dir, err := Where(opts)
	if err != nil {
		return "", err
	}
	for began := time.Now(); running(dir) != 0; {
		raw, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
		// Process id, folder, start, port, the sockets' folder: see Postgres's miscadmin.h.
		if lines := strings.Split(string(raw), "\n"); err == nil && len(lines) > 5 && lines[4] != "" && answers(filepath.Join(lines[4], ".s.PGSQL.5432")) {
			return address(lines[4]), nil
		}
		if time.Since(began) > within {
			return "", fmt.Errorf("the Postgres that another okrbot runs on %s %w", dir, ErrSilent)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return "", nil
}

// begin waits for another process that begins on a folder: two would make its data at once. Their common
// parent is what they lock, as far as it can be opened, since the folder itself is made aside and put in
// place.
func begin(ctx context.Context, dir string, opts Options) (begun func(), err error) {
	parent, err := os.Open(filepath.Dir(dir))
	if err != nil {
		return func() {}, nil
	}
	begun, err = hold(ctx, parent, func() { opts.tell("waiting for another okrbot that starts on %s", dir) })
	if err != nil {
		return nil, fmt.Errorf("waiting for another process that makes the data folder: %w", err)
	}
	return begun, nil
}

// InUse says that another process runs Postgres on a folder.
type InUse struct {
	Dir string
	PID int // of that Postgres
}

func (u *InUse) Error() string {
	return fmt.Sprintf("another okrbot uses the data in %s: its Postgres is process %d. Stop that one first, or set DATA_DIR to another folder", u.Dir, u.PID)
}

// address is the socket's folder in libpq's words, in which a blank ends a value that is not quoted.
func address(socket string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(socket)
	return fmt.Sprintf("host='%s' user=okrbot dbname=postgres sslmode=disable", quoted)
}

// Client is a program such as pg_dump of a major version of Postgres. The fetched build has none.
func Client(name string, major int) (string, error) {
	var candidates []string
	for _, bin := range installed() {
		candidates = append(candidates, filepath.Join(bin, name))
	}
	for _, pattern := range placesOfPrograms {
		found, _ := filepath.Glob(filepath.Join(pattern, name)) // the patterns are constants and well formed
		candidates = append(candidates, found...)
	}
	for _, pattern := range []string{"/opt/homebrew/opt/libpq/bin", "/usr/local/opt/libpq/bin"} {
		candidates = append(candidates, filepath.Join(pattern, name))
	}
	if path, err := exec.LookPath(name); err == nil {
		candidates = append(candidates, path)
	}
	for _, path := range candidates {
		out, err := exec.Command(path, "--version").Output()
		if err == nil && version(string(out)) == major {
			return path, nil
		}
	}
	return "", fmt.Errorf("this needs %[1]s of Postgres %[2]d, and this machine has none. Install it: `apt-get install postgresql-client-%[2]d` or `brew install postgresql@%[2]d`", name, major)
}

// Environment is for such a program: next to nothing, so that no setting of somebody's sends it
// elsewhere.
func Environment() []string { return environment() }
