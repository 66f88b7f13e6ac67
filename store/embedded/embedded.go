// Package embedded runs a real Postgres for one folder of data, from the machine's own programs or
// from a pinned build that it fetches once.
//
// It listens on a unix socket only, keeps its data between runs, and never deletes any: a folder
// of another version of Postgres is refused.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Options say where the data is and how it is run.
type Options struct {
	Dir    string // of the data; made when missing
	Logger *slog.Logger
	Fsync  bool // false only where losing data does not matter: in tests
	// Tell hears what is being done, as it is done; nil: nobody does.
	Tell func(doing string)
	// Repository is the Maven repository from which programs are fetched; empty: POSTGRES_REPOSITORY,
	// else Maven's own.
	Repository string
	// Progress hears how many bytes of how many were fetched; total is 0 or less where nobody knows.
	Progress func(done, total int64)
}

// quiet has a logger in any case.
func (o Options) quiet() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func (o Options) tell(format string, values ...any) {
	if o.Tell != nil {
		o.Tell(fmt.Sprintf(format, values...))
	}
}

// Server is a running Postgres.
type Server struct {
	dir    string
	socket string
	done   chan struct{} // closed when the postmaster has ended
	cmd    *exec.Cmd
	said   *tail
	once   sync.Once
}

// startWithin bounds the time from launch to the first connection; recovery after a crash is
// part of it.
const startWithin = 60 * time.Second

// Start runs Postgres on opts.Dir and returns when it accepts connections. A second Start on the
// same folder while the first one lives is refused. ctx bounds the start alone: who is asked to stop
// still needs the database for a while. It ends with Stop, and with this process, however that ends.
func Start(ctx context.Context, opts Options) (*Server, error) {
	opts = opts.quiet()
	as, err := account()
	if err != nil {
		return nil, err
	}
	dir, err := where(opts, as)
	if err != nil {
		return nil, err
	}
	bin, err := programs(ctx, dir, as, opts)
	if err != nil {
		return nil, err
	}
	dir, err = place(dir, as)
	if err != nil {
		return nil, err
	}
	begun, err := begin(ctx, dir, opts)
	if err != nil {
		return nil, err
	}
	defer begun()
	if err := initialise(ctx, bin, dir, as, opts); err != nil {
		return nil, err
	}
	if err := sameVersion(bin, dir); err != nil {
		return nil, err
	}
	if err := nobodyElse(ctx, dir, opts); err != nil {
		return nil, err
	}
	socket, err := socketFolder(dir, as)
	if err != nil {
		return nil, err
	}
	opts.tell("starting Postgres from %s", bin)
	return launch(ctx, bin, dir, socket, as, opts)
}

// DSN is the address of the server's database, for pgx.
func (s *Server) DSN() string {
	return address(s.socket)
}

// Stop ends the server and waits for it. What was committed is kept.
func (s *Server) Stop() {
	s.once.Do(func() {
		// SIGINT is Postgres's fast shutdown: it ends sessions and leaves a clean folder.
		_ = s.cmd.Process.Signal(syscall.SIGINT)
		select {
		case <-s.done:
		case <-time.After(20 * time.Second):
			_ = s.cmd.Process.Signal(syscall.SIGQUIT)
			<-s.done
		}
		if s.socket != s.dir {
			os.RemoveAll(s.socket)
		}
	})
}

// Done is closed when the server has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.done }

// Ending is how a server that has ended did so, and the last that it said.
func (s *Server) Ending() string {
	how := s.cmd.ProcessState.String()
	if last := lastLine(s.said.String()); last != "" {
		how += "; the last that it said: " + last
	}
	return how
}

// programs is the folder of postgres and initdb that fits the data: of PATH, or the newest
// installed, or of the version that the data is of. Where there is none, a build is fetched.
func programs(ctx context.Context, dir string, as *syscall.Credential, opts Options) (string, error) {
	have := installed()
	raw, err := os.ReadFile(filepath.Join(dir, "PG_VERSION"))
	if of := strings.TrimSpace(string(raw)); err == nil && len(have) > 0 {
		for _, bin := range have {
			if v, err := versionOf(bin); err == nil && strconv.Itoa(v) == of {
				return bin, nil
			}
		}
		if of != strconv.Itoa(fetchedMajor) {
			return have[0], nil // sameVersion says what is wrong
		}
	}
	if len(have) > 0 && err != nil {
		return have[0], nil
	}
	return fetched(ctx, as, opts)
}

// placesOfPrograms are where packages put them.
var placesOfPrograms = []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin"}

// installed are the folders of postgres and initdb on this machine: that of PATH, then the newest.
func installed() []string {
	var found []string
	for _, pattern := range placesOfPrograms {
		folders, _ := filepath.Glob(pattern) // the patterns are constants and well formed
		for _, folder := range folders {
			_, server := os.Stat(filepath.Join(folder, "postgres"))
			if _, err := os.Stat(filepath.Join(folder, "initdb")); err == nil && server == nil {
				found = append(found, folder)
			}
		}
	}
	sort.Slice(found, func(i, j int) bool { return version(found[i]) > version(found[j]) })
	if path, err := exec.LookPath("postgres"); err == nil {
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), "initdb")); err == nil {
			found = append([]string{filepath.Dir(path)}, found...)
		}
	}
	return found
}

// version is the first number in a folder's name: 15 of /usr/lib/postgresql/15/bin.
func version(folder string) int {
	digits := strings.FieldsFunc(folder, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(digits[0]) // digits only
	return n
}

func initialise(ctx context.Context, bin, dir string, as *syscall.Credential, opts Options) error {
	if _, err := os.Stat(filepath.Join(dir, "PG_VERSION")); err == nil {
		return nil
	}
	opts.tell("making a database in %s", dir)
	// initdb into a folder beside it and a rename: a killed initdb leaves nothing half-made.
	fresh := dir + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("clearing an unfinished data folder: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	if as != nil {
		if err := os.Chown(fresh, int(as.Uid), int(as.Gid)); err != nil {
			return fmt.Errorf("giving the data folder to its user: %w", err)
		}
	}
	args := []string{"-D", fresh, "-U", "okrbot", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"}
	if !opts.Fsync {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), args...)
	cmd.Dir = "/"
	cmd.Env = environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making the data folder with initdb: %w: %s", err, lastLine(string(out)))
	}
	if err := os.Remove(dir); err != nil {
		return fmt.Errorf("making the data folder %s: it holds something that is not a database: %w", dir, err)
	}
	return os.Rename(fresh, dir)
}

func sameVersion(bin, dir string) error {
	raw, err := os.ReadFile(filepath.Join(dir, "PG_VERSION"))
	if err != nil {
		return fmt.Errorf("reading the data folder's version: %w", err)
	}
	have, err := versionOf(bin)
	if err != nil {
		return err
	}
	if of := strings.TrimSpace(string(raw)); strconv.Itoa(have) != of {
		return fmt.Errorf("the data in %s is of Postgres %s, but this machine runs %d. Nothing was changed. Install Postgres %s, or move the data with pg_upgrade", dir, of, have, of)
	}
	return nil
}

// versionOf is the major version of a folder's programs.
func versionOf(bin string) (int, error) {
	out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("asking postgres for its version: %w", err)
	}
	return version(string(out)), nil
}

// nobodyElse waits a moment for the server of a killed parent to end, and refuses a folder whose
// server lives on. Postgres itself removes a stale postmaster.pid.
func nobodyElse(ctx context.Context, dir string, opts Options) error {
	var pid int
	for n := range 100 {
		if pid = running(dir); pid == 0 {
			return nil
		}
		if n == 10 {
			opts.tell("waiting for the Postgres that another okrbot runs on %s to end", dir)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return &InUse{Dir: dir, PID: pid}
}

// running is the process id of the folder's live postmaster, else 0.
func running(dir string) int {
	raw, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 {
		return 0
	}
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return 0
	}
	// Process ids are used again: only a process named postgres is one.
	if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err == nil && !strings.HasPrefix(string(name), "postgres") {
		return 0
	}
	return pid
}

func launch(ctx context.Context, bin, dir, socket string, as *syscall.Credential, opts Options) (*Server, error) {
	args := []string{"-D", dir, "-k", socket, "-c", "listen_addresses=", "-c", "unix_socket_permissions=0700",
		"-c", "max_connections=200", "-c", "log_min_messages=fatal", "-c", "logging_collector=off"}
	if !opts.Fsync {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	cmd := exec.Command(filepath.Join(bin, "postgres"), args...)
	cmd.Dir = "/"
	cmd.Env = environment()
	said := &tail{}
	cmd.Stderr = said
	cmd.Stdout = io.Discard
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true}
	dieWithParent(cmd.SysProcAttr)

	s := &Server{dir: dir, socket: socket, done: make(chan struct{}), cmd: cmd, said: said}
	started := make(chan error, 1)
	go func() {
		// Linux sends the child its signal when the thread that started it ends, so this thread
		// must live as long as the child does.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(s.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting postgres: %w", err)
	}
	if err := s.ready(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// ready waits until the server answers on its socket.
func (s *Server) ready(ctx context.Context) error {
	limit := time.After(startWithin)
	for {
		if answers(filepath.Join(s.socket, ".s.PGSQL.5432")) {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("postgres ended at its start: %s", lastLine(s.said.String()))
		case <-limit:
			return fmt.Errorf("postgres did not answer within %s: %s", startWithin, lastLine(s.said.String()))
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// answers says whether a session can begin: while Postgres starts up or recovers it accepts and
// then refuses, so a first message is exchanged.
func answers(socket string) bool {
	conn, err := net.DialTimeout("unix", socket, time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	body := "\x00\x03\x00\x00user\x00okrbot\x00database\x00postgres\x00\x00"
	packet := append([]byte{0, 0, 0, byte(len(body) + 4)}, body...)
	if _, err := conn.Write(packet); err != nil {
		return false
	}
	kind := make([]byte, 1)
	if _, err := io.ReadFull(conn, kind); err != nil {
		return false
	}
	return kind[0] == 'R' // an authentication message; 'E' is "the database system is starting up"
}

// environment is next to nothing: the server inherits no secret of ours.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}

func lastLine(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
}

// tail keeps the end of what a process says.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if len(t.buf) > 4096 {
		t.buf = t.buf[len(t.buf)-4096:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
