package desk

import (
	"context"
	"errors"

	"github.com/slack-go/slack"

	"okrbot/bot/view"
)

// say reaches a person where they are: in answer to the message or the command, in a window over
// the one they look at, else by direct message.
func (d *Desk) say(ctx context.Context, g gesture, m view.Message, replace bool) {
	var err error
	switch {
	case g.kind == aMention:
		err = d.Slack.whisper(ctx, g.Channel, g.Message.Thread, g.person, m)
	case !g.Response.Empty():
		err = d.Slack.Respond(ctx, g.Response, m, replace)
	case g.kind == aShort && g.Trigger != "":
		_, err = d.Slack.open(ctx, g.Trigger, view.NoticeOf(m))
	case g.kind == anAction && g.View.ID != "" && g.Trigger != "":
		err = d.sayInWindow(ctx, g, view.NoticeOf(m), replace)
	default:
		err = errors.New("no other way")
	}
	if err == nil {
		return
	}
	if _, _, err := d.Slack.Post(ctx, g.person, m); err != nil {
		d.Log.Warn("a person was not reached", "actor", g.person, "code", CodeOf(err))
	}
}

// sayInWindow shows a notice over the window that a button is in, or in its place: where it is another part of
// the same list, and where Slack shows no further window and nothing is typed in this one.
func (d *Desk) sayInWindow(ctx context.Context, g gesture, notice slack.ModalViewRequest, replace bool) (err error) {
	if g.View.Home {
		_, err = d.Slack.open(ctx, g.Trigger, notice)
		return err
	}
	if !replace {
		_, err = d.Slack.push(ctx, g.Trigger, notice)
		replace = CodeOf(err) == "push_limit_reached" && len(g.View.State) == 0
	}
	if replace {
		_, err = d.Slack.Change(ctx, OpenView{ID: g.View.ID}, notice)
	}
	if CodeOf(err) == "not_found" { // the person closed the window meanwhile
		return nil
	}
	return err
}
