//go:build !linux

package main

import "testing"

func noCopiesPileUp(t *testing.T, _ *serving) {
	t.Skip("nothing else than Linux shows a process's memory as a file")
}
