package desk

import (
	"context"
	"encoding/json"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// ackLimit is where Slack silently drops an answer over the socket, in bytes.
const ackLimit = 20 << 10

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
				// Slack's hello and goodbye have no id: there is nothing to acknowledge.
				if e.Request != nil && e.Request.EnvelopeID != "" {
					d.open.Go(func() { d.envelope(ctx, client, e) })
				}
			}
		}
	}()
	return client.RunContext(ctx)
}

// envelope answers one delivery of the socket.
func (d *Desk) envelope(ctx context.Context, client *socketmode.Client, e socketmode.Event) {
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
	raw, err := json.Marshal(a.body)
	if err == nil && len(raw) >= ackLimit-512 {
		a = d.large(in.gesture, a)
	}
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

// large sends a view that is too large for the socket through the Web API instead.
func (d *Desk) large(g gesture, a answer) answer {
	submission, ok := a.body.(*slack.ViewSubmissionResponse)
	if !ok || submission.View == nil {
		return a
	}
	v, then := *submission.View, a.after
	push := submission.ResponseAction == slack.RAPush
	return answer{status: a.status, after: func() {
		d.Later(CallWithin, func(ctx context.Context) {
			var err error
			if push {
				_, err = d.Slack.push(ctx, g.Trigger, v)
			} else {
				_, err = d.Slack.Change(ctx, OpenView{ID: g.View.ID}, v)
			}
			if err != nil {
				d.Log.Warn("showing a large view", "code", CodeOf(err))
			}
			if then != nil {
				then()
			}
		})
	}}
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
