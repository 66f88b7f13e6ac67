package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// measureSlack counts what is said in Slack when all key results are read and few have changed: on
// one day twice, so that what is said once a day does not count among what is said of changes.
func measureSlack(ctx context.Context, b *bench) (rows []row, err error) {
	r, err := b.open(ctx, "cards")
	if err != nil {
		return nil, err
	}
	defer r.close(ctx)
	if _, err := r.serve(ctx, r.dsn); err != nil {
		return nil, err
	}
	if err := r.settle(ctx); err != nil {
		return nil, err
	}
	const share = 0.05
	changed := map[string]bool{} // the keys of the key results on the scorecards that change
	for n := range r.all() {
		if k := n % r.keyResults; k*r.scorecards/r.keyResults < int(share*float64(r.scorecards)+0.5) {
			changed[fmt.Sprintf("KR-%d", n+1)] = true
		}
	}
	var posts, drawn, redrawn [2]int
	for round := range posts {
		r.slow()
		if _, err := r.collect(share, round); err != nil {
			return nil, err
		}
		if err := r.allDue(ctx); err != nil {
			return nil, err
		}
		if err := r.until(ctx, "all are read", func() (int, error) { return r.count(ctx, unsynced) }); err != nil {
			return nil, err
		}
		if err := r.until(ctx, "all that changed is said", func() (int, error) { return r.count(ctx, unsaid) }); err != nil {
			return nil, err
		}
		if err := r.until(ctx, "every card is drawn", func() (int, error) { return r.count(ctx, cardsLeft) }); err != nil {
			return nil, err
		}
		for quiet := 0; quiet < 10; quiet++ { // five seconds without a word
			before := len(r.slack.record())
			if err := pause(ctx, 500*time.Millisecond); err != nil {
				return nil, err
			}
			if len(r.slack.record()) > before {
				quiet = 0
			}
		}
		for _, s := range r.slack.record() {
			switch {
			case s.method != "chat.update":
				posts[round]++
			case len(s.keys) > 0 && changed[s.keys[0]]:
				drawn[round]++
			default:
				redrawn[round]++
			}
		}
	}
	right, err := r.right(ctx)
	if err != nil {
		return nil, err
	}
	calls := posts[1] + drawn[1]
	all := calls + redrawn[1]
	of := float64(len(changed))
	return []row{
		{
			what:     fmt.Sprintf("Calls to Slack as %s key results are read and %d changed", thousands(r.all()), len(changed)),
			measured: fmt.Sprintf("%s: %d messages, %s cards that say something else, %s others", thousands(all), posts[1], thousands(drawn[1]), thousands(redrawn[1])),
			beside:   fmt.Sprintf("one for each key result: %s", thousands(r.all())),
			goals:    []goal{atMost("≤ 2 for each changed one", float64(all-redrawn[1])/of, 2), must("all right", right == r.all())},
		},
		{
			what:     "Cards drawn again for their times alone, in two rounds on one day",
			measured: strings.Join([]string{thousands(redrawn[0]), thousands(redrawn[1])}, " and "),
			beside:   fmt.Sprintf("%s cards", thousands(r.all())),
			goals:    []goal{atMost("≤ 1 for each card and day", float64(redrawn[0]+redrawn[1]), float64(r.all()-len(changed)))},
		},
	}, nil
}
