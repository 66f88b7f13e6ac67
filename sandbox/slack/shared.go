package slack

import (
	"slices"
	"strconv"
	"strings"
)

// channelInfo is conversations.info: what an app is told about a channel that it may see.
func (s *Slack) channelInfo(c call) map[string]any {
	ch := s.channels[c.str("channel")]
	scope := "channels:read"
	if ch != nil && ch.Private {
		scope = "groups:read"
	}
	if refused := s.lacks(scope); refused != nil {
		return refused
	}
	if ch == nil || ch.Private && !ch.Members[s.botUser] {
		return failed("channel_not_found")
	}
	teams := append([]string{s.o.TeamID}, ch.Others...)
	info := map[string]any{
		"id": ch.ID, "name": ch.Name, "name_normalized": ch.Name, "is_channel": ch.IM == "" && !ch.Private, "is_group": false, "is_im": ch.IM != "", "is_mpim": false,
		"is_private": ch.Private, "is_archived": ch.Archived, "is_general": ch.Name == "general", "unlinked": 0,
		"is_shared": ch.OrgWide || len(ch.Others) > 0, "is_org_shared": ch.OrgWide, "is_ext_shared": len(ch.Others) > 0, "is_pending_ext_shared": len(ch.Invited) > 0,
		"pending_shared": orNone(ch.Invited), "pending_connected_team_ids": orNone(ch.Invited), "parent_conversation": nil,
		"shared_team_ids": teams, "context_team_id": s.o.TeamID, "is_member": ch.Members[s.botUser],
	}
	if len(ch.Others) > 0 {
		info["connected_team_ids"], info["internal_team_ids"], info["conversation_host_id"] = teams, []string{s.o.TeamID}, s.o.TeamID
	}
	return map[string]any{"ok": true, "channel": info}
}

// channelMembers is conversations.members: who is in a channel that an app may see, in pages.
func (s *Slack) channelMembers(c call) map[string]any {
	if info := s.channelInfo(c); info["ok"] != true {
		return info
	}
	limit := 100
	if given := c.str("limit"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 || n > 999 {
			return failed("invalid_limit")
		}
		limit = n
	}
	all := []string{}
	for id, is := range s.channels[c.str("channel")].Members {
		if is {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	first := 0
	if cursor := c.str("cursor"); cursor != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(cursor, "member:"))
		if err != nil || !strings.HasPrefix(cursor, "member:") || n < 0 || n >= len(all) {
			return failed("invalid_cursor")
		}
		first = n
	}
	last, next := min(first+limit, len(all)), ""
	if last < len(all) {
		next = "member:" + strconv.Itoa(last)
	}
	return map[string]any{"ok": true, "members": all[first:last], "response_metadata": map[string]any{"next_cursor": next}}
}

func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// ShareWith shares a channel with another organisation's workspace, invited or not, and tells the app.
func (s *Slack) ShareWith(channel, team string) {
	s.connected(channel, "channel_shared", map[string]any{"connected_team_id": team}, func(c *Channel) {
		c.Invited = slices.DeleteFunc(c.Invited, func(id string) bool { return id == team })
		c.Others = append(c.Others, team)
	})
}

// Unshare takes an organisation's workspace out of a channel, and tells the app.
func (s *Slack) Unshare(channel, team string) {
	s.connected(channel, "channel_unshared", map[string]any{"previously_connected_team_id": team}, func(c *Channel) {
		c.Others = slices.DeleteFunc(c.Others, func(id string) bool { return id == team })
	})
}

func (s *Slack) connected(channel, kind string, event map[string]any, edit func(*Channel)) {
	s.ChangeChannel(channel, edit)
	s.mu.Lock()
	c := s.channelNamed(channel)
	event["type"], event["channel"], event["event_ts"] = kind, c.ID, s.ts()
	if kind == "channel_unshared" {
		event["is_ext_shared"] = len(c.Others) > 0
	}
	outer := s.event(event)
	s.mu.Unlock()
	s.tries(kind, outer)
}
