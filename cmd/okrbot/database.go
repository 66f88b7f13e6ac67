package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/term"

	"okrbot/secret"
	"okrbot/store"
	"okrbot/store/embedded"
)

// database is where the bot keeps its data: the configured Postgres, or one of its own.
type database struct {
	dsn    string
	direct string           // the same database, where a session is ours as long as it lasts; "" where there is none
	pooled bool             // dsn goes through a pooler, and nothing may be left in a session
	own    *embedded.Server // nil when DATABASE_URL names another one
}

// openDatabase returns DATABASE_URL, or starts the embedded Postgres under DATA_DIR, and tells
// what it does. ctx bounds the start alone: the database ends with Close, after all who use it.
func openDatabase(ctx context.Context, c Config, log *slog.Logger, tell func(doing string)) (database, error) {
	if c.DatabaseURL.Reveal() != "" {
		return outerDatabase(ctx, c)
	}
	own, err := embedded.Start(ctx, ownDatabase(c, log, tell))
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOTDIR) {
		err = fmt.Errorf("%w. Set DATA_DIR to a folder in which this user may write, or DATABASE_URL to a Postgres", err)
	}
	if err != nil {
		return database{}, fmt.Errorf("starting the embedded Postgres: %w", err)
	}
	return database{dsn: own.DSN(), direct: own.DSN(), own: own}, nil
}

// outerDatabase is the configured one, by the ways that there are to it.
func outerDatabase(ctx context.Context, c Config) (database, error) {
	d := database{dsn: c.DatabaseURL.Reveal(), direct: c.DatabaseDirectURL.Reveal()}
	mode, err := store.FindPoolMode(ctx, d.dsn)
	if err != nil {
		return database{}, asTrouble("DATABASE_URL", err)
	}
	if d.direct == "" {
		if d.pooled = mode == store.TransactionPool; !d.pooled {
			d.direct = d.dsn
		}
		return d, nil
	}
	d.pooled = mode != store.Direct
	if mode, err = store.FindPoolMode(ctx, d.direct); err != nil {
		return database{}, asTrouble("DATABASE_DIRECT_URL", err)
	}
	if mode == store.TransactionPool {
		return database{}, badConfig{"DATABASE_DIRECT_URL: it goes through a pooler in transaction mode too; write the address of Postgres itself"}
	}
	same, err := store.SameDatabase(ctx, d.dsn, d.direct)
	if err != nil {
		return database{}, asTrouble("DATABASE_DIRECT_URL", err)
	}
	if !same {
		return database{}, badConfig{"DATABASE_DIRECT_URL: it leads to another database than DATABASE_URL; write the address of the same one"}
	}
	return d, nil
}

// errPooled is the refusal of what needs a session of its own: nothing was touched.
var errPooled = badConfig{"DATABASE_DIRECT_URL: it is needed here, since DATABASE_URL goes through a pooler in transaction mode, such as PgBouncer; " +
	"set it to the address of the same database without the pooler, for migrations, locks and LISTEN. Nothing was changed"}

// open opens a pool on the database.
func (d database) open(ctx context.Context, size int32) (*pgxpool.Pool, error) {
	if d.pooled {
		return store.OpenPooled(ctx, d.dsn, size)
	}
	return store.Open(ctx, d.dsn, size)
}

// openForWork is open for what happens in the background.
func (d database) openForWork(ctx context.Context, size int32) (*pgxpool.Pool, error) {
	if d.pooled {
		return store.OpenPooled(ctx, d.dsn, size)
	}
	return store.OpenForWork(ctx, d.dsn, size)
}

// openDirect opens a pool past a pooler.
func (d database) openDirect(ctx context.Context, size int32) (*pgxpool.Pool, error) {
	return store.Open(ctx, d.direct, size)
}

// ownDatabase is the embedded Postgres under DATA_DIR.
func ownDatabase(c Config, log *slog.Logger, tell func(doing string)) embedded.Options {
	return embedded.Options{Dir: filepath.Join(c.DataDir, "postgres"), Logger: log, Fsync: true, Tell: tell, Repository: c.PostgresRepository, Progress: bar(os.Stderr)}
}

// noDatabase is that an embedded database was not made yet, or is elsewhere.
type noDatabase struct{ folder string }

func (n noDatabase) Error() string {
	return fmt.Sprintf("there is no database in %s. Set DATA_DIR to where `okrbot serve` keeps it; serve makes it at its first start", n.folder)
}

// borrowDatabase is for commands that work beside serve: where its embedded Postgres runs, they talk
// to that one, and leave it running. They make no database.
func borrowDatabase(ctx context.Context, c Config, log *slog.Logger) (database, error) {
	if c.DatabaseURL.Reveal() == "" {
		dsn, err := embedded.Running(ctx, ownDatabase(c, log, nil))
		if err != nil || dsn != "" {
			return database{dsn: dsn, direct: dsn}, err
		}
		where, err := embedded.Where(ownDatabase(c, log, nil))
		if err != nil {
			return database{}, err
		}
		if _, err := os.Stat(filepath.Join(where, "PG_VERSION")); errors.Is(err, fs.ErrNotExist) {
			return database{}, noDatabase{where}
		}
	}
	return openDatabase(ctx, c, log, teller(log))
}

// ended is closed when the embedded Postgres has ended; nil where there is none of our own.
func (d database) ended() <-chan struct{} {
	if d.own == nil {
		return nil
	}
	return d.own.Done()
}

// Close stops the embedded Postgres, if there is one.
func (d database) Close() {
	if d.own != nil {
		d.own.Stop()
	}
}

// openStore opens the configured database for a command that may work beside replicas that serve, with keys that
// it does not prove: what is not sealed needs none.
func openStore(in *invocation, keysOf func(Config) (*secret.Keyset, error)) (s *store.Store, config Config, done func(), err error) {
	config, log, err := configured(forKeys)
	if err != nil {
		return nil, config, nil, err
	}
	database, err := borrowDatabase(in.ctx, config, log)
	if err != nil {
		return nil, config, nil, err
	}
	var pool *pgxpool.Pool
	leave := func() {
		if pool != nil {
			pool.Close()
		}
		database.Close()
	}
	defer func() {
		if err != nil {
			leave()
		}
	}()
	keys, err := keysOf(config)
	if err != nil {
		return nil, config, nil, err
	}
	if pool, err = database.open(in.ctx, 2); err != nil {
		return nil, config, nil, err
	}
	if err := proveVersion(in.ctx, pool); err != nil {
		return nil, config, nil, err
	}
	if err := store.Migrated(in.ctx, pool); err != nil {
		return nil, config, nil, fmt.Errorf("%w; run `okrbot migrate` first", err)
	}
	return store.New(pool, keys), config, leave, nil
}

// teller has a log hear what is being done.
func teller(log *slog.Logger) func(doing string) {
	return func(doing string) { log.Info(doing) }
}

// bar draws on a terminal how much was fetched; elsewhere one line, told before, is enough.
func bar(to *os.File) func(done, total int64) {
	if !term.IsTerminal(int(to.Fd())) {
		return nil
	}
	const wide = 30
	began, drawn := time.Now(), time.Time{}
	return func(done, total int64) {
		whole := total > 0 && done >= total
		if time.Since(drawn) < 100*time.Millisecond && !whole {
			return
		}
		drawn = time.Now()
		const mega = 1 << 20
		switch {
		case total > 0:
			full := int(wide * min(done, total) / total)
			fmt.Fprintf(to, "\r[%s%s] %d of %d MB", strings.Repeat("#", full), strings.Repeat(".", wide-full), done/mega, total/mega)
		case done > 0:
			fmt.Fprintf(to, "\r%d MB", done/mega)
		default:
			fmt.Fprintf(to, "\r%s", time.Since(began).Round(time.Second))
		}
		if whole {
			fmt.Fprintln(to)
		}
	}
}
