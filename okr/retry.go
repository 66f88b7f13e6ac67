package okr

import (
	"hash/fnv"
	"strconv"
	"time"
)

// How often what failed is tried again, until its next slot.
const (
	QuickTries = 3                // 5, 20 and 45 seconds after a failure: most are over by then
	slowStep   = 15 * time.Minute // then every quarter of an hour, for four hours
	slowTries  = 16
	lastStep   = time.Hour // then every hour
)

// NextTry is when a key result is read again of which n tries have failed since its slot, the last
// one now. The slow tries of a connection fall on the same moments, whenever each key result
// failed, so that its instance is asked once for all of them; other connections have other moments.
func NextTry(n int, now time.Time, connection int64) time.Time {
	if n <= QuickTries {
		return now.Add(5 * time.Duration(n*n) * time.Second)
	}
	step := slowStep
	if n > QuickTries+slowTries {
		step = lastStep
	}
	offset := spread(connection, slowStep)
	return now.Add(-offset).Truncate(step).Add(step + offset)
}

// spread is a whole number of seconds below a width, always the same for one id.
func spread(id int64, width time.Duration) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(strconv.FormatInt(id, 10)))
	return time.Duration(h.Sum64()%uint64(width/time.Second)) * time.Second
}

// RetryWords says when something is tried again: "at 09:45 Europe/Berlin" on the same day there,
// else "on Fri 27 Nov, 00:15 Europe/Berlin".
func RetryWords(next, now time.Time, zone string) string {
	where, err := location(zone)
	if err != nil {
		where, zone = time.UTC, "UTC"
	}
	if DayOf(next.In(where)) == DayOf(now.In(where)) {
		return next.In(where).Format("at 15:04 ") + zone
	}
	return "on " + NextRunWords(next, zone)
}
