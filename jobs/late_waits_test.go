package jobs

import (
	"context"
	"testing"
	"time"

	"okrbot/integrations"
)

// hurried is a connector that is asked to wait, after something happened.
type hurried struct {
	integrations.Connector
	happens func()
}

func (h *hurried) Read(_ context.Context, _ integrations.Account, requests []integrations.Request) []integrations.Reading {
	h.happens()
	readings := make([]integrations.Reading, len(requests))
	for i := range readings {
		readings[i].Err = &integrations.Error{Class: integrations.RateLimited, After: time.Hour}
	}
	return readings
}

// One that was frozen while its system asked it to wait has nobody wait who has read it since.
func TestALateWaitHoldsNobodyUp(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	late := r.replica(func(c integrations.Connector) integrations.Connector {
		return &hurried{c, func() {
			r.advance(3 * time.Minute)
			r.tick()
		}}
	})
	r.nextDay()
	r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 39))
	r.tickOf(late)
	r.wants("value", r.value(k), "39")
	r.wants("connections that wait", r.count("select count(*) from connections where waiting_until > now()"), 0)
}
