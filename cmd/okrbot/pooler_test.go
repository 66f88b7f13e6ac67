package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/store"
)

// pooled runs PgBouncer before the office's database, and is its address; others are more databases by
// name. Where PgBouncer is missing the test is skipped, and says so.
func (o *office) pooled(mode string, size int, others ...string) (dsn string) {
	o.t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // on the PATH of root alone
	}
	if _, err := os.Stat(program); err != nil {
		if os.Getenv("CI") != "" {
			o.t.Fatal("there is no PgBouncer")
		}
		fmt.Fprintf(os.Stderr, "SKIPPED %s: there is no PgBouncer. `apt-get install pgbouncer` brings it\n", o.t.Name())
		o.t.Skip("there is no PgBouncer")
	}
	dir := folder(o.t)
	port := ports(o.t)
	settings := "[databases]\n"
	for _, name := range append(others, "postgres") {
		settings += fmt.Sprintf("%s = host=%s user=okrbot dbname=%s\n", name, o.postgres(), name)
	}
	settings += fmt.Sprintf("[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\nauth_type = any\npool_mode = %s\ndefault_pool_size = %d\nmax_client_conn = 200\n", port, mode, size)
	path := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(path, []byte(settings), 0o644); err != nil {
		o.t.Fatal(err)
	}
	cmd := exec.Command(program, path)
	said := &complaint{}
	cmd.Dir, cmd.Stderr = "/", said
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: ownerOf(o.t, o.postgres())}
	if err := cmd.Start(); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			break
		}
		if time.Since(began) > patience {
			o.t.Fatalf("PgBouncer does not listen: %s", said)
		}
	}
	return "postgres://okrbot@" + address + "/postgres?sslmode=disable"
}

// ownerOf is who a folder belongs to, to run a program as; nil when that is who runs the test.
func ownerOf(t *testing.T, dir string) *syscall.Credential {
	t.Helper()
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if me, err := user.Current(); err != nil || !ok || me.Uid == fmt.Sprint(stat.Uid) {
		return nil
	}
	return &syscall.Credential{Uid: stat.Uid, Gid: stat.Gid, NoSetGroups: true}
}

// leftBehind looks into each of the pooler's sessions for what belongs to no client.
func (o *office) leftBehind(dsn string, sessions int) {
	o.t.Helper()
	ctx := context.Background()
	seen := map[uint32]bool{}
	for range sessions { // each is held until all were looked into
		config, err := pgx.ParseConfig(dsn)
		if err != nil {
			o.t.Fatal(err)
		}
		config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			o.t.Fatal(err)
		}
		defer conn.Close(ctx)
		tx, err := conn.Begin(ctx)
		if err != nil {
			o.t.Fatal(err)
		}
		var pid uint32
		var left string
		err = tx.QueryRow(ctx, `
			select pg_backend_pid(), concat_ws(' ',
			  (select string_agg(name || '=' || setting, ' ') from pg_settings where source = 'session' and name ~ 'timeout|tcp_|read_only|search_path'),
			  (select string_agg(statement, ' ') from pg_prepared_statements),
			  (select 'advisory lock ' || max(objid) from pg_locks where locktype = 'advisory'),
			  (select string_agg(channel, ' ') from pg_listening_channels() as channel))`).Scan(&pid, &left)
		if err != nil {
			o.t.Fatal(err)
		}
		seen[pid] = true
		if left != "" {
			o.t.Errorf("left behind in a session: %s", left)
		}
	}
	if len(seen) != sessions {
		o.t.Errorf("%d sessions were looked into, of %d", len(seen), sessions)
	}
}

// Through a pooler in transaction mode, with the direct address beside, all works, and nothing stays in
// the sessions that others get next.
func TestAPoolerInTransactionMode(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.outer()
	const sessions = 4 // of all clients together
	dsn := o.pooled("transaction", sessions)
	if mode, err := store.FindPoolMode(t.Context(), dsn); err != nil || mode != store.TransactionPool {
		t.Fatalf("the way is taken for %d: %v", mode, err)
	}
	o.environment = append(o.environment, "DATABASE_URL="+dsn, "DATABASE_DIRECT_URL="+o.dsn()+" application_name=direct")
	s := o.serve()
	s.says("okrbot is ready")
	s.becomes(http.StatusOK, "ready")
	for range 3 {
		s.goesOn("the start")
	}
	if out, code := o.runs("export"); code != 0 || strings.Count(out, "Fewer open incidents") != officeKeyResults {
		t.Errorf("export: %d %s", code, out)
	}
	if out, code := o.runs("keys", "rekey"); code != 0 {
		t.Errorf("rekey: %d %s", code, out)
	}
	var listening int
	o.asks("select count(*) from pg_stat_activity where application_name = 'direct'", &listening)
	if listening == 0 {
		t.Error("nobody listens past the pooler")
	}
	s.stop()
	o.leftBehind(dsn, sessions)
}

// asks one value of the database.
func (o *office) asks(sql string, into any) {
	o.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, o.dsn())
	if err != nil {
		o.t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, sql).Scan(into); err != nil {
		o.t.Fatal(err)
	}
}

// With the pooled address alone, or with addresses that do not belong together, it says in one sentence
// what is missing, and touches nothing.
func TestAPoolerAloneIsRefusedBeforeAnythingIsTouched(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.outer()
	o.administers("create database new")
	dsn := o.pooled("transaction", 4, "new")
	fresh := strings.Replace(dsn, "/postgres?", "/new?", 1)
	before := o.environment
	for name, c := range map[string]struct {
		environment []string
		says        string
	}{
		"alone, on data":     {[]string{"DATABASE_URL=" + dsn}, "DATABASE_DIRECT_URL: it is needed here, since DATABASE_URL goes through a pooler in transaction mode"},
		"alone, new":         {[]string{"DATABASE_URL=" + fresh}, "DATABASE_DIRECT_URL: it is needed here, since DATABASE_URL goes through a pooler in transaction mode"},
		"both pooled":        {[]string{"DATABASE_URL=" + fresh, "DATABASE_DIRECT_URL=" + fresh}, "DATABASE_DIRECT_URL: it goes through a pooler in transaction mode too"},
		"another database":   {[]string{"DATABASE_URL=" + fresh, "DATABASE_DIRECT_URL=" + o.dsn()}, "DATABASE_DIRECT_URL: it leads to another database"},
		"two without pooler": {[]string{"DATABASE_URL=" + o.dsn() + " dbname=new", "DATABASE_DIRECT_URL=" + o.dsn()}, "DATABASE_DIRECT_URL: it leads to another database"},
	} {
		o.environment = append(before[:len(before):len(before)], c.environment...)
		for _, command := range []string{"serve", "migrate"} {
			out, code := o.runs(command)
			if code != 78 || !strings.Contains(out, c.says) || strings.Contains(out, "127.0.0.1") || strings.Contains(out, "level=ERROR") {
				t.Errorf("%s, %s: %d %s", name, command, code, out)
			}
		}
	}
	var tables int
	conn, err := pgx.Connect(t.Context(), o.dsn()+" dbname=new")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), "select count(*) from pg_class where relnamespace = 'public'::regnamespace").Scan(&tables); err != nil || tables > 0 {
		t.Errorf("%d tables were made: %v", tables, err)
	}
	o.leftBehind(fresh, 2)
	o.leftBehind(dsn, 2)
}

// A pooler that leaves each session to its client is as good as none.
func TestAPoolerInSessionMode(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.outer()
	dsn := o.pooled("session", 60)
	if mode, err := store.FindPoolMode(t.Context(), dsn); err != nil || mode != store.SessionPool {
		t.Fatalf("the way is taken for %d: %v", mode, err)
	}
	o.environment = append(o.environment, "DATABASE_URL="+dsn)
	s := o.serve()
	s.says("okrbot is ready")
	s.goesOn("the start")
	s.stop()
	// One that has a single session to give is not taken for one that shares it.
	narrow := o.pooled("session", 1)
	if mode, err := store.FindPoolMode(t.Context(), narrow); err != nil || mode != store.SessionPool {
		t.Errorf("the way is taken for %d: %v", mode, err)
	}
}

// What a pooler shares is found out also where it has one session only, or gives them in turn.
func TestThePoolersWayIsFound(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.outer()
	for _, size := range []int{1, 2, 20} {
		dsn := o.pooled("transaction", size)
		for range 5 {
			if mode, err := store.FindPoolMode(t.Context(), dsn); err != nil || mode != store.TransactionPool {
				t.Errorf("%d sessions: the way is taken for %d: %v", size, mode, err)
			}
		}
	}
	if mode, err := store.FindPoolMode(t.Context(), o.dsn()); err != nil || mode != store.Direct {
		t.Errorf("the direct way is taken for %d: %v", mode, err)
	}
}
