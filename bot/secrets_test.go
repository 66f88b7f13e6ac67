package bot_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"okrbot/sandbox/servicenow"
)

// disguises are the ways in which a secret may be written.
func disguises(secret string) []string {
	quoted, _ := json.Marshal(secret)
	return []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret)), strings.Trim(string(quoted), `"`),
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "="), strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(secret)), "="),
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte("canary.user:"+secret)), "="),
	}
}

// everything is all that is stored, in every schema, as text.
func (r *room) everything() string {
	r.t.Helper()
	conn := r.database()
	rows, err := conn.Query(context.Background(), `
		select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema')`)
	if err != nil {
		r.t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		r.t.Fatal(err)
	}
	var all strings.Builder
	for _, table := range tables {
		rows, err := conn.Query(context.Background(), "select x::text from "+table+" x")
		if err != nil {
			r.t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			r.t.Fatal(err)
		}
		fmt.Fprintln(&all, table, strings.Join(list, "\n"))
	}
	return all.String()
}

// said is all that the bot told Slack: its calls, and its answers to deliveries.
func (r *room) said() string {
	var all strings.Builder
	for _, e := range r.slack.Wire() {
		part := e.Got
		if e.From == "app" {
			part = e.Sent
		}
		raw, _ := json.Marshal(part)
		all.Write(raw)
		fmt.Fprintln(&all, part)
	}
	return all.String()
}

func TestSecretsAreNowhere(t *testing.T) {
	const (
		password = `can"ary p+ss/w%rd<1>`
		key      = "canary-key-5e1f"
		wrong    = "canary-wrong-77"
		again    = "canary-again-42"
	)
	r := newRoom(t)
	disk := r.fromNowOn()
	r.servicenow.AddUser("canary.user", password, "pa_viewer")
	r.servicenow.AddKey(key, "canary.user")
	r.alice.Types("/okr connect").Fills("ServiceNow URL", r.instance).Fills("Username", "canary.user").Fills("Password", wrong).
		Submits("Connect").Sees("refused").
		Fills("Password", password).Submits("Connect").Sees("is connected").Closes()
	r.bob.Types("/okr connect").Fills("ServiceNow URL", r.instance).Chooses("Sign in with", "Personal Access Token").Sees("REST API key").
		Fills("Personal Access Token", key).Submits("Connect").Sees("is connected").Closes()
	r.addsObjective(r.alice, "Keep quiet")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
	for _, kind := range []servicenow.Kind{servicenow.Hibernating, servicenow.ServerError, servicenow.GzipBomb, servicenow.RedirectToLogin, servicenow.WrongPassword, servicenow.Reset} {
		fix := r.servicenow.Break(servicenow.Fault{Kind: kind})
		r.later(61e9)
		r.alice.Types("/okr sync KR-1").Sees("Syncing KR-1")
		r.later(61e9)
		fix()
	}
	r.servicenow.SetPassword("canary.user", again)
	r.later(61e9)
	r.alice.Types("/okr sync KR-1")
	r.alice.Types("/okr connections")
	r.alice.Types("/okr show KR-1").Closes()
	r.bot.Close()

	stored, said, log := r.everything(), r.said(), r.log.String()
	if !strings.Contains(stored, "Fewer open incidents") || !strings.Contains(said, "Fewer open incidents") || len(log) < 1000 {
		t.Fatal("the places to look at are empty")
	}
	o := r.slack.Options()
	const public = "Fewer open incidents"
	looked := []string{public}
	for _, secret := range []string{password, key, wrong, again, o.BotToken, o.SigningSecret} {
		for _, written := range disguises(secret) {
			looked = append(looked, written)
			for place, text := range map[string]string{"the database": stored, "what Slack was told": said, "the log": log} {
				if i := strings.Index(text, written); i >= 0 && !(secret == o.BotToken && place == "what Slack was told") {
					t.Errorf("%q is in %s: …%.120q…", written, place, text[max(0, i-60):])
				}
			}
		}
	}
	disk.keepsOnly(public, looked)
	if n := r.number("select count(*) from river_job where args::text ~ 'xox|hooks|@|password'"); n > 0 {
		t.Errorf("%d jobs carry what they should not", n)
	}
}

// A word that is no verb may be anything that somebody had on the clipboard: it is answered, and not logged.
func TestAWordThatIsNoVerbIsNotLogged(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr hunter2-of-ours").Sees("There is no command")
	r.alice.Types("/okr https://admin:hunter2-of-ours@dev1.service-now.com").Sees("There is no command")
	r.alice.Types("@okrbot hunter2-of-ours").Sees("okrbot did not understand")
	r.settles()
	if log := r.log.String(); strings.Contains(log, "hunter2-of-ours") || !strings.Contains(log, `kind=command route="no verb"`) {
		t.Error(log)
	}
	if strings.Contains(r.everything(), "hunter2-of-ours") {
		t.Error("the word is stored")
	}
}
