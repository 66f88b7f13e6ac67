package bot_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// disk is where Postgres keeps the room's database: its own files, and the write-ahead log from a moment on.
type disk struct {
	r     *room
	since string // the first file of the log
}

// fromNowOn is the disk with the log of what is written from now on. A slot keeps that from being written over,
// as other tests have Postgres do.
func (r *room) fromNowOn() disk {
	const slot = "'looked_at_' || current_database()"
	conn := r.database()
	r.t.Cleanup(func() {
		if _, err := conn.Exec(context.Background(), "select pg_drop_replication_slot("+slot+")"); err != nil {
			r.t.Error(err)
		}
	})
	return disk{r, r.words("select pg_walfile_name(lsn) from pg_create_physical_replication_slot(" + slot + ", true)")}
}

func (r *room) words(sql string) (words string) {
	r.t.Helper()
	if err := r.database().QueryRow(r.t.Context(), sql).Scan(&words); err != nil {
		r.t.Fatal(err)
	}
	return words
}

// finds says in which kinds of files each of the words stands, byte for byte: "table" of the database and "log".
// What Postgres still has in memory is written first.
func (d disk) finds(words []string) map[string][]string {
	r := d.r
	r.t.Helper()
	r.do("checkpoint")
	folder := r.words("show data_directory")
	tables, _ := filepath.Glob(filepath.Join(folder, "base", r.words("select oid::text from pg_database where datname = current_database()"), "*"))
	log, _ := filepath.Glob(filepath.Join(folder, "pg_wal", "0*"))
	last := r.words("select pg_walfile_name(pg_current_wal_lsn())")
	seek := newSeeker(words)
	found := map[string][]string{}
	for kind, files := range map[string][]string{"table": tables, "log": log} {
		in := map[string]bool{}
		for _, file := range files {
			if name := filepath.Base(file); kind == "log" && (name < d.since || name > last) {
				continue
			}
			raw, err := os.ReadFile(file)
			if os.IsNotExist(err) {
				continue // a temporary one
			}
			if err != nil {
				r.t.Fatal(err)
			}
			seek.in(raw, in)
		}
		for word := range in {
			found[word] = append(found[word], kind)
		}
	}
	return found
}

// keepsOnly fails where any of the words is in a file, but for one that everybody may read: it is in both kinds.
func (d disk) keepsOnly(public string, words []string) {
	d.r.t.Helper()
	found := d.finds(words)
	if len(found[public]) != 2 {
		d.r.t.Fatalf("the files that were looked at are others: %q is in %q", public, found[public])
	}
	delete(found, public)
	for word, kinds := range found {
		d.r.t.Errorf("%q is in the files of %q", word, kinds)
	}
}

// seeker looks for many words at once, by what they begin with.
type seeker map[uint32][]string

const beginning = 4 // bytes; no word is shorter

func newSeeker(words []string) seeker {
	s := seeker{}
	for _, w := range words {
		if len(w) < 2*beginning {
			panic(fmt.Sprintf("%q is found by chance", w))
		}
		begins := binary.LittleEndian.Uint32([]byte(w))
		s[begins] = append(s[begins], w)
	}
	return s
}

func (s seeker) in(raw []byte, found map[string]bool) {
	var maybe [1 << 16]bool // by the first two bytes
	for begins := range s {
		maybe[uint16(begins)] = true
	}
	for i := 0; i+beginning <= len(raw); i++ {
		if !maybe[binary.LittleEndian.Uint16(raw[i:])] {
			continue
		}
		for _, w := range s[binary.LittleEndian.Uint32(raw[i:])] {
			if strings.HasPrefix(string(raw[i:min(len(raw), i+len(w))]), w) {
				found[w] = true
			}
		}
	}
}

// TestARemovedConnectionTakesItsSecretWithIt from every table, so that no backup has it. In Postgres's own files
// bytes stay until they are written over, and they are what was sealed.
func TestARemovedConnectionTakesItsSecretWithIt(t *testing.T) {
	r := newRoom(t)
	disk := r.fromNowOn()
	const password = "canary-gone-8d21"
	r.servicenow.AddUser("canary.user", password, "pa_viewer")
	r.alice.Types("/okr connect").Fills("ServiceNow URL", r.instance).Fills("Username", "canary.user").Fills("Password", password).
		Submits("Connect").Sees("is connected").Closes()
	r.addsObjective(r.alice, "Keep quiet")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
	r.alice.Sees("score of")
	var sealed []byte
	if err := r.database().QueryRow(t.Context(), "select sealed from connections where state = 'active'").Scan(&sealed); err != nil {
		t.Fatal(err)
	}
	// What begins it, such as the number of its key, is of every sealed secret.
	part := sealed[len(sealed)-24:]
	if !strings.Contains(r.everything(), hex.EncodeToString(part)) {
		t.Fatal("it is looked for in the wrong writing")
	}
	r.alice.Types("/okr connections").Presses("Manage").Presses("Disconnect").Submits("Disconnect").Sees("is disconnected").Closes()
	if strings.Contains(r.everything(), hex.EncodeToString(part)) {
		t.Error("a table still has it, and so would a backup")
	}
	r.bot.Close()
	public, words := "Fewer open incidents", disguises(password)
	disk.keepsOnly(public, append(words, public))
	// A transaction that is under way keeps what it may still read, in the table that is written again too.
	r.until("what docs/security.md says removes it from the table", func() bool {
		r.do("vacuum full connections")
		return !slices.Contains(disk.finds([]string{string(part)})[string(part)], "table")
	})
}
