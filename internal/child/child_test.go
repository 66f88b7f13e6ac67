package child_test

import (
	"net/netip"
	"testing"

	"okrbot/internal/child"
)

// What is not listened at yet is taken by nobody meanwhile: neither by a second one who asks, nor by a connection.
func TestFreeAddressesAreOnesOwn(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		free, err := child.FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		if seen[free] {
			t.Errorf("%s was given twice", free)
		}
		seen[free] = true
		if at, err := netip.ParseAddrPort(free); err != nil || at.Port() >= 32768 {
			t.Errorf("%s: %v", free, err)
		}
	}
}
