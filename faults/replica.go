package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"okrbot/internal/child"
)

// replica is one of the okrbots that run at once, again and again.
type replica struct {
	office  *office
	name    string
	listen  string
	ops     string
	gate    *gate
	log     string
	program string // which of two versions it is

	commits atomic.Int64 // how many it lives to see, where that is set

	freezes atomic.Pointer[string] // the query at whose answer it is frozen, where that is set
	frozen  chan struct{}          // hears that it was

	mu     sync.Mutex
	cmd    *exec.Cmd
	ended  chan struct{}
	status error // how it ended
	killed bool  // by us, since it was started
}

func (o *office) replica(name string) (*replica, error) {
	r := &replica{office: o, name: name, program: o.program, log: filepath.Join(o.dir, name+".log"), frozen: make(chan struct{}, 1)}
	var err error
	if r.listen, err = child.FreeAddress(); err == nil {
		r.ops, err = child.FreeAddress()
	}
	if err != nil {
		return nil, err
	}
	r.gate, err = openGate(o.socket, func() bool { return o.committed(r) }, r.asks)
	return r, err
}

// environment is what it is told: secrets come as files, so that none is in its environment.
func (r *replica) environment() []string {
	o := r.office
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + o.dir, "LISTEN_ADDR=" + r.listen, "OPS_ADDR=" + r.ops,
		fmt.Sprintf("DATABASE_URL=postgres://okrbot@127.0.0.1:%d/postgres?sslmode=disable", r.gate.port()),
		"ENCRYPTION_KEYSET_FILE=" + filepath.Join(o.dir, "keyset"), "SLACK_BOT_TOKEN_FILE=" + filepath.Join(o.dir, "token"),
		"SLACK_SIGNING_SECRET_FILE=" + filepath.Join(o.dir, "signing"), "SLACK_API_URL=" + o.chat.server.URL + "/api/",
		"SERVICENOW_EXTRA_HOSTS=" + o.systems[0].server.URL + "," + o.systems[1].server.URL,
	}
}

// start has it run, and returns when it is a process.
func (r *replica) start() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	log, err := os.OpenFile(r.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(r.program, "serve")
	cmd.Dir, cmd.Env, cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = r.office.dir, r.environment(), child.EndWithParent(), log, log
	ended, started := make(chan struct{}), make(chan error, 1)
	go func() {
		// Linux ends the program with the thread that started it, so that must live as long.
		runtime.LockOSThread()
		defer log.Close()
		err := cmd.Start()
		started <- err
		if err == nil {
			err = cmd.Wait()
			r.mu.Lock()
			r.status = err
			r.mu.Unlock()
			close(ended)
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("starting okrbot: %w", err)
	}
	r.cmd, r.ended, r.killed = cmd, ended, false
	return nil
}

// pid is the process, 0 when it is dead.
func (r *replica) pid() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.alive()
}

// alive is the process, 0 when it is dead. The replica is locked.
func (r *replica) alive() int {
	if r.cmd == nil {
		return 0
	}
	select {
	case <-r.ended:
		return 0
	default:
		return r.cmd.Process.Pid
	}
}

// signal says whether it lived to hear it.
func (r *replica) signal(s syscall.Signal) bool {
	pid := r.pid()
	return pid != 0 && syscall.Kill(pid, s) == nil
}

// freeze stops it, and says whether it lived to be.
func (r *replica) freeze() bool {
	stopped := r.signal(syscall.SIGSTOP)
	if stopped {
		r.office.note("frozen", r.name)
	}
	return stopped
}

// freezeAt stops it when a query of that name is answered, before it hears the answer, and says whether it came to
// that in time.
func (r *replica) freezeAt(query string, within time.Duration) bool {
	select {
	case <-r.frozen: // too late for the last time
	default:
	}
	r.freezes.Store(&query)
	defer r.freezes.Store(nil)
	select {
	case <-r.frozen:
		return true
	case <-time.After(within):
		return false
	}
}

// asks hears of each query that the replica asks.
func (r *replica) asks(query string) (answered func()) {
	at := r.freezes.Load()
	if at == nil || *at != query {
		return nil
	}
	return func() {
		if r.freezes.CompareAndSwap(at, nil) && r.freeze() {
			r.frozen <- struct{}{}
		}
	}
}

// kill ends it without a word.
func (r *replica) kill() bool {
	r.mu.Lock()
	pid := r.alive()
	killed := pid != 0 && syscall.Kill(pid, syscall.SIGKILL) == nil
	r.killed = r.killed || killed // before anybody sees that it has ended
	ended := r.ended
	r.mu.Unlock()
	if !killed {
		return false
	}
	<-ended
	r.office.note("SIGKILL", r.name)
	return true
}

// terminate ends it as a supervisor does, and is how long that took.
func (r *replica) terminate() (took time.Duration, err error) {
	began := time.Now()
	if !r.signal(syscall.SIGTERM) {
		return 0, nil
	}
	r.office.note("SIGTERM", r.name)
	select {
	case <-r.ended:
	case <-time.After(25 * time.Second):
		r.kill()
		return time.Since(began), fmt.Errorf("%s lived 25 s after SIGTERM", r.name)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status != nil {
		err = fmt.Errorf("%s ended with %w after SIGTERM", r.name, r.status)
	}
	return time.Since(began), err
}

// ready waits until it can do its work.
func (r *replica) ready(ctx context.Context) error {
	client := http.Client{Timeout: time.Second}
	for began := time.Now(); time.Since(began) < time.Minute && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if r.pid() == 0 {
			r.mu.Lock()
			killed := r.killed // at a point that it came to already
			r.mu.Unlock()
			if !killed {
				return fmt.Errorf("%s ended by itself; see %s", r.name, r.log)
			}
			if err := r.start(); err != nil {
				return err
			}
		}
		resp, err := client.Get("http://" + r.listen + "/readyz")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
	return fmt.Errorf("%s was not ready after a minute", r.name)
}
