//go:build !unix

package ingress

// ConnectionLimit is how many connections may be open.
func ConnectionLimit(int) (limit int, short bool) { return mostConnected, false }
