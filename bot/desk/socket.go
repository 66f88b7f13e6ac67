package desk

import (
	"context"
	"encoding/json"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"okrbot/bot/view"
)

// ackLimit is how long an answer over the socket may be, in bytes. Slack silently drops a frame of 20 KiB
// or more, and the frame has an envelope.
const ackLimit = 20<<10 - 512

// Socket is the door of a workspace in Socket Mode: Slack's deliveries come over a connection that
// we open. It returns when ctx ends or Slack will not have us.
func (d *Desk) Socket(ctx context.Context) error {
	client := d.Slack.socket()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case e, ok := <-client.Events:
				if !ok {
					return
				}
				d.socketEvent(ctx, client, e)
			}
		}
	}()
	return client.RunContext(ctx)
}

// socketEvent takes what comes by the connection, and what becomes of it.
func (d *Desk) socketEvent(ctx context.Context, client *socketmode.Client, e socketmode.Event) {
	switch of := e.Data.(type) {
	case *socketmode.ConnectedEvent:
		d.Log.Info("Slack's socket is open", "times", of.ConnectionCount+1)
	case *slack.ConnectionErrorEvent:
		if ctx.Err() == nil {
			d.Log.Warn("Slack's socket cannot be opened; nothing comes from Slack until it can. Trying again", "in", of.Backoff.Round(time.Second), "why", of.ErrorObj)
		}
	case *socketmode.ErrorBadMessage:
		d.Log.Warn("Slack sent something that its library cannot read", "bytes", len(of.Message))
		e = reread(of)
	}
	// Slack's hello and goodbye have no id: there is nothing to acknowledge.
	if e.Request != nil && e.Request.EnvelopeID != "" {
		d.open.Go(func() { d.envelope(ctx, client, e) })
	}
}

// reread has an envelope that the library cannot read be acknowledged: it would come again. Of events the library
// wants more than we do.
func reread(bad *socketmode.ErrorBadMessage) socketmode.Event {
	var req socketmode.Request
	_ = json.Unmarshal(bad.Message, &req) // what else is wrong in it, its id counts
	e := socketmode.Event{Type: socketmode.EventTypeErrorBadMessage, Request: &req}
	if req.Type == socketmode.RequestTypeEventsAPI {
		e.Type = socketmode.EventTypeEventsAPI
	}
	return e
}

// envelope answers one delivery of the socket.
func (d *Desk) envelope(ctx context.Context, client *socketmode.Client, e socketmode.Event) {
	defer func() {
		// Over HTTP the server sees to it; here it would be the end of the process.
		if p := recover(); p != nil {
			d.Log.Error("an envelope made us panic", "type", e.Type, "panic", p)
		}
	}()
	in, err := read(e)
	if err != nil || in.nothing {
		d.ack(ctx, client, e, nil)
		return
	}
	if in.key == "" {
		in.key = "envelope " + e.Request.EnvelopeID
	}
	a := d.answer(ctx, in)
	if a.status >= 500 {
		return // unacknowledged, so Slack delivers it again
	}
	a = d.small(in.gesture, a)
	d.ack(ctx, client, e, a.body)
	if a.after != nil {
		a.after()
	}
}

func (d *Desk) ack(ctx context.Context, client *socketmode.Client, e socketmode.Event, body any) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := client.AckCtx(ctx, e.Request.EnvelopeID, body); err != nil {
		d.Log.Warn("answering over the socket", "error", err)
	}
}

// small is an answer as the socket takes it: what is too large for it goes through the Web API instead.
// Options have no other way, so those at the end are left out.
func (d *Desk) small(g gesture, a answer) answer {
	if fits(a.body) {
		return a
	}
	switch body := a.body.(type) {
	case ephemeral:
		return d.inTwo(a, nil, func(ctx context.Context) {
			d.say(ctx, g, body.Message, false)
		})
	case suggestions:
		for !fits(body) {
			body.Options = body.Options[:len(body.Options)-1]
		}
		a.body = body
	case *slack.ViewSubmissionResponse:
		if body.View == nil {
			return a
		}
		// An answer without a view would close the one that was submitted.
		waiting := view.Notice(body.View.Title.Text, "One moment…")
		return d.inTwo(a, slack.NewUpdateViewSubmissionResponse(&waiting), func(ctx context.Context) {
			d.settle(ctx)
			d.showLarge(ctx, g, *body.View)
		})
	}
	return a
}

// fits says whether the socket takes an answer.
func fits(body any) bool {
	raw, err := json.Marshal(body)
	return err != nil || len(raw) < ackLimit
}

// inTwo answers with less, and does the rest before what is to follow the answer.
func (d *Desk) inTwo(a answer, body any, do func(ctx context.Context)) answer {
	return answer{status: a.status, body: body, after: func() {
		d.Later(CallWithin, func(ctx context.Context) {
			do(ctx)
			if a.after != nil {
				a.after()
			}
		})
	}}
}

// showLarge puts a view in the place of the one that asks for a moment.
func (d *Desk) showLarge(ctx context.Context, g gesture, v slack.ModalViewRequest) {
	_, err := d.Slack.Change(ctx, OpenView{ID: g.View.ID}, v)
	code := CodeOf(err)
	if code == "" || code == "not_found" { // the person closed it
		return
	}
	d.Log.Error("showing a large view", "route", d.Routes.logged(g), "actor", g.person, "code", code)
	broken := view.Notice(v.Title.Text, "Slack did not show what comes next ("+code+"). Close this window, and have a look before you do it again.")
	if _, err := d.Slack.Change(ctx, OpenView{ID: g.View.ID}, broken); err != nil {
		d.Log.Warn("a person was not reached", "actor", g.person, "code", CodeOf(err))
	}
}

// read reads an envelope as the other door reads a body.
func read(e socketmode.Event) (delivery, error) {
	switch e.Type {
	case socketmode.EventTypeSlashCommand:
		if c, ok := e.Data.(slack.SlashCommand); ok {
			return slashCommand(c)
		}
	case socketmode.EventTypeInteractive:
		if ic, ok := e.Data.(slack.InteractionCallback); ok {
			return interaction(ic)
		}
	case socketmode.EventTypeEventsAPI:
		return eventBody(e.Request.Payload)
	}
	return delivery{nothing: true}, nil
}
