package main

import (
	"fmt"

	"okrbot/okr"
	"okrbot/secret"
)

type keysCommand struct {
	New   keysNewCommand   `cmd:"" help:"Print a fresh ENCRYPTION_KEYSET."`
	Add   keysAddCommand   `cmd:"" help:"Print ENCRYPTION_KEYSET with a new key in front; the old ones still open what they sealed."`
	Rekey keysRekeyCommand `cmd:"" help:"Seal every secret again with the newest key, and say how many still need an old one."`
}

type keysNewCommand struct{}

// Run prints a keyset to standard output and nothing else, so that it can be piped.
func (keysNewCommand) Run(in *invocation) error {
	keys, err := secret.NewKeyset()
	if err != nil {
		return err
	}
	fmt.Fprintln(in.out, keys.Reveal())
	return nil
}

type keysAddCommand struct{}

// Run prints the configured keyset with a new primary key.
func (keysAddCommand) Run(in *invocation) error {
	config, _, err := configured(forKeys)
	if err != nil {
		return err
	}
	keys, err := config.Keyset()
	if err != nil {
		return err
	}
	added, err := keys.Add()
	if err != nil {
		return err
	}
	fmt.Fprintln(in.out, added.Reveal())
	return nil
}

type keysRekeyCommand struct{}

// Run seals every connection's secret with the primary key. It may run while replicas serve.
func (keysRekeyCommand) Run(in *invocation) error {
	s, _, done, err := openStore(in, Config.Keyset)
	if err != nil {
		return err
	}
	defer done()
	if err := proveKeys(in.ctx, s); err != nil {
		return err
	}
	left, err := s.Rekey(in.ctx)
	if err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf("%s under a key that ENCRYPTION_KEYSET does not hold. Add that key, or have the owners of the connections connect again", okr.CountWords(left, "secret"))
	}
	fmt.Fprintln(in.out, "0 secrets left under an old key. The old keys can be taken out of ENCRYPTION_KEYSET.")
	return nil
}
