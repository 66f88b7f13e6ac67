package desk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"okrbot/store"
)

// HomeTab is a Home tab that was drawn.
type HomeTab struct {
	View slack.HomeTabViewRequest
	Wide bool // it shows what is not its person's alone, and so is another one when that changes
}

// shows is a digest of what a Home tab shows.
func (h HomeTab) shows() ([]byte, error) {
	raw, err := json.Marshal(h.View)
	if err != nil {
		return nil, fmt.Errorf("writing a Home tab: %w", err)
	}
	sum := sha256.Sum256(raw)
	return sum[:16], nil
}

// repeatAfter is when a Home tab is shown again that Slack did not take.
const repeatAfter = 5 * time.Second

// ShowHome shows a person their Home tab as it is now. Where Slack does not take it, a sweep repeats it.
func (d *Desk) ShowHome(ctx context.Context, g Gesture) {
	err := d.PublishHome(ctx, g, false)
	if err == nil || CodeOf(err) == "not_enabled" {
		return
	}
	d.Log.Warn("showing Home", "actor", g.Actor.ID, "error", err)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := d.Store.HomeNotShown(ctx, g.Actor.Workspace, g.Actor.ID, repeatAfter); err != nil {
		d.Log.Warn("showing Home", "actor", g.Actor.ID, "error", err)
	}
}

// PublishHome shows a person their Home tab as it is now, if they opened it within 30 days; if it says
// what Slack shows already, and that is asked for, Slack is not called.
func (d *Desk) PublishHome(ctx context.Context, g Gesture, unlessSame bool) error {
	release, ok := d.homes.acquire(ctx, g.Actor)
	if !ok { // another one draws it, or a sweep does
		return nil
	}
	showing, tab, err := d.drawHome(ctx, g)
	release()
	if err != nil || !showing.Lately {
		return err
	}
	shows, err := tab.shows()
	if err != nil {
		return err
	}
	if same := bytes.Equal(shows, showing.Shows); !same || !unlessSame {
		if err := d.Slack.publish(ctx, g.Actor.ID, tab.View); err != nil {
			return err
		}
	}
	showing.Shows = shows
	return d.Store.HomeShown(ctx, g.Actor.Workspace, g.Actor.ID, showing, tab.Wide)
}

func (d *Desk) drawHome(ctx context.Context, g Gesture) (showing store.HomeShowing, tab HomeTab, err error) {
	showing, err = d.Store.HomeShowing(ctx, g.Actor.Workspace, g.Actor.ID)
	if err != nil || !showing.Lately {
		return showing, tab, err
	}
	tab, err = d.Home(ctx, g)
	return showing, tab, err
}
