package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"okrbot/okr"
	"okrbot/secret"
)

type keysCommand struct {
	New   keysNewCommand   `cmd:"" help:"Print a fresh ENCRYPTION_KEYSET."`
	Add   keysAddCommand   `cmd:"" help:"Print ENCRYPTION_KEYSET with a new key in front; the old ones still open what they sealed."`
	Rekey keysRekeyCommand `cmd:"" help:"Seal every secret again with the newest key, and say how many still need an old one."`
	Drop  keysDropCommand  `cmd:"" help:"Print ENCRYPTION_KEYSET without the old keys; refused while something is sealed with one of them."`
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

// inPlace is of commands that change the keys where they are.
type inPlace struct {
	Write bool `help:"Put it into DATA_DIR/keyset.json, in one step, instead of printing it: where the keys are in that file."`
}

// may says whether there is a file to write.
func (p inPlace) may(c Config) error {
	if p.Write && !c.EncryptionKeyset.Empty() {
		return errors.New("ENCRYPTION_KEYSET is set, so the keys are not in a file of okrbot's. Leave --write out, and set ENCRYPTION_KEYSET to what is printed")
	}
	return nil
}

// hand prints a keyset, or writes it and says what to do next.
func (p inPlace) hand(in *invocation, c Config, keys secret.String, next string) error {
	if p.Write {
		if err := replace(c.keysetFile(), keys.Reveal()+"\n"); err != nil {
			return fmt.Errorf("writing the keys: %w. They are as they were", err)
		}
		fmt.Fprintf(in.out, "%s is written. %s\n", c.keysetFile(), next)
		return nil
	}
	fmt.Fprintln(in.out, keys.Reveal())
	if c.EncryptionKeyset.Empty() {
		fmt.Fprintf(in.notes(), "Use --write to have it in %s: a redirect into that file empties it first.\n", c.keysetFile())
	}
	return nil
}

type keysAddCommand struct{ inPlace }

// Run gives the configured keyset with a new primary key.
func (k keysAddCommand) Run(in *invocation) error {
	config, _, err := configured(forKeys)
	if err != nil {
		return err
	}
	if err := k.may(config); err != nil {
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
	return k.hand(in, config, added, "Restart okrbot, which goes on with the keys that it began with. Then run `okrbot keys rekey`.")
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
	fmt.Fprintln(in.out, "0 secrets left under an old key. Once every okrbot was restarted with the new one, `okrbot keys drop` takes the old keys out.")
	return nil
}

type keysDropCommand struct{ inPlace }

// Run gives the configured keyset without its old keys, as long as none of them is needed.
func (k keysDropCommand) Run(in *invocation) error {
	s, config, done, err := openStore(in, Config.Keyset)
	if err != nil {
		return err
	}
	defer done()
	if err := k.may(config); err != nil {
		return err
	}
	if err := proveKeys(in.ctx, s); err != nil {
		return err
	}
	lasting, passing, err := s.UnderOldKeys(in.ctx)
	switch {
	case err != nil:
		return err
	case lasting > 0:
		return fmt.Errorf("%s under an old key. Run `okrbot keys rekey` first. Nothing was changed", okr.CountWords(lasting, "secret"))
	case passing > 0:
		return errors.New("what people began in the last half hour is sealed with an old key. Try again in half an hour; where it is so then, an okrbot runs that was not restarted since `okrbot keys add`. Nothing was changed")
	}
	keys, err := config.Keyset()
	if err != nil {
		return err
	}
	newest, left, err := keys.Newest()
	if err != nil {
		return err
	}
	if left == 0 {
		fmt.Fprintln(in.notes(), "There was no old key.")
		if k.Write {
			return nil
		}
	}
	next := ""
	if k.Write {
		beside, err := keepBeside(config.keysetFile())
		if err != nil {
			return fmt.Errorf("keeping the old keys beside: %w. Nothing was changed", err)
		}
		next = fmt.Sprintf("Taken out: %s. Backups from before need them, so the keyset as it was is in %s: keep it somewhere else as long as those, then delete it. Where a key got out, delete it now, and those backups.", okr.CountWords(left, "key"), beside)
	}
	return k.hand(in, config, newest, next)
}

// keepBeside copies the keys to a file beside, for this user alone, and says where.
func keepBeside(file string) (beside string, err error) {
	held, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	made, err := writeAside(file, string(held))
	if err != nil {
		return "", err
	}
	beside = file + ".before-" + time.Now().UTC().Format("20060102-150405")
	if err := place(made, beside); err != nil {
		os.Remove(made)
		return "", err
	}
	return beside, nil
}
