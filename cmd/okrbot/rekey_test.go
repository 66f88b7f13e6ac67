package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"okrbot/okr"
	"okrbot/secret"
	"okrbot/store"
	"okrbot/store/storetest"
)

// TestARekeyThatIsKilledGoesOn has many secrets sealed again by a process that is killed in its middle, over and
// over, while one okrbot has both keys and another one only the old one, and seals with it. Nothing is lost, and no
// key is taken out that is needed. SOAK makes it ten thousand secrets and twenty kills.
func TestARekeyThatIsKilledGoesOn(t *testing.T) {
	many, kills := 500, 4
	if os.Getenv("SOAK") != "" {
		many, kills = 10_000, 20
	}
	path, dir, dsn, ctx := binary(t), t.TempDir(), storetest.New(t), t.Context()
	pool, err := store.Open(ctx, dsn, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	environment := func(keyset string) []string {
		return []string{"DATABASE_URL=" + dsn, "ENCRYPTION_KEYSET=" + strings.TrimSpace(keyset), "SLACK_BOT_TOKEN=xoxb-1", "SLACK_SIGNING_SECRET=s"}
	}
	keys := func(keyset string, arguments ...string) (string, int) {
		return run(t, path, dir, environment(keyset), append([]string{"keys"}, arguments...)...)
	}
	first, _ := keys("", "new")
	old := store.New(pool, parse(t, first))
	ids := manyConnections(t, pool, old, parse(t, first), many)
	both, _ := keys(first, "add")
	turned := store.New(pool, parse(t, both)) // restarted with the new key in front

	begins := fmt.Sprintf("01%08x", parse(t, both).PrimaryID())
	moved := func() (n int) {
		t.Helper()
		if err := pool.QueryRow(ctx, "select count(*) from connections where substring(sealed for 5) = decode($1, 'hex')", begins).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	killed := 0
	for n := range kills {
		said := &bytes.Buffer{}
		cmd := exec.Command(path, "keys", "rekey")
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, inTime(environment(both)), said, said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		over := false
		for n := 0; !over && moved() < (killed+1)*many/(2*kills); n++ {
			id := ids[n*7%len(ids)]
			if err := opens(ctx, turned, id); err != nil {
				t.Fatalf("who has both keys: %v", err)
			}
			if err := opens(ctx, old, id); err != nil && !errors.Is(err, store.ErrNoKey) {
				t.Fatalf("who was not restarted yet: %v", err)
			}
			select {
			case err := <-ended:
				over = true
				if err != nil {
					t.Fatalf("rekey: %v %s", err, said)
				}
			default:
			}
		}
		if !over {
			_ = cmd.Process.Kill()
			if <-ended; cmd.ProcessState.ExitCode() == -1 {
				killed++
			}
		}
		// Somebody signs in again through the one that was not restarted.
		enters(t, old, ids[n])
	}
	if killed < kills {
		t.Errorf("%d of %d were killed in their middle", killed, kills)
	}
	if out, code := keys(both, "drop"); code != 1 || !strings.Contains(out, "under an old key") {
		t.Errorf("keys drop in the middle: %d %s", code, out)
	}
	if out, code := keys(both, "rekey"); code != 0 || !strings.Contains(out, "0 secrets left") {
		t.Errorf("keys rekey: %d %s", code, out)
	}
	enters(t, old, ids[0])
	if out, code := keys(both, "drop"); code != 1 || !strings.Contains(out, "1 secret under an old key") {
		t.Errorf("keys drop with one that was not restarted: %d %s", code, out)
	}
	if out, code := keys(both, "rekey"); code != 0 || moved() != many {
		t.Errorf("keys rekey: %d %s, %d of %d", code, out, moved(), many)
	}
	newest, code := keys(both, "drop")
	if code != 0 || parse(t, newest).Holds(parse(t, first).PrimaryID()) {
		t.Fatalf("keys drop: %d", code)
	}
	last := store.New(pool, parse(t, newest))
	for _, id := range ids {
		if err := opens(ctx, last, id); err != nil {
			t.Fatalf("with the newest key alone: %v", err)
		}
	}
	broken := 0
	if err := pool.QueryRow(ctx, "select count(*) from connections where state <> 'active'").Scan(&broken); err != nil || broken > 0 {
		t.Errorf("%d connections are not to be used any more: %v", broken, err)
	}
}

var turner = okr.Actor{Workspace: "T1", ID: "U0ALICE", Kind: okr.Member}

const turnedOrigin = "https://acme.service-now.com"

// entered is what a connection signs in with.
func entered(id int64) map[string]string {
	return map[string]string{"username": "reader", "password": fmt.Sprint(canary, id)}
}

// manyConnections are connections that are sealed with keys, each with its own secret.
func manyConnections(t *testing.T, pool *pgxpool.Pool, s *store.Store, keys *secret.Keyset, many int) (ids []int64) {
	t.Helper()
	ctx := t.Context()
	if err := s.ProveKeys(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveWorkspace(ctx, store.Workspace{ID: turner.Workspace, Name: "Acme", BotUserID: "U0OKRBOT"}); err != nil {
		t.Fatal(err)
	}
	var made store.Connection
	err := s.InTx(ctx, func(tx *store.Tx) (err error) {
		made, err = tx.CreateConnection(ctx, turner, store.Connection{Kind: "servicenow", Name: "acme", Origin: turnedOrigin, SignIn: "basic"}, nil, "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var sealed [][]byte
	for n := range many {
		id := made.ID + int64(n)
		one, err := keys.Seal(secret.New(fmt.Sprintf(`{"username":"reader","password":%q}`, entered(id)["password"])), secret.Place{Workspace: turner.Workspace, ID: id, Kind: "connection/servicenow/" + turnedOrigin, Version: 1})
		if err != nil {
			t.Fatal(err)
		}
		ids, sealed = append(ids, id), append(sealed, one)
	}
	for _, sql := range []string{
		`insert into connections overriding system value
			select (jsonb_populate_record(c, jsonb_build_object('id', s.id, 'draft_id', null))).* from connections c, unnest($1::bigint[]) with ordinality s(id, n), unnest($2::bytea[]) with ordinality b(sealed, n)
			where s.n = b.n and s.id <> c.id`,
		`update connections c set sealed = b.sealed from unnest($1::bigint[]) with ordinality s(id, n), unnest($2::bytea[]) with ordinality b(sealed, n) where s.n = b.n and c.id = s.id`,
	} {
		if _, err := pool.Exec(ctx, sql, ids, sealed); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// opens is why an okrbot does not get at what a connection signs in with.
func opens(ctx context.Context, s *store.Store, id int64) error {
	c, err := s.ConnectionByID(ctx, id)
	if err != nil {
		return err
	}
	fields, err := s.Unseal(c)
	if err == nil && !maps.Equal(fields, entered(id)) {
		err = fmt.Errorf("connection %d has another's sign-in", id)
	}
	return err
}

// enters has a person sign in again through one okrbot.
func enters(t *testing.T, s *store.Store, id int64) {
	t.Helper()
	err := s.InTx(t.Context(), func(tx *store.Tx) error {
		_, err := tx.ReplaceSignIn(t.Context(), turner, id, store.SignIn{Kind: "basic", Origin: turnedOrigin, Fields: entered(id)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
