package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// machine says what was measured on, and what else it was doing.
func machine(ctx context.Context, b *bench) string {
	version := "an unknown Postgres"
	if conn, err := pgx.Connect(ctx, b.server.DSN()); err == nil {
		_ = conn.QueryRow(ctx, "select 'Postgres ' || current_setting('server_version')").Scan(&version)
		conn.Close(ctx)
	}
	said := fmt.Sprintf("%d cores, %s, %s, fsync on, every setting Postgres' own", runtime.NumCPU(), runtime.Version(), version)
	if raw, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ := strings.Cut(string(raw), " ")
		said += "; load " + load + " at the beginning"
	}
	if b.quick {
		said += "; QUICK: small worlds, which the goals are not for"
	}
	return said + "."
}

// stat is what /proc says of a process: its parent, and the CPU time of it and of its children that
// have ended.
func stat(pid int) (parent int, used time.Duration, err error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, fmt.Errorf("reading the CPU time of a process, which takes Linux: %w", err)
	}
	// The name is in parentheses and may hold anything.
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	if len(fields) < 15 {
		return 0, 0, errors.New("reading the CPU time of a process: it has too few fields")
	}
	parent, err = strconv.Atoi(fields[1])
	ticks := 0
	for _, field := range fields[11:15] {
		n, _ := strconv.Atoi(field)
		ticks += n
	}
	const tick = 10 * time.Millisecond // sysconf(_SC_CLK_TCK) is 100 wherever Go runs on Linux
	return parent, time.Duration(ticks) * tick, err
}

// family is the CPU time of a process and all its children, also of those that have ended.
func family(pid int) (time.Duration, error) {
	_, used, err := stat(pid)
	if err != nil {
		return 0, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, fmt.Errorf("listing processes: %w", err)
	}
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if parent, of, err := stat(child); err == nil && parent == pid {
			used += of
		}
	}
	return used, nil
}

// peak is the most memory that a process ever had resident, in MiB.
func peak(pid int) (float64, error) { return memory(pid, "VmHWM:") }

// resident is the memory that a process has resident now, in MiB.
func resident(pid int) (float64, error) { return memory(pid, "VmRSS:") }

func memory(pid int, line string) (float64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the memory of a process, which takes Linux: %w", err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), line); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib / 1024, err
		}
	}
	return 0, errors.New("reading the memory of a process: it says none")
}

// burning is the word by which this program is told to keep the machine busy.
const burning = "burn"

// burn keeps every core busy until its parent closes its standard input, or ends.
func burn() {
	for range runtime.NumCPU() {
		go func() {
			for n := uint64(1); n != 0; n = n*6364136223846793005 + 1442695040888963407 {
			}
		}()
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// load keeps every core of the machine busy beside what is measured, until it is ended.
func load(ctx context.Context) (end func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, burning)
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("loading the machine: %w", err)
	}
	return func() {
		in.Close()
		_ = cmd.Wait()
	}, nil
}

// far is the address of a Postgres as it is across a network: each round trip to it takes so much
// longer, half of it on the way there.
func far(ctx context.Context, dsn string, roundTrip time.Duration) (string, func(), error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return "", nil, fmt.Errorf("reading the address of Postgres: %w", err)
	}
	socket := filepath.Join(config.Host, fmt.Sprintf(".s.PGSQL.%d", config.Port))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listening: %w", err)
	}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go relay(ctx, near, socket, roundTrip/2)
		}
	}()
	at := listener.Addr().(*net.TCPAddr)
	return fmt.Sprintf("host=127.0.0.1 port=%d user=%s dbname=%s sslmode=disable", at.Port, config.User, config.Database),
		func() { _ = listener.Close() }, nil
}

func relay(ctx context.Context, near net.Conn, socket string, oneWay time.Duration) {
	away, err := net.Dial("unix", socket)
	if err != nil {
		near.Close()
		return
	}
	stop := context.AfterFunc(ctx, func() { near.Close(); away.Close() })
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{near, away}, {away, near}} {
		go func() {
			carry(way[0], way[1], oneWay)
			done <- struct{}{}
		}()
	}
	<-done
	near.Close()
	away.Close()
	<-done
	stop()
}

// carry takes bytes from one connection to another. They are under way for a while, however many
// follow them: only the way is long, not narrow.
func carry(from, to net.Conn, oneWay time.Duration) {
	type packet struct {
		due   time.Time
		bytes []byte
	}
	road := make(chan packet, 1024)
	go func() {
		defer close(road)
		for {
			buffer := make([]byte, 32<<10)
			n, err := from.Read(buffer)
			if n > 0 {
				road <- packet{time.Now().Add(oneWay), buffer[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range road {
		time.Sleep(time.Until(p.due))
		if _, err := to.Write(p.bytes); err != nil {
			from.Close()
			for range road { // so that the reader ends
			}
			return
		}
	}
}
