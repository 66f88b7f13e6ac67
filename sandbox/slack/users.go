package slack

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// byEmail finds nobody who has left, and no app.
func (s *Slack) byEmail(address string) *Person {
	for _, id := range s.order {
		if p := s.people[id]; !p.Gone && !p.Bot && p.Email != "" && strings.EqualFold(p.Email, address) {
			return p
		}
	}
	return nil
}

// userInfo tells about somebody; the address only to those who may read addresses.
func (s *Slack) userInfo(p *Person, unknown string) map[string]any {
	if p == nil {
		return failed(unknown)
	}
	return map[string]any{"ok": true, "user": s.user(p)}
}

// userList tells about everybody, also those who left, in pages of limit; without one, in one page. A
// cursor that is none of ours is refused.
func (s *Slack) userList(c call) map[string]any {
	limit, _ := strconv.Atoi(c.str("limit"))
	if limit <= 0 || limit > 1000 {
		limit = 1000
	}
	first := 0
	if cursor := c.str("cursor"); cursor != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(cursor, "user:"))
		if err != nil || !strings.HasPrefix(cursor, "user:") || n < 0 || n >= len(s.order) {
			return failed("invalid_cursor")
		}
		first = n
	}
	last, next := min(first+limit, len(s.order)), ""
	members := []any{}
	for _, id := range s.order[first:last] {
		members = append(members, s.user(s.people[id]))
	}
	if last < len(s.order) {
		next = "user:" + strconv.Itoa(last)
	}
	return map[string]any{"ok": true, "members": members, "cache_ts": s.o.Now().Unix(), "response_metadata": map[string]any{"next_cursor": next}}
}

// user is what Slack tells about somebody.
func (s *Slack) user(p *Person) map[string]any {
	profile := map[string]any{"display_name": p.Name, "real_name": p.RealName}
	if p.Email != "" && slices.Contains(s.o.Scopes, "users:read.email") {
		profile["email"] = p.Email
	}
	team, enterprise := cmp.Or(p.Team, s.o.TeamID), p.Enterprise
	switch {
	case p.Foreign:
		team = cmp.Or(p.Team, "T0ELSEWHERE")
	case p.Team == "":
		enterprise = cmp.Or(enterprise, s.o.EnterpriseID)
	}
	u := map[string]any{
		"id": p.ID, "team_id": team, "name": p.Name, "real_name": p.RealName, "tz": p.Zone, "deleted": p.Gone,
		"is_bot": p.Bot, "is_admin": p.Admin, "is_owner": false, "is_restricted": p.Guest, "is_ultra_restricted": false, "is_stranger": p.Foreign,
		"profile": profile,
	}
	if enterprise != "" {
		u["enterprise_user"] = map[string]any{"id": p.ID, "enterprise_id": enterprise, "enterprise_name": enterprise, "is_admin": false, "is_owner": false, "teams": []any{team}}
	}
	return u
}
