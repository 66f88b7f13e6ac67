package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"okrbot/integrations"
	"okrbot/store"
	"okrbot/store/embedded"
)

type doctorCommand struct {
	JSON bool `name:"json" help:"Write JSON, for programs."`
}

// errUnwell is doctor's ending when something has to be fixed: what, was printed.
var errUnwell = errors.New("something has to be fixed, see above")

// state is how it stands with what was checked.
type state string

const (
	well    state = "ok"
	note    state = "note"    // it works; there is something to know
	broken  state = "fix"     // it does not work
	unknown state = "unknown" // it could not be checked, or not to the end
)

// finding is one line of doctor's.
type finding struct {
	Check string `json:"check"`
	State state  `json:"state"`
	Means string `json:"means"`        // what was found
	Do    string `json:"do,omitempty"` // what to do about it
}

// doctor checks one thing after the other. It changes nothing but an embedded database that it has to
// start.
type doctor struct {
	in     *invocation
	config Config
	print  func(finding)
	all    []finding
	held   []store.Workspace // that the database holds, as far as it said
}

func (d *doctor) say(check string, s state, means, do string) {
	if d.in.ctx.Err() != nil {
		return // what fails because somebody stops it is no finding
	}
	f := finding{check, s, means, do}
	d.all = append(d.all, f)
	d.print(f)
}

// Run says of each thing what state it is in, what that means, and what to do; advice only where the
// cause is known.
func (c doctorCommand) Run(in *invocation) error {
	ctx, cancel := context.WithTimeout(in.ctx, 2*time.Minute)
	defer cancel()
	d := &doctor{in: in, print: func(f finding) {
		fmt.Fprintf(in.out, "%-8s%s: %s\n", f.State, f.Check, f.Means)
		if f.Do != "" {
			fmt.Fprintf(in.out, "        %s\n", f.Do)
		}
	}}
	if c.JSON {
		d.print = func(finding) {}
	}
	d.examine(ctx)
	if err := in.ctx.Err(); err != nil {
		return fmt.Errorf("checking: %w", err)
	}
	worst := well
	for _, f := range d.all {
		if f.State == broken {
			worst = broken
		}
	}
	if c.JSON {
		write := json.NewEncoder(in.out)
		write.SetEscapeHTML(false)
		write.SetIndent("", "  ")
		if err := write.Encode(map[string]any{"state": worst, "checks": d.all}); err != nil {
			return fmt.Errorf("writing what was found: %w", err)
		}
	}
	if worst == broken {
		return errUnwell
	}
	return nil
}

func (d *doctor) examine(ctx context.Context) {
	var err error
	d.config, err = loadConfig(forServe)
	for _, n := range d.config.notes {
		variable, what, _ := strings.Cut(n, ": ")
		d.say("configuration, "+variable, note, what, "")
	}
	var bad badConfig
	if errors.As(err, &bad) {
		for _, problem := range bad {
			variable, what, _ := strings.Cut(problem, ": ")
			d.say("configuration, "+variable, broken, what, "")
		}
		d.say("everything else", unknown, "it is checked once the configuration is right", "")
		return
	}
	if err != nil {
		d.say("configuration", broken, err.Error(), "")
		return
	}
	d.say("configuration", well, "each variable is well formed", "")
	d.zones()
	d.space()
	d.database(ctx)
	d.slack(ctx)
	d.publicURL(ctx)
}

// zones looks for the data of time zones: the binary brings its own.
func (d *doctor) zones() {
	for _, zone := range []string{d.config.DefaultTimeZone, "Europe/Berlin", "America/New_York", "Asia/Kolkata"} {
		if _, err := time.LoadLocation(zone); err != nil {
			d.say("time zones", broken, "there is no data of "+zone, "Install the system's tzdata, or unset ZONEINFO.")
			return
		}
	}
	d.say("time zones", well, "their data is there", "")
}

// Below fewSpace a disk is nearly full, below noSpace it is.
const (
	fewSpace = 0.15
	noSpace  = 64 << 20
)

// space looks at the disks that are written to.
func (d *doctor) space() {
	type place struct{ name, dir, does string }
	places := []place{{"temporary files", os.TempDir(), "exports are written"}}
	if d.config.DatabaseURL.Empty() {
		places = append(places, place{"DATA_DIR", existing(d.config.DataDir), "the embedded Postgres keeps everything"})
	}
	for _, p := range places {
		free, whole, err := diskSpace(p.dir)
		check, left := "disk of "+p.name, fmt.Sprintf("%d MB of %d MB are free", free>>20, whole>>20)
		switch {
		case err != nil:
			d.say(check, unknown, "its free space cannot be read: "+unnamed(err).Error(), "")
		case free < noSpace:
			d.say(check, broken, left+", where "+p.does, "Make space, or choose another disk.")
		case float64(free) < fewSpace*float64(whole) && free < 10<<30:
			d.say(check, note, left+", where "+p.does, "Make space before it is full.")
		default:
			d.say(check, well, left, "")
		}
	}
}

// existing is the nearest folder above that there is: DATA_DIR is made at the first start.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
		above := filepath.Dir(dir)
		if above == dir {
			return dir
		}
		dir = above
	}
}

// database checks the way to it, then what is in it.
func (d *doctor) database(ctx context.Context) {
	rest := func(why string) {
		d.say("schema, keys and connections", unknown, "they are checked once "+why, "")
	}
	database, err := borrowDatabase(ctx, d.config, logger(d.config))
	var bad badConfig
	var t troubled
	var none noDatabase
	switch {
	case errors.As(err, &none):
		d.say("database", note, "there is none in "+none.folder+" yet", "`okrbot serve` makes it at its first start. If there is one elsewhere, set DATA_DIR to where it is.")
	case errors.As(err, &t):
		d.say("database, "+t.variable, broken, t.means, t.do)
	case errors.As(err, &bad):
		for _, problem := range bad {
			variable, what, _ := strings.Cut(problem, ": ")
			d.say("database, "+variable, broken, what, "")
		}
	case errors.Is(err, embedded.ErrSilent):
		d.say("database", broken, err.Error(), "Try again in a minute. Where it stays so, restart the okrbot that runs it.")
	case err != nil:
		d.say("database", broken, err.Error(), "")
	}
	switch {
	case none.folder != "":
		rest("there is a database")
		return
	case err != nil:
		rest("the database can be reached")
		return
	}
	defer database.Close()
	pool, err := database.open(ctx, 2)
	if err == nil {
		defer pool.Close()
	}
	var server store.Server
	asked := time.Now()
	if err == nil {
		server, err = store.AskServer(ctx, pool)
	}
	if err != nil {
		t := explain(err)
		d.say("database", broken, t.means, t.do)
		rest("the database answers")
		return
	}
	d.clock("the database", server.Now, asked, "What is due is decided by the database's clock: set the one that is wrong.")
	d.server(database, server)
	d.contents(ctx, pool, d.schema(ctx, pool))
}

func (d *doctor) server(database database, server store.Server) {
	is := fmt.Sprintf("Postgres %d.%d", server.Version/10000, server.Version%10000)
	switch {
	case database.own != nil:
		is += " of its own, started for this check"
	case d.config.DatabaseURL.Empty():
		is += " of its own, which `okrbot serve` runs"
	case database.pooled:
		is += ", through a pooler"
	}
	switch {
	case server.Version < 140000:
		d.say("database", broken, is+": too old", "Use Postgres 14 or later.")
	case server.ReadOnly:
		t := explain(&errReadOnly)
		d.say("database", broken, t.means, t.do)
	default:
		d.say("database", well, is+" answers", "")
	}
	if database.direct == "" {
		variable, what, _ := strings.Cut(errPooled[0], ": ")
		d.say("database, "+variable, broken, strings.TrimSuffix(what, ". Nothing was changed"), "")
	}
}

func (d *doctor) schema(ctx context.Context, pool *pgxpool.Pool) (migrated bool) {
	err := store.NotNewer(ctx, pool)
	var newer store.NewerSchema
	if err == nil {
		err = store.Migrated(ctx, pool)
	}
	switch {
	case err == nil:
		d.say("schema", well, "the database is at this version", "")
	case errors.As(err, &newer):
		d.say("schema", broken, fmt.Sprintf("the database is at version %d, this okrbot knows up to %d", newer.At, newer.Known), "Run a newer okrbot, or restore the backup from before the upgrade.")
	case errors.Is(err, store.ErrNotMigrated):
		d.say("schema", note, "the database is not migrated yet", "`okrbot serve` does it at its start, and `okrbot migrate` alone.")
	default:
		t := explain(err)
		d.say("schema", unknown, t.means, t.do)
	}
	return err == nil
}

// contents are the keys, and what was sealed with them.
func (d *doctor) contents(ctx context.Context, pool *pgxpool.Pool, migrated bool) {
	keys, err := d.config.Keyset()
	var missing missingKeys
	if errors.As(err, &missing) {
		d.noKeys(ctx, pool, missing)
		return
	}
	if err != nil {
		d.say("keys", broken, err.Error(), "")
		return
	}
	s := store.New(pool, keys)
	sealed, err := s.KeysFit(ctx)
	var unfit store.UnfitKeys
	switch {
	case errors.As(err, &unfit):
		d.say("keys", broken, fmt.Sprintf("they do not open what this database holds: it was sealed with key %d", unfit.KeyID), "Set the keyset that holds this key: the one that this database was made with.")
		return
	case err != nil:
		t := explain(err)
		d.say("keys", unknown, "whether they fit cannot be read: "+t.means, t.do)
		return
	case !sealed:
		d.say("keys", well, "nothing is sealed in this database yet", "")
	default:
		d.say("keys", well, "they open what this database holds", "")
	}
	if !migrated {
		return
	}
	if zones, err := store.UnknownZones(ctx, pool, d.config.DefaultTimeZone); err != nil {
		t := explain(err)
		d.say("time zones of the database", unknown, t.means, t.do)
	} else if len(zones) > 0 {
		d.say("time zones of the database", broken, "Postgres has no data of "+strings.Join(zones[:min(len(zones), 5)], ", "), "Update Postgres, or its machine's tzdata.")
	} else {
		d.say("time zones of the database", well, "all that are used are known to Postgres", "")
	}
	if d.held, err = s.Workspaces(ctx); err != nil {
		t := explain(err)
		d.say("workspaces", unknown, t.means, t.do)
	}
	d.connections(ctx, s)
}

// noKeys says whether keys are missing, or not made yet.
func (d *doctor) noKeys(ctx context.Context, pool *pgxpool.Pool, missing missingKeys) {
	with, err := store.ProvenWith(ctx, pool)
	switch {
	case err != nil:
		t := explain(err)
		d.say("keys", unknown, "there is no "+missing.file+", and whether it is needed cannot be read: "+t.means, t.do)
	case with != 0:
		d.say("keys", broken, fmt.Sprintf("they are missing: there is no %s, and what people signed in with is sealed with key %d", missing.file, with), "Put your copy of it back, or set ENCRYPTION_KEYSET.")
	default:
		d.say("keys", well, "there are none yet, and nothing is sealed: `okrbot serve` makes them at its start", "")
	}
}

// connections signs in to each system that somebody connected, as the next sync would, but renews
// nothing.
func (d *doctor) connections(ctx context.Context, s *store.Store) {
	list, err := s.AllConnections(ctx)
	if err != nil {
		t := explain(err)
		d.say("connections", unknown, t.means, t.do)
		return
	}
	connectors := connectorsOf(d.config)
	for _, c := range list {
		check := fmt.Sprintf("connection %d, %s", c.ID, c.Name)
		connector, err := connectors.ByKind(c.Kind)
		switch {
		case err != nil:
			d.say(check, broken, "this okrbot does not read from such a system as it is configured", "See HTTP_JSON_ORIGINS in the README.")
			continue
		case c.State == store.Broken:
			d.say(check, broken, "its sign-in cannot be opened with these keys", "Reconnect it under `/okr connections`, or add the key that it was sealed with.")
			continue
		case c.State == store.Rejected:
			d.say(check, broken, strings.TrimSpace("its sign-in was refused. "+c.Refusal), "Reconnect it under `/okr connections`.")
			continue
		case time.Until(c.Waiting) > 0:
			d.say(check, note, "the system asked to wait for "+time.Until(c.Waiting).Round(time.Minute).String(), "")
			continue
		}
		fields, err := s.Unseal(c)
		if err != nil {
			d.say(check, broken, "its sign-in cannot be opened with these keys", "Reconnect it under `/okr connections`, or add the key that it was sealed with.")
			continue
		}
		account := integrations.Account{Origin: c.Origin, SignIn: c.SignIn, Fields: fields, Connection: c.ID}
		due := false
		if c.Client != 0 {
			account.Fields = integrations.Fields{integrations.AccessToken: fields[integrations.AccessToken]}
			standing, err := s.TokenStanding(ctx, c.ID)
			due = err == nil && standing.Due
		}
		d.connection(ctx, check, connector, account, due)
	}
	if len(list) == 0 {
		d.say("connections", note, "nobody has connected a system yet", "In Slack: `/okr connect`.")
	}
}

func (d *doctor) connection(ctx context.Context, check string, connector integrations.Connector, account integrations.Account, due bool) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	stages := connector.Check(ctx, account)
	var passed []string
	for _, stage := range stages {
		switch {
		case stage.Err == nil && !stage.Skipped:
			passed = append(passed, stage.Name)
		case stage.Err == nil:
		case stage.Err.Class == integrations.Unauthorized && due:
			d.say(check, well, "reached; its access has ended and is renewed at the next sync", "")
			return
		case stage.Err.Class == integrations.NoData:
			d.say(check, note, stage.Err.Says, stage.Err.Next)
			return
		default:
			d.say(check, broken, strings.TrimSuffix(stage.Err.Says, "."), stage.Err.Next)
			return
		}
	}
	d.say(check, well, "these hold: "+strings.Join(passed, ", "), "")
}

// clock compares another clock with ours, which was looked at before asking.
func (d *doctor) clock(whose string, says, asked time.Time, do string) {
	now := time.Now()
	apart := says.Sub(asked.Add(now.Sub(asked) / 2)).Round(time.Second)
	if apart.Abs() < now.Sub(asked)+time.Second { // as exact as it was asked
		apart = 0
	}
	check := "clock, against that of " + whose
	switch {
	case apart.Abs() > 4*time.Minute:
		d.say(check, broken, fmt.Sprintf("they are %s apart; Slack's requests are refused from 5 minutes on", apart.Abs()), do)
	case apart.Abs() > 30*time.Second:
		d.say(check, note, fmt.Sprintf("they are %s apart", apart.Abs()), do)
	default:
		d.say(check, well, "they agree", "")
	}
}
