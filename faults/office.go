package main

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/internal/child"
	"okrbot/secret"
	"okrbot/store/embedded"
)

// secrets are looked for wherever okrbot leaves something.
var secrets = map[string]string{
	"bot token": "xoxb-canary-5be1c07d", "signing secret": "canarysigning9b42e6d1", "password": "canary-password-7f3ad2",
	"client secret": "canary-client-20c7aa91",
}

// office is okrbots, what they stand on, and what they are told.
type office struct {
	dir, program string
	earlier      string // a commit whose version works beside this one; empty: the one before the newest migration
	seed         uint64
	keys         *secret.Keyset
	written      string // the same, as it is given to the processes
	chat         *chat
	systems      []*system
	front        *front
	replicas     []*replica
	ahead        atomic.Int64 // how far the clock of all but the processes was moved

	mu      sync.Mutex
	random  *rand.Rand
	server  *embedded.Server
	data    string // its folder
	armed   point
	fired   int
	cutting float64
	cuts    int
	deaths  []time.Time // when something ended or was cut, by the shifted clock
	known   ids
	scores  float64 // the last that was collected

	staff     *staff
	since     baseline
	until     time.Time // when the present kind of fault ends; zero: not before all of it was done
	sawAtOnce []finding // what is wrong before anything is looked at
	kept      bool      // a dump of the database, as it was after the first finding
}

// ids are rows that the office was found with.
type ids struct {
	oauth     int64 // the connection that was allowed by browser
	client    int64 // through which it was
	stranger  int64 // a key result of another workspace
	followers []follower
}

// follower is a key result with its scorecard.
type follower struct {
	id, number int64
	system     int
	reference  string
}

// point is a moment at which a replica is killed.
type point string

const (
	atCommit point = "after a commit, before its acknowledgement"
	atPost   point = "between a post and its record"
	atToken  point = "between a token's answer and its being kept"
	atRead   point = "between a score's answer and its being applied"
)

var points = []point{atCommit, atPost, atToken, atRead}

func newOffice(dir, program string, seed uint64) *office {
	return &office{dir: dir, program: program, seed: seed, random: rand.New(rand.NewPCG(seed, 1)), data: filepath.Join(dir, "postgres-1")}
}

// seeded has what happens drawn for a kind of fault, in whichever office and after whatever others it is.
func (o *office) seeded(kind string) {
	h := fnv.New64a()
	h.Write([]byte(kind))
	o.mu.Lock()
	defer o.mu.Unlock()
	o.random = rand.New(rand.NewPCG(o.seed, h.Sum64()))
}

// now is the clock of the database, of Slack and of ServiceNow.
func (o *office) now() time.Time { return time.Now().Add(time.Duration(o.ahead.Load())) }

func (o *office) today() time.Time { return o.now().UTC().Truncate(24 * time.Hour) }

func (o *office) chance(share float64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.random.Float64() < share
}

// pick is a random number below n.
func (o *office) pick(n int) int { o.mu.Lock(); defer o.mu.Unlock(); return o.random.IntN(n) }

// moment is a random time below d.
func (o *office) moment(d time.Duration) time.Duration { return time.Duration(o.pick(int(d))) }

// note keeps in mind when something ended: what was under way then has its excuse.
func (o *office) note(string, string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.deaths = append(o.deaths, o.now())
}

// diedAround says whether something ended at about that time.
func (o *office) diedAround(at time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.deaths {
		if d.After(at.Add(-2*time.Second)) && d.Before(at.Add(5*time.Second)) {
			return true
		}
	}
	return false
}

// arm has the next replica that comes to a point be killed there.
func (o *office) arm(p point) { o.mu.Lock(); o.armed = p; o.mu.Unlock() }

// reached kills whoever comes to a point that is armed, by the address it calls from.
func (o *office) reached(p point, from string) bool {
	o.mu.Lock()
	armed := o.armed == p
	o.mu.Unlock()
	if !armed {
		return false
	}
	_, text, _ := net.SplitHostPort(from)
	port, _ := strconv.Atoi(text)
	var pids []int
	for _, r := range o.replicas {
		if pid := r.pid(); pid != 0 {
			pids = append(pids, pid)
		}
	}
	pid, ok := child.Dialler(port, pids)
	for _, r := range o.replicas {
		if ok && r.pid() == pid {
			return o.fire(p, r)
		}
	}
	return false
}

func (o *office) fire(p point, r *replica) bool {
	o.mu.Lock()
	mine := o.armed == p
	if mine {
		o.armed = ""
	}
	o.mu.Unlock()
	if !mine || !r.kill() {
		return false
	}
	o.mu.Lock()
	o.fired++
	o.mu.Unlock()
	return true
}

// committed hears of each commit of a replica, and says whether its acknowledgement is cut off.
func (o *office) committed(r *replica) bool {
	o.mu.Lock()
	armed, cut := o.armed == atCommit && o.random.IntN(40) == 0, o.random.Float64() < o.cutting
	if cut {
		o.cuts++
	}
	o.mu.Unlock()
	if r.commits.Load() > 0 && r.commits.Add(-1) == 0 {
		r.kill()
		return true
	}
	if armed {
		return o.fire(atCommit, r)
	}
	if cut {
		o.note("cut", r.name)
	}
	return cut
}

// socket is where the database is now.
func (o *office) socket() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return filepath.Join(o.data, ".s.PGSQL.5432")
}

// enough says whether a kind of fault ends with what it has.
func (o *office) enough() bool { return !o.until.IsZero() && time.Now().After(o.until) }

// startDatabase runs Postgres on the present folder. Fsync is on: without it a crash loses commits.
func (o *office) startDatabase(ctx context.Context) error {
	server, err := embedded.Start(ctx, embedded.Options{Dir: o.folder(), Fsync: true})
	if err != nil {
		return err
	}
	o.mu.Lock()
	o.server = server
	o.mu.Unlock()
	return nil
}

func (o *office) folder() string { o.mu.Lock(); defer o.mu.Unlock(); return o.data }

func (o *office) dsn() string {
	return fmt.Sprintf("host=%s user=okrbot dbname=postgres sslmode=disable", o.folder())
}

// asks runs something in a session of our own, and tries for a while: the database may just be down.
func (o *office) asks(ctx context.Context, do func(*pgx.Conn) error) error {
	var err error
	for began := time.Now(); time.Since(began) < 30*time.Second && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		var conn *pgx.Conn
		if conn, err = pgx.Connect(ctx, o.dsn()); err != nil {
			continue
		}
		err = do(conn)
		conn.Close(ctx)
		if err == nil {
			return nil
		}
	}
	return fmt.Errorf("asking the database: %w", cmp.Or(err, ctx.Err()))
}

// advance moves the clock of the database, of Slack and of ServiceNow. That of the processes stays.
func (o *office) advance(ctx context.Context, d time.Duration) error {
	err := o.asks(ctx, func(conn *pgx.Conn) error {
		// To a moment, not by a length: a second try moves it no further.
		_, err := conn.Exec(ctx, "update shifted.clock set ahead = greatest(ahead, $1::interval)", fmt.Sprintf("%d microseconds", (time.Duration(o.ahead.Load())+d).Microseconds()))
		return err
	})
	if err == nil {
		o.ahead.Add(int64(d))
	}
	return err
}

// nextDay moves the clock on to noon of the next day: no other day begins while that one is looked at.
func (o *office) nextDay(ctx context.Context) error {
	return o.advance(ctx, o.today().Add(36*time.Hour).Sub(o.now()))
}

// open starts everything.
func (o *office) open(ctx context.Context) error {
	written, err := secret.NewKeyset()
	if err != nil {
		return err
	}
	if o.keys, err = secret.Parse(written); err != nil {
		return err
	}
	o.written = written.Reveal()
	for name, value := range map[string]string{"keyset": o.written, "token": secrets["bot token"], "signing": secrets["signing secret"]} {
		if err := os.WriteFile(filepath.Join(o.dir, name), []byte(value+"\n"), 0o600); err != nil {
			return err
		}
	}
	o.openChat()
	o.systems = []*system{o.openSystem(), o.openSystem()}
	if err := o.startDatabase(ctx); err != nil {
		return err
	}
	if err := o.found(ctx); err != nil {
		return fmt.Errorf("founding the office: %w", err)
	}
	for n := range 3 {
		r, err := o.replica(fmt.Sprintf("replica-%d", n+1))
		if err != nil {
			return err
		}
		o.replicas = append(o.replicas, r)
	}
	o.openFront()
	o.staff = newStaff(o)
	return o.revive(ctx)
}

// revive starts every replica that is dead, and waits until all are ready.
func (o *office) revive(ctx context.Context) error {
	for _, r := range o.replicas {
		if r.pid() == 0 {
			if err := r.start(); err != nil {
				return err
			}
		}
	}
	for _, r := range o.replicas {
		if err := r.ready(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (o *office) close() {
	for _, r := range o.replicas {
		r.signal(9)
		r.gate.close()
	}
	if o.server != nil {
		o.server.Stop()
	}
	if o.front != nil {
		o.front.server.CloseClientConnections()
		o.front.server.Close()
	}
	o.chat.server.CloseClientConnections()
	o.chat.server.Close()
	for _, s := range o.systems {
		s.server.CloseClientConnections()
		s.server.Close()
	}
}
