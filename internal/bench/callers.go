package main

import (
	"net"
	"slices"
	"strconv"
	"sync"

	"okrbot/internal/child"
)

// callers is who calls the instances, where that is asked.
type callers struct {
	mu      sync.Mutex
	pids    []int
	of      map[string]int // remote address -> pid
	counted map[int]int
}

func (c *callers) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of, c.counted = map[string]int{}, map[int]int{}
}

// tell says which processes there are.
func (c *callers) tell(pids ...int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pids = slices.Clone(pids)
}

func (c *callers) note(remote string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pids) == 0 {
		return
	}
	pid, seen := c.of[remote]
	if !seen {
		if _, port, err := net.SplitHostPort(remote); err == nil {
			n, _ := strconv.Atoi(port)
			pid, _ = child.Dialler(n, c.pids)
		}
		c.of[remote] = pid
	}
	c.counted[pid]++
}

// share is which part of the calls a process made.
func (c *callers) share(pid int) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := 0
	for _, n := range c.counted {
		all += n
	}
	if all == 0 {
		return 0
	}
	return float64(c.counted[pid]) / float64(all)
}
