package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/secret"
	"okrbot/store"
	"okrbot/store/embedded"
)

type backupCommand struct {
	File string `arg:"" help:"The file to write; it must not exist yet." type:"path"`
}

// Run writes the embedded database into a file of pg_dump's own format, readable by this user alone.
// It may run while serve does. The keys are not in the file.
func (b backupCommand) Run(in *invocation) error {
	config, err := forOwnDatabase("pg_dump --format=custom --no-owner --no-privileges --file=FILE \"$DATABASE_URL\"")
	if err != nil {
		return err
	}
	if _, err := os.Lstat(b.File); err == nil {
		return fmt.Errorf("%s is there already. Choose another name, or move it away", b.File)
	}
	if into, err := os.Stat(filepath.Dir(b.File)); err != nil || !into.IsDir() {
		return fmt.Errorf("there is no folder %s. Make it, or choose another place", filepath.Dir(b.File))
	}
	log := logger(config)
	database, err := borrowDatabase(in.ctx, config, log)
	if err != nil {
		return err
	}
	defer database.Close()
	major, err := majorOf(in.ctx, database.dsn)
	if err != nil {
		return err
	}
	dump, err := embedded.Client("pg_dump", major)
	if err != nil {
		return err
	}
	size, err := writeBackup(in.ctx, dump, database.dsn, b.File)
	if err != nil {
		return err
	}
	fmt.Fprintf(in.out, "Everything is in %s (%d kB), but for the keys that open the sign-ins in it: keep %s too, and somewhere else. `okrbot restore` needs both.\n", b.File, (size+1023)/1024, keysAre(config))
	return nil
}

// keysAre says where the keyset is.
func keysAre(c Config) string {
	if !c.EncryptionKeyset.Empty() {
		return "ENCRYPTION_KEYSET"
	}
	return c.keysetFile()
}

// forOwnDatabase is the configuration of a command that is for the embedded database alone; instead
// is what does the same for another one.
func forOwnDatabase(instead string) (Config, error) {
	config, _, err := configured(forKeys)
	if err == nil && !config.DatabaseURL.Empty() {
		err = fmt.Errorf("DATABASE_URL is set, and this command is for the embedded database. Use Postgres's own: `%s`", instead)
	}
	return config, err
}

func majorOf(ctx context.Context, dsn string) (int, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return 0, fmt.Errorf("connecting to the embedded Postgres: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var number int
	if err := conn.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&number); err != nil {
		return 0, fmt.Errorf("asking Postgres for its version: %w", err)
	}
	return number / 10000, nil
}

// writeBackup writes beside and renames: a backup that broke off is not taken for one.
func writeBackup(ctx context.Context, dump, dsn, to string) (size int64, err error) {
	file, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+".") // 0600
	if err != nil {
		return 0, fmt.Errorf("writing into %s: %w", filepath.Dir(to), unnamed(err))
	}
	defer func() {
		file.Close()
		if err != nil {
			os.Remove(file.Name())
		}
	}()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, dump, "--format=custom", "--no-owner", "--no-privileges", "--dbname="+dsn)
	cmd.Env, cmd.Stdout, cmd.Stderr = embedded.Environment(), file, &said
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("writing the backup with pg_dump: %w: %s", err, lastOf(&said))
	}
	if err := file.Sync(); err != nil {
		return 0, fmt.Errorf("writing the backup: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return 0, fmt.Errorf("writing the backup: %w", err)
	}
	// Not over another one that came meanwhile.
	if err := place(file.Name(), to); err != nil {
		return 0, fmt.Errorf("keeping the backup: %w", err)
	}
	return info.Size(), nil
}

func lastOf(said *bytes.Buffer) string {
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	return lines[len(lines)-1]
}

type restoreCommand struct {
	File    string `arg:"" help:"A file that okrbot backup wrote." type:"existingfile"`
	Replace bool   `help:"Put the backup in the place of the data that are there; those are kept beside."`
}

// Run makes the embedded database from a backup, in a folder beside, and puts that in place when all
// is in it and the keys fit. What fails before leaves everything as it was.
func (r restoreCommand) Run(in *invocation) error {
	config, err := forOwnDatabase("pg_restore --no-owner --no-privileges --exit-on-error --single-transaction --dbname=\"$DATABASE_URL\" FILE")
	if err != nil {
		return err
	}
	if err := isBackup(r.File); err != nil {
		return err
	}
	keys, err := keysOf(config)
	if err != nil {
		return err
	}
	log := logger(config)
	options := ownDatabase(config, log, teller(log))
	if dsn, err := embedded.Running(in.ctx, options); err != nil {
		return err
	} else if dsn != "" {
		return errors.New("`okrbot serve` runs on this data. Stop it first")
	}
	place, err := embedded.Where(options)
	if err != nil {
		return err
	}
	there := false
	if entries, err := os.ReadDir(place); err == nil && len(entries) > 0 {
		if there = true; !r.Replace {
			return fmt.Errorf("there are data in %s already. With --replace the backup takes their place, and they are kept beside", place)
		}
	}
	options.Dir = place + ".restoring"
	if err := os.RemoveAll(options.Dir); err != nil {
		return fmt.Errorf("clearing an unfinished restore: %w", err)
	}
	defer os.RemoveAll(options.Dir)
	if err := restoreInto(in.ctx, options, r.File, keys); err != nil {
		return fmt.Errorf("%w. Nothing was changed", err)
	}
	return r.put(in, options.Dir, place, there)
}

// put has a finished restore take its place.
func (r restoreCommand) put(in *invocation, made, place string, there bool) error {
	kept := place + ".before-" + time.Now().UTC().Format("20060102-150405")
	if there {
		if err := os.Rename(place, kept); err != nil {
			return fmt.Errorf("keeping the data beside: %w. Nothing was changed", err)
		}
	} else if err := os.Remove(place); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("making place: %w. Nothing was changed", err)
	}
	if err := os.Rename(made, place); err != nil {
		if there {
			err = errors.Join(err, os.Rename(kept, place))
		}
		return fmt.Errorf("putting the data in place: %w", err)
	}
	fmt.Fprintf(in.out, "Everything in %s is in %s again. `okrbot serve` migrates it where that is needed.\n", r.File, place)
	if there {
		fmt.Fprintf(in.out, "What was there before is in %s; delete it when all is well.\n", kept)
	}
	return nil
}

// isBackup says in words what pg_restore says in others.
func isBackup(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading the backup: %w", err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file that can be read twice. Write the backup to a disk first", path)
	}
	begins := make([]byte, 5)
	if _, err := io.ReadFull(file, begins); err != nil || string(begins) != "PGDMP" {
		return fmt.Errorf("%s is no backup that `okrbot backup` wrote", path)
	}
	return nil
}

// keysOf are the configured keys, and never new ones: those would fit no backup.
func keysOf(c Config) (*secret.Keyset, error) {
	keys, err := c.Keyset()
	var missing missingKeys
	if errors.As(err, &missing) {
		return nil, fmt.Errorf("the keys are missing: put the keyset that belongs to the backup into %s, or into ENCRYPTION_KEYSET. It is not in the backup", missing.file)
	}
	return keys, err
}

// restoreInto makes a new database of a backup and proves that this okrbot can use it.
func restoreInto(ctx context.Context, options embedded.Options, path string, keys *secret.Keyset) error {
	own, err := embedded.Start(ctx, options)
	if err != nil {
		return fmt.Errorf("starting the embedded Postgres: %w", err)
	}
	defer own.Stop()
	major, err := majorOf(ctx, own.DSN())
	if err != nil {
		return err
	}
	program, err := embedded.Client("pg_restore", major)
	if err != nil {
		return err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--dbname="+own.DSN(), path)
	cmd.Env, cmd.Stderr = embedded.Environment(), &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("reading the backup with pg_restore of Postgres %d: %w: %s", major, err, lastOf(&said))
	}
	pool, err := store.Open(ctx, own.DSN(), 2)
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := provenStore(ctx, pool, keys); err != nil {
		return err
	}
	var ours bool
	if err := pool.QueryRow(ctx, "select to_regclass('workspaces') is not null").Scan(&ours); err != nil {
		return fmt.Errorf("reading what was restored: %w", err)
	}
	if !ours {
		return errors.New("it is a backup of another database than okrbot's")
	}
	return nil
}
