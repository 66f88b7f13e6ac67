package bot

import (
	"context"
	"regexp"
	"strings"

	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// Slack writes mentions in a command as <@U123|name> and <#C123|name>.
var (
	personMention  = regexp.MustCompile(`^<@([UW][A-Z0-9]+)(\|[^>]*)?>$`)
	channelMention = regexp.MustCompile(`^<#([CG][A-Z0-9]+)(\|[^>]*)?>$`)
)

// listCommand is "/okr list [mine|@user|#channel|at-risk]".
func (b *Bot) listCommand(ctx context.Context, g Gesture) (Reply, error) {
	words := strings.TrimSpace(g.Text)
	filter, what := store.Filter{}, "All key results"
	atRisk := false
	switch {
	case words == "":
	case strings.EqualFold(words, "mine"):
		filter.Person, what = g.Actor.ID, "My key results"
	case strings.EqualFold(words, "at-risk"):
		atRisk, what = true, "Key results behind, at risk or stale"
	case personMention.MatchString(words):
		filter.Person = personMention.FindStringSubmatch(words)[1]
		what = "Key results of <@" + filter.Person + ">"
	case channelMention.MatchString(words):
		filter.Channel = channelMention.FindStringSubmatch(words)[1]
		what = "Key results of <#" + filter.Channel + ">"
	default:
		return Say("List what? `/okr list`, `/okr list mine`, `/okr list @person`, `/okr list #channel` or `/okr list at-risk`."), nil
	}
	if atRisk {
		all, err := b.shownKeyResults(ctx, g.Actor.Workspace, filter)
		if err != nil {
			return Reply{}, err
		}
		some := troubled(all)
		if len(some) == 0 {
			return Say("No key result is behind, at risk or stale."), nil
		}
		m := view.List(what, view.ListingOf(some, all, view.Listed))
		return Reply{Say: &m}, nil
	}
	l, err := b.listing(ctx, g.Actor.Workspace, filter, view.Listed)
	if err != nil {
		return Reply{}, err
	}
	m := view.List(what, l)
	return Reply{Say: &m}, nil
}

// troubled keeps the key results that somebody should look at.
func troubled(all []view.KeyResult) []view.KeyResult {
	var some []view.KeyResult
	for _, k := range all {
		switch k.Standing().Status {
		case okr.Behind, okr.AtRisk, okr.Stale, okr.Missed:
			some = append(some, k)
		default:
			if k.Failure.Class != "" {
				some = append(some, k)
			}
		}
	}
	return some
}
