package embedded

import (
	"context"
	"testing"
)

// Spread and Builds are for the tests of what is fetched.
var Spread = spread

// HidePrograms has this process find no Postgres, as on a machine that has none: PATH is left with
// what is named.
func HidePrograms(t testing.TB, path string) {
	before := placesOfPrograms
	placesOfPrograms = nil
	t.Cleanup(func() { placesOfPrograms = before })
	t.Setenv("PATH", path)
}

// Pin has another build be the pinned one.
func Pin(t testing.TB, platform, archive, files string) {
	before := builds[platform]
	pinned := before
	pinned.archives, pinned.files = []string{archive}, files
	builds[platform] = pinned
	t.Cleanup(func() { builds[platform] = before })
}

// Fetched is where the fetched programs are.
func Fetched(ctx context.Context, opts Options) (string, error) {
	as, err := account()
	if err != nil {
		return "", err
	}
	return fetched(ctx, as, opts)
}

// Place finds and makes the data folder, as Start does.
func Place(opts Options) (string, error) {
	as, err := account()
	if err != nil {
		return "", err
	}
	dir, err := where(opts.quiet(), as)
	if err != nil {
		return "", err
	}
	return place(dir, as)
}

// RunningWithin is Running for who waits as long as it says.
var RunningWithin = runningWithin
