package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"okrbot/secret"
	"okrbot/store"
)

// Keyset is the configured one, or, with the embedded Postgres, that of the file beside its data. It makes none:
// keys that are missing are missingKeys.
func (c Config) Keyset() (*secret.Keyset, error) {
	if !c.EncryptionKeyset.Empty() {
		return secret.Parse(c.EncryptionKeyset)
	}
	path := c.keysetFile()
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missingKeys{file: path}
	}
	if err != nil {
		return nil, badConfig{fmt.Sprintf("DATA_DIR: keyset.json in it cannot be read: %v; it must be readable by the user that okrbot runs as", unnamed(err))}
	}
	if strings.TrimSpace(string(raw)) == "" {
		return nil, badConfig{"DATA_DIR: keyset.json in it is empty; put your copy of it back, or remove it where nobody has signed in yet. (A redirect into it empties it first: `okrbot keys add --write` does not)"}
	}
	keys, err := secret.Parse(secret.New(string(raw)))
	if err != nil {
		return nil, badConfig{"DATA_DIR: keyset.json in it: " + err.Error()}
	}
	return keys, nil
}

func (c Config) keysetFile() string { return filepath.Join(c.DataDir, "keyset.json") }

// missingKeys is that the keys are nowhere.
type missingKeys struct {
	file   string
	sealed uint32 // the key that the database is known to be sealed with; 0: not known to be
}

func (m missingKeys) Error() string {
	says := "the keys are missing: there is no " + m.file
	if m.sealed != 0 {
		says += fmt.Sprintf(", and what people signed in with is sealed with key %d", m.sealed)
	}
	return says + ". Put your copy of it back, or set ENCRYPTION_KEYSET. Nothing was changed; `okrbot export` works without the keys"
}

// ExitCode is that of a bad configuration: starting again does not help.
func (missingKeys) ExitCode() int { return 78 }

// keysToBeginWith are the keys, and new ones beside an embedded database in which nothing was ever sealed.
func keysToBeginWith(ctx context.Context, c Config, d database) (*secret.Keyset, error) {
	keys, err := c.Keyset()
	var missing missingKeys
	if !errors.As(err, &missing) {
		return keys, err
	}
	pool, err := d.openDirect(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	if missing.sealed, err = store.ProvenWith(ctx, pool); err != nil {
		return nil, err
	}
	if missing.sealed != 0 {
		return nil, missing
	}
	if err := newKeysetFile(missing.file); err != nil {
		return nil, err
	}
	return c.Keyset()
}

// newKeysetFile makes keys, unless another process did so meanwhile. They are there whole or not at all.
func newKeysetFile(path string) error {
	written, err := secret.NewKeyset()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making DATA_DIR: %w", err)
	}
	made, err := writeAside(path, written.Reveal()+"\n")
	if err != nil {
		return fmt.Errorf("keeping the keys: %w", err)
	}
	if err := place(made, path); err != nil {
		os.Remove(made)
		if !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("keeping the keys: %w", err)
		}
	}
	return nil
}

// keysOrNone are the keys for what reads nothing that is sealed: where they are missing, some that open nothing
// and are kept nowhere.
func keysOrNone(c Config, notes io.Writer) (*secret.Keyset, error) {
	keys, err := c.Keyset()
	var missing missingKeys
	if !errors.As(err, &missing) {
		return keys, err
	}
	fmt.Fprintf(notes, "The keys are missing: there is no %s. What is written here needs none.\n", missing.file)
	written, err := secret.NewKeyset()
	if err != nil {
		return nil, err
	}
	return secret.Parse(written)
}
