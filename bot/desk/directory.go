package desk

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"okrbot/bot/view"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/store"
)

// Directory is a workspace's Slack as an import asks it about people who never used okrbot.
type Directory struct {
	slack     *Slack
	workspace store.Workspace
}

// Directory asks about the people of a workspace.
func (s *Slack) Directory(w store.Workspace) *Directory { return &Directory{s, w} }

// Named is somebody by Slack's id or by their e-mail address. Says is why nobody was found, for
// whoever wrote the name. It waits as long as Slack asks for.
func (d *Directory) Named(ctx context.Context, who string) (p store.Person, says string, err error) {
	u, err := d.patiently(ctx, who)
	var refused *jobs.Undelivered
	switch {
	case errors.As(err, &refused):
		return p, lookUpWords(refused.Code, who), nil
	case err != nil:
		return p, "", err
	case kindOf(u, d.workspace) == okr.Bot:
		return p, "This is an app. Name a person.", nil
	}
	return store.Person{Actor: okr.Actor{Workspace: d.workspace.ID, ID: u.ID, Kind: kindOf(u, d.workspace)}, Name: nameOf(u), Zone: zoneOf(u)}, "", nil
}

// patiently asks again after the waits that Slack asks for, some minutes at most.
func (d *Directory) patiently(ctx context.Context, who string) (u *slack.User, err error) {
	for left := 5 * time.Minute; ; {
		if strings.Contains(who, "@") {
			u, err = d.slack.api.GetUserByEmailContext(ctx, who)
		} else {
			u, err = d.slack.api.GetUserInfoContext(ctx, who)
		}
		err = undelivered(err)
		var refused *jobs.Undelivered
		if !errors.As(err, &refused) || refused.Kind != jobs.NotSent || refused.After == 0 || refused.After > left {
			return u, err
		}
		left -= refused.After
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(refused.After):
		}
	}
}

// lookUpWords says why Slack found nobody, and what to do.
func lookUpWords(code, who string) string {
	switch {
	case code == "users_not_found", code == "user_not_found", code == "user_not_visible":
		return "Slack knows nobody as \"" + view.Cut(okr.Visible(who), 80) + "\". Write Slack's id or the e-mail address of somebody in this workspace."
	case code == "missing_scope" && strings.Contains(who, "@"):
		return "okrbot may not look people up by e-mail address: it lacks the scope `users:read.email`. Write Slack's id, or have that scope added and the app installed again."
	}
	return "Slack could not say who this is (" + code + "). Run the import again later, or have this person type `/okr` once."
}
