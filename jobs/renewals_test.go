package jobs

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"okrbot/integrations"
	"okrbot/store"
	"okrbot/store/storetest"
)

// renewing has something done in the place of a renewal.
type renewing struct {
	integrations.Consenter
	do func(ctx context.Context) error
}

func (r *renewing) Renew(ctx context.Context, client integrations.OAuthClient, refresh string) (integrations.Tokens, error) {
	if err := r.do(ctx); err != nil {
		return integrations.Tokens{}, err
	}
	return r.Consenter.Renew(ctx, client, refresh)
}

// One that was frozen while it renewed, and fails, leaves the lease to whoever has it by then.
func TestALateRenewalGivesNobodysLeaseBack(t *testing.T) {
	r := newRoom(t)
	r.consents()
	epoch := r.loaded().TokenEpoch
	late := r.replica(func(c integrations.Connector) integrations.Connector {
		return &renewing{c.(integrations.Consenter), func(context.Context) error {
			r.advance(31 * time.Second)
			if _, mine, err := r.store.LeaseTokens(ctx, r.connection.ID, epoch); err != nil || !mine {
				t.Errorf("the lease that ended is given to nobody: %v", err)
			}
			return errors.New("no answer")
		}}
	})
	r.ends()
	if _, err := signsIn(ctx, late, r.loaded()); err == nil {
		t.Error("the late one signs in")
	}
	r.advance(6 * time.Second)
	if _, mine, err := r.store.LeaseTokens(ctx, r.connection.ID, epoch); err != nil || mine {
		t.Errorf("a third one renews beside the second: %v", err)
	}
}

// answered notes when Postgres' answer to a query came in.
type answered struct {
	query string
	at    atomic.Pointer[time.Time]
}

type ofQuery struct{}

func (a *answered) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, ofQuery{}, strings.HasPrefix(q.SQL, "-- name: "+a.query+" "))
}

func (a *answered) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if ours, _ := ctx.Value(ofQuery{}).(bool); ours {
		now := time.Now()
		a.at.Store(&now)
	}
}

// One that is frozen at the answer to whether it may renew has no time left when it wakes: another one may have.
func TestARenewalsTimeBeginsBeforeItsLease(t *testing.T) {
	r := newRoom(t)
	r.consents()
	leased := &answered{query: "LeaseTokens"}
	config := r.pool.Config()
	config.ConnConfig.Tracer = leased
	pool, err := pgxpool.NewWithConfig(ctx, config)
	r.check(err)
	t.Cleanup(pool.Close)
	renewed := false
	replica := r.replicaWith(func(o *Options) {
		o.Store = store.New(pool, storetest.Keys())
		o.Connectors[0] = &renewing{o.Connectors[0].(integrations.Consenter), func(ctx context.Context) error {
			renewed = true
			const within = 20 * time.Second
			if by, bounded := ctx.Deadline(); !bounded || by.After(leased.at.Load().Add(within)) {
				t.Error("the time begins with the answer")
			}
			return nil
		}}
	})
	r.ends()
	_, err = signsIn(ctx, replica, r.loaded())
	r.check(err)
	r.wants("renewed", renewed, true)
}
